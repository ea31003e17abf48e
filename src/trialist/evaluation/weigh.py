"""The criteria of a trial together → its verdict: excluded, eligible, or undetermined and by what."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.criterion import Criterion, CriterionSet, Modality, Polarity, Population
from trialist.criteria.nodes import Attestation, Demographic, atoms
from trialist.criteria.permissions import CONDITIONAL
from trialist.criteria.witness import Witness
from trialist.evaluation.known import Known
from trialist.evaluation.verdict import Assessment, Class, Effect, Need, Result, Verdict, Who

NO_TEXT = Need(Who.READER, "the eligibility text", "not available: who may take part is not known")

IF_ABSENT = "excludes only if what is not recorded is absent"
"""Why something is missing that has no name of its own: no single fact settles it."""

IF_INFERRED = "excludes only if what was inferred is so"
"""Why something is missing that a reader infers and nobody stated."""


def weigh(
    criteria: CriterionSet, known: Known, assessments: Sequence[Assessment], fields: Witness | None = None
) -> Verdict:
    """The verdict of a trial.

    What only concerns one cohort or part closes that cohort, never the trial. What excludes only because the policy takes
    something for absent is open. A text that is missing, or of which words were read by nobody, is open.
    """
    counted = [one for one in assessments if one.counts]
    excluding = [one for one in counted if one.effect is Effect.EXCLUDES and not one.scope]
    sure = [one for one in excluding if not one.is_assumed]
    open_ = [one for one in counted if one.effect is Effect.OPEN and not one.scope]
    needs = [need for one in open_ for need in one.missing]
    notes = []
    for one in excluding:
        if one.is_assumed:
            needs.append(Need(Who.DATA, one.plain, IF_ABSENT if one.rests_on_absence else IF_INFERRED))
    scoped, scope_notes = _cohorts(counted)
    needs += scoped
    notes += scope_notes
    needs += unread_needs(criteria, fields)
    passed = [one for one in counted if one.effect is Effect.ALLOWS or one.result is Result.NOT_APPLICABLE]
    silent = [one for one in passed if one.is_assumed]
    if known.policy.takes_silence and silent:
        needs.append(Need(Who.PERSON, "what the note does not state", f"{len(silent)} criteria rest on it"))
    missing = tuple(dict.fromkeys(one for one in needs if one.who is Who.DATA))
    confirmations = tuple(dict.fromkeys(one for one in needs if one.who is not Who.DATA))
    verdict = Class.EXCLUDED if sure else Class.UNDETERMINED if needs else Class.ELIGIBLE
    return Verdict(
        nct_id=criteria.nct_id,
        as_of=known.as_of,
        policy=known.policy.name,
        verdict=verdict,
        assessments=tuple(assessments),
        excluded_by=tuple(one.criterion_id for one in sure),
        missing=missing,
        confirmations=confirmations,
        notes=tuple(notes),
    )


def unread_needs(criteria: CriterionSet, fields: Witness | None) -> list[Need]:
    """What of the text nobody has read; and the study's diseases, where the text asks for none and takes no healthy people."""
    if not criteria.available:
        return [NO_TEXT]
    found = []
    lost = [one.text.strip() for one in criteria.residue if one.kind == "text"]
    found += [Need(Who.READER, f"“{said}”", "in no criterion: has to be read") for said in lost]
    asked = [one for one in criteria.criteria if one.counts and one.population is Population.PATIENT]
    if not any(one.counts for one in criteria.criteria):
        found.append(Need(Who.READER, "the eligibility text", "no criterion was found in it: has to be read"))
    elif not asked:
        found.append(
            Need(
                Who.READER, "the eligibility text", "no criterion in it is about the patient: has to be read"
            )
        )
    found += [
        Need(Who.READER, f"“{one.text}”", "allowed on a condition: has to be read")
        for one in criteria.criteria
        if one.modality is Modality.PERMISSIVE
        and CONDITIONAL in one.notes
        and one.population is Population.PATIENT
    ]
    if not any(_says_who(one) for one in asked):
        if fields is not None and fields.conditions and fields.healthy_volunteers is not True:
            why = "the study is about it, and its text does not ask for it: has to be read"
            found.append(Need(Who.READER, " or ".join(fields.conditions), why))
        found += [
            Need(Who.READER, f"“{one.text}”", "nothing else says who may take part: has to be read")
            for one in criteria.criteria
            if not one.counts
            and one.modality in (Modality.PERMISSIVE, Modality.INFORMATIVE)
            and one.polarity is Polarity.INCLUSION
            and one.population is not Population.SITE
        ]
    return found + [
        Need(Who.READER, "the eligibility text", finding.message)
        for finding in criteria.findings
        if finding.kind in {"no_heading", "incomplete_reference"}
    ]


def _says_who(one: Criterion) -> bool:
    """Whether a criterion requires something of the patient besides age, sex and what only a person can promise."""
    is_required = one.modality is Modality.REQUIRED and one.polarity is Polarity.INCLUSION
    return is_required and not all(isinstance(atom, Demographic | Attestation) for atom in atoms(one.expr))


def _cohorts(counted: Sequence[Assessment]) -> tuple[list[Need], list[str]]:
    """The cohorts and parts that a text names: with one that is wholly open to the patient, none is missing anything."""
    by_scope: dict[tuple[tuple[str, str], ...], list[Assessment]] = {}
    for one in counted:
        if one.scope:
            by_scope.setdefault(one.scope, []).append(one)
    if not by_scope:
        return [], []
    needs: list[Need] = []
    notes = []
    closed = []
    for scope, members in sorted(by_scope.items()):
        name = ", ".join(f"{kind} {value}" for kind, value in scope)
        excluding = [one for one in members if one.effect is Effect.EXCLUDES and not one.is_assumed]
        open_ = [one for one in members if one.effect is Effect.OPEN or one.effect is Effect.EXCLUDES]
        if excluding:
            closed.append(name)
            notes.append(f"Not for {name}: {', '.join(one.criterion_id for one in excluding)}.")
        elif not open_:
            return [], [f"All that is asked for {name} alone is met."]
        needs += [] if excluding else [need for one in open_ for need in one.missing]
    if len(closed) == len(by_scope):
        needs.append(
            Need(
                Who.READER,
                "cohorts and parts",
                "closed for all that the text names; whether there are others has to be read",
            )
        )
    elif not needs:
        needs.append(Need(Who.READER, "cohorts and parts", "which one is meant has to be read"))
    return needs, notes
