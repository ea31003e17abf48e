"""What a criterion asks of conditions, allergies, exposures, other trials and states of reproduction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import Concept, Exposure, ReproState, Trialwise, Window
from trialist.criteria.nodes import Result as Test
from trialist.evaluation.answers import Answer, if_agreed, one_holds
from trialist.evaluation.graded import answer_result, sex_evidence
from trialist.evaluation.inferring import INFERRED
from trialist.evaluation.kinship import (
    caused_by,
    characters,
    names_organisms,
    narrower,
    read_kinship,
    says,
    severity_steps,
    step_of,
)
from trialist.evaluation.known import Known, evidence_of
from trialist.evaluation.latest import choose
from trialist.evaluation.narrative import acute_illness, says_nothing_of_allergies
from trialist.evaluation.policy import days_fresh
from trialist.evaluation.presence import Ask, Check, When, answer_presence
from trialist.evaluation.times import is_present
from trialist.evaluation.truth import Truth, any_of, truth_of
from trialist.evaluation.verdict import Assumption, Need, Who
from trialist.patient.facts import Certainty, Fact, FactKind, Sex, Status

_UNSTATED_WAY = "the text does not say whether now or ever"


def answer_concept(atom: Concept, known: Known) -> Answer:
    """Whether the patient (or the family) has or had a condition, or an allergy."""
    is_unmentioned_allergy = atom.domain == "allergy" and says_nothing_of_allergies(known)
    if atom.concept_id in characters("relative") and not is_unmentioned_allergy:
        return _relative(atom, known)
    answer = _concept(atom, known)
    answer = _by_tests(atom, answer, known)
    if answer.truth is Truth.UNKNOWN and atom.concept_id in read_kinship()["unions"]["concepts"].split():
        parts = [_concept(replace(atom, concept_id=one), known) for one in sorted(_members(atom.concept_id))]
        joined = one_holds(parts)
        answer = joined if joined.truth is Truth.FALSE and not answer.is_conflict else answer
    answer = _with_anchor(answer, atom.time)
    cause = atom.not_caused_by or atom.caused_by
    if not cause or answer.truth is Truth.FALSE:
        return answer
    which = "not caused by" if atom.not_caused_by else "caused by"
    said = _cause_said(answer, cause)
    if answer.truth is Truth.TRUE and said.is_decided:
        words = (*answer.words, f"{'not ' if said is Truth.FALSE else ''}caused by {cause}")
        is_so = said is (Truth.FALSE if atom.not_caused_by else Truth.TRUE)
        return replace(answer, truth=truth_of(is_so), words=words)
    need = Need(Who.PERSON, f"{_name(atom)} {which} {cause}", "a cause is for a physician to say")
    words = (*answer.words, f"“{which} {cause}” is for a physician to say")
    needs = (*answer.needs, need)
    return replace(answer, truth=Truth.UNKNOWN, words=words, needs=needs)


def _cause_said(answer: Answer, cause: str) -> Truth:
    """Whether the facts themselves say that something is caused by something, or that it is not."""
    words = {
        word.casefold() for item in answer.evidence if item.fact is not None for word in item.fact.qualifiers
    }
    yes, no = f"caused by {cause}".casefold() in words, f"not caused by {cause}".casefold() in words
    return Truth.UNKNOWN if yes == no else truth_of(yes)


def _members(concept_id: str) -> frozenset[str]:
    return narrower("condition", concept_id)


def _relative(atom: Concept, known: Known) -> Answer:
    """A concept that means something only beside its study ("other malignancy", "concomitant disease")."""
    need = Need(Who.PERSON, _name(atom), "what is meant depends on the study: a person has to say")
    if atom.concept_id == "healthy":
        facts = known.facts(FactKind.CONDITION, "healthy")
        if facts:
            return _concept(atom, known)
    ill = acute_illness(atom, known)
    if ill is not None:
        return Answer(Truth.TRUE, (ill.surface,), (evidence_of(ill, ill.surface),))
    return Answer(Truth.UNKNOWN, (f"{_name(atom)}: {need.why}",), needs=(need,))


def _concept(atom: Concept, known: Known) -> Answer:
    is_allergy = atom.domain == "allergy"
    kind = FactKind.ALLERGY if is_allergy else FactKind.CONDITION
    name = f"allergy to {atom.surface}" if is_allergy else _name(atom)
    is_family = atom.subject == "family"
    what = f"family history of {name}" if is_family else name
    need = Need(Who.DATA, what, "not recorded", _key(kind, atom.concept_id), _mesh(atom))
    is_event = atom.concept_id in characters("events") or not atom.concept_id
    is_ever = is_allergy or is_family or atom.temporality in {"history", "any"}
    is_ever = is_ever or (is_event and atom.temporality == "")
    when = When.EVER if is_ever else When.NOW
    if not is_present(atom.time):
        when = When.WITHIN
    ask = Ask(
        kind=kind,
        domain="exposure" if is_allergy else "condition",
        concept_id=atom.concept_id,
        within=atom.broader,
        surface=atom.surface,
        name=" ".join([*dict.fromkeys((*atom.severity, *atom.status)), name]),
        when=when,
        need=need,
        window=atom.time if when is When.WITHIN else None,
        is_event=is_event,
        takes_unstated=atom.temporality != "current",
        words=frozenset((*atom.status, *atom.severity)),
        checks=lambda fact: _checks(atom, fact, known),
        may_assume_absence=bool(atom.concept_id) and not is_allergy and not is_family,
    )
    facts = known.of_family(kind) if is_family else known.of_kind(kind)
    now = answer_presence(ask, facts, known)
    is_now = when is not When.NOW or atom.temporality == "current" or "active" in atom.status
    if is_now or now.truth is Truth.TRUE:  # what is there now is there whichever time is meant
        return now
    ever = answer_presence(replace(ask, when=When.EVER), facts, known)
    return _either(now, ever, need)


def _either(now: Answer, ever: Answer, need: Need) -> Answer:
    """What is asked without a time: decided where "now" and "ever" agree. Whoever never had it does not have it."""
    if ever.truth is Truth.FALSE and not now.is_conflict:
        return ever
    if now.truth is Truth.FALSE and ever.truth is Truth.UNKNOWN and not ever.is_conflict:
        facts = [item.fact for item in now.evidence if item.fact is not None]
        goes_on = bool(facts) and all(one.status is Status.ACTIVE and not one.negated for one in facts)
        # It is there and is otherwise than asked; that there was another one before is only not ruled out.
        if not ever.evidence or (goes_on and {item.fact for item in ever.evidence} <= set(facts)):
            return now
    return if_agreed([now, ever], replace(need, why=_UNSTATED_WAY))


def _by_tests(atom: Concept, answer: Answer, known: Known) -> Answer:
    """A condition that a test shows: a positive one stands for it, a negative one only where the table says so.

    Where the test says otherwise than the statements, it is a conflict.
    """
    if atom.status or atom.severity or atom.domain == "allergy" or atom.subject or not atom.concept_id:
        return answer
    if not is_present(atom.time):
        return answer
    both_ways = read_kinship()["tests_both_ways"]["tests"].split()
    tests = [test for test, means in read_kinship()["tests"].items() if means == atom.concept_id]
    for test in (*tests, atom.concept_id):
        if not known.facts(FactKind.RESULT, test):
            continue
        shown = answer_result(Test(test, "positive", atom.span), known)
        is_telling = shown.truth is Truth.TRUE or test in (*both_ways, atom.concept_id)
        if shown.is_conflict or (shown.truth.is_decided and is_telling):
            return _with_test(atom, answer, shown)
    return answer


def _with_test(atom: Concept, answer: Answer, shown: Answer) -> Answer:
    if answer.truth is shown.truth:
        return answer
    if not answer.truth.is_decided and not answer.is_conflict and not answer.evidence:
        return shown
    if not answer.truth.is_decided and not shown.is_conflict:
        return answer
    need = Need(
        Who.DATA,
        _name(atom),
        "a test and the record's statements contradict",
        _key(FactKind.CONDITION, atom.concept_id),
    )
    return Answer(
        Truth.UNKNOWN,
        (f"{_name(atom)}: {need.why}",),
        (*answer.evidence, *shown.evidence),
        needs=(need,),
        is_conflict=True,
    )


def _checks(atom: Concept, fact: Fact, known: Known) -> Sequence[Check]:
    """The qualifiers of a concept against a fact: each status, the severity, the certainty."""
    words = _words_of(fact)
    said = list(dict.fromkeys(atom.status))
    checks = _agreeing(
        [_status(one, words, fact, atom.concept_id) for one in said if not names_organisms(one)]
    )
    checks += [_status(one, words, fact, atom.concept_id) for one in said if names_organisms(one)]
    checks += _agreeing(
        [_severity(one, fact, atom.concept_id, known) for one in dict.fromkeys(atom.severity)]
    )
    if atom.certainty == "confirmed" and fact.certainty is not Certainty.CONFIRMED:
        checks.append(Check(Truth.UNKNOWN, "whether the diagnosis is confirmed"))
    return checks


def _agreeing(checks: list[Check]) -> list[Check]:
    """Several words of a kind ("mild, moderate"): whether all or one must hold is not said, so they must agree."""
    truths = {one.truth for one in checks}
    if len(checks) < 2 or len(truths) == 1:
        return checks
    why = "; ".join(dict.fromkeys(one.why for one in checks if one.why))
    return [Check(Truth.UNKNOWN, why or "only some of the words hold")]


def _words_of(fact: Fact) -> frozenset[str]:
    inherent = read_kinship()["inherent"].get(fact.id, "").split()
    return frozenset(one.casefold() for one in (*fact.qualifiers, *inherent))


def _status(said: str, words: frozenset[str], fact: Fact, asked: str) -> Check:
    parts = [part.strip() for part in said.split(" or ")]
    truth = any_of(_one_status(part, words, fact, asked) for part in parts)
    name = fact.surface or asked.replace("_", " ")
    if truth is Truth.FALSE:
        return Check(truth, f"{name} is not {said}")
    return Check(truth, f"whether {name} is {said}")


def _one_status(said: str, words: frozenset[str], fact: Fact, asked: str) -> Truth:
    told = says(said, words)
    told = told if told.is_decided else caused_by(said, fact.id)
    if said in _SHOWN and fact.origin.document == INFERRED:  # it was inferred from them
        return Truth.TRUE
    if told.is_decided or said not in {"active", "current", "ongoing", "resolved"}:
        return told
    if fact.status is Status.ENDED:
        return truth_of(said == "resolved")
    is_latent = fact.id in characters("latent") or asked in characters("latent")
    if fact.status is Status.ACTIVE and not is_latent:
        return truth_of(said != "resolved")
    return Truth.UNKNOWN


def _severity(said: str, fact: Fact, asked: str, known: Known) -> Check:
    allowed = severity_steps(said)
    if said in fact.severity or (known.takes_silence and said in _words_of(fact)):
        return Check(Truth.TRUE)
    name = fact.surface or asked.replace("_", " ")
    if allowed is None:
        return Check(Truth.UNKNOWN, f"whether {name} is {said} is for a physician to say", by_person=True)
    step = step_of(frozenset(fact.severity) | frozenset(fact.qualifiers)) or _graded_step(fact, asked, known)
    if not step:
        return Check(Truth.UNKNOWN, f"how severe {name} is")
    truth = truth_of(step in allowed)
    return Check(truth, "" if truth is Truth.TRUE else f"{name} is {step}")


def _graded_step(fact: Fact, asked: str, known: Known) -> str:
    """The severity that a scale gives, for conditions of which one does."""
    row: Mapping[str, str] = read_kinship()["scales"].get(asked, {})
    if not row:
        return ""
    graded = [one for one in known.facts(FactKind.GRADE, row["scale"]) if not one.negated]
    chosen = choose(graded, None, known) if graded else None
    if chosen is None or chosen.why:
        return ""
    steps = {row.get(step, "") for one in chosen.facts for step in one.steps}
    return steps.pop() if len(steps) == 1 else ""


def answer_exposure(atom: Exposure, known: Known) -> Answer:
    """Whether the patient has, had, or will have a drug, a procedure or a device."""
    name = _exposure_name(atom)
    need = Need(Who.DATA, name, "not recorded", _key(FactKind.EXPOSURE, atom.concept_id), _drug_code(atom))
    if atom.concept_id in characters("relative"):
        asked = replace(need, who=Who.PERSON, why="what is meant depends on the study: a person has to say")
        return Answer(Truth.UNKNOWN, (f"{name}: {asked.why}",), needs=(asked,))
    is_passing = bool({atom.concept_id, atom.broader} & characters("passing"))
    is_lasting = atom.kind in characters("lasting") and not is_passing
    when = When.NOW
    if atom.role == "planned":
        when, need = When.PLANNED, replace(need, who=Who.PERSON, why="what is planned has to be asked")
    elif not is_present(atom.time):
        when = When.WITHIN
    elif atom.role == "prior" or (is_lasting and atom.role == ""):
        when = When.EVER
    ask = Ask(
        kind=FactKind.EXPOSURE,
        domain="exposure",
        concept_id=atom.concept_id,
        within=atom.broader,
        surface=atom.surface,
        name=name,
        when=when,
        need=need,
        window=None if is_present(atom.time) else atom.time,
        takes_unstated=False,
        words=frozenset((*atom.status, *atom.route)),
        checks=lambda fact: _exposure_checks(atom, fact),
        may_assume_absence=bool(atom.concept_id) and atom.role != "planned",
    )
    facts = known.of_kind(FactKind.EXPOSURE)
    answer = answer_presence(ask, facts, known)
    if when is When.WITHIN:
        return _with_anchor(answer, atom.time)
    if atom.role == "required" and answer.truth is Truth.FALSE and not known.policy.takes_silence:
        # who is not given it may still need it
        asked = replace(need, who=Who.PERSON, why="whether it is needed has to be asked")
        return Answer(Truth.UNKNOWN, (f"{name}: {asked.why}",), answer.evidence, needs=(asked,))
    if when is not When.NOW or atom.role in {"current", "required"}:
        return answer
    return _either(answer, answer_presence(replace(ask, when=When.EVER), facts, known), need)


def _exposure_checks(atom: Exposure, fact: Fact) -> Sequence[Check]:
    checks = [_status(one, _words_of(fact), fact, atom.concept_id) for one in dict.fromkeys(atom.status)]
    routes = [_route(one, fact) for one in dict.fromkeys(atom.route)]
    if atom.response:
        checks.append(
            Check(
                truth_of(atom.response in fact.qualifiers or None),
                f"whether the response was {atom.response}",
            )
        )
    return [*_agreeing(checks), *_agreeing(routes)]


def _route(said: str, fact: Fact) -> Check:
    """A route against a fact's; "systemic or local" is any."""
    rows: Mapping[str, str] = read_kinship()["routes"]
    parts = [part.strip() for part in said.split(" or ")]
    if {"systemic", "local"} <= set(parts) or {"systemic", "topical"} <= set(parts):
        return Check(Truth.TRUE)
    routes = {one.casefold() for one in fact.route}
    taken = {way for part in parts for way in (part, *rows.get(part, "").split("|"))}
    if any(set(one.split(" or ")) <= taken for one in routes):
        return Check(Truth.TRUE)
    known_routes = {way for row in rows.values() for way in row.split("|")}
    if all(part in rows for part in parts) and routes and routes <= known_routes:
        is_contrary = not any(part == "systemic" and routes & {"parenteral"} for part in parts)
        broad = {"systemic", "local", "parenteral"}
        if is_contrary and not (routes & broad and not set(parts) <= {"systemic", "local"}):
            return Check(Truth.FALSE, f"the route is {', '.join(sorted(routes))}")
    return Check(Truth.UNKNOWN, f"whether it is {said}")


_TRIALS: Mapping[str, str] = {
    "other_trial": "another trial",
    "this_trial": "this trial",
    "investigational_product": "an investigational product",
}


def answer_trialwise(atom: Trialwise, known: Known) -> Answer:
    """Whether the patient is or was in another trial, or took an investigational product."""
    if atom.kind == "study_part":
        return Answer(Truth.UNKNOWN, (), needs=(Need(Who.READER, atom.surface, "whether it is this part"),))
    name = _TRIALS[atom.kind]
    need = Need(Who.DATA, name, "not recorded", _key(FactKind.TRIAL, atom.kind))
    ask = Ask(
        kind=FactKind.TRIAL,
        domain="exposure",
        concept_id=atom.kind,
        within="",
        surface="",
        name=name,
        when=When.WITHIN,
        need=need,
        window=None if is_present(atom.time) else atom.time,
        takes_unstated=False,
    )
    facts = known.of_kind(FactKind.TRIAL)
    if ask.window is not None:
        return _with_anchor(answer_presence(ask, facts, known), atom.time)
    now = answer_presence(replace(ask, when=When.NOW), facts, known)
    return _either(now, answer_presence(replace(ask, when=When.EVER), facts, known), need)


_SHOWN = frozenset({"symptoms of", "signs of", "signs and symptoms of", "signs or symptoms of"})
_FEMALE_STATES = frozenset({"pregnant", "lactating", "child_bearing_potential", "postmenopausal"})
_STATE_NAMES: Mapping[str, str] = {
    "pregnant": "pregnancy",
    "lactating": "breast-feeding",
    "child_bearing_potential": "child-bearing potential",
    "postmenopausal": "being past the menopause",
    "sterile": "being surgically sterile",
    "planning_pregnancy": "planning a pregnancy",
}


def answer_state(atom: ReproState, known: Known) -> Answer:
    """Whether the patient is pregnant, breast-feeding, able to become pregnant, past the menopause, sterile."""
    name = _STATE_NAMES[atom.state]
    need = Need(Who.DATA, name, "not recorded", f"{FactKind.STATE}/{atom.state}")
    if atom.state in _FEMALE_STATES and known.patient.sex is Sex.MALE:
        return Answer(Truth.FALSE, (f"the patient is male: no {name}",), (sex_evidence(known),))
    if not is_present(atom.time) and atom.time is not None:
        why = replace(need, who=Who.PERSON, why="of another time than now: has to be asked")
        return Answer(Truth.UNKNOWN, (f"{name}: {why.why}",), needs=(why,))
    stated = [one for one in known.facts(FactKind.STATE, atom.state) if _is_fresh_state(one, known)]
    if stated:
        evidence = tuple(
            evidence_of(one, f"{'no ' if one.negated or one.status is Status.ENDED else ''}{name}")
            for one in stated
        )
        truths = {truth_of(not one.negated and one.status is not Status.ENDED) for one in stated}
        inferred = _state_from_others(atom, known, name)
        if inferred is not None:
            truths.add(inferred.truth)
            evidence = (*evidence, *inferred.evidence)
        if len(truths) == 1:
            truth = truths.pop()
            return Answer(truth, (f"{'' if truth is Truth.TRUE else 'no '}{name}",), evidence)
        missing = replace(need, why="statements that contradict each other")
        return Answer(
            Truth.UNKNOWN, (f"{name}: {missing.why}",), evidence, needs=(missing,), is_conflict=True
        )
    others = _state_from_others(atom, known, name)
    if others is not None:
        return others
    old = tuple(evidence_of(one, name) for one in known.facts(FactKind.STATE, atom.state))
    missing = replace(need, why="stale" if old else "not recorded")
    return Answer(Truth.UNKNOWN, (f"{name}: {missing.why}",), old, needs=(missing,))


def _is_fresh_state(fact: Fact, known: Known) -> bool:
    days = days_fresh("state", fact.id)
    day = fact.recorded or fact.date
    if days == 0 or day is None or day.earliest is None:
        return True
    return (known.as_of - day.earliest).days <= days


def _state_from_others(atom: ReproState, known: Known, name: str) -> Answer | None:
    """A pregnancy from a recent test; no pregnancy and no child-bearing potential after the menopause or sterilisation."""
    if atom.state not in {"pregnant", "child_bearing_potential", "planning_pregnancy"}:
        return None
    barred = _barred(known, name)
    if atom.state != "pregnant" or not known.facts(FactKind.RESULT, "pregnancy_test"):
        return barred
    test = answer_result(Test("pregnancy_test", "positive", atom.span), known)
    if not test.truth.is_decided:
        return test if test.is_conflict else barred
    if barred is not None and test.truth is not barred.truth:
        need = Need(
            Who.DATA, name, "a test and the record's statements contradict", f"{FactKind.STATE}/{atom.state}"
        )
        evidence = (*barred.evidence, *test.evidence)
        return Answer(Truth.UNKNOWN, (f"{name}: {need.why}",), evidence, needs=(need,), is_conflict=True)
    said = Assumption("test", "a recent pregnancy test stands for the pregnancy")
    return replace(test, assumptions=(*test.assumptions, said))


def _barred(known: Known, name: str) -> Answer | None:
    for other in ("postmenopausal", "sterile"):
        facts = known.facts(FactKind.STATE, other)
        held = [one for one in facts if not one.negated and one.status is not Status.ENDED]
        if held and len(held) == len(facts):
            evidence = tuple(evidence_of(one, _STATE_NAMES[other]) for one in held)
            return Answer(Truth.FALSE, (f"{_STATE_NAMES[other]}: no {name}",), evidence)
    return None


def _with_anchor(answer: Answer, window: Window | None) -> Answer:
    if window is None or not window.anchor_assumed or is_present(window):
        return answer
    said = Assumption("anchor", "the text does not say from when time counts: taken from the day asked")
    return replace(answer, assumptions=(*answer.assumptions, said))


def _name(atom: Concept) -> str:
    row = tables()["condition"].get(atom.concept_id)
    name: str = atom.surface if row is None or atom.domain == "allergy" else row["name"]
    return name


def _exposure_name(atom: Exposure) -> str:
    row = tables()["drug"].get(atom.concept_id) or tables()["procedure"].get(atom.concept_id)
    name: str = atom.surface if row is None else row["name"]
    return name


def _key(kind: FactKind, fact_id: str) -> str:
    return f"{kind}/{fact_id}" if fact_id else ""


def _mesh(atom: Concept) -> str:
    mesh = tables()["condition"].get(atom.concept_id, {}).get("mesh", "")
    return f"MeSH {mesh}" if mesh and atom.domain == "condition" else ""


def _drug_code(atom: Exposure) -> str:
    atc = tables()["drug"].get(atom.concept_id, {}).get("atc", "")
    return f"ATC {atc}" if atc else ""
