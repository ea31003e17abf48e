"""Times in a sentence → days: dates as written, and spans counted back from the day of the note.

A span is as exact as its unit: "2 years ago" is a year and a half to two years and a half before the note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from trialist.patient.extents import DateRange
from trialist.record.dates import PartialDate

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug", "september sep sept",
         "october oct", "november nov", "december dec"), start=1,
    )
    for name in names.split()
}  # fmt: skip
_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()  # noqa: SIM905  # a row of words reads better than as many strings
    )
} | {"a": 1, "an": 1, "several": 4, "few": 3, "couple": 2}
_DAYS = {"hour": 0, "day": 1, "week": 7, "month": 30.4375, "year": 365.25}
_M = "|".join(sorted(_MONTHS, key=len, reverse=True))
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})(?:st|nd|rd|th)?"
_U = r"(?P<u>hours?|hrs?|days?|weeks?|wks?|months?|mos?|years?|yrs?|y)"
_AGO = r"(?:ago|earlier|before(?! the)|previously|prior(?: to (?:his |her |the |this )?(?:hospital )?(?:admission|presentation|arrival|visit|hospitali[sz]ation))?|before (?:his |her |the )?(?:admission|presentation|arrival))"
_DATE = re.compile(
    rf"(?P<iso>\b\d{{4}}-\d{{2}}(?:-\d{{2}})?\b)"
    rf"|\b(?P<dm>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<dmm>{_M})\.?,? (?P<dmy>\d{{4}})\b"
    rf"|\b(?P<mdm>{_M})\.? (?P<mdd>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<mdy>\d{{4}})\b"
    rf"|\b(?P<mym>{_M})\.?,? (?:of )?(?P<myy>\d{{4}})\b"
    rf"|\b(?P<s1>\d{{1,2}})/(?P<s2>\d{{1,2}})/(?P<sy>\d{{4}})\b"
    rf"|\b(?:in|since|from|until|during|around) (?P<year>(?:19|20)\d{{2}})\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    rf"\b(?P<last>(?:over|for|during|in|within) (?:the )?(?:past|last|previous|preceding) )?(?:(?:about|approximately|almost|nearly|roughly|around|for) )*(?:a )?{_N}(?: of)?(?:-| )?{_U}(?:'s?|'| old)?"
    rf"(?P<ago>,? {_AGO})?(?P<history>[- ]*(?:history|course|duration)(?: of)?)?(?P<post>[- ](?:post|after|following|since|s/p|status post)\b[- ]?)?",
    re.IGNORECASE,
)
_AT_AGE = re.compile(
    r"\b(?P<word>at|since|from) (?:the )?age (?:of )?(?P<age>\d{1,2})(?: years?)?\b(?! (?:months|weeks|days))",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"\b(?:fathers?|mothers?|brothers?|sisters?|sons?|daughters?|uncles?|aunts?|grand\w+|cousins?|parents?|relatives?|wife|husband|family)\b",
    re.IGNORECASE,
)
_NEAR = re.compile(
    r"\b(?P<word>yesterday|today|last week|last month|last year|the (?:past|last) (?:week|month|year)|overnight)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\b(?:since|from)\s+$", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|to|through)\s+$", re.IGNORECASE)


class Role(StrEnum):
    """What a time says of the thing beside it: when it was, that it goes on since then, when it ended, or what came that long before.

    How long it took ("for two weeks") says since when it is, where it goes on.
    """

    AT = "at"
    SINCE = "since"
    UNTIL = "until"
    AFTER = "after"
    LASTING = "lasting"


@dataclass(frozen=True, slots=True)
class Timed:
    """A time at characters `start` to `end` (exclusive) of a sentence. An AFTER belongs to the thing behind it."""

    start: int
    end: int
    days: DateRange
    role: Role


def find_times(sentence: str, noted: DateRange | None, birth: DateRange | None = None) -> list[Timed]:
    """The times of a sentence, from left to right; relative ones only when the day of the note is known, or the birth."""
    found = list(_dates(sentence))
    if birth is not None:
        found += _at_ages(sentence, birth, noted)
    if noted is not None and noted.earliest is not None and noted.latest is not None:
        found += list(_spans(sentence, noted.earliest, noted.latest))
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Timed] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _dates(sentence: str) -> Iterator[Timed]:
    for match in _DATE.finditer(sentence):
        days = _written(match)
        if days is None:
            continue
        before = sentence[max(0, match.start() - 12) : match.start()]
        word = match.group().split()[0].lower()
        role = Role.SINCE if word == "since" or _SINCE.search(before) else Role.AT
        if word == "until" or _UNTIL.search(before):
            role = Role.UNTIL
        yield Timed(match.start(), match.end(), days, role)


def _written(match: re.Match[str]) -> DateRange | None:
    """The days of a written date; None when there is no such day. `3/4/2024` is the 3rd of April or the 4th of March."""
    part = match.groupdict()
    try:
        if part["iso"]:
            numbers = [int(one) for one in part["iso"].split("-")]
            return DateRange.of(PartialDate(*numbers))
        if part["dmy"]:
            return DateRange.of(PartialDate(int(part["dmy"]), _MONTHS[part["dmm"].lower()], int(part["dm"])))
        if part["mdy"]:
            return DateRange.of(PartialDate(int(part["mdy"]), _MONTHS[part["mdm"].lower()], int(part["mdd"])))
        if part["myy"]:
            return DateRange.of(PartialDate(int(part["myy"]), _MONTHS[part["mym"].lower()]))
        if part["sy"]:
            return _slashed(int(part["s1"]), int(part["s2"]), int(part["sy"]))
        return DateRange.of(PartialDate(int(part["year"])))
    except ValueError:
        return None


def _slashed(first: int, second: int, year: int) -> DateRange | None:
    days = []
    for month, day in {(first, second), (second, first)}:
        try:
            days.append(date(year, month, day))
        except ValueError:
            continue
    return DateRange(min(days), max(days)) if days else None


def _spans(sentence: str, earliest: date, latest: date) -> Iterator[Timed]:
    for match in _SPAN.finditer(sentence):
        number = match["n"].lower()
        count = int(number) if number.isdigit() else _NUMBERS[number]
        unit = _unit(match["u"])
        days = _back(earliest, latest, count, unit)
        if days is None:
            continue
        before = sentence[max(0, match.start() - 8) : match.start()].lower()
        if match["post"]:
            role = Role.AFTER
        elif (
            match["last"]
            or match["history"]
            or before.endswith(("for ", "x "))
            or " for " in match.group().lower()[:12]
        ):
            role = Role.SINCE
        elif match["ago"]:
            role = Role.AT
        elif match.group().lower().startswith("for "):
            role = Role.LASTING
        else:
            continue
        yield Timed(match.start(), match.end(), days, role)
    for match in _NEAR.finditer(sentence):
        word = match["word"].lower()
        count, unit = (
            (1, word.split()[-1]) if word.split()[-1] in _DAYS else (0 if word == "today" else 1, "day")
        )
        days = _back(earliest, latest, count, unit)
        if days is not None:
            yield Timed(match.start(), match.end(), days, Role.SINCE if word.startswith("the") else Role.AT)


def _at_ages(sentence: str, birth: DateRange, noted: DateRange | None) -> Iterator[Timed]:
    """The days at which somebody was of an age: "at the age of 12", "since age 7"."""
    for match in _AT_AGE.finditer(sentence):
        first, last = birth.earliest, birth.latest
        if first is None or last is None or _OF_ANOTHER.search(sentence[: match.start()]):
            continue
        age = int(match["age"])
        begins = first + timedelta(days=int(age * _DAYS["year"]))
        ends = last + timedelta(days=int((age + 1) * _DAYS["year"]))
        today = noted.latest if noted is not None else None
        if today is not None and begins > today:
            continue
        role = Role.SINCE if match["word"].lower() in {"since", "from"} else Role.AT
        days = DateRange(begins, ends if today is None else min(ends, today))
        yield Timed(match.start(), match.end(), days, role)


def _unit(word: str) -> str:
    plain = word.lower().rstrip("s")
    return {"hr": "hour", "wk": "week", "mo": "month", "yr": "year", "y": "year"}.get(plain, plain)


def _back(earliest: date, latest: date, count: int, unit: str) -> DateRange | None:
    length = _DAYS[unit] * count
    slack = 0.0 if unit == "day" else 1.0 if unit == "hour" else _DAYS[unit] / 2
    try:
        return DateRange(
            earliest - timedelta(days=int(length + slack)),
            latest - timedelta(days=int(max(0.0, length - slack))),
        )
    except (ValueError, OverflowError):
        return None
