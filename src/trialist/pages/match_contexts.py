"""What the templates of the Match pages are given: one frozen value a page, and the parts of them."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.pages.contexts import Choice, StudyHead


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. `choices` make it a list to choose from, `words` names a list that helps with typing."""

    name: str
    label: str
    help: str
    value: str
    choices: tuple[Choice, ...] = ()
    words: str = ""
    is_short: bool = False
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: `preset` and `heading` name what it always is about; `mistake` is a message with a hint."""

    id: str
    preset: tuple[str, str]
    heading: str
    shown: tuple[Field, ...]
    more: tuple[Field, ...]
    is_more_open: bool
    mistake: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class PartForm:
    """One part of the form; `none` is the name of a box that says that there is none of it, and whether it is ticked."""

    name: str
    heading: str
    says: str
    entries: tuple[Entry, ...]
    none: tuple[str, bool]
    mistake: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class SectionForm:
    """Parts that belong together, below fields of the form itself."""

    id: str
    heading: str
    help: str
    top: tuple[tuple[Field, tuple[str, str]], ...]
    parts: tuple[PartForm, ...]
    is_open: bool
    filled: int


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """What is asked beside the patient, as it was typed, and what may be chosen."""

    trial: str
    trial_title: str
    day: str
    condition: str
    near: str
    within: tuple[Choice, ...]
    policies: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class MatchForm:
    """`match.html`: the form. `lists` are words that help with typing: a name, and pairs of a word and what it is.

    `mistakes` are the id of a field's place, its name in words, the message and the hint. `kept` is the text that stands
    for a file that was sent before, of `file_size` characters.
    """

    title: str
    sections: tuple[SectionForm, ...]
    question: QuestionForm
    lists: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    note: str
    noted: str
    kept: str
    file_size: int
    mistakes: tuple[tuple[str, str, str, str], ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact in words: what, its value, the day it is of, and where it was read."""

    what: str
    value: str
    day: str
    origin: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """`parts/match_understood.html`: the person in a line, the facts in groups, what was worked out, what was not read."""

    person: str
    groups: tuple[tuple[str, tuple[FactLine, ...]], ...]
    count: int
    worked_out: int
    unread: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    unread_count: int


@dataclass(frozen=True, slots=True)
class NeedLine:
    """What is missing: what, why, and the code and unit of a measurement."""

    what: str
    why: str
    code: str
    unit: str


@dataclass(frozen=True, slots=True)
class ClassWords:
    """A class of a trial for a patient: its word, a label, what it means, and a word for its look."""

    name: str
    label: str
    meaning: str
    look: str


@dataclass(frozen=True, slots=True)
class TrialCard:
    """One trial in its place, with why it stands there."""

    place: int
    nct_id: str
    title: str
    status: str
    tone: str
    words: ClassWords
    site: str
    because: tuple[str, ...]
    excluded_by: tuple[str, ...]
    missing: tuple[NeedLine, ...]
    confirmations: tuple[NeedLine, ...]
    near_miss: str


@dataclass(frozen=True, slots=True)
class MatchPage:
    """`match_found.html`: what was understood, and the trials in order.

    `counts` are the classes with how many trials have each; `telling` a missing fact, in how many trials it is the only one,
    and in how many it is missing. `more` trials are not shown.
    """

    title: str
    kept: str
    question: QuestionForm
    understood: Understood
    day: str
    asked: tuple[str, ...]
    sentence: str
    counts: tuple[tuple[ClassWords, int], ...]
    cards: tuple[TrialCard, ...]
    more: int
    most: int
    near_misses: tuple[TrialCard, ...]
    telling: tuple[tuple[NeedLine, int, int], ...]
    notes: tuple[str, ...]
    failure: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class CriterionCard:
    """One criterion for the patient: the sponsor's words, ours, the result with its look, and all that it rests on.

    Our words stand in `parsed` where they are for a close look only: a part was not understood, or there are two readings.
    """

    id: str
    text: str
    plain: str
    parsed: str
    result: str
    look: str
    sentence: str
    evidence: tuple[tuple[str, str, str], ...]
    calculations: tuple[tuple[str, str, str], ...]
    assumptions: tuple[str, ...]
    missing: tuple[NeedLine, ...]
    confirmations: tuple[NeedLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialPage:
    """`match_trial.html`: one trial, each criterion beside its evidence.

    `groups` hold only those of the filter `show`, out of `count`; `filters` are choices with counts.
    """

    title: str
    head: StudyHead
    kept: str
    day: str
    policy: str
    words: ClassWords
    because: tuple[str, ...]
    near_miss: str
    notes: tuple[str, ...]
    understood: Understood
    groups: tuple[tuple[str, str, tuple[CriterionCard, ...]], ...]
    count: int
    shown: int
    filters: tuple[Choice, ...]
    missing: tuple[NeedLine, ...]
    confirmations: tuple[NeedLine, ...]
    results: tuple[tuple[str, str, int], ...]
