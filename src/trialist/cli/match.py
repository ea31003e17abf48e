"""`trialist match`, `trialist explain`, `trialist screen`: patients and trials, on one's own machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from trialist.cli.output import Subparsers, print_beside, print_json, print_table, print_text
from trialist.errors import InvalidParameterError, SourceUnreadableError

if TYPE_CHECKING:
    from trialist.patient.facts import Patient
    from trialist.registry.judging import Asked
    from trialist.registry.match import Matched
    from trialist.registry.screen import Funnel

_MOST_CELL = 60


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `match`, `explain` and `screen`."""
    parser = commands.add_parser(
        "match",
        parents=[common],
        help="find the trials that a patient may join",
        description="Find the trials that a patient may join: criterion by criterion, with the evidence, what is missing, "
        "and which missing fact to ask for first. The patient is read, never kept. Decision support, not a medical device",
    )
    parser.add_argument(
        "patient",
        metavar="PATIENT",
        help="a FHIR file, a form (YAML or JSON), a note, or - for standard input",
    )
    _add_common(parser)
    parser.add_argument(
        "--condition",
        action="append",
        default=[],
        metavar="WORDS",
        help="search by this instead of the patient's conditions; may be given again",
    )
    parser.add_argument(
        "--anything",
        action="store_true",
        help="look at all studies that take people, whatever they are about",
    )
    parser.add_argument(
        "--near", default="", metavar="PLACE", help="'48.1,11.6' or 'Hefei, China': near studies come first"
    )
    parser.add_argument(
        "--within", default="", metavar="LENGTH", help="only with an open site so near: 50km, 30mi"
    )
    parser.add_argument(
        "--top", type=int, default=20, metavar="N", help="how many trials to show (default 20)"
    )
    parser.add_argument(
        "--candidates",
        type=int,
        default=300,
        metavar="N",
        help="how many studies to look at one by one, the most relevant first, where the registry has no net of criteria, or "
        "has none of them as they are now (default 300)",
    )
    parser.add_argument(
        "--format", choices=("table", "json", "html", "md"), default="table", help="how to print it"
    )
    parser.set_defaults(run=run_match)

    parser = commands.add_parser(
        "explain",
        parents=[common],
        help="explain one trial for one patient, criterion by criterion",
        description="Explain one trial for one patient: each criterion with its result, the evidence, what was worked out or "
        "assumed, and what is missing. Decision support, not a medical device",
    )
    parser.add_argument(
        "patient",
        metavar="PATIENT",
        help="a FHIR file, a form (YAML or JSON), a note, or - for standard input",
    )
    parser.add_argument("nct", metavar="NCT", help="an NCT id")
    _add_common(parser)
    parser.add_argument(
        "--format", choices=("text", "json", "html", "md"), default="text", help="how to print it"
    )
    parser.set_defaults(run=run_explain)

    parser = commands.add_parser(
        "screen",
        parents=[common],
        help="find the patients that a trial may take",
        description="Check many patients against one trial, and show how the number shrinks criterion by criterion. Patients "
        "are read, never kept. Decision support, not a medical device",
    )
    parser.add_argument("nct", metavar="NCT", help="an NCT id")
    parser.add_argument(
        "patients",
        nargs="+",
        metavar="PATIENTS",
        help="files or folders; a FHIR file may hold several patients",
    )
    _add_common(parser)
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to print it")
    parser.set_defaults(run=run_screen)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-of", type=_date, metavar="DATE", help="the day that the rules are applied on (default: today)"
    )
    parser.add_argument(
        "--policy",
        default="strict",
        metavar="strict|screening|narrative",
        help="strict: what is not recorded is not known (default); screening: conditions and drugs that a long record does "
        "not have are taken for absent, and each such assumption is told; narrative: so is what a complete note is silent on, "
        "never enough to be eligible",
    )
    parser.add_argument(
        "--kind",
        default="auto",
        metavar="auto|fhir|form|note",
        help="what the patient's document is (default: told by its name and beginning)",
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date of the form yyyy-MM-dd") from error


def _asked(arguments: argparse.Namespace) -> Asked:
    from trialist.evaluation.policy import find_policy
    from trialist.registry.judging import Asked
    from trialist.settings import now

    return Asked(as_of=arguments.as_of or now().date(), policy=find_policy(arguments.policy))


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise SourceUnreadableError(
            f"{source} cannot be read: {error.strerror}", hint="Give a file, or - for standard input."
        ) from error


def _patient(arguments: argparse.Namespace, as_of: date) -> Patient:
    from trialist.registry.patients import read_patient

    return read_patient(_read(arguments.patient), as_of, kind=arguments.kind, name=arguments.patient)


def run_match(arguments: argparse.Namespace) -> int:
    """Match, and print."""
    from dataclasses import replace

    from trialist.registry.criteria_sets import CriteriaSets
    from trialist.registry.match import match
    from trialist.registry.match_told import as_page, matched_json, matched_markdown
    from trialist.registry.registry import Registry
    from trialist.registry.searching import Finder
    from trialist.settings import read_settings

    if arguments.top < 1 or arguments.candidates < 1:
        raise InvalidParameterError(
            "--top and --candidates are at least 1", hint="Leave them out for the defaults."
        )
    directory = read_settings(registry=arguments.registry).registry
    asked = _asked(arguments)
    patient = _patient(arguments, asked.as_of)
    finder = Finder(directory)
    near, _ = finder.place(arguments.near, option="--near")
    asked = replace(
        asked,
        conditions=tuple(arguments.condition),
        near=near,
        within=arguments.within,
        most=arguments.top,
        candidates=arguments.candidates,
        anything=arguments.anything,
    )
    with Registry(directory) as registry:
        sets = CriteriaSets(finder.criteria)
        found = match(finder, registry.get, patient, asked, sets.of_stored)
    if arguments.format == "json":
        print_json(matched_json(found, asked.as_of, asked.policy.name, patient))
    elif arguments.format == "table":
        _print_matches(found, asked, patient)
    else:
        told = matched_markdown(found, asked.as_of, asked.policy.name)
        print_text(told if arguments.format == "md" else as_page(told, "Trials"))
    return 0


def _print_matches(found: Matched, asked: Asked, patient: Patient) -> None:
    from trialist.evaluation.encode import NOTICE
    from trialist.registry.match_told import class_words
    from trialist.views.summary import summary_of

    if found.matches:
        rows = [
            [
                one.verdict.nct_id,
                class_words(one.verdict),
                f"{round(100 * one.share_decided)} %",
                "" if one.site is None or one.site.metres is None else f"{one.site.metres / 1000:.0f} km",
                _cell(summary_of(one.study, asked.as_of).title),
            ]
            for one in found.matches
        ]
        print_table(["trial", "for this patient", "decided", "nearest", "title"], rows)
    if found.near_misses:
        print_text("\nNear misses")
        for one in found.near_misses:
            if one.near_miss is not None:
                print_text(f"  {one.verdict.nct_id}  {one.near_miss.sentence}")
    if found.telling:
        print_text("\nAsk for first")
        for telling in found.telling[:5]:
            code = f" ({telling.code})" if telling.code else ""
            print_text(
                f"  {telling.what}{code}: settles the data of {telling.settles}, missing in {telling.missing_in}"
            )
    counts = ", ".join(f"{count} {str(one).lower()}" for one, count in found.counts)
    print_beside(
        f"\nSearched by: {', '.join(found.asked)}. {found.found} studies found, {found.looked} looked at: {counts}."
    )
    for note in found.notes:
        print_beside(note)
    if patient.unresolved:
        print_beside(
            f"{len(patient.unresolved)} entries of the patient became no fact, or less than they say."
        )
    print_beside(NOTICE)


def run_explain(arguments: argparse.Namespace) -> int:
    """Explain, and print."""
    from trialist.registry.criteria_sets import CriteriaSets
    from trialist.registry.criteria_table import open_criteria
    from trialist.registry.match import explain
    from trialist.registry.match_told import as_page, explained_json, explained_markdown
    from trialist.registry.registry import Registry
    from trialist.settings import read_settings

    asked = _asked(arguments)
    patient = _patient(arguments, asked.as_of)
    directory = read_settings(registry=arguments.registry).registry
    with Registry(directory) as registry:
        sets = CriteriaSets(open_criteria(directory))
        found = explain(registry.get(arguments.nct), patient, asked, sets.of_stored)
    if arguments.format == "json":
        print_json(explained_json(found, asked.as_of))
        return 0
    told = explained_markdown(found, asked.as_of)
    if arguments.format == "text":
        told = told.replace("**", "")
    print_text(as_page(told, found.verdict.nct_id) if arguments.format == "html" else told)
    return 0


def run_screen(arguments: argparse.Namespace) -> int:
    """Screen, and print."""
    from trialist.criteria.witness import read_witness
    from trialist.registry.criteria_sets import CriteriaSets
    from trialist.registry.criteria_table import open_criteria
    from trialist.registry.match_told import funnel_json
    from trialist.registry.registry import Registry
    from trialist.registry.screen import screen
    from trialist.settings import read_settings

    asked = _asked(arguments)
    directory = read_settings(registry=arguments.registry).registry
    with Registry(directory) as registry:
        stored = registry.get(arguments.nct)
    criteria = CriteriaSets(open_criteria(directory)).of_stored(stored)
    patients = _patients(arguments, asked.as_of)
    funnel = screen(criteria, read_witness(stored.study), patients, asked.as_of, asked.policy)
    if arguments.format == "json":
        print_json(funnel_json(funnel))
    else:
        _print_funnel(funnel)
    return 0


def _patients(arguments: argparse.Namespace, as_of: date) -> Iterator[tuple[str, Patient]]:
    """Every patient of every file, with a label: the file, and a number where it holds several."""
    from trialist.registry.patients import read_patients

    for source in arguments.patients:
        path = Path(source)
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for file in files:
            found = read_patients(_read(str(file)), as_of, kind=arguments.kind, name=file.name)
            for place, patient in enumerate(found, 1):
                yield (f"{file.name}#{place}" if len(found) > 1 else file.name), patient


def _print_funnel(funnel: Funnel) -> None:
    from trialist.evaluation.encode import NOTICE

    rows = [
        [one.label, _screened(one.verdict, one.for_persons_only), ", ".join(one.excluded_by)]
        for one in funnel.patients
    ]
    if rows:
        print_table(["patient", "verdict", "excluded by"], rows)
        print_text("")
    steps = [
        [one.criterion_id, one.before, one.excluded, one.open, one.after, _cell(one.plain)]
        for one in funnel.steps
    ]
    if steps:
        print_table(["criterion", "before", "excluded", "open", "after", "what it says"], steps)
    print_beside(
        f"\n{len(funnel.patients)} patients, {funnel.nct_id} as of {funnel.as_of} ({funnel.policy}). {NOTICE}"
    )


def _screened(verdict: object, for_persons_only: bool) -> str:
    return "eligible on the data" if for_persons_only else str(verdict).lower()


def _cell(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MOST_CELL else flat[: _MOST_CELL - 1] + "…"
