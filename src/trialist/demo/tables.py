"""The demo's tables, read once on first use. Importing `trialist.demo` reads none of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from trialist.demo.draw import Quantiles, Weighted
from trialist.demo.text import Compiler, Phrase, quoted_phrase, sealed

_HOME = files("trialist.demo") / "tables"


def toml_table(name: str) -> dict[str, Any]:
    """A table of sentences or figures."""
    return tomllib.loads((_HOME / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def figures() -> dict[str, Any]:
    """The measured distributions: every list of pairs a `Weighted`, every {at, values} a `Quantiles`."""
    found = _prepared(toml_table("distributions"))
    assert isinstance(found, dict)
    return found


def _prepared(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"at", "values"}:
            return Quantiles(value["at"], value["values"])
        return {key: _prepared(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], list):
        return Weighted((pair[0], pair[1]) for pair in value)
    return value


class Sentences(dict[str, list[Phrase]]):
    """The lists of the sentence tables, each written out when it is first asked for."""

    def __init__(self, compiler: Compiler) -> None:
        super().__init__()
        self._compiler = compiler

    def __missing__(self, name: str) -> list[Phrase]:
        texts = self._compiler.choices(name)
        found = [text.strip() if isinstance(text, str) else sealed(text) for text in texts]
        self[name] = found
        return found


@cache
def _lexicon() -> dict[str, list[str]]:
    lexicon: dict[str, list[str]] = {}
    for name in ("words", "sentences", "outcomes"):
        lexicon.update(toml_table(name))
    return lexicon


@cache
def plain() -> Sentences:
    """Every list of the sentence tables, as text fields write them."""
    return Sentences(Compiler(_lexicon(), markup=False))


@cache
def marked() -> Sentences:
    """Every list of the sentence tables, as CommonMark fields write them."""
    return Sentences(Compiler(_lexicon(), markup=True))


class Quoted(dict[str, list[Phrase]]):
    """The lists of the sentence tables as they stand in JSON strings."""

    def __init__(self, sentences: Sentences) -> None:
        super().__init__()
        self._sentences = sentences

    def __missing__(self, name: str) -> list[Phrase]:
        found = [quoted_phrase(phrase) for phrase in self._sentences[name]]
        self[name] = found
        return found


@cache
def quoted_plain() -> Quoted:
    """`plain`, ready for JSON."""
    return Quoted(plain())


@cache
def quoted_marked() -> Quoted:
    """`marked`, ready for JSON."""
    return Quoted(marked())


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A condition or an intervention: its names, and the derived section's facts about it as JSON, by their ids."""

    area: str
    names: list[str]
    meshes: dict[str, bytes]
    ancestors: dict[str, bytes]
    found_leaves: dict[str, bytes]  # of its own terms, up to the opening quote of "asFound"
    leaves: dict[str, bytes]
    branches: dict[str, bytes]

    @classmethod
    def of(
        cls,
        area: str,
        names: list[str],
        terms: list[list[str]],
        ancestors: list[list[str]],
        branches: list[list[str]],
    ) -> Subject:
        """A subject of pairs (id, term) and of branches (abbreviation, name)."""
        dumps = orjson.dumps
        return cls(
            area=area,
            names=names,
            meshes={mesh_id: dumps({"id": mesh_id, "term": name}) for mesh_id, name in terms},
            ancestors={mesh_id: dumps({"id": mesh_id, "term": name}) for mesh_id, name in ancestors},
            found_leaves={
                leaf: dumps({"id": leaf, "name": name, "asFound": ""})[:-2]
                for leaf, name in _leaf_names(terms)
            },
            leaves={
                leaf: dumps({"id": leaf, "name": name, "relevance": "LOW"})
                for leaf, name in _leaf_names(ancestors)
            },
            branches={short: dumps({"abbrev": short, "name": name}) for short, name in branches},
        )


def _leaf_names(pairs: list[list[str]]) -> list[tuple[str, str]]:
    return [("M" + mesh_id.lstrip("D0"), name) for mesh_id, name in pairs]


@cache
def conditions() -> dict[str, list[Subject]]:
    """Conditions by area."""
    found: dict[str, list[Subject]] = {}
    for row in orjson.loads((_HOME / "conditions.json").read_bytes())["entries"]:
        subject = Subject.of(row["area"], row["spellings"], row["meshes"], row["ancestors"], row["branches"])
        found.setdefault(row["area"], []).append(subject)
    return found


@cache
def substances() -> dict[str, list[Subject]]:
    """Substances of MeSH by intervention type; the first name is the heading, the rest its entry terms."""
    found: dict[str, list[Subject]] = {}
    for row in orjson.loads((_HOME / "interventions.json").read_bytes())["entries"]:
        subject = Subject.of(
            row["type"],
            [row["name"], *row["otherNames"]],
            [[row["mesh"], row["name"]]],
            row["ancestors"],
            [*row["branches"], ["All", "All Drugs and Chemicals"]],
        )
        found.setdefault(row["type"], []).append(subject)
    return found


@dataclass(frozen=True, slots=True)
class City:
    """A real city; `geo` is its place as JSON."""

    country: str
    name: str
    state: str
    postal_code: str
    geo: bytes


@cache
def cities() -> tuple[Weighted, dict[str, list[City]]]:
    """The countries by weight, and the cities of each."""
    weights: list[tuple[str, float]] = []
    found: dict[str, list[City]] = {}
    for line in (_HOME / "cities.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        country, weight, name, state, postal_code, latitude, longitude = line.split("\t")
        if weight:
            weights.append((country, float(weight)))
        geo = orjson.dumps({"lat": float(latitude), "lon": float(longitude)})
        found.setdefault(country, []).append(City(country, name, state, postal_code, geo))
    return Weighted(weights), found


@cache
def adverse_terms() -> list[tuple[str, str]]:
    """Adverse events as (term, organ system)."""
    table = toml_table("events")
    return [(term, system) for system, terms in table["systems"].items() for term in terms]
