"""trialist: the clinical-trial registry that people run themselves.

What is listed in `__all__` is the public door; everything else may change. Importing the package loads nothing: each
name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "CriterionSet": "trialist.criteria",
    "Finder": "trialist.registry.searching",
    "InvalidParameterError": "trialist.errors",
    "Level": "trialist.errors",
    "LimitExceededError": "trialist.errors",
    "NotBuiltError": "trialist.errors",
    "PartialDate": "trialist.record",
    "Problem": "trialist.errors",
    "QuerySyntaxError": "trialist.errors",
    "Registry": "trialist.registry.registry",
    "RegistryBusyError": "trialist.errors",
    "SourceUnreadableError": "trialist.errors",
    "StoreWriteError": "trialist.errors",
    "Study": "trialist.record",
    "StudyNotFoundError": "trialist.errors",
    "TrialistError": "trialist.errors",
    "UnknownFieldError": "trialist.errors",
    "Unparsed": "trialist.record",
    "build_criteria": "trialist.registry.criteria_index",
    "build_search_index": "trialist.registry.indexing",
    "check": "trialist.record",
    "load_demo": "trialist.registry.load",
    "load_sources": "trialist.registry.load",
    "parse_criteria": "trialist.criteria",
    "parse_query": "trialist.query",
    "public_view": "trialist.views",
    "read_params": "trialist.query",
    "read_settings": "trialist.settings",
    "record_view": "trialist.views",
    "render_json": "trialist.views",
    "render_markdown": "trialist.views",
    "render_text": "trialist.views",
}

__all__ = [
    "CriterionSet",
    "Finder",
    "InvalidParameterError",
    "Level",
    "LimitExceededError",
    "NotBuiltError",
    "PartialDate",
    "Problem",
    "QuerySyntaxError",
    "Registry",
    "RegistryBusyError",
    "SourceUnreadableError",
    "StoreWriteError",
    "Study",
    "StudyNotFoundError",
    "TrialistError",
    "UnknownFieldError",
    "Unparsed",
    "build_criteria",
    "build_search_index",
    "check",
    "load_demo",
    "load_sources",
    "parse_criteria",
    "parse_query",
    "public_view",
    "read_params",
    "read_settings",
    "record_view",
    "render_json",
    "render_markdown",
    "render_text",
]

if TYPE_CHECKING:
    from trialist.criteria import CriterionSet, parse_criteria
    from trialist.errors import (
        InvalidParameterError,
        Level,
        LimitExceededError,
        NotBuiltError,
        Problem,
        QuerySyntaxError,
        RegistryBusyError,
        SourceUnreadableError,
        StoreWriteError,
        StudyNotFoundError,
        TrialistError,
        UnknownFieldError,
    )
    from trialist.query import parse_query, read_params
    from trialist.record import PartialDate, Study, Unparsed, check
    from trialist.registry.criteria_index import build_criteria
    from trialist.registry.indexing import build_search_index
    from trialist.registry.load import load_demo, load_sources
    from trialist.registry.registry import Registry
    from trialist.registry.searching import Finder
    from trialist.settings import read_settings
    from trialist.views import public_view, record_view, render_json, render_markdown, render_text


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'trialist' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
