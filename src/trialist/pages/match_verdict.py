"""A trial for a patient in plain words: the class, each criterion with what it rests on, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType

from trialist.criteria.render import is_clear
from trialist.evaluation.amounts import unit_words
from trialist.evaluation.verdict import Assessment, Class, Effect, Need, Result, Verdict, Who
from trialist.pages.checklist import only_for
from trialist.pages.contexts import Choice
from trialist.pages.match_contexts import ClassWords, CriterionCard, NeedLine, TrialCard
from trialist.pages.study_head import TONES
from trialist.registry.judging import Match
from trialist.views.summary import summary_of

FITS = ClassWords(
    "ELIGIBLE",
    "Looks like a fit",
    "All that the text asks for is met, as far as our program can tell. The study team has the last word.",
    "fits",
)
CONFIRM = ClassWords(
    "UNDETERMINED",
    "Fits, if people confirm it",
    "The facts fit. What is left only a person can say, such as consent or a doctor's view.",
    "confirm",
)
OPEN = ClassWords(
    "UNDETERMINED",
    "Not sure yet",
    "Nothing rules it out. But facts are missing, so nobody can say yet.",
    "open",
)
EXCLUDED = ClassWords(
    "EXCLUDED",
    "Does not fit now",
    "At least one point of the text rules it out on this day.",
    "out",
)
CLASSES = (FITS, CONFIRM, OPEN, EXCLUDED)
"""In the order of trials."""

FILTERS: Mapping[str, tuple[str, Callable[[Assessment], bool]]] = MappingProxyType(
    {
        "all": ("All", lambda _: True),
        "against": ("Only what rules out", lambda one: one.effect is Effect.EXCLUDES),
        "open": ("Only not sure yet", lambda one: one.effect is Effect.OPEN),
        "data": ("Only missing facts", lambda one: _is_open_for(one, data=True)),
        "confirm": ("Only for people to confirm", lambda one: _is_open_for(one, data=False)),
    }
)
"""The filters of the page of one trial: a label, and which criteria each shows."""

_HEADINGS = {
    "field": ("field", "What the registry's own fields ask"),
    "inclusion": ("inclusion", "To take part, a person must meet these"),
    "exclusion": ("exclusion", "A person cannot take part if one of these is so"),
}


def class_of(verdict: Verdict) -> ClassWords:
    """The class of a trial in words; an undetermined one is told by who can settle it."""
    match verdict.verdict:
        case Class.ELIGIBLE:
            return FITS
        case Class.EXCLUDED:
            return EXCLUDED
        case Class.UNDETERMINED:
            return CONFIRM if verdict.is_open_for_persons_only else OPEN


def need_lines(needs: Iterable[Need]) -> tuple[NeedLine, ...]:
    """What is missing, in lines."""
    return tuple(NeedLine(one.what, one.why, one.code, unit_words(one.unit)) for one in needs)


def card_of(place: int, one: Match, as_of: date) -> TrialCard:
    """A trial in its place."""
    verdict = one.verdict
    summary = summary_of(one.study, as_of)
    site = ""
    if one.site is not None:
        metres = one.site.metres
        site = one.site.label + ("" if metres is None else f" – {metres / 1000:,.0f} km away")
    by = [each for each in verdict.assessments if each.criterion_id in verdict.excluded_by]
    return TrialCard(
        place,
        verdict.nct_id,
        summary.title,
        summary.status,
        TONES.get(summary.overall_status, ""),
        class_of(verdict),
        site,
        one.because,
        tuple(each.sentence for each in by),
        need_lines(verdict.missing),
        need_lines(verdict.confirmations),
        one.near_miss.sentence if one.near_miss is not None else "",
    )


def groups_of(verdict: Verdict, show: str) -> tuple[tuple[str, str, tuple[CriterionCard, ...]], ...]:
    """The criteria that a filter shows, as the text has them; a kind, a heading, and the cards."""
    chosen = FILTERS[show][1]
    found: dict[str, list[CriterionCard]] = {name: [] for name in _HEADINGS}
    for one in verdict.assessments:
        if chosen(one):
            is_field = one.criterion_id.startswith(("field:", "life:"))
            found["field" if is_field else one.polarity.lower()].append(_card(one, verdict))
    return tuple((*_HEADINGS[name], tuple(cards)) for name, cards in found.items() if cards)


def filters_of(verdict: Verdict, show: str) -> tuple[Choice, ...]:
    """The filters with how many criteria each shows."""
    return tuple(
        Choice(name, label, name == show, sum(map(fits, verdict.assessments)))
        for name, (label, fits) in FILTERS.items()
    )


def results_of(verdict: Verdict) -> tuple[tuple[str, str, int], ...]:
    """How many criteria came to what: words, their look, and the count."""
    counts: dict[tuple[str, str], int] = {}
    for one in verdict.assessments:
        words = _result(one)
        counts[words] = counts.get(words, 0) + 1
    order = ["out", "open", "confirm", "fits", "none"]
    return tuple(
        (words, look, count)
        for (words, look), count in sorted(counts.items(), key=lambda row: order.index(row[0][1]))
    )


def _is_open_for(one: Assessment, *, data: bool) -> bool:
    return one.effect is Effect.OPEN and any((need.who is Who.DATA) is data for need in one.missing)


def _result(one: Assessment) -> tuple[str, str]:
    """The result of a criterion in words, and a word for its look."""
    if one.effect is Effect.NONE:
        return ("Does not apply" if one.result is Result.NOT_APPLICABLE else "Does not decide", "none")
    if one.effect is Effect.EXCLUDES:
        return ("Rules out", "out")
    if one.effect is Effect.ALLOWS:
        return ("Fine", "fits")
    if one.result is Result.CONFLICT:
        return ("Facts contradict each other", "open")
    return (
        ("Facts are missing", "open")
        if _is_open_for(one, data=True)
        else ("A person must confirm", "confirm")
    )


def _card(one: Assessment, verdict: Verdict) -> CriterionCard:
    words, look = _result(one)
    notes = only_for(one.scope)
    plain = one.plain if one.plain != one.text else ""
    if one.rests_on_absence:
        notes.append("This rests on what the record does not say. See what we assumed.")
    elif one.is_assumed:
        notes.append("This is likely, but nobody wrote it down. See what we assumed.")
    if one.criterion_id in verdict.excluded_by:
        notes.append("This point alone rules the trial out.")
    return CriterionCard(
        one.criterion_id,
        one.text,
        plain if is_clear(plain) else "",
        "" if is_clear(plain) else plain,
        words,
        look,
        one.sentence,
        tuple((item.words, item.origin, item.day) for item in one.evidence),
        tuple((item.what, item.how, item.result) for item in one.calculations),
        tuple(item.words for item in one.assumptions),
        need_lines(need for need in one.missing if need.who is Who.DATA),
        need_lines(need for need in one.missing if need.who is not Who.DATA),
        tuple(notes),
    )
