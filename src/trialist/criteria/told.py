"""What is said of all values of all subjects: the widest stretches that are allowed or excluded, and the judge of a stretch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from trialist.criteria.lexicon import scales
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    ExceptWhen,
    Expr,
    Not,
    Opaque,
    Or,
    Span,
    atoms,
    children,
    rebuilt,
)
from trialist.criteria.quick import quick
from trialist.criteria.stance import Stance, Voice, Voices, true_stretch
from trialist.criteria.subjects import HAS, HAS_NOT, Stretch, id_of, is_measured, key_of, places

_HAVING = [HAS_NOT, HAS]


@quick
@dataclass(frozen=True, slots=True)
class Told:
    """A stance that holds for a whole stretch of a subject's values."""

    key: str
    stretch: Stretch
    stance: Stance


def tell_all(voices: Voices) -> list[Told]:
    """Everything that is allowed or excluded, each as the widest stretches; what is not told is unknown."""
    voices = _reduced(voices)
    found: list[Told] = []
    for subject, said in voices.by_id.items():
        keys = dict.fromkeys(_keys(said, subject))
        for key in keys:
            found += _runs(voices, key, _points(thresholds(voices, key), key))
    return found


_UNSAID = Opaque("", Span(0, 0))
_JUNCTIONS: frozenset[type] = frozenset({And, Or, Not, AtLeast, ExceptWhen, Alternatives})


def _reduced(voices: Voices) -> Voices:
    """The same voices, each cut to what it says of its subject: of the rest nothing is known anyway.

    A criterion has many atoms and is asked for every value of every one of its subjects. The judge does without this.
    """
    by_id = {
        subject: tuple([_cut(voice, subject) for voice in said]) for subject, said in voices.by_id.items()
    }
    return Voices(by_id, voices.in_doubt)


def _cut(voice: Voice, subject: str) -> Voice:
    """A voice cut to what it says of a subject; one that says nothing else stays as it is."""
    parts = tuple([part for part in voice.parts if part[1] == subject])
    if len(parts) == len(voice.parts):
        return voice
    return Voice(
        _about(voice.expr, subject),
        voice.includes,
        voice.decides,
        voice.modality,
        voice.guard,
        voice.of_field,
        parts,
    )


def _about(expr: Expr, subject: str) -> Expr:
    """An expression in which everything beside a subject is one thing that nobody knows."""
    if type(expr) not in _JUNCTIONS:
        return expr if id_of(expr) == subject else _UNSAID  # type: ignore[arg-type]  # no junction, so an atom
    if isinstance(expr, (And, Or)):
        kept = [part for one in expr.of if (part := _about(one, subject)) is not _UNSAID]
        if not kept:
            return _UNSAID
        if len(kept) < len(expr.of):
            kept.append(_UNSAID)
        return type(expr)(tuple(kept))
    cut = rebuilt(expr, lambda one: _about(one, subject))
    return _UNSAID if all(one is _UNSAID for one in children(cut)) else cut


def _keys(said: Collection[Voice], subject: str) -> Iterator[str]:
    for voice in said:
        for _, own, key in voice.parts:
            if own == subject and key:
                yield key


def thresholds(voices: Voices, key: str) -> list[Fraction]:
    """The values at which what is said of a subject may change, ascending; the places of a scale; having and not having."""
    subject = key.partition("@")[0]
    if not is_measured(subject):
        return _HAVING
    if subject in _scales():
        return [Fraction(place) for place in places(subject).values()]
    ends: set[Fraction | None] = set()
    for voice in voices.by_id.get(subject, ()):
        guard = () if voice.guard is None else [(atom, "", key_of(atom)) for atom in atoms(voice.guard)]
        for atom, _, own in (*voice.parts, *guard):
            if own == key:
                stretch = true_stretch(atom)
                if stretch is not None:
                    ends |= {stretch.lower, stretch.upper}
    return sorted(end for end in ends if end is not None)


def is_stepped(key: str) -> bool:
    """Whether a subject has single values with nothing between them."""
    return not is_measured(key.partition("@")[0]) or key in _scales()


@cache
def _scales() -> frozenset[str]:
    return frozenset(scales())


_Point = tuple[Fraction, Stretch]
_HAVING_POINTS: list[_Point] = [(end, Stretch(end, end)) for end in _HAVING]


def _points(ends: Sequence[Fraction], key: str) -> list[_Point]:
    """One value for each stretch within which nothing changes, with that stretch, ascending."""
    if ends is _HAVING:
        return _HAVING_POINTS
    if is_stepped(key):
        return [(end, Stretch(end, end)) for end in ends]
    if not ends:
        return []
    found: list[_Point] = [(ends[0] - 1, Stretch(None, ends[0], upper_inclusive=False))]
    for place, end in enumerate(ends):
        found.append((end, Stretch(end, end)))
        if place + 1 < len(ends):
            after = ends[place + 1]
            found.append(((end + after) / 2, Stretch(end, after, False, False)))
    found.append((ends[-1] + 1, Stretch(ends[-1], None, lower_inclusive=False)))
    return found


def _runs(voices: Voices, key: str, points: Sequence[_Point]) -> Iterator[Told]:
    """Neighbours of one stance joined; what is unknown left out."""
    run: Told | None = None
    for value, stretch in points:
        stance = voices.stance(key, value)
        if run is not None and run.stance is stance:
            joined = Stretch(
                run.stretch.lower, stretch.upper, run.stretch.lower_inclusive, stretch.upper_inclusive
            )
            run = Told(key, joined, stance)
            continue
        if run is not None and run.stance is not Stance.UNKNOWN:
            yield run
        run = Told(key, stretch, stance)
    if run is not None and run.stance is not Stance.UNKNOWN:
        yield run


def stance_over(voices: Voices, key: str, stretch: Stretch) -> Stance:
    """What is said of every value of a stretch; unknown where it is not the same for all of them."""
    found = {voices.stance(key, value) for value in _values_in(stretch, thresholds(voices, key), key)}
    return found.pop() if len(found) == 1 else Stance.UNKNOWN


def _values_in(stretch: Stretch, ends: Sequence[Fraction], key: str) -> list[Fraction]:
    """Values of a stretch among which is one for each of the parts within which nothing changes."""
    if is_stepped(key):
        return [end for end in ends if stretch.holds(end)]
    cuts = sorted({*ends, *(end for end in (stretch.lower, stretch.upper) if end is not None)})
    if not cuts:
        return [Fraction(0)]
    between = [(one + other) / 2 for one, other in pairwise(cuts)]
    return [one for one in [cuts[0] - 1, *cuts, *between, cuts[-1] + 1] if stretch.holds(one)]
