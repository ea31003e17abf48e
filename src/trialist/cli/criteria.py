"""`trialist criteria`: eligibility text as criteria that can be checked."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trialist.cli.output import Subparsers, print_beside, print_json, print_table, print_text
from trialist.errors import SourceUnreadableError

if TYPE_CHECKING:
    from trialist.criteria import CriterionSet
    from trialist.criteria.criterion import Criterion

_LONGEST_CELL = 70


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `criteria`."""
    parser = commands.add_parser(
        "criteria",
        parents=[common],
        help="show eligibility criteria as they were understood",
        description="Show a study's eligibility criteria as they were understood: what each says in plain words, "
        "who can answer it, and what was wrong with the text",
    )
    parser.add_argument(
        "source",
        nargs="?",
        default="-",
        metavar="NCT|FILE|-",
        help="an NCT id, a file with a study's JSON or a plain text, or - for standard input",
    )
    parser.add_argument(
        "--format",
        choices=("tree", "json", "table", "fhir", "circe", "cql", "schema"),
        default="tree",
        help="tree: to read (default); json: everything, with offsets; table: one line a criterion; fhir, circe, cql: for "
        "other programs, what they cannot say on standard error; schema: the JSON Schema of json",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write what the form cannot say there, as JSON, instead of on standard error",
    )
    parser.set_defaults(run=run_criteria)


def run_criteria(arguments: argparse.Namespace) -> int:
    """Print the criteria."""
    if arguments.format == "schema":
        from trialist.criteria.schema import document_schema

        print_json(document_schema())
        return 0
    found = _read(arguments)
    if arguments.format in ("fhir", "circe", "cql"):
        _print_export(found, arguments)
    elif arguments.format == "json":
        from trialist.criteria.encode import encode_set

        print_json(encode_set(found))
    elif not found.available:
        print_text(
            "Eligibility criteria: not available. The study has no eligibility text; that does not mean that anybody may take part."
        )
    elif arguments.format == "table":
        _print_table(found)
    else:
        _print_tree(found)
    return 0


def _print_export(found: CriterionSet, arguments: argparse.Namespace) -> None:
    """The document on standard output, and what it does not represent beside it."""
    from trialist.criteria.exports import export_circe, export_cql, export_fhir

    exported = {"fhir": export_fhir, "circe": export_circe, "cql": export_cql}[arguments.format](found)
    if arguments.format == "cql":
        print_text(exported.document)
    else:
        print_json(exported.document)
    rows = [{"criterion": one.criterion or None, "not_represented": one.what} for one in exported.left_out]
    if arguments.report:
        Path(arguments.report).write_text(
            json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        return
    for one in exported.left_out:
        print_beside(f"{one.criterion or 'all'}: {one.what}")


def _read(arguments: argparse.Namespace) -> CriterionSet:
    from trialist.record import parse_nct_id
    from trialist.registry import eligibility

    source: str = arguments.source
    if source == "-":
        return eligibility.criteria_of_source(sys.stdin.buffer.read())
    if parse_nct_id(source) is not None and not Path(source).is_file():
        from trialist.registry.registry import Registry
        from trialist.settings import read_settings

        with Registry(read_settings(registry=arguments.registry).registry) as registry:
            return eligibility.criteria_of_stored(registry, source)
    try:
        raw = Path(source).read_bytes()
    except OSError as error:
        raise SourceUnreadableError(
            f"{source} cannot be read: {error.strerror}",
            hint="Give an NCT id, a file, or - for standard input.",
        ) from error
    return eligibility.criteria_of_source(raw)


def _print_tree(found: CriterionSet) -> None:
    lines: list[str] = []
    path: tuple[str, ...] = ()
    for one in found.criteria:
        if (one.polarity, *one.section_path) != path:
            path = (one.polarity, *one.section_path)
            lines += ["", " / ".join([str(one.polarity).upper(), *one.section_path[1:]])]
        lines += _tree_lines(one)
    if found.findings:
        lines += ["", "FINDINGS", *(f"  ! {one.message}" for one in found.findings)]
    cover = found.coverage
    lines += [
        "",
        f"{cover.criteria} criteria: {cover.typed} understood at least in part, {cover.structured} wholly; "
        f"{cover.lost} of {cover.characters} characters lost.",
    ]
    print_text("\n".join(lines).lstrip("\n"))


def _tree_lines(one: Criterion) -> list[str]:
    indent = "  " * (1 + one.id.count("."))
    who = "" if one.population == "patient" else f" · {one.population}"
    scope = "".join(f" · {kind} {name}" for kind, name in one.scope)
    mode = "" if one.modality == "required" else f" · {one.modality}"
    part = "" if one.counts or mode else " · part of the list above"
    lines = [f"{indent}{one.id} {one.text}", f"{indent}    = {one.plain}"]
    lines.append(f"{indent}    [{one.computability}, {one.confidence:.2f}{mode}{part}{who}{scope}]")
    for defect in one.defects:
        repair = f" → {defect.repair}" if defect.repair else ""
        lines.append(f"{indent}    ~ {defect.kind.replace('_', ' ')}{repair} ({defect.confidence:.2f})")
    return lines


def _print_table(found: CriterionSet) -> None:
    rows = [
        [
            one.id,
            str(one.modality),
            str(one.computability),
            f"{one.confidence:.2f}",
            _cell(one.text),
            _cell(one.plain),
        ]
        for one in found.criteria
    ]
    print_table(["id", "modality", "answered by", "sure", "text", "understood as"], rows)


def _cell(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_CELL else flat[: _LONGEST_CELL - 1] + "…"
