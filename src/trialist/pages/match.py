"""The Match pages: a patient told in a form, a note or a file → the trials in order → one trial, criterion by criterion.

What is told lives as long as the request. It goes back to the browser in the form of the next post, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from starlette.responses import Response

from trialist.errors import InvalidParameterError, LimitExceededError, StudyNotFoundError
from trialist.evaluation.amounts import unit_words
from trialist.evaluation.policy import POLICIES, STRICT
from trialist.pages.asked import Asked
from trialist.pages.contexts import Choice
from trialist.pages.find_asked import DISTANCES
from trialist.pages.match_contexts import MatchForm, MatchPage, NeedLine, QuestionForm, TrialPage
from trialist.pages.match_facts import understood_of
from trialist.pages.match_form import label_of, layout, place_of, sections_of, word_lists
from trialist.pages.match_given import Given, given_of
from trialist.pages.match_kept import Question, pack
from trialist.pages.match_verdict import (
    CLASSES,
    FILTERS,
    card_of,
    class_of,
    filters_of,
    groups_of,
    need_lines,
    results_of,
)
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path, study_head
from trialist.patient.form_schema import parts, top
from trialist.record.nct_id import parse_nct_id
from trialist.registry.criteria_sets import CriteriaSets
from trialist.registry.intake import Intake, Mistake, Told, read_told
from trialist.registry.judging import MOST_CANDIDATES
from trialist.registry.judging import Asked as MatchAsked
from trialist.registry.match import Matched, explain, match
from trialist.views.summary import summary_of

_STEP = 20
_MOST_NEAR = 20
_MOST_PARSED = 60
"""Studies looked at where parsed criteria are not kept, and each text is read anew."""
_POLICY_WORDS = {
    "strict": "What is not told is not known",
    "screening": "In a long record, a disease or drug that is not told was not there",
    "narrative": "What a complete note does not mention was not there; a person confirms",
}
_PLACES = {"note": "The note", "noted": "The day of the note", "file": "The file"}


def form_page(asked: Asked) -> Shown:
    """`GET /match`: the empty form; `trial` is a study to check the patient against."""
    trial = parse_nct_id(asked.text("trial")) or ""
    return _form(asked, Given(Told(), Question(trial=trial)))


def edit_page(asked: Asked) -> Shown:
    """`POST /match/edit`: the form with what was told before; `more` is a part that needs more rows."""
    return _form(asked, given_of(asked), more=asked.text("more"))


def trials_page(asked: Asked) -> Shown | Response:
    """`POST /match/trials`: what was understood, and the trials in order. With a study to check, the page of that one."""
    given = given_of(asked)
    if given.question.trial and asked.text("fields"):
        return _trial(asked, given, given.question.trial)
    intake, day, refused = _read(asked, given)
    if refused is not None:
        return refused
    understood = understood_of(intake, day)
    page = MatchPage(
        title="Trials for this person",
        kept=pack(given.told, given.question),
        question=_question(asked, given.question),
        understood=understood,
        day=str(day),
        asked=(),
        sentence="",
        counts=(),
        cards=(),
        more=0,
        most=_STEP,
        near_misses=(),
        telling=(),
        notes=(),
    )
    most = (
        int(asked.text("most")) if asked.text("most").isdecimal() and len(asked.text("most")) < 4 else _STEP
    )
    try:
        found = _match(asked, given.question, intake, day)
    except (InvalidParameterError, LimitExceededError) as error:
        failed = replace(page, failure=(error.message, error.hint))
        return Shown("match_found.html", failed, 400)
    return Shown("match_found.html", _found(page, found, day, max(most, _STEP)))


def trial_page(asked: Asked) -> Shown:
    """`POST /match/trial`: one trial, each criterion beside its evidence; `show` is a filter."""
    given = given_of(asked)
    return _trial(asked, given, parse_nct_id(asked.text("trial")) or given.question.trial)


# Reading what came


def _read(asked: Asked, given: Given) -> tuple[Intake, date, Shown | None]:
    """The patient and the day, or the form again with what has to be mended."""
    empty = Intake(None)
    try:
        day = date.fromisoformat(given.question.day) if given.question.day else asked.today
    except ValueError:
        mistake = Mistake("q.day", 0, "this is no day of the calendar", "Write 2025-06-01.")
        return empty, asked.today, _form(asked, given, (mistake,), status=400)
    intake = read_told(given.told, day)
    if intake.mistakes:
        return intake, day, _form(asked, given, intake.mistakes, status=400)
    if intake.patient is None:
        failure = "Tell us something about the person first: fill in a field, paste a note, or choose a file."
        return intake, day, _form(asked, given, status=400, failure=failure)
    return intake, day, None


def _asked_of(asked: Asked, question: Question, day: date) -> MatchAsked:
    near, _ = asked.served.finder.place(question.near, option="The place")
    conditions = tuple(part.strip() for part in question.condition.split(",") if part.strip())
    most = MOST_CANDIDATES if asked.served.finder.criteria is not None else _MOST_PARSED
    return MatchAsked(
        as_of=day,
        policy=POLICIES.get(question.policy, STRICT),
        conditions=conditions,
        near=near,
        within=question.within if near is not None else "",
        most=most,
        candidates=most,
    )


def _match(asked: Asked, question: Question, intake: Intake, day: date) -> Matched:
    assert intake.patient is not None
    return match(
        asked.served.finder,
        asked.served.records.get_known,
        intake.patient,
        _asked_of(asked, question, day),
        CriteriaSets(asked.served.finder.criteria).of_stored,
        asked.check,
    )


# The pages


def _form(
    asked: Asked,
    given: Given,
    mistakes: tuple[Mistake, ...] = (),
    *,
    more: str = "",
    status: int = 200,
    failure: str = "",
) -> Shown:
    told = given.told
    kept = pack(Told(file=told.file, file_kind=told.file_kind), Question()) if told.file else ""
    page = MatchForm(
        title="Match a person with trials",
        sections=sections_of(told, mistakes, more),
        question=_question(asked, given.question),
        lists=word_lists(),
        note=told.note,
        noted=told.noted,
        kept=kept,
        file_size=len(told.file),
        mistakes=tuple((place_of(one), _where(one), one.message, one.hint) for one in mistakes),
        failure=failure,
    )
    return Shown("match.html", page, status)


def _where(one: Mistake) -> str:
    if one.where in _PLACES:
        return _PLACES[one.where]
    if one.where in top():
        return label_of(one.where)
    if one.where in parts():
        heading: str = layout()["part"][one.where]["heading"]
        return heading
    return "The day" if one.where == "q.day" else "The form"


def _question(asked: Asked, question: Question) -> QuestionForm:
    title = ""
    if question.trial:
        try:
            title = summary_of(asked.served.records.get_known(question.trial).study, asked.today).title
        except StudyNotFoundError:
            question = replace(question, trial="")
    distances = (
        Choice("", "Any distance", not question.within),
        *(Choice(one, f"Within {one.removesuffix('km')} km", one == question.within) for one in DISTANCES),
    )
    policies = tuple(Choice(name, _POLICY_WORDS[name], name == question.policy) for name in POLICIES)
    return QuestionForm(
        question.trial, title, question.day, question.condition, question.near, distances, policies
    )


def _found(page: MatchPage, found: Matched, day: date, most: int) -> MatchPage:
    cards = tuple(card_of(place, one, day) for place, one in enumerate(found.matches[:most], 1))
    counts = Counter(class_of(one.verdict) for one in found.matches)
    sentence = f"We found {found.found:,} {'study' if found.found == 1 else 'studies'} that take people and are about this."
    if found.looked < found.found:
        sentence += f" We checked the {found.looked:,} that fit the words best."
    return replace(
        page,
        asked=found.asked,
        sentence=sentence,
        counts=tuple((words, counts[words]) for words in CLASSES),
        cards=cards,
        more=len(found.matches) - len(cards),
        most=len(cards) + _STEP,
        near_misses=tuple(
            card_of(place, one, day) for place, one in enumerate(found.near_misses[:_MOST_NEAR], 1)
        ),
        telling=tuple(
            (NeedLine(one.what, "", one.code, unit_words(one.unit)), one.settles, one.missing_in)
            for one in found.telling
        ),
        notes=found.notes,
    )


def _trial(asked: Asked, given: Given, nct_id: str) -> Shown:
    if not nct_id:
        return _form(asked, given, status=400, failure="Choose a trial first.")
    intake, day, refused = _read(asked, given)
    if refused is not None:
        return refused
    assert intake.patient is not None
    stored = asked.served.records.get_known(id_in_path(nct_id))
    show = asked.text("show") if asked.text("show") in FILTERS else "all"
    question = replace(given.question, near="", within="")
    sets = CriteriaSets(asked.served.finder.criteria)
    found = explain(stored, intake.patient, _asked_of(asked, question, day), sets.of_stored)
    verdict = found.verdict
    groups = groups_of(verdict, show)
    page = TrialPage(
        title=f"This person and {stored.nct_id}",
        head=study_head(stored, stored.study, asked.today, ""),
        kept=pack(given.told, given.question),
        day=str(day),
        policy=_POLICY_WORDS[verdict.policy],
        words=class_of(verdict),
        because=found.because,
        near_miss=found.near_miss.sentence if found.near_miss is not None else "",
        notes=verdict.notes,
        understood=understood_of(intake, day),
        groups=groups,
        count=len(verdict.assessments),
        shown=sum(len(cards) for _, _, cards in groups),
        filters=filters_of(verdict, show),
        missing=need_lines(verdict.missing),
        confirmations=need_lines(verdict.confirmations),
        results=results_of(verdict),
    )
    return Shown("match_trial.html", page)
