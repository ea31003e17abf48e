"""What the registry's own fields say of who may take part: witnesses beside the text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trialist.record import Age, Study

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
