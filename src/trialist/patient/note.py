"""A narrative → facts, each with its quote: values, diseases, drugs, operations, tests, grades, the person.

What a sentence mentions is found by the criteria's own tagging (an argument); here it is read who it is about, whether it is
denied, doubted, past or planned, and when it was. What is doubted is SUSPECTED and decides nothing; what only might be
(risk of, in case of) is left out. No note says everything: what it does not mention is not known.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from trialist.errors import LimitExceededError
from trialist.patient.collecting import Gathered
from trialist.patient.extents import DateRange
from trialist.patient.facts import (
    Certainty,
    Fact,
    FactKind,
    Origin,
    Patient,
    Sex,
    Status,
    Subject,
    asked_stems,
    birth_from_age,
    word_stems,
)
from trialist.patient.note_rules import read_rules
from trialist.patient.note_sentences import Sentence, split_sentences
from trialist.patient.note_statements import reaches, read_statements, read_vitals
from trialist.patient.note_times import Role, Timed, find_times
from trialist.patient.terms import Mention, Tagger, Terms, check_measure

LONGEST_NOTE = 1_000_000
"""Characters of a note."""

_SPLIT = re.compile(
    r";|,? but |, (?:however|although|though)\b|\. |"
    # a clause with a verb of its own: "no bleeding, and a scan shows an infarct"
    r",? and (?=(?:[\w'-]+ ){1,4}(?:shows?|showed|reveals?|revealed|confirms?|confirmed|demonstrates?|demonstrated)\b)|"
    r", and (?=(?:[\w'-]+ ){1,4}(?:is|are|was|were) (?:diagnosed|started|begun|given|prescribed|placed)\b)"
)
_AGE_UNITS = {"y": "a", "m": "mo", "w": "wk", "d": "d"}
_NEAREST_TIME = 70
_NEWBORN = timedelta(days=1)
_NOT_OF_BLOOD = frozenset({"urine_output", "proteinuria", "upcr", "uacr", "stool_volume"})
_OTHER_TIMES = ("at age ", "at the age of ", "since age ", "from age ", "until age ")


def read_note(text: str, terms: Terms, tag: Tagger, as_of: date, noted: DateRange | None = None) -> Patient:
    """The patient of a note.

    `noted` is the day of the note (without it, nothing relative has a date, and an age is none); `as_of` the day of
    reading. Raises `LimitExceededError` for a text beyond `LONGEST_NOTE`.
    """
    if len(text) > LONGEST_NOTE:
        raise LimitExceededError(
            f"a note of {len(text):,} characters is beyond {LONGEST_NOTE:,}", hint="Give one note."
        )
    return _Note(text, terms, tag, as_of, noted).read()


@dataclass(slots=True)
class _Segment:
    """A part of a sentence within which cues hold, and whom it is about."""

    start: int
    end: int
    subject: Subject
    told: str


class _Note:
    """A note on its way to a patient."""

    def __init__(self, text: str, terms: Terms, tag: Tagger, as_of: date, noted: DateRange | None) -> None:
        self._text = text
        self._tag = tag
        self._noted = noted
        self._gathered = Gathered(terms, as_of, "note")
        self._rules = read_rules()
        self._fluid_at = 0
        self._births: list[DateRange] = []
        self._sexes: list[Sex] = []

    def read(self) -> Patient:
        """The patient."""
        for sentence in split_sentences(self._text):
            self._read_person(sentence)
        birth = self._birth() or self._newborn()
        self._gathered.birth = birth
        for sentence in split_sentences(self._text):
            self._read_sentence(sentence)
        found = self._gathered
        said = self._rules.facts["vital_names"].sub(" ", self._text)  # a heart rate says nothing of the heart
        return Patient(
            facts=tuple(_without_repeats(found.facts)),
            birth=birth,
            sex=self._sex(),
            unresolved=tuple(found.unresolved),
            note_words=word_stems(said) | asked_stems(said),
        )

    def _origin(self, start: int, end: int) -> Origin:
        return Origin("note", quote=self._text[start:end], start=start, end=end)

    def _ages(self, text: str) -> list[re.Match[str]]:
        """The ages of a sentence: a number that says that it is one."""
        return [
            match
            for match in self._rules.age.finditer(text)
            if match["aged"]
            or match["letter"]
            or match["old"]
            or match["who"]
            or (match["unit"] or "").startswith("y")
        ]

    def _read_person(self, sentence: Sentence) -> None:
        """Age and sex of the patient, where they are said of nobody else."""
        relative = self._rules.cues["relatives"].search(sentence.text)
        for match in self._ages(sentence.text):
            before = sentence.text[: match.start("aged") if match["aged"] else match.start()].lower()
            if (relative is not None and relative.start() < match.start()) or before.endswith(_OTHER_TIMES):
                continue
            unit = match["unit"] or ""
            if unit and not match["old"] and not match["who"] and unit[:2] not in {"yo", "y/", "y."}:
                continue  # "for 47 years"
            self._add_age(match)
            who = " ".join(match[name] or "" for name in ("who", "letter", "sex"))
            for sex, pattern in ((Sex.FEMALE, self._rules.female), (Sex.MALE, self._rules.male)):
                if pattern.search(who):
                    self._sexes.append(sex)
                    break

    def _add_age(self, match: re.Match[str]) -> None:
        if self._noted is None:
            return
        count = int(match["age"] or match["aged"])
        unit = _AGE_UNITS.get((match["unit"] or "y")[0].lower(), "a")
        try:
            self._births.append(birth_from_age(count, count, unit, self._noted))
        except ValueError:
            self._gathered.miss("impossible-value", f"nobody is {match.group()[:40]!r}", "note", "age")

    def _birth(self) -> DateRange | None:
        """The birth that all ages allow; the first age alone when a later one is of another time (`at age 22`)."""
        if not self._births:
            return None
        first = self._births[0]
        for other in self._births[1:]:
            if other.latest < first.earliest or other.earliest > first.latest:  # type: ignore[operator]  # births of ages have both ends
                self._gathered.miss(
                    "contradiction", "two ages that are not the same; the first one counts", "note", "age"
                )
        return first

    def _newborn(self) -> DateRange | None:
        """The birth of a narrative that begins with it: "a male infant is born at 27 weeks"."""
        first = next(split_sentences(self._text), None)
        match = None if first is None else self._rules.facts["newborn"].search(first.text)
        if match is None or self._noted is None or self._noted.earliest is None or self._noted.latest is None:
            return None
        for sex, pattern in ((Sex.FEMALE, self._rules.female), (Sex.MALE, self._rules.male)):
            if not self._sexes and pattern.search(match.group()):
                self._sexes.append(sex)
        return DateRange(self._noted.earliest - _NEWBORN, self._noted.latest)

    def _sex(self) -> Sex | None:
        """What nouns say; else what all pronouns say."""
        if self._sexes:
            return self._sexes[0]
        women = len(re.findall(r"\b(?:she|her|hers)\b", self._text, re.IGNORECASE))
        men = len(re.findall(r"\b(?:he|his|him)\b", self._text, re.IGNORECASE))
        if women and not men:
            return Sex.FEMALE
        return Sex.MALE if men and not women else None

    def _read_sentence(self, sentence: Sentence) -> None:
        text = sentence.text
        fluid = self._rules.cues["other_fluid"].search(text)
        self._fluid_at = fluid.start() if fluid is not None else len(text)
        times = find_times(text, self._noted, self._gathered.birth)
        masked = read_statements(sentence, self._gathered, self._noted)
        masked = read_vitals(sentence, masked, self._gathered, self._noted)
        masked = self._rules.facts["moved_from"].sub(lambda one: " " * len(one.group()), masked)
        for one in times:
            masked = masked[: one.start] + " " * (one.end - one.start) + masked[one.end :]
        for match in self._ages(
            text
        ):  # what else is said of whoever is so old stays: "a 54-year-old postmenopausal woman"
            end = match.start("who") if match["who"] else match.end()
            masked = masked[: match.start()] + " " * (end - match.start()) + masked[end:]
        mentions = self._with_doses(self._with_findings(masked, list(self._tag(masked))))
        segments = list(self._segments(sentence))
        taken: set[int] = set()
        for place, mention in enumerate(mentions):
            if mention.kind is None:
                continue
            segment = next((one for one in segments if one.start <= mention.start < one.end), segments[-1])
            timed = self._time_of(mention, mentions, times, segment, taken)
            self._add(sentence, masked, mention, _beside(mentions, place, masked), segment, timed)

    def _with_findings(self, masked: str, mentions: list[Mention]) -> list[Mention]:
        """The mentions, and symptoms and signs that no table has, or that one has only by their words."""
        for match in self._rules.findings.finditer(masked):
            here = [
                one
                for one in mentions
                if one.kind is not None and one.start < match.end() and match.start() < one.end
            ]
            known = [one for one in here if not _is_bare(one)]
            if len(known) == 1 and _is_more_of(
                match, known[0]
            ):  # "skull fracture" where the table has fractures
                wider = replace(known[0], start=match.start(), end=match.end(), surface=match.group())
                mentions = [
                    wider if one is known[0] else one
                    for one in mentions
                    if one not in here or one is known[0]
                ]
                continue
            if known:
                continue
            named = [
                one for one in self._gathered.terms.read_name(match.group()) if one.kind is FactKind.CONDITION
            ]
            own = self._rules.finding_ids[match.group().lower()]
            name = own if own in self._gathered.terms.concepts else ""
            start = min([match.start(), *(one.start for one in here)])
            end = max([match.end(), *(one.end for one in here)])
            mentions = [one for one in mentions if one not in here]
            mentions.append(
                Mention(
                    start,
                    end,
                    masked[start:end],
                    FactKind.CONDITION,
                    id=(named[0].id if named else "") or name,
                    broader=named[0].broader if named else "",
                )
            )
        return sorted(mentions, key=lambda one: (one.start, one.end))

    def _with_doses(self, mentions: list[Mention]) -> list[Mention]:
        """The mentions, and the drug of which a dose is told: who takes 20 mg of it takes it."""
        found = list(mentions)
        for dose in mentions:
            drug = re.match(r"[^\W\d_]+", dose.surface) if dose.id == "steroid_dose" else None
            for one in self._gathered.terms.read_name(drug.group()) if drug is not None else ():
                if one.kind is FactKind.EXPOSURE:
                    end = dose.start + len(one.surface)
                    named = Mention(
                        dose.start,
                        end,
                        one.surface,
                        one.kind,
                        id=one.id,
                        broader=one.broader,
                        domain=one.domain,
                    )
                    found.append(named)
        return sorted(found, key=lambda one: (one.start, one.end))

    def _segments(self, sentence: Sentence) -> Iterator[_Segment]:
        """The parts of a sentence, and whom each is about."""
        text, cues = sentence.text, self._rules.cues
        bounds = [0, *(match.end() for match in _SPLIT.finditer(text)), len(text)]
        for start, end in itertools.pairwise(bounds):
            part = text[start:end]
            subject = {"family": Subject.FAMILY, "donor": Subject.DONOR}.get(
                sentence.section, Subject.PATIENT
            )
            if cues["donor"].search(part):
                subject = Subject.DONOR
            relative = cues["relatives"].search(part)
            if relative is not None and len(part[: relative.start()].split()) <= 3:
                behind = part[relative.end() : relative.end() + 40]
                if not cues["telling"].search(behind):
                    subject = Subject.FAMILY
            family = cues["family"].search(part)
            if family is not None and subject is Subject.PATIENT and family.start() > 0:
                yield _Segment(start, start + family.start(), subject, part)
                start, subject = start + family.start(), Subject.FAMILY
            elif family is not None:
                subject = Subject.FAMILY
            if end > start:
                yield _Segment(start, end, subject, text[start:end])

    def _time_of(
        self,
        mention: Mention,
        mentions: list[Mention],
        times: list[Timed],
        segment: _Segment,
        taken: set[int],
    ) -> Timed | None:
        """The time that belongs to a mention: the nearest behind it, an AFTER before it."""
        best: tuple[int, int] | None = None
        for place, one in enumerate(times):
            behind, before = one.start - mention.end, mention.start - one.end
            gap = behind if behind >= 0 else before
            if gap < 0 or gap > _NEAREST_TIME or not segment.start <= one.start < segment.end:
                continue
            if one.role is Role.AFTER and (behind >= 0 or mention.kind is not FactKind.EXPOSURE):
                continue
            between = (mention.end, one.start) if behind >= 0 else (one.end, mention.start)
            told = segment.told[between[0] - segment.start : between[1] - segment.start]
            is_listed = one.role is Role.SINCE and self._rules.cues["stop"].search(told) is None
            if not is_listed and any(
                other.kind not in {None, FactKind.MEASUREMENT} and between[0] <= other.start < between[1]
                for other in mentions
                if not self._is_reason(mention, other, segment)
            ):
                continue
            if behind < 0 and one.role is Role.AT and place in taken:
                continue
            if behind < 0 and one.role is Role.SINCE and self._is_of_another(one, mentions, told):
                continue
            if best is None or gap < best[0]:
                best = (gap, place)
        if best is None:
            return None
        taken.add(best[1])
        return times[best[1]]

    def _is_of_another(self, time: Timed, mentions: list[Mention], told: str) -> bool:
        """Whether a time belongs to what stands right before it, and a verb begins another thing: "asthma since age 7 has …"."""
        is_owned = any(0 <= time.start - one.end <= 2 for one in mentions if one.kind is not None)
        return is_owned and self._rules.cues["new_verb"].search(told) is not None

    def _is_reason(self, mention: Mention, other: Mention, segment: _Segment) -> bool:
        """Whether another thing is only what something was given or done for: "hospitalized for pneumonia two weeks ago"."""
        told = segment.told[mention.end - segment.start : other.start - segment.start]
        is_given = mention.kind is FactKind.EXPOSURE and other.kind is FactKind.CONDITION
        return is_given and self._rules.cues["reason"].fullmatch(told) is not None

    def _add(
        self,
        sentence: Sentence,
        masked: str,
        mention: Mention,
        beside: dict[str, list[str]],
        segment: _Segment,
        timed: Timed | None,
    ) -> None:
        outcome = _outcome(mention, beside, self._rules.tested_ids)
        context = self._context(sentence.section, masked, mention, segment, bool(outcome))
        if context is None or self._is_ignored(mention, context):
            return
        said: dict[str, Any] = {"recorded": self._noted, "subject": segment.subject, **context}
        said["surface"] = mention.surface
        kind = mention.kind or FactKind.CONDITION
        if sentence.section == "allergies" or beside.get("allergy"):
            kind = FactKind.ALLERGY if kind in {FactKind.EXPOSURE, FactKind.CONDITION} else kind
        if outcome and mention.id and kind is FactKind.CONDITION:
            kind = FactKind.RESULT
        said |= _times(timed, said.get("status"), kind, self._noted)
        said["qualifiers"] = tuple(beside.get("status", ()))
        said["severity"] = tuple(beside.get("severity", ()))
        if "certainty" in beside and any(
            word.startswith(("suspect", "possib", "probab")) for word in beside["certainty"]
        ):
            said["certainty"] = Certainty.SUSPECTED
        made = _fact_fields(mention, kind, outcome, said, self._gathered)
        if made is None:
            return
        start, end = sentence.start + mention.start, sentence.start + mention.end
        try:
            fact = Fact(origin=self._origin(start, end), **made)
        except ValueError as error:
            self._gathered.miss("contradiction", f"{mention.surface[:60]!r}: {error}", "note")
            return
        self._gathered.keep(fact)

    def _is_ignored(self, mention: Mention, context: dict[str, Any]) -> bool:
        """What is too wide, or too little, to be a fact about a person."""
        if (
            mention.kind is FactKind.MEASUREMENT
            and mention.id not in _NOT_OF_BLOOD
            and mention.start > self._fluid_at
        ):
            return True
        if mention.id in self._rules.ignored_ids or mention.surface.lower() in self._rules.ignored_words:
            return True
        return (
            mention.id == "hospitalization"
            and mention.surface.lower() == "admission"
            and not context.get("negated")
        )

    def _context(
        self, section: str, text: str, mention: Mention, segment: _Segment, has_outcome: bool
    ) -> dict[str, Any] | None:
        """Denied, doubted, past, planned; None for what only might be."""
        cues = self._rules.cues
        before, behind = text[segment.start : mention.start], text[mention.end : segment.end]
        if reaches(cues["unreal"], before, cues["stop"]) or cues["unreal_behind"].match(behind):
            return None
        if cues["of_some"].search(before):
            return None
        found: dict[str, Any] = {}
        is_open = reaches(cues["undecided"], before, cues["stop"]) or cues["undecided_behind"].match(behind)
        is_denied = not has_outcome and cues["denied_behind"].match(behind) is not None
        if not is_open and (is_denied or reaches(cues["denied"], before, cues["stop"])):
            found["negated"] = True
            return found
        if is_open or reaches(cues["unsure"], before, cues["stop"]):
            found["certainty"] = Certainty.SUSPECTED
        if section == "plan" or reaches(cues["planned"], before, cues["stop"]):
            found["status"] = Status.PLANNED
        elif mention.kind is FactKind.EXPOSURE:
            found["status"] = self._exposed(before, behind, section)
        elif mention.kind in {FactKind.CONDITION, FactKind.STATE}:
            is_past = section == "history" or reaches(cues["history"], before, cues["stop"])
            found["status"] = Status.UNSTATED if is_past else Status.ACTIVE
            if cues["removed_behind"].match(behind):
                found["status"] = Status.ENDED
        return found

    def _exposed(self, before: str, behind: str, section: str) -> Status:
        """Whether something given goes on: a verb behind it that gives it now, or the last cue before it says so."""
        if self._rules.cues["taken_behind"].match(behind):
            return Status.ACTIVE
        places = {
            status: max((match.end() for match in self._rules.cues[name].finditer(before)), default=-1)
            for status, name in (
                (Status.ACTIVE, "taken"),
                (Status.ENDED, "ended"),
                (Status.UNSTATED, "history"),
            )
        }
        status = max(places, key=lambda one: places[one])
        if places[status] < 0:
            return (
                Status.ACTIVE
                if section == "drugs"
                else Status.ENDED
                if section == "history"
                else Status.UNSTATED
            )
        return status


def _is_more_of(match: re.Match[str], mention: Mention) -> bool:
    """Whether the words of a sign go on beyond a condition that is named among them."""
    is_within = match.start() <= mention.start and mention.end <= match.end()
    is_longer = match.end() - match.start() > mention.end - mention.start
    return mention.kind is FactKind.CONDITION and not mention.outcome and is_within and is_longer


def _is_bare(mention: Mention) -> bool:
    """Whether nothing but words is known of a mention, or a test without what came out."""
    if mention.kind is FactKind.RESULT:
        return not mention.outcome
    return mention.kind is FactKind.CONDITION and not mention.id and not mention.broader


def _beside(mentions: list[Mention], place: int, text: str) -> dict[str, list[str]]:
    """The cues right beside a mention: those before it up to the thing before, and an outcome right behind it."""
    found: dict[str, list[str]] = {}
    edge = mentions[place].start
    for other in reversed(mentions[:place]):
        gap = text[other.end : edge]
        if other.kind is not None or len(gap.split()) > 2 or set(gap) & set(",;."):
            break
        found.setdefault(other.cue, []).insert(0, other.surface.lower())
        edge = other.start
    behind = mentions[place].end
    for other in mentions[place + 1 :]:
        gap = text[behind : other.start]
        if other.kind is not None or len(gap.split()) > 2 or set(gap) & set(",;."):
            break
        if other.cue in {"positive", "negative"} and not {"positive", "negative"} & set(found):
            found.setdefault(other.cue, []).append(other.surface.lower())
        behind = other.end
    return found


def _outcome(mention: Mention, beside: dict[str, list[str]], tested: frozenset[str]) -> str:
    """The outcome that stands beside a test or a tested infection; "negative for" is a denial of what follows.

    A disease that is no infection has none: "seropositive rheumatoid arthritis" is a disease of that kind.
    """
    if mention.kind not in {FactKind.RESULT, FactKind.BIOMARKER, FactKind.CONDITION} or mention.outcome:
        return ""
    if mention.kind is FactKind.CONDITION and mention.id not in tested:
        return ""
    for name in ("positive", "negative"):
        if any(not word.endswith(" for") for word in beside.get(name, ())):
            return name
    return ""


def _times(
    timed: Timed | None, status: Status | None, kind: FactKind, noted: DateRange | None
) -> dict[str, Any]:
    """Date and end of a fact; a value or grade without a time is the note's."""
    if timed is None:
        point = kind in {FactKind.MEASUREMENT, FactKind.GRADE, FactKind.RESULT}
        return {"date": noted} if point and noted is not None else {}
    if timed.role is Role.LASTING and status is not Status.ACTIVE:
        return {}  # how long something took that may be over says nothing of when it was
    if timed.role is Role.UNTIL:
        return {"end": timed.days, "status": Status.ENDED}
    found: dict[str, Any] = {"date": timed.days}
    is_past = noted is not None and timed.days != noted and timed.role in {Role.AT, Role.AFTER}
    if is_past and kind is FactKind.CONDITION and status is Status.ACTIVE:
        found["status"] = Status.UNSTATED
    if timed.role is Role.AFTER:
        found["status"] = Status.ENDED
    if (
        timed.role is Role.SINCE
        and kind in {FactKind.CONDITION, FactKind.EXPOSURE}
        and status is Status.UNSTATED
    ):
        found["status"] = Status.ACTIVE
    return found


def _fact_fields(
    mention: Mention, kind: FactKind, outcome: str, said: dict[str, Any], gathered: Gathered
) -> dict[str, Any] | None:
    """The fields of the fact that a mention becomes; None when it is none (and was listed where something is lost)."""
    found = {**said, "kind": kind, "id": mention.id}
    if kind is FactKind.MEASUREMENT:
        return _measured(mention, found, gathered)
    found.pop("status", None) if kind in {FactKind.GRADE, FactKind.RESULT, FactKind.BIOMARKER} else None
    match kind:
        case FactKind.GRADE:
            return {**found, "steps": mention.steps}
        case FactKind.RESULT | FactKind.BIOMARKER:
            said_outcome = mention.outcome or outcome
            if not said_outcome:
                return None
            return {**found, "outcome": said_outcome} if not found.get("negated") else None
        case FactKind.CONDITION | FactKind.ALLERGY:
            return {**found, "broader": mention.broader}
        case FactKind.EXPOSURE:
            return {**found, "broader": mention.broader, "domain": mention.domain}
        case _:
            return found


def _measured(mention: Mention, found: dict[str, Any], gathered: Gathered) -> dict[str, Any] | None:
    if mention.value is None or mention.id not in gathered.terms.variables or found.get("negated"):
        return None
    variable = gathered.terms.variables[mention.id]
    measured = check_measure(variable, mention.value, mention.unit)
    if measured.reason:
        gathered.miss(measured.reason, f"{mention.surface[:60]!r}: {measured.why}", "note")
        return None
    found.pop("status", None)
    return {**found, "value": mention.value, "unit": measured.unit}


def _without_repeats(facts: list[Fact]) -> Iterator[Fact]:
    """Facts in their order, without those that say nothing but what one before says."""
    seen: set[Fact] = set()
    for fact in facts:
        bare = replace(fact, origin=Origin("note"), surface="" if fact.id else fact.surface.lower())
        if bare not in seen:
            seen.add(bare)
            yield fact
