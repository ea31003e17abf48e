"""`trialist search` and `trialist ids`: which studies there are about something, and why."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from trialist.cli.asking import add_query_options, read_place, read_request, read_vetoes
from trialist.cli.output import Subparsers, print_json, print_table, print_text, width
from trialist.errors import InvalidParameterError

if TYPE_CHECKING:
    from trialist.query import StudyQuery
    from trialist.record import GeoPoint
    from trialist.registry.found import Found
    from trialist.registry.registry import Registry
    from trialist.registry.searching import Finder, Hit, Page, PlaceFound, Similar

_MOST = 100_000
_DEFAULT = 10
_CSV_COLUMNS = (
    "nct_id",
    "title",
    "overall_status",
    "phases",
    "conditions",
    "interventions",
    "score",
    "open_sites",
    "nearest_open_site",
    "nearest_metres",
)


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `search` and `ids`."""
    parser = commands.add_parser(
        "search",
        parents=[common],
        help="find studies",
        description="Find studies by words, choices and places, best first; say why one is found, and which are like one.",
    )
    add_query_options(parser)
    parser.add_argument(
        "--facet", default="", metavar="NAME,…", help="count values: phase, country, status, …"
    )
    parser.add_argument("--explain", metavar="NCT", help="say why this study is found, or why it is not")
    parser.add_argument(
        "--similar", metavar="NCT", help="the studies most like this one, among those asked for"
    )
    parser.add_argument(
        "--format", choices=("table", "json", "ndjson", "csv", "ids"), default="table", help="how to print it"
    )
    parser.add_argument(
        "--limit", type=_limit, default=_DEFAULT, metavar="N", help=f"how many (default {_DEFAULT})"
    )
    parser.add_argument("--page", metavar="TOKEN", help="go on where the page with this token ended")
    parser.add_argument("--count", action="store_true", help="only how many there are")
    parser.add_argument("--as-of", type=_date, metavar="DATE", help="the day to count from (default: today)")
    parser.set_defaults(run=run_search)

    parser = commands.add_parser(
        "ids",
        parents=[common],
        help="list the ids of the studies found",
        description="List the NCT ids of all studies found, one a line, in the order of the search.",
    )
    add_query_options(parser)
    parser.add_argument("--limit", type=_limit, metavar="N", help="at most so many (default: all)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print it")
    parser.set_defaults(run=run_ids)


def _limit(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 to {_MOST:,}")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date of the form yyyy-MM-dd") from error


def _open(arguments: argparse.Namespace) -> Finder:
    from trialist.registry.searching import Finder
    from trialist.settings import read_settings

    return Finder(read_settings(registry=arguments.registry).registry, vetoes=read_vetoes(arguments))


def run_ids(arguments: argparse.Namespace) -> int:
    """Print ids; nothing else, also where none is found."""
    finder = _open(arguments)
    near, _ = read_place(finder, arguments.near)
    ids = finder.ids(read_request(arguments, near))
    found = [nct_id for place, nct_id in enumerate(ids) if arguments.limit is None or place < arguments.limit]
    if arguments.format == "json":
        print_json(found)
    elif found:
        print_text("\n".join(found))
    return 0


def run_search(arguments: argparse.Namespace) -> int:
    """Find, and print what was asked for."""
    from trialist.registry.registry import Registry

    _refuse_mixtures(arguments)
    finder = _open(arguments)
    near, place = read_place(finder, arguments.near)
    query = read_request(arguments, near, arguments.page)
    if arguments.count:
        total = finder.select(query).total
        print_json({"total": total}) if arguments.format == "json" else print_text(str(total))
        return 0
    with Registry(finder.directory) as registry:
        if arguments.explain:
            return _explain(finder, registry, query, arguments)
        search = _Search(finder, registry, query, arguments, near, place)
        if arguments.similar:
            search.print_similar()
        else:
            search.print_hits()
    return 0


def _refuse_mixtures(arguments: argparse.Namespace) -> None:
    """What cannot be asked together, or not be printed so."""
    asked = [f"--{name}" for name in ("explain", "similar", "count") if getattr(arguments, name)]
    if len(asked) > 1:
        raise InvalidParameterError(f"{' and '.join(asked)} cannot be asked together", hint="Choose one.")
    form = arguments.format
    if arguments.facet and form not in ("table", "json"):
        raise InvalidParameterError(f"--facet does not go with --format {form}", hint="Use table or json.")
    if arguments.explain and form not in ("table", "json"):
        raise InvalidParameterError(f"--explain does not go with --format {form}", hint="Use table or json.")
    if arguments.similar and (arguments.facet or arguments.page):
        raise InvalidParameterError("--similar has no pages and no facets", hint="Use --limit.")


def _explain(finder: Finder, registry: Registry, query: StudyQuery, arguments: argparse.Namespace) -> int:
    from trialist.query.explain import explanation_json, explanation_text
    from trialist.views.safe import safe

    found = finder.explain(registry.get(arguments.explain).study, query)
    if arguments.format == "json":
        print_json(explanation_json(found))
    else:
        print_text(safe(explanation_text(found)))
    return 0


class _Search:
    """One search, from the index and the store to the terminal."""

    def __init__(
        self,
        finder: Finder,
        registry: Registry,
        query: StudyQuery,
        arguments: argparse.Namespace,
        near: GeoPoint | None,
        place: PlaceFound | None,
    ) -> None:
        self.finder = finder
        self.registry = registry
        self.query = query
        self.arguments = arguments
        self.near = near
        self.place = place

    def print_hits(self) -> None:
        """Print the studies found."""
        from trialist.registry.searching import Page, facet_names

        limit = self.arguments.limit
        names = facet_names(self.arguments.facet.split(","), "--facet")
        if limit:
            page = self.finder.first(self.query, limit)
        else:
            page = Page(self.finder.select(self.query).total, (), None)
        if self.arguments.format == "ids":
            ids = [hit.nct_id for hit in page.hits]
            print_text("\n".join(ids)) if ids else None
            return
        counted = self.finder.facets(self.finder.select(self.query, facets=names), names) if names else {}
        facets = {name: [(one.value, one.count) for one in facet.counts] for name, facet in counted.items()}
        match self.arguments.format:
            case "json":
                print_json(self._document(page, facets))
            case "ndjson":
                self._print_ndjson(self._found(page.hits))
            case "csv":
                self._print_csv(self._found(page.hits))
            case _:
                self._print_table(page, facets)

    def print_similar(self) -> None:
        """Print the studies most like one."""
        study = self.registry.get(self.arguments.similar).study
        among = self.query if self.query.queries or self.query.filters else None
        hits = self.finder.similar(study, among=among, most=self.arguments.limit)
        found = self._found(hits)
        match self.arguments.format:
            case "ids":
                print_text("\n".join(hit.nct_id for hit in hits)) if hits else None
            case "json":
                rows = [self._hit_json(one) for one in found]
                print_json({"similar_to": study.nct_id, "near": self._place_json(), "hits": rows})
            case "ndjson":
                self._print_ndjson(found)
            case "csv":
                self._print_csv(found)
            case _:
                print_text(f"{len(hits)} studies most like {study.nct_id}, the likest first (1 is the same).")
                self._print_found(found)

    def _found(self, hits: tuple[Hit, ...] | list[Similar]) -> Iterator[Found]:
        from trialist.registry.found import Found
        from trialist.settings import now
        from trialist.views.summary import summary_of

        as_of = self.arguments.as_of or now().date()
        for hit in hits:
            study = self.registry.get(hit.nct_id).study
            shared = getattr(hit, "shared", ())
            sites = self.finder.open_sites(study, self.near)
            yield Found(summary_of(study, as_of), hit.score, sites, shared)

    def _hit_json(self, found: Found) -> dict[str, Any]:
        from trialist.registry.found import hit_json

        return hit_json(found, near=self.near is not None)

    def _document(self, page: Page, facets: dict[str, list[tuple[str, int]]]) -> dict[str, Any]:
        from trialist.registry.found import costs_json, suggestions_json
        from trialist.registry.searching import describe_request

        return {
            "total": page.total,
            "query": describe_request(self.query),
            "near": self._place_json(),
            "notes": [*self.query.notes, *self.finder.criteria_notes(self.query)],
            "suggestions": suggestions_json(self.finder.suggest(self.query)),
            "costs": [] if page.total else costs_json(self.finder.costs(self.query)),
            "hits": [self._hit_json(one) for one in self._found(page.hits)],
            "facets": {
                name: [{"value": value or None, "count": count} for value, count in counts]
                for name, counts in facets.items()
            },
            "next_page": page.next_token,
        }

    def _place_json(self) -> dict[str, Any] | None:
        if self.near is None:
            return None
        taken = None if self.place is None else self.place.place.label
        others = [] if self.place is None else [one.label for one in self.place.others]
        return {"lat": self.near.lat, "lon": self.near.lon, "place": taken, "others": others}

    def _print_ndjson(self, found: Iterator[Found]) -> None:
        for one in found:
            print_text(json.dumps(self._hit_json(one), ensure_ascii=False))

    def _print_csv(self, found: Iterator[Found]) -> None:
        """One hit a line under a line of names; several values of a column with bars between them."""
        import csv

        out = io.StringIO()
        writer = csv.DictWriter(out, _CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for one in found:
            row = self._hit_json(one)
            for name in ("phases", "conditions", "interventions"):
                row[name] = "|".join(row[name])
            nearest = row["nearest_open_site"] or {}
            parts = (nearest.get(key) for key in ("facility", "city", "country"))
            row["nearest_open_site"] = ", ".join(part for part in parts if part)
            row["nearest_metres"] = nearest.get("metres")
            writer.writerow(row)
        print_text(out.getvalue())

    def _print_table(self, page: Page, facets: dict[str, list[tuple[str, int]]]) -> None:
        from trialist.registry.searching import describe_request

        shown = f", {len(page.hits):,} shown" if len(page.hits) < page.total else ""
        print_text(f"{describe_request(self.query).rstrip('.')}: {page.total:,} found{shown}.")
        self._print_notes(page.total)
        self._print_found(self._found(page.hits))
        for name, counts in facets.items():
            print_text(f"\n{name}")
            print_table(("studies", "value"), [(count, value or "(none)") for value, count in counts])
        if page.next_token is not None:
            print_text(f"\nNext page: --page {page.next_token}")

    def _print_notes(self, total: int) -> None:
        """What somebody should know before reading the hits, or why there are none."""
        from trialist.views.safe import one_line

        if self.place is not None:
            others = "; ".join(one.label for one in self.place.others)
            taken = (
                f"Near is {self.place.place.label} ({self.place.place.lat:.2f}, {self.place.place.lon:.2f})"
            )
            print_text(f"{taken}; there is also {others}." if others else f"{taken}.")
            if self.place.unchecked:
                print_text(
                    f"Not known as a country or region, and not checked: {', '.join(self.place.unchecked)}."
                )
        for note in (*self.query.notes, *self.finder.criteria_notes(self.query)):
            print_text(f"Note: {note}")
        for one in self.finder.suggest(self.query):
            meant = f" Did you mean {' or '.join(one.nearest)}?" if one.nearest else ""
            print_text(one_line(f"No study has “{one.word}”.{meant}"))
        parts = [] if total else self.finder.costs(self.query)
        if parts:
            print_text("What each part finds alone, and the others without it:")
            print_table(
                ("alone", "without", "part"),
                [(one.alone, one.without, f"studies {one.asked}") for one in parts],
            )

    def _print_found(self, found: Iterator[Found]) -> None:
        from trialist.cli.found import Style, hit_lines

        highlighter = self.finder.highlighter(self.query)
        style = Style(
            width(), _is_bold(), self.near is not None, self.arguments.within.strip().lower().endswith("mi")
        )
        for one in found:
            print_text("\n" + "\n".join(hit_lines(one, highlighter, style)))


def _is_bold() -> bool:
    """Whether what is written goes to a terminal that may show it bold."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"  # noqa: TID251  # how a terminal is
