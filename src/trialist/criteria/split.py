"""Normalised text → headings and items: bullets, numbers, nested lists, lists that run on in one line.

Total: every line becomes a heading, an item, or part of one; what is left over are marks and blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from trialist.criteria.criterion import Polarity, Population
from trialist.criteria.enumerators import glued_lines, run_in_bullets, run_in_numbers
from trialist.criteria.quick import quick, replace
from trialist.criteria.run_on import run_on_cuts, runs_on
from trialist.criteria.sections import Heading, inline_headings, read_heading

_BULLET = re.compile(r"[ ]*(?P<mark>(?:[-*+•§¤]{1,3}|o(?=[ ]+[A-Z0-9])|>(?=[ ]*[A-Z]))[ ]*)(?=\S)")
_NUMBER = re.compile(
    r"[ ]*(?P<mark>(?:[-*•]{1,2}[ ]+)?(?:\(?(?P<digits>[0-9]{1,3})[.):](?![0-9])|(?P<plain>[0-9]{1,2})[.)][ ]?-[ ]+|\(?(?P<letter>[A-Za-z])[.)](?=[ ]|[A-Z])|"
    r"\(?(?P<roman>[ivxIVX]{2,5})[.)](?=[ ]|[A-Z])|(?P<dashed>[0-9]{1,2})[ ]?[-–][ ]+(?=[A-Za-z])|#[0-9]{1,2}[.:]?)[ ]*)(?=\S)"
)
_ENDS = (".", ";", ":", "!", "?", ",")
_WRAP_WIDTH = 105


@quick
@dataclass(frozen=True, slots=True)
class Item:
    """One statement: its place in the normalised text, its depth, and what the headings above it say."""

    start: int
    end: int
    depth: int
    marker: str
    polarity: Polarity
    stated: bool
    population: Population
    scope: tuple[tuple[str, str], ...]
    section_path: tuple[str, ...]
    glued: tuple[int, int] | None = None
    more: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class HeadingAt:
    """A heading and its place in the normalised text."""

    start: int
    end: int
    heading: Heading


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a text in their order."""

    items: tuple[Item, ...]
    headings: tuple[HeadingAt, ...]


@dataclass(slots=True)
class _State:
    """What the headings so far have said."""

    polarity: Polarity = Polarity.INCLUSION
    stated: bool = False
    population: Population = Population.PATIENT
    scope: tuple[tuple[str, str], ...] = ()
    path: tuple[str, ...] = ()
    topic: str = ""

    def apply(self, heading: Heading) -> None:
        """Go on below a heading."""
        if heading.polarity is not None:
            self.polarity = heading.polarity
            self.stated = not heading.both
        if heading.restarts:
            self.population = heading.population or Population.PATIENT
            self.scope = heading.scope
            self.path = (heading.topic,)
            self.topic = ""
        elif heading.population is not None or heading.scope:
            self.population = heading.population or self.population
            self.scope = heading.scope or (self.scope if heading.population is None else ())
            self.path = (*self.path[:1], heading.topic)
            self.topic = ""
        else:
            self.topic = heading.topic


@quick
@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    indent: int
    marker: str
    content: int
    glued: tuple[int, int] | None = None


# a bullet or a number with nothing behind it
_EMPTY = re.compile(r"[\s\-*+•·◦▪‣●○§¤_()\[\]]*(?:\(?\d{1,2}[.)])?[\s.]*")
# Below a heading of healthy controls: `Subjects with hepatic impairment:`
_PATIENTS_AGAIN = re.compile(
    r"(?:patients?|subjects?|participants?|individuals?|those)[ ]+with(?![^\n]*\b(?:healthy|normal|controls?)\b)[^\n.;:]+:\s*",
    re.IGNORECASE,
)


def split_text(text: str) -> Outline:
    """A normalised text → its outline."""
    lines = _lines(text)
    wrapped = _is_wrapped(text)
    state = _State()
    items: list[Item] = []
    headings: list[HeadingAt] = []
    stack: list[tuple[int, str]] = []
    last: _Line | None = None
    for place, line in enumerate(lines):
        heading = read_heading(text[line.content : line.end], bool(line.marker))
        if heading is None and line.marker:
            heading = _marked_heading(text, lines, place)
        if heading is not None:
            head_end = min(line.end, line.content + heading.end)
            headings.append(HeadingAt(line.content, head_end, heading))
            state.apply(heading)
            stack, last = [], None
            line = replace(line, content=_skip(text, head_end, line.end), marker="", indent=line.indent)
            if line.content >= line.end:
                continue
            line = _remark(text, line)
        if items and last is not None and _continues(text, last, line, wrapped):
            items[-1] = replace(items[-1], end=line.end)
            last = replace(last, end=line.end)
            continue
        if _EMPTY.fullmatch(text, line.start, line.end):
            last = None  # what stands behind it is no part of what stands before it
            continue
        if state.population is Population.CONTROL_GROUP and _PATIENTS_AGAIN.fullmatch(
            text, line.content, line.end
        ):
            state.population = Population.PATIENT
        depth = _depth(stack, line)
        items.extend(_items(text, line, depth, state))
        last = line
    kept = [
        one for one in (_trim(text, item) for item in items) if not _EMPTY.fullmatch(text, one.start, one.end)
    ]
    return Outline(tuple(kept), tuple(headings))


def _lines(text: str) -> list[_Line]:
    """The lines with words, cut where a further heading begins inside one, or a statement in a text that lost its line ends."""
    found: list[_Line] = []
    glued = glued_lines(text)
    is_run_on = runs_on(text)
    start = 0
    for raw in text.split("\n"):
        cuts = [0, *((is_run_on and run_on_cuts(raw)) or inline_headings(raw)), len(raw)]
        for first, after in pairwise(cuts):
            piece = raw[first:after]
            if piece.strip():
                found.append(_line(text, start + first, start + after, glued))
        start += len(raw) + 1
    return found


def _line(text: str, start: int, end: int, glued: dict[int, int]) -> _Line:
    """A line's indent, mark and content."""
    while end > start and text[end - 1].isspace():
        end -= 1
    piece = text[start:end]
    indent = len(piece) - len(piece.lstrip())
    if start + indent in glued:
        content = glued[start + indent]
        return _Line(start, end, indent, text[start + indent : content], content, (start + indent, content))
    return _remark(text, _Line(start, end, indent, "", start + indent))


def _remark(text: str, line: _Line) -> _Line:
    """The line with the mark that its content begins with."""
    piece = text[line.content : line.end]
    found = _NUMBER.match(piece) or _BULLET.match(piece)
    if found is None or found.end() >= len(piece):
        return line
    marker = found["mark"].strip()
    content = line.content + found.end()
    if marker[0] in "-*•" and marker[-1] in "-*•":
        second = _NUMBER.match(text[content : line.end])
        if (
            second is not None
            and (second["digits"] or second["letter"])
            and second.end() < line.end - content
        ):
            return replace(line, marker=second["mark"].strip(), content=content + second.end())
    if (
        marker[0] in "*+-"
        and piece[len(marker) : len(marker) + 1].isdigit()
        and marker[0] != "*"
        and found.end() == len(marker)
    ):
        return line  # a sign, not a bullet
    return replace(line, marker=marker, content=content)


def _marked_heading(text: str, lines: list[_Line], place: int) -> Heading | None:
    """A list item that heads the items below it by inclusion or exclusion (`* Exclusion criteria:`)."""
    line = lines[place]
    said = text[line.content : line.end]
    if len(said) > 60 or "clusion" not in said.lower():
        return None
    return (
        read_heading(said, False)
        if re.match(r"\W*(?:\w+ ){0,3}(?:in|ex)clusion criteria\W*$", said, re.IGNORECASE)
        else None
    )


def _is_wrapped(text: str) -> bool:
    """Whether lines were broken at a width instead of at the ends of statements."""
    lengths = [len(line) for line in text.split("\n") if line.strip()]
    long = [length for length in lengths if length > 55]
    return len(long) >= 2 and max(lengths) <= _WRAP_WIDTH


def _continues(text: str, last: _Line, line: _Line, wrapped: bool) -> bool:
    """Whether a line without a mark goes on with the statement above it."""
    if line.marker:
        return False
    between = text[last.end : line.start]
    first = text[line.content]
    if between.count("\n") == 1 and wrapped and len(text[last.start : last.end]) > 45:
        before = text[last.end - 1]
        if (first.islower() or first in "(≥≤<>=" or first.isdigit()) and before not in ".;:":
            return True
    if (
        between.count("\n") == 1
        and last.marker
        and line.indent > last.indent
        and text[last.end - 1] not in _ENDS
    ):
        return first.islower() or line.indent >= last.indent + len(last.marker) + 1
    return (
        bool(re.match(r"(?:and|or|and/or)\b[ ]", text[line.content : line.end]))
        and text[last.end - 1] not in ".:"
    )


def _depth(stack: list[tuple[int, str]], line: _Line) -> int:
    """How deep a line lies below those above it; the stack is left at it."""
    kind = _marker_kind(line.marker)
    while stack and stack[-1][0] > line.indent + 1:
        stack.pop()
    same = [place for place, (indent, other) in enumerate(stack) if abs(indent - line.indent) <= 1]
    if same:
        known = [place for place in same if stack[place][1] == kind]
        if known:
            del stack[known[-1] + 1 :]
            return known[-1]
        if kind in {"letter", "roman"} or (kind == "bullet" and stack[-1][1] == "number"):
            stack.append((line.indent, kind))
            return len(stack) - 1
        if kind and not stack[same[-1]][1]:
            stack.append((line.indent, kind))
            return len(stack) - 1
        del stack[same[0] :]
    stack.append((line.indent, kind))
    return len(stack) - 1


_ROMAN = re.compile(r"[ivxIVX]{2,5}")


def _marker_kind(marker: str) -> str:
    if not marker:
        return ""
    bare = marker.strip("().: -*•")
    if bare.isdigit():
        return "number"
    if _ROMAN.fullmatch(bare):
        return "roman"
    return "letter" if len(bare) == 1 and bare.isalpha() and marker[-1] in ".)" else "bullet"


def _items(text: str, line: _Line, depth: int, state: _State) -> list[Item]:
    """The items of a line: one, or those of a list that runs on in it."""
    whole = Item(
        start=line.content,
        end=line.end,
        depth=depth,
        marker=line.marker,
        polarity=state.polarity,
        stated=state.stated,
        population=state.population,
        scope=state.scope,
        section_path=(*state.path, state.topic) if state.topic else state.path,
        glued=line.glued,
    )
    begins = line.start if _marker_kind(line.marker) == "number" else line.content
    parts = run_in_numbers(text, max(begins, line.content - len(line.marker) - 2), line.end)
    if not parts:
        parts = run_in_bullets(text, line.content, line.end, line.marker)
    if not parts:
        return [whole]
    return [
        replace(whole, start=part.start, end=part.end, marker=part.marker, glued=part.glued) for part in parts
    ]


def _skip(text: str, place: int, end: int) -> int:
    while place < end and text[place] in " *_:":
        if text[place] == "*" and text[place + 1 : place + 2] == " ":
            break
        place += 1
    return place


def _trim(text: str, item: Item) -> Item:
    """The item without blanks around it."""
    start, end = item.start, item.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return item if (start, end) == (item.start, item.end) else replace(item, start=start, end=end)
