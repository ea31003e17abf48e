"""What the registry's own fields say of who may take part: witnesses beside the text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from trialist.criteria.nodes import Alternatives, And, Demographic, Expr, Interval
from trialist.record import Age, Study
from trialist.vocabulary.written_units import convert

_UNITS = {"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min"}


@dataclass(frozen=True, slots=True)
class Witness:
    """Ages as (number, UCUM unit), sex as the registry's value, healthy volunteers; None or "" where not said."""

    nct_id: str = ""
    minimum_age: tuple[Decimal, str] | None = None
    maximum_age: tuple[Decimal, str] | None = None
    sex: str = ""
    healthy_volunteers: bool | None = None
    conditions: tuple[str, ...] = ()
    title: str = ""


def read_witness(study: Study | None) -> Witness:
    """The fields of a study; an empty witness for no study."""
    if study is None:
        return Witness()
    healthy = study["HealthyVolunteers"]
    return Witness(
        nct_id=study.nct_id or "",
        minimum_age=_age(study["MinimumAge"]),
        maximum_age=_age(study["MaximumAge"]),
        sex=str(study["Sex"] or ""),
        healthy_volunteers=healthy if isinstance(healthy, bool) else None,
        conditions=tuple(str(one) for one in study["Condition"] or ()),
        title=str(study["BriefTitle"] or ""),
    )


def _age(value: object) -> tuple[Decimal, str] | None:
    return (Decimal(value.count), _UNITS[value.unit.value]) if isinstance(value, Age) else None


def asks_one_sex(expr: Expr, witness: Witness) -> bool:
    """Whether a statement requires one sex together with something else, where the registry's field takes both.

    `Women not of childbearing potential` is then asked of women: no man is kept out by it.
    """
    if isinstance(expr, Alternatives):
        return all(asks_one_sex(one, witness) for one in expr.readings)
    return (
        witness.sex == "ALL"
        and isinstance(expr, And)
        and any(
            isinstance(one, Demographic) and one.kind == "sex" and len(one.values) == 1 for one in expr.of
        )
    )


def settle_age(expr: Expr, witness: Witness) -> Expr:
    """The expression with ages whose sign was lost (`Age = 18 years`) turned as the registry's own ages say; others stay."""
    if isinstance(expr, And):
        parts = tuple(settle_age(one, witness) for one in expr.of)
        return expr if parts == expr.of else And(parts)
    if not isinstance(expr, Demographic) or expr.interval is None or "comparator" not in expr.assumed:
        return expr
    value, rest = expr.interval.lower, tuple(one for one in expr.assumed if one != "comparator")
    for field, is_lower in ((witness.minimum_age, True), (witness.maximum_age, False)):
        theirs = convert(field[0], field[1], expr.unit) if field is not None else None
        if theirs is not None and theirs == value:
            side = Interval(lower=value) if is_lower else Interval(upper=value)
            return replace(expr, interval=side, assumed=(*rest, "field"))
    return expr
