"""`trialist index`: the search index, and what other commands say of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_json, print_text, size_words

if TYPE_CHECKING:
    from trialist.registry.criteria_index import CriteriaBuilt
    from trialist.registry.indexing import Built, Progress
    from trialist.registry.net_building import NetBuilt
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
        description="Build the search index, or bring it to what the registry holds, and parse the eligibility criteria of "
        "new and changed studies. Searches go on meanwhile, in the index that was there before; a build that is broken off "
        "goes on where it was.",
    )
    parser.add_argument("--full", action="store_true", help="build everything anew")
    parser.add_argument(
        "--only",
        choices=("search", "criteria"),
        help="build only the search index, or only parse the criteria",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the summary")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build, and say what was built."""
    from trialist.settings import read_settings

    settings = read_settings(registry=arguments.registry)
    document: dict[str, Any] = {}
    words: list[str] = []
    if arguments.only != "criteria":
        built, seconds = build_now(settings, full=arguments.full)
        document |= built_json(built, seconds)
        words.append(built_words(built, seconds))
    if arguments.only != "search":
        parsed, seconds = parse_now(settings, full=arguments.full)
        document["criteria"] = criteria_json(parsed, seconds)
        words.append(criteria_words(parsed, seconds))
        net, seconds = net_now(settings, full=arguments.full)
        if net is not None:
            document["net"] = net_json(net, seconds)
            words.append(net_words(net, seconds))
    if arguments.format == "json":
        print_json(document)
    else:
        print_text("\n".join(words))
    return 0


def parse_now(settings: Settings, *, full: bool = False) -> tuple[CriteriaBuilt, float]:
    """Parse the criteria with a progress bar; what was parsed, and the seconds it took."""
    from trialist.registry.criteria_index import build_criteria

    began = time.monotonic()
    with _progress_bar() as report:
        built = build_criteria(settings, full=full, report=report)
    return built, time.monotonic() - began


def net_now(settings: Settings, *, full: bool = False) -> tuple[NetBuilt | None, float]:
    """Build the net of criteria with a progress bar; None where there is no search index to say which studies are open."""
    from trialist.registry.indexing import read_index_state
    from trialist.registry.net_building import build_net

    began = time.monotonic()
    if not read_index_state(settings.registry).is_built:
        return None, 0.0
    with _progress_bar() as report:
        built = build_net(settings, full=full, report=report)
    return built, time.monotonic() - began


def net_json(built: NetBuilt, seconds: float) -> dict[str, Any]:
    """What a net holds, as JSON."""
    return {
        "trials": built.trials,
        "criteria": built.criteria,
        "bytes": built.size,
        "is_new": built.is_new,
        "seconds": round(seconds, 3),
    }


def net_words(built: NetBuilt, seconds: float) -> str:
    """What a net holds, in a sentence."""
    done = "was built" if built.is_new else "is up to date"
    return (
        f"The net for matching {done}: {built.trials:,} studies that take people, {built.criteria:,} different criteria, "
        f"{size_words(built.size)}, in {seconds:.1f} s."
    )


def criteria_json(built: CriteriaBuilt, seconds: float) -> dict[str, Any]:
    """What was parsed, as JSON."""
    return {
        "parsed": built.parsed,
        "studies": built.studies,
        "unparsed": len(built.problems),
        "problems": [
            {"nct_id": one.where.nct_id, "code": one.code, "message": one.message}
            for one in built.problems[:100]
        ],
        "figures": built.figures,
        "bytes": built.size,
        "seconds": round(seconds, 3),
    }


def criteria_words(built: CriteriaBuilt, seconds: float) -> str:
    """What was parsed, in sentences."""
    figures = built.figures
    criteria = max(figures.get("criteria", 0), 1)
    said = (
        f"The criteria of {built.studies:,} studies are parsed, {built.parsed:,} of them now: "
        f"{figures.get('criteria', 0):,} criteria, {figures.get('typed', 0) / criteria:.0%} understood at least in part, "
        f"{figures.get('structured', 0) / criteria:.0%} wholly; {figures.get('lost', 0):,} characters lost; "
        f"{size_words(built.size)}, in {seconds:.1f} s."
    )
    without = built.studies - figures.get("available", 0) - len(built.problems)
    if without:
        said += f" {without:,} studies have no eligibility text."
    if built.problems:
        first = built.problems[0]
        said += f" {len(built.problems):,} could not be parsed (first {first.where.nct_id}: {first.message})."
    return said


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
            names = {
                "read": ("reading", "studies"),
                "merged": ("joining", "fields"),
                "parsed": ("parsing", "studies"),
                "compiled": ("compiling", "studies"),
            }
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
