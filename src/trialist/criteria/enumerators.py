"""Numbers and bullets of lists that run on in one line, and numbers that ran into the words behind them.

A number is an enumerator when it continues a sequence that begins with 1. Where it ran into another number (`2.4-70 years`)
the sequence, the separator before it and the plausibility of what remains must agree; see decision 20.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CANDIDATE = re.compile(
    r"(?P<open>\()?(?<![\d.,/A-Za-z])(?P<number>[0-9]{1,2})(?P<close>[.)])(?P<gap>[ ]*)(?=[^\s.)])"
)
_ROUND_BULLET = re.compile(r"•[ ]*")
_DASH = re.compile(r"(?:(?<=^)|(?<=[\s.;,):])|(?<=[a-z)]))(?:-|(?<![0-9] )\*)[ ]+(?=[A-Z])")
_LINE_NUMBER = re.compile(r"[ ]*(?P<number>[0-9]{1,2})\.(?P<gap>[ ]*)(?=(?P<next>\S))")
_SEPARATORS = ";.,:)。"


@dataclass(frozen=True, slots=True)
class Part:
    """One item of a run-in list: its content's place, its mark, and the mark's place where it ran into a number."""

    start: int
    end: int
    marker: str
    glued: tuple[int, int] | None = None


def run_in_numbers(text: str, start: int, end: int) -> list[Part]:
    """The items of a list `1. … 2. …` that begins at a place; empty when there is none."""
    piece = text[start:end]
    if piece[:4].find("1") < 0:
        return []
    matches = list(_CANDIDATE.finditer(piece))
    if len(matches) < 2 or matches[0].start() > 3 or matches[0]["number"] != "1":
        return []
    chain = [matches[0]]
    style = (matches[0]["open"], matches[0]["close"])
    for match in matches[1:]:
        if int(match["number"]) != len(chain) + 1 or (match["open"], match["close"]) != style:
            continue
        if _is_enumerator(piece, match, matches, len(chain) + 1):
            chain.append(match)
    if len(chain) < 2 or (len(chain) == 2 and not _separated(piece, chain[1])):
        return []
    parts = []
    for place, match in enumerate(chain):
        after = chain[place + 1].start() if place + 1 < len(chain) else len(piece)
        is_glued = not match["gap"] and piece[match.end()].isdigit()
        mark = (start + match.start(), start + match.end()) if is_glued else None
        parts.append(Part(start + match.end(), start + after, match.group().strip(), mark))
    return parts


def _separated(piece: str, match: re.Match[str]) -> bool:
    before = piece[: match.start()].rstrip()
    return not before or before[-1] in _SEPARATORS


def _is_enumerator(piece: str, match: re.Match[str], matches: list[re.Match[str]], number: int) -> bool:
    """Whether a number continues the list: parted from what stands before, or continued by its successor."""
    ahead = piece[match.end()]
    if (
        not match["gap"] and ahead.isdigit()
    ):  # `2.4-70 years`: only between a separator and a successor, or after `;`
        follows = any(
            int(other["number"]) == number + 1 and _separated(piece, other)
            for other in matches
            if other.start() > match.start()
        )
        before = piece[: match.start()].rstrip()
        return _separated(piece, match) and (follows or before[-1:] == ";")
    if _separated(piece, match):
        return True
    return match["close"] == ")" or ahead.isupper()


def run_in_bullets(text: str, start: int, end: int, marker: str) -> list[Part]:
    """The items of a line with several bullets in it; empty when there is at most one."""
    piece = text[start:end]
    marks = list(_ROUND_BULLET.finditer(piece)) if "•" in piece else []
    if not marks and marker in {"-", "*"} and ("- " in piece or "* " in piece):
        marks = list(_DASH.finditer(piece))
    marks = [mark for mark in marks if mark.end() < len(piece)]
    if not marks or (marks[0].start() > 0 and not marker and len(marks) < 2):
        return []
    places = [] if marks[0].start() == 0 else [(0, 0, marker)]
    places += [(mark.start(), mark.end(), mark.group().strip()) for mark in marks]
    parts = []
    for place, (_, content, mark_text) in enumerate(places):
        after = places[place + 1][0] if place + 1 < len(places) else len(piece)
        if piece[content:after].strip():
            parts.append(Part(start + content, start + after, mark_text))
    return parts if len(parts) > 1 else []


def glued_lines(text: str) -> dict[int, int]:
    """For lines that begin with a list number and, without a gap, another number: where they begin → their content."""
    numbered: list[tuple[int, int, bool, int]] = []
    start = 0
    for line in text.split("\n"):
        found = _LINE_NUMBER.match(line)
        if found is not None:
            glued = not found["gap"] and found["next"].isdigit()
            indent = len(line) - len(line.lstrip())
            numbered.append((start + indent, int(found["number"]), glued, start + found.end()))
        start += len(line) + 1
    found_glued = {}
    for place, (where, number, glued, content) in enumerate(numbered):
        if not glued:
            continue
        before = numbered[place - 1][1] if place else 0
        after = numbered[place + 1][1] if place + 1 < len(numbered) else 0
        if (before == number - 1 or number == 1) and after == number + 1:
            found_glued[where] = content
    return found_glued
