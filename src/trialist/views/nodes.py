"""The frozen values a study is turned into before anything is written: what a reader sees, without any layout.

    View
    ├── Flag*        three-valued, with its evidence
    └── Section*
        ├── Labelled   a label and one or more values
        ├── Table      columns, and rows of cells; a cell is a tuple of values
        ├── Notice     one sentence the reader should not miss
        └── Section    (at most a few levels)

Text, Markdown, JSON and later HTML are written from these and from nothing else. A value that is not there is said to
be so (`Availability`); it is never an empty list or a "none".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Leaf = tuple[str, Any]
"""A JSON pointer into the record and the value that stands there."""


class Availability(StrEnum):
    """Whether the record says something here."""

    AVAILABLE = "available"
    NOT_AVAILABLE = "not available"
    NOT_APPLICABLE = "not applicable"


class State(StrEnum):
    """The three states of a flag."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Weight(StrEnum):
    """How much a notice matters to a reader."""

    NOTE = "note"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`marker` "") or a list item of a prose text; `text` is unescaped and may hold line breaks.

    `marker` is `•` or the number as it was written (`3.`); `depth` counts from 0.
    """

    text: str
    marker: str = ""
    depth: int = 0

    def __post_init__(self) -> None:
        if not self.text.strip() and not self.marker:
            raise ValueError("a paragraph needs a text")
        if self.depth < 0:
            raise ValueError("depth counts from 0")

    @property
    def is_item(self) -> bool:
        """Whether this is an item of a list."""
        return bool(self.marker)


@dataclass(frozen=True, slots=True)
class Value:
    """One thing shown: `text` for people, `raw` for programs, `leaves` the places of the record it comes from.

    `label` names the value where several share a cell; `note` is an explanation of ours, never of the record;
    `blocks` is the structure of a prose text (then `text` is the same without structure).
    """

    text: str
    raw: Any = None
    leaves: tuple[Leaf, ...] = ()
    label: str = ""
    note: str = ""
    blocks: tuple[Block, ...] = ()
    availability: Availability = Availability.AVAILABLE

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("a value needs a text")
        if self.availability is not Availability.AVAILABLE and (self.leaves or self.raw is not None):
            raise ValueError("what is not available has neither a value nor a place in the record")

    @property
    def is_available(self) -> bool:
        """Whether the record says something here."""
        return self.availability is Availability.AVAILABLE


def not_available(text: str = "not available", *, note: str = "") -> Value:
    """The value of what the record does not say."""
    return Value(text, note=note, availability=Availability.NOT_AVAILABLE)


def not_applicable(text: str = "not applicable", *, note: str = "") -> Value:
    """The value of what cannot be said of this study."""
    return Value(text, note=note, availability=Availability.NOT_APPLICABLE)


Cell = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label and its values, one a line."""

    id: str
    label: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.label or not self.values:
            raise ValueError("a labelled value needs a label and a value")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    id: str
    label: str

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("a column needs a label")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; every row has as many cells as there are columns, an empty cell being `()`.

    The first `heads` columns say what a row is about; a screen too narrow for all columns shows them beside some at a time.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int = 0

    def __post_init__(self) -> None:
        if not self.caption or not self.columns or not self.rows:
            raise ValueError("a table needs a caption, columns and rows")
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row has one cell a column")
        if not 0 <= self.heads <= len(self.columns):
            raise ValueError("heads are columns")


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence the reader should not miss."""

    id: str
    weight: Weight
    text: str

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("a notice needs a text")


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a view.

    `path` is the way to it in words (`("Study", "Protocol Section", …)`) and `place` the same dotted, both empty where
    the part is not a part of the record; `about` says in a sentence or two what stands here.
    """

    id: str
    title: str
    content: tuple[Node, ...]
    path: tuple[str, ...] = ()
    place: str = ""
    about: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.title:
            raise ValueError("a section needs an id and a title")


Node = Labelled | Table | Notice | Section


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in the record and what is written there."""

    pointer: str
    text: str

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("evidence needs a text")


@dataclass(frozen=True, slots=True)
class Flag:
    """A question about the study answered yes, no or unknown; `because` says in words how the answer was reached."""

    id: str
    label: str
    state: State
    because: str
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        if not self.label or not self.because:
            raise ValueError("a flag needs a label and a reason")
        if self.state is not State.UNKNOWN and not self.evidence:
            raise ValueError("yes and no need evidence")


@dataclass(frozen=True, slots=True)
class View:
    """A study as a reader sees it; `kind` is "public" or "record"."""

    kind: str
    nct_id: str
    title: str
    sections: tuple[Section, ...]
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in {"public", "record"} or not self.title:
            raise ValueError("a view is public or record, and has a title")
        ids = [section.id for section in self.sections]
        if len(ids) != len(set(ids)):
            raise ValueError("two sections have the same id")


def values_of(nodes: tuple[Node, ...]) -> Iterator[Value]:
    """Every value below some nodes, in the order of reading."""
    for node in nodes:
        match node:
            case Labelled():
                yield from node.values
            case Table():
                for row in node.rows:
                    for cell in row:
                        yield from cell
            case Section():
                yield from values_of(node.content)
            case Notice():
                pass


def leaves(view: View) -> Iterator[Leaf]:
    """Every leaf of the record that a view shows, as (JSON pointer, value), in the order of reading."""
    for value in values_of(view.sections):
        yield from value.leaves
