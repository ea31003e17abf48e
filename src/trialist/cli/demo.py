"""`trialist demo`: an invented registry."""

from __future__ import annotations

import argparse
import time

from trialist.cli.load import finish_load, progress_bar
from trialist.cli.output import Subparsers, print_text


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `demo`."""
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
