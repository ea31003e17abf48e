"""All that a request for studies asks, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trialist.query.nodes import METRES, Distance, Node

RELEVANCE = "@relevance"
DEFAULT_PAGE_SIZE = 10
LARGEST_PAGE_SIZE = 1_000


class Format(StrEnum):
    """The shapes of an answer."""

    JSON = "json"
    CSV = "csv"


class MarkupFormat(StrEnum):
    """How marked-up text is given: as it is kept, or as plain text of the old kind."""

    MARKDOWN = "markdown"
    LEGACY = "legacy"


class DecayFunction(StrEnum):
    """How relevance falls with distance."""

    GAUSS = "gauss"
    EXP = "exp"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True)
class GeoDecay:
    """How relevance falls with distance: to `decay` at `scale_metres` beyond `offset_metres`, never below `least` of it."""

    func: DecayFunction = DecayFunction.EXP
    scale_metres: float = float(300 * METRES["mi"])
    offset_metres: float = 0.0
    decay: float = 0.5
    least: float = 0.0

    def __post_init__(self) -> None:
        if not (
            self.scale_metres > 0 and self.offset_metres >= 0 and 0 < self.decay < 1 and 0 <= self.least < 1
        ):
            raise ValueError("a decay lies between 0 and 1, and its scale is positive")


@dataclass(frozen=True, slots=True)
class ParamQuery:
    """One `query.*` parameter: its name without the prefix, the area its terms look in, and what it asks."""

    param: str
    area: str
    node: Node


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order: a field's piece or `@relevance`. Studies without a value come last either way."""

    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """All that a request for studies asks.

    `queries` and `filters` are joined by AND; only the queries make relevance. Terms of filters without an area look
    in `BasicSearch`. `geo` is the point that `geo_decay` measures from; None for no `filter.geo`. `fields` is None for
    all. `notes` say what was legal but cannot have been meant.
    """

    queries: tuple[ParamQuery, ...] = ()
    filters: tuple[Node, ...] = ()
    geo: Distance | None = None
    geo_decay: GeoDecay = GeoDecay()
    sort: tuple[SortKey, ...] = ()
    page_size: int = DEFAULT_PAGE_SIZE
    page_token: str | None = None
    count_total: bool = False
    fields: tuple[str, ...] | None = None
    format: Format = Format.JSON
    markup_format: MarkupFormat = MarkupFormat.MARKDOWN
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.page_size <= LARGEST_PAGE_SIZE:
            raise ValueError(f"a page holds 1 to {LARGEST_PAGE_SIZE} studies")
