"""All that a search finds, as a file: a table, references, or the records themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
from starlette.responses import Response

from trialist.errors import InvalidParameterError
from trialist.pages.asked import Asked
from trialist.pages.find_asked import read_search
from trialist.serving.answers import Streamed
from trialist.serving.paging import Layout, on_one_line, pieces_of
from trialist.views.bibtex import render_bibtex
from trialist.views.csv import CsvColumns
from trialist.views.ris import render_ris


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: its media type, its ending, what writes a study, and how the studies are put together."""

    media_type: str
    ending: str
    write: Callable[[bytes], bytes]
    layout: Layout


def _forms() -> Mapping[str, Form]:
    columns = CsvColumns.parse(None)
    return {
        "csv": Form("text/csv; charset=utf-8", "csv", columns.row, Layout(columns.header(), b"", b"")),
        "ris": Form(
            "application/x-research-info-systems",
            "ris",
            lambda raw: render_ris(orjson.loads(raw), None),
            Layout(b"", b"", b""),
        ),
        "bib": Form(
            "text/x-bibtex; charset=utf-8",
            "bib",
            lambda raw: render_bibtex(orjson.loads(raw)),
            Layout(b"", b"\n", b""),
        ),
        "json": Form("application/json", "json", on_one_line, Layout(b"[\n", b",\n", b"\n]\n")),
    }


def export_page(asked: Asked) -> Response:
    """`/find/export`: what the same parameters find on `/find`, all of it, in the order asked."""
    form = _forms().get(asked.text("as"))
    if form is None:
        raise InvalidParameterError(
            "this is no kind of file that we write", hint="There is csv, ris, bib, json."
        )
    search = read_search(asked)
    finder = asked.served.finder
    asked.weigh(finder, search.query)
    selection = finder.select(search.query, most_cost=asked.settings.max_query_cost, check=asked.check)
    numbers = selection.ordered().found
    pieces = pieces_of(numbers, asked.served.records.read, form.write, form.layout)
    headers = {"content-disposition": f'attachment; filename="studies.{form.ending}"'}
    return Streamed(pieces, asked.lanes, form.media_type, asked.served, headers)
