"""Numbers as they are written, with what they count: digits and words, thousands, powers of ten, units, multiples of a limit of normal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import Basis
from trialist.criteria.tokens import Token
from trialist.vocabulary.written_units import Unit, read_unit

WORDS = {
    word: Decimal(place)
    for place, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ]
    )
} | {
    "eighteen": Decimal(18),
    "twenty": Decimal(20),
    "thirty": Decimal(30),
    "sixty": Decimal(60),
    "ninety": Decimal(90),
    "twice": Decimal(2),
}
_NORMAL = (
    r"(?:the[ ]+)?(?:(?:institutional|institution'?s?|local|laborator(?:y|ies)'?s?|lab|age[- ]?(?:adjusted|appropriate|specific|related)?|normal|"
    r"reference|site|respective|central|hospital|upper|applicable|testing|performing|corresponding|standard|range|specific|gender|sex|center|defined|and|/)[ -]*)*"
)
ULN = re.compile(
    rf"[ ]?(?:x|X|times|time|\*|-?[ ]?folds?(?:[ ]the)?|multiplied by)?[ ]*(?:(?P<more>(?:higher|greater|more|larger|elevated|above|over)(?:[ ]than)?)|of)?[ ]*{_NORMAL}"
    r"(?P<uln>IULN|ULNs?|UNL|ULRR|U\.L\.N\.?|upper[ -](?:institutional[ ])?limits?[ ](?:of|for)[ ](?:the[ ])?(?:\w+[ ]){0,3}?(?:normal|reference range|normality)(?:[ ](?:range|limits?|values?))?|"
    r"upper[ ](?:normal[ ])?limits?(?:[ ]normal)?|upper[ ](?:range|limit)[ ]of[ ]normal|(?:upper[ ]limit[ ])?normal[ ]upper[ ]limit|normal[ ](?:upper[ ])?limits?|upper[ ]normal[ ](?:limit|range|value)s?|normal[ ](?:range|values?)|"
    r"limits?[ ]of[ ]normal|(?<=times )normal|(?<=times the )normal|(?<=x )normal|(?<=X )normal|(?<=\* )normal|maximum[ ]normal[ ]value|normal(?=[ ]*(?:[.,;)]|$|and\b|or\b)))"
    r"(?:[ ]?\((?:ULN|IULN|UNL|upper limit of normal)\))?",
    re.IGNORECASE,
)
LLN = re.compile(
    rf"[ ]?(?:x|X|times|\*)?[ ]*(?:of[ ]|below[ ])?{_NORMAL}(?P<lln>LLN|lower[ ](?:institutional[ ])?limits?[ ]of[ ](?:the[ ])?(?:\w+[ ]){{0,2}}?(?:normal|reference range)|lower[ ]normal[ ]limit|lower[ ]limits?)(?:[ ]?\(LLN\))?",
    re.IGNORECASE,
)
_BASELINE = re.compile(
    r"[ ]?(?:x|X|times|\*|-?[ ]?fold)?[ ]*(?:the[ ]+|of[ ]+|above[ ]+)*baseline(?![ ]visit)",
    re.IGNORECASE,
)
_PREDICTED = re.compile(
    r"[ ]?%?[ ]?(?:of[ ]+)?(?:the[ ]+)?(?:pred(?:icted|\.)?|expected|normal)(?:[ ]+(?:value|normal|for age))*\b",
    re.IGNORECASE,
)
_POWER = re.compile(r"[ ]?[xX*·][ ]?10[ ]?(?:\^|\*\*|\*|[eE]\+?)?[ ]?\(?(?P<power>[0-9]{1,2})\)?(?![0-9/])")
_BARE_POWER = re.compile(r"10[ ]?\^[ ]?\(?(?P<power>[0-9]{1,2})\)?")
_THOUSAND_DOT = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
# What is counted in whole numbers: three digits behind a dot are thousands.
_COUNTED_WHOLE = frozenset({"/mm3", "/uL", "{copies}/mL", "[CFU]", "[CFU]/mL"})
# What a multiple of a limit of normal goes on with behind its number; units begin otherwise.
_BEFORE_A_LIMIT = tuple(sorted(word_set("before_a_limit")))
# A unit of which only the beginning was read (`mL/kg/min`).
_GOES_ON = re.compile(r"/(?=[A-Za-zµ²])|[ ]?/[ ]?(?:kg|min|h|day|d|l|ml|dl|m2)\b", re.IGNORECASE)
_OPENED = re.compile(r"[ ]?[(\[][ ]?")
_CLOSED = re.compile(r"[ ]?[)\]]")


@dataclass(slots=True)
class Number:
    """A number at tokens up to `last` (exclusive), what it counts, and what is doubtful about it; `is_more` where a multiple says "more than"."""

    value: Decimal
    last: int
    unit: Unit | None = None
    basis: Basis = Basis.ABSOLUTE
    defects: list[tuple[str, str, float]] = field(default_factory=list)
    is_more: bool = False
    is_unclear: bool = False


def read_number(tokens: Sequence[Token], place: int, text: str, compared: bool = False) -> Number | None:
    """A number and its unit at a token."""
    if place >= len(tokens):
        return None
    token = tokens[place]
    if compared and token.text == "-" and place + 1 < len(tokens) and tokens[place + 1].start == token.end:
        below = read_number(tokens, place + 1, text) if tokens[place + 1].kind == "num" else None
        if below is not None:
            below.value = -below.value  # `T-score < -2.5`
        return below
    last = place + 1
    defects: list[tuple[str, str, float]] = []
    power = _BARE_POWER.match(text, token.start) if token.text == "10" else None
    if power is not None and read_unit(text, token.start) is None:
        value = Decimal(10) ** int(power["power"])
        last = token_after(tokens, place, power.end())
    elif token.kind == "num":
        value = Decimal(token.text.replace(",", ""))
    elif token.kind == "word" and token.text in WORDS:
        value = WORDS[token.text]
    else:
        return None
    last, value = _decimal_comma(tokens, last, value, text, compared)
    last, value = _parted_thousands(tokens, last, value)
    last = _past_quote(tokens, place, _repeated(tokens, last, value))
    end = tokens[last - 1].end
    number = Number(value, last, defects=defects)
    _read_unit(tokens, number, text, end)
    if number.is_unclear:
        return None
    if _THOUSAND_DOT.fullmatch(token.text) and number.unit is not None and number.unit.ucum in _COUNTED_WHOLE:
        number.value = Decimal(token.text.replace(".", ""))
        number.defects.append(("thousands_separator", str(number.value), 0.95))
    return number


def _decimal_comma(
    tokens: Sequence[Token], last: int, value: Decimal, text: str, compared: bool
) -> tuple[int, Decimal]:
    """`1,5 mg/dL`, `> 0,40`: a comma with digits on both sides, and a unit behind or a comparison before them."""
    if last + 1 < len(tokens) and tokens[last].text == "," and tokens[last + 1].kind == "num":
        comma, behind = tokens[last], tokens[last + 1]
        close = comma.start == tokens[last - 1].end and behind.start == comma.end
        whole = value == value.to_integral_value() and behind.text.isdigit() and len(behind.text) <= 2
        unit = read_unit(text, _past_blank(text, behind.end))
        following = tokens[last + 2].text if last + 2 < len(tokens) else ""
        listed = following == ","
        halves = behind.text == "5" and following in {"-", "to"} and value < 10  # `1,5-2 times`
        if (
            close
            and whole
            and (unit is not None or halves or ULN.match(text, behind.end) or (compared and not listed))
        ):
            return last + 2, Decimal(f"{int(value)}.{behind.text}")
    return last, value


def _parted_thousands(tokens: Sequence[Token], last: int, value: Decimal) -> tuple[int, Decimal]:
    """`50, 000`: a blank came between the thousands."""
    if last + 1 < len(tokens) and tokens[last].text == "," and 0 < value < 1000:
        comma, behind = tokens[last], tokens[last + 1]
        if (
            comma.start == tokens[last - 1].end
            and behind.text in {"000", "500"}
            and behind.start == comma.end + 1
        ):
            return last + 2, value * 1000 + int(behind.text)
    return last, value


def _past_quote(tokens: Sequence[Token], place: int, last: int) -> int:
    """`greater than "0"`: the place behind the mark that closes what one before the number opened."""
    is_quoted = place and last < len(tokens) and tokens[place - 1].text == tokens[last].text == '"'
    return last + 1 if is_quoted else last


def _repeated(tokens: Sequence[Token], last: int, value: Decimal) -> int:
    """`eighteen (18)`, `18 (eighteen)`: the place behind the parentheses."""
    if last + 2 < len(tokens) and tokens[last].text == "(" and tokens[last + 2].text == ")":
        inside = tokens[last + 1]
        same = inside.text in WORDS or (
            inside.kind == "num" and Decimal(inside.text.replace(",", "")) == value
        )
        if same:
            return last + 3
    return last


def _past_blank(text: str, place: int) -> int:
    while (
        place < len(text)
        and text[place] in " -"
        and place + 1 < len(text)
        and not (text[place] == "-" and text[place + 1].isdigit())
    ):
        place += 1
    return place


def token_after(tokens: Sequence[Token], place: int, end: int) -> int:
    """The first token from a place on that does not begin before an end in the text."""
    while place < len(tokens) and tokens[place].start < end:
        place += 1
    return place


def _read_unit(tokens: Sequence[Token], number: Number, text: str, end: int) -> None:
    """Read what the number counts: a unit, a multiple of a limit of normal, a percentage of the predicted value."""
    stop = tokens[-1].end
    beside = tokens[number.last].text if number.last < len(tokens) else ""
    limits = beside.startswith(_BEFORE_A_LIMIT)
    for pattern, basis in (
        () if not limits else ((ULN, Basis.X_ULN), (LLN, Basis.X_LLN), (_BASELINE, Basis.X_BASELINE))
    ):
        found = pattern.match(text, end, stop)
        if found is not None and found.end() > end + 2:
            number.basis = basis
            number.last = token_after(tokens, number.last, found.end())
            number.is_more = basis is Basis.X_ULN and bool(found["more"])
            return
    unit = read_unit(text, _past_blank(text, end)) if end < stop else None
    if unit is None and (power := _POWER.match(text, end, stop)) is not None:
        number.value *= Decimal(10) ** int(power["power"])
        end = power.end()
        number.last = token_after(tokens, number.last, end)
        unit = read_unit(text, _past_blank(text, end))
    if unit is None or unit[1] > stop:
        return
    if _GOES_ON.match(text, unit[1], stop) is not None:
        number.is_unclear = True
        return
    unit = (unit[0], _past_repeated_unit(text, unit, stop))
    number.unit = unit[0]
    if unit[0].lost_exponent:
        number.defects.append(("lost_exponent", unit[0].ucum, 0.95))
    number.last = token_after(tokens, number.last, unit[1])
    if unit[0].ucum == "%":
        predicted = _PREDICTED.match(text, unit[1], stop)
        limit = ULN.match(text, unit[1], stop) if predicted is None else None
        if limit is not None and "uln" in limit.group().lower():
            number.basis, number.value, number.unit = Basis.X_ULN, number.value / 100, None
            number.last = token_after(tokens, number.last, limit.end())
        elif predicted is not None and predicted.end() > unit[1]:
            number.basis = Basis.PERCENT_PREDICTED
            number.last = token_after(tokens, number.last, predicted.end())
    elif unit[0].ucum == "{percentile}":
        number.basis = Basis.PERCENTILE
    elif unit[0].ucum == "{SD}":
        number.basis = Basis.Z_SCORE


def _past_repeated_unit(text: str, unit: tuple[Unit, int], stop: int) -> int:
    """`8 gram/deciliter (g/dL)`, `25 millimeters of mercury [mmHg]`: where the unit ends, its abbreviation included."""
    opened = _OPENED.match(text, unit[1], stop)
    again = read_unit(text, opened.end()) if opened is not None else None
    if again is None or again[0].ucum != unit[0].ucum:
        return unit[1]
    closed = _CLOSED.match(text, again[1], stop)
    return unit[1] if closed is None else closed.end()
