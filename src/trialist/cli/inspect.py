"""`trialist versions`, `problems`, `stats` and `verify`: what is in a registry and whether it is sound."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_json, print_table, print_text, problem_counts, size_words

if TYPE_CHECKING:
    from trialist.registry.registry import Registry, StoredProblem


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the four commands."""
    parser = commands.add_parser("versions", parents=[common], help="list the versions of a study")
    parser.add_argument("id", metavar="NCT", help="an NCT id")
    _finish(parser, run_versions)

    parser = commands.add_parser("problems", parents=[common], help="list what was odd in the sources")
    parser.add_argument(
        "--load", default="last", metavar="N", help="the number of a load, 'last' (default) or 'all'"
    )
    parser.add_argument("--level", choices=("error", "warning", "info"), help="only this level")
    parser.add_argument("--code", metavar="CODE", help="only this kind, for example unknown-field")
    parser.add_argument("--counts", action="store_true", help="only how many of each kind")
    _finish(parser, run_problems)

    parser = commands.add_parser("stats", parents=[common], help="numbers of the registry and its loads")
    _finish(parser, run_stats)

    parser = commands.add_parser(
        "verify", parents=[common], help="read and check everything; exit code 1 if something is wrong"
    )
    _finish(parser, run_verify)


def _finish(parser: argparse.ArgumentParser, run: Any) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print it")
    parser.set_defaults(run=run)


def _open(arguments: argparse.Namespace) -> Registry:
    from trialist.registry.registry import Registry
    from trialist.settings import read_settings

    return Registry(read_settings(registry=arguments.registry).registry)


def run_versions(arguments: argparse.Namespace) -> int:
    """List a study's versions, oldest first."""
    with _open(arguments) as registry:
        versions = registry.versions(arguments.id)
    if arguments.format == "json":
        print_json(
            {
                "nct_id": versions[0].nct_id,
                "versions": [
                    {
                        "version": version.number,
                        "last_update_post_date": version.last_update_post_date or None,
                        "shape": version.shape,
                        "size": version.size,
                        "text_hash": version.text_hash,
                        "first_load": version.first_load,
                        "first_seen_at": version.first_seen_at.isoformat(),
                        "current": version.is_current,
                    }
                    for version in versions
                ],
            }
        )
        return 0
    print_text(versions[0].nct_id)
    rows = [
        (
            version.number,
            version.last_update_post_date or "unknown",
            version.shape,
            version.size,
            f"{version.first_seen_at:%Y-%m-%d}",
            "current" if version.is_current else "",
        )
        for version in versions
    ]
    print_table(("version", "last update posted", "from", "bytes", "first seen", ""), rows)
    return 0


def run_problems(arguments: argparse.Namespace) -> int:
    """List problems, one a line, or their counts."""
    with _open(arguments) as registry:
        found = [
            item
            for item in registry.problems(_load_number(arguments.load, registry))
            if arguments.level in (None, item.problem.level) and arguments.code in (None, item.problem.code)
        ]
    counts: Counter[tuple[Any, str]] = Counter()
    for item in found:
        counts[item.problem.level, item.problem.code] += item.count
    if arguments.format == "json":
        print_json(
            {"counts": problem_counts(counts), "problems": [] if arguments.counts else list(map(_row, found))}
        )
    elif arguments.counts:
        print_table(
            ("count", "level", "code"),
            [(row["count"], row["level"], row["code"]) for row in problem_counts(counts)],
        )
    else:
        for item in found:
            print_text(_line(item))
    return 0


def _load_number(text: str, registry: Registry) -> int | None:
    from trialist.errors import InvalidParameterError

    if text == "all":
        return None
    if text == "last":
        loads = registry.loads()
        return loads[-1].number if loads else None
    if not text.isdecimal():
        raise InvalidParameterError(f"--load is {text!r}", hint="Give the number of a load, 'last' or 'all'.")
    return int(text)


def _row(item: StoredProblem) -> dict[str, Any]:
    problem, where = item.problem, item.problem.where
    return {
        "load": item.load,
        "level": str(problem.level),
        "code": problem.code,
        "count": item.count,
        "source": where.source,
        "member": where.member or None,
        "position": where.position,
        "position_unit": where.position_unit if where.position is not None else None,
        "nct_id": where.nct_id or None,
        "path": where.path or None,
        "message": problem.message,
        "excerpt": problem.excerpt or None,
    }


def _line(item: StoredProblem) -> str:
    problem = item.problem
    times = f" ({item.count:,} times; the first one is shown)" if item.count > 1 else ""
    shown = f"  [{problem.excerpt}]" if problem.excerpt else ""
    text = f"{problem.level} {problem.code}: {problem.message}{times}: {problem.where}{shown}"
    return "".join(char if char.isprintable() else "�" for char in text)


def run_stats(arguments: argparse.Namespace) -> int:
    """Numbers of the registry, and its loads."""
    from trialist.registry.criteria_index import read_criteria_state
    from trialist.registry.indexing import read_index_state
    from trialist.settings import read_settings

    with _open(arguments) as registry:
        stats, loads = registry.stats(), registry.loads()
    index = read_index_state(read_settings(registry=arguments.registry).registry)
    criteria = read_criteria_state(read_settings(registry=arguments.registry).registry)
    if arguments.format == "json":
        names = (
            "studies",
            "versions",
            "missing",
            "aliases",
            "problems",
            "raw_bytes",
            "packed_bytes",
            "disk_bytes",
        )
        print_json(
            {
                **{name: getattr(stats, name) for name in names},
                "latest_update": stats.latest_update or None,
                "index": {
                    "built": index.is_built,
                    "current": index.is_current,
                    "studies": index.studies,
                    "segments": index.segments,
                    "changed": index.changed,
                    "gone": index.gone,
                },
                "criteria": {
                    "built": criteria.is_built,
                    "current": criteria.is_current,
                    "studies": criteria.studies,
                    "missing": criteria.missing,
                },
                "loads": [
                    {
                        "load": load.number,
                        "sources": list(load.sources),
                        "full": load.is_full,
                        "state": load.state,
                        "started_at": load.started_at.isoformat(),
                        "finished_at": load.finished_at.isoformat() if load.finished_at else None,
                        "code_version": load.code_version,
                        "read": load.counts.read,
                        "added": load.counts.added,
                        "updated": load.counts.updated,
                        "older": load.counts.older,
                        "unchanged": load.counts.unchanged,
                        "rejected": load.counts.rejected,
                        "missing": load.counts.missing,
                        "problems": problem_counts(load.counts.problems),
                    }
                    for load in loads
                ],
            }
        )
        return 0
    print_text(
        f"{stats.studies:,} studies in {stats.versions:,} versions, last updated {stats.latest_update or 'unknown'}.\n"
        f"{stats.missing:,} are no longer in the registry. {stats.aliases:,} aliases. {stats.problems:,} problems.\n"
        f"{size_words(stats.raw_bytes)} of JSON in {size_words(stats.disk_bytes)} on disk.\n"
        f"{index.sentence()}\n"
        f"{criteria.sentence()}\n"
    )
    rows = [
        (
            load.number,
            f"{load.started_at:%Y-%m-%d %H:%M}",
            load.state,
            load.counts.read,
            load.counts.added,
            load.counts.updated,
            load.counts.rejected,
            ", ".join(load.sources),
        )
        for load in loads
    ]
    print_table(("load", "started", "state", "read", "new", "updated", "rejected", "sources"), rows)
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Check everything; 1 when something is wrong."""
    with _open(arguments) as registry:
        report = registry.verify()
    if arguments.format == "json":
        print_json(
            {
                "sound": report.is_sound,
                "studies": report.studies,
                "versions": report.versions,
                "findings": list(report.findings),
            }
        )
    else:
        for finding in report.findings:
            print_text(finding)
        verdict = "Everything is sound" if report.is_sound else f"{len(report.findings):,} things are wrong"
        print_text(f"{verdict}: {report.studies:,} studies, {report.versions:,} versions read.")
    return 0 if report.is_sound else 1
