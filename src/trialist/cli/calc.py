"""`trialist calc`: clinical formulas, scores and definitions, with every step, what is missing, and the source."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_json, print_table, print_text
from trialist.errors import InvalidParameterError

if TYPE_CHECKING:
    from trialist.evaluation.calculators import (
        Decision,
        Definition,
        Family,
        FamilyOutcome,
        Given,
        Input,
        Outcome,
        Scale,
    )

_COMPARISON = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*(.+)")
_ASCII = {"≤": "<=", "≥": ">="}


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `calc`."""
    parser = commands.add_parser(
        "calc",
        parents=[common],
        help="clinical formulas, scores, grades and definitions",
        description="Work out a clinical formula, score, grade or definition, and show every step, what is missing, and the "
        "source. Without a name: list them; without values: what one asks for. For decision support; verify it against the "
        "protocol",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a calculator, a family of them, or a scale")
    parser.add_argument(
        "values",
        nargs="*",
        metavar="KEY=VALUE",
        help="what is known: creatinine=106umol/L, age=60, sex=female, bilirubin='<2 mg/dL', 'ecog=1|2', "
        "neutrophils_by_day='12:0.4 13:0.6 10*9/L'",
    )
    parser.add_argument(
        "--is",
        dest="asked",
        metavar="WHAT",
        help="ask whether the answer is so: '<= 30 mL/min', or levels such as II,III,IV",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print it")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List, explain, or calculate."""
    from trialist.evaluation.calculators import find_definition, read_families, read_scales

    as_json = arguments.format == "json"
    if arguments.name is None:
        _list(as_json)
        return 0
    family = read_families().get(arguments.name)
    if family is not None:
        _run_family(family, arguments, as_json)
        return 0
    scale = read_scales().get(arguments.name)
    if scale is not None and not arguments.values:
        _show_scale(scale, as_json)
        return 0
    if scale is not None:
        raise InvalidParameterError(f"{scale.name} is a scale: nothing is calculated")
    _run_one(find_definition(arguments.name), arguments, as_json)
    return 0


def _run_one(definition: Definition, arguments: argparse.Namespace, as_json: bool) -> None:
    from trialist.evaluation.calculators import calculate, outcome_json, render_outcome
    from trialist.evaluation.calculators.render import definition_json

    if not arguments.values:
        print_json(definition_json(definition)) if as_json else _explain(definition)
        return
    outcome = calculate(definition, _given(definition.inputs, arguments.values))
    decision = _decide((outcome,), arguments.asked)
    if as_json:
        print_json(outcome_json(outcome) | _decision_json(decision))
        return
    print_text(render_outcome(outcome))
    _print_decision(decision, arguments.asked)


def _run_family(family: Family, arguments: argparse.Namespace, as_json: bool) -> None:
    from trialist.evaluation.calculators import ask_family, family_definitions, family_inputs
    from trialist.evaluation.calculators.render import definition_json, family_json

    if not arguments.values:
        if as_json:
            told = [definition_json(one) for one in family_definitions(family)]
            print_json(
                {"family": family.name, "title": family.title, "note": family.note or None, "members": told}
            )
            return
        print_text(f"{family.title}\n{family.note}".rstrip())
        for definition in family_definitions(family):
            print_text(f"\n{definition.id}: {definition.title}")
        print_text("")
        _print_inputs(family_inputs(family))
        return
    found = ask_family(family, _given(family_inputs(family), arguments.values))
    decision = _decide(found.counted, arguments.asked)
    if as_json:
        print_json(family_json(found) | _decision_json(decision))
        return
    _print_family(found)
    _print_decision(decision, arguments.asked)


def _given(inputs: Iterable[Input], written: Iterable[str]) -> Mapping[str, Given]:
    """`key=value` arguments → typed values; refuses keys that nobody asks for, and keys given twice."""
    from trialist.evaluation.calculators import parse_given

    specs = {one.name: one for one in inputs}
    given: dict[str, Given] = {}
    for argument in written:
        name, equals, text = argument.partition("=")
        if not equals:
            raise InvalidParameterError(f"{argument!r} is not of the form KEY=VALUE", hint="Write age=60.")
        if name not in specs:
            raise InvalidParameterError(f"{name!r} is not asked for", hint=f"Asked for: {', '.join(specs)}.")
        if name in given:
            raise InvalidParameterError(f"{name} is given twice")
        given[name] = parse_given(specs[name], text)
    return given


def _decide(outcomes: tuple[Outcome, ...], asked: str | None) -> Decision | None:
    from trialist.evaluation.calculators import decide_flag, decide_level, decide_number, parse_quantity

    if asked is None:
        return None
    found = _COMPARISON.fullmatch(asked)
    if found is not None:
        return decide_number(outcomes, _ASCII.get(found[1], found[1]), parse_quantity(found[2]))
    if asked.strip().lower() == "yes":
        return decide_flag(outcomes)
    return decide_level(outcomes, [level.strip() for level in asked.split(",")])


def _decision_json(decision: Decision | None) -> dict[str, Any]:
    if decision is None:
        return {}
    return {
        "decision": {
            "truth": str(decision.truth),
            "reason": decision.reason,
            "method_sensitive": decision.is_method_sensitive,
        }
    }


def _print_decision(decision: Decision | None, asked: str | None) -> None:
    if decision is not None:
        print_text(f"\nIs it {asked}? {decision.truth} ({decision.reason}).")


def _print_family(found: FamilyOutcome) -> None:
    from trialist.evaluation.calculators import answer_words, render_outcome

    print_text(f"{found.family.title}\n{found.family.note}".rstrip())
    for outcome in found.counted:
        print_text(f"\n{render_outcome(outcome)}")
    for outcome in found.passed_over:
        print_text(f"\nnot counted: {outcome.definition.id}: {answer_words(outcome)}")


def _list(as_json: bool) -> None:
    from trialist.evaluation.calculators import read_definitions, read_families, read_scales
    from trialist.evaluation.calculators.render import definition_json

    definitions, families, scales = read_definitions(), read_families(), read_scales()
    if as_json:
        print_json(
            {
                "calculators": [definition_json(one) for one in definitions.values()],
                "families": [
                    {"name": one.name, "title": one.title, "members": [*one.prefer, *one.members]}
                    for one in families.values()
                ],
                "scales": [_scale_json(one) for one in scales.values()],
            }
        )
        return
    print_table(("calculator", "what it is"), [(one.id, one.title) for one in definitions.values()])
    print_text("")
    print_table(("family", "when nobody says which"), [(one.name, one.title) for one in families.values()])
    print_text("")
    print_table(("scale", "what it is"), [(one.name, one.title) for one in scales.values()])


def _explain(definition: Definition) -> None:
    print_text(f"{definition.title} ({definition.id})\n")
    _print_inputs(definition.inputs)
    for note in definition.notes:
        print_text(f"note: {note}")
    for guard in definition.guards:
        print_text(f"only: {guard.otherwise}")
    print_text(f"source: {definition.source}\nchecked: {definition.checked}")


def _print_inputs(inputs: Iterable[Input]) -> None:
    from trialist.evaluation.calculators.render import unit_code

    rows = []
    for one in inputs:
        form = (
            ", ".join(one.choices)
            or {"flag": "yes or no", "days": "days"}.get(one.kind)
            or unit_code(one)
            or ""
        )
        rows.append((one.name, "any unit" if form == "*" else form if form != "1" else "a number", one.title))
    print_table(("input", "unit or choices", "what it is"), rows)
    print_text("")


def _scale_json(scale: Scale) -> dict[str, Any]:
    return {
        "name": scale.name,
        "title": scale.title,
        "age": scale.age or None,
        "levels": [{"level": level, "meaning": meaning} for level, meaning in scale.levels],
        "source": scale.source,
        "checked": scale.checked,
    }


def _show_scale(scale: Scale, as_json: bool) -> None:
    if as_json:
        print_json(_scale_json(scale))
        return
    print_text(scale.title + (f" ({scale.age})" if scale.age else "") + "\n")
    print_table(("level", "what it means"), scale.levels)
    print_text(f"\nsource: {scale.source}\nchecked: {scale.checked}")
