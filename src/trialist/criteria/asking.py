"""What somebody asks of criteria, in words → a subject and the values meant.

`creatinine clearance 30 mL/min`, `ECOG <= 2`, `age 4`, `ALT > 3 x ULN`, `prior MSC therapy`, `HIV negative`. The words are those of the rules' tables. What is not in them is refused with the nearest names; nothing is guessed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache

from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import Basis
from trialist.criteria.stance import Stance, Voices
from trialist.criteria.subjects import (
    AGE,
    HAS,
    HAS_NOT,
    STATES,
    TRIALS,
    Stretch,
    canonical,
    canonical_unit,
    days,
    group_of,
    is_measured,
    kind_of,
    places,
)
from trialist.criteria.told import stance_over
from trialist.vocabulary.text import fold_words, split_words
from trialist.vocabulary.units import find_unit
from trialist.vocabulary.written_units import read_unit

_LONGEST = 200
_NUMBER = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
_COMPARISONS = {
    ">=": r">=|=>|≥|at least|not less than|no less than|down to|minimum",
    "<=": r"<=|=<|≤|at most|no more than|not more than|up to|maximum",
    ">": r">|more than|above|over|greater than",
    "<": r"<|less than|below|under|fewer than",
    "=": r"=|of|is",
}
_COMPARISON = "|".join(f"(?P<c{place}>{words})" for place, words in enumerate(_COMPARISONS.values()))
_BEFORE = re.compile(
    rf"(?P<name>.*?)\s*(?:(?<![A-Za-z])(?:{_COMPARISON})(?![A-Za-z])\s*)?", re.IGNORECASE | re.DOTALL
)
_VALUE = re.compile(
    rf"(?P<low>{_NUMBER})(?:\s*(?:-|–|to)\s*(?P<high>{_NUMBER}))?\s*(?P<unit>\D.*|)", re.DOTALL
)
_STEPPED = re.compile(
    rf"(?P<name>.*?)\s+(?:(?<![A-Za-z])(?:{_COMPARISON})(?![A-Za-z])\s*)?(?P<low>[^\s-]+)(?:\s*(?:-|–|to)\s*(?P<high>[^\s-]+))?",
    re.IGNORECASE | re.DOTALL,
)
_LONG_STEP = re.compile(
    r"(?P<name>.*?)\s+(?P<low>[^\s-]+\s[^\s-]+)(?P<high>(?!.))?", re.IGNORECASE | re.DOTALL
)
_BARE_DIMENSIONS = ((("time", 1),), (("length", 1),), (("mass", 1),))
_MULTIPLES = {
    Basis.X_ULN: r"(?:x|×|\*|times)?\s*(?:the\s+)?(?:uln|upper limit of normal)",
    Basis.X_LLN: r"(?:x|×|\*|times)?\s*(?:the\s+)?(?:lln|lower limit of normal)",
    Basis.PERCENT_PREDICTED: r"%\s*(?:of\s+)?(?:the\s+)?predicted",
}
_MULTIPLE_WORDS = {Basis.X_ULN: "x ULN", Basis.X_LLN: "x LLN", Basis.PERCENT_PREDICTED: "% predicted"}
_LEADING = re.compile(
    r"(?:prior|previous|past|history of|had|any|having|has|have|with|a|an|the)\s+", re.IGNORECASE
)
_ABSENT = re.compile(r"(?:no|not|without|never|absence of)\s+", re.IGNORECASE)
_TRAILING = re.compile(r"\s+(?:therapy|treatment|use|history|status)$", re.IGNORECASE)
_OTHER_NAMES = {
    "breast feeding": "lactating",
    "breastfeeding": "lactating",
    "pregnancy": "pregnant",
    "women of child bearing potential": "child_bearing_potential",
    "able to become pregnant": "child_bearing_potential",
    "another trial": "other_trial",
    "other trials": "other_trial",
    "this trial": "this_trial",
    "investigational drug": "investigational_product",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A subject's values that are asked about: its key, the stretches of the values, and the one spelling of it all."""

    key: str
    stretches: tuple[Stretch, ...]
    text: str

    @property
    def opposite(self) -> tuple[Stretch, ...]:
        """All other values of the subject; nothing where there are none."""
        return _opposite(self.key, self.stretches)


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Why words cannot be asked, and the way out."""

    message: str
    hint: str = ""


class Wish:
    """What may be asked of a study's criteria about values."""

    ALLOWS = "allows"
    EXCLUDES = "excludes"
    REQUIRES = "requires"


def answers(voices: Voices, asked: Asked, wish: str) -> bool:
    """Whether a study definitely allows or excludes every value asked, or excludes every other one (`requires`)."""
    stretches = asked.opposite if wish == Wish.REQUIRES else asked.stretches
    wanted = Stance.ALLOWS if wish == Wish.ALLOWS else Stance.EXCLUDES
    return bool(stretches) and all(stance_over(voices, asked.key, one) is wanted for one in stretches)


def find_subject(text: str, kinds: frozenset[str] = frozenset()) -> str | NotAsked:
    """The id of what a name stands for, of these kinds when any are given."""
    name = _fold(text)
    for said in (name, _fold(_TRAILING.sub("", text)), _fold(_LEADING.sub("", text)), _fold(_bare(text))):
        for found in _names().get(said, ()):
            if not kinds or kind_of(found) in kinds:
                return found
    known = [one for one, ids in _names().items() if not kinds or any(kind_of(each) in kinds for each in ids)]
    near = difflib.get_close_matches(name[:60], known, n=3, cutoff=0.7)
    hint = f"Did you mean {' or '.join(near)}?" if near else "The reference page of criteria lists the names."
    return NotAsked(f"{text[:60]!r} is nothing that criteria are asked about", hint)


def _bare(text: str) -> str:
    return _TRAILING.sub("", _LEADING.sub("", text))


def parse_asked(text: str) -> Asked | NotAsked:
    """The subject and values that words mean, or why they mean none."""
    words = " ".join(text.split())
    if not words or len(words) > _LONGEST:
        return NotAsked("nothing, or too much, is asked", f"Write up to {_LONGEST} characters.")
    whole = find_subject(words)
    if isinstance(whole, str) and not is_measured(whole):
        return _thing(whole, has=True)
    asked: Asked | NotAsked | None
    # From the last number on: a name may hold one itself (APACHE2).
    for number in reversed(list(re.finditer(_NUMBER, words))):
        before, value = _BEFORE.fullmatch(words, 0, number.start()), _VALUE.fullmatch(words, number.start())
        if before is not None and value is not None and before["name"].strip(" :"):
            asked = _measured(before, value)
            if asked is not None:
                return asked
    asked = None
    for pattern in (_LONG_STEP, _STEPPED):
        found = pattern.fullmatch(words)
        if found is not None and not isinstance(asked, Asked):
            asked = _stepped(found, found) or asked
    return asked or _result(words) or _without_value(words, whole)


def _without_value(words: str, whole: str | NotAsked) -> Asked | NotAsked:
    absent = _ABSENT.match(words)
    if absent is not None:
        thing = find_subject(words[absent.end() :])
        if isinstance(thing, str) and not is_measured(thing):
            return _thing(thing, has=False)
    if isinstance(whole, NotAsked):
        return whole
    example = "III" if kind_of(whole) == "scale" else "30" if whole != AGE else "4 years"
    return NotAsked(f"{words[:60]!r} is asked with a value", f"Write {_name(whole)} {example}.")


def _thing(subject: str, *, has: bool) -> Asked:
    value = HAS if has else HAS_NOT
    return Asked(subject, (Stretch(value, value),), subject if has else f"no {subject}")


def _result(words: str) -> Asked | None:
    """`HIV negative`, `hepatitis B positive`."""
    name, _, outcome = words.rpartition(" ")
    if outcome.lower() not in ("positive", "negative"):
        return None
    subject = find_subject(name, frozenset({"serology", "condition"}))
    if isinstance(subject, NotAsked):
        return None
    value = HAS if outcome.lower() == "positive" else HAS_NOT
    return Asked(subject, (Stretch(value, value),), subject if value == HAS else f"no {subject}")


def _comparison(found: re.Match[str]) -> str:
    said = found.groupdict()
    return next((op for place, op in enumerate(_COMPARISONS) if said.get(f"c{place}")), "=")


def _measured(before: re.Match[str], found: re.Match[str]) -> Asked | NotAsked | None:
    """A number behind the name of a variable, an age or a scale; None where the name is none of these."""
    subject = find_subject(before["name"].strip(" :"), frozenset({"variable", "scale", AGE}))
    if isinstance(subject, NotAsked):
        return None
    if kind_of(subject) == "scale":
        return _stepped(before, found, subject)
    op, unit = _comparison(before), found["unit"].strip()
    low = Decimal(found["low"].replace(",", ""))
    high = None if found["high"] is None else Decimal(found["high"].replace(",", ""))
    if high is not None and (op != "=" or high < low):
        return NotAsked("a range goes from the lower to the higher number, without a comparison")
    read = _read_measure(subject, unit)
    if isinstance(read, NotAsked):
        return read
    key, code, basis, said = read
    ends = [_value(subject, basis, code, one) for one in (low, high) if one is not None]
    if None in ends:
        return NotAsked(f"{unit[:40]!r} cannot be compared", "")
    values = [one for one in ends if one is not None]
    numbers = f"{low:f}" if high is None else f"{low:f}-{high:f}"
    sign = "" if op == "=" else f"{op} "
    return Asked(key, (_stretch(op, values),), f"{subject} {sign}{numbers}{f' {said}' if said else ''}")


def _value(subject: str, basis: Basis, code: str, number: Decimal) -> Fraction | None:
    return days(number, code) if subject == AGE else canonical(subject, basis, code, number)


def _read_measure(subject: str, unit: str) -> tuple[str, str, Basis, str] | NotAsked:
    """The key, the unit's code, the basis and how the unit is written back."""
    if subject == AGE:
        code = _read_code(unit) if unit else "a"
        if code is None or days(Decimal(1), code) is None:
            return NotAsked(
                f"{unit[:40]!r} is not a unit of age", "Write 4 years, 6 months, 2 weeks or 10 days."
            )
        return (
            AGE,
            code,
            Basis.ABSOLUTE,
            {"a": "years", "mo": "months", "wk": "weeks", "d": "days"}.get(code, code),
        )
    for basis, words in _MULTIPLES.items():
        if re.fullmatch(words, unit, re.IGNORECASE):
            return f"{subject}@{basis}", "", basis, _MULTIPLE_WORDS[basis]
    usual = canonical_unit(subject)
    code = _read_code(unit) if unit else None if usual is None else usual.code
    if code is None:
        which = f", such as {usual.code}" if usual is not None and usual.code else ""
        said = f"{unit[:40]!r} is not a known unit" if unit else f"{_name(subject)} needs a unit"
        return NotAsked(said, f"Write the number with its unit{which}.")
    group = group_of(subject, Basis.ABSOLUTE, code)
    other = find_unit(code)
    if group and usual is not None and (other is None or other.dimension in _BARE_DIMENSIONS):
        group = None
    if group is None:
        return NotAsked(f"{unit[:40]!r} is not a unit of {_name(subject)}")
    return f"{subject}@{group}" if group else subject, code, Basis.ABSOLUTE, "" if code == "1" else code


def _read_code(unit: str) -> str | None:
    """The UCUM code of a written unit."""
    found = find_unit(unit)
    if unit not in ("a", "mo", "wk", "d", "h"):
        written = read_unit(unit, 0)
        if written is not None and written[1] == len(unit):
            return written[0].ucum
    return None if found is None else found.code


def _stretch(op: str, values: list[Fraction]) -> Stretch:
    if len(values) == 2:
        return Stretch(values[0], values[1])
    match op:
        case ">=":
            return Stretch(values[0], None)
        case ">":
            return Stretch(values[0], None, lower_inclusive=False)
        case "<=":
            return Stretch(None, values[0])
        case "<":
            return Stretch(None, values[0], upper_inclusive=False)
        case _:
            return Stretch(values[0], values[0])


def _stepped(
    before: re.Match[str], found: re.Match[str], subject: str | NotAsked = ""
) -> Asked | NotAsked | None:
    """A step behind the name of a scale; None where the name is none."""
    subject = subject or find_subject(
        re.sub(r"\s+(?:grade|stage|class)$", "", before["name"].strip(" :")), frozenset({"scale"})
    )
    if isinstance(subject, NotAsked):
        return None
    steps = {step.lower(): place for step, place in places(subject).items()}
    order = list(places(subject))
    named = [one.lower() for one in (found["low"], found["high"]) if one]
    if any(one not in steps for one in named):
        return NotAsked(
            f"{' or '.join(named)[:40]!r} is no step of {_name(subject)}",
            f"Its steps are {', '.join(order)}.",
        )
    op, at = _comparison(before), [steps[one] for one in named]
    if len(at) == 2:
        first, last = at
    else:
        last_place = len(order) - 1
        first, last = {
            ">=": (at[0], last_place),
            ">": (at[0] + 1, last_place),
            "<=": (0, at[0]),
            "<": (0, at[0] - 1),
        }.get(op, (at[0], at[0]))
    if first > last:
        return NotAsked(f"{_name(subject)} has no such step", f"Its steps are {', '.join(order)}.")
    said = order[at[0]] if len(at) == 1 else f"{order[first]}-{order[last]}"
    sign = "" if op == "=" or len(at) == 2 else f"{op} "
    return Asked(subject, (Stretch(Fraction(first), Fraction(last)),), f"{subject} {sign}{said}")


def _opposite(key: str, stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    (one,) = stretches
    subject = key.partition("@")[0]
    if not is_measured(subject):
        value = HAS_NOT if one.holds(HAS) else HAS
        return (Stretch(value, value),)
    if kind_of(subject) == "scale":
        last = Fraction(len(places(subject)) - 1)
        below = [Stretch(Fraction(0), one.lower - 1)] if one.lower is not None and one.lower > 0 else []
        above = [Stretch(one.upper + 1, last)] if one.upper is not None and one.upper < last else []
        return (*below, *above)
    parts = []
    if one.lower is not None:
        parts.append(Stretch(None, one.lower, upper_inclusive=not one.lower_inclusive))
    if one.upper is not None:
        parts.append(Stretch(one.upper, None, lower_inclusive=not one.upper_inclusive))
    return tuple(parts)


# Names


def _fold(text: str) -> str:
    return " ".join(fold_words(split_words(text.replace("_", " "))))


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    """Folded name → the ids it may stand for: an id itself, the name of its row, then its words."""
    found: dict[str, dict[str, None]] = {}

    def add(name: str, subject: str) -> None:
        if name:
            found.setdefault(name, {})[subject] = None

    for subject in (AGE, *STATES, *TRIALS):
        add(_fold(subject), subject)
    rows = [(subject, row) for table in tables().values() for subject, row in table.items()]
    for subject, _ in rows:
        add(_fold(subject), subject)
    for subject, row in rows:
        add(_fold(row["name"]), subject)
    for subject, row in rows:
        for word in row["words"].split("|"):
            if not word.startswith("~"):
                add(_fold(word), subject)
    for name, subject in _OTHER_NAMES.items():
        add(_fold(name), subject)
    return {name: tuple(ids) for name, ids in found.items()}


def _name(subject: str) -> str:
    row = tables().get(kind_of(subject), {}).get(subject)
    return row["name"] if row else subject.replace("_", " ")


def name_of(subject: str) -> str:
    """What a reader calls a subject."""
    return _name(subject)
