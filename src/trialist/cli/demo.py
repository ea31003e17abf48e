"""`trialist demo`: an invented registry; `trialist demo-patients`: invented patients."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from trialist.cli.load import finish_load, progress_bar
from trialist.cli.output import Subparsers, print_text


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `demo` and `demo-patients`."""
    parser = commands.add_parser(
        "demo",
        parents=[common],
        help="invent studies and load them",
        description="Invent studies (NCT99000000 and up, marked as invented) and load them. The same seed gives the same "
        "studies.",
    )
    parser.add_argument("--studies", type=int, default=1000, metavar="N", help="how many (default 1000)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="which ones (default 0)")
    parser.add_argument("--no-index", action="store_true", help="do not bring the search index up to date")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the summary")
    parser.set_defaults(run=run)
    patients = commands.add_parser(
        "demo-patients",
        parents=[common],
        help="invent patients and write them as files",
        description="Invent patients (nobody is meant) and write each to a file of its own: transplant patients with counts, "
        "organ stages and steroids by day, or patients of general medicine. The same seed gives the same bytes.",
    )
    patients.add_argument(
        "directory", metavar="DIR", type=Path, help="where to write; is made when it is not there"
    )
    patients.add_argument("--count", type=int, default=10, metavar="N", help="how many (default 10)")
    patients.add_argument(
        "--kind", default="transplant", choices=("transplant", "general"), help="which (default transplant)"
    )
    patients.add_argument(
        "--as",
        dest="shape",
        default="fhir",
        choices=("fhir", "yaml"),
        help="FHIR R4 bundles or forms (default fhir)",
    )
    patients.add_argument(
        "--as-of", metavar="DATE", help="the last day of their records, yyyy-MM-dd (default today)"
    )
    patients.add_argument("--seed", type=int, default=0, metavar="K", help="which ones (default 0)")
    patients.set_defaults(run=run_patients)


def run(arguments: argparse.Namespace) -> int:
    """Invent and load."""
    from trialist.registry.load import load_demo
    from trialist.settings import now, read_settings

    settings = read_settings(registry=arguments.registry)
    began = time.monotonic()
    with progress_bar("inventing") as report:
        load = load_demo(arguments.studies, settings, now, seed=arguments.seed, report=report)
    if arguments.format == "text":
        print_text("All studies of this demonstration are invented; nobody can join them.")
    finish_load(load, time.monotonic() - began, arguments.format, settings, index=not arguments.no_index)
    return 0


def run_patients(arguments: argparse.Namespace) -> int:
    """Invent patients and write their files."""
    from trialist.errors import InvalidParameterError
    from trialist.record.dates import PartialDate, parse_partial_date
    from trialist.registry.inventing import invented_patients
    from trialist.settings import now

    as_of = now().date()
    if arguments.as_of is not None:
        given = parse_partial_date(arguments.as_of)
        if not isinstance(given, PartialDate) or not given.is_full:
            raise InvalidParameterError(
                f"--as-of: {arguments.as_of!r} is no day", hint="Write it like 2026-03-01."
            )
        as_of = given.earliest
    arguments.directory.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, content in invented_patients(
        arguments.count, arguments.kind, arguments.shape, as_of, arguments.seed
    ):
        (arguments.directory / name).write_bytes(content)
        count += 1
    print_text(f"{count:,} invented patients in {arguments.directory}; nobody is meant.")
    return 0
