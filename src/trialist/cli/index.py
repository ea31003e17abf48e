"""`trialist index`: the search index, and what other commands say of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_json, print_text, size_words

if TYPE_CHECKING:
    from trialist.registry.indexing import Built, Progress
    from trialist.settings import Settings

_KINDS = {
    "full": "The search index was built anew",
    "added": "The search index was brought up to date",
    "unchanged": "The search index is up to date",
}


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `index`."""
    parser = commands.add_parser(
        "index",
        parents=[common],
        help="build the search index or bring it up to date",
        description="Build the search index, or bring it to what the registry holds. Searches go on meanwhile, in the index "
        "that was there before.",
    )
    parser.add_argument("--full", action="store_true", help="build everything anew")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the summary")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build, and say what was built."""
    from trialist.settings import read_settings

    built, seconds = build_now(read_settings(registry=arguments.registry), full=arguments.full)
    if arguments.format == "json":
        print_json(built_json(built, seconds))
    else:
        print_text(built_words(built, seconds))
    return 0


def build_now(settings: Settings, *, full: bool = False) -> tuple[Built, float]:
    """Build the index with a progress bar; what was built, and the seconds it took."""
    from trialist.registry.indexing import build_search_index
    from trialist.registry.statistics import prepare_statistics

    began = time.monotonic()
    with _progress_bar() as report:
        built = build_search_index(settings, full=full, report=report)
    prepare_statistics(settings.registry, workers=settings.load_workers)
    return built, time.monotonic() - began


def built_json(built: Built, seconds: float) -> dict[str, Any]:
    """What a build did, as JSON."""
    return {
        "kind": built.kind,
        "written": built.written,
        "studies": built.studies,
        "segments": built.segments,
        "bytes": built.size,
        "seconds": round(seconds, 3),
    }


def built_words(built: Built, seconds: float) -> str:
    """What a build did, in a sentence."""
    written = f", {built.written:,} of them written" if built.kind == "added" else ""
    segments = f" in {built.segments} segments" if built.segments > 1 else ""
    return (
        f"{_KINDS[built.kind]}: {built.studies:,} studies{written}{segments}, {size_words(built.size)}, "
        f"in {seconds:.1f} s."
    )


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error while it is a terminal: one for reading, one for joining."""
    from tqdm import tqdm

    bars: dict[str, tqdm[Any]] = {}

    def report(progress: Progress) -> None:
        bar = bars.get(progress.stage)
        if bar is None:
            for done in bars.values():
                done.close()
            names = {"read": ("reading", "studies"), "merged": ("joining", "fields")}
            verb, unit = names.get(progress.stage, (progress.stage, ""))
            bar = tqdm(
                total=progress.total, unit=unit, desc=verb, disable=None, dynamic_ncols=True, leave=False
            )
            bars[progress.stage] = bar
        bar.update(progress.done - bar.n)

    try:
        yield report
    finally:
        for bar in bars.values():
            bar.close()
