"""Write the reference pages from the tables that the code reads.

python docs/build.py            write docs/reference/*.md
python docs/build.py --check    write nothing; fail when a page is not what the code says
"""

from __future__ import annotations

import argparse
import json
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
from trialist.criteria.lexicon import tables
from trialist.criteria.subjects import STATES, TRIALS
from trialist.evaluation.calculators import (
    Definition,
    Family,
    Input,
    Scale,
    read_definitions,
    read_families,
    read_inputs,
    read_scales,
)
from trialist.evaluation.calculators.intervals import interval_words
from trialist.evaluation.calculators.nodes import Step
from trialist.patient.form_schema import form_schema, parts, top
from trialist.query.areas import CRITERION_AREAS
from trialist.query.facets import CRITERION_FACETS
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


def calculators_page() -> str:
    parts = [
        "# Calculators\n\nClinical formulas, scores, grades and definitions, as the tables in "
        "`src/trialist/evaluation/calculators/tables/` say them. Formulas are those that are worked out; their names are "
        "inputs, or earlier steps. A dash between two levels in a step means the first condition that holds. Decision "
        "support: verify against the protocol.\n",
        "## When nobody says which\n\nA criterion that names no method is decided only where all members that apply "
        "agree; a preferred one that has an answer counts alone.\n",
        table(
            ["family", "what it is", "preferred", "members"],
            [family_row(one) for one in read_families().values()],
        ),
        "\n## Scales\n",
        *(scale_part(one) for one in read_scales().values()),
        "## Calculators and definitions\n",
        *(calculator_part(one) for one in read_definitions().values()),
        "## Inputs\n",
        table(
            ["input", "what it is", "unit or choices", "believed"],
            [input_row(one) for one in read_inputs().values()],
        ),
    ]
    return "\n".join(parts)


def family_row(family: Family) -> list[str]:
    named = [", ".join(f"`{one}`" for one in names) for names in (family.prefer, family.members)]
    return [f"`{family.name}`", " ".join([family.title + ".", family.note]).strip(), *named]


def scale_part(scale: Scale) -> str:
    heading = f"### {scale.title}\n\n`{scale.name}`" + (f", {scale.age}" if scale.age else "")
    levels = table(["level", "what it means"], [list(level) for level in scale.levels])
    return f"{heading}\n\n{levels}\n\nSource: {scale.source} Checked: {scale.checked}\n"


def calculator_part(definition: Definition) -> str:
    lines = [f"### {definition.title}\n", f"`{definition.id}`\n"]
    lines += [
        f"Only {guard.otherwise.removeprefix('only ')} (`{guard.holds.text}`).\n"
        for guard in definition.guards
    ]
    rows = [[f"`{step.name}`", step_words(step), step.unit] for step in definition.steps]
    lines += [table(["step", "how", "unit"], rows), ""]
    lines += [f"- {note}" for note in definition.notes] + ([""] if definition.notes else [])
    return "\n".join([*lines, f"Source: {definition.source} Checked: {definition.checked}\n"])


def step_words(step: Step) -> str:
    if step.formula is not None:
        return f"`{step.formula.text}`"
    cases = [
        f"{' or '.join(case.levels)} if `{case.when.text}`" if case.when else f"{case.levels[0]} otherwise"
        for case in step.cases
    ]
    return " — ".join(cases)


def input_row(spec: Input) -> list[str]:
    unit = "any unit" if spec.kind == "number" and spec.unit is None else str(spec.unit or "")
    form = (
        ", ".join(spec.choices) or {"flag": "yes or no", "days": "days"}.get(spec.kind) or unit or "a number"
    )
    believed = interval_words(spec.plausible) if spec.kind in ("number", "series") else ""
    return [f"`{spec.name}`", spec.title, form + (" by day" if spec.kind == "series" else ""), believed]


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
        body = f"The body is a `{route.body}`. " if route.body else ""
        method = route.method.upper()
        parts.append(
            f"## {method} {route.full_path}\n\n{route.summary}. {route.about}\n\n{body}Answers {answer}.\n"
        )
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
        if "anyOf" in schema:
            parts.append(f"## {name}\n\n{schema['description']}\n\n{type_words(schema)}\n")
            continue
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


def criteria_page() -> str:
    """What criteria can be asked about: areas, facets, variables, scales, things."""
    rows = tables()
    variables = [
        [
            f"`{subject}`",
            row["name"],
            f"`{row['unit']}`" if row["unit"] else "",
            f"{row['low']} to {row['high']}" if row["unit"] else "",
            row["loinc"],
        ]
        for subject, row in rows["variable"].items()
    ]
    scales = [
        [f"`{subject}`", row["name"], ", ".join(row["steps"]), row.get("loinc", "")]
        for subject, row in rows["scale"].items()
    ]
    parts = [
        "# Criteria\n\nWhat searches over criteria can ask: [how to](../how-to/search-by-criteria.md), "
        "[what the answers mean](../explanation/what-criteria-say.md). Which codes were checked, and which were not: "
        "[decision 43](../decisions/0043-codes-that-were-checked.md).\n",
        "## Areas\n",
        table(
            ["area", "finds studies whose criteria", "asked with"],
            [[f"`{name}`", does, about] for name, (does, _, about) in CRITERION_AREAS.items()],
        ),
        "\n## Facets\n",
        table(["facet", "counts"], [[f"`{name}`", f"`{area}`"] for name, area in CRITERION_FACETS.items()]),
        f"\n## Variables\n\n{len(variables)} of them, and `age`. The unit is the one of a number without a unit; bounds are what "
        "thresholds in it can be.\n",
        table(["id", "name", "unit", "bounds", "LOINC"], variables),
        "\n## Scales\n",
        table(["id", "name", "steps", "LOINC"], scales),
    ]
    for kind, title, code in (
        ("condition", "Conditions", "mesh"),
        ("drug", "Drugs", "atc"),
        ("procedure", "Procedures", ""),
        ("serology", "Tests", "loinc"),
        ("marker", "Markers", ""),
    ):
        heads = ["id", "name", *([{"mesh": "MeSH", "atc": "ATC", "loinc": "LOINC"}[code]] if code else [])]
        listed = [
            [f"`{subject}`", row["name"], *([row.get(code, "")] if code else [])]
            for subject, row in rows[kind].items()
        ]
        parts += [f"\n## {title}\n", table(heads, listed)]
    states = ", ".join(f"`{one}`" for one in (*STATES, *TRIALS))
    parts += [f"\n## States\n\n{states}.\n"]
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


def patient_form_page() -> str:
    found = [
        "# The form for a patient\n\nWhat is known of a patient can be typed as YAML or JSON; "
        "[a JSON Schema](patient-form.schema.json) checks it in an editor. Names are those of the tables or any name they know; "
        "a disease or drug in no table is kept by its words. A misspelt key is refused, because it would lose a fact. No names "
        "or numbers of people: `label` is for telling sheets apart. A value with a sign that means something in YAML (it begins with "
        '`>`, or holds `[`, `,` or `: `) stands in quotation marks: `">5 a"`.\n\n```yaml\n'
        + EXAMPLE_FORM
        + "```\n",
        "## At the top\n\n"
        + table(["key", "what it says"], [[f"`{name}`", said] for name, said in top().items()]),
    ]
    for part in parts().values():
        rows = [
            [f"`{name}`" + (" (needed)" if name in part.needed else ""), said]
            for name, said in part.keys.items()
        ]
        found.append(
            f"## {part.name}\n\n{part.says[0].upper()}{part.says[1:]}.\n\n"
            + table(["key", "what it says"], rows)
        )
    return "\n\n".join(found)


EXAMPLE_FORM = """\
label: A-17
as_of: 2025-06-01
born: 1980-06
sex: female
transplant_day: 2025-01-05
values:
  - {name: ALT, value: 95 U/L, normal: -40, on: 2025-05-30}
  - {name: platelets, value: <20 10*9/L, day: 28}
grades:
  - {name: ecog, value: 1}
conditions:
  - acute GVHD
  - {name: HIV, absent: yes}
drugs:
  - {name: methylprednisolone, from: 2025-02-10, dose: 2 mg/kg/d}
allergies: none
"""


PAGES = {
    "calculators.md": calculators_page,
    "api.md": api_page,
    "cases.md": cases_page,
    "commands.md": commands_page,
    "criteria.md": criteria_page,
    "errors.md": errors_page,
    "patient-form.md": patient_form_page,
    "problems.md": problems_page,
    "settings.md": settings_page,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    schema = json.dumps(form_schema(), indent=2, ensure_ascii=False) + "\n"
    texts = {name: HEAD + "\n" + page().rstrip() + "\n" for name, page in PAGES.items()}
    for name, text in [*texts.items(), ("patient-form.schema.json", schema)]:
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
