"""Criteria → FHIR R5: an EvidenceVariable with the whole logic, and a Group with what a flat list can say.

FHIR has no place for a reading that is not sure; what was not understood is there as words (`definitionCodeableConcept`), where
no program takes it for something it can evaluate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from trialist.criteria.criterion import Criterion, CriterionSet, Polarity
from trialist.criteria.exports.exported import Exported, LeftOut, decisive
from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Basis,
    Concept,
    Demographic,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    Result,
    Window,
)
from trialist.criteria.render import render, render_window

Json = dict[str, Any]
_LOINC, _MESH, _ATC, _UCUM = (
    "http://loinc.org",
    "http://id.nlm.nih.gov/mesh",
    "http://www.whocc.no/atc",
    "http://unitsofmeasure.org",
)
_AGE = {"coding": [{"system": _LOINC, "code": "30525-0", "display": "Age"}], "text": "age"}
_COMBINATIONS = "http://hl7.org/fhir/characteristic-combination"
_UCUM_UNITS = {Basis.X_ULN: "times ULN", Basis.X_LLN: "times LLN", Basis.X_BASELINE: "times baseline"}


def export_fhir(found: CriterionSet) -> Exported:
    """A Bundle (collection) of both resources as values that JSON can hold."""
    left_out: list[LeftOut] = []
    criteria = list(decisive(found, left_out))
    writer = _Writer(left_out)
    name = found.nct_id or "criteria"
    variable: Json = {
        "resourceType": "EvidenceVariable",
        "id": f"{name}-criteria",
        "status": "draft",
        "title": f"Eligibility criteria of {name}",
    }
    group: Json = {
        "resourceType": "Group",
        "id": f"{name}-population",
        "type": "person",
        "membership": "definitional",
        "name": f"Eligible for {name}",
    }
    if criteria:
        variable["characteristic"] = [writer.criterion(one) for one in criteria]
        group["characteristic"] = [each for one in criteria for each in writer.flat(one)]
    entries = [{"resource": variable}, {"resource": group}]
    return Exported({"resourceType": "Bundle", "type": "collection", "entry": entries}, tuple(left_out))


class _Writer:
    def __init__(self, left_out: list[LeftOut]) -> None:
        self.left_out = left_out
        self._of = ""

    def criterion(self, one: Criterion) -> Json:
        """A criterion as a characteristic of an EvidenceVariable."""
        self._of = one.id
        excludes = one.polarity is Polarity.EXCLUSION
        said = self.expression(one.expr)
        if one.guard is not None:
            guard = self.expression(one.guard)
            joined = [guard, said] if excludes else [_turned(guard), said]
            said = _combined("all-of" if excludes else "any-of", joined)
        if one.scope:
            scope = ", ".join(f"{kind} {name}" for kind, name in one.scope)
            self.left_out.append(LeftOut(one.id, f"only for {scope}: stands there as words"))
            return {
                "linkId": one.id,
                "description": one.text or one.plain,
                "definitionCodeableConcept": {"text": f"{scope}: {one.plain}"},
                "exclude": excludes,
            }
        if excludes:
            said = (
                _turned(said) if not said.get("exclude") else _combined("all-of", [said]) | {"exclude": True}
            )
        return {"linkId": one.id, "description": one.text or one.plain, **said}

    def flat(self, one: Criterion) -> list[Json]:
        """A criterion as characteristics of a Group, all of which hold; words where a list cannot say it."""
        self._of = one.id
        excludes = one.polarity is Polarity.EXCLUSION
        is_joined = isinstance(one.expr, Or) if excludes else isinstance(one.expr, And)
        parts = one.expr.of if is_joined and isinstance(one.expr, (And, Or)) else (one.expr,)
        found: list[Json] = []
        for part in parts:
            turned = isinstance(part, Not)
            simple = part.of if isinstance(part, Not) else part
            value = None if one.guard is not None or one.scope else _group_value(simple)
            if value is None:
                self.left_out.append(LeftOut(one.id, f"in the Group as words only: {one.plain}"))
                words = {
                    "code": {"text": "criterion"},
                    "valueCodeableConcept": {"text": one.plain or one.text},
                }
                return [{**words, "exclude": excludes}]
            found.append({**value, "exclude": excludes is not turned})
        return found

    def expression(self, expr: Expr) -> Json:  # one arm for each kind of node
        match expr:
            case And(of):
                return _combined("all-of", [self.expression(one) for one in of])
            case Or(of):
                return _combined("any-of", [self.expression(one) for one in of])
            case AtLeast(count, of):
                found = _combined("at-least", [self.expression(one) for one in of])
                found["definitionByCombination"]["threshold"] = count
                return found
            case Not(of):
                return _turned(self.expression(of))
            case ExceptWhen(main, exception):
                return _combined("all-of", [self.expression(main), _turned(self.expression(exception))])
            case Alternatives():
                self.left_out.append(
                    LeftOut(self._of, f"two readings, stands there as words: {render(expr)}")
                )
                return _words(expr)
            case Opaque():
                said = _text(expr)
                self.left_out.append(LeftOut(self._of, f"not understood, stands there as words: {said}"))
                return _words(expr)
            case Quantity() if "comparator" in expr.assumed:
                self.left_out.append(LeftOut(self._of, f"a threshold without a comparison: {render(expr)}"))
                return _words(expr)
            case Quantity() | Demographic() | Ordinal():
                return self._measured(expr)
            case _:
                return self._thing(expr)

    def _measured(self, atom: Quantity | Demographic | Ordinal) -> Json:
        if isinstance(atom, Ordinal):
            row = tables()["scale"][atom.scale]
            kind = _coded(" ".join(filter(None, (row["name"], atom.version))), _LOINC, row.get("loinc", ""))
            steps = [_by_value(kind, {"valueCodeableConcept": {"text": one}}) for one in atom.allowed]
            found = steps[0] if len(steps) == 1 else _combined("any-of", steps)
        elif atom.interval is None:
            return _words(atom)
        else:
            kind = _AGE if isinstance(atom, Demographic) else _variable(atom)
            bounds = _bounds(atom)
            found = (
                _by_value(kind, bounds[0])
                if len(bounds) == 1
                else _combined("all-of", [_by_value(kind, one) for one in bounds])
            )
            if isinstance(atom, Quantity):
                if atom.basis in _UCUM_UNITS:
                    self.left_out.append(
                        LeftOut(
                            self._of, f"a multiple of a limit has no UCUM unit, it is a word: {render(atom)}"
                        )
                    )
                if "unit" in atom.assumed and atom.basis is Basis.ABSOLUTE:
                    self.left_out.append(
                        LeftOut(self._of, f"the text has no unit, {atom.unit} is assumed: {render(atom)}")
                    )
        time = getattr(atom, "time", None)
        return found if time is None else self._timed(found, time)

    def _thing(self, atom: Expr) -> Json:
        code = _code(atom)
        bare = isinstance(atom, (Concept, Exposure)) and atom.concept_id and code
        found: Json = {
            "definitionCodeableConcept": code | {"text": render(atom)} if bare else {"text": render(atom)}
        }
        if not code:
            self.left_out.append(LeftOut(self._of, f"without a code, as words: {render(atom)}"))
        elif isinstance(atom, Concept) and (atom.status or atom.severity or atom.certainty or atom.caused_by):
            self.left_out.append(LeftOut(self._of, f"the code says less than the words: {render(atom)}"))
        time = getattr(atom, "time", None)
        return found if time is None else self._timed(found, time)

    def _timed(self, found: Json, window: Window) -> Json:
        """A characteristic within a time; FHIR counts the time from an event, before it with a minus."""
        event: Json = {"description": render_window(window), "eventCodeableConcept": {"text": window.anchor}}
        if window.length is not None and window.unit != "half-life" and window.or_half_lives is None:
            low, high = window.length.lower, window.length.upper
            if window.direction is Direction.BEFORE:
                low, high = (None if high is None else -high), (None if low is None else -low)
                if high is None:
                    high = Decimal(0)
            elif low is None:
                low = Decimal(0)
            ends = {
                name: _amount(one, window.unit)
                for name, one in (("low", low), ("high", high))
                if one is not None
            }
            event["range"] = ends
        else:
            self.left_out.append(LeftOut(self._of, f"a time as words only: {render_window(window)}"))
        return {**found, "timeFromEvent": [event]}


def _words(expr: Expr) -> Json:
    text = _text(expr) if isinstance(expr, Opaque) else render(expr)
    return {"definitionCodeableConcept": {"text": text or "not said"}}


def _text(expr: Opaque) -> str:
    """Words that were not understood, and when it is asked for."""
    return expr.text if expr.time is None else f"{expr.text} {render_window(expr.time)}"


def _turned(found: Json) -> Json:
    """The opposite of a characteristic."""
    return (
        _combined("all-of", [found]) | {"exclude": True}
        if found.get("exclude")
        else {**found, "exclude": True}
    )


def _combined(code: str, parts: list[Json]) -> Json:
    return {"definitionByCombination": {"code": code, "characteristic": parts}}


def _by_value(kind: Json, value: Json) -> Json:
    return {"definitionByTypeAndValue": {"type": kind, **value}}


def _coded(text: str, system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}], "text": text} if code else {"text": text}


def _variable(atom: Quantity) -> Json:
    row = tables()["variable"].get(atom.variable, {})
    said = {Basis.PERCENT_PREDICTED: " in percent of predicted", Basis.Z_SCORE: " z-score"}.get(
        atom.basis, ""
    )
    more = said + (f", {atom.aggregate}" if atom.aggregate else "")
    name = str(row.get("name") or atom.surface)
    return _coded(name + more, _LOINC, "" if said else row.get("loinc", ""))


def _code(atom: Expr) -> Json:
    """The code of a thing; empty where none is certain."""
    rows = tables()
    if isinstance(atom, Concept) and atom.domain == "condition":
        mesh = rows["condition"].get(atom.concept_id, {}).get("mesh", "")
        return {"coding": [{"system": _MESH, "code": mesh}]} if mesh else {}
    if isinstance(atom, Exposure):
        atc = rows["drug"].get(atom.concept_id, {}).get("atc", "")
        return {"coding": [{"system": _ATC, "code": atc}]} if atc else {}
    if isinstance(atom, Result):
        loinc = rows["serology"].get(atom.test, {}).get("loinc", "")
        return {"coding": [{"system": _LOINC, "code": loinc}]} if loinc else {}
    return {}


def _amount(value: Decimal, unit: str) -> Json:
    """A quantity; FHIR's decimals are JSON numbers, which the text of a Decimal is."""
    whole = int(value) if value == value.to_integral_value() else float(value)
    return (
        {"value": whole, "system": _UCUM, "code": unit, "unit": unit}
        if unit not in ("", "1")
        else {"value": whole}
    )


def _bounds(atom: Quantity | Demographic) -> list[Json]:
    """The values of an interval: a range where both ends belong to it, else a comparison for each end."""
    interval: Interval | None = atom.interval
    assert interval is not None
    unit = _UCUM_UNITS.get(atom.basis, "") if isinstance(atom, Quantity) else ""

    def amount(value: Decimal) -> Json:
        return {**_amount(value, "" if unit else atom.unit), **({"unit": unit} if unit else {})}

    low, high = interval.lower, interval.upper
    if low is not None and high is not None and interval.lower_inclusive and interval.upper_inclusive:
        if low == high:
            return [{"valueQuantity": amount(low)}]
        return [{"valueRange": {"low": amount(low), "high": amount(high)}}]
    found = []
    if low is not None:
        found.append(
            {"valueQuantity": {**amount(low), "comparator": ">=" if interval.lower_inclusive else ">"}}
        )
    if high is not None:
        found.append(
            {"valueQuantity": {**amount(high), "comparator": "<=" if interval.upper_inclusive else "<"}}
        )
    return found


def _group_value(expr: Expr) -> Json | None:
    """Code and value of one characteristic of a Group; None for what a flat list cannot say."""
    if isinstance(expr, Quantity) and (
        "comparator" in expr.assumed or expr.time is not None or expr.aggregate
    ):
        return None
    if isinstance(expr, (Quantity, Demographic)) and expr.interval is not None:
        bounds = _bounds(expr)
        kind = _AGE if isinstance(expr, Demographic) else _variable(expr)
        return {"code": kind, **bounds[0]} if len(bounds) == 1 else None
    if (
        isinstance(expr, Concept)
        and _code(expr)
        and not (expr.time or expr.status or expr.severity or expr.subject)
    ):
        return {"code": {"text": "condition"}, "valueCodeableConcept": {**_code(expr), "text": render(expr)}}
    return None
