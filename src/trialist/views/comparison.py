"""Several studies side by side: what the public view says of each, label by label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from trialist.record.study import Study
from trialist.views.nodes import Labelled, Node, Section, Table, Value, View
from trialist.views.public import public_view

_LEFT_OUT = {"avatar", "source", "inclusion_criteria", "exclusion_criteria", "criteria", "full_description"}
_ONE_NAME = {"Status and phase": "Status"}
"""What the page of a study calls otherwise where the record says more: on one line all the same."""
_SECTIONS_LEFT_OUT = {"groups", "missing", "references", "source"}
_MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One label: the values of each study, () where the study's page has none; `more` says how many are not shown."""

    part: str
    label: str
    cells: tuple[tuple[Value, ...], ...]
    more: tuple[int, ...]
    is_different: bool


def compared_rows(studies: Sequence[Study], as_of: date) -> tuple[ComparedRow, ...]:
    """The rows of a comparison, in the order of the public view."""
    views = [public_view(study, as_of=as_of) for study in studies]
    found = [dict(_labelled(view)) for view in views]
    parts = _merged([list(dict.fromkeys(part for part, _ in one)) for one in found])
    labels = {part: _merged([[label for of, label in one if of == part] for one in found]) for part in parts}
    rows = []
    for part, label in ((of, label) for of in parts for label in labels[of]):
        values = [one.get((part, label), ()) for one in found]
        texts = [tuple(value.text for value in some) for some in values]
        rows.append(
            ComparedRow(
                part,
                label,
                tuple(some[:_MOST_VALUES] for some in values),
                tuple(max(0, len(some) - _MOST_VALUES) for some in values),
                len(set(texts)) > 1,
            )
        )
    return tuple(rows)


def _labelled(view: View) -> Iterator[tuple[tuple[str, str], tuple[Value, ...]]]:
    for section in view.sections:
        if section.id not in _SECTIONS_LEFT_OUT:
            yield from _in(section.content, _ONE_NAME.get(section.title, section.title))


def _in(nodes: Sequence[Node], part: str) -> Iterator[tuple[tuple[str, str], tuple[Value, ...]]]:
    for node in nodes:
        if isinstance(node, Labelled) and node.id not in _LEFT_OUT:
            yield (part, _ONE_NAME.get(node.label, node.label)), node.values
        elif isinstance(node, Section) and node.id not in _SECTIONS_LEFT_OUT:
            yield from _in(node.content, part)
        elif isinstance(node, Table) and node.id == "primary_outcomes":
            yield (part, node.caption), tuple(row[0][0] for row in node.rows if row[0])


def _merged(lists: Sequence[list[str]]) -> list[str]:
    """All names once, each after those that stand before it in the lists."""
    merged: list[str] = []
    for names in lists:
        place = 0
        for name in names:
            if name in merged:
                place = merged.index(name) + 1
            else:
                merged.insert(place, name)
                place += 1
    return merged
