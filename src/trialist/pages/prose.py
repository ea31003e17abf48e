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

    @property
    def length(self) -> int:
        """How many characters it has, with what stands below it."""
        return len(self.text) + sum(piece.length for piece in self.below)

    @property
    def words(self) -> int:
        """How many words it has, with what stands below it."""
        return len(self.text.split()) + sum(piece.words for piece in self.below)


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph (`items` empty), or a list."""

    text: str
    items: tuple[Item, ...] = ()

    @property
    def is_numbered(self) -> bool:
        """Whether the items of this list have numbers of their own."""
        return any(item.marker for item in self.items)

    @property
    def length(self) -> int:
        """How many characters it has."""
        return len(self.text) + sum(item.length for item in self.items)

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split()) + sum(item.words for item in self.items)


def cut(pieces: Sequence[Piece], most: int) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The first paragraphs and items of about this many characters, and the rest; no paragraph and no item is cut."""
    length = 0
    for place, piece in enumerate(pieces):
        for number, item in enumerate(piece.items):
            length += item.length
            if length > most and number + 1 < len(piece.items):
                before, after = piece.items[: number + 1], piece.items[number + 1 :]
                return (*pieces[:place], Piece("", before)), (Piece("", after), *pieces[place + 1 :])
        length += len(piece.text)
        if length > most:
            return tuple(pieces[: place + 1]), tuple(pieces[place + 1 :])
    return tuple(pieces), ()


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
