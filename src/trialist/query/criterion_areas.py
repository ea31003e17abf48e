"""Search areas of our own: what eligibility criteria say, with polarity. The registry's API does not have them.

Terms are read by `criteria/asking.py`; what a study says is `criteria/stance.py`'s word, straight from the text for the judge
and from the table of parsed criteria for the index. What is not known is in none of these areas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import orjson

from trialist.criteria import parse_criteria
from trialist.criteria.asking import Asked, NotAsked, Wish, answers, find_subject, name_of, parse_asked
from trialist.criteria.criterion import Criterion
from trialist.criteria.mentions import Side, mentions
from trialist.criteria.nodes import atoms
from trialist.criteria.stance import Voices, read_voices
from trialist.criteria.subjects import AGE, THING_KINDS, Stretch, id_of, kind_of
from trialist.criteria.witness import read_witness
from trialist.index.criteria_table import CriteriaTable, Numbers, Span
from trialist.query.areas import CRITERION_AREAS
from trialist.record.study import Study

_WISHES = {
    "CriterionAllows": Wish.ALLOWS,
    "CriterionExcludes": Wish.EXCLUDES,
    "CriterionRequires": Wish.REQUIRES,
}
_MEASURED = frozenset({"variable", "scale", AGE})
_THINGS = frozenset({*THING_KINDS, "state", "trial"})


@dataclass(frozen=True, slots=True)
class _Mention:
    kinds: frozenset[str]
    sides: Side


_ALL_SIDES = Side.INCLUSION | Side.EXCLUSION | Side.OTHER
_MENTIONS = {
    "CriterionVariable": _Mention(_MEASURED, _ALL_SIDES),
    "CriterionConcept": _Mention(_THINGS, _ALL_SIDES),
    "InclusionVariable": _Mention(_MEASURED, Side.INCLUSION),
    "ExclusionVariable": _Mention(_MEASURED, Side.EXCLUSION),
    "InclusionConcept": _Mention(_THINGS, Side.INCLUSION),
    "ExclusionConcept": _Mention(_THINGS, Side.EXCLUSION),
}
if {*_WISHES, *_MENTIONS} != set(CRITERION_AREAS):
    raise AssertionError("every area of criteria is answered")


@lru_cache(maxsize=1024)
def read_term(area: str, text: str) -> str | NotAsked:
    """The one spelling of a term in an area, or why it cannot be asked there."""
    if area in _WISHES:
        asked = parse_asked(text)
        if isinstance(asked, NotAsked):
            return asked
        if area == "CriterionRequires" and not asked.opposite:
            return NotAsked("there is nothing else that could be required", "Ask for fewer of the values.")
        return asked.text
    mention = _MENTIONS[area]
    found = find_subject(text, mention.kinds)
    if isinstance(found, NotAsked):
        other = find_subject(text)
        if isinstance(other, str):
            right = (
                area.replace("Variable", "Concept")
                if area.endswith("Variable")
                else area.replace("Concept", "Variable")
            )
            return NotAsked(f"{text[:60]!r} does not belong in {area}", f"Write AREA[{right}]{text}.")
    return found


def find(table: CriteriaTable, area: str, text: str) -> Numbers:
    """The studies of a table that a term finds; the term has its one spelling."""
    if area in _MENTIONS:
        return table.speaking(text, _MENTIONS[area].sides)
    asked, wish = _asked(text), _WISHES[area]
    stretches = asked.opposite if wish == Wish.REQUIRES else asked.stretches
    found: Numbers | None = None
    for one in stretches:
        numbers = np.unique(table.telling(asked.key, _span(one), excludes=wish != Wish.ALLOWS))
        found = numbers if found is None else np.intersect1d(found, numbers, assume_unique=True)
    return np.empty(0, dtype=np.uint32) if found is None else found


def spoken_of(table: CriteriaTable, area: str) -> dict[str, Numbers]:
    """Every subject that an area over mentions has in a table, with the studies, ascending."""
    mention = _MENTIONS[area]
    found = table.spoken_of(mention.sides)
    return {subject: numbers for subject, numbers in found.items() if kind_of(subject) in mention.kinds}


def _asked(text: str) -> Asked:
    found = parse_asked(text)
    if isinstance(found, NotAsked):
        raise ValueError(f"{text!r}: {found.message}")
    return found


def _span(stretch: Stretch) -> Span:
    low = float("-inf") if stretch.lower is None else float(stretch.lower)
    high = float("inf") if stretch.upper is None else float(stretch.upper)
    return low, high, stretch.lower_inclusive, stretch.upper_inclusive


def judge(study: Study, area: str, text: str) -> bool:
    """Whether a term finds a study, straight from its text: the judge of `find`."""
    spoken, voices = _heard(orjson.dumps(study.record))
    if area in _MENTIONS:
        return bool(spoken.get(text, Side(0)) & _MENTIONS[area].sides)
    return answers(voices, _asked(text), _WISHES[area])


@lru_cache(maxsize=256)
def _heard(raw: bytes) -> tuple[Mapping[str, Side], Voices]:
    study = Study.from_json(raw)
    text = study["EligibilityCriteria"]
    found = parse_criteria(text if isinstance(text, str) else None, study)
    return mentions(found), read_voices(found, read_witness(study))


def sentences(study: Study, area: str, text: str) -> tuple[str, ...]:
    """The criteria of a study that speak of what a term is about, each with its id and in plain words."""
    subject = text if area in _MENTIONS else _asked(text).key.partition("@")[0]
    written = study["EligibilityCriteria"]
    found = parse_criteria(written if isinstance(written, str) else None, study)
    return tuple(f"{one.id}: {one.plain}" for one in found.criteria if subject in _subjects_of(one))


def fields_heard(area: str, text: str) -> tuple[str, ...]:
    """The registry's own fields, as pieces, that have a voice beside the criteria in what is asked."""
    is_of_age = area in _WISHES and _asked(text).key == AGE
    return ("MinimumAge", "MaximumAge") if is_of_age else ()


def _subjects_of(criterion: Criterion) -> frozenset[str]:
    return frozenset(map(id_of, atoms(criterion.expr)))


def label_of(subject: str) -> str:
    """What a reader calls a subject."""
    return name_of(subject)
