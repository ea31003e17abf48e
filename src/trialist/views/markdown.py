"""A view as Markdown (CommonMark with tables): text from the record stays text, whatever it contains."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trialist.views.nodes import (
    Block,
    Cell,
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
from trialist.views.safe import one_line, safe
from trialist.views.text import FLAGS_TITLE

_SPECIAL = re.compile(r"[\\`*_{}\[\]|~$^]")
_NUMBER = re.compile(r"^(\s*[0-9]{1,9})([.)])", re.MULTILINE)


def render_markdown(view: View) -> str:
    """A view as Markdown, ending in a line break."""
    lines = [f"# {_inline(view.title)}", ""]
    flags = [_flag(flag) for flag in view.flags]
    if flags and view.kind == "record":
        lines.extend([*flags, ""])
    for section in view.sections:
        lines.extend(_section(section, 2))
    if flags and view.kind == "public":
        lines.extend([f"## {FLAGS_TITLE}", "", *flags])
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that a Markdown renderer shows as it is: its signs escaped, HTML as entities, controls visible."""
    text = safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(r"\\\g<0>", text)
    text = _NUMBER.sub(r"\1\\\2", text)
    text = re.sub(r"^(\s*)([-+#=])", r"\1\\\2", text, flags=re.MULTILINE)
    # Addresses are shown, not linked: a record must not decide where a click leads.
    return text.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "&#64;")


def _inline(text: str) -> str:
    return escape(one_line(text))


def _flag(flag: Flag) -> str:
    return f"- **{_inline(flag.label)}:** {flag.state.value} — {_inline(flag.because)}"


def _section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * min(level, 6)} {_inline(section.title)}"
    yield ""
    if section.path:
        yield " → ".join(_inline(step) for step in section.path) + (
            f" ({_inline(section.place)})" if section.place else ""
        )
        yield ""
    if section.about:
        yield _inline(section.about)
        yield ""
    for node in section.content:
        if isinstance(node, Labelled) and node.label == section.title:
            yield from _unlabelled(node)
        else:
            yield from _node(node, level)


def _node(node: Node, level: int) -> Iterator[str]:
    match node:
        case Labelled():
            yield from _labelled(node)
        case Table():
            yield from _table(node)
        case Notice():
            lead = "**Warning:** " if node.weight is Weight.WARNING else ""
            yield f"> {lead}{_inline(node.text)}"
        case Section():
            yield from _section(node, level + 1)
            return
    yield ""


def _words(value: Value, separator: str = "  \n") -> str:
    text = escape(value.text.strip("\n")).replace("\n", separator)
    text = f"{_inline(value.label)}: {text}" if value.label else text
    return f"{text} — *{_inline(value.note)}*" if value.note else text


def _labelled(node: Labelled) -> Iterator[str]:
    label = f"**{_inline(node.label)}**"
    if len(node.values) == 1 and not node.values[0].blocks:
        text = _words(node.values[0], " ")
        yield f"{label}: {text}" if text.strip() else label
        return
    yield label
    yield ""
    for place, value in enumerate(node.values):
        if value.blocks:
            if place:
                yield ""
            yield from _blocks(value.blocks)
            if value.note:
                yield ""
                yield f"*{_inline(value.note)}*"
        else:
            yield f"- {_words(value, ' ')}"


def _unlabelled(node: Labelled) -> Iterator[str]:
    """The values of a part that has no other name than their label."""
    for value in node.values:
        if value.blocks:
            yield from _blocks(value.blocks)
        else:
            yield f"- {_words(value, ' ')}"
    yield ""


def _blocks(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Paragraphs and lists; a list item is indented under the item it belongs to, by the width of that one's marker."""
    indents: list[int] = []
    was_item = False
    for place, block in enumerate(blocks):
        del indents[block.depth :]
        indent = " " * sum(indents)
        if place and not (was_item and block.is_item):
            yield ""
        if block.is_item:
            lead = "- " if block.marker == "•" else f"{block.marker} "
            if not lead[:-2].isdigit() and lead != "- ":
                lead = "- "
            indents.extend([0] * (block.depth - len(indents)))
            indents.append(len(lead))
            lines = escape(block.text).split("\n")
            yield f"{indent}{lead}{lines[0]}".rstrip() + ("\\" if len(lines) > 1 else "")
            yield from _continued(lines[1:], indent + " " * len(lead))
        else:
            yield from _continued(escape(block.text).split("\n"), indent)
        was_item = block.is_item


def _continued(lines: list[str], indent: str) -> Iterator[str]:
    """Lines of one paragraph, with hard breaks between them."""
    for place, line in enumerate(lines):
        yield f"{indent}{line.strip()}" + ("\\" if place < len(lines) - 1 else "")


def _table(table: Table) -> Iterator[str]:
    yield f"**{_inline(table.caption)}**"
    yield ""
    yield "| " + " | ".join(_inline(column.label) for column in table.columns) + " |"
    yield "|" + " --- |" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _cell(cell: Cell) -> str:
    return "<br>".join(_words(value, "<br>") for value in cell)
