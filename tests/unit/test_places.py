from pathlib import Path

import pytest

from trialist.errors import InvalidParameterError
from trialist.index.live import LiveIndex
from trialist.registry import indexing
from trialist.registry.indexing import index_directory
from trialist.registry.sites import TOWNS, locate
from trialist.settings import read_settings
from trialist.vocabulary import places
from trialist.vocabulary.places import (
    find_place,
    fold_name,
    open_towns,
    unknown_place,
    where_of,
    write_towns,
)
from trialist.vocabulary.text import read_table
from trialist.vocabulary.town_file import write_town_file

from support.records import raw
from support.serving import make_registry


@pytest.mark.parametrize(
    ("text", "label", "lat", "lon"),
    [
        ("Hefei, China", "Hefei, Anhui, China", 31.9, 117.3),
        ("Hefei, Anhui, China", "Hefei, Anhui, China", 31.9, 117.3),
        ("Hefei China", "Hefei, Anhui, China", 31.9, 117.3),
        ("München", "Munich, Bavaria, Germany", 48.1, 11.6),
        ("MUNCHEN", "Munich, Bavaria, Germany", 48.1, 11.6),
        ("Muenchen, Deutschland", "Munich, Bavaria, Germany", 48.1, 11.6),
        ("Boston, MA", "Boston, Massachusetts, United States", 42.4, -71.1),
        ("Boston, Massachusetts, USA", "Boston, Massachusetts, United States", 42.4, -71.1),
        ("boston ma", "Boston, Massachusetts, United States", 42.4, -71.1),
        ("Paris", "Paris, France", 48.9, 2.3),
        ("Paris, TX", "Paris, Texas, United States", 33.7, -95.6),
        ("London, Ontario", "London, Ontario, Canada", 43.0, -81.2),
        ("Xi'an", "Xi’an, Shaanxi, China", 34.3, 108.9),
        ("Geneva", "Geneva, Switzerland", 46.2, 6.1),
        ("北京", "Beijing, China", 39.9, 116.4),
        ("São Paulo, Brasil", "São Paulo, Brazil", -23.5, -46.6),
    ],
)
def test_towns_by_name(text, label, lat, lon):
    found = find_place(text)
    assert found is not None
    assert found.place.label == label
    assert (round(found.place.lat, 1), round(found.place.lon, 1)) == (lat, lon)


def test_the_largest_is_taken_and_the_others_are_named():
    found = find_place("Paris")
    assert found is not None
    assert [place.label for place in found.others] == ["Paris, Texas, United States"]
    springfield = find_place("Springfield")
    assert springfield is not None
    populations = [springfield.place.population, *(place.population for place in springfield.others)]
    assert populations == sorted(populations, reverse=True)
    assert len(springfield.others) == 5


def test_what_nobody_could_check_is_told():
    found = find_place("Prague, Bohemia, Czechia")
    assert found is not None
    assert found.unchecked == ("Bohemia",)
    taken = find_place("Prague, Czech Republic")
    assert taken is not None
    assert taken.unchecked == ()


@pytest.mark.parametrize("text", ["", "  ", ",", "Hefeo", "Paris, Germany", "China", "x" * 5000, "\0", "..."])
def test_no_town_is_no_guess(text):
    assert find_place(text) is None
    error = unknown_place(text)
    assert isinstance(error, InvalidParameterError)
    assert error.hint
    assert len(error.message) < 300


def test_an_unknown_town_gets_the_nearest_names():
    assert "Hefei, Anhui, China" in unknown_place("Hefeo").hint
    assert "Paris, France" in unknown_place("Paris, Germany").hint
    assert "Name a town in it" in unknown_place("China").hint


def test_names_are_compared_without_accents_and_signs():
    assert fold_name("Xi’an") == fold_name("xian")
    assert fold_name("St.  Gallen") == fold_name("st gallen")
    assert fold_name("Aix-en-Provence") == "aix en provence"


def test_regions_of_the_table_are_those_of_the_gazetteer():
    towns = {
        "AU": ("Canberra", "Sydney", "Darwin", "Brisbane", "Adelaide", "Hobart", "Melbourne", "Perth"),
        "CN": ("Hefei", "Hangzhou", "Nanchang", "Jinan", "Kunming", "Chengdu"),
        "DE": ("Stuttgart", "Munich", "Erfurt", "Dresden"),
        "GB": ("London", "Belfast", "Edinburgh", "Cardiff"),
    }
    regions = {
        "Hefei": "Anhui", "Jinan": "Shandong", "Kunming": "Yunnan", "Chengdu": "Sichuan", "Erfurt": "Thuringia",
        "Sydney": "New South Wales", "Perth": "Western Australia", "Cardiff": "Wales", "Dresden": "Saxony",
    }  # fmt: skip
    for country, names in towns.items():
        for name in names:
            found = find_place(f"{name}, {country}")
            assert found is not None, name
            assert regions.get(name, found.place.region) == found.place.region


def test_codes_may_mean_a_country_and_a_state():
    where = where_of("CA")
    assert where is not None
    assert "CA" in where.countries
    assert ("US", "CA") in where.regions
    assert where_of("Atlantis") is None
    assert set(read_table("places.toml")) == {"countries", "regions"}


def test_small_towns_from_a_file_are_those_that_are_read(tmp_path: Path) -> None:
    """The file answers what the gazetteer read whole answers, and one of another gazetteer is none."""
    path = tmp_path / "towns.bin"
    assert open_towns(path) is None
    write_towns(path)
    held = path.stat().st_mtime_ns
    write_towns(path)
    assert path.stat().st_mtime_ns == held, "it is there already"
    file = open_towns(path)
    assert file is not None
    for text in (
        "Oberammergau",
        "Füssen",
        "Sankt Peter-Ording, Germany",
        "Whitefish, Montana",
        "北京",
        "Xiva",
    ):
        assert find_place(text, smallest=1000, file=file) == find_place(text, smallest=1000), text
    assert find_place("Oberammergau") is None
    assert find_place("Nosuchtownatall", smallest=1000, file=file) is None
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"layout 1", b"layout 9", 1))
    assert open_towns(path) is None
    path.write_bytes(b"no towns\n")
    assert open_towns(path) is None
    path.write_bytes(b"")
    assert open_towns(path) is None


def test_a_small_town_is_looked_up_in_the_file_beside_the_index(tmp_path: Path) -> None:
    """What no gazetteer has is found there, so it is the file that was read."""
    index = LiveIndex(index_directory(make_registry(tmp_path / "registry", raw(1))))
    town = ("Nowhere-upon-Mud", "GB", "ENG", 51.5, -1.0, 1200, 1)
    write_town_file(index.directory / TOWNS, places._mark(), "\nnowhere upon mud\n\0\n", [town])
    found = locate("Nowhere upon Mud, United Kingdom", index)
    assert (found.place.name, found.place.lat) == ("Nowhere-upon-Mud", 51.5)
    with pytest.raises(ValueError, match="its names"):
        write_town_file(tmp_path / "bad", "", "\na\n", [town])


def test_many_studies_get_a_file_of_towns_and_few_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    monkeypatch.setattr(indexing, "write_towns", written.append)
    registry = make_registry(tmp_path / "registry", raw(1), raw(2))
    assert written == []
    monkeypatch.setattr(indexing, "_ALONE", 1)
    indexing.build_search_index(read_settings(registry=registry))
    assert written == [registry / "index" / TOWNS]
