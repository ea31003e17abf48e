"""Criteria → a library in Clinical Quality Language (CQL 1.5): one definition a criterion.

The library asks for facts as parameters and depends on no data model: whoever runs it binds each parameter to the data. A
parameter that nobody binds is null, which CQL's logic carries on as unknown, as our own does.
"""

from __future__ import annotations

import re
from decimal import Decimal

from trialist.criteria.criterion import Criterion, CriterionSet, Polarity
from trialist.criteria.exports.exported import Exported, LeftOut, decisive
from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Basis,
    Demographic,
    ExceptWhen,
    Expr,
    Interval,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
)
from trialist.criteria.render import render, render_window

_BASES = {
    Basis.X_ULN: "as a multiple of the upper limit of normal",
    Basis.X_LLN: "as a multiple of the lower limit of normal",
    Basis.X_BASELINE: "as a multiple of the baseline value",
    Basis.PERCENT_PREDICTED: "in percent of predicted",
    Basis.PER_KG: "per kilogram",
    Basis.Z_SCORE: "as a z-score",
    Basis.PERCENTILE: "as a percentile",
}
_AGE_UNITS = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes"}


def export_cql(found: CriterionSet) -> Exported:
    """The library as text."""
    writer = _Writer()
    left_out: list[LeftOut] = []
    inclusion: list[str] = []
    exclusion: list[str] = []
    for one in decisive(found, left_out):
        writer.define(one)
        (inclusion if one.polarity is Polarity.INCLUSION else exclusion).append(one.id)
    left_out += writer.left_out
    name = found.nct_id or "Criteria"
    lines = [
        f"library {name} version '{found.parser_version}'",
        "",
        *(_comment(f"{one.criterion or 'all'}: {one.what}") for one in left_out),
        *([""] if left_out else []),
        *(f"parameter {_quoted(fact)} {kind}" for fact, kind in sorted(writer.facts.items())),
        "",
        *writer.lines,
        f'define "Meets inclusion":\n  {_all(inclusion, "and", found)}',
        "",
        f'define "Meets exclusion":\n  {_all(exclusion, "or", found)}',
        "",
        'define "Eligible":\n  "Meets inclusion" and not "Meets exclusion"',
        "",
    ]
    return Exported("\n".join(lines), tuple(left_out))


def _all(ids: list[str], word: str, found: CriterionSet) -> str:
    if not found.available:
        return "null as Boolean"
    if not ids:
        return "true" if word == "and" else "false"
    return f"\n    {word} ".join(_quoted(one) for one in ids)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{" ".join(escaped.split())}"'


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _comment(text: str) -> str:
    return f"// {' '.join(text.split())}"


class _Writer:
    """The definitions, the facts they ask for, and what they could not say."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.facts: dict[str, str] = {}
        self.left_out: list[LeftOut] = []
        self._of = ""

    def define(self, one: Criterion) -> None:
        self._of = one.id
        said = self.expression(one.expr)
        limits = [] if one.guard is None else [self.expression(one.guard)]
        limits += [self.fact(f"in {kind} {name}", "Boolean") for kind, name in one.scope]
        if limits:
            word = "implies" if one.polarity is Polarity.INCLUSION else "and"
            said = f"({' and '.join(limits)}) {word} ({said})"
        self.lines += [_comment(one.text), f"define {_quoted(one.id)}:\n  {said}", ""]

    def fact(self, name: str, kind: str) -> str:
        """A parameter; one name has one type."""
        name = " ".join(re.sub(r"[\x00-\x1f]", " ", name).split()) or "unnamed"
        while self.facts.setdefault(name, kind) != kind:
            name += f" ({kind})"
        return _quoted(name)

    def expression(self, expr: Expr) -> str:  # one arm for each kind of node
        match expr:
            case And(of):
                return self._joined("and", of)
            case Or(of):
                return self._joined("or", of)
            case Not(of):
                return f"not ({self.expression(of)})"
            case ExceptWhen(main, exception):
                return f"(({self.expression(main)}) and not ({self.expression(exception)}))"
            case AtLeast(count, of):
                listed = ", ".join(f"({self.expression(one)})" for one in of)
                return (
                    f"(case when Count(({{ {listed} }}) X where X is true) >= {count} then true"
                    f" when Count(({{ {listed} }}) X where X is not false) < {count} then false else null as Boolean end)"
                )
            case Alternatives(readings):
                said = [f"({self.expression(one)})" for one in readings]
                both, none = " and ".join(said), " and ".join(f"not {one}" for one in said)
                return f"(case when {both} then true when {none} then false else null as Boolean end)"
            case Opaque(text, _, time):
                when = "" if time is None else f" {render_window(time)}"
                self.left_out.append(LeftOut(self._of, f"not understood: {text}{when}"))
                return "(null as Boolean)"
            case Quantity():
                return self._quantity(expr)
            case Demographic() if expr.interval is not None:
                unit = _AGE_UNITS.get(expr.unit, expr.unit)
                return _within(self.fact(f"{expr.kind} in {unit}", "Decimal"), expr.interval, "")
            case Ordinal(scale, allowed):
                when = "" if expr.time is None else f" {render_window(expr.time)}"
                name = self.fact(f"{tables()['scale'][scale]['name']} {expr.version}{when}", "String")
                return f"({name} in {{ {', '.join(map(_text, allowed))} }})"
            case _:
                return self.fact(render(expr), "Boolean")

    def _joined(self, word: str, of: tuple[Expr, ...]) -> str:
        return "(" + f" {word} ".join(self.expression(one) for one in of) + ")"

    def _quantity(self, atom: Quantity) -> str:
        if "comparator" in atom.assumed:
            self.left_out.append(LeftOut(self._of, f"a threshold without a comparison: {render(atom)}"))
            return "(null as Boolean)"
        name = tables()["variable"].get(atom.variable, {}).get("name") or atom.surface
        words = [name, _BASES.get(atom.basis, ""), atom.aggregate]
        if atom.time is not None:
            words.append(render_window(atom.time))
        has_unit = atom.basis in (Basis.ABSOLUTE, Basis.PER_KG) and atom.unit not in ("", "1")
        if "unit" in atom.assumed and has_unit:
            self.left_out.append(
                LeftOut(self._of, f"the text has no unit, {atom.unit} is assumed: {render(atom)}")
            )
        said = " ".join(word for word in words if word)
        fact = self.fact(said, "Quantity" if has_unit else "Decimal")
        return _within(fact, atom.interval, f" {_text(atom.unit)}" if has_unit else "")


def _within(fact: str, interval: Interval, unit: str) -> str:
    def number(value: Decimal) -> str:
        said = format(value, "f")
        return said if unit or "." in said else f"{said}.0"

    if interval.lower is not None and interval.lower == interval.upper:
        return f"({fact} = {number(interval.lower)}{unit})"
    parts = []
    if interval.lower is not None:
        parts.append(f"{fact} {'>=' if interval.lower_inclusive else '>'} {number(interval.lower)}{unit}")
    if interval.upper is not None:
        parts.append(f"{fact} {'<=' if interval.upper_inclusive else '<'} {number(interval.upper)}{unit}")
    return f"({' and '.join(parts)})"
