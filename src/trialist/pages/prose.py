"""Paragraphs and items of a text → nested lists, as HTML has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialist.views.nodes import Block


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: its number as it was written ("" for a bullet), its text, and what stands below it."""

    marker: str
    text: str
    below: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph (`items` empty), or a list."""

    text: str
    items: tuple[Item, ...] = ()

    @property
    def is_numbered(self) -> bool:
        """Whether the items of this list have numbers of their own."""
        return any(item.marker for item in self.items)


def pieces_of(blocks: Sequence[Block], depth: int = 0) -> tuple[Piece, ...]:
    """The paragraphs and lists that blocks stand for; an item deeper than the one before it is part of that one."""
    found: list[Piece] = []
    items: list[Item] = []
    place = 0

    def end_list() -> None:
        if items:
            found.append(Piece("", tuple(items)))
            items.clear()

    while place < len(blocks):
        block = blocks[place]
        place += 1
        if not block.is_item and block.depth <= depth:
            end_list()
            found.append(Piece(block.text))
            continue
        until = place
        while until < len(blocks) and blocks[until].depth > max(depth, block.depth):
            until += 1
        below = pieces_of(blocks[place:until], max(depth, block.depth) + 1) if until > place else ()
        place = until
        items.append(Item("" if block.marker == "•" else block.marker, block.text, below))
    end_list()
    return tuple(found)
