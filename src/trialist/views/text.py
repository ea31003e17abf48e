"""A view as text for a terminal: wrapped, aligned, and free of anything that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterator

from trialist.views.nodes import (
    Block,
    Flag,
    Labelled,
    Node,
    Notice,
    Section,
    Table,
    Value,
    View,
    Weight,
)
from trialist.views.safe import one_line, pad, width_of, wrap
from trialist.views.text_tables import GAP, block_lines, table_lines, value_words

FLAGS_TITLE = "Questions answered from the record"
"""The heading of the flags where they stand at the end, after what a patient reads first."""

_RULES = "=-~."
_MAX_LABEL = 34


def render_text(view: View, *, width: int = 100) -> str:
    """A view as text of at most `width` columns (at least 30), ending in a line break."""
    width = max(width, 30)
    lines = [*_heading(view.title, 0, width), ""]
    flags = [line for flag in view.flags for line in _flag(flag, width)]
    if flags and view.kind == "record":
        lines.extend([*flags, ""])
    for section in view.sections:
        lines.extend(_section(section, 1, width))
    if flags and view.kind == "public":
        lines.extend([*_heading(FLAGS_TITLE, 1, width), *flags])
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def _heading(title: str, level: int, width: int) -> list[str]:
    lines = wrap(one_line(title), width)
    rule = _RULES[min(level, len(_RULES) - 1)]
    return [*lines, rule * min(width, max(map(width_of, lines)))]


def _flag(flag: Flag, width: int) -> Iterator[str]:
    text = f"{one_line(flag.label)}: {flag.state.value} — {one_line(flag.because)}"
    yield from wrap(text, width, hang=2)


def _section(section: Section, level: int, width: int) -> Iterator[str]:
    yield from _heading(section.title, level, width)
    if section.path:
        yield from wrap(
            f"{' → '.join(one_line(step) for step in section.path)}"
            + (f"  ({one_line(section.place)})" if section.place else ""),
            width,
        )
    if section.about:
        yield from wrap(section.about, width)
    if section.path or section.about:
        yield ""
    labels = [
        one_line(node.label)
        for node in section.content
        if isinstance(node, Labelled) and node.label != section.title and _is_short(node)
    ]
    column = min(_MAX_LABEL, width // 2, max(map(width_of, labels), default=0))
    open_line = False
    for node in section.content:
        if isinstance(node, Labelled) and node.label == section.title and _is_short(node):
            yield from (line for value in node.values for line in _wrapped_value(value, width))
            yield ""
            open_line = False
            continue
        if isinstance(node, Labelled) and _is_short(node):
            yield from _labelled(node, column, width)
            open_line = True
            continue
        if open_line:
            yield ""
        yield from _node(node, level, column, width)
        open_line = False
    if open_line or not section.content:
        yield ""


def _is_short(node: Labelled) -> bool:
    return not any(value.blocks for value in node.values)


def _node(node: Node, level: int, column: int, width: int) -> Iterator[str]:
    match node:
        case Labelled():
            yield from _prose(node, width)
        case Table():
            yield from table_lines(node, width)
        case Notice():
            sign = "! " if node.weight is Weight.WARNING else "· "
            yield from (
                f"{sign if not place else '  '}{line}"
                for place, line in enumerate(wrap(node.text, width - 2))
            )
        case Section():
            yield from _section(node, level + 1, width)
            return
    yield ""


def _labelled(node: Labelled, column: int, width: int) -> Iterator[str]:
    """`Label   value`, the values one a line, wrapped beside the label; narrow screens get the value below."""
    room = width - column - len(GAP)
    names = wrap(one_line(node.label), column)
    lines = [line for value in node.values for line in _wrapped_value(value, max(room, 10))]
    for place in range(max(len(names), len(lines))):
        name = names[place] if place < len(names) else ""
        line = lines[place] if place < len(lines) else ""
        yield f"{pad(name, column)}{GAP}{line}".rstrip()


def _wrapped_value(value: Value, width: int) -> list[str]:
    return wrap(value_words(value), width, hang=2)


def _prose(node: Labelled, width: int) -> Iterator[str]:
    yield from wrap(one_line(node.label), width)
    for value in node.values:
        if not value.blocks:
            yield from (f"  {line}" for line in wrap(value_words(value), width - 2))
            continue
        before: Block | None = None
        for block in value.blocks:
            if before is not None and not (before.is_item and block.is_item):
                yield ""
            yield from block_lines(block, width)
            before = block
        if value.note:
            yield from (f"  {line}" for line in wrap(f"({value.note})", width - 2))
