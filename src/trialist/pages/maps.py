"""Maps as pages show them: the window that is asked for, and the ways to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from trialist.pages.asked import Asked
from trialist.views.world import (
    Spot,
    Tile,
    Window,
    WorldMap,
    map_of,
    parse_window,
    tiles_of,
    ways_out,
    window_around,
)

WINDOW = "map"
"""The parameter that holds a window: latitude, longitude, zoom."""


@dataclass(frozen=True, slots=True)
class MapShown:
    """A map with the ways around it; `whole_url` leads to the window that holds everything, "" when this is it.

    `tiles` are there where the settings name a tile server; `credit` says whose they are and who learns what is looked at.
    """

    world: WorldMap
    ways: tuple[tuple[str, str], ...]
    whole_url: str
    title: str
    unit: str
    tiles: tuple[Tile, ...] = ()
    credit: str = ""


def map_shown(
    asked: Asked, path: str, spots: Sequence[Spot], title: str, unit: str, *, whole: bool = False
) -> MapShown:
    """The map of some places; `whole` begins with the whole world, else with the window that holds the places."""
    template = asked.settings.map_tiles
    on_tiles = bool(template)
    given = parse_window(asked.text(WINDOW), on_tiles=on_tiles)
    start = Window(20, 0, 0, on_tiles)
    if not whole:
        start = window_around([spot.point for spot in spots], on_tiles=on_tiles)
    window = given or start
    kept = urlencode([(name, value) for name, value in asked.given if name not in (WINDOW, "part")])
    # The braces of the window stay for whoever fills them in.
    other = f"{path}?{kept.replace('{', '%7B')}{'&' if kept else ''}{WINDOW}={{lat}},{{lon}},{{zoom}}#map"
    whole_url = f"{path}{'?' if kept else ''}{kept}#map" if given is not None else ""
    tiles = tiles_of(window, template) if on_tiles else ()
    credit = (
        f"{asked.settings.map_credit} The picture comes from {urlsplit(template).netloc}.".strip()
        if tiles
        else ""
    )
    ways = tuple(ways_out(window, other))
    return MapShown(map_of(spots, window, other), ways, whole_url, title, unit, tiles, credit)
