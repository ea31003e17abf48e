"""`trialist export`: studies as NDJSON."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trialist.cli.output import Subparsers, print_beside, print_json


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `export`."""
    parser = commands.add_parser(
        "export",
        parents=[common],
        help="write all studies as NDJSON",
        description="Write the current version of every study, one a line by ascending id: to standard output, or to a "
        "file, compressed by its ending (.gz, .zst, .bz2, .xz).",
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="where to (default: standard output)"
    )
    parser.add_argument(
        "--without-missing",
        action="store_true",
        help="leave out studies that the last full load did not contain",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="how to print the summary when a FILE is given",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the studies."""
    from trialist.registry.export import export_file, write_list, write_ndjson
    from trialist.registry.registry import Registry
    from trialist.settings import read_settings

    with Registry(read_settings(registry=arguments.registry).registry) as registry:
        studies = registry.scan(with_missing=not arguments.without_missing)
        if arguments.file is None:
            write = write_list if arguments.format == "json" else write_ndjson
            write(studies, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return 0
        count = export_file(studies, arguments.file)
    if arguments.format == "json":
        print_json({"file": str(arguments.file), "studies": count})
    else:
        print_beside(f"{count:,} studies written to {arguments.file}.")
    return 0
