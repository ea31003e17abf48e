"""Whether something is there, was there, or was there within a time: conditions, exposures, allergies, other trials.

Absence is never taken from silence. It is known where a fact says so and its statement covers the time asked for; where the
policy says so, it is assumed and told. What is stated both ways of one time is a conflict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from trialist.criteria.nodes import Window
from trialist.criteria.quick import quick
from trialist.evaluation.answers import Answer
from trialist.evaluation.kinship import broader, characters, narrower
from trialist.evaluation.known import Known, day_of, evidence_of, stated_on
from trialist.evaluation.narrative import says_nothing_of_allergies
from trialist.evaluation.policy import days_fresh
from trialist.evaluation.terms import is_same_name
from trialist.evaluation.times import covered_days, day_within, stretch_within
from trialist.evaluation.truth import Truth, all_of
from trialist.evaluation.verdict import Assumption, Evidence, Need, Who
from trialist.patient.facts import ANY, Certainty, Fact, FactKind, Status

_OF_ALLERGY = re.compile(
    r"\b(?:allerg\w+|hypersensitiv\w+|intoleran\w+|sensitiv\w+|history|known|to|of)\b", re.IGNORECASE
)
_PERSONS = frozenset({"form", "note"})
_ABSENCE_KEY: Mapping[FactKind, str] = {FactKind.TRIAL: "trial"}


class When(StrEnum):
    """Of which time something is asked: now, ever until now, within a window, or for later."""

    NOW = "now"
    EVER = "ever"
    WITHIN = "within"
    PLANNED = "planned"


@quick
@dataclass(frozen=True, slots=True)
class Check:
    """What a qualifier of a criterion says of a fact: its truth, and what would have to be known where it is open."""

    truth: Truth
    why: str = ""
    by_person: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked: of which kind and id, when, and with which qualifiers.

    `facts` are all that may be about it. `is_event`: it happens on a day, so that an old one is not a new one. `checks`
    gives for a fact the truth of each qualifier. `words` are the qualifiers' own: a negation that has others covers less.
    """

    kind: FactKind
    domain: str
    concept_id: str
    within: str
    surface: str
    name: str
    when: When
    need: Need
    window: Window | None = None
    is_event: bool = False
    takes_unstated: bool = True
    words: frozenset[str] = frozenset()
    checks: Callable[[Fact], Sequence[Check]] = lambda _: ()
    may_assume_absence: bool = False


class Kin(StrEnum):
    """How a fact's concept stands to the one asked for."""

    SAME = "same"
    NARROWER = "narrower"
    BROADER = "broader"
    OTHER = "other"


def kin_of(ask: Ask, fact: Fact) -> Kin:
    """How a fact stands to what is asked."""
    if _same_words(ask, fact):
        return Kin.SAME
    if ask.concept_id:
        if fact.id == ask.concept_id:
            return Kin.SAME
        below = narrower(ask.domain, ask.concept_id)
        if fact.id in below or fact.broader in below or fact.broader == ask.concept_id:
            return Kin.NARROWER
        above = broader(ask.domain, ask.concept_id)
        return Kin.BROADER if fact.id in above else Kin.OTHER
    if ask.within and fact.id and (fact.id == ask.within or fact.id in broader(ask.domain, ask.within)):
        return Kin.BROADER
    return Kin.OTHER


def _same_words(ask: Ask, fact: Fact) -> bool:
    if ask.concept_id and fact.id:
        return False
    said = " ".join(fact.surface.casefold().split())
    return bool(said) and is_same_name(said, " ".join(ask.surface.casefold().split()))


def _denies(ask: Ask, fact: Fact) -> bool:
    """Whether a negated fact denies what is asked: the same thing or more, without conditions of its own."""
    if not fact.negated or not (frozenset(fact.qualifiers) | frozenset(fact.severity)) <= ask.words:
        return False
    if fact.status is Status.PLANNED and ask.when is not When.PLANNED:
        return False  # that it is not planned says nothing of what was
    if fact.id == ANY:
        return True
    if _same_words(ask, fact):
        return True
    own = ask.concept_id or ask.within
    if not fact.id or not own:
        return False
    return fact.id == own or fact.id in broader(ask.domain, own)


@quick
@dataclass(frozen=True, slots=True)
class _Fit:
    fact: Fact
    kin: Kin
    truth: Truth
    why: str
    by_person: bool


@quick
@dataclass(frozen=True, slots=True)
class _Denial:
    """A statement that it is not there: of which day (None is the day asked), and whether it covers the time asked for."""

    fact: Fact
    day: date | None
    covers: bool
    is_explicit: bool = True


def answer_presence(ask: Ask, facts: Sequence[Fact], known: Known) -> Answer:
    """Whether it is there, as far as the facts say."""
    facts = _related(ask, facts, known)
    if known.inferred:  # that something wider is probable says nothing of this
        facts = [one for one in facts if one not in known.inferred or kin_of(ask, one) is not Kin.BROADER]
    fits = [_fit(ask, one, known) for one in facts if _is_about(ask, one)]
    denials = [_denial(ask, one, known) for one in facts if _denies(ask, one)]
    stopped = [_stopped(ask, one, known) for one in facts if not one.negated and kin_of(ask, one) is Kin.SAME]
    denials += [one for one in stopped if one is not None]
    there = [one for one in fits if one.truth is Truth.TRUE]
    contrary = [one for one in fits if _is_contrary(ask, one, known)]
    sure = [one for one in there if one.kin is Kin.SAME or not _is_disputed(one.fact, facts)]
    if there and not sure:
        ids = {one.fact.id for one in there}
        denying = [one for one in facts if one.negated and one.id in ids]
        return _contradicted(ask, [one.fact for one in there], denying)
    if there:
        sure = [one for one in sure if one.fact not in known.inferred] or sure
        return _there(ask, sure, [one for one in denials if one.covers], contrary)
    near = [one for one in fits if one.truth is Truth.UNKNOWN and one.kin is not Kin.BROADER]
    covering = [one for one in denials if one.covers]
    if covering and not _any_as_new(near, covering):
        return _absent(ask, covering)
    open_ = near or [one for one in fits if one.truth is Truth.UNKNOWN]
    if open_:
        return _undecided(ask, open_)
    if contrary and ask.concept_id not in characters("collective"):
        evidence = tuple(_evidence(ask, one.fact) for one in contrary)
        words = tuple(f"{_said(ask, one.fact)}: {one.why}" for one in contrary)
        return Answer(Truth.FALSE, words, evidence)
    return _unrecorded(ask, fits, denials, known)


def _related(ask: Ask, facts: Sequence[Fact], known: Known) -> Sequence[Fact]:
    """The facts that may bear on what is asked: what is of another concept says nothing of it. Looked up once a patient."""
    if not ask.concept_id:
        return facts
    key = (id(facts), ask.domain, ask.concept_id, ask.within)
    kept = known.looked_up.get(key)
    if kept is None:
        near = {ask.concept_id, *narrower(ask.domain, ask.concept_id), *broader(ask.domain, ask.concept_id)}
        if ask.within:
            near |= {ask.within, *broader(ask.domain, ask.within)}
        found = [one for one in facts if not one.id or one.id == ANY or one.id in near or one.broader in near]
        kept = known.looked_up[key] = (facts, found)  # with the facts themselves, whose id stands in the key
    return kept[1]


def _is_disputed(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether the very thing that a fact says is denied no earlier by another one."""
    if not fact.id:
        return False
    said = frozenset(fact.qualifiers) | frozenset(fact.severity)
    return any(
        one.negated
        and one.id == fact.id
        and frozenset(one.qualifiers) | frozenset(one.severity) <= said
        and one.date is None
        and not _newer(stated_on(fact), stated_on(one))
        for one in facts
    )


def _is_about(ask: Ask, fact: Fact) -> bool:
    is_of_time = (fact.status is Status.PLANNED) == (ask.when is When.PLANNED)
    return not fact.negated and is_of_time and kin_of(ask, fact) is not Kin.OTHER


def _is_contrary(ask: Ask, fit: _Fit, known: Known) -> bool:
    """Whether a fact about the very thing says that it is not so now: it ended, or it is the opposite of what is asked."""
    if ask.when is not When.NOW or fit.truth is not Truth.FALSE or fit.kin is not Kin.SAME:
        return False
    day = stated_on(fit.fact)
    is_fresh = day is None or (known.as_of - day).days <= days_fresh("absence", "default")
    return is_fresh or _now(ask, fit.fact, known).truth is Truth.FALSE


def _fit(ask: Ask, fact: Fact, known: Known) -> _Fit:
    kin = kin_of(ask, fact)
    checks = [_time(ask, fact, known), *ask.checks(fact)]
    if kin is Kin.BROADER:
        checks.append(Check(Truth.UNKNOWN, f"only {fact.surface or fact.id.replace('_', ' ')} is recorded"))
    if fact.certainty is Certainty.SUSPECTED:
        checks.append(Check(Truth.UNKNOWN, "it is only suspected"))
    truth = all_of(one.truth for one in checks)
    told = [one for one in checks if one.truth is truth] if truth is not Truth.TRUE else []
    return _Fit(
        fact,
        kin,
        truth,
        "; ".join(dict.fromkeys(one.why for one in told if one.why)),
        bool(told) and all(one.by_person for one in told),
    )


def _time(ask: Ask, fact: Fact, known: Known) -> Check:
    match ask.when:
        case When.PLANNED:
            return Check(Truth.TRUE)
        case When.EVER:
            return Check(Truth.TRUE)
        case When.NOW:
            return _now(ask, fact, known)
        case When.WITHIN:
            return _within(ask, fact, known)


def _now(ask: Ask, fact: Fact, known: Known) -> Check:
    is_over = fact.end is not None and fact.end.latest is not None and fact.end.latest < known.as_of
    if fact.status is Status.ENDED or is_over:
        end = fact.end
        return Check(Truth.FALSE, f"it ended{'' if end is None else f' on {end}'}")
    if fact.status is Status.ACTIVE:
        if _goes_on(fact, known) is None:
            return Check(Truth.UNKNOWN, f"whether it still goes on; recorded on {stated_on(fact)}")
        return Check(Truth.TRUE)
    if ask.takes_unstated:
        return Check(Truth.TRUE)
    return Check(Truth.UNKNOWN, "whether it still goes on")


def _goes_on(fact: Fact, known: Known) -> date | None:
    """The day of evaluation where something active may be taken to go on until then, else None."""
    kind = "exposure" if fact.kind is FactKind.EXPOSURE else "condition"
    days = days_fresh("presence", kind)
    day = stated_on(fact)
    is_fresh = days == 0 or day is None or (known.as_of - day).days <= days
    return known.as_of if is_fresh else None


def _within(ask: Ask, fact: Fact, known: Known) -> Check:
    window = ask.window
    if window is None:
        raise ValueError("a time is asked for without a window")
    if ask.is_event:
        truth = day_within(window, fact.date, known.anchors)
    else:
        until = (_goes_on(fact, known) or stated_on(fact)) if fact.status is Status.ACTIVE else None
        truth = stretch_within(window, fact.date, fact.end, until, known.anchors)
    if truth is Truth.TRUE:
        return Check(truth)
    day = day_of(fact)
    of = "without a day" if day is None else f"of {day}"
    why = (
        f"that {of} lies outside the time asked for"
        if truth is Truth.FALSE
        else f"whether that {of} lies within the time asked for"
    )
    return Check(truth, why)


def _denial(ask: Ask, fact: Fact, known: Known) -> _Denial:
    """A negation: of all time until it was recorded, or with a day of that day (to its end, where there is one)."""
    most = days_fresh("absence", _ABSENCE_KEY.get(fact.kind, "default"))
    day = stated_on(fact)
    is_fresh = day is None or (known.as_of - day).days <= most
    match ask.when:
        case When.NOW:
            return _Denial(fact, day, is_fresh)
        case When.EVER:
            return _Denial(fact, day, is_fresh and fact.date is None)
        case When.WITHIN:
            return _Denial(fact, day, _covers(ask, fact, known, most))
        case When.PLANNED:
            return _Denial(fact, day, is_fresh and fact.status is Status.PLANNED)


def _covers(ask: Ask, fact: Fact, known: Known, most: int) -> bool:
    if ask.window is None:
        return False
    days = covered_days(ask.window, known.anchors)
    if days is None:
        return False
    first, last = days
    until = stated_on(fact) if fact.end is None else fact.end.earliest
    if fact.date is None:
        return until is None or (until >= (last or known.as_of) - timedelta(days=most))
    begins = fact.date.latest
    if fact.end is None or begins is None or first is None or until is None:
        return False
    return begins <= first and until >= (last or known.as_of) - timedelta(days=most)


def _stopped(ask: Ask, fact: Fact, known: Known) -> _Denial | None:
    """What a person says was stopped has not been taken since, as far as that statement reaches."""
    if fact.kind not in (FactKind.EXPOSURE, FactKind.TRIAL) or fact.status is not Status.ENDED:
        return None
    end = fact.end.latest if fact.end is not None else None
    if (
        fact.origin.document not in _PERSONS
        or end is None
        or ask.window is None
        or ask.when is not When.WITHIN
    ):
        return None
    days = covered_days(ask.window, known.anchors)
    if days is None or days[0] is None:
        return None
    most = days_fresh("absence", _ABSENCE_KEY.get(fact.kind, "default"))
    stated = fact.recorded.earliest if fact.recorded is not None else None
    reaches = stated is None or stated >= (days[1] or known.as_of) - timedelta(days=most)
    return _Denial(fact, stated, end < days[0] and reaches, is_explicit=False)


def _any_as_new(fits: Sequence[_Fit], denials: Sequence[_Denial]) -> bool:
    """Whether something undecided was stated no earlier than every denial."""
    explicit = [one for one in denials if one.is_explicit]
    return any(not any(_newer(one.day, stated_on(fit.fact)) for one in explicit) for fit in fits)


def _newer(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one > other


def _there(ask: Ask, there: Sequence[_Fit], denials: Sequence[_Denial], contrary: Sequence[_Fit]) -> Answer:
    """It is there, unless something of the same time denies it."""
    newest = [_evidence_day(ask, fit.fact) for fit in there]
    against = [one for one in denials if one.is_explicit and not any(_newer(day, one.day) for day in newest)]
    # What ended, or is the opposite, speaks only of itself: not of the narrower things that a concept contains.
    own = [_evidence_day(ask, fit.fact) for fit in there if fit.kin is Kin.SAME]
    is_narrower = len(own) < len(there)
    over = [
        one.fact
        for one in contrary
        if not is_narrower and not any(_newer(day, _over_on(one.fact)) for day in own)
    ]
    evidence = tuple(_evidence(ask, one.fact) for one in there)
    words = tuple(dict.fromkeys(_said(ask, one.fact) for one in there))
    if not against and not over:
        return Answer(Truth.TRUE, words, evidence)
    if ask.when is When.NOW and not over and all(_newer(one.day, day) for one in against for day in newest):
        return _absent(ask, against)
    return _contradicted(ask, [one.fact for one in there], [one.fact for one in against] + over)


def _contradicted(ask: Ask, saying: Sequence[Fact], denying: Sequence[Fact]) -> Answer:
    need = replace(ask.need, why="statements that contradict each other")
    evidence = tuple(_evidence(ask, fact) for fact in (*saying, *denying))
    return Answer(Truth.UNKNOWN, (f"{ask.name}: {need.why}",), evidence, needs=(need,), is_conflict=True)


def _over_on(fact: Fact) -> date | None:
    """The day from which a fact says that something is over, or otherwise."""
    return fact.end.latest if fact.end is not None else stated_on(fact)


def _evidence_day(ask: Ask, fact: Fact) -> date | None:
    """The day up to which a fact says that it was there: for what goes on the record's, else its own."""
    if ask.when is When.NOW:
        return stated_on(fact)
    return fact.date.earliest if fact.date is not None else None


def _absent(ask: Ask, denials: Sequence[_Denial]) -> Answer:
    evidence = tuple(_evidence(ask, one.fact) for one in denials)
    words = tuple(dict.fromkeys(_denied(ask, one) for one in denials))
    return Answer(Truth.FALSE, words, evidence)


def _denied(ask: Ask, denial: _Denial) -> str:
    if not denial.is_explicit:
        return f"{_said(ask, denial.fact)}: ended on {denial.fact.end}, before the time asked for"
    day = "" if denial.day is None else f" (said on {denial.day})"
    return f"no {ask.name}{day}"


def _undecided(ask: Ask, fits: Sequence[_Fit]) -> Answer:
    evidence = tuple(_evidence(ask, one.fact) for one in fits)
    words = tuple(dict.fromkeys(f"{_said(ask, one.fact)}: not known: {one.why}" for one in fits))
    needs = tuple(
        dict.fromkeys(
            replace(ask.need, why=one.why, who=Who.PERSON if one.by_person else ask.need.who) for one in fits
        )
    )
    return Answer(Truth.UNKNOWN, words, evidence, needs=needs)


def _unrecorded(ask: Ask, fits: Sequence[_Fit], denials: Sequence[_Denial], known: Known) -> Answer:
    told = [one.fact for one in fits] + [one.fact for one in denials]
    evidence = tuple(_evidence(ask, fact) for fact in told)
    if denials:
        why = f"absent on {denials[0].day}, which does not cover the time asked for"
    elif fits:
        why = f"recorded, but {fits[0].why}; nothing says that there was no other"
    else:
        why = "not recorded"
    if ask.may_assume_absence and known.is_covered and not _may_be_unresolved(ask, known):
        said = f"{ask.name} is not recorded between {known.patient.first_seen} and {known.patient.last_seen}: taken for absent"
        return Answer(
            Truth.FALSE,
            (f"{ask.name}: not recorded, taken for absent",),
            evidence,
            assumptions=(Assumption("absence", said),),
        )
    is_of_patient = ask.when is When.PLANNED or ask.need.who is Who.DATA
    is_silent = known.is_silent(ask.name, ask.surface) or (
        ask.kind is FactKind.ALLERGY and (says_nothing_of_allergies(known) or _is_another_allergy(ask, known))
    )
    if not denials and _is_another(ask, fits, known):
        said = f"{ask.name}: {fits[0].why}, and no other is told of: taken for absent"
        return Answer(Truth.FALSE, (said,), evidence, assumptions=(Assumption("absence", said),))
    if not told and is_of_patient and is_silent:
        said = f"the note says nothing of {ask.name}: taken for absent"
        return Answer(
            Truth.FALSE,
            (f"{ask.name}: not mentioned in the note, taken for absent",),
            assumptions=(Assumption("absence", said),),
        )
    asked = ask.need
    need = asked if asked.why == why else Need(asked.who, asked.what, why, asked.key, asked.code, asked.unit)
    return Answer(Truth.UNKNOWN, (f"{ask.name}: {why}",), evidence, needs=(need,))


def _is_another_allergy(ask: Ask, known: Known) -> bool:
    """Whether a narrative tells of allergies, and none to what is asked, which is of no class that the tables know."""
    own = _OF_ALLERGY.sub(" ", ask.surface).strip()
    told = known.of_kind(FactKind.ALLERGY)
    is_open = any(not one.id and not one.surface for one in told)
    return (
        bool(own and told) and not is_open and not ask.concept_id and not ask.within and known.is_silent(own)
    )


def _is_another(ask: Ask, fits: Sequence[_Fit], known: Known) -> bool:
    """Whether a narrative that is taken for complete tells of the thing, and only of one that is surely not the one asked for."""
    is_asked = known.takes_silence and ask.need.who is Who.DATA
    return is_asked and bool(fits) and all(one.truth is Truth.FALSE for one in fits)


def _may_be_unresolved(ask: Ask, known: Known) -> bool:
    """Whether an entry that is known only by its words may be what is asked."""
    asked = {
        word for word in f"{ask.name} {ask.surface}".casefold().replace("-", " ").split() if len(word) > 3
    }
    return any(
        asked
        & set(
            f"{one.surface} {' '.join(code.display for code in one.codes)}".casefold()
            .replace("-", " ")
            .split()
        )
        for one in known.facts(ask.kind, "")
    )


def _said(ask: Ask, fact: Fact) -> str:
    """A fact in a few words: what, since or on when."""
    name = fact.surface or (ask.name if fact.id == ask.concept_id else fact.id.replace("_", " "))
    words = [*fact.severity, *(one for one in fact.qualifiers if one not in name.casefold()), name]
    day = fact.date
    return f"{' '.join(words)}{'' if day is None else f' ({day})'}"


def _evidence(ask: Ask, fact: Fact) -> Evidence:
    said = _said(ask, fact)
    status = f", {fact.status}" if fact.status else ""
    return evidence_of(fact, f"no {said}" if fact.negated else f"{said}{status}")
