"""The project's own vignettes and their labelled pairs (`patients_blind.toml`), with the criteria's words from a registry."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trialist.registry.registry import Registry

TABLE = Path(__file__).with_name("patients_blind.toml")


@dataclass(frozen=True)
class Row:
    """One pair: `draw` says of which set it is and how it came into it."""

    draw: str
    patient_id: str
    note: str
    kind: str
    criterion: str
    label: str
    sentences: frozenset[int]


def read_rows(directory: Path) -> Iterator[Row]:
    """All pairs of which the registry has the study, note by note."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    with Registry(directory) as registry:
        for row in table["note"]:
            lines = [*row["text"].strip().splitlines(), table["promise"]]
            note = "\n".join(f"{number}. {line}" for number, line in enumerate(lines))
            for pair in row["pairs"].strip().splitlines():
                nct_id, start, end, draw, kind, label, sentences = pair.split()
                record = json.loads(registry.get(nct_id).raw)["protocolSection"]
                text = record["eligibilityModule"]["eligibilityCriteria"][int(start) : int(end)]
                told = frozenset(int(one) for one in sentences.split(",") if one != "-")
                yield Row(f"{row['set']}, {draw}", row["id"], note, kind, " ".join(text.split()), label, told)
