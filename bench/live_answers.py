"""Our answers beside recorded ones of ClinicalTrials.gov: what is found, in which order, and how variants compare.

    python bench/live_answers.py [--work DIR] [--shared DIR]

All real records beside the checkout are loaded and indexed (about five minutes, kept in --work for the next run), the 635
studies of the recorded relevance order among them. Printed are: for every recorded page whether the studies on it that we
hold are found by the same request; for the one complete recorded answer what we find and it does not hold; our order of
it against the recorded one; and for pairs of queries whether the counts relate as the recorded ones do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from measure import describe_machine
from trialist.query.hits import Selection
from trialist.registry.indexing import build_search_index
from trialist.registry.load import load_sources
from trialist.registry.searching import Finder
from trialist.settings import now, read_settings

COMPLETE = {"query.cond": "Erectile Dysfunction"}
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "search_melanoma_recruiting_limit3_20260811.json",
        {"query.cond": "melanoma", "filter.overallStatus": "RECRUITING"},
    ),
    ("search_phelan_limit5_20260811.json", {"query.cond": "Phelan-McDermid Syndrome"}),
    ("search_phelan_next_20260811.json", {"query.cond": "Phelan-McDermid Syndrome"}),
    ("search_age_count_20260811.json", {}),
    (
        "study_full.json",
        {"query.intr": "pembrolizumab", "filter.advanced": "AREA[Phase]PHASE2"},
    ),
)
VARIANTS: tuple[tuple[dict[str, str], float, dict[str, str], float], ...] = (
    ({"query.cond": "kidney transplantation"}, 2863, {"query.cond": '"kidney transplantation"'}, 2436),
    ({"query.cond": "cervical cancer"}, 11215, {"query.cond": '"cervical cancer"'}, 2519),
    ({"query.cond": "breast cancer"}, 16859, {"query.cond": '"breast cancer"'}, 16680),
    ({"query.cond": "NSCLC"}, 8769, {"query.cond": '"non-small cell lung cancer"'}, 8050),
    (
        {"query.cond": "non-small cell lung cancer"},
        8572,
        {"query.cond": '"non-small cell lung cancer"'},
        8050,
    ),
    ({"query.intr": "pembrolizumab"}, 2960, {"query.intr": "Keytruda"}, 2960),
    ({"query.intr": "pembrolizumab"}, 2960, {"query.intr": "MK-3475"}, 2960),
    (
        {"filter.advanced": "AREA[InterventionName]pembrolizumab"},
        2559,
        {"filter.advanced": "AREA[InterventionName]EXPANSION[None]pembrolizumab"},
        304,
    ),
    (
        {"query.intr": "pembrolizumab"},
        2960,
        {"filter.advanced": 'AREA[InterventionName]"pembrolizumab"'},
        2531,
    ),
    ({"query.spons": "Merck"}, 5222, {"query.lead": "Merck"}, 2746),
    (
        {"filter.advanced": 'AREA[LeadSponsorName]"Merck"'},
        2733,
        {"filter.advanced": 'AREA[LeadSponsorName]COVERAGE[FullMatch]"Merck Sharp & Dohme LLC"'},
        1841,
    ),
    (
        {"filter.advanced": '"breast cancer"'},
        17819,
        {"query.cond": '"breast cancer"'},
        16538,
    ),
    ({"query.intr": "vedolizumab"}, 215, {"filter.advanced": "AREA[InterventionName]vedolizumab"}, 142),
    ({"query.cond": "diabetes"}, 24210, {"query.cond": "Type 2 diabetes"}, 11952),
    ({"query.cond": "cancer OR diabetes"}, 145385, {"query.cond": "cancer"}, 123498),
    (
        {"filter.advanced": "(head or neck) and pain not cancer"},
        486,
        {"query.cond": "(head OR neck) AND pain NOT cancer"},
        2075,
    ),
    (
        {"query.cond": "multiple sclerosis", "filter.overallStatus": "RECRUITING"},
        430,
        {"query.cond": '"multiple sclerosis"', "filter.overallStatus": "RECRUITING"},
        382,
    ),
    (
        {"query.cond": "cancer", "filter.advanced": "AREA[LocationFacility](Mayo Clinic)"},
        3717,
        {"query.cond": "cancer", "filter.advanced": 'AREA[LocationFacility]("Mayo Clinic")'},
        3708,
    ),
    (
        {"filter.advanced": "AREA[LocationCity]Boston AND AREA[LocationStatus]RECRUITING"},
        0,
        {"filter.advanced": "SEARCH[Location](AREA[LocationCity]Boston AND AREA[LocationStatus]RECRUITING)"},
        2597,
    ),
)


def prepare(work: Path, shared: Path) -> Finder:
    settings = read_settings(registry=work)
    if not (work / "studies.sqlite").exists():
        registry = shared / "data" / "registry"
        began = time.perf_counter()
        load_sources(
            [
                shared / "spec" / "api-v2" / "relevance-order" / "ctg-studies.json.zip",
                registry / "studies.v2.ndjson.zst",
                registry / "domain.as-v2.ndjson.zst",
                registry / "studies.xml.tar.zst",
            ],
            settings,
            now,
        )
        print(f"loaded in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    built = build_search_index(settings)
    print(f"index: {built.kind}, {built.studies:,} studies, {time.perf_counter() - began:.0f} s")
    return Finder(work)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [[str(value) for value in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def numbers_of(answer: Any) -> list[int]:
    studies = answer.get("studies", [answer])
    return [int(study["protocolSection"]["identificationModule"]["nctId"][3:]) for study in studies]


def found_of(selection: Selection) -> set[int]:
    return set(selection.numbers.tolist())


def kendall(ours: dict[int, int], theirs: list[int]) -> float:
    """Kendall's tau of two orders of the same things, no ties."""
    places = np.array([ours[number] for number in theirs])
    concordant = sum(int(np.sign(places[at + 1 :] - places[at]).sum()) for at in range(len(places)))
    return 2 * concordant / (len(places) * (len(places) - 1))


def report_order(finder: Finder, theirs: list[int]) -> None:
    selection = finder.select(COMPLETE)
    found = found_of(selection)
    held = [number for number in theirs if number in found]
    print(f"\nrecorded order of {COMPLETE}: {len(theirs)} studies, found {len(held)}")
    order = [int(selection.numbers[at]) for at in selection.order(selection.total)]
    extra = [number for number in order if number not in set(theirs)]
    print(f"found by us and not by them: {len(extra)}")
    for number in extra[:20]:
        print(f"  NCT{number:08d}")
    ranked = [number for number in order if number in set(theirs)]
    places = {number: place for place, number in enumerate(ranked)}
    gain = {number: len(theirs) - place for place, number in enumerate(theirs)}
    discounts = 1 / np.log2(np.arange(2, 52))
    ndcg = float(
        np.dot([gain[number] for number in ranked[:50]], discounts)
        / np.dot([gain[number] for number in theirs[:50]], discounts)
    )
    overlap = len(set(ranked[:50]) & set(theirs[:50]))
    print(
        f"Kendall tau {kendall(places, held):.3f} · NDCG@50 {ndcg:.3f} · of the first 50 the same {overlap}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    arguments = parser.parse_args()
    if not arguments.shared.is_dir():
        sys.exit(f"the recorded answers are not here: there is no {arguments.shared}")
    print(describe_machine())
    with tempfile.TemporaryDirectory() as scratch:
        finder = prepare(arguments.work or Path(scratch), arguments.shared)
        recorded = arguments.shared / "spec" / "api-v2"
        known = found_of(finder.select({}))
        rows = []
        for name, params in PAGES:
            ids = numbers_of(orjson.loads((recorded / "recordings" / name).read_bytes()))
            found = found_of(finder.select(params))
            missing = [f"NCT{number:08d}" for number in ids if number in known and number not in found]
            rows.append(
                (name[:44], len(ids), sum(number in known for number in ids), ", ".join(missing) or "none")
            )
        print_table(["recorded page", "studies", "held here", "held and not found"], rows)
        theirs = [
            int(line[3:])
            for line in (recorded / "relevance-order" / "relevance-order.txt").read_text().split()
        ]
        report_order(finder, theirs)
        rows = []
        for first, live_first, second, live_second in VARIANTS:
            ours = [finder.select(one).total for one in (first, second)]
            rows.append(
                (
                    " ".join(first.values())[:44],
                    " ".join(second.values())[:50],
                    f"{live_first / live_second:.2f}" if live_first else "not recorded",
                    f"{ours[0] / max(ours[1], 1):.2f}",
                    f"{ours[0]:,}/{ours[1]:,}",
                )
            )
        print()
        print_table(["query", "against", "recorded ratio", "ours", "our counts"], rows)


if __name__ == "__main__":
    main()
