"""`trialist load`: files, directories and archives into the registry."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_beside, print_json, print_text, problem_counts

if TYPE_CHECKING:
    from trialist.registry.load import LoadProgress
    from trialist.registry.registry import Load
    from trialist.settings import Settings


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `load`."""
    parser = commands.add_parser(
        "load",
        parents=[common],
        help="load studies from files, directories and archives",
        description="Load studies: API v2 JSON in any layout, NDJSON, the XML of before 2024, directories, zip, tar, "
        "gzip, zstd; told apart by content. Loading the same again changes nothing; an interrupted load goes on.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, directory or archive")
    parser.add_argument(
        "--full",
        action="store_true",
        help="the paths together are the whole registry: mark studies that are not in them as missing",
    )
    parser.add_argument("--index", action="store_true", help="then bring the search index up to date")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the summary")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load; 0 when any study was read."""
    # Imported when it is needed, here and in every command: `trialist show` must start fast.
    from trialist.registry.load import load_sources
    from trialist.settings import now, read_settings

    settings = read_settings(registry=arguments.registry)
    began = time.monotonic()
    with progress_bar("loading") as report:
        load = load_sources(arguments.paths, settings, now, is_full=arguments.full, report=report)
    finish_load(load, time.monotonic() - began, arguments.format, settings, index=arguments.index)
    return 0


def finish_load(load: Load, seconds: float, form: str, settings: Settings, *, index: bool) -> None:
    """Say what a load did, and bring the search index up to date or say that it is not."""
    from trialist.registry.indexing import index_directory, read_index_state

    if not index:
        print_summary(load, seconds, form, settings.registry)
        # Where there is no index, nothing of it needs to be read: loads are often and short.
        if not index_directory(settings.registry).exists():
            print_beside("There is no search index yet: `trialist index` builds it.")
        elif not (state := read_index_state(settings.registry)).is_current:
            print_beside(state.sentence())
        return
    from trialist.cli.index import build_now, built_json, built_words

    if form == "text":
        print_summary(load, seconds, form, settings.registry)
    built, spent = build_now(settings)
    if form == "json":
        print_summary(load, seconds, form, settings.registry, {"index": built_json(built, spent)})
    else:
        print_text(built_words(built, spent))


@contextmanager
def progress_bar(verb: str) -> Iterator[Callable[[LoadProgress], None]]:
    """A bar with rate and time left on standard error while it is a terminal; nothing elsewhere."""
    from tqdm import tqdm

    bar: tqdm[Any] | None = None

    def report(progress: LoadProgress) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(
                total=progress.total,
                unit=progress.unit,
                unit_scale=True,
                desc=verb,
                disable=None,
                dynamic_ncols=True,
            )
        bar.set_postfix_str(f"{progress.load.counts.loaded:,} studies", refresh=False)
        bar.update(min(progress.done, progress.total) - bar.n)

    try:
        yield report
    finally:
        if bar is not None:
            bar.close()


def print_summary(
    load: Load, seconds: float, form: str, registry: Path, more: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """What a load did, and its problems by kind; `more` is for JSON."""
    counts = load.counts
    kinds = problem_counts(counts.problems)
    if form == "json":
        names = ("read", "added", "updated", "older", "unchanged", "rejected", "missing")
        numbers = {name: getattr(counts, name) for name in names}
        print_json(
            {
                "load": load.number,
                "registry": str(registry),
                "sources": list(load.sources),
                "full": load.is_full,
                **numbers,
                "problems": kinds,
                "seconds": round(seconds, 3),
                **more,
            }
        )
        return
    print_text(
        f"{counts.loaded:,} studies read in {seconds:.1f} s: {counts.added:,} new, {counts.updated:,} updated, "
        f"{counts.older:,} older versions, {counts.unchanged:,} known."
    )
    if counts.rejected:
        print_text(f"{counts.rejected:,} pieces could not be read as a study.")
    if counts.missing:
        print_text(f"{counts.missing:,} studies are no longer in the registry; they are kept and marked.")
    elif load.is_full and counts.rejected:
        print_text(
            "Nothing was marked as missing: some pieces could not be read, so what is missing is not known."
        )
    if kinds:
        print_text("Problems:")
        for kind in kinds:
            print_text(f"  {kind['count']:>9,}  {kind['level']:<8} {kind['code']}")
        print_beside("`trialist problems` lists them.")
