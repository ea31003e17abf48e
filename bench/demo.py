"""How fast the demo makes studies, and how close they come to real ones.

    python bench/demo.py [count]

Prints studies and megabytes a second on one core (processor time, `orjson.dumps` included, tables already read), and
the sizes beside those of the real records when `../shared` is there: sizes, criteria lengths, sites, compressibility
(zstd level 3 with a trained 110 kB dictionary, record by record).
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import zstandard

from trialist.demo import generate_studies

REAL = Path(__file__).resolve().parents[2] / "shared/data/registry/studies.v2.ndjson.zst"
PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def quantiles(values: list[float]) -> str:
    ordered = sorted(values)
    picked = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in PROBABILITIES]
    return "  ".join(f"{value:>9,.0f}" for value in picked)


def ratios(lines: list[bytes]) -> tuple[float, float]:
    """Compressed share of a record: the median record's, and of all bytes."""
    half = len(lines) // 2
    dictionary = zstandard.train_dictionary(110 * 1024, [line[:50_000] for line in lines[:half]])
    compressor = zstandard.ZstdCompressor(level=3, dict_data=dictionary)
    sizes = [(len(compressor.compress(line)), len(line)) for line in lines[half:]]
    each = sorted(small / full for small, full in sizes)
    return each[len(each) // 2], sum(small for small, _ in sizes) / sum(full for _, full in sizes)


def figures(name: str, lines: list[bytes]) -> None:
    studies: list[dict[str, Any]] = [orjson.loads(line) for line in lines]
    sections = [study["protocolSection"] for study in studies]
    criteria = [len(one.get("eligibilityModule", {}).get("eligibilityCriteria", "")) for one in sections]
    sites = [len(one.get("contactsLocationsModule", {}).get("locations", ())) for one in sections]
    results = [len(orjson.dumps(study["resultsSection"])) for study in studies if "resultsSection" in study]
    print(f"\n{name}: {len(lines):,} studies, mean {sum(map(len, lines)) / len(lines):,.0f} bytes")
    print(f"  {'quantile':<12}" + "  ".join(f"{share:>9.0%}" for share in PROBABILITIES))
    for label, values in (("bytes", [len(line) for line in lines]), ("criteria", criteria), ("sites", sites)):
        print(f"  {label:<12}{quantiles([float(value) for value in values])}")
    print(
        f"  {'results':<12}{quantiles([float(value) for value in results])}   ({len(results) / len(lines):.1%})"
    )
    median, total = ratios(lines)
    print(f"  compressed: median record {median:.1%}, all bytes {total:.1%}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    started = time.process_time()
    for _ in generate_studies(200):
        pass
    print(f"tables read and first 200 studies: {time.process_time() - started:.2f} s")
    started = time.process_time()
    lines = list(generate_studies(count))
    spent = time.process_time() - started
    size = sum(map(len, lines))
    print(f"{count / spent:,.0f} studies/s, {size / spent / 1e6:,.1f} MB/s on one core")
    figures("invented", lines)
    if REAL.exists():
        with REAL.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            real = [orjson.dumps(orjson.loads(line)) for line in io.BufferedReader(reader)]
        figures("real (sample biased to results)", real)
    else:
        print(f"\n{REAL} is not there: nothing to compare with")


if __name__ == "__main__":
    main()
