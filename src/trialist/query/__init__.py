"""Query text and parameters → nodes; nodes → text and English.

`read_params` reads a whole request, `parse_query` one expression; both refuse what they cannot read with an error that
says what would be legal.
"""

from trialist.query.areas import AreaTarget, ValueKind, resolve_area
from trialist.query.english import describe_query, describe_study_query
from trialist.query.live import live_message
from trialist.query.nodes import Node, walk
from trialist.query.params import read_params
from trialist.query.parse import parse_query
from trialist.query.render import render_query
from trialist.query.study_query import GeoDecay, ParamQuery, SortKey, StudyQuery

__all__ = [
    "AreaTarget",
    "GeoDecay",
    "Node",
    "ParamQuery",
    "SortKey",
    "StudyQuery",
    "ValueKind",
    "describe_query",
    "describe_study_query",
    "live_message",
    "parse_query",
    "read_params",
    "render_query",
    "resolve_area",
    "walk",
]
