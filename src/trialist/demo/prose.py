"""Paragraphs ready for use: sentences strung together beforehand, in which only the study's own values are open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from zlib import crc32

from trialist.demo.draw import Draw
from trialist.demo.tables import marked
from trialist.demo.text import Phrase, quoted_phrase, render, strung

_SEED = 7_006
_PARAGRAPHS = 1000  # ready ones of a list and a number of sentences
_BLOCKS = 1000
_LISTS = 0.22  # share of a detailed description's blocks that are lists
_LONGEST = 3


@cache
def paragraphs(name: str, count: int) -> list[Phrase]:
    """Paragraphs of so many sentences of one list, as CommonMark fields write them."""
    draw = Draw(_SEED, crc32(f"{name} {count}".encode()))
    pool = marked()[name]
    if count == 1:
        return pool
    return [strung([draw.pick(pool) for _ in range(count)], " ") for _ in range(_PARAGRAPHS)]


@cache
def _quoted_paragraphs(name: str, count: int) -> list[Phrase]:
    return [quoted_phrase(phrase) for phrase in paragraphs(name, count)]


def paragraph(draw: Draw, name: str, count: int, quoted_context: Sequence[str]) -> str:
    """So many sentences of one list, as they stand in a JSON string."""
    unit = draw.unit
    parts: list[str] = []
    while count > 0:
        pool = _quoted_paragraphs(name, min(count, _LONGEST))
        parts.append(render(pool[int(unit() * len(pool))], quoted_context))
        count -= _LONGEST
    return " ".join(parts)


@cache
def _blocks() -> list[tuple[int, Phrase]]:
    """Paragraphs and lists of a detailed description, each with the number of its sentences."""
    draw = Draw(_SEED)
    words = marked()
    found: list[tuple[int, Phrase]] = []
    for _ in range(_BLOCKS):
        if draw.chance(_LISTS):
            items = draw.between(2, 5)
            mark = draw.pick(("I. ", "* ", "1. "))
            rows = [strung((mark, draw.pick(words["objective"]))) for _ in range(items)]
            block = strung((draw.pick(words["list_head"]), strung(rows, "\n")), "\n\n")
        else:
            items = draw.between(2, 6)
            block = strung([draw.pick(words["detail"]) for _ in range(items)], " ")
        found.append((items, quoted_phrase(block)))
    return found


def details(draw: Draw, count: int, quoted_context: Sequence[str]) -> str:
    """A detailed description of at least so many sentences, as it stands in a JSON string."""
    unit, blocks = draw.unit, _blocks()
    parts: list[str] = []
    while count > 0:
        items, phrase = blocks[int(unit() * _BLOCKS)]
        parts.append(render(phrase, quoted_context))
        count -= items
    return "\\n\\n".join(parts)
