"""A patient → the trials that take people now, ordered by what their criteria come to, each place explained.

Candidates are found by the patient's conditions (with synonyms, and with what contains them) among studies that take people;
nothing else narrows them, so that what is not known of a patient drops no study. The registry's net of criteria tells what all
of them come to; the judge is asked about those that are shown, and about studies that the net does not have. Without a net
the judge looks at the most relevant ones, and how many were not looked at is told.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from trialist.criteria.lexicon import tables
from trialist.criteria.witness import read_witness
from trialist.errors import InvalidParameterError
from trialist.evaluation.kinship import broader, characters
from trialist.evaluation.missing import MissingFact
from trialist.evaluation.verdict import Class
from trialist.patient.facts import Certainty, FactKind, Patient, Subject
from trialist.query.params import read_params
from trialist.registry.forgetting import forget_texts
from trialist.registry.judging import (
    MOST_TOLD,
    OPEN_STATUSES,
    Asked,
    CriteriaOf,
    Judge,
    Match,
    StudyOf,
    first_told,
    join_found,
    judge_all,
)
from trialist.registry.looking import look_up
from trialist.registry.searching import Choices, Finder, with_choices
from trialist.store import StoredStudy
from trialist.vocabulary.text import fold_text

_MOST_CONDITIONS = 12


@dataclass(frozen=True, slots=True)
class Matched:
    """What a match found: trials in order, how many of each class, near misses, and the facts worth asking for first.

    `found` studies are about the conditions and take people, `looked` were evaluated.
    """

    asked: tuple[str, ...]
    found: int
    looked: int
    matches: tuple[Match, ...]
    counts: tuple[tuple[Class, int], ...]
    near_misses: tuple[Match, ...]
    telling: tuple[MissingFact, ...]
    notes: tuple[str, ...] = ()


def conditions_of(patient: Patient) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names to search by: the patient's own conditions, and what contains them."""
    own: dict[str, None] = {}
    above: dict[str, None] = {}
    for fact in patient.facts:
        is_own = fact.kind is FactKind.CONDITION and not fact.negated and fact.subject is Subject.PATIENT
        if not is_own or fact.certainty is Certainty.SUSPECTED or fact.id in characters("relative"):
            continue
        row = tables()["condition"].get(fact.id)
        own[row["name"] if row else fact.surface] = None
        for one in sorted(broader("condition", fact.id)) if fact.id else [fact.broader]:
            if one in tables()["condition"]:
                above[tables()["condition"][one]["name"]] = None
    names = tuple(name for name in own if name)
    return names, tuple(name for name in above if name not in own)


def match(
    finder: Finder,
    study_of: StudyOf,
    patient: Patient,
    asked: Asked,
    criteria_of: CriteriaOf,
    check: Callable[[], None] = lambda: None,
) -> Matched:
    """The trials for a patient, best first; `check` is called all along, and what it raises ends the match. `InvalidParameterError` where there is no condition to search by."""
    finder = finder.forgetful()  # what a patient has is not kept for the next search
    own, above = (asked.conditions, ()) if asked.conditions else conditions_of(patient)
    if not own and not asked.anything:
        raise InvalidParameterError(
            "nothing is known of the patient's conditions",
            hint="Name one to search by: --condition 'acute GVHD'; or look at everything: --anything.",
        )
    notes = [] if len(own) <= _MOST_CONDITIONS else [f"Searched by the first {_MOST_CONDITIONS} conditions."]
    own, above = own[:_MOST_CONDITIONS], above[:_MOST_CONDITIONS]
    try:
        topical = _ids(finder, own, asked)
        wider = _wider(finder, above, asked, set(topical))
    finally:
        forget_texts(own)
    candidates, on_topic = [*topical, *wider], frozenset(topical)
    judge = Judge(study_of, criteria_of, patient, asked, on_topic)
    net = None if asked.policy.takes_silence else finder.net
    in_net = [] if net is None else net.known(candidates, finder.versions)
    known = frozenset(in_net)
    loose = [one for one in candidates if one not in known]
    looked = loose[: asked.candidates]
    if len(looked) < len(loose):
        notes.append(
            f"{len(loose) - len(looked)} further studies were found and not looked at: {_why(finder, asked)}."
        )
    found = judge_all(judge, looked, check)
    if net is not None and in_net:
        found = join_found(found, look_up(net, judge, in_net, check, None if looked else MOST_TOLD))
    return Matched(
        asked=own,
        found=len(candidates),
        looked=len(in_net) + len(looked),
        matches=tuple(found.matches[: asked.most]),
        counts=tuple((one, found.counts[one]) for one in Class),
        near_misses=tuple(found.near[: asked.most]),
        telling=first_told(found.missing),
        notes=tuple(notes),
    )


def _why(finder: Finder, asked: Asked) -> str:
    """Why the judge had to look at trials one by one."""
    if asked.policy.takes_silence:
        return f"the policy {asked.policy.name} is asked of each criterion"
    if finder.net is None:
        return "there is no net of their criteria, which `trialist index` builds"
    return "they have changed since the net of criteria was built, which `trialist index` brings up to date"


def _wider(finder: Finder, above: Sequence[str], asked: Asked, known: Container[str]) -> list[str]:
    """What is looked at besides the studies that are about a condition of the patient."""
    found = _ids(finder, above, asked) if above and not asked.anything else []
    if asked.anything:
        found = list(finder.ids(with_choices(read_params({}), _choices(asked))))
    return [one for one in found if one not in known]


def _ids(finder: Finder, names: Sequence[str], asked: Asked) -> list[str]:
    """The studies about one of these that take people, most relevant first."""
    quoted = " OR ".join(f'"{_plain(name)}"' for name in names if _plain(name))
    if not quoted:
        return []
    return list(finder.ids(with_choices(read_params({"query.cond": quoted}), _choices(asked))))


def _choices(asked: Asked) -> Choices:
    return Choices(
        status="" if asked.within else OPEN_STATUSES,
        near=asked.near,
        within=asked.within,
        open_sites=bool(asked.within),
    )


def _plain(name: str) -> str:
    """A name without what would be read as part of an expression."""
    return " ".join("".join(char if char.isalnum() or char in "-' " else " " for char in name).split())


def explain(stored: StoredStudy, patient: Patient, asked: Asked, criteria_of: CriteriaOf) -> Match:
    """One trial for a patient, whether or not it takes people now."""
    own = asked.conditions or conditions_of(patient)[0]
    names = {tuple(fold_text(one)) for one in own}
    forget_texts(own)
    about = {tuple(fold_text(one)) for one in read_witness(stored.study).conditions}
    judge = Judge(lambda _: stored, criteria_of, patient, asked, ())
    return judge.match_stored(stored, is_on_topic=bool(names & about))
