"""One patient against many trials, fast: the judge's answers, asked once for each different criterion that facts touch.

Criteria that say the same (their places in texts left out) are one `shape`. What a shape comes to for a patient of whom no
fact touches it is worked out once and kept; for a patient only the touched shapes, and those that ask age, birth or sex, are
given to the judge. The sums per trial are packed into one number each, so that a shape is counted by an addition.

Nothing is decided here: shapes are settled by `evaluate.settle`, and trials in which criteria act on each other (permissions,
cohorts, ages that text and field tell differently) are given to the judge as wholes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from trialist.criteria.criterion import Criterion, CriterionSet, Modality
from trialist.criteria.nodes import Demographic, Span
from trialist.criteria.witness import Witness
from trialist.evaluation.evaluate import has_headings, settle, with_permissions
from trialist.evaluation.fields import field_assessments, life_assessments, reconcile_ages
from trialist.evaluation.known import Known
from trialist.evaluation.policy import SCREENING, STRICT, Policy
from trialist.evaluation.spanless import spanless
from trialist.evaluation.touching import PERSONAL, keys_of_criterion, keys_of_facts
from trialist.evaluation.verdict import Assessment, Class, Effect, Verdict, Who
from trialist.evaluation.weigh import unread_needs, weigh
from trialist.patient.facts import Patient

_BITS = 14
_MASK = (1 << _BITS) - 1
_EXCLUDES, _ASSUMED, _DATA, _PERSONS, _DECIDED, _OPEN = (1 << (_BITS * place) for place in range(6))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial comes to: its class, whether only persons stand in the way, and how many criteria are decided and open."""

    nct_id: str
    verdict: Class
    for_persons_only: bool
    excluded_by: int
    decided: int
    open: int

    @property
    def share_decided(self) -> float:
        """Of the criteria that count for this patient the part that is decided; 0 where none counts."""
        every = self.decided + self.open
        return self.decided / every if every else 0.0


def outcome_of(verdict: Verdict) -> Outcome:
    """The same of a whole verdict: what the fast way is held against."""
    counted = [one for one in verdict.assessments if one.counts and not one.scope]
    return Outcome(
        verdict.nct_id,
        verdict.verdict,
        verdict.is_open_for_persons_only,
        len(verdict.excluded_by),
        sum(one.effect in (Effect.ALLOWS, Effect.EXCLUDES) for one in counted),
        sum(one.effect is Effect.OPEN for one in counted),
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it is given: its criteria and what the registry's own fields say."""

    criteria: CriterionSet
    fields: Witness | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    """A criterion without its places, and all that the judge needs beside it; or the fields of a study."""

    criterion: Criterion | None
    is_headed: bool
    fields: Witness | None


@dataclass(frozen=True, slots=True)
class _Blank:
    """What each shape comes to for a patient of whom nothing is known, packed too, and the sums of the trials."""

    settled: list[list[Assessment]]
    packed: list[int]
    sums: list[int]


class Many:
    """Trials made ready for questions about patients. Building reads every criterion once; asking builds nothing."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._shapes: list[_Shape] = []
        self._in: list[list[int]] = []
        self._by_key: dict[str, list[int]] = {}
        self._ids: list[str] = []
        self._kept: dict[int, Trial] = {}
        self._members: list[list[int]] = []
        self._static: list[int] = []
        self._whole: list[bool] = []
        self._ages: dict[int, int] = {}
        self._age_numbers: dict[object, int] = {}
        self._age_sets: list[tuple[CriterionSet, Witness]] = []
        self._permitting: dict[str, list[int]] = {}
        self._numbers: dict[object, int] = {}
        self._blanks: dict[bool, _Blank] = {}
        for trial in trials:
            self._add(trial)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def shapes(self) -> int:
        """How many different criteria there are."""
        return len(self._shapes)

    def _add(self, trial: Trial) -> None:
        at = len(self._ids)
        criteria = trial.criteria
        self._ids.append(criteria.nct_id)
        self._members.append([])
        needs = unread_needs(criteria)
        self._static.append(_PERSONS if needs else 0)
        counted = [one for one in criteria.criteria if one.counts]
        self._whole.append(any(one.scope for one in counted))
        if self._whole[at]:
            self._kept[at] = trial
        for one in criteria.criteria:
            if one.modality is Modality.PERMISSIVE:
                self._kept[at] = trial
                for key in keys_of_criterion(one):
                    self._permitting.setdefault(key, []).append(at)
        is_headed = has_headings(criteria)
        for one in counted:
            shape = _shape_of(one, is_headed, trial.fields)
            self._put(shape, (repr(shape.criterion), is_headed, _sex_of(shape.fields)), at)
        for one in criteria.criteria:
            if one.modality is Modality.PERMISSIVE:
                shape = _shape_of(one, is_headed, trial.fields)
                self._put(shape, (repr(shape.criterion), is_headed, _sex_of(shape.fields)), at)
        if trial.fields is not None:
            plain = _plain_fields(trial.fields)
            self._put(_Shape(None, True, plain), ("fields", repr(plain)), at)
            if any(_is_age(one) for one in counted) and (plain.minimum_age or plain.maximum_age):
                self._kept[at] = trial
                ages = tuple(one for one in counted if _is_age(one))
                told = (tuple(map(_age_key, ages)), plain.minimum_age, plain.maximum_age)
                number = self._age_numbers.setdefault(told, len(self._age_sets))
                if number == len(self._age_sets):
                    self._age_sets.append((replace(criteria, criteria=ages), plain))
                self._ages[at] = number

    def _put(self, shape: _Shape, key: object, at: int) -> None:
        """Count a criterion, or the fields of a study, of the trial at a place."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._shapes)
            self._shapes.append(shape)
            self._in.append([])
            keys = {PERSONAL} if shape.criterion is None else keys_of_criterion(shape.criterion)
            for one in keys:
                self._by_key.setdefault(one, []).append(number)
        self._in[number].append(at)
        self._members[at].append(number)

    def _blank(self, *, is_covered: bool) -> _Blank:
        """For a patient of whom nothing is known (or nothing in a long record): what each shape comes to, and each trial."""
        found = self._blanks.get(is_covered)
        if found is None:
            day = date(2000, 1, 1)
            patient = Patient(first_seen=date(1980, 1, 1), last_seen=day)
            known = Known(patient, day, SCREENING if is_covered else STRICT)
            settled = [_settled(one, known) for one in self._shapes]
            packed = [_packed(one) for one in settled]
            found = self._blanks[is_covered] = _Blank(settled, packed, self._summed(packed))
        return found

    def _summed(self, shapes: Sequence[int]) -> list[int]:
        sums = list(self._static)
        for number, value in enumerate(shapes):
            if value:
                for at in self._in[number]:
                    sums[at] += value
        return sums

    def outcomes(self, patient: Patient, as_of: date, policy: Policy = STRICT) -> list[Outcome]:
        """What each trial comes to for a patient, in the trials' order; the same as the judge's verdicts."""
        known = Known(patient, as_of, policy)
        blank = self._blank(is_covered=known.is_covered)
        life = life_assessments(known)
        more = _packed(life)
        sums = [one + more for one in blank.sums] if more else list(blank.sums)
        settled: dict[int, list[Assessment]] = {}
        for number in sorted(self._touched(known)):
            settled[number] = _settled(self._shapes[number], known)
            change = _packed(settled[number]) - blank.packed[number]
            if change:
                for at in self._in[number]:
                    sums[at] += change
        joined = self._permitted(known, sums) | self._acting(known)
        found = []
        for at, packed in enumerate(sums):
            if at in joined:
                members = [settled.get(one) or blank.settled[one] for one in self._members[at]]
                found.append(self._joined(at, known, [*life, *(one for some in members for one in some)]))
            else:
                found.append(self._read(at, packed))
        return found

    def _touched(self, known: Known) -> set[int]:
        keys = keys_of_facts(known)
        return {number for key in keys for number in self._by_key.get(key, ())}

    def _permitted(self, known: Known, sums: Sequence[int]) -> set[int]:
        """The trials that something excludes from, and whose permissions a fact of the patient touches."""
        keys = keys_of_facts(known) - {PERSONAL}
        return {at for key in keys for at in self._permitting.get(key, ()) if sums[at] // _EXCLUDES & _MASK}

    def _acting(self, known: Known) -> set[int]:
        """The trials whose criteria act on each other: by cohorts, or by ages that are told apart."""
        apart = {number for number in range(len(self._age_sets)) if self._contradicts(number, known)}
        found = {at for at, number in self._ages.items() if number in apart}
        return found | {at for at, whole in enumerate(self._whole) if whole}

    def _joined(self, at: int, known: Known, assessments: Sequence[Assessment]) -> Outcome:
        """The verdict of a trial whose criteria act on each other, of what each came to alone."""
        criteria = self._kept[at].criteria
        counted = [one for one in criteria.criteria if one.counts]
        permissive = [one for one in criteria.criteria if one.modality is Modality.PERMISSIVE]
        shown = replace(criteria, criteria=(*counted, *permissive))
        of_fields = [one for one in assessments if ":" in one.criterion_id]
        of_text = [one for one in assessments if ":" not in one.criterion_id]
        texts, fields = reconcile_ages(shown, with_permissions(shown, of_text), of_fields, known)
        return outcome_of(weigh(criteria, known, [*fields, *texts]))

    def _contradicts(self, number: int, known: Known) -> bool:
        """Whether text and field tell ages apart for this patient."""
        ages, fields = self._age_sets[number]
        plain = replace(fields, sex="", healthy_volunteers=None)
        texts = [settle(one, known, is_headed=True, fields=fields) for one in ages.criteria]
        before = field_assessments(plain, known)
        return reconcile_ages(ages, texts, before, known) != (texts, before)

    def _read(self, at: int, packed: int) -> Outcome:
        excludes, assumed, data, persons = (
            packed // unit & _MASK for unit in (_EXCLUDES, _ASSUMED, _DATA, _PERSONS)
        )
        verdict = Class.ELIGIBLE
        if excludes:
            verdict = Class.EXCLUDED
        elif assumed or data or persons:
            verdict = Class.UNDETERMINED
        only_persons = verdict is Class.UNDETERMINED and not data and not assumed
        return Outcome(
            self._ids[at],
            verdict,
            only_persons,
            excludes,
            packed // _DECIDED & _MASK,
            packed // _OPEN & _MASK,
        )


def _settled(shape: _Shape, known: Known) -> list[Assessment]:
    if shape.criterion is None:
        return field_assessments(shape.fields, known)
    return [settle(shape.criterion, known, is_headed=shape.is_headed, fields=shape.fields)]


def _packed(assessments: Sequence[Assessment]) -> int:
    total = 0
    for one in assessments:
        if not one.counts:
            continue
        if one.effect is Effect.EXCLUDES:
            total += _DECIDED + (_ASSUMED if one.rests_on_absence else _EXCLUDES)
        elif one.effect is Effect.ALLOWS:
            total += _DECIDED
        elif one.effect is Effect.OPEN:
            is_data = any(need.who is Who.DATA for need in one.missing)
            is_person = any(need.who is not Who.DATA for need in one.missing)
            total += _OPEN + (_DATA if is_data else 0) + (_PERSONS if is_person else 0)
    return total


def _shape_of(criterion: Criterion, is_headed: bool, fields: Witness | None) -> _Shape:
    """A criterion without what only shows where it stands."""
    bare = replace(
        criterion,
        id="-",
        order=0,
        spans=(Span(0, 0),),
        expr=spanless(criterion.expr),
        guard=None if criterion.guard is None else spanless(criterion.guard),
        plain="",
        text=criterion.text,
        parent_id="",
        section_path=(),
        defects=tuple(replace(one, span=Span(0, 0)) for one in criterion.defects),
        notes=(),
    )
    return _Shape(bare, is_headed, None if fields is None else Witness(sex=fields.sex))


def _sex_of(fields: Witness | None) -> str | None:
    return None if fields is None else fields.sex


def _plain_fields(fields: Witness) -> Witness:
    return replace(fields, nct_id="", conditions=(), title="")


def _is_age(criterion: Criterion) -> bool:
    return isinstance(criterion.expr, Demographic) and criterion.expr.kind == "age"


def _age_key(criterion: Criterion) -> object:
    return spanless(criterion.expr), criterion.polarity, criterion.guard is None, str(criterion.population)
