"""What several documents say of one person → one patient. Where they contradict each other, nothing is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from trialist.patient.extents import DateRange
from trialist.patient.facts import Origin, Patient, Sex, Unresolved


def join_patients(parts: Sequence[Patient]) -> Patient:
    """One patient of several documents about the same person, in their order.

    Births that overlap are narrowed to what all say. A birth, a sex or a death on which documents differ is not known, and is
    listed in `unresolved`. A patient who is the only one is given back as it is.
    """
    if len(parts) == 1:
        return parts[0]
    listed: list[Unresolved] = [one for part in parts for one in part.unresolved]
    birth = _birth(parts, listed)
    sex = _same_sex(parts, listed)
    is_dead, death = _death(parts, listed)
    days = [part.first_seen for part in parts if part.first_seen is not None]
    ends = [part.last_seen for part in parts if part.last_seen is not None]
    return Patient(
        facts=tuple(dict.fromkeys(fact for part in parts for fact in part.facts)),
        birth=birth,
        sex=sex,
        is_dead=is_dead,
        death=_after(birth, death, listed),
        first_seen=min(days, default=None),
        last_seen=max(ends, default=None),
        unresolved=tuple(listed),
        label=next((part.label for part in parts if part.label), ""),
        note_words=frozenset().union(*(part.note_words for part in parts)),
    )


def _differ(what: str, listed: list[Unresolved]) -> None:
    listed.append(Unresolved(Origin("joined"), "contradiction", f"two documents tell the {what} differently"))


def _birth(parts: Sequence[Patient], listed: list[Unresolved]) -> DateRange | None:
    told = [part.birth for part in parts if part.birth is not None]
    if not told:
        return None
    earliest = max((one.earliest for one in told if one.earliest is not None), default=None)
    latest = min((one.latest for one in told if one.latest is not None), default=None)
    if earliest is not None and latest is not None and earliest > latest:
        _differ("birth or age", listed)
        return None
    return DateRange(earliest, latest)


def _same_sex(parts: Sequence[Patient], listed: list[Unresolved]) -> Sex | None:
    told = {part.sex for part in parts if part.sex is not None}
    if len(told) > 1:
        _differ("sex", listed)
        return None
    return next(iter(told), None)


def _death(parts: Sequence[Patient], listed: list[Unresolved]) -> tuple[bool | None, DateRange | None]:
    told = {part.is_dead for part in parts if part.is_dead is not None}
    if len(told) > 1:
        _differ("death", listed)
        return None, None
    is_dead = next(iter(told), None)
    days = [part.death for part in parts if part.death is not None]
    earliest: date | None = max((one.earliest for one in days if one.earliest is not None), default=None)
    latest: date | None = min((one.latest for one in days if one.latest is not None), default=None)
    if not days:
        return is_dead, None
    if earliest is not None and latest is not None and earliest > latest:
        _differ("day of death", listed)
        return is_dead, None
    return is_dead, DateRange(earliest, latest)


def _after(birth: DateRange | None, death: DateRange | None, listed: list[Unresolved]) -> DateRange | None:
    """The death unless it lies before the birth, which two documents can say together though neither does."""
    born = birth.earliest if birth is not None else None
    died = death.latest if death is not None else None
    if born is not None and died is not None and died < born:
        _differ("day of death", listed)
        return None
    return death
