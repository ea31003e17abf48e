"""What a narrative says in whole phrases: what the patient agrees to, habits, pregnancy, wide denials, vital signs.

Each phrase becomes a fact and is blanked out of the sentence, so that nothing in it is read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from trialist.patient.collecting import Gathered
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import ANY, Fact, FactKind, Origin, Status
from trialist.patient.note_rules import read_rules
from trialist.patient.note_sentences import Sentence
from trialist.patient.note_times import find_times

_DENIALS = (
    ("no_drugs", FactKind.EXPOSURE, ANY),
    ("no_allergies", FactKind.ALLERGY, ANY),
    ("no_drug_use", FactKind.CONDITION, "substance_abuse"),
    ("no_alcohol", FactKind.CONDITION, "alcohol_abuse"),
)
_VITAL_UNITS = {"heart_rate": "/min", "respiratory_rate": "/min", "spo2": "%", "gcs": "", "fio2": "%"}
_AFTER_BIRTH = timedelta(days=28)
"""Nobody can conceive sooner after a birth."""
_PACKS = {"half a": Decimal("0.5"), "a": Decimal(1), "one": Decimal(1), "two": Decimal(2)}
_SMOKING: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "never_smoker": {"negated": True},
        "former_smoker": {"status": Status.ENDED},
        "smoker": {"status": Status.ACTIVE},
    }
)


def reaches(cue: re.Pattern[str], before: str, stop: re.Pattern[str]) -> bool:
    """Whether a cue before a mention still holds at it: nothing that ends its scope stands between."""
    found = list(cue.finditer(before))
    return bool(found) and stop.search(before, found[-1].end()) is None


@dataclass(slots=True)
class _Phrases:
    """A sentence, and what is left of it."""

    sentence: Sentence
    gathered: Gathered
    noted: DateRange | None
    left: str

    def take(self, match: re.Match[str], **said: Any) -> None:
        """A fact of a phrase, and the phrase blanked out."""
        self.tell(match, **said)
        self.blank(match)

    def tell(self, match: re.Match[str], **said: Any) -> None:
        """A fact of a phrase of which the words stay."""
        said = {"surface": match.group(), **said}
        fact = Fact(origin=self.origin(match), recorded=self.noted, **said)
        self.gathered.keep(fact)

    def origin(self, match: re.Match[str]) -> Origin:
        """Where a phrase stands in the note."""
        start = self.sentence.start + match.start()
        quote = self.sentence.text[match.start() : match.end()]
        return Origin("note", quote=quote, start=start, end=start + len(quote))

    def blank(self, match: re.Match[str]) -> None:
        """Nothing in a phrase is read again."""
        self.left = (
            self.left[: match.start()] + " " * (match.end() - match.start()) + self.left[match.end() :]
        )

    def restore(self, start: int, end: int) -> None:
        """Words of a phrase that may say more."""
        self.left = self.left[:start] + self.sentence.text[start:end] + self.left[end:]


def read_statements(sentence: Sentence, gathered: Gathered, noted: DateRange | None) -> str:
    """The statements of a sentence as facts; the sentence without them."""
    phrases = _Phrases(sentence, gathered, noted, sentence.text)
    for topic, pattern in read_rules().statements.items():
        match = pattern.search(sentence.text)
        if match is not None:
            phrases.take(
                match,
                kind=FactKind.ATTESTATION,
                id=topic.removeprefix("refused_"),
                negated=topic.startswith("refused_"),
            )
    _read_pack_years(phrases)
    _read_smoking(phrases)
    _read_pregnancy(phrases)
    _read_birth(phrases)
    _read_admission(phrases)
    _read_allergies(phrases)
    _read_denials(phrases)
    return phrases.left


def _read_pack_years(phrases: _Phrases) -> None:
    """Packs a day for so many years, multiplied; the words stay, because they say that the patient smoked."""
    match = read_rules().packs_and_years.search(phrases.left)
    if match is None or read_rules().cues["relatives"].search(phrases.sentence.text):
        return
    low = _PACKS.get(match["low"].lower()) or Decimal(match["low"])
    high = Decimal(match["high"]) if match["high"] else low
    years = Decimal(match["years"])
    if low > high:
        return
    phrases.tell(
        match,
        kind=FactKind.MEASUREMENT,
        id="pack_years",
        value=ValueRange(low * years, high * years),
        unit="{pack_years}",
        date=phrases.noted,
    )


def _read_smoking(phrases: _Phrases) -> None:
    rules = read_rules()
    if rules.cues["relatives"].search(phrases.sentence.text):
        return
    for name, said in _SMOKING.items():
        match = rules.habits[name].search(phrases.left)
        if match is None:
            continue
        before = phrases.sentence.text[: match.start()]
        if name == "smoker" and reaches(rules.cues["denied"], before, rules.cues["stop"]):
            continue
        phrases.take(match, kind=FactKind.CONDITION, id="smoking", **said)
        denial = rules.cues["denied"].match(match.group())
        if denial is not None:  # it may deny what follows too
            phrases.restore(match.start(), match.start() + denial.end())
        return


def _read_pregnancy(phrases: _Phrases) -> None:
    rules = read_rules()
    match = rules.facts["pregnant"].search(phrases.left)
    if match is None or rules.cues["of_some"].search(phrases.left[: match.start()]):
        return
    denied = reaches(rules.cues["denied"], phrases.left[: match.start()], rules.cues["stop"])
    status = Status.UNSTATED if denied else Status.ACTIVE
    if match["weeks"]:  # how many weeks is a value of its own
        value = ValueRange.exactly(Decimal(match["weeks"]))
        said = {"value": value, "unit": "wk", "date": phrases.noted}
        phrases.tell(match, kind=FactKind.MEASUREMENT, id="gestational_age", **said)
    if rules.facts["born"].search(phrases.sentence.text[: match.start()]):  # the age of who was born then
        phrases.blank(match)
        return
    phrases.take(match, kind=FactKind.STATE, id="pregnant", negated=denied, status=status)


def _read_birth(phrases: _Phrases) -> None:
    """Who gave birth in the four weeks before the note is not pregnant; the words stay, because they tell of the birth."""
    rules, text, noted = read_rules(), phrases.sentence.text, phrases.noted
    match = rules.facts["lately_born"].search(text)
    if match is None and noted is not None and noted.latest is not None:
        match = rules.facts["gave_birth"].search(text)
        first = noted.latest - _AFTER_BIRTH
        days = [one.days.earliest for one in find_times(text, noted)]
        if len(days) != 1 or days[0] is None or not first <= days[0] <= noted.latest:
            return
    if match is None or rules.cues["relatives"].search(text[: match.start()]):
        return
    if not reaches(rules.cues["denied"], text[: match.start()], rules.cues["stop"]):
        phrases.tell(match, kind=FactKind.STATE, id="pregnant", negated=True)


def _read_admission(phrases: _Phrases) -> None:
    """An admission that is told as the time of something else: "no fever on admission" denies no admission."""
    rules, text = read_rules(), phrases.sentence.text
    for match in rules.facts["admission"].finditer(text):
        before = text[: match.start()]
        is_another = rules.cues["relatives"].search(before) is not None
        is_to_come = phrases.sentence.section == "plan" or rules.cues["to_come"].search(before) is not None
        if is_another or is_to_come or reaches(rules.cues["unreal"], before, rules.cues["stop"]):
            phrases.blank(match)
            continue
        phrases.take(
            match, kind=FactKind.EXPOSURE, id="hospitalization", domain="procedure", status=Status.ACTIVE
        )


def _read_allergies(phrases: _Phrases) -> None:
    """What somebody is allergic to, said before the word: "a peanut allergy"."""
    rules = read_rules()
    for match in rules.facts["an_allergy"].finditer(phrases.left):
        before = phrases.left[: match.start()]
        if rules.cues["relatives"].search(before) or rules.cues["family"].search(before):
            continue
        named = [
            one for one in phrases.gathered.terms.read_name(match["to"]) if one.kind is FactKind.EXPOSURE
        ]
        denied = reaches(rules.cues["denied"], before, rules.cues["stop"])
        said: dict[str, Any] = {
            "kind": FactKind.ALLERGY,
            "id": named[0].id if named else "",
            "surface": match["to"],
            "negated": denied,
        }
        phrases.take(match, **said)


def _read_denials(phrases: _Phrases) -> None:
    rules = read_rules()
    for name, kind, entry_id in _DENIALS:
        match = rules.facts[name].search(phrases.left)
        if match is not None:
            phrases.take(match, kind=kind, id=entry_id, negated=True)
            if entry_id != ANY:
                phrases.restore(match.start(), match.end())
    match = rules.facts["no_history"].search(phrases.left)
    if match is not None:
        phrases.gathered.miss(
            "unread-value", f"{match.group()[:60]!r} is too wide to decide anything", "note"
        )
        phrases.blank(match)


def read_vitals(sentence: Sentence, left: str, gathered: Gathered, noted: DateRange | None) -> str:
    """Vital signs in the shorthand of charts as facts; what is left of the sentence without them."""
    phrases = _Phrases(sentence, gathered, noted, left)
    for name, pattern in read_rules().vitals.items():
        for match in pattern.finditer(phrases.left):
            pairs = [(name, match[1], _VITAL_UNITS.get(name, ""))]
            if name == "pressure":
                pairs = [("sbp", match[1], "mm[Hg]"), ("dbp", match[2], "mm[Hg]")]
            elif name == "temperature":
                pairs = [(name, match[1], "Cel" if match[2][0].lower() == "c" else "[degF]")]
            for variable, value, unit in pairs:
                phrases.tell(
                    match,
                    kind=FactKind.MEASUREMENT,
                    id=variable,
                    value=ValueRange.exactly(Decimal(value)),
                    unit=unit or gathered.terms.variables[variable].unit,
                    date=noted,
                )
            phrases.blank(match)
    return phrases.left
