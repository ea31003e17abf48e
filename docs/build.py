"""Write the reference pages from the tables that the code reads.

python docs/build.py            write docs/reference/*.md
python docs/build.py --check    write nothing; fail when a page is not what the code says
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trialist import errors
from trialist.api import own_parameters
from trialist.api.own_openapi import statuses_of
from trialist.api.own_routes import ROUTES
from trialist.api.own_schemas import SCHEMAS
from trialist.cli.main import EXIT_BROKEN_PIPE, EXIT_BUG, EXIT_CODES, EXIT_INTERRUPTED, build_parser
from trialist.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
HEAD = "<!-- Written by docs/build.py; change the code and run `make docs`. -->\n"


def table(heads: list[str], rows: Iterator[list[str]] | list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += [
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows
    ]
    return "\n".join(lines)


def settings_page() -> str:
    rows = [[f"`{one.variable}`", one.kind.__name__, one.default, one.help] for one in SETTINGS]
    return (
        "# Settings\n\nA setting is taken from the command line where there is an option for it, else from the "
        "environment variable, else the default holds.\n\n"
        + table(["variable", "kind", "default", "what it is"], rows)
    )


def errors_page() -> str:
    rows = [
        [f"`{kind.__name__}`", f"`{kind.code}`", str(code), (kind.__doc__ or "").split("\n")[0]]
        for kind, code in EXIT_CODES.items()
    ]
    rest = [
        ["(finding of `verify`)", "", "1", "The registry is damaged; the findings are printed."],
        [
            "(a bug)",
            "",
            str(EXIT_BUG),
            "Something nobody thought of; a short id is printed, `python -X dev` shows more.",
        ],
        ["(an interrupt)", "", str(EXIT_INTERRUPTED), "Ctrl-C; what was finished is kept."],
        ["(a closed pipe)", "", str(EXIT_BROKEN_PIPE), "Whoever read the output has gone."],
    ]
    return (
        "# Errors and exit codes\n\nExceptions are for calls that cannot return; bad data is a "
        "[problem](problems.md). With `--format json` an error is one JSON document on standard output, "
        '`{"error": {"code", "message", "hint"}}`, and a sentence on standard error.\n\n'
        + table(["exception", "code", "exit code", "when"], rows + rest)
    )


def problems_page() -> str:
    levels = [
        ["`error`", "not stored; the problem keeps the start of what was read"],
        [
            "`warning`",
            "stored as it is; something in it is not as the registry defines it, or something was passed over",
        ],
        ["`info`", "stored as it is, and odd; counted once a load and path, with the first place shown"],
    ]
    rows = [[f"`{code}`", meaning] for code, meaning in errors.PROBLEM_CODES.items()]
    return (
        "# Problems\n\nBad data never stops a load. It becomes a problem: counted, kept in the registry, and listed by "
        "`trialist problems` with the file, the position and the study, as far as they are known.\n\n"
        + table(["level", "what it means"], levels)
        + "\n\n"
        + table(["code", "what was met"], rows)
    )


def commands_page() -> str:
    return "\n".join(["# Commands\n", *command_parts("trialist", build_parser())])


def command_parts(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """One part for each command below a parser, those below a command after it."""
    (below,) = [action for action in parser._actions if isinstance(action.choices, dict)]
    for own, command in below.choices.items():
        text = command.description or next(one.help for one in below._choices_actions if one.dest == own)
        yield f"## {name} {own}\n\n{text[0].upper()}{text[1:].rstrip('.')}.\n"
        if any(isinstance(action.choices, dict) for action in command._actions):
            yield from command_parts(f"{name} {own}", command)
            continue
        rows = []
        for action in command._actions:
            if action.dest == "help":
                continue
            names = ", ".join(f"`{option}`" for option in action.option_strings) or f"`{action.metavar}`"
            values = " \\| ".join(f"`{choice}`" for choice in action.choices) if action.choices else ""
            shown = action.metavar if action.option_strings and action.metavar else ""
            told = (action.help or "").replace("|", "\\|")
            rows.append([names + (f" {shown}" if shown else "").replace("|", "\\|"), values, told])
        lines = ["| argument | values | what it does |", "|---|---|---|"]
        lines += [f"| {row[0]} | {row[1]} | {row[2]} |" for row in rows]
        yield "\n".join(lines) + "\n"


def cases_page() -> str:
    parts = ["# Cases\n\nWhat the tests in `tests/cases/` hold fast, and why.\n"]
    for file in sorted((ROOT / "tests" / "cases").glob("*.toml")):
        rows = [
            [f"`{row['id']}`", row["why"]] for row in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
        ]
        parts.append(f"## {file.stem.replace('_', ' ')}\n\n{table(['case', 'why'], rows)}\n")
    return "\n".join(parts)


def api_page() -> str:
    parts = [
        "# Our own API\n\nThe paths below `/api/trialist/v1`; those below `/api/v2` are ClinicalTrials.gov's. How to use them: "
        "[how-to](../how-to/use-the-api.md).\n"
    ]
    shared = {"asked": own_parameters.QUERY, "choices": own_parameters.CHOICES}
    for route in ROUTES:
        own = [one for one in route.parameters if not any(one in group for group in shared.values())]
        groups = [
            f"[{name}](#{name})"
            for name, group in shared.items()
            if all(one in route.parameters for one in group)
        ]
        statuses = [
            [str(status), ", ".join(f"`{code}`" for code in codes)]
            for status, codes in statuses_of(route).items()
        ]
        answer = f"`{route.schema}`" if route.schema else f"`{route.media_type}`"
        parts.append(f"## GET {route.full_path}\n\n{route.summary}. {route.about}\n\nAnswers {answer}.\n")
        if groups:
            parts.append(f"Parameters: {', '.join(groups)}, and these.\n")
        if own:
            parts.append(
                table(["parameter", "what it asks"], [[f"`{one.name}`", one.about] for one in own]) + "\n"
            )
        parts.append(table(["status", "codes"], statuses) + "\n")
    for name, group in shared.items():
        rows = [[f"`{one.name}`", one.about] for one in group]
        parts.append(f"## {name}\n\n{table(['parameter', 'what it asks'], rows)}\n")
    for name, schema in SCHEMAS.items():
        rows = [
            [
                f"`{key}`" + ("" if key in schema["required"] else " (not always)"),
                type_words(one),
                one.get("description", ""),
            ]
            for key, one in schema["properties"].items()
        ]
        parts.append(
            f"## {name}\n\n{schema['description']}\n\n{table(['field', 'type', 'what it is'], rows)}\n"
        )
    return "\n".join(parts)


def type_words(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(map(type_words, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {type_words(schema['items'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


PAGES = {
    "api.md": api_page,
    "cases.md": cases_page,
    "commands.md": commands_page,
    "errors.md": errors_page,
    "problems.md": problems_page,
    "settings.md": settings_page,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        text = HEAD + "\n" + page().rstrip() + "\n"
        file = REFERENCE / name
        if check:
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if stale:
        print(f"docs/reference is not what the code says: {', '.join(stale)}. Run `make docs`.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
