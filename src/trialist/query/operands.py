"""What may be asked of an area: checks an operand against the kind of its values and gives it its one form."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trialist.query.areas import LOCATIONS_PATH, AreaTarget, ValueKind
from trialist.query.live import allowed_values, unknown_unit
from trialist.query.nodes import (
    AgeBound,
    Bound,
    Coverage,
    DateBound,
    Document,
    Expansion,
    NumberBound,
    Range,
    Term,
    TermBound,
)
from trialist.query.values import AGE_FORMS, DATE_FORMS, parse_age, parse_amount, parse_date, parse_number
from trialist.record.dates import parse_minutes
from trialist.record.enums import EnumValue
from trialist.record.nct_id import parse_nct_id
from trialist.record.unparsed import Unparsed

_EXPANSIONS_OF_ANCHORED = frozenset({Expansion.NONE, Expansion.TERM, Expansion.CONCEPT})
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why an operand is refused, what would be legal, and how the registry's API says it ("" when not known)."""

    message: str
    hint: str = ""
    live: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What governs an operand: the area and what else the operators before it say."""

    target: AreaTarget
    size: bool = False
    document: Document = Document.STUDY
    coverage: Coverage | None = None
    expansion: Expansion | None = None

    @property
    def kind(self) -> ValueKind:
        """The kind of the values that are asked: those of the area, or a number for a size."""
        return ValueKind.NUMBER if self.size else self.target.kind

    @property
    def name(self) -> str:
        """The area as it is written in `AREA[…]`."""
        return f"{self.target.name}:size" if self.size else self.target.name


def shown(text: str) -> str:
    """A text short enough for a message."""
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def check_scope(scope: Scope) -> Complaint | None:
    """Whether the operators before an operand go together (rules of the registry's search documentation)."""
    coverage, expansion = scope.coverage, scope.expansion
    if coverage is not None and expansion is Expansion.LOSSY:
        return Complaint(
            "EXPANSION[Lossy] goes with no COVERAGE", "Leave COVERAGE out, or take another expansion."
        )
    if (
        coverage not in (None, Coverage.CONTAINS)
        and expansion is not None
        and expansion not in _EXPANSIONS_OF_ANCHORED
    ):
        return Complaint(
            f"COVERAGE[{coverage}] goes only with EXPANSION[None], EXPANSION[Term] and EXPANSION[Concept]",
            f"Take one of these, or COVERAGE[{Coverage.CONTAINS}].",
        )
    if scope.document is Document.LOCATION and not _is_of_location(scope):
        return Complaint(
            f"{scope.name} says nothing of a single location",
            "Inside SEARCH[Location] use areas such as LocationCity or LocationStatus; put the rest outside.",
        )
    return None


def _is_of_location(scope: Scope) -> bool:
    field = scope.target.field
    if field is not None:
        inside = field.path.startswith(LOCATIONS_PATH + ".")
        return inside or (field.path == LOCATIONS_PATH and not scope.size)
    return bool(scope.target.location_fields)


def check_term(term: Term, scope: Scope) -> Term | Complaint:
    """A term in the one form that its area's values have, or why it is refused.

    In an area of several kinds any term is legal: it matches the parts whose form it has.
    """
    check = _TERM_CHECKS.get(scope.kind)
    return check(term, scope) if check else term


def _enum_term(term: Term, scope: Scope) -> Term | Complaint:
    values = scope.target.enum_values
    value = next((one for one in values if one.casefold() == term.text.casefold()), None)
    if value is not None:
        return Term(value)
    message = f"{shown(term.text)!r} is not a value of {scope.name}; its values are {', '.join(values)}"
    return Complaint(message, _enum_hint(term.text, values), allowed_values(scope.target))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _enum_hint(text: str, values: Mapping[str, EnumValue]) -> str:
    """The value whose label was written, the several values that were written, or the nearest."""
    if len(text) > _LONGEST_SHOWN:
        return ""
    wanted = _plain(text)
    labelled = [one.value for one in values.values() if wanted in (_plain(one.label), _plain(one.value))]
    if labelled:
        return f"Write {labelled[0]}: a query names values, not their labels."
    words = [word for word in text.upper().split() if word != "OR"]
    if len(words) > 1 and all(word in values for word in words):
        return f"Write ({' OR '.join(words)}) for any of them: operators are upper case, and words beside each other one term."
    folded = {_plain(one): one for one in values} | {_plain(one.label): one.value for one in values.values()}
    near = dict.fromkeys(folded[one] for one in difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6))
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _boolean_term(term: Term, scope: Scope) -> Term | Complaint:
    if term.text.lower() in ("true", "false"):
        return Term(term.text.lower())
    return Complaint(f"{scope.name} is true or false, not {shown(term.text)!r}")


def _number_term(term: Term, scope: Scope) -> Term | Complaint:
    if parse_number(term.text) is not None:
        return Term(term.text)
    hint = f"Write a number, or AREA[{scope.name}]RANGE[1,MAX] for a span of them."
    return Complaint(f"{scope.name} is a number, not {shown(term.text)!r}", hint)


def _date_term(term: Term, scope: Scope) -> Term | Complaint:
    date = parse_date(term.text)
    if date is not None:
        return Term(str(date))
    if scope.kind is ValueKind.TIME and not isinstance(parse_minutes(term.text), Unparsed):
        return Term(term.text)
    return _no_date(term.text, scope)


def _age_term(term: Term, scope: Scope) -> Term | Complaint:
    age = parse_age(term.text)
    return Term(str(age)) if age is not None else _no_age(term.text, scope)


def _place_term(term: Term, scope: Scope) -> Complaint:
    hint = f"Write AREA[{scope.name}]DISTANCE[42.36,-71.06,50mi]."
    return Complaint(f"{scope.name} is a point on the map, which {shown(term.text)!r} is not", hint)


def _no_date(text: str, scope: Scope) -> Complaint:
    return Complaint(
        f"{scope.name} is a date, which {shown(text)!r} is not", f"Write a date as {DATE_FORMS}."
    )


def _no_age(text: str, scope: Scope) -> Complaint:
    found = parse_amount(text)
    if found is not None:
        return Complaint(
            f"{shown(found[1])!r} is not a unit of time", f"Write {AGE_FORMS}.", unknown_unit(found[1])
        )
    return Complaint(f"{scope.name} is an age, which {shown(text)!r} is not", f"Write {AGE_FORMS}.")


def _criterion_term(term: Term, scope: Scope) -> Term | Complaint:
    from trialist.query.criterion_areas import (
        read_term,
    )  # the tables of criteria are read when they are asked about

    found = read_term(scope.target.name, term.text)
    return Term(found, quoted=True) if isinstance(found, str) else Complaint(found.message, found.hint)


def check_missing(scope: Scope) -> Complaint | None:
    """Whether `MISSING` may be asked here."""
    if scope.kind is not ValueKind.CRITERION:
        return None
    return Complaint(
        f"{scope.name} is never missing: a study says something there or does not",
        f"Write NOT AREA[{scope.name}]…, or AREA[EligibilityCriteria]MISSING for studies without criteria.",
    )


_TERM_CHECKS: dict[ValueKind, Callable[[Term, Scope], Term | Complaint]] = {
    ValueKind.ENUM: _enum_term,
    ValueKind.BOOLEAN: _boolean_term,
    ValueKind.NUMBER: _number_term,
    ValueKind.DATE: _date_term,
    ValueKind.TIME: _date_term,
    ValueKind.AGE: _age_term,
    ValueKind.PLACE: _place_term,
    ValueKind.CRITERION: _criterion_term,
}


def check_range(lower: str | None, upper: str | None, scope: Scope) -> Range | Complaint:
    """A range from the texts of its bounds (None is open), typed by the area, or why it is refused.

    Dates, times, numbers, sizes, ages and NCT ids have an order. `RANGE[MIN,MAX]` asks for any value and so is legal
    for every field.
    """
    if scope.target.field is None:
        return Complaint(
            f"RANGE asks one field, not the search area {scope.name}",
            "Put the field before it: AREA[StartDate]RANGE[2020-01-01,MAX].",
        )
    if lower is None and upper is None:
        return Range(None, None)
    if scope.kind not in _BOUND_CHECKS:
        return Complaint(
            f"RANGE needs a date, a number, an age or an NCT id, which {scope.name} is not",
            f"AREA[{scope.name}]RANGE[MIN,MAX] asks whether there is any value.",
        )
    bounds: list[Bound | None] = []
    for text in (lower, upper):
        bound = None if text is None else _BOUND_CHECKS[scope.kind](text, scope)
        if isinstance(bound, Complaint):
            return bound
        bounds.append(bound)
    return Range(*bounds)


def _date_bound(text: str, scope: Scope) -> Bound | Complaint:
    date = parse_date(text)
    return DateBound(date) if date is not None else _no_date(text, scope)


def _time_bound(text: str, scope: Scope) -> Bound | Complaint:
    return _date_bound(text, scope) if isinstance(parse_minutes(text), Unparsed) else TermBound(text)


def _number_bound(text: str, scope: Scope) -> Bound | Complaint:
    number = parse_number(text)
    if number is not None:
        return NumberBound(number)
    return Complaint(f"{scope.name} is a number, which {shown(text)!r} is not", "Write digits, MIN or MAX.")


def _age_bound(text: str, scope: Scope) -> AgeBound | Complaint:
    age = parse_age(text)
    return age if age is not None else _no_age(text, scope)


def _id_bound(text: str, scope: Scope) -> Bound | Complaint:
    nct_id = parse_nct_id(text)
    if nct_id is not None:
        return TermBound(nct_id)
    return Complaint(
        f"{scope.name} is an NCT id, which {shown(text)!r} is not", "Write NCT and eight digits."
    )


_BOUND_CHECKS: dict[ValueKind, Callable[[str, Scope], Bound | Complaint]] = {
    ValueKind.DATE: _date_bound,
    ValueKind.TIME: _time_bound,
    ValueKind.NUMBER: _number_bound,
    ValueKind.AGE: _age_bound,
    ValueKind.NCT_ID: _id_bound,
}


def check_distance(scope: Scope) -> Complaint | None:
    """Whether `DISTANCE` may be asked here: only of `LocationGeoPoint`."""
    if scope.kind is ValueKind.PLACE:
        return None
    return Complaint(
        f"DISTANCE asks for a point on the map, which {scope.name} is not",
        "Put the field before it: AREA[LocationGeoPoint]DISTANCE[42.36,-71.06,50mi].",
    )
