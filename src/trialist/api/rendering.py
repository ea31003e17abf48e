"""How one study of an answer is written: the record as it is, cut down to fields, with plain markup, or as a row."""

from __future__ import annotations

from functools import lru_cache

import orjson

from trialist.query.searched import searched_pieces
from trialist.query.study_query import Format, MarkupFormat, StudyQuery
from trialist.serving.paging import Render, on_one_line
from trialist.views.csv import CsvColumns
from trialist.views.legacy_markup import to_classic
from trialist.views.projection import Projection, parse_fields


@lru_cache(maxsize=256)
def projection_of(fields: tuple[str, ...], *, allow_query: bool) -> Projection:
    """The projection that these names ask for; made once, for programs ask for the same fields again and again."""
    return parse_fields(fields, allow_query=allow_query)


def columns_of(fields: tuple[str, ...] | None) -> CsvColumns:
    """The columns that these names ask for; None for all."""
    return CsvColumns.parse(fields)


def json_render(projection: Projection | None, markup: MarkupFormat) -> Render:
    """What writes a record as JSON on one line; the bytes that are stored where all of it is asked for as it is kept."""
    if markup is MarkupFormat.LEGACY:

        def classic(raw: bytes) -> bytes:
            record = orjson.loads(raw)
            return orjson.dumps(to_classic(record if projection is None else projection.apply(record)))

        return classic
    return on_one_line if projection is None else projection.apply_bytes


def render_of(query: StudyQuery) -> Render:
    """What writes each study of a page; `InvalidParameterError` for fields or columns that there are not."""
    if query.format is Format.CSV:
        return columns_of(query.fields).row
    if query.fields is None:
        return json_render(None, query.markup_format)
    projection = projection_of(query.fields, allow_query=True)
    if projection.wants_query:
        projection = projection.with_query(searched_pieces(query))
    return json_render(projection, query.markup_format)
