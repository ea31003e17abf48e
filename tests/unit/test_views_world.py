"""Maps: where a place is drawn, what is drawn as one, and what is beyond the edges."""

from __future__ import annotations

import pytest

from trialist.record.study import GeoPoint
from trialist.views.world import (
    Spot,
    Window,
    map_of,
    parse_window,
    tiles_of,
    ways_out,
    window_around,
    x_of,
    y_of,
    y_of_tiles,
)
from trialist.vocabulary.places import country_middle

BOSTON, CAMBRIDGE, PARIS, TOKYO = (
    GeoPoint(42.36, -71.06), GeoPoint(42.37, -71.11), GeoPoint(48.85, 2.35), GeoPoint(35.68, 139.69),
)  # fmt: skip


def test_the_projection_is_miller_s() -> None:
    # Miller's y of latitude 60 is 1.25 ln tan(45° + 24°) = 1.1968 radii above the equator.
    radius = 10_000 / (2 * 3.141592653589793)
    assert (y_of(0) - y_of(60)) / radius == pytest.approx(1.1968, abs=1e-4)
    assert x_of(-180) == 0
    assert x_of(180) == 10_000
    assert y_of(90) == y_of(83.7) == 0


def test_places_that_lie_together_are_one_circle_until_they_are_zoomed() -> None:
    spots = [
        Spot(BOSTON, "Boston", open_count=1),
        Spot(CAMBRIDGE, "Cambridge"),
        Spot(PARIS, "Paris", url="#p"),
    ]
    world = map_of(spots, Window(20, 0, 0), "?map={lat},{lon},{zoom}")
    assert sorted((circle.count, circle.open_count) for circle in world.circles) == [(1, 0), (2, 1)]
    both = next(circle for circle in world.circles if circle.count == 2)
    assert both.names == "Boston; Cambridge"
    assert next(circle.url for circle in world.circles if circle.count == 1) == "#p"
    closer = parse_window(both.url.removeprefix("?map="))
    assert closer is not None
    assert closer.zoom > 0
    near = map_of(spots, closer, "?map={lat},{lon},{zoom}")
    assert near.outside == 1
    assert near.total == 3
    deepest = Window(42.365, -71.085, 7)
    assert sum(circle.count for circle in map_of(spots, deepest).circles) == 2


@pytest.mark.parametrize(
    "points",
    [[BOSTON], [BOSTON, CAMBRIDGE], [BOSTON, PARIS], [PARIS, TOKYO], [BOSTON, TOKYO, GeoPoint(-34, 18)], []],
)
def test_a_window_holds_what_it_was_made_for(points: list[GeoPoint]) -> None:
    window = window_around(points)
    assert all(window.holds(point) for point in points)


def test_every_place_is_drawn_or_counted_as_outside() -> None:
    spots = [
        Spot(GeoPoint(lat, lon), f"{lat} {lon}") for lat in range(-90, 91, 15) for lon in range(-180, 181, 30)
    ]
    for zoom in range(8):
        found = map_of(spots, Window(45, 10, zoom))
        assert sum(circle.count for circle in found.circles) + found.outside == found.total == len(spots)


@pytest.mark.parametrize(
    "text", ["", "1,2", "a,b,1", "91,0,0", "0,181,0", "0,0,8", "0,0,-1", "nan,0,0", "1,1,1,1", "9" * 50]
)
def test_what_is_no_window_is_none(text: str) -> None:
    assert parse_window(text) is None


def test_ways_around() -> None:
    assert [label for label, _ in ways_out(Window(0, 0, 0), "{lat},{lon},{zoom}")] == ["Zoom in"]
    labels = [label for label, _ in ways_out(Window(0, 0, 3), "{lat},{lon},{zoom}")]
    assert labels == ["Zoom in", "Zoom out", "West", "East", "North", "South"]
    assert all(parse_window(url) for _, url in ways_out(Window(80, 170, 7), "{lat},{lon},{zoom}"))


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("United States", (35, 42), (-100, -85)),
        ("Turkey (Türkiye)", (36, 42), (26, 45)),
        ("Hong Kong", (22, 23), (113, 115)),
    ],
)
def test_the_middle_of_a_country_is_where_its_people_live(
    name: str, lat: tuple[float, float], lon: tuple[float, float]
) -> None:
    found = country_middle(name)
    assert found is not None
    assert lat[0] < found[0] < lat[1]
    assert lon[0] < found[1] < lon[1]
    assert country_middle("Atlantis") is None


def test_tiles_are_those_that_every_tile_server_numbers_alike() -> None:
    # Munich lies in tile 17/69749/45443 of OpenStreetMap's numbering, so in 10/544/355.
    munich = GeoPoint(48.1372, 11.5756)
    window = Window(munich.lat, munich.lon, 8, on_tiles=True)
    x, y = window.place(munich)
    (tile,) = (
        one
        for one in tiles_of(window, "{z}/{x}/{y}")
        if one.x <= x < one.x + one.size and one.y <= y < one.y + one.size
    )
    assert tile.url == "10/544/355"
    assert y_of_tiles(0) == pytest.approx(5_000)
    assert y_of_tiles(90) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("zoom", range(0, 15, 2))
@pytest.mark.parametrize("at", [BOSTON, GeoPoint(-77, 179), GeoPoint(80, -179)])
def test_tiles_fill_the_window(zoom: int, at: GeoPoint) -> None:
    window = Window(at.lat, at.lon, zoom, on_tiles=True)
    tiles = tiles_of(window, "{z}/{x}/{y}")
    assert len({one.url for one in tiles}) == len(tiles)
    assert min(one.x for one in tiles) <= 0
    assert min(one.y for one in tiles) <= 0
    assert max(one.x + one.size for one in tiles) >= 999.9
    assert max(one.y + one.size for one in tiles) >= window.drawn_height - 0.1
    assert len(tiles) <= 15
    assert window.holds(GeoPoint(min(max(at.lat, -85), 85), at.lon))


def test_a_window_on_tiles_goes_nearer() -> None:
    assert window_around([BOSTON], on_tiles=True).zoom > window_around([BOSTON]).zoom
    assert parse_window("42,-71,12") is None
    assert parse_window("42,-71,12", on_tiles=True) == Window(42, -71, 12, on_tiles=True)
    found = window_around([BOSTON, PARIS], on_tiles=True)
    assert found.holds(BOSTON)
    assert found.holds(PARIS)
