"""The demo's tables, read once on first use. Importing `trialist.demo` reads none of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from trialist.demo.draw import Quantiles, Weighted
from trialist.demo.text import Compiler, Phrase

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
        found = [text.strip() if isinstance(text, str) else text for text in texts]
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


@dataclass(frozen=True, slots=True)
class Subject:
    """A condition or an intervention: its names, and the derived section's facts about it, ready to be placed."""

    area: str
    names: list[str]
    meshes: list[dict[str, str]]
    ancestors: list[dict[str, str]]
    leaves: list[dict[str, str]]
    branches: list[dict[str, str]]


def _leaf_id(mesh_id: str) -> str:
    return "M" + mesh_id.lstrip("D0")


def _terms(pairs: list[list[str]]) -> list[dict[str, str]]:
    return [{"id": mesh_id, "term": name} for mesh_id, name in pairs]


def _leaves(pairs: list[list[str]]) -> list[dict[str, str]]:
    return [{"id": _leaf_id(mesh_id), "name": name, "relevance": "LOW"} for mesh_id, name in pairs]


def _branches(pairs: list[list[str]]) -> list[dict[str, str]]:
    return [{"abbrev": short, "name": name} for short, name in pairs]


@cache
def conditions() -> dict[str, list[Subject]]:
    """Conditions by area."""
    found: dict[str, list[Subject]] = {}
    for row in orjson.loads((_HOME / "conditions.json").read_bytes())["entries"]:
        subject = Subject(
            area=row["area"],
            names=row["spellings"],
            meshes=_terms(row["meshes"]),
            ancestors=_terms(row["ancestors"]),
            leaves=_leaves(row["ancestors"]),
            branches=_branches(row["branches"]),
        )
        found.setdefault(row["area"], []).append(subject)
    return found


@cache
def substances() -> dict[str, list[Subject]]:
    """Substances of MeSH by intervention type; the first name is the heading, the rest its entry terms."""
    found: dict[str, list[Subject]] = {}
    for row in orjson.loads((_HOME / "interventions.json").read_bytes())["entries"]:
        subject = Subject(
            area=row["type"],
            names=[row["name"], *row["otherNames"]],
            meshes=[{"id": row["mesh"], "term": row["name"]}],
            ancestors=_terms(row["ancestors"]),
            leaves=_leaves(row["ancestors"]),
            branches=[*_branches(row["branches"]), {"abbrev": "All", "name": "All Drugs and Chemicals"}],
        )
        found.setdefault(row["type"], []).append(subject)
    return found


@dataclass(frozen=True, slots=True)
class City:
    """A real city; `geo` is shared by every location in it and never changed."""

    country: str
    name: str
    state: str
    postal_code: str
    geo: dict[str, float]


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
        geo = {"lat": float(latitude), "lon": float(longitude)}
        found.setdefault(country, []).append(City(country, name, state, postal_code, geo))
    return Weighted(weights), found


@cache
def adverse_terms() -> list[tuple[str, str]]:
    """Adverse events as (term, organ system)."""
    table = toml_table("events")
    return [(term, system) for system, terms in table["systems"].items() for term in terms]
