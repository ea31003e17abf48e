"""Places on the drawing of the world: a window of it, and circles for places that lie together at that size.

The drawing (`world.svg`, made when the package is built) is in Miller's cylindrical projection: x depends on the longitude
alone, y on the latitude alone, so a window is a rectangle of the drawing and a zoom is a smaller rectangle. Tiles of a tile
server, where one is set, are in Mercator's projection, in which the same holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import log, pi, sqrt, tan
from typing import Any

from trialist.record.study import GeoPoint

MOST_ZOOM = 7
MOST_TILE_ZOOM = 14
_ASPECT = 2.03
_SHOWN = 1000.0
"""How wide a window is drawn: circles and texts are measured in thousandths of its width."""
_CELL = 46.0  # places nearer than this, in thousandths of the window, are one circle
_LEAST, _LARGEST = 9.0, 34.0
_TILES_ACROSS = 2
"""The whole world is drawn with tiles of this level, and a window with those so many levels below its zoom."""
_LAST_TILED_LAT = 85.0511287798
_NEAREST, _NEAREST_ON_TILES = 5, 12
"""A window around a single place is not nearer than this."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a map: what it is called, how much is there and how much of that is open, and the address of its link."""

    point: GeoPoint
    label: str
    count: int = 1
    open_count: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """Places drawn as one: where, how large, how much is there, and the address of its link ("" for none).

    `spots` are the places in it; `names` the first few of them.
    """

    x: float
    y: float
    radius: float
    count: int
    open_count: int
    spots: tuple[Spot, ...]
    url: str

    @property
    def names(self) -> str:
        """The names of the places, as many as are read at a glance."""
        named = list(dict.fromkeys(spot.label for spot in self.spots))
        more = f" and {len(named) - 3} more" if len(named) > 3 else ""
        return "; ".join(named[:3]) + more


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the drawing around a point; `zoom` 0 is the whole world, each step half as wide.

    With `on_tiles` it is a rectangle of what a tile server draws.
    """

    lat: float
    lon: float
    zoom: int
    on_tiles: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.zoom <= self.most_zoom:
            raise ValueError(f"no zoom {self.zoom}")

    @property
    def most_zoom(self) -> int:
        """The deepest zoom."""
        return MOST_TILE_ZOOM if self.on_tiles else MOST_ZOOM

    @property
    def width(self) -> float:
        """How wide it is in units of the drawing."""
        return float(_world()["width"]) / (1 << self.zoom)

    @property
    def height(self) -> float:
        """How high it is in units of the drawing."""
        return self.width / _ASPECT

    @property
    def left(self) -> float:
        """The x of its western edge, so that the window stays on the drawing."""
        return min(max(x_of(self.lon) - self.width / 2, 0.0), float(_world()["width"]) - self.width)

    @property
    def top(self) -> float:
        """The y of its northern edge."""
        whole = float(_world()["width" if self.on_tiles else "height"])
        return min(max(self.y_of(self.lat) - self.height / 2, 0.0), max(0.0, whole - self.height))

    def y_of(self, lat: float) -> float:
        """The y of a latitude in the projection of this window."""
        return y_of_tiles(lat) if self.on_tiles else y_of(lat)

    @property
    def view_box(self) -> str:
        """The rectangle as the fragment of the drawing's address says it."""
        return ",".join(f"{number:.1f}" for number in (self.left, self.top, self.width, self.height))

    def place(self, point: GeoPoint) -> tuple[float, float]:
        """Where a point is drawn, in thousandths of the window's width."""
        scale = _SHOWN / self.width
        return (x_of(point.lon) - self.left) * scale, (self.y_of(point.lat) - self.top) * scale

    def holds(self, point: GeoPoint) -> bool:
        """Whether a point lies in the window."""
        x, y = self.place(point)
        return 0 <= x <= _SHOWN and 0 <= y <= self.drawn_height

    @property
    def drawn_height(self) -> float:
        """The height, in thousandths of the width."""
        return round(_SHOWN / _ASPECT, 1)


@dataclass(frozen=True, slots=True)
class WorldMap:
    """A window with its circles, largest first, so that small ones lie on top; `outside` places are beyond its edges."""

    window: Window
    circles: tuple[Circle, ...]
    outside: int
    total: int


@cache
def _world() -> Mapping[str, Any]:
    text = (resources.files("trialist.views") / "atlas" / "countries.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def x_of(lon: float) -> float:
    """The x of a longitude on the drawing."""
    return (lon + 180) / 360 * _size()[0]


def y_of(lat: float) -> float:
    """The y of a latitude on the drawing; those that it does not show lie on its edges."""
    width, north, south, edge = _size()
    return width / (2 * pi) * (edge - _miller(min(max(lat, south), north)))


def y_of_tiles(lat: float) -> float:
    """The y of a latitude in Mercator's projection of the same width, in which the world is a square."""
    lat = min(max(lat, -_LAST_TILED_LAT), _LAST_TILED_LAT)
    return _size()[0] * (0.5 - log(tan(pi / 4 + lat * pi / 360)) / (2 * pi))


@cache
def _size() -> tuple[float, float, float, float]:
    """Width, northern and southern edge of the drawing, and Miller's y of the northern one."""
    world = _world()
    return float(world["width"]), float(world["north"]), float(world["south"]), _miller(float(world["north"]))


def _miller(lat: float) -> float:
    return 1.25 * log(tan(pi / 4 + 0.4 * lat * pi / 180))


def window_around(points: Sequence[GeoPoint], *, on_tiles: bool = False) -> Window:
    """The smallest window that holds all points with some room; the whole world for none."""
    whole = Window(20, 0, 0, on_tiles)
    if not points:
        return whole
    south, north = min(point.lat for point in points), max(point.lat for point in points)
    west, east = min(point.lon for point in points), max(point.lon for point in points)
    corners = (GeoPoint(south, west), GeoPoint(north, east))
    wide = (x_of(east) - x_of(west)) * 1.15
    high = (whole.y_of(south) - whole.y_of(north)) * 1.2 * _ASPECT
    middle = _lat_near((whole.y_of(south) + whole.y_of(north)) / 2, whole)
    for zoom in range(_NEAREST_ON_TILES if on_tiles else _NEAREST, 0, -1):
        window = Window(middle, (west + east) / 2, zoom, on_tiles)
        if window.width >= max(wide, high) and all(map(window.holds, corners)):
            return window
    return whole


def _lat_near(y: float, window: Window) -> float:
    """The latitude drawn at y, by halving; the projection is not linear."""
    low, high = float(_world()["south"]), float(_world()["north"])
    if window.on_tiles:
        low, high = -_LAST_TILED_LAT, _LAST_TILED_LAT
    lat = low
    for _ in range(24):
        lat = (low + high) / 2
        low, high = (lat, high) if window.y_of(lat) > y else (low, lat)
    return lat


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture of a tile server and where it belongs, in thousandths of a window's width; it may reach beyond the edges."""

    url: str
    x: float
    y: float
    size: float


def tiles_of(window: Window, template: str) -> tuple[Tile, ...]:
    """The tiles that fill a window, of the server whose addresses are like `template` (`{z}`, `{x}`, `{y}`)."""
    level = window.zoom + _TILES_ACROSS
    across = 1 << level
    width = _size()[0] / across
    scale = _SHOWN / window.width
    found = []
    for row in range(int(window.top / width), int((window.top + window.height) / width) + 1):
        for column in range(int(window.left / width), int((window.left + window.width) / width) + 1):
            x, y = (column * width - window.left) * scale, (row * width - window.top) * scale
            if row < across and column < across and x < _SHOWN and y < window.drawn_height:
                url = template.replace("{z}", str(level)).replace("{x}", str(column)).replace("{y}", str(row))
                found.append(Tile(url, round(x, 2), round(y, 2), round(width * scale, 2)))
    return tuple(found)


def map_of(spots: Sequence[Spot], window: Window, zoom_url: str = "") -> WorldMap:
    """Places on a window, those that lie together as one circle.

    `zoom_url` takes the latitude, longitude and zoom of a window (`{lat}`, `{lon}`, `{zoom}`); a circle of several places
    leads to the window around them, one of a single place to the place's own address.
    """
    left, top, scale = window.left, window.top, _SHOWN / window.width
    height = window.drawn_height
    groups: dict[tuple[int, int], _Group] = {}
    inside = 0
    for spot in sorted(spots, key=lambda one: (-one.count, one.label)):
        x, y = (x_of(spot.point.lon) - left) * scale, (window.y_of(spot.point.lat) - top) * scale
        if 0 <= x <= _SHOWN and 0 <= y <= height:
            inside += spot.count
            _group_at(groups, x, y).add(spot, x, y)
    most = max((group.count for group in groups.values()), default=1)
    circles = [_circle(group, window, most, zoom_url) for group in groups.values()]
    circles.sort(key=lambda one: (-one.radius, one.x, one.y))
    total = sum(spot.count for spot in spots)
    return WorldMap(window, tuple(circles), total - inside, total)


class _Group:
    """Places that lie together: the first one says where, sums say the middle."""

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y
        self.spots: list[Spot] = []
        self.count = 0
        self.open_count = 0
        self.across = 0.0
        self.down = 0.0

    def add(self, spot: Spot, x: float, y: float) -> None:
        self.spots.append(spot)
        self.count += spot.count
        self.open_count += spot.open_count
        self.across += x * spot.count
        self.down += y * spot.count


def _group_at(groups: dict[tuple[int, int], _Group], x: float, y: float) -> _Group:
    """The group whose first place is nearest, and nearer than a cell is wide; else a new one."""
    column, row = int(x / _CELL), int(y / _CELL)
    best, least = None, _CELL
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            group = groups.get((column + dx, row + dy))
            if group is not None:
                distance = sqrt((group.x - x) ** 2 + (group.y - y) ** 2)
                if distance < least:
                    best, least = group, distance
    if best is None:
        # Where the cell is taken by a place that is farther away, the two are one all the same: a cell holds one circle.
        best = groups.setdefault((column, row), _Group(x, y))
    return best


def _circle(group: _Group, window: Window, most: int, zoom_url: str) -> Circle:
    count = max(group.count, 1)
    radius = _LEAST + (_LARGEST - _LEAST) * sqrt(count / most) if most > 1 else _LEAST
    if count > 1:
        radius = max(radius, 7.0 + 4 * len(str(count)))  # its number has room
    url = group.spots[0].url
    if len(group.spots) > 1 and zoom_url and window.zoom < window.most_zoom:
        inner = window_around([spot.point for spot in group.spots], on_tiles=window.on_tiles)
        zoom = min(window.most_zoom, max(inner.zoom, window.zoom + 1))
        url = zoom_url.format(lat=f"{inner.lat:.2f}", lon=f"{inner.lon:.2f}", zoom=zoom)
    x, y = round(group.across / count, 1), round(group.down / count, 1)
    return Circle(x, y, round(radius, 1), group.count, group.open_count, tuple(group.spots), url)


def ways_out(window: Window, url: str) -> Iterable[tuple[str, str]]:
    """The ways from a window to others: a label and an address each."""
    steps = (
        ("Zoom in", 0, 0, 1),
        ("Zoom out", 0, 0, -1),
        ("West", -1, 0, 0),
        ("East", 1, 0, 0),
        ("North", 0, 1, 0),
        ("South", 0, -1, 0),
    )
    for label, across, up, deeper in steps:
        zoom = window.zoom + deeper
        if not 0 <= zoom <= window.most_zoom or (window.zoom == 0 and not deeper):
            continue
        lon = min(max(window.lon + across * 180 / 2**window.zoom, -180), 180)
        lat = min(max(window.lat + up * 60 / 2**window.zoom, -56), 80)
        yield label, url.format(lat=f"{lat:.2f}", lon=f"{lon:.2f}", zoom=zoom)


def parse_window(text: str, *, on_tiles: bool = False) -> Window | None:
    """`lat,lon,zoom` → the window; None for anything else."""
    parts = text.split(",")
    if len(parts) != 3 or len(text) > 40 or not parts[2].isdecimal():
        return None
    try:
        lat, lon, zoom = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError:
        return None
    most = MOST_TILE_ZOOM if on_tiles else MOST_ZOOM
    if not (-90 <= lat <= 90 and -180 <= lon <= 180 and 0 <= zoom <= most):
        return None
    return Window(lat, lon, zoom, on_tiles)
