"""The judge looking at trials one by one: matches in their order, near misses, and the facts worth asking for first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from datetime import date

from trialist.criteria import CriterionSet
from trialist.criteria.witness import Witness, read_witness
from trialist.evaluation.evaluate import evaluate, has_headings
from trialist.evaluation.known import Known
from trialist.evaluation.many import outcome_of
from trialist.evaluation.missing import MissingFact
from trialist.evaluation.near import NearMiss, near_miss
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.verdict import Class, Verdict
from trialist.evaluation.weigh import IF_ABSENT
from trialist.patient.facts import Patient
from trialist.record.dates import PartialDate
from trialist.record.study import GeoPoint, Study
from trialist.registry.sites import OpenSite, open_sites
from trialist.store import StoredStudy

CriteriaOf = Callable[[StoredStudy], CriterionSet]
"""Where parsed criteria come from: parsed now, or read from what was kept."""

StudyOf = Callable[[str], StoredStudy]
"""A stored study by its NCT id."""

DEFAULT_MOST = 20
MOST_CANDIDATES = 300
OPEN_STATUSES = "recruiting,not yet recruiting,enrolling by invitation,available"
MOST_TOLD = 10
_WORDS = "words/"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked besides the patient.

    `conditions` are words that stand instead of the patient's own conditions. `within` is a length (`50km`) and needs
    `near`. `candidates` is how many studies the judge looks at one by one, the most relevant first, where there is no net.
    `anything` looks at all that take people, whatever they are about.
    """

    as_of: date
    policy: Policy = STRICT
    conditions: tuple[str, ...] = ()
    near: GeoPoint | None = None
    within: str = ""
    most: int = DEFAULT_MOST
    candidates: int = MOST_CANDIDATES
    anything: bool = False


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
        """The part of the criteria that count for the whole trial which is decided."""
        return outcome_of(self.verdict).share_decided


@dataclass(frozen=True, slots=True)
class Judge:
    """What looks at one trial after the other for a patient."""

    study_of: StudyOf
    criteria_of: CriteriaOf
    patient: Patient
    asked: Asked
    on_topic: Container[str]

    def match(self, nct_id: str) -> Match:
        """The match of a study by its NCT id."""
        return self.match_stored(self.study_of(nct_id), is_on_topic=nct_id in self.on_topic)

    def match_stored(self, stored: StoredStudy, *, is_on_topic: bool) -> Match:
        """The match of a stored study."""
        study, asked = stored.study, self.asked
        criteria, fields = self.criteria_of(stored), read_witness(study)
        verdict = evaluate(criteria, self.patient, asked.as_of, asked.policy, fields)
        sites = open_sites(study, asked.near)
        missed = None
        if verdict.verdict is Class.EXCLUDED:
            missed = _near_miss(verdict, criteria, self.patient, asked, fields)
        site, updated = sites[0] if sites else None, study.last_update_post_date
        found = Match(study, verdict, is_on_topic, site, updated, (), missed)
        return replace(found, because=_because(found, asked))


@dataclass(slots=True)
class Found:
    """What was found of some trials: the first matches, how many of each class, near misses, and what is missing."""

    matches: list[Match]
    counts: Counter[Class]
    near: list[Match]
    missing: list[MissingFact]


def _near_miss(
    verdict: Verdict, criteria: CriterionSet, patient: Patient, asked: Asked, fields: Witness
) -> NearMiss | None:
    known = Known(patient, asked.as_of, asked.policy)
    by_id = {one.id: one for one in criteria.criteria}
    return near_miss(verdict, by_id, patient, known, fields, is_headed=has_headings(criteria))


def rank(verdict: Verdict) -> int:
    """The place of a verdict among the others: eligible, for persons to confirm, data missing, excluded."""
    if verdict.verdict is Class.UNDETERMINED:
        return 1 if verdict.is_open_for_persons_only else 2
    return 0 if verdict.verdict is Class.ELIGIBLE else 3


def order(one: Match) -> tuple[int, bool, float, float, float, str]:
    """Class, topic, share decided, distance, freshness, and the id, so that no two stand equal."""
    metres = one.site.metres if one.site is not None else None
    fresh = one.updated.latest.toordinal() if one.updated is not None else 0
    return (
        rank(one.verdict),
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
    said = [_CLASS_WORDS[rank(verdict)]]
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


def missing_facts(verdicts: Iterable[Verdict]) -> list[MissingFact]:
    """Which facts are missing, and in how many trials each is the only one."""
    settles: Counter[str] = Counter()
    missing_in: Counter[str] = Counter()
    named: dict[str, tuple[str, str, str]] = {}
    for verdict in verdicts:
        if verdict.verdict is not Class.UNDETERMINED:
            continue
        keys = set()
        for need in verdict.missing:
            key = "" if need.why == IF_ABSENT else need.key or f"{_WORDS}{need.what}"
            name = (need.what, need.code, need.unit)
            named[key] = min(named.get(key, name), name)
            keys.add(key)
        missing_in.update(keys)
        if len(keys) == 1:
            settles.update(keys)
    named.pop("", None)
    return [
        MissingFact(*name, "" if key.startswith(_WORDS) else key, settles[key], missing_in[key])
        for key, name in named.items()
    ]


def telling_facts(verdicts: Iterable[Verdict], most: int = MOST_TOLD) -> tuple[MissingFact, ...]:
    """Which single missing fact would settle the data of most trials; then which is missing in most."""
    return first_told(missing_facts(verdicts), most)


def first_told(missing: Iterable[MissingFact], most: int = MOST_TOLD) -> tuple[MissingFact, ...]:
    """What is missing, that which settles most first; facts that stand there twice are added up."""
    joined: dict[str, MissingFact] = {}
    for one in missing:
        key = one.key or f"{_WORDS}{one.what}"
        other = joined.get(key)
        if other is not None:
            name = min(one[:3], other[:3])
            sums = (one.settles + other.settles, one.missing_in + other.missing_in)
            one = MissingFact(*name, one.key, *sums)
        joined[key] = one
    ordered = sorted(joined, key=lambda key: (-joined[key].settles, -joined[key].missing_in, key))
    return tuple(joined[key] for key in ordered[:most])


def judge_all(judge: Judge, nct_ids: Iterable[str], check: Callable[[], None]) -> Found:
    """What the judge finds of some trials, looking at one after the other."""
    matches = []
    for one in nct_ids:
        check()
        matches.append(judge.match(one))
    matches.sort(key=order)
    return Found(
        matches,
        Counter(one.verdict.verdict for one in matches),
        [one for one in matches if one.near_miss is not None],
        missing_facts(one.verdict for one in matches),
    )


def join_found(one: Found, other: Found) -> Found:
    """What was found of two sets of trials, in one order."""
    return Found(
        sorted([*one.matches, *other.matches], key=order),
        one.counts + other.counts,
        sorted([*one.near, *other.near], key=order),
        [*one.missing, *other.missing],
    )
