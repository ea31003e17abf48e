"""Criteria set one after another as registrants do, and where each came to stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

INCLUSION = "INCLUSION"
EXCLUSION = "EXCLUSION"
_FULLWIDTH = ((",", "，"), (";", "；"), (":", "："), ("(", "（"), (")", "）"))


class Statement(NamedTuple):
    """One criterion of a composed text: `text[start:end]`."""

    kind: str
    polarity: str
    start: int
    end: int
    phenomena: tuple[str, ...] = ()


class CriteriaText(NamedTuple):
    """A composed text and the truth about it."""

    text: str
    statements: tuple[Statement, ...]


class Head(NamedTuple):
    """What there is to say about a criterion besides its text."""

    kind: str
    polarity: str
    phenomena: tuple[str, ...] = ()
    depth: int = 0


class Piece(NamedTuple):
    """Criteria that follow one another.

    In `text` every criterion is followed by `OPEN`, or by `CLOSED` when nothing may be added to its end, and a nested one
    begins with `CHILD`: so a whole run of criteria is laid out by replacing these marks, without a look at each.
    """

    text: str
    heads: tuple[Head, ...]

    def alone(self, place: int, shown: str) -> Piece:
        """One of the criteria once more, with what its repetition shows."""
        head = self.heads[place]
        text = _MARKS.split(self.text)[place].removeprefix(CHILD)
        return single(Head(head.kind, head.polarity, (*head.phenomena, shown)), text)


# Control characters that no text has.
OPEN = "\x1f"
CLOSED = "\x1e"
CHILD = "\x1d"
_MARKS = re.compile(f"[{OPEN}{CLOSED}]")


def ended(text: str) -> str:
    """The criterion with the mark that follows it."""
    return text + (CLOSED if text[-1:] in (":", ".") else OPEN)


def single(head: Head, text: str) -> Piece:
    """One criterion as a piece."""
    return Piece((CHILD if head.depth else "") + ended(text), (head,))


def _degrade(text: str) -> str:
    return text.replace("≥", "=").replace("⩾", "=").replace("\\>=", "=")


def _delete(text: str) -> str:
    return text.replace("≥", " ").replace("≤", " ")


def _lose_exponent(text: str) -> str:
    return text.replace("10\\^9", "109").replace("10⁹", "109").replace("m\\^2", "m2").replace("mm\\^3", "mm3")


def _entities(text: str) -> str:
    return text.replace("\\>", "&gt;").replace("\\<", "&amp;lt;").replace("≥", "&ge;").replace("≤", "&#8804;")


def _widened(text: str) -> str:
    for narrow, wide in _FULLWIDTH:
        text = text.replace(narrow, wide)
    return text


# What a defect does to a criterion's text; "fullwidth" keeps the length and is done on the finished text.
_DEFECTS: dict[str, Callable[[str], str]] = {
    "unescaped": lambda text: text.replace("\\", ""),
    "degraded": _degrade,
    "deleted": _delete,
    "lost_exponent": _lose_exponent,
    "entities": _entities,
}


# What stands between two criteria of a layout without numbers.
_BETWEEN = {"bullets": "\n* ", "nested": "\n* ", "lines": "\n\n", "prose": " "}


def place_pieces(
    sections: Sequence[tuple[str, Sequence[Piece]]],
    layout: str,
    *,
    ending: str = "",
    defect: str = "none",
    glued: bool = False,
    truth: bool = True,
) -> CriteriaText:
    """The sections' criteria set one after another in the layout, and where each came to stand."""
    spoil = _DEFECTS.get(defect)
    if not truth:
        body = "\n\n".join(
            [_section(header, pieces, layout, ending, glued, spoil) for header, pieces in sections]
        )
        return CriteriaText(_widened(body) if defect == "fullwidth" else body, ())
    out: list[str] = []
    found: list[Statement] = []
    said = (("run_in", layout == "run_in"), ("glued", glued), ("fullwidth", defect == "fullwidth"))
    marks = tuple(mark for mark, shown in said if shown)
    at = 0
    for header, pieces in sections:
        opening = ("\n\n" if out else "") + header + ("\n\n" if header else "")
        out.append(opening)
        at += len(opening)
        for head, before, original, after in _placed(pieces, layout, ending, glued):
            text = spoil(original) if spoil else original
            start = at + len(before)
            changed = (defect,) if text != original and defect != "unescaped" else ()
            phenomena = (*head.phenomena, *marks, *changed)
            found.append(Statement(head.kind, head.polarity, start, start + len(text), phenomena))
            out += (before, text, after)
            at = start + len(text) + len(after)
    full = "".join(out)
    return CriteriaText(_widened(full) if defect == "fullwidth" else full, tuple(found))


def _section(
    header: str,
    pieces: Sequence[Piece],
    layout: str,
    ending: str,
    glued: bool,
    spoil: Callable[[str], str] | None,
) -> str:
    """What `place_pieces` makes of one section; no defect touches what stands between criteria."""
    body = "".join([piece[0] for piece in pieces])
    if layout in ("run_in", "prose"):
        body = body.replace(CLOSED, OPEN)[:-1].replace(OPEN, ";" + OPEN) + "." + OPEN
    elif ending:
        body = body.replace(OPEN, ending + OPEN)
    body = body.replace(CLOSED, OPEN)[:-1]
    between = _BETWEEN.get(layout)
    if between:
        body = between.lstrip(" \n") + body.replace(OPEN, between)
        if layout == "nested":
            body = body.replace("* " + CHILD, "  * ")
    elif layout == "numbered":
        blank = "." if glued else ". "
        body = "\n".join([f"{number}{blank}{text}" for number, text in enumerate(body.split(OPEN), 1)])
    else:
        body = " ".join(
            [
                f"{number}.{'' if glued or number % 2 else ' '}{text}"
                for number, text in enumerate(body.split(OPEN), 1)
            ]
        )
    if spoil:
        body = spoil(body)
    return f"{header}\n\n{body}" if header else body


def _placed(
    pieces: Sequence[Piece], layout: str, ending: str, glued: bool
) -> Iterable[tuple[Head, str, str, str]]:
    """Every criterion of a section, with what stands before and after it."""
    heads = [head for piece in pieces for head in piece.heads]
    body = "".join([piece.text for piece in pieces])
    texts = [text.removeprefix(CHILD) for text in _MARKS.split(body)[:-1]]
    afters = [ending if mark == OPEN else "" for mark in _MARKS.findall(body)]
    if layout in ("run_in", "prose"):
        afters = [*[";"] * (len(texts) - 1), "."]
    return zip(heads, _befores(layout, heads, glued), texts, afters, strict=True)


def _befores(layout: str, heads: Sequence[Head], glued: bool) -> list[str]:
    """What stands before each criterion: a line break, the enumerator or bullet."""
    if layout == "bullets":
        befores = ["\n* "] * len(heads)
    elif layout == "run_in":
        befores = [f" {number}.{'' if glued or number % 2 else ' '}" for number in range(1, len(heads) + 1)]
    elif layout == "prose":
        befores = [" "] * len(heads)
    elif layout == "lines":
        befores = ["\n\n"] * len(heads)
    elif layout == "numbered":
        blank = "" if glued else " "
        befores = [f"\n{number}.{blank}" for number in range(1, len(heads) + 1)]
    else:
        befores = ["\n  * " if head.depth else "\n* " for head in heads]
    if befores:
        befores[0] = befores[0].lstrip(" \n")
    return befores
