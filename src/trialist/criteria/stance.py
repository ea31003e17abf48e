"""What a study's criteria say of one value of one subject: they allow it, exclude it, or it is not known.

`EXCLUDES`: some criterion decides against every person with this value, whatever else is true of the person.
`ALLOWS`: at least one criterion speaks of the subject and is content with this value, and no criterion that speaks of it, or
may speak of it, is anything but content. Everything else is `UNKNOWN`: what is silent, opaque, ambiguous, repaired, limited to a
cohort, or about another unit. `ALLOWS` says nothing of the other criteria; nobody is eligible by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import get_args

from trialist.criteria.criterion import Criterion, CriterionSet, Modality, Polarity, Population
from trialist.criteria.kin import covered_by, named_in
from trialist.criteria.nodes import (
    KNOWN_OR_SUSPECTED,
    Alternatives,
    And,
    AtLeast,
    Atom,
    Biomarker,
    Concept,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
    atoms,
    join_all,
)
from trialist.criteria.quick import quick
from trialist.criteria.subjects import (
    AGE,
    HAS,
    HAS_NOT,
    OUTCOMES,
    Stretch,
    days,
    id_of,
    key_of,
    places,
    stretch_of,
)
from trialist.criteria.witness import Witness

_DOUBTFUL = frozenset(
    {
        "degraded_comparator",
        "lost_comparator",
        "lost_exponent",
        "thousands_separator",
        "implausible_value",
        "contradictory_bounds",
        "incomplete_reference",
        "inverted_polarity",
        "encoding",
    }
)
"""Defects after which a reading is no longer certain enough to decide by itself."""

_SURE_REPAIR = 0.99
_SURE = 0.7
"""A criterion of which less is sure, or of which a part was not understood, does not decide by itself."""


class Stance(StrEnum):
    """What is said of a value."""

    ALLOWS = "allows"
    EXCLUDES = "excludes"
    UNKNOWN = "unknown"


@quick
@dataclass(frozen=True, slots=True)
class Voice:
    """A criterion as it speaks of subjects: what it does when true, and whether it may decide by itself."""

    expr: Expr
    includes: bool
    decides: bool
    modality: Modality = Modality.REQUIRED
    guard: Expr | None = None
    of_field: bool = False
    parts: tuple[tuple[Atom, str, str], ...] = ()
    """Every atom with the id and the key of its subject."""


@dataclass(frozen=True, slots=True)
class Voices:
    """All that a study says, by subject id, and the ids that stand in words which were not understood."""

    by_id: dict[str, tuple[Voice, ...]]
    in_doubt: frozenset[str]

    def stance(self, key: str, value: Fraction) -> Stance:
        """What is said of one value of a subject."""
        subject = key.partition("@")[0]
        against = in_favour = soft = False
        doubt = subject in self.in_doubt
        of_fields: list[bool | None] = []
        for voice in self.by_id.get(subject, ()):
            if voice.guard is not None and _truth(voice.guard, key, value) is False:
                continue
            said = _say(voice, key, value)
            if voice.of_field:
                of_fields.append(said)
                continue
            if voice.modality is not Modality.REQUIRED:
                states = _truth(voice.expr, key, value)
                soft |= states is not False
                doubt |= states is None or voice.modality is Modality.INFORMATIVE
                in_favour |= states is True and voice.modality is Modality.PERMISSIVE and voice.decides
                continue
            against |= said is False and voice.decides and voice.guard is None
            in_favour |= said is True and voice.decides
            doubt |= said is None or (said is False and voice.guard is not None)
            doubt |= not voice.decides and not (said is True and of_fields and False not in of_fields)
        field_for = bool(of_fields) and False not in of_fields
        return _joined(against, in_favour, soft, doubt, False in of_fields, field_for)


def _joined(
    against: bool, in_favour: bool, soft: bool, doubt: bool, field_against: bool, field_for: bool
) -> Stance:
    """One result of all voices; where the text and the registry's own field disagree, nothing is certain."""
    if against or field_against:
        agreed = not (against and field_for) and not (field_against and in_favour and not against)
        return Stance.EXCLUDES if agreed and not soft else Stance.UNKNOWN
    return Stance.ALLOWS if (in_favour or field_for) and not doubt else Stance.UNKNOWN


def _say(voice: Voice, key: str, value: Fraction) -> bool | None:
    """True where a voice is content with a value, False where it decides against it, None where that is open."""
    truth = _truth(voice.expr, key, value)
    if truth is None:
        return True if _is_best(voice.expr, key, value, voice.includes) else None
    return truth is voice.includes


def read_voices(found: CriterionSet, witness: Witness) -> Voices:
    """What a set and the registry's own fields say; nothing for a study without a text."""
    if not found.available:
        return Voices({}, frozenset())
    headed = not any(one.kind == "no_heading" for one in found.findings)
    voices = [
        _voice(one, headed, witness)
        for one in found.criteria
        if one.modality is not Modality.HEADER
        and one.population is Population.PATIENT
        and (one.counts or one.modality is not Modality.REQUIRED)
    ]
    by_id: dict[str, list[Voice]] = {}
    for voice in voices:
        for subject in dict.fromkeys(subject for _, subject, _ in voice.parts):
            if subject:
                by_id.setdefault(subject, []).append(voice)
    for voice in _of_fields(witness):
        by_id.setdefault(AGE, []).insert(0, voice)
    unread = [_words(atom) for voice in voices for atom, _, _ in voice.parts]
    unread += [one.text for one in found.residue if one.kind == "text"]
    in_doubt = set().union(*map(named_in, filter(None, unread)), *map(covered_by, by_id))
    return Voices({subject: tuple(said) for subject, said in by_id.items()}, frozenset(in_doubt))


def _words(atom: Atom) -> str:
    """The words of an atom that say something nobody understood."""
    if isinstance(atom, Opaque):
        return atom.text
    if isinstance(atom, Judgement) and atom.topic != "life_expectancy":
        return atom.surface
    return atom.surface if isinstance(atom, Concept) and not atom.concept_id else ""


_PERMISSION = frozenset(
    [
        "allowed",
        "allowable",
        "permitted",
        "permissible",
        "eligible",
        "acceptable",
        "are",
        "is",
        "may",
        "be",
        "will",
        "not",
        "excluded",
    ]
)


def _without_permission(expr: Expr) -> Expr:
    """What is permitted, without the word that permits it."""
    if not isinstance(expr, And):
        return expr
    kept = [
        one
        for one in expr.of
        if not (isinstance(one, Opaque) and set(one.text.lower().split()) <= _PERMISSION)
    ]
    return join_all(kept) if kept else expr


def _voice(one: Criterion, headed: bool, witness: Witness) -> Voice:
    """A criterion as a voice."""
    expr = _without_permission(one.expr) if one.modality is Modality.PERMISSIVE else one.expr
    parts = tuple([(atom, id_of(atom), key_of(atom)) for atom in atoms(expr)])
    is_doubtful = any(
        defect.kind in _DOUBTFUL and not (defect.repair and defect.confidence >= _SURE_REPAIR)
        for defect in one.defects
    )
    is_sure = one.confidence >= _SURE or expr is not one.expr
    is_understood = is_sure and not any(isinstance(atom, Opaque) for atom, _, _ in parts)
    if not headed and (witness.minimum_age or witness.maximum_age):
        headed = all(subject == AGE for _, subject, _ in parts)  # which the registry's own fields confirm
    decides = headed and is_understood and not is_doubtful and not one.scope
    includes = one.polarity is Polarity.INCLUSION
    return Voice(expr, includes, decides, one.modality, one.guard, parts=parts)


def _of_fields(witness: Witness) -> Iterator[Voice]:
    """The registry's own ages as voices; nothing of ages that contradict each other."""
    low, high = witness.minimum_age, witness.maximum_age
    if low is not None and high is not None and (days(*low) or 0) > (days(*high) or 0):
        return
    for age, interval in (
        (low, None if low is None else Interval(lower=low[0])),
        (high, None if high is None else Interval(upper=high[0])),
    ):
        if age is not None and interval is not None:
            said = Demographic(AGE, Span(0, 0), interval, age[1])
            yield Voice(said, includes=True, decides=True, of_field=True, parts=((said, AGE, AGE),))


# Truth with only one subject known: True, False, or None for not known


def _truth(expr: Expr, key: str, value: Fraction) -> bool | None:
    if type(expr) in _ATOMS:
        return truth_of_atom(expr, key, value)  # type: ignore[arg-type]  # an atom by its type
    if isinstance(expr, And):
        return _every([_truth(one, key, value) for one in expr.of])
    if isinstance(expr, Or):
        return _some([_truth(one, key, value) for one in expr.of])
    match expr:
        case Not(of):
            return _not(_truth(of, key, value))
        case AtLeast(count, of):
            said = [_truth(one, key, value) for one in of]
            if said.count(True) >= count:
                return True
            return False if said.count(True) + said.count(None) < count else None
        case ExceptWhen(main, exception):
            return _every([_truth(main, key, value), _not(_truth(exception, key, value))])
        case Alternatives(readings):
            different = {_truth(one, key, value) for one in readings}
            return different.pop() if len(different) == 1 else None
        case _:
            return truth_of_atom(expr, key, value)


_ATOMS: frozenset[type] = frozenset(get_args(Atom))


def _every(said: Sequence[bool | None]) -> bool | None:
    if False in said:
        return False
    return None if None in said else True


def _some(said: Sequence[bool | None]) -> bool | None:
    if True in said:
        return True
    return None if None in said else False


def _not(said: bool | None) -> bool | None:
    return None if said is None else not said


def _is_best(expr: Expr, key: str, value: Fraction, wanted: bool) -> bool:
    """Whether every atom of the subject has the truth that brings the whole nearest to `wanted`.

    An expression only rises with what it joins, so no other value of the subject could then be better.
    """
    if type(expr) in _ATOMS:
        return id_of(expr) != key.partition("@")[0] or truth_of_atom(expr, key, value) is wanted  # type: ignore[arg-type]  # an atom by its type
    if isinstance(expr, (And, Or)):
        return all(_is_best(one, key, value, wanted) for one in expr.of)
    match expr:
        case AtLeast(_, of):
            return all(_is_best(one, key, value, wanted) for one in of)
        case Alternatives(readings):
            return all(_is_best(one, key, value, wanted) for one in readings)
        case Not(of):
            return _is_best(of, key, value, not wanted)
        case ExceptWhen(main, exception):
            return _is_best(main, key, value, wanted) and _is_best(exception, key, value, not wanted)
        case _:
            if id_of(expr) != key.partition("@")[0]:
                return True
            return truth_of_atom(expr, key, value) is wanted


def truth_of_atom(atom: Atom, key: str, value: Fraction) -> bool | None:
    """Whether an atom is true of everybody with this value of the subject; None where that is not known."""
    if key_of(atom) != key:  # of another subject, or of this one in another unit
        return None
    if type(atom) in _THINGS:
        return _truth_of_thing(atom, has=_is_same(value, HAS))
    match atom:
        case Quantity() | Demographic():
            stretch = true_stretch(atom)
            return None if stretch is None else stretch.holds(value)
        case Ordinal(scale, allowed):
            if "comparator" in atom.assumed:
                return None
            return value in {places(scale).get(step) for step in allowed}
        case Result(_, outcome):
            return None if outcome not in OUTCOMES else _is_same(value, OUTCOMES[outcome])
        case _:
            return _truth_of_thing(atom, has=_is_same(value, HAS))


_THINGS: frozenset[type] = frozenset({Concept, Exposure, ReproState, Biomarker})


def _is_same(value: Fraction, other: Fraction) -> bool:
    """Whether two numbers are the same; most are one of two constants, and comparing fractions takes long."""
    if value is other:
        return True
    return not ((value is HAS and other is HAS_NOT) or (value is HAS_NOT and other is HAS)) and value == other


@lru_cache(maxsize=8192)
def true_stretch(atom: Atom) -> Stretch | None:
    """The values of its subject with which a quantity or an age is true; None where they cannot be compared."""
    return stretch_of(atom)


def _truth_of_thing(atom: Atom, *, has: bool) -> bool | None:
    """Who never had a thing does not have it in any way; who has or had it may still not have it in the way that is asked.

    A time beside something that was done is often a condition ("four weeks since chemotherapy", if there was any).
    """
    if not has:
        return None if isinstance(atom, Exposure) and (atom.time or atom.response) else False
    return True if _is_plain(atom) else None


def _is_plain(atom: Atom) -> bool:
    """Whether an atom asks for nothing but that a person has or had the thing."""
    match atom:
        case Concept():
            return bool(atom.concept_id) and not (
                atom.status
                or atom.severity
                or atom.certainty not in ("", KNOWN_OR_SUSPECTED)
                or atom.subject
                or atom.caused_by
                or atom.not_caused_by
                or atom.time
            )
        case Exposure():
            everywhere = "systemic" in atom.route and bool({"local", "topical"} & set(atom.route))
            asks = atom.status or atom.response or atom.time or (atom.route and not everywhere)
            return bool(atom.concept_id) and not asks and atom.role in ("", "prior")
        case ReproState():
            return atom.time is None
        case Biomarker():
            return False
        case _:
            return False
