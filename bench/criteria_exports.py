"""How much of real criteria each export says, and whether other people's validators take what is exported.

python bench/criteria_exports.py [--sample N] [--npm DIR]

Reads real records from ../shared/data/registry. FHIR is held against fhir.resources (R5), Circe against ohdsi-cohort-schemas; with
--npm, a directory with the npm packages @cqframework/cql and @lhncbc/ucum-lhc, CQL against the reference translator.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import zstandard
from fhir.resources.bundle import Bundle
from pydantic import ValidationError

from trialist.criteria.exports import export_circe, export_cql, export_fhir
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is written for an older pydantic
    from ohdsi_cohort_schemas import validate_schema_only

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT.parent / "shared" / "data" / "registry" / "studies.v2.ndjson.zst"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--npm", type=Path)
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    libraries: list[str] = []
    with RECORDS.open("rb") as packed:
        lines = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(packed))
        for _, line in zip(range(asked.sample), lines, strict=False):
            found = criteria_of_study(Study.from_json(line))
            decisive = {one.id for one in found.criteria if one.counts}
            counts["studies"] += 1
            counts["criteria"] += len(decisive)
            for name, export in (("fhir", export_fhir), ("circe", export_circe), ("cql", export_cql)):
                exported = export(found)
                # The Group is a flat list beside the EvidenceVariable, which has the whole logic.
                less = {one.criterion for one in exported.left_out if not one.what.startswith("in the Group")}
                counts[f"{name} whole"] += len(decisive - less)
                if name == "cql":
                    libraries.append(json.dumps(exported.document))
                    continue
                try:
                    if name == "fhir":
                        Bundle.model_validate_json(json.dumps(exported.document))
                    else:
                        validate_schema_only(exported.document)
                    counts[f"{name} valid"] += 1
                except ValidationError as error:
                    counts[f"{name} refused"] += 1
                    print(found.nct_id, name, str(error)[:400])
    for name in ("fhir", "circe", "cql"):
        valid = f"{counts[f'{name} valid']:,} of {counts['studies']:,} valid" if name != "cql" else ""
        print(
            f"{name:<6} {counts[f'{name} whole'] / max(counts['criteria'], 1):6.1%} of {counts['criteria']:,} criteria said whole  {valid}"
        )
    if asked.npm is not None:
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
            file.write("\n".join(libraries))
            file.flush()
            command = ["node", str(ROOT / "bench" / "cql_translate.mjs"), file.name]
            done = subprocess.run(command, cwd=asked.npm, capture_output=True, text=True, check=True)
        print("cql   ", done.stdout.strip())


if __name__ == "__main__":
    main()
