"""What `tables/kinship.toml` says: which concepts contain which, and what the words beside a condition mean."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trialist.evaluation.truth import Truth


@cache
def read_kinship() -> Mapping[str, Any]:
    """The table as it is."""
    file = resources.files("trialist.evaluation") / "tables" / "kinship.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def narrower(domain: str, concept_id: str) -> frozenset[str]:
    """All concepts that a concept of a domain (`condition`, `exposure`) surely contains, itself not included."""
    rows: Mapping[str, str] = read_kinship()[domain]
    found: set[str] = set()
    waiting = rows.get(concept_id, "").split()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += rows.get(one, "").split()
    return frozenset(found)


@cache
def broader(domain: str, concept_id: str) -> frozenset[str]:
    """All concepts of a domain that surely contain a concept, itself not included."""
    return frozenset(one for one in read_kinship()[domain] if concept_id in narrower(domain, one))


@cache
def characters(name: str) -> frozenset[str]:
    """The concepts of a character: `events`, `latent`, `collective`, `relative`, `passing`; `lasting` are kinds of exposures."""
    return frozenset(read_kinship()["characters"][name].split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word beside a condition: the words that say the same, and those that say the opposite."""

    same: frozenset[str]
    opposite: frozenset[str]


@cache
def word(said: str) -> Word:
    """What a word of status means; one that no row has means itself, and nothing is its opposite."""
    rows: Mapping[str, str] = read_kinship()["words"]
    for name, row in rows.items():
        same, _, opposite = row.partition(" / ")
        sames = frozenset(same.strip().split("|"))
        if said == name or said in sames:
            return Word(sames | {said}, frozenset(filter(None, opposite.strip().split("|"))))
    return Word(frozenset({said}), frozenset())


def says(said: str, words: frozenset[str]) -> Truth:
    """Whether the words beside a fact say a word: true, false by an opposite, else unknown; both is unknown."""
    meaning = word(said)
    same, opposite = bool(words & meaning.same), bool(words & meaning.opposite)
    if same == opposite:
        return Truth.UNKNOWN
    return Truth.TRUE if same else Truth.FALSE


def caused_by(said: str, concept_id: str) -> Truth:
    """Whether an infection is by the kind of organism that a word says (`bacterial`); open where either has no row."""
    rows: Mapping[str, str] = read_kinship()["organisms"]
    kinds = [
        name for name, row in rows.items() if any(_is_at_or_below(concept_id, one) for one in row.split())
    ]
    if said not in rows or len(kinds) != 1:
        return Truth.UNKNOWN
    return Truth.TRUE if kinds[0] == said else Truth.FALSE


def names_organisms(said: str) -> bool:
    """Whether words say nothing but kinds of organisms (`bacterial or fungal`): what an infection is, beside how it is."""
    return set(said.split(" or ")) <= set(read_kinship()["organisms"])


def _is_at_or_below(concept_id: str, other: str) -> bool:
    return concept_id == other or concept_id in narrower("condition", other)


_SEVERITIES = ("mild", "moderate", "severe")
_SEVERE = frozenset({"severe", "very severe", "life-threatening", "life threatening", "fatal"})
_SAME_SEVERITY: Mapping[str, frozenset[str]] = {
    "mild": frozenset({"mild"}),
    "moderate": frozenset({"moderate"}),
    "severe": _SEVERE,
}


def severity_steps(said: str) -> frozenset[str] | None:
    """The steps that a word of severity allows (`moderate or severe` → two); None where it is no step but a judgement."""
    parts = said.replace("-", " ").replace(" to ", " ").replace(" or ", " ").split()
    if parts in (["life", "threatening"], ["very", "severe"], ["severely"], ["moderately", "severe"]):
        return frozenset({"severe"})
    found = frozenset(part for part in parts if part in _SEVERITIES)
    return found if found and len(found) == len(set(parts)) else None


def step_of(words: frozenset[str]) -> str:
    """The one step of severity that words say; "" when they say none or several."""
    steps = [step for step, same in _SAME_SEVERITY.items() if words & same]
    return steps[0] if len(steps) == 1 else ""
