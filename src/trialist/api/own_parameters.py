"""The parameters of the project's own API: one table, which requests are read by and the documents are written from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import unquote_to_bytes

from trialist.errors import InvalidParameterError
from trialist.query.facets import CRITERION_FACETS, FACETS
from trialist.query.filters import Filter, trimmed
from trialist.query.params import QUERY_AREAS
from trialist.query.study_query import DEFAULT_PAGE_SIZE
from trialist.record.catalogue import search_areas
from trialist.registry.completing import KINDS

MOST_HITS = 100
"""A page of hits has at most so many: each is read from the store and shown."""
MOST_FACETS = 40
MOST_VALUES = 1_000
MOST_COMPLETIONS = 50
DEFAULT_FACETS = (
    "status",
    "phase",
    "type",
    "sex",
    "age",
    "results",
    "open-country",
    "condition",
    "sponsor-class",
)
"""What is counted when nothing else is asked for."""

_Schema = Mapping[str, Any]
_TEXT: _Schema = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: what it asks, and the JSON Schema of its value; `example` is a value that means something."""

    name: str
    about: str
    schema: _Schema = field(default_factory=lambda: dict(_TEXT))
    example: str = ""
    is_in_path: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.about:
            raise ValueError("a parameter needs a name and a description")

    @property
    def is_typed(self) -> bool:
        """Whether its value is not free text: a number, yes or no, a day."""
        return self.schema.get("type") != "string" or "format" in self.schema


_IN = {
    "term": "any text",
    "cond": "conditions and diseases",
    "intr": "interventions and treatments",
    "titles": "titles and acronyms",
    "outc": "outcome measures",
    "spons": "sponsors and collaborators",
    "lead": "the lead sponsor",
    "locn": "the words of locations",
    "id": "ids",
    "patient": "what patients look for",
}
_EXAMPLES = {"cond": "graft versus host disease", "intr": "ruxolitinib"}


def _of_query(name: str, area: str) -> Parameter:
    where = area if area in search_areas() else f"field {area}"
    about = f"An expression looked for in {_IN[name]} ({where}): words, AND, OR, NOT, AREA[…]RANGE[…] and the rest."
    return Parameter(f"query.{name}", about, example=_EXAMPLES.get(name, ""))


_FILTERS = {
    Filter.OVERALL_STATUS: "Statuses, exactly as the registry has them, with commas or bars between them.",
    Filter.GEO: "Studies with a site in a circle: distance(48.1,11.6,50km).",
    Filter.IDS: "NCT ids with commas or bars between them.",
    Filter.ADVANCED: "An expression that narrows and does not count for relevance; what a facet's `filter` says fits here.",
    Filter.SYNONYMS: "Ids of synonyms of the registry's own site; none is published, so nothing matches.",
}

QUERY: tuple[Parameter, ...] = (
    *(_of_query(name, area) for name, area in QUERY_AREAS.items()),
    *(Parameter(f"filter.{name}", about) for name, about in _FILTERS.items()),
    *(Parameter(f"postFilter.{name}", f"The same as filter.{name}; both narrow.") for name in _FILTERS),
    Parameter("aggFilters", "Named filters of the registry's site: status:rec not,phase:3."),
)
"""What the registry's API asks by, under its names."""

CHOICES: tuple[Parameter, ...] = (
    Parameter(
        "status", "Overall statuses by value, label or beginning: recruiting,not-yet.", example="recruiting"
    ),
    Parameter("phase", "2,3 is either, 2/3 is both; early1, none."),
    Parameter("type", "Study types: interventional, observational, expanded."),
    Parameter("sex", "Who can take part: female, male, all; female-only, male-only."),
    Parameter("age", "child, adult, older, or an age: 17, 6 months."),
    Parameter("results", "Whether results are posted: with, without."),
    Parameter(
        "allows",
        "Studies whose criteria definitely allow this: creatinine clearance 30 mL/min; several with | between them.",
        example="age 4 years",
    ),
    Parameter(
        "excludes",
        "Studies whose criteria definitely exclude this: prior MSC therapy; several with | between them.",
    ),
    Parameter(
        "requires", "Studies whose criteria definitely require this: ECOG <= 2; several with | between them."
    ),
    Parameter(
        "near",
        "A place: degrees (48.1,11.6) or a town (München; Boston, MA). Near studies come first.",
        example="Munich",
    ),
    Parameter("within", "With `near`, only studies with a site so near: 50km, 30mi."),
    Parameter(
        "openSites",
        "Only studies with a site that takes people now; with `within`, such a site must lie that near.",
        {"type": "boolean", "default": False},
    ),
    Parameter(
        "veto",
        "Pairs of terms not to be taken for synonyms, with bars between them: gvhd=graft vs host|ALL=all.",
    ),
)
"""What people choose, in their words."""

_SIZE = {"type": "integer", "minimum": 1}
SORT = Parameter(
    "sort",
    "At most two keys, each with :asc or :desc behind it: relevance, start, completion, posted, updated, enrollment, or a field.",
)
GEO_DECAY = Parameter(
    "geoDecay", "How relevance falls with distance: func:exp,scale:300mi,offset:0mi,decay:0.5."
)
PAGE: tuple[Parameter, ...] = (
    SORT,
    GEO_DECAY,
    Parameter(
        "pageSize",
        f"Hits on a page, 1 to {MOST_HITS}.",
        {**_SIZE, "maximum": MOST_HITS, "default": DEFAULT_PAGE_SIZE},
    ),
    Parameter("pageToken", "Go on behind the page that gave this token as `next_page`."),
)
AS_OF = Parameter(
    "asOf",
    "The day that times are counted from; today if none is given.",
    {"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"},
    example="2026-01-31",
)
FACET_NAMES = Parameter(
    "facets",
    "Facets to count, with commas between them: "
    + ", ".join((*FACETS, *CRITERION_FACETS))
    + ", or the piece of any enumeration, number, date or short text. `open-…` counts the places of sites that take people now.",
    example="phase,open-country",
)
FACET_SIZE = Parameter(
    "facetSize",
    "Values shown of each facet.",
    {"type": "integer", "minimum": 0, "maximum": MOST_VALUES, "default": 10},
)
SHOWN: tuple[Parameter, ...] = (
    Parameter(
        "highlights",
        "Whether each hit tells where the words stand that were asked.",
        {"type": "boolean", "default": True},
    ),
    Parameter(
        "why", "Whether each hit tells in sentences why it was found.", {"type": "boolean", "default": True}
    ),
    Parameter(
        "explain",
        "Whether each hit comes with its whole explanation, part by part.",
        {"type": "boolean", "default": False},
    ),
    AS_OF,
)
NCT_ID = Parameter(
    "nct",
    "An NCT id, in any case and with or without zeros.",
    {"type": "string", "pattern": "^[Nn][Cc][Tt]0*[1-9][0-9]{0,7}$"},
    example="NCT99000001",
    is_in_path=True,
)
NEAR_VIEW = Parameter("near", "A place, to show the nearest open site: degrees (48.1,11.6) or a town.")
VERSION = Parameter("version", "An older version of the record, 1 being the oldest.", dict(_SIZE))
MOST_SIMILAR = Parameter(
    "most", f"How many, 1 to {MOST_HITS}.", {**_SIZE, "maximum": MOST_HITS, "default": 10}
)
SUGGEST: tuple[Parameter, ...] = (
    Parameter("q", "What was typed so far.", {"type": "string", "maxLength": 200}, example="graft v"),
    Parameter(
        "kinds", f"What to suggest, with commas between them: {', '.join(KINDS)}; all if none is given."
    ),
    Parameter(
        "most",
        f"How many of each kind, 1 to {MOST_COMPLETIONS}.",
        {**_SIZE, "maximum": MOST_COMPLETIONS, "default": 10},
    ),
)


# Reading


def read_parameters(query: bytes, known: Sequence[Parameter]) -> dict[str, str]:
    """The parameters of a query string; empty ones are left out, and texts and lists of nothing but blanks.

    `InvalidParameterError` for one that is not known here, stands twice, or is not UTF-8.
    """
    found: dict[str, str] = {}
    names = [one.name for one in known if not one.is_in_path]
    typed = {one.name for one in known if one.is_typed}
    for pair in query.split(b"&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _decoded(raw_name), _decoded(raw_value)
        if name not in names:
            near = difflib.get_close_matches(name[:40], names, n=1)
            legal = f"Known are {', '.join(names)}." if names else "There are none here."
            raise InvalidParameterError(
                f"{name[:60]!r} is not a parameter here", hint=f"Did you mean {near[0]}?" if near else legal
            )
        if name in found:
            raise InvalidParameterError(
                f"{name} stands twice", hint="Give it once, with commas between values."
            )
        found[name] = value
    return {name: value for name, value in found.items() if (value if name in typed else trimmed(value))}


def _decoded(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParameterError(
            "the address is not UTF-8", hint="Write other characters as UTF-8 with percent signs."
        ) from None


def read_boolean(params: Mapping[str, str], parameter: Parameter) -> bool:
    """A parameter that is true or false."""
    text = params.get(parameter.name, "").lower()
    if not text:
        return bool(parameter.schema.get("default", False))
    if text not in ("true", "false"):
        raise InvalidParameterError(f"{parameter.name} must be true or false, not {text[:60]!r}")
    return text == "true"


def read_whole(params: Mapping[str, str], parameter: Parameter) -> int | None:
    """A whole number within the parameter's limits; its default, or None, where it is not given."""
    text = params.get(parameter.name, "")
    if not text:
        return parameter.schema.get("default")
    least, most = parameter.schema["minimum"], parameter.schema.get("maximum", 1 << 31)
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not least <= int(text) <= most:
        raise InvalidParameterError(
            f"{parameter.name} must be a whole number from {least} to {most}, not {text[:60]!r}"
        )
    return int(text)


def read_day(params: Mapping[str, str], parameter: Parameter) -> date | None:
    """A day of the form yyyy-MM-dd; None where it is not given."""
    text = params.get(parameter.name, "")
    if not text:
        return None
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            raise ValueError("another form")
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidParameterError(
            f"{parameter.name} must be a date of the form yyyy-MM-dd, not {text[:60]!r}"
        ) from None


def read_text(params: Mapping[str, str], parameter: Parameter) -> str:
    """A text within the parameter's limit; "" where it is not given."""
    text = params.get(parameter.name, "")
    most = parameter.schema.get("maxLength")
    if most is not None and len(text) > most:
        raise InvalidParameterError(f"{parameter.name} has {len(text):,} characters", hint=f"At most {most}.")
    return text


def read_names(params: Mapping[str, str], parameter: Parameter) -> tuple[str, ...]:
    """The items of a list, each once; () where it is not given."""
    items = (item.strip() for item in re.split(r"[,|]", params.get(parameter.name, "")))
    return tuple(dict.fromkeys(item for item in items if item))
