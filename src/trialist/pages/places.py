"""Studies by place: countries, then regions, towns and hospitals, each with how many studies are there."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.pages.addresses import written
from trialist.pages.asked import Asked
from trialist.pages.contexts import PlaceRow, PlacesPage
from trialist.pages.find import PATH as FIND
from trialist.pages.maps import MapShown, map_shown
from trialist.pages.shown import Shown
from trialist.query.nodes import Area
from trialist.record.study import GeoPoint
from trialist.registry.searching import SiteCount, facet_filter
from trialist.views.world import Spot
from trialist.vocabulary.places import country_middle

PATH = "/places"
_MOST = 2_000
_LETTERS_FROM = 60
LEVELS: Sequence[tuple[str, str, str]] = (
    ("country", "country", "countries"),
    ("state", "region", "regions"),
    ("city", "town", "towns"),
    ("facility", "hospital or site", "hospitals and sites"),
)
"""Kinds of places, the widest first: parameter, which is also the facet, and words for one and for many."""


def places_page(asked: Asked) -> Shown:
    """`/places`: the places within those that the parameters name, of the kind `by` or of the next narrower one.

    A country where no study names a region goes on with its towns.
    """
    given = tuple((name, text) for name, _, _ in LEVELS if (text := asked.text(name)))
    within = within_areas(given)
    finder = asked.served.finder
    selection = finder.select({}, check=asked.check)
    kinds = [level[0] for level in LEVELS]
    deepest = max((kinds.index(name) for name, _ in given), default=-1)
    by = asked.text("by")
    level = kinds.index(by) if by in kinds[deepest + 1 :] else min(deepest + 1, len(LEVELS) - 1)
    found = finder.places(selection, kinds[level], within)
    while by not in kinds and not found.places and found.studies and level + 1 < len(LEVELS):
        level += 1
        found = finder.places(selection, kinds[level], within)
    asked.check()
    kind, one, many = LEVELS[level]
    is_last = deepest == len(LEVELS) - 1
    rows = tuple(
        PlaceRow(
            place.value,
            "" if is_last else written(PATH, (*given, (kind, place.value))),
            place.count,
            place.open_count,
            written(FIND, (*given, (kind, place.value))),
        )
        for place in found.places[:_MOST]
    )
    here = given[-1][1] if given else ""
    page = PlacesPage(
        f"Studies in {here}" if here else "Studies by place",
        tuple((text, written(PATH, given[: place + 1])) for place, (_, text) in enumerate(given[:-1])),
        here,
        found.studies,
        found.open_studies,
        written(FIND, given),
        written(FIND, (*given, ("open", "1"))),
        (one, many),
        () if is_last else rows,
        max(0, len(found.places) - _MOST),
        found.unnamed,
        () if is_last else by_letter(rows),
        _map(asked, kind, found.places[:_MOST], rows, here),
        kind == "country",
    )
    return Shown("places.html", page)


def _map(
    asked: Asked, kind: str, counted: Sequence[SiteCount], rows: Sequence[PlaceRow], here: str
) -> MapShown | None:
    """The places on a map; those whose coordinates nobody knows are in the list alone."""
    spots = [
        Spot(point, row.name, row.count, row.open_count, row.url or row.find_url)
        for place, row in zip(counted, rows, strict=True)
        if (point := _point(kind, place)) is not None
    ]
    if not spots:
        return None
    is_world = kind == "country"
    title = f"Studies in {here}" if here else "Studies by country"
    return map_shown(asked, PATH, spots, title, "study", whole=is_world)


def _point(kind: str, place: SiteCount) -> GeoPoint | None:
    """Where a place is: a country where most of its people live, others in the middle of their sites."""
    if kind != "country":
        return place.point
    middle = country_middle(place.value)
    return place.point if middle is None else GeoPoint(*middle)


def within_areas(given: Sequence[tuple[str, str]]) -> list[Area]:
    """What a site must be, so that it lies in these places."""
    found = []
    for name, text in given:
        node = facet_filter(name, [text], name)
        assert isinstance(node, Area)
        found.append(node)
    return found


def by_letter(rows: Sequence[PlaceRow]) -> tuple[tuple[str, tuple[PlaceRow, ...]], ...]:
    """The rows by name under their first letters; one run without a letter where they are few."""
    ordered = sorted(rows, key=lambda row: row.name.casefold())
    if len(ordered) < _LETTERS_FROM:
        return (("", tuple(ordered)),) if ordered else ()
    letters: dict[str, list[PlaceRow]] = {}
    for row in ordered:
        letters.setdefault(row.name[:1].upper(), []).append(row)
    return tuple((letter, tuple(of_letter)) for letter, of_letter in letters.items())
