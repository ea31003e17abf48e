"""The content of a section, with labelled values that follow each other taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialist.views.nodes import Labelled, Node, Notice, Section, Table


@dataclass(frozen=True, slots=True)
class Run:
    """Either several labelled values, or one other node with its kind: "table", "notice" or "section"."""

    pairs: tuple[Labelled, ...] = ()
    node: Table | Notice | Section | None = None
    kind: str = ""


def runs_of(content: Sequence[Node]) -> tuple[Run, ...]:
    """The runs that a content is made of, in its order."""
    found: list[Run] = []
    pairs: list[Labelled] = []
    for node in content:
        if isinstance(node, Labelled):
            pairs.append(node)
            continue
        if pairs:
            found.append(Run(tuple(pairs)))
            pairs = []
        kind = "table" if isinstance(node, Table) else "notice" if isinstance(node, Notice) else "section"
        found.append(Run(node=node, kind=kind))
    if pairs:
        found.append(Run(tuple(pairs)))
    return tuple(found)
