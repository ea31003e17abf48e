"""What a view is made of (`views/nodes.py`) → HTML.

Written in Python and not as a template: a page has hundreds of values, and a macro called for each took most of its time.
Every text goes through `escaped`, and nothing else makes HTML of one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from trialist.pages.cleaning import clean
from trialist.pages.contexts import FieldDoc
from trialist.pages.glossary import explained
from trialist.pages.linking import anchor, link, linked, phone_link
from trialist.pages.prose import Piece, cut, pieces_of
from trialist.pages.record import doc_at
from trialist.pages.runs import runs_of
from trialist.views.nodes import Labelled, Node, Notice, Section, Table, Value

_SPECIAL = re.compile("[&<>\"']")
_LOWEST_HEADING = 6
_MOST_ROWS = 20
_MOST_ROWS_OF_RECORD = 100
_MOST_VALUES, _FIRST_VALUES = 16, 10
"""Of more values than these of one label the first are shown and the others folded."""
_MOST_SECTIONS = 12
"""Of more sections than this in one part (the arms of a study, the outcomes of a record) each is folded but the first."""
_MOST_TEXT, _FIRST_TEXT = 9_000, 3_000
"""Of a text of more characters than the first of these about as many as the second are shown outside the record, the rest folded."""
_WIDE, _MIDDLING = 60, 14
"""Texts of more characters than these in a column make it wide, or a little wider than a word."""
_MOST_STACKED = 5
"""A table of texts with at most so many columns stands row below row on a phone, each cell with the name of its column."""
_LONG_HEAD = 30
_LONGEST_LEAD = 80
_MANY_COLUMNS = 5
"""Of a table with more columns than these the one that tells the rows apart stays in sight while it is scrolled."""
_MOST_COMPARED = 200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9:.]{5,12}Z?)?)?\Z", re.ASCII)
_PUBMED = "https://pubmed.ncbi.nlm.nih.gov/"


def escaped(text: str) -> str:
    """A text as it may stand in HTML, between tags and in a quoted attribute."""
    text = clean(text)
    return str(escape(text)) if _SPECIAL.search(text) else text


def nodes_html(content: Sequence[Node], level: int = 3, docs: bool = False) -> Markup:
    """Nodes in their order; `level` is that of headings, with `docs` each field has its documentation beside it."""
    return Markup("".join(_nodes(content, level, docs, Counter())))


def values_html(values: Sequence[Value]) -> Markup:
    """The values of one label."""
    return Markup("".join(_values(values)))


def table_html(table: Table) -> Markup:
    """A table that scrolls by itself."""
    return Markup("".join(_table(table, table.caption)))


def explained_html(text: str) -> Markup:
    """A word with what it means, where the glossary has it."""
    return Markup(_explained(text))


def _nodes(
    content: Sequence[Node], level: int, docs: bool, named: Counter[str], title: str = ""
) -> Iterator[str]:
    """The nodes of a section with this title; `named` counts the names that tables have, so that each has its own."""
    folds = sum(isinstance(node, Section) for node in content) > _MOST_SECTIONS
    sections = 0
    for run in runs_of(content):
        if run.pairs:
            yield '<dl class="pairs">\n'
            for pair in run.pairs:
                yield from _pair(pair, docs)
            yield "</dl>\n"
            continue
        match run.node:
            case Table():
                name = f"{title}: {run.node.caption}" if title else run.node.caption
                named[name] += 1
                own = f"{name} ({named[name]})" if named[name] > 1 else name
                yield from _folded_table(run.node, _MOST_ROWS_OF_RECORD if docs else _MOST_ROWS, own)
            case Notice():
                yield f'<div class="notice {run.node.weight.value}"><p>{escaped(run.node.text)}</p></div>\n'
            case Section():
                yield from _section(run.node, level, docs, named, folded=folds and sections > 0)
                sections += 1
            case None:
                pass


def _folded_table(table: Table, most: int, name: str) -> Iterator[str]:
    """A table; one of more rows is folded, and says how long it is."""
    rows = len(table.rows)
    if rows <= most:
        yield from _table(table, name)
        return
    yield f'<details class="long-table"><summary>{escaped(table.caption)} ({rows:,})</summary>'
    yield from _table(table, name)
    yield "</details>\n"


def _section(section: Section, level: int, docs: bool, named: Counter[str], *, folded: bool) -> Iterator[str]:
    heading = f'<h{level} id="{escaped(anchor(section.id))}">{escaped(section.title)}</h{level}>'
    if folded:
        yield f'<details class="folded"><summary>{heading}</summary>\n'
    else:
        yield f"<section>\n{heading}\n"
    if section.about:
        yield f'<p class="note">{escaped(section.about)}</p>\n'
    yield from _nodes(section.content, min(level + 1, _LOWEST_HEADING), docs, named, section.title)
    yield "</details>\n" if folded else "</section>\n"


def _pair(pair: Labelled, docs: bool) -> Iterator[str]:
    yield f"<div><dt>{_explained(pair.label)}</dt><dd>"
    if len(pair.values) > _MOST_VALUES:
        yield from _values(pair.values[:_FIRST_VALUES])
        rest = pair.values[_FIRST_VALUES:]
        yield f'<details class="more-values"><summary>and {len(rest):,} more</summary>'
        yield from _values(rest)
        yield "</details>\n"
    else:
        yield from _values(pair.values, folds=not docs)
    doc = doc_at(pair.id) if docs else None
    if doc is not None:
        yield _field_doc(doc)
    yield "</dd></div>\n"


def _field_doc(doc: FieldDoc) -> str:
    definition = (
        f' <a href="{escaped(link(doc.definition_url))}" rel="noopener noreferrer">Its definition: '
        f"{escaped(doc.definition)}</a>"
        if doc.definition
        else ""
    )
    listed = "; ".join(f"<code>{escaped(value)}</code> {escaped(label)}" for value, label in doc.values)
    return (
        '<details class="field-doc"><summary>About this field</summary>\n'
        f"<p><code>{escaped(doc.piece)}</code> at <code>{escaped(doc.path)}</code>. Kind: {escaped(doc.kind)}."
        f"{definition}</p>\n{f'<p>Values: {listed}</p>' if listed else ''}\n</details>\n"
    )


def _values(values: Sequence[Value], *, explains: bool = True, folds: bool = False) -> Iterator[str]:
    if len(values) == 1:
        yield _value(values[0], explains, folds)
        return
    yield '<ul class="plain-list">'
    for one in values:
        yield f"<li>{_value(one, explains, folds)}</li>"
    yield "</ul>\n"


def _value(value: Value, explains: bool, folds: bool) -> str:
    note = f' <span class="note">{escaped(value.note)}</span>' if value.note else ""
    if value.blocks:
        pieces = pieces_of(value.blocks)
        most = _FIRST_TEXT if folds and sum(piece.length for piece in pieces) > _MOST_TEXT else 0
        return f'<div class="text">{"".join(_text_in_pieces(pieces, most))}</div>{note}'
    label = f'<span class="of">{escaped(value.label)}:</span> ' if value.label else ""
    return f"{label}{_text(value, explains)}{note}"


def _text(value: Value, explains: bool) -> str:
    if not value.is_available:
        found = f'<span class="absent">{escaped(value.text)}</span>'
    elif explains and explained(value.text):
        found = _explained(value.text)
    elif value.text.isdigit() and value.text.isascii() and _is_paper(value):
        found = f"<bdi>{_link(value.text, _PUBMED + value.text)}</bdi>"
    elif value.text[4:5] == "-" and _DAY.match(value.text):
        found = f'<bdi class="day">{escaped(value.text)}</bdi>'
    else:
        found = f"<bdi>{_linked(value.text)}</bdi>"
    raw = value.raw
    if isinstance(raw, Mapping) and (call := phone_link(raw.get("phone"))):
        whom = f'<span class="sr-only"> {escaped(str(raw["name"]))}</span>' if "name" in raw else ""
        found += f' <a class="call" href="{escaped(call)}">Call{whom}</a>'
    return found


def _is_paper(value: Value) -> bool:
    """Whether a value is the number of a paper in PubMed."""
    return any(pointer.endswith("/pmid") for pointer, _ in value.leaves)


def _explained(text: str) -> str:
    meaning = explained(text)
    if not meaning:
        return escaped(text)
    return (
        f'<details class="gloss"><summary>{escaped(text)}</summary><span class="meaning" role="note">'
        f"{escaped(meaning)}</span></details>"
    )


def _linked(text: str) -> str:
    found = linked(text)
    if len(found) == 1 and not found[0][1]:
        return escaped(found[0][0])
    return "".join(_link(piece, url) for piece, url in found)


def _link(piece: str, url: str) -> str:
    if not url:
        return escaped(piece)
    away = "" if url.startswith("mailto:") else ' rel="noopener noreferrer nofollow"'
    return f'<a href="{escaped(url)}"{away}>{escaped(piece)}</a>'


def _text_in_pieces(pieces: tuple[Piece, ...], most: int) -> Iterator[str]:
    """A text; what comes after this many characters is folded (0 for nothing), and says how long it is."""
    shown, rest = cut(pieces, most) if most else (pieces, ())
    yield from _pieces(shown)
    if rest:
        words = sum(piece.words for piece in rest)
        yield f'<details class="long-text"><summary>Show the rest of this text ({words:,} words)</summary>\n'
        yield from _pieces(rest)
        yield "</details>\n"


def _pieces(pieces: Iterable[Piece]) -> Iterator[str]:
    listed = list(pieces)
    for place, piece in enumerate(listed):
        if not piece.items:
            # A short line with a colon leads what follows it: texts of records have no headings of their own.
            is_lead = (
                piece.text.endswith(":") and len(piece.text) <= _LONGEST_LEAD and place + 1 < len(listed)
            )
            look = "prose lead-in" if is_lead else "prose"
            yield f'<p class="{look}" dir="auto">{_linked(piece.text)}</p>\n'
            continue
        yield '<ul class="numbered">\n' if piece.is_numbered else "<ul>\n"
        for item in piece.items:
            marker = f'<span class="marker">{escaped(item.marker)}</span> ' if item.marker else ""
            below = "".join(_pieces(item.below)) if item.below else ""
            yield f'<li dir="auto">{marker}<span class="prose">{_linked(item.text)}</span>{below}</li>\n'
        yield "</ul>\n"


def _table(table: Table, name: str) -> Iterator[str]:
    caption = escaped(table.caption)
    widths = [_width_of(table, place) for place in range(len(table.columns))]
    stacks = _stacks(table, widths)
    heads = [f' data-head="{escaped(column.label)}"' if stacks else "" for column in table.columns]
    look = ' class="stacks"' if stacks else _stuck(table)
    yield (
        f'<div class="table-wrap" tabindex="0" role="region" aria-label="{escaped(name)}">\n<table{look}>\n'
        f"<caption>{caption}</caption>\n<thead><tr>"
    )
    for place, column in enumerate(table.columns):
        width = f' class="{widths[place]}"' if widths[place] else ""
        yield f'<th scope="col"{width}>{escaped(column.label)}</th>'
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        yield "<tr>"
        for place, cell in enumerate(row):
            is_head = place < table.heads and bool(cell)  # a head without a word heads nothing
            yield '<th scope="row">' if is_head else f"<td{heads[place]}>" if cell and place else "<td>"
            if cell:
                yield from _values(cell, explains=False)
            yield "</th>" if is_head else "</td>"
        yield "</tr>\n"
    yield "</tbody>\n</table>\n</div>\n"


def _stuck(table: Table) -> str:
    """The class of a wide table that keeps in sight, of the columns that head a row, the one that tells most rows apart."""
    if len(table.columns) <= _MANY_COLUMNS or not table.heads:
        return ""
    rows = table.rows[:_MOST_COMPARED]
    told = [len({_texts(row[place]) for row in rows if place < len(row)}) for place in range(table.heads)]
    return f' class="stuck-{told.index(max(told)) + 1}"'


def _texts(values: Sequence[Value]) -> tuple[str, ...]:
    return tuple(value.text for value in values)


def _width_of(table: Table, place: int) -> str:
    """The class of a column whose texts or head would otherwise stand a word a line, beside many others."""
    longest = max((_length(row[place]) for row in table.rows if place < len(row)), default=0)
    if longest > _WIDE:
        return "wide"
    return "middling" if longest > _MIDDLING or len(table.columns[place].label) > _LONG_HEAD else ""


def _stacks(table: Table, widths: Sequence[str]) -> bool:
    """Whether a table is one of texts, which nobody compares column by column."""
    texts = sum(bool(width) for width in widths)
    return "wide" in widths and texts > 1 and not table.heads and len(table.columns) <= _MOST_STACKED


def _length(values: Sequence[Value]) -> int:
    return max((len(value.text) for value in values), default=0)
