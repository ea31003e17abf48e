"""A patient → the trials that take people now, ordered by what their criteria come to, each place explained.

Candidates are found by the patient's conditions (with synonyms, and with what contains them) among studies that take people;
nothing else narrows them, so that what is not known of a patient drops no study. How many were found and not looked at is
told. Verdicts are the judge's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from trialist.criteria import CriterionSet
from trialist.criteria.lexicon import tables
from trialist.criteria.witness import Witness, read_witness
from trialist.errors import InvalidParameterError
from trialist.evaluation.evaluate import evaluate, has_headings
from trialist.evaluation.kinship import broader, characters
from trialist.evaluation.known import Known
from trialist.evaluation.near import NearMiss, near_miss
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.verdict import Class, Effect, Verdict
from trialist.patient.facts import Certainty, FactKind, Patient, Subject
from trialist.query.params import read_params
from trialist.record.dates import PartialDate
from trialist.record.study import GeoPoint, Study
from trialist.registry.forgetting import forget_texts
from trialist.registry.searching import Choices, Finder, with_choices
from trialist.registry.sites import OpenSite, open_sites
from trialist.store import StoredStudy
from trialist.vocabulary.text import fold_text

CriteriaOf = Callable[[StoredStudy], CriterionSet]
"""Where parsed criteria come from: parsed now, or read from what was kept."""

StudyOf = Callable[[str], StoredStudy]
"""A stored study by its NCT id."""

DEFAULT_MOST = 20
MOST_CANDIDATES = 300
OPEN_STATUSES = "recruiting,not yet recruiting,enrolling by invitation,available"
_MOST_CONDITIONS = 12
_MOST_FACTS_TOLD = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked besides the patient.

    `conditions` are words that stand instead of the patient's own conditions. `within` is a length (`50km`) and needs
    `near`. `candidates` is how many studies are looked at, the most relevant first.
    """

    as_of: date
    policy: Policy = STRICT
    conditions: tuple[str, ...] = ()
    near: GeoPoint | None = None
    within: str = ""
    most: int = DEFAULT_MOST
    candidates: int = MOST_CANDIDATES


@dataclass(frozen=True, slots=True)
class Match:
    """A trial in its place: the verdict, whether it is about one of the patient's conditions, and why it stands here."""

    study: Study
    verdict: Verdict
    on_topic: bool
    site: OpenSite | None
    updated: PartialDate | None
    because: tuple[str, ...]
    near_miss: NearMiss | None = None

    @property
    def share_decided(self) -> float:
        """The part of the criteria that count which is decided."""
        counted = [one for one in self.verdict.assessments if one.effect is not Effect.NONE]
        decided = sum(one.effect is not Effect.OPEN for one in counted)
        return decided / len(counted) if counted else 0.0


@dataclass(frozen=True, slots=True)
class Telling:
    """A fact that is missing: in how many trials it is the only data missing, and in how many it is missing at all."""

    what: str
    code: str
    unit: str
    key: str
    settles: int
    missing_in: int


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
    telling: tuple[Telling, ...]
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
    if not own:
        raise InvalidParameterError(
            "nothing is known of the patient's conditions",
            hint="Name one to search by: --condition 'acute GVHD'.",
        )
    notes = [] if len(own) <= _MOST_CONDITIONS else [f"Searched by the first {_MOST_CONDITIONS} conditions."]
    own, above = own[:_MOST_CONDITIONS], above[:_MOST_CONDITIONS]
    try:
        topical = _ids(finder, own, asked)
        wider = [one for one in _ids(finder, above, asked) if one not in set(topical)] if above else []
    finally:
        forget_texts(own)
    candidates = [*topical, *wider]
    looked = candidates[: asked.candidates]
    if len(looked) < len(candidates):
        notes.append(f"{len(candidates) - len(looked)} further studies were found and not looked at.")
    on_topic = set(topical)
    matches = []
    for one in looked:
        check()
        matches.append(_matched(study_of(one), one in on_topic, patient, asked, criteria_of))
    ordered = sorted(matches, key=_order)
    counts = Counter(one.verdict.verdict for one in ordered)
    return Matched(
        asked=own,
        found=len(candidates),
        looked=len(looked),
        matches=tuple(replace(one, because=_because(one, asked)) for one in ordered[: asked.most]),
        counts=tuple((one, counts[one]) for one in Class),
        near_misses=tuple(
            replace(one, because=_because(one, asked)) for one in ordered if one.near_miss is not None
        )[: asked.most],
        telling=telling_facts(one.verdict for one in ordered),
        notes=tuple(notes),
    )


def _ids(finder: Finder, names: Sequence[str], asked: Asked) -> list[str]:
    """The studies about one of these that take people, most relevant first."""
    quoted = " OR ".join(f'"{_plain(name)}"' for name in names if _plain(name))
    if not quoted:
        return []
    chosen = Choices(
        status="" if asked.within else OPEN_STATUSES,
        near=asked.near,
        within=asked.within,
        open_sites=bool(asked.within),
    )
    return list(finder.ids(with_choices(read_params({"query.cond": quoted}), chosen)))


def _plain(name: str) -> str:
    """A name without what would be read as part of an expression."""
    return " ".join("".join(char if char.isalnum() or char in "-' " else " " for char in name).split())


def _matched(
    stored: StoredStudy, on_topic: bool, patient: Patient, asked: Asked, criteria_of: CriteriaOf
) -> Match:
    study = stored.study
    criteria, fields = criteria_of(stored), read_witness(study)
    verdict = evaluate(criteria, patient, asked.as_of, asked.policy, fields)
    sites = open_sites(study, asked.near)
    missed = None
    if verdict.verdict is Class.EXCLUDED:
        missed = _near_miss(verdict, criteria, patient, asked, fields)
    return Match(
        study,
        verdict,
        on_topic,
        sites[0] if sites else None,
        study.last_update_post_date,
        (),
        missed,
    )


def _near_miss(
    verdict: Verdict, criteria: CriterionSet, patient: Patient, asked: Asked, fields: Witness
) -> NearMiss | None:
    known = Known(patient, asked.as_of, asked.policy)
    by_id = {one.id: one for one in criteria.criteria}
    return near_miss(verdict, by_id, patient, known, fields, is_headed=has_headings(criteria))


def _rank(verdict: Verdict) -> int:
    if verdict.verdict is Class.UNDETERMINED:
        return 1 if verdict.is_open_for_persons_only else 2
    return 0 if verdict.verdict is Class.ELIGIBLE else 3


def _order(one: Match) -> tuple[int, bool, float, float, float, str]:
    """Class, topic, share decided, distance, freshness, and the id, so that no two stand equal."""
    metres = one.site.metres if one.site is not None else None
    fresh = one.updated.latest.toordinal() if one.updated is not None else 0
    return (
        _rank(one.verdict),
        not one.on_topic,
        -one.share_decided,
        float("inf") if metres is None else metres,
        -float(fresh),
        one.verdict.nct_id,
    )


_CLASS_WORDS = (
    "nothing excludes and nothing is open",
    "eligible on the data; confirmations by persons are needed",
    "nothing excludes; data is missing",
    "excluded",
)


def _because(one: Match, asked: Asked) -> tuple[str, ...]:
    """Why a trial stands where it stands, in the order of what counts."""
    verdict = one.verdict
    said = [_CLASS_WORDS[_rank(verdict)]]
    if verdict.missing:
        said[0] += f" ({len(verdict.missing)} data, {len(verdict.confirmations)} confirmations)"
    said.append(
        "about a condition of the patient" if one.on_topic else "about what contains the patient's condition"
    )
    said.append(f"{round(100 * one.share_decided)} % of the criteria are decided")
    if asked.near is not None:
        metres = None if one.site is None else one.site.metres
        said.append(
            "distance of the nearest open site not known"
            if metres is None
            else f"nearest open site {metres / 1000:.0f} km"
        )
    if one.updated is not None:
        said.append(f"last updated {one.updated}")
    return tuple(said)


def telling_facts(verdicts: Iterable[Verdict], most: int = _MOST_FACTS_TOLD) -> tuple[Telling, ...]:
    """Which single missing fact would settle the data of most trials; then which is missing in most."""
    settles: Counter[str] = Counter()
    missing_in: Counter[str] = Counter()
    named: dict[str, tuple[str, str, str]] = {}
    for verdict in verdicts:
        if verdict.verdict is not Class.UNDETERMINED:
            continue
        keys = {need.key or f"words/{need.what}" for need in verdict.missing}
        for need in verdict.missing:
            name = (need.what, need.code, need.unit)
            key = need.key or f"words/{need.what}"
            named[key] = min(named.get(key, name), name)
        missing_in.update(keys)
        if len(keys) == 1:
            settles.update(keys)
    ordered = sorted(missing_in, key=lambda key: (-settles[key], -missing_in[key], key))
    return tuple(
        Telling(*named[key], "" if key.startswith("words/") else key, settles[key], missing_in[key])
        for key in ordered[:most]
    )


def explain(stored: StoredStudy, patient: Patient, asked: Asked, criteria_of: CriteriaOf) -> Match:
    """One trial for a patient, whether or not it takes people now."""
    own = asked.conditions or conditions_of(patient)[0]
    names = {tuple(fold_text(one)) for one in own}
    forget_texts(own)
    about = {tuple(fold_text(one)) for one in read_witness(stored.study).conditions}
    found = _matched(stored, bool(names & about), patient, asked, criteria_of)
    return replace(found, because=_because(found, asked))
