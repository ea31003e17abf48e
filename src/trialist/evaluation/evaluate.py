"""The judge: criteria × patient, as of a day, under a policy → a verdict. Plain on purpose; whatever is faster is judged by it.

Polarity stays outside of expressions: an expression says whether its sentence is true, and one function here says what
that does. Nothing that was not understood, and nothing that nobody read, lets a patient be called eligible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import assert_never

from trialist.criteria.criterion import Criterion, CriterionSet, Modality, Polarity, Population
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Attestation,
    Biomarker,
    Concept,
    Count,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Trialwise,
    atoms,
    join_any,
)
from trialist.criteria.nodes import Result as Test
from trialist.criteria.witness import Witness
from trialist.evaluation.answers import Answer, all_hold, if_agreed, one_holds, opposite, so_many_hold
from trialist.evaluation.caution import as_asked, is_doubtful, left_open, without_sexes
from trialist.evaluation.conditions import answer_concept, answer_exposure, answer_state, answer_trialwise
from trialist.evaluation.fields import field_assessments, life_assessments, reconcile_ages
from trialist.evaluation.graded import answer_biomarker, answer_count, answer_ordinal, answer_result
from trialist.evaluation.kinship import narrower
from trialist.evaluation.known import Known, evidence_of
from trialist.evaluation.measured import answer_quantity
from trialist.evaluation.narrative import (
    UNREAD_REST,
    as_noted,
    doubt_of_narrative,
    is_for_women_only,
    nearby,
    says_nothing_of_allergies,
)
from trialist.evaluation.noting import UNDEFINED, asks_of_others, without_definition
from trialist.evaluation.persons import (
    answer_attestation,
    answer_demographic,
    answer_judgement,
    answer_opaque,
    answer_sex,
)
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.sentences import sentence_of
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assessment, Assumption, Effect, Need, Result, Verdict, Who
from trialist.evaluation.weigh import weigh
from trialist.patient.facts import Patient


def evaluate(
    criteria: CriterionSet,
    patient: Patient,
    as_of: date,
    policy: Policy = STRICT,
    fields: Witness | None = None,
) -> Verdict:
    """What the criteria of a trial, and the registry's own `fields` of it, say of a patient on a day."""
    known = Known(patient, as_of, policy)
    is_headed = has_headings(criteria)
    assessments = [settle(one, known, is_headed=is_headed, fields=fields) for one in criteria.criteria]
    assessments = with_permissions(criteria, assessments)
    assessments, of_fields = reconcile_ages(criteria, assessments, field_assessments(fields, known), known)
    return weigh(criteria, known, [*life_assessments(known), *of_fields, *assessments], fields)


def has_headings(criteria: CriterionSet) -> bool:
    """Whether a text says what includes and what excludes."""
    return not any(one.kind == "no_heading" for one in criteria.findings)


def settle(criterion: Criterion, known: Known, *, is_headed: bool, fields: Witness | None) -> Assessment:
    """One criterion for one patient, with what its text and the registry's own sex leave in doubt left open."""
    one = assess(criterion, known)
    is_decided = one.effect in (Effect.ALLOWS, Effect.EXCLUDES)
    if is_decided and not is_headed and not isinstance(criterion.expr, Demographic):
        why = "the text has no headings: whether this is required or excludes has to be read"
        return _left_open(one, Need(Who.READER, f"“{one.text}”", why))
    if one.effect is Effect.EXCLUDES and _is_doubtful_sex(criterion, known, fields):
        why = "whether it asks for one sex, or something of one sex, has to be read"
        return _left_open(one, Need(Who.READER, f"“{one.text}”", why))
    return one


def assess(criterion: Criterion, known: Known) -> Assessment:
    """One criterion for one patient."""
    if criterion.population is not Population.PATIENT:
        return _for_others(criterion)
    if not known.takes_silence:
        answer = answer_expr(as_asked(criterion), known)
        return _settled(criterion, known, answer, is_doubtful(criterion, answer, _decider(known)))
    if is_for_women_only(criterion, known):
        return _assessment(criterion, answer_sex(("female",), known), Result.NOT_APPLICABLE)
    return _of_narrative(criterion, known)


def _decider(known: Known) -> Callable[[Expr], Truth]:
    return lambda one: answer_expr(one, known).truth


def _of_narrative(criterion: Criterion, known: Known) -> Assessment:
    """One criterion as the reader of a whole narrative takes it."""
    criterion, told = as_noted(criterion)
    answer = answer_expr(as_asked(criterion), known)
    if answer.truth is Truth.UNKNOWN and not answer.is_conflict:
        undefined = without_definition(
            criterion, _decider(known), is_silent_on_allergies=says_nothing_of_allergies(known)
        )
        found = answer if undefined is None else answer_expr(undefined, known)
        if undefined is not None and found.truth is Truth.FALSE and found.rests_on_absence:
            criterion, answer, told = replace(criterion, expr=undefined), found, (*told, UNDEFINED)
    answer = replace(answer, assumptions=(*answer.assumptions, *told)) if told else answer
    others = asks_of_others(criterion, answer.truth, known, is_by_silence=answer.rests_on_absence)
    if others and criterion.counts and criterion.modality is Modality.REQUIRED:
        nobody = Answer(Truth.UNKNOWN, (others,), assumptions=(Assumption("absence", others),))
        return _assessment(criterion, nobody, Result.NOT_APPLICABLE)
    of_any = is_doubtful(criterion, answer, _decider(known))
    doubt = doubt_of_narrative(criterion, answer, of_any, known, _decider(known))
    if of_any is not None and doubt is None:
        answer = replace(answer, assumptions=(*answer.assumptions, UNREAD_REST))
    if not answer.evidence and (doubt is not None or not answer.truth.is_decided or answer.rests_on_absence):
        answer = replace(answer, evidence=nearby(criterion, known))
    return _settled(criterion, known, answer, doubt)


def _settled(criterion: Criterion, known: Known, answer: Answer, doubt: Need | None) -> Assessment:
    """What an answer makes of a criterion, with what speaks against the reading, and for whom alone it is asked."""
    if doubt is not None:
        answer = left_open(answer, doubt)
    if not criterion.counts or criterion.modality is not Modality.REQUIRED:
        return _assessment(criterion, answer, Result.UNKNOWN if not answer.truth.is_decided else None)
    guard = None if criterion.guard is None else answer_expr(criterion.guard, known)
    if guard is not None and guard.truth is Truth.FALSE:
        return _assessment(criterion, guard, Result.NOT_APPLICABLE)
    if any(one.kind == "inverted_polarity" for one in criterion.defects):
        need = Need(
            Who.READER, f"“{criterion.text}”", "seems to stand under the wrong heading: has to be read"
        )
        answer = replace(answer, truth=Truth.UNKNOWN, words=(need.why,), needs=(need,), is_conflict=False)
    result = result_of(criterion.polarity, answer)
    if guard is not None and guard.truth is Truth.UNKNOWN and result is Result.NOT_MET:
        # Only if the guard holds does it exclude; if it does not, nothing was asked.
        answer = replace(
            guard, evidence=(*guard.evidence, *answer.evidence), words=(*guard.words, *answer.words)
        )
        result = Result.CONFLICT if guard.is_conflict else Result.UNKNOWN
    return _assessment(criterion, answer, result)


def answer_expr(expr: Expr, known: Known) -> Answer:
    """Whether an expression is true of a patient."""
    answer = _answer_expr(expr, known)
    return _with_inferences(answer, known) if known.inferred else answer


def _with_inferences(answer: Answer, known: Known) -> Answer:
    """An answer with what it was inferred from, where nothing that was told decides it."""
    facts = [one.fact for one in answer.evidence if one.fact is not None]
    if not answer.truth.is_decided or not facts or any(one not in known.inferred for one in facts):
        return answer
    sources = dict.fromkeys(
        used for one in facts for used in known.inferred[one] if used not in known.inferred
    )
    told = dict.fromkeys(f"{one.surface} is inferred: {one.note}" for one in facts)
    return replace(
        answer,
        evidence=(
            *answer.evidence,
            *(evidence_of(one, one.surface or one.id.replace("_", " ")) for one in sources),
        ),
        assumptions=(*answer.assumptions, *(Assumption("inference", one) for one in told)),
    )


def _answer_expr(expr: Expr, known: Known) -> Answer:
    match expr:
        case And(of):
            return _all_of(of, known)
        case Or(of):
            return one_holds([answer_expr(one, known) for one in of])
        case Not(of):
            return opposite(answer_expr(of, known))
        case AtLeast(count, of):
            return so_many_hold(count, [answer_expr(one, known) for one in of])
        case ExceptWhen(main, exception):
            return _with_exception(main, exception, known)
        case Alternatives(readings):
            why = Need(Who.READER, "the sentence", "can be read in two ways that differ for this patient")
            return if_agreed([answer_expr(one, known) for one in readings], why)
        case Demographic():
            return answer_demographic(expr, known)
        case Quantity():
            return answer_quantity(expr, known)
        case Ordinal():
            return answer_ordinal(expr, known)
        case Concept():
            return answer_concept(expr, known)
        case Exposure():
            return answer_exposure(expr, known)
        case _:
            return _answer_other(expr, known)


def _all_of(parts: Sequence[Expr], known: Known) -> Answer:
    """Whether all hold."""
    answers = []
    for one in with_exceptions(parts):
        answer = answer_expr(one, known)
        if isinstance(one, Attestation) and answer.truth is Truth.FALSE:
            # "Lack of compliance with contraception": a refusal inside a longer sentence may mean its opposite.
            need = Need(Who.READER, answer.words[0], "inside a longer sentence: has to be read")
            answer = left_open(answer, need)
        answers.append(answer)
    return all_hold(answers)


def with_exceptions(parts: Sequence[Expr]) -> list[Expr]:
    """What has to hold together; what is taken from one of them stands as its exception.

    "Malignancy and not basal cell carcinoma" says another one than that, not that there is none.
    """
    taking = [one for one in parts if isinstance(one, Not) and any(_takes_from(one, it) for it in parts)]
    if not taking:
        return list(parts)
    found: list[Expr] = []
    for one in parts:
        if not any(one is it for it in taking):
            taken = [it.of for it in taking if _takes_from(it, one)]
            found.append(ExceptWhen(one, join_any(taken)) if taken else one)
    return found


def _takes_from(negation: Not, other: Expr) -> bool:
    """Whether "and not" names a kind of something that is asked for beside it."""
    is_plain = isinstance(other, Concept | Exposure) or (
        isinstance(other, Or) and all(isinstance(one, Concept | Exposure) for one in other.of)
    )
    return is_plain and is_kind_of(negation.of, other) is not None


def _with_exception(main: Expr, exception: Expr, known: Known) -> Answer:
    """The first and not the exception. An exception that is a kind of the first takes only its own facts away from it."""
    answer, excepted = answer_expr(main, known), answer_expr(exception, known)
    plain = all_hold([answer, opposite(excepted)])
    is_kind = is_kind_of(exception, main)
    if is_kind is None or excepted.truth is Truth.FALSE:
        return plain
    own = {item.fact for item in excepted.evidence if item.fact is not None and not item.fact.negated}
    rest = answer_expr(main, known.without(own))
    if rest.truth is Truth.TRUE:
        return rest
    if excepted.truth is Truth.UNKNOWN and not (is_kind and excepted.is_conflict):
        return plain
    if is_kind:  # also where it is disputed that there is one: with it and without it, the others decide
        return replace(rest, evidence=(*rest.evidence, *excepted.evidence))
    return if_agreed(
        [plain, rest], Need(Who.READER, "the exception", "can be read in two ways for this patient")
    )


def is_kind_of(exception: Expr, main: Expr) -> bool | None:
    """Whether an exception names a kind of what it is taken from: surely, perhaps (False), or not at all (None)."""
    named = [one for one in atoms(exception) if isinstance(one, Concept | Exposure)]
    of = [one for one in atoms(main) if isinstance(one, Concept | Exposure)]
    if not named or not of or len(named) < len(list(atoms(exception))):
        return None
    sure = [any(_is_below(one, other) for other in of) for one in named]
    if all(sure):
        return True
    may_be = [
        known or any(type(one) is type(other) and not one.concept_id for other in of)
        for one, known in zip(named, sure, strict=True)
    ]
    return False if all(may_be) else None


def _is_below(one: Concept | Exposure, other: Concept | Exposure) -> bool:
    if type(one) is not type(other) or not other.concept_id:
        return False
    domain = "condition" if isinstance(other, Concept) and other.domain == "condition" else "exposure"
    below = {other.concept_id, *narrower(domain, other.concept_id)}
    return one.concept_id in below or (not one.concept_id and one.broader in below)


def _answer_other(
    atom: Test | Biomarker | ReproState | Trialwise | Attestation | Judgement | Count | Opaque, known: Known
) -> Answer:
    match atom:
        case Test():
            return answer_result(atom, known)
        case Biomarker():
            return answer_biomarker(atom, known)
        case ReproState():
            return answer_state(atom, known)
        case Trialwise():
            return answer_trialwise(atom, known)
        case Attestation():
            return answer_attestation(atom, known)
        case Judgement():
            return answer_judgement(atom, known)
        case Count():
            return answer_count(atom, known)
        case Opaque():
            return answer_opaque(atom, known)
        case _:
            assert_never(atom)


def result_of(polarity: Polarity, answer: Answer) -> Result:
    """What the truth of a sentence makes of its criterion: an inclusion is met by truth, an exclusion by its absence."""
    if answer.truth is Truth.UNKNOWN:
        return Result.CONFLICT if answer.is_conflict else Result.UNKNOWN
    is_met = answer.truth is (Truth.TRUE if polarity is Polarity.INCLUSION else Truth.FALSE)
    return Result.MET if is_met else Result.NOT_MET


_EFFECTS = {
    Result.MET: Effect.ALLOWS,
    Result.NOT_MET: Effect.EXCLUDES,
    Result.UNKNOWN: Effect.OPEN,
    Result.CONFLICT: Effect.OPEN,
    Result.NOT_APPLICABLE: Effect.NONE,
}


def _for_others(criterion: Criterion) -> Assessment:
    """A criterion of the donor or a caregiver is never read on the patient, and has to be confirmed of them."""
    is_person = criterion.population in (Population.DONOR, Population.CAREGIVER)
    is_open = is_person and criterion.counts and criterion.modality is Modality.REQUIRED
    who = str(criterion.population).replace("_", " ")
    need = Need(
        Who.PERSON, f"“{criterion.text}”", f"is about the {who}, not the patient: has to be confirmed"
    )
    answer = Answer(
        Truth.UNKNOWN, (f"about the {who}, not about the patient",), needs=(need,) if is_open else ()
    )
    found = _assessment(criterion, answer, Result.UNKNOWN if is_open else Result.NOT_APPLICABLE)
    return replace(found, truth=None)


def _assessment(criterion: Criterion, answer: Answer, result: Result | None) -> Assessment:
    counts = criterion.counts and criterion.modality is Modality.REQUIRED
    found = result if result is not None else result_of(criterion.polarity, answer)
    effect = _EFFECTS[found] if counts else Effect.NONE
    return Assessment(
        criterion_id=criterion.id,
        text=criterion.text,
        plain=criterion.plain,
        polarity=str(criterion.polarity),
        result=found,
        effect=effect,
        truth=None if found is Result.NOT_APPLICABLE else answer.truth,
        sentence=sentence_of(answer.words, criterion.polarity, found, counts=counts),
        evidence=answer.evidence,
        calculations=answer.calculations,
        assumptions=answer.assumptions,
        missing=answer.needs if effect is Effect.OPEN else (),
        counts=counts,
        scope=criterion.scope,
        spans=criterion.spans,
        rests_on_absence=answer.rests_on_absence,
    )


def _is_doubtful_sex(criterion: Criterion, known: Known, fields: Witness | None) -> bool:
    """Whether something excludes by a sex alone that the registry's field does not ask for.

    "Men: less than 31.5 %" asks something of men, and does not ask for men.
    """
    is_plain = isinstance(criterion.expr, Demographic)
    if (fields is None and is_plain) or (fields is not None and fields.sex in {"MALE", "FEMALE"}):
        return False
    if not any(isinstance(one, Demographic) and one.kind == "sex" for one in atoms(criterion.expr)):
        return False
    # An exclusion of "women who …" is true of a woman by what follows; one of "women" alone is doubtful.
    if criterion.polarity is Polarity.EXCLUSION:
        return is_plain
    return answer_expr(without_sexes(as_asked(criterion)), known).truth is not Truth.FALSE


def _left_open(one: Assessment, need: Need) -> Assessment:
    """A result that would decide, left open for a reason."""
    return replace(
        one,
        result=Result.UNKNOWN,
        effect=Effect.OPEN,
        truth=Truth.UNKNOWN,
        missing=(need,),
        sentence=f"{one.sentence.removesuffix('.')}, but {need.why}: open.",
    )


def with_permissions(criteria: CriterionSet, assessments: Sequence[Assessment]) -> list[Assessment]:
    """What excludes by a fact that the text elsewhere says is allowed does not surely exclude."""
    allowed = {
        item.fact
        for criterion, one in zip(criteria.criteria, assessments, strict=True)
        if criterion.modality is Modality.PERMISSIVE and one.truth is not Truth.FALSE
        for item in one.evidence
        if item.fact is not None
    }
    found = []
    for one in assessments:
        if one.effect is Effect.EXCLUDES and any(item.fact in allowed for item in one.evidence if item.fact):
            need = Need(Who.READER, f"“{one.text}”", "another sentence of the text seems to allow it")
            one = _left_open(one, need)
        found.append(one)
    return found
