"""What `trialist search` and `trialist ids` ask: their options, and the request made of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trialist.errors import InvalidParameterError

if TYPE_CHECKING:
    from trialist.query import StudyQuery
    from trialist.record import GeoPoint
    from trialist.registry.searching import Finder, PlaceFound
    from trialist.vocabulary.thesaurus import Veto

_WORDS = {
    "cond": "conditions or diseases",
    "intr": "interventions or treatments",
    "locn": "the words of locations",
    "term": "any text, like the words without an option",
    "titles": "titles or acronyms",
    "outc": "outcome measures",
    "spons": "sponsors or collaborators",
    "lead": "the lead sponsor",
    "id": "ids",
    "patient": "what patients look for",
}


def add_query_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that says which studies are meant."""
    parser.add_argument(
        "words",
        nargs="?",
        default="",
        metavar="QUERY",
        help="words, or an expression with AND, OR, NOT, AREA[…]",
    )
    for name, where in _WORDS.items():
        parser.add_argument(f"--{name}", default="", metavar="QUERY", help=f"look in {where}")
    choose = parser.add_argument
    choose("--status", default="", metavar="S,…", help="overall status: recruiting, not-yet, completed, …")
    choose("--phase", default="", metavar="P,…", help="2,3 is either, 2/3 is both; early1, none")
    choose("--type", default="", metavar="T,…", help="interventional, observational, expanded")
    choose(
        "--sex",
        default="",
        metavar="SEX",
        help="who can take part: female, male, all; female-only, male-only",
    )
    choose("--age", default="", metavar="AGE", help="child, adult, older, or an age: 17, '6 months'")
    choose("--results", default="", metavar="with|without", help="whether results are posted")
    for name, said in (
        ("--allows", "the criteria definitely allow this: 'creatinine clearance 30 mL/min', 'age 4'"),
        ("--excludes", "the criteria definitely exclude this: 'prior MSC therapy', 'ECOG 3'"),
        ("--requires", "the criteria definitely require this: 'ECOG <= 2', 'acute GVHD grade II-IV'"),
    ):
        choose(name, action="append", default=[], metavar="WORDS", help=said)
    choose("--filter", default="", metavar="EXPR", help="an expression that does not count for relevance")
    choose(
        "--near", default="", metavar="PLACE", help="'48.1,11.6' or 'Hefei, China': near studies come first"
    )
    choose("--within", default="", metavar="LENGTH", help="only with a site so near: 50km, 30mi")
    choose(
        "--open-sites",
        action="store_true",
        help="only with a site that takes people now (and that lies within the distance)",
    )
    choose(
        "--sort",
        default="",
        metavar="FIELD:asc|desc,…",
        help="relevance, start, completion, posted, updated, enrollment, or a field; at most two",
    )
    choose(
        "--veto",
        action="append",
        default=[],
        metavar="A=B",
        help="do not take A and B for synonyms, this time",
    )


def read_vetoes(arguments: argparse.Namespace) -> list[Veto]:
    """The vetoes of the command line."""
    from trialist.vocabulary.thesaurus import Veto

    found = []
    for text in arguments.veto:
        term, _, synonym = (part.strip() for part in text.partition("="))
        if not term or not synonym:
            raise InvalidParameterError(f"--veto is {text!r}", hint="Write two terms: --veto 'GVHD=graft'")
        found.append(Veto(term, synonym))
    return found


def read_place(finder: Finder, text: str) -> tuple[GeoPoint | None, PlaceFound | None]:
    """The point that a place means, and the town that was taken for it if it is no point."""
    return finder.place(text, option="--near")


def read_request(arguments: argparse.Namespace, near: GeoPoint | None, page: str | None = None) -> StudyQuery:
    """The request that the options make."""
    from trialist.query import read_params
    from trialist.registry.searching import (
        CRITERIA_CHOICES,
        Choices,
        sort_named,
        with_choices,
        with_criteria,
    )

    if arguments.words.strip() and arguments.term.strip():
        raise InvalidParameterError(
            "words are given twice, with --term and without", hint="Join them: trialist search 'A AND B'"
        )
    params = {f"query.{name}": getattr(arguments, name) for name in _WORDS}
    params["query.term"] = arguments.term or arguments.words
    params["filter.advanced"] = arguments.filter
    params["sort"] = sort_named(arguments.sort)
    params["pageToken"] = page or ""
    choices = Choices(
        status=arguments.status,
        phase=arguments.phase,
        study_type=arguments.type,
        sex=arguments.sex,
        age=arguments.age,
        results=arguments.results,
        near=near,
        within=arguments.within,
        open_sites=arguments.open_sites,
    )
    query = with_choices(read_params(params, own_areas=True), choices)
    return with_criteria(query, {name: getattr(arguments, name) for name in CRITERIA_CHOICES})
