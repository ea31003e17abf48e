"""Times beside something: `within 6 months before enrollment`, `in the past 5 years`, `at least 3 weeks since`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trialist.criteria.lexicon import anchors, word_set
from trialist.criteria.nodes import Direction, Interval, Window
from trialist.criteria.quantities import Bound
from trialist.criteria.quick import quick
from trialist.criteria.tokens import Token
from trialist.vocabulary.written_units import read_unit

_PAST = frozenset({"last", "past", "previous", "prior", "preceding", "recent", "immediately", "latest"})
_LEAD = word_set("leading_a_window")
_BEFORE = (
    "prior to",
    "before",
    "preceding",
    "previous to",
    "in advance of",
    "ahead of",
    "prior",
    "previously to",
    "earlier than",
    "pre",
)
_AFTER = (
    "after",
    "following",
    "post",
    "since",
    "beyond",
    "from",
    "later than",
    "subsequent to",
    "out from",
    "past",
)
_OF = ("of", "to", "at", "from the time of")
_EMPTY = word_set("before_an_anchor")
OPENS_A_TIME = frozenset(
    [
        "for",
        "within",
        "in",
        "during",
        "over",
        "at",
        "prior",
        "before",
        "after",
        "since",
        "following",
        "throughout",
        "while",
    ]
)
_EVENTS = frozenset({"birth", "onset", "diagnosis", "transplant", "admission", "last_dose"})
_STUDY_ANCHORS = frozenset({"screening", "enrolment", "consent", "randomisation", "baseline", "first_dose"})
_AHEAD = frozenset({"next", "coming", "upcoming", "forthcoming"})
# No window of a study is counted in these.
_MOMENTS = frozenset({"ms", "s"})
STUDY = "study"
_DEFAULT_ANCHOR = "screening"


@quick
@dataclass(frozen=True, slots=True)
class Timed:
    """A window read at tokens `first` to `last` (exclusive); `since` says that it only counts from the last exposure."""

    window: Window
    first: int
    last: int
    since: bool = False
    loose: bool = False
    """`within 30 days of`: before or after is not said."""


def read_window(
    tokens: Sequence[Token], bound: Bound, text: str, other: Bound | None = None, excludes: bool = False
) -> Timed | None:
    """The window that a bound of time stands for, with what leads it in and what it stands beside; None when it is none."""
    if (
        bound.unit is None
        or bound.unit.dimension not in {"time", "half_lives"}
        or bound.unit.ucum in _MOMENTS
    ):
        return None
    return _of_another(tokens, bound, bound.unit.ucum) or _window(tokens, bound, text, other, excludes)


def _window(
    tokens: Sequence[Token], bound: Bound, text: str, other: Bound | None, excludes: bool
) -> Timed | None:
    """The window of a bound of time by what stands around it."""
    if bound.unit is None:
        return None
    first = bound.first
    lead: list[str] = []
    while first > 0 and tokens[first - 1].text in _LEAD and len(lead) < 5:
        first -= 1
        lead.insert(0, tokens[first].text)
    first = _from_duration(tokens, first)
    last = bound.last
    half_lives: Decimal | None = None
    if other is not None and other.unit is not None and other.unit.dimension == "half_lives":
        half_lives, last = _single_value(other.interval), other.last
    last = _past_elapsed(tokens, _skip_choice(tokens, last))
    if _is_no_window(tokens, bound, first, last):
        return None
    inside = {token.text for token in tokens[first:last]}
    relation, after, anchor, end = _beside(tokens, last, text, bool(inside & _PAST))
    if relation is None:
        found_past = bool(inside & _PAST) or "within" in lead
        ago = last < len(tokens) and tokens[last].text in {"ago", "earlier", "previously", "before", "prior"}
        spans = bound.shape in {"compared", "behind", "range"}
        if (
            not found_past
            and not inside & _AHEAD
            and not ago
            and not spans
            and not ({"in", "during", "over", "for", "since"} & set(lead))
        ):
            return None
        ahead = bool(inside & _AHEAD) and not ago
        relation, end = Direction.AFTER if ahead else Direction.BEFORE, last + (1 if ago else 0)
    elif anchor is None:
        if after < len(tokens) and not _ends(tokens, after):
            anchor, end = "", after
        else:
            end = after
    if anchor in _EVENTS and tokens[last].text == "of":
        relation = Direction.AFTER  # within three months of the transplantation
    if anchor in _STUDY_ANCHORS and tokens[last].text == "from" and relation is Direction.AFTER:
        relation = Direction.BEFORE  # `within a month from the first visit`
    if anchor == "" and tokens[last].text in {"since", "from"} and end < len(tokens):
        anchor, relation = (
            None,
            Direction.BEFORE,
        )  # `at least 4 weeks since prior surgery`: counted back to it
    interval = _length(bound, lead, relation, "" if excludes or last >= len(tokens) else tokens[last].text)
    window = Window(
        anchor=_DEFAULT_ANCHOR if anchor is None else anchor or "event",
        direction=relation,
        length=interval,
        unit=bound.unit.ucum,
        anchor_assumed=anchor is None or _is_numbered(tokens, after, end, anchor),
        or_half_lives=half_lives,
    )
    return Timed(
        window,
        first,
        end,
        loose=last < len(tokens) and tokens[last].text in {"of", "from"},
        since="since" in inside or (last < len(tokens) and tokens[last].text in _SINCE),
    )


def _of_another(tokens: Sequence[Token], bound: Bound, unit: str) -> Timed | None:
    """`at least 4 weeks since chemotherapy (6 weeks for nitrosoureas)`: the time since something else; None where it is none."""
    is_so = (
        bound.first > 0
        and bound.last < len(tokens)
        and tokens[bound.first - 1].text == "("
        and tokens[bound.last].text in {"for", "since", "from"}
        and bound.shape == "bare"
        and any(token.text == "since" for token in tokens[: bound.first - 1])
    )
    if not is_so:
        return None
    length = bound.interval.lower if bound.interval.lower is not None else bound.interval.upper
    window = Window(_DEFAULT_ANCHOR, Direction.BEFORE, Interval(lower=length), unit, anchor_assumed=True)
    return Timed(window, bound.first, bound.last + 1, since=True)


_ELAPSED = frozenset({"elapsed", "passed", "lapsed"})
_BEFORE_ELAPSED = frozenset({"must", "should", "have", "has", "having", "shall"})


def _past_elapsed(tokens: Sequence[Token], place: int) -> int:
    """`at least 4 weeks must have elapsed since radiotherapy`: says no more than `at least 4 weeks since radiotherapy`."""
    at = place
    while at < len(tokens) and tokens[at].text in _BEFORE_ELAPSED:
        at += 1
    is_said = at + 1 < len(tokens) and tokens[at].text in _ELAPSED and tokens[at + 1].text in _SINCE
    return at + 1 if is_said else place


_SINCE = frozenset({"since", "from", "after"})


def _from_duration(tokens: Sequence[Token], first: int) -> int:
    """`pain duration ≥ 6 months`, `pain of a duration of 6 months`: from where a length of time is said to be one."""
    at = first
    while at and first - at < 2 and tokens[at - 1].text in {"of", "is"}:
        at -= 1
    return at - 1 if at and tokens[at - 1].text == "duration" else first


def _beside(
    tokens: Sequence[Token], last: int, text: str, is_past: bool
) -> tuple[Direction | None, int, str | None, int]:
    """On which side of what a time stands; `within the last 3 years of neoplasm`: the neoplasm is what was, and not when."""
    relation, after = _relation(tokens, last)
    if relation is None and (off := _past_off_drug(tokens, last)) > last:
        return Direction.BEFORE, off, None, off
    anchor, end = _anchor(tokens, after, text) if relation is not None else (None, last)
    said = tokens[last].text if relation is not None else ""
    behind = tokens[last + 1].text if last + 1 < len(tokens) else ""
    if anchor is None and ((said == "of" and is_past) or (said == "at" and behind in {"least", "most"})):
        return None, after, None, last
    return relation, after, anchor, end


def _is_no_window(tokens: Sequence[Token], bound: Bound, first: int, last: int) -> bool:
    """`diagnosed at an age below 18 years`, `at the 6 week visit`: an age of then, a visit's name."""
    behind = tokens[last].text if last < len(tokens) else ""
    is_visit = bound.shape != "compared" and behind in {"visit", "visits", "assessment"}
    if behind in {"daily", "a", "per", "/", "each", "every"} and _is_a_rate(tokens, last):
        return True  # `required for more than 12 hours a day`
    if tokens[first].text == "last" and first and tokens[first - 1].text in _VERBS_BEFORE:
        return True  # `surgery scheduled to last at least 2 hours`
    return is_visit or (first > 0 and tokens[first - 1].text in {"age", "ages", "aged"})


_VERBS_BEFORE = frozenset({"to", "must", "should", "will", "may", "usually", "can"})


def _is_a_rate(tokens: Sequence[Token], place: int) -> bool:
    """`daily`, `per day`, `a week`: how often, and not when."""
    behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
    return tokens[place].text == "daily" or behind in {"day", "days", "week", "month", "night", "d", "wk"}


def _past_off_drug(tokens: Sequence[Token], place: int) -> int:
    """`(30 days off drug)`: how long nobody may have had it; the same place where nothing of the kind stands there."""
    words = [token.text for token in tokens[place : place + 2]]
    is_off = words[:1] == ["off"] and words[1:] in (["drug"], ["treatment"], ["therapy"], ["medication"])
    return place + 2 if is_off else place


def _single_value(interval: Interval) -> Decimal | None:
    return interval.upper if interval.upper is not None else interval.lower


def _skip_choice(tokens: Sequence[Token], place: int) -> int:
    """Past `, whichever is longer` and closing parentheses."""
    start = place
    while (
        place < len(tokens)
        and place - start < 6
        and tokens[place].text in {",", "(", ")", "whichever", "is", "longer", "shorter", "greater", "was"}
    ):
        place += 1
    said = [token.text for token in tokens[start : start + 2]]
    if said[:1] == ["duration"]:
        return start + 1  # `for at least six months duration`
    if said in (["in", "duration"], ["of", "duration"]):
        return start + 2
    return place if any(token.text == "whichever" for token in tokens[start:place]) else start


def _relation(tokens: Sequence[Token], place: int) -> tuple[Direction | None, int]:
    """`prior to`, `after` …: on which side, and the place behind it."""
    if place >= len(tokens):
        return None, place
    if (
        tokens[place].text in {"immediately", "directly", "just", "period", "preceding"}
        and tokens[place].text != "preceding"
    ):
        place += 1
    for words, direction in ((_BEFORE, Direction.BEFORE), (_AFTER, Direction.AFTER), (_OF, Direction.BEFORE)):
        for word in words:
            parts = word.split()
            if [token.text for token in tokens[place : place + len(parts)]] == parts:
                return direction, place + len(parts)
    return None, place


_IN_ANOTHER = (
    frozenset({"in", "into", "of"}),
    frozenset({"another", "other", "any", "an", "a", "previous", "prior", "investigational", "different"}),
)


def _anchor(tokens: Sequence[Token], place: int, text: str) -> tuple[str | None, int]:
    """The anchor at a place, behind empty words; None when it is none of the table."""
    best: tuple[str | None, int] = (None, place)
    scan = place
    while scan < len(tokens) and scan - place < 6:
        hits = anchors().at(tokens, scan, text)
        if hits:
            best = (hits[0].entry.id, hits[0].last)
            break
        if tokens[scan].text not in _EMPTY:
            break
        scan += 1
    if best[0] is None:
        return None, place
    last = best[1]
    if [token.text in words for token, words in zip(tokens[last : last + 2], _IN_ANOTHER, strict=False)] == [
        True,
        True,
    ]:
        return None, place  # `since participation in another trial` is not counted from this one
    if tokens[last - 1].text == "stroke" and last < len(tokens) and tokens[last].text in {"or", ",", "/"}:
        return None, place  # `since stroke or infarction`: one of several, and not when this one began
    while last < len(tokens) and tokens[last].text in word_set("behind_an_anchor"):
        hits = anchors().at(tokens, last, text)
        if hits:
            last = hits[0].last
            continue
        if tokens[last].text in {"(", ")"} and not (
            tokens[last].text == "(" and last + 2 < len(tokens) and tokens[last + 2].text == ")"
        ):
            break
        last += 1
    return best[0], last


def _ends(tokens: Sequence[Token], place: int) -> bool:
    return tokens[place].text in {",", ";", ".", ")", "and", "or"}


def _length(bound: Bound, lead: list[str], relation: Direction, behind: str) -> Interval:
    """How long: `within 6 months` is up to 6, `at least 3 weeks` from 3; a bare number with `for` lasts so long."""
    interval = bound.interval
    if bound.shape != "bare":
        if bound.written in {">", ">="} and "within" in lead and interval.lower is not None:
            return Interval(upper=interval.lower)
        return interval
    value = interval.upper if interval.upper is not None else interval.lower
    if value is None:
        return interval
    inside = set(lead)
    is_since = behind == "since" and relation is Direction.BEFORE  # `6 weeks since chemotherapy`
    if (is_since or inside & {"for", "since"}) and not (inside & _PAST) and "within" not in inside:
        return Interval(lower=value)
    if relation is Direction.AFTER and "within" not in inside and not (inside & {"in", "during", "over"}):
        return Interval(lower=value)
    return Interval(lower=Decimal(0), upper=value)


def whole_time(tokens: Sequence[Token], place: int, text: str) -> Timed | None:
    """`within the past year`, `at the time of enrollment`, `during the study`: times without a number."""
    words = [token.text for token in tokens[place : place + 6]]
    if words[:1] in (["within"], ["in"], ["during"], ["over"]):
        offset = 1
        while offset < len(words) and words[offset] in {"the", "a", "an", *_PAST}:
            offset += 1
        past = set(words[1:offset]) & (_PAST | {"a", "an"}) or words[offset + 1 : offset + 2] == ["preceding"]
        unit = read_unit(text, tokens[place + offset].start) if offset < len(words) and past else None
        if unit is not None and unit[0].dimension == "time" and tokens[place + offset].end == unit[1]:
            last = place + offset + 1
            relation, after = _relation(tokens, last)
            anchor, end = _anchor(tokens, after, text) if relation is Direction.BEFORE else (None, last)
            window = Window(
                anchor or _DEFAULT_ANCHOR,
                Direction.BEFORE,
                Interval(Decimal(0), Decimal(1)),
                unit[0].ucum,
                anchor is None or _is_numbered(tokens, after, end, anchor),
            )
            return Timed(window, place, end if anchor else last)
    if words[:1] == ["prior"] and words[1:2] != ["to"]:
        return None
    if words[:3] == ["for", "the", "duration"] or (words[:1] == ["within"] and "period" in words[1:4]):
        anchor, end = _anchor(tokens, place + (1 if words[0] == "within" else 3), text)
        if anchor is None and words[3:4] == ["of"]:
            anchor, end = _anchor(tokens, place + 4, text)
        if anchor is not None and (words[0] == "for" or tokens[end - 1].text == "period"):
            return Timed(Window(_of_the_study(anchor, words[0]), Direction.DURING), place, end)
    if words[:1] in (
        ["at"],
        ["during"],
        ["prior"],
        ["before"],
        ["after"],
        ["since"],
        ["following"],
        ["throughout"],
        ["while"],
    ):
        offset = 1
        while offset < len(words) and words[offset] in word_set("before_an_anchor_alone"):
            offset += 1
        anchor, end = _anchor(tokens, place + offset, text) if place + offset < len(tokens) else (None, place)
        if anchor is not None and tokens[end - 1].text != "age":  # `at an age below 18` is no anchor
            direction = {
                "prior": Direction.BEFORE, "before": Direction.BEFORE, "after": Direction.AFTER,
                "since": Direction.AFTER, "following": Direction.AFTER,
            }.get(words[0], Direction.DURING)  # fmt: skip
            window = Window(
                _of_the_study(anchor, words[0]),
                direction,
                anchor_assumed=_is_numbered(tokens, place + offset, end, anchor),
            )
            return Timed(window, place, end)
    return None


_NAMED_ANCHORS = ("baseline", "screen", "enrol", "inclusion", "regist", "entry")


def _is_numbered(tokens: Sequence[Token], first: int, last: int, anchor: str | None) -> bool:
    """`Visit 2`, `Study Day -1`, `the index date`: which day of the study that is, its plan alone says."""
    said = " ".join([token.text for token in tokens[first:last]])
    if anchor not in {"screening", "baseline", "enrolment"} or any(name in said for name in _NAMED_ANCHORS):
        return False
    return anchor != "enrolment" or "day" in said.split() or "visit" in said.split()


def _of_the_study(anchor: str, leads: str) -> str:
    """`during the study`: as long as it goes on, and not the day somebody enters it."""
    return (
        STUDY
        if anchor == "enrolment" and leads in {"during", "throughout", "for", "within", "while"}
        else anchor
    )
