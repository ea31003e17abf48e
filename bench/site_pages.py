"""Every page of every study of a registry, made once: nothing fails, and what it takes.

python bench/site_pages.py --registry DIR [--every N] [--from N] [--most N] [--real] [--without KIND ...] [--only KIND ...]

Pages of studies: the study, its criteria, its map, its history, its versions side by side, its feed, the study beside the one
before it, its results (who took part, who they were, each page of outcomes and events), the overview of its record, each
module, its JSON. Then pages of results with all studies, as cards and as a table, a hundred a page. `--real` leaves
invented studies out, `--without` kinds of pages, `--only` all other kinds. Prints for each kind the
pages made, the milliseconds of processor time in the middle, at the 95th percentile and at most, the kilobytes packed, and
the heaviest. Ends with an error where any page failed.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from trialist.pages import (
    checklist,
    compare,
    feeds,
    find,
    raw_record,
    record,
    study,
    study_history,
    study_map,
    study_results,
)
from trialist.pages.asked import Asked
from trialist.pages.layout import layout_of
from trialist.pages.rendering import render
from trialist.pages.shown import Shown
from trialist.record.nct_id import FIRST_INVENTED_NUMBER, nct_id_of
from trialist.serving.lanes import Lanes
from trialist.serving.served import open_served
from trialist.settings import read_settings
from trialist.views.record import record_view

AS_OF = date(2026, 1, 1)
KINDS = {
    "study": study.study_page,
    "criteria": checklist.checklist_page,
    "record": record.record_page,
    "json": raw_record.raw_page,
    "map": study_map.map_page,
    "history": study_history.history_page,
    "versions": study_history.comparison_page,
    "feed": feeds.study_feed,
    "compare": compare.compare_page,
    "flow": study_results.flow_page,
    "baseline": study_results.baseline_page,
    "outcomes": study_results.outcomes_page,
    "events": study_results.events_page,
}
OTHER_KINDS = ("module", "cards", "table")
A_PAGE = 100


class Made:
    """The pages made of one registry: how long each took, how much it is packed, how many failed."""

    def __init__(self, registry: Path, kinds: Collection[str]) -> None:
        self.wanted = kinds
        self.kinds = {kind: page_of for kind, page_of in KINDS.items() if kind in kinds}
        self.settings = read_settings(registry=registry)
        self.served = open_served(registry)
        self.layout = layout_of(self.served, (), "/")
        self.lanes = Lanes(self.settings)
        self.took: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self.packed: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.failed = 0
        self.before = ""

    def make(self, kind: str, name: str, make: Callable[[], tuple[str, Any]]) -> None:
        """Make one page, and note it."""
        began = time.process_time()
        try:
            template, page = make()
            body = render(template, page=page, site=self.layout)
        except Exception as error:  # noqa: BLE001  # every failure is counted and named
            self.failed += 1
            print(f"FAILED {kind} {name}: {type(error).__name__}: {error}", flush=True)
            return
        self.took[kind].append((time.process_time() - began, name))
        self.packed[kind].append((len(zlib.compress(body, 1)), name))
        if b"Undefined" in body and not self.is_said(name):
            self.failed += 1
            print(f"FAILED {kind} {name}: a template shows something undefined", flush=True)

    def is_said(self, name: str) -> bool:
        """Whether a study's own record has the word that templates write for what they lack."""
        return not name.startswith("NCT") or b"Undefined" in self.served.records.get_known(name).raw

    def asked(self, path: Mapping[str, str], *given: tuple[str, str]) -> Asked:
        """A request for a page."""
        return Asked(self.served, self.settings, self.lanes, path, given, AS_OF, lambda: None, True)

    def study(self, nct_id: str) -> None:
        """Make all pages of a study."""
        before, self.before = self.before or nct_id, nct_id
        asked = self.asked({"nct": nct_id}, ("id", nct_id), ("id", before))
        for kind, page_of in self.kinds.items():
            self.make(kind, nct_id, lambda page_of=page_of: shown_by(page_of(asked)))
        stored = self.served.records.get_known(nct_id)
        if "outcomes" in self.wanted:
            self.more_outcomes(stored.study.record, asked)
        if "module" not in self.wanted:
            return
        study = stored.study
        view = record_view(study)
        for way in record.ways_of(view, f"/study/{nct_id}/record"):
            name = way.url.rpartition("/")[2]
            self.make(
                "module",
                nct_id,
                lambda name=name: ("module.html", record.module_of(stored, study, view, name, AS_OF)),
            )

    def results(self) -> None:
        """Make the pages of results that have every study."""
        last = -(-len(self.served.records.numbers()) // A_PAGE)
        for kind in ("cards", "table"):
            if kind not in self.wanted:
                continue
            for number in range(1, last + 1):
                given = {"size": str(A_PAGE), "page": str(number), "view": kind}
                page = self.asked({}, *given.items())
                self.make(kind, f"page {number}", lambda page=page: shown_by(find.results_page(page)))

    def more_outcomes(self, record: Any, asked: Asked) -> None:
        """Make the further pages of a study's outcomes."""
        measures = (
            record.get("resultsSection", {}).get("outcomeMeasuresModule", {}).get("outcomeMeasures", [])
        )
        for number in range(2, -(-len(measures) // study_results.OUTCOMES_A_PAGE) + 1):
            page = replace(asked, given=(("page", str(number)),))
            self.make(
                "outcomes", asked.path["nct"], lambda page=page: shown_by(study_results.outcomes_page(page))
            )

    def tell(self) -> None:
        """Print the figures."""
        print(
            f"{'kind':10} {'pages':>8} {'ms mid':>8} {'ms p95':>8} {'ms most':>8} {'kB p95':>8} {'kB most':>8}  heaviest"
        )
        for kind, times in self.took.items():
            times.sort()
            sizes = sorted(self.packed[kind])
            print(
                f"{kind:10} {len(times):8,} {1000 * times[len(times) // 2][0]:8.1f} "
                f"{1000 * times[int(len(times) * 0.95)][0]:8.1f} {1000 * times[-1][0]:8.1f} "
                f"{sizes[int(len(sizes) * 0.95)][0] / 1000:8.1f} {sizes[-1][0] / 1000:8.1f}  "
                + ", ".join(dict.fromkeys(nct_id for _, nct_id in reversed(sizes[-20:])))
            )
        print(f"{self.failed} failed")


def shown_by(found: object) -> tuple[str, Any]:
    assert isinstance(found, Shown)
    return found.template, found.page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--most", type=int)
    parser.add_argument("--without", nargs="*", default=(), choices=(*KINDS, *OTHER_KINDS))
    parser.add_argument("--only", nargs="*", default=(*KINDS, *OTHER_KINDS), choices=(*KINDS, *OTHER_KINDS))
    arguments = parser.parse_args()
    made = Made(arguments.registry, set(arguments.only) - set(arguments.without))
    numbers = made.served.records.numbers()
    if arguments.real:
        numbers = [number for number in numbers if number < FIRST_INVENTED_NUMBER]
    for number in numbers[arguments.first :: arguments.every][: arguments.most]:
        made.study(nct_id_of(number))
    if arguments.every == 1 and arguments.most is None:
        made.results()
    made.tell()
    made.lanes.close()
    raise SystemExit(made.failed > 0)


if __name__ == "__main__":
    main()
