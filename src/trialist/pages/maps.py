"""Maps as pages show them: the window that is asked for, and the ways to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from trialist.pages.asked import Asked
from trialist.views.world import Spot, Window, WorldMap, map_of, parse_window, ways_out, window_around

WINDOW = "map"
"""The parameter that holds a window: latitude, longitude, zoom."""


@dataclass(frozen=True, slots=True)
class MapShown:
    """A map with the ways around it; `whole_url` leads to the window that holds everything, "" when this is it."""

    world: WorldMap
    ways: tuple[tuple[str, str], ...]
    whole_url: str
    title: str
    unit: str


def map_shown(
    asked: Asked, path: str, spots: Sequence[Spot], title: str, unit: str, *, whole: bool = False
) -> MapShown:
    """The map of some places; `whole` begins with the whole world, else with the window that holds the places."""
    given = parse_window(asked.text(WINDOW))
    start = Window(20, 0, 0) if whole else window_around([spot.point for spot in spots])
    window = given or start
    kept = urlencode([(name, value) for name, value in asked.given if name not in (WINDOW, "part")])
    # The braces of the window stay for whoever fills them in.
    other = f"{path}?{kept.replace('{', '%7B')}{'&' if kept else ''}{WINDOW}={{lat}},{{lon}},{{zoom}}#map"
    whole_url = f"{path}{'?' if kept else ''}{kept}#map" if given is not None else ""
    return MapShown(map_of(spots, window, other), tuple(ways_out(window, other)), whole_url, title, unit)
