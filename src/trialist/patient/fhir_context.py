"""One FHIR resource under the eyes of its reader: its elements, its codes, what it may point to."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trialist.patient.collecting import Gathered
from trialist.patient.elements import Element
from trialist.patient.facts import Code, FactKind
from trialist.patient.fhir_values import LOINC, Spell, Trouble, read_codes
from trialist.patient.terms import Named

OWN_SYSTEM = "urn:trialist:concept"
"""The system of our own ids, for what has no code in a free system (stages of organs, chimerism)."""

MESH = "https://www.nlm.nih.gov/mesh"
_MESH_URLS = frozenset(
    {
        "https://www.nlm.nih.gov/mesh",
        "http://www.nlm.nih.gov/mesh",
        "https://id.nlm.nih.gov/mesh",
        "http://id.nlm.nih.gov/mesh",
    }
)


@dataclass(frozen=True, slots=True)
class Coded:
    """What a resource is about: its codes, its words, and what they stand for (nothing when that is not sure)."""

    codes: tuple[Code, ...]
    words: str
    known: tuple[FactKind, str] | None
    named: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: its elements, where facts go, its name (`Observation/7`), and the resources that others may point to."""

    element: Element
    gathered: Gathered
    name: str
    others: Mapping[str, dict[str, Any]]

    def miss(self, reason: str, message: str, path: str = "", codes: tuple[Code, ...] = ()) -> None:
        """List the resource, or an element of it, as one that became no fact."""
        self.gathered.miss(reason, message, self.name, path, codes)

    def add(self, path: str, **said: Any) -> bool:
        """Add a fact that was read at an element."""
        return self.gathered.add(self.name, path, **said)

    def coded(self, concept: Element | None, kinds: frozenset[FactKind]) -> Coded:
        """What a CodeableConcept stands for among some kinds."""
        if concept is None:
            return Coded((), "", None, ())
        codes, words = read_codes(concept)
        known = next((found for code in codes if (found := self.known(code)) is not None), None)
        if known is not None:
            return Coded(codes, words, known if known[0] in kinds else None, ())
        names = dict.fromkeys([words, *(code.display for code in codes)])
        for name in names:
            if not name:
                continue
            named = tuple(one for one in self.gathered.terms.read_name(name) if one.kind in kinds)
            if named:
                return Coded(codes, words, None, named)
        return Coded(codes, words, None, ())

    def known(self, code: Code) -> tuple[FactKind, str] | None:
        """The kind and id of a code of a free system."""
        terms = self.gathered.terms
        if code.system == OWN_SYSTEM:
            if code.code in terms.concepts:
                return terms.concepts[code.code]
            if code.code in terms.variables:
                return FactKind.MEASUREMENT, code.code
            if code.code in terms.flags:
                return FactKind.FLAG, code.code
            return (FactKind.GRADE, code.code) if code.code in terms.choices else None
        if code.system == LOINC:
            return terms.by_code.get((LOINC, code.code)) or loinc().get(code.code)
        return terms.by_code.get((MESH, code.code)) if code.system in _MESH_URLS else None

    def tell(self, spell: Spell, path: str) -> Spell:
        """A time, after what was wrong with it was listed."""
        for trouble in spell.troubles:
            self.trouble(trouble, path)
        return spell

    def trouble(self, trouble: Trouble, path: str, codes: tuple[Code, ...] = ()) -> None:
        """List what was wrong with an element."""
        self.miss(trouble.reason, trouble.why, path, codes)


@cache
def _table() -> Mapping[str, Any]:
    text = (resources.files("trialist.patient") / "tables" / "loinc.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def loinc() -> Mapping[str, tuple[FactKind, str]]:
    """The LOINC codes of `tables/loinc.toml`: kind and id."""
    rows = _table()
    return {
        code: (kind, entry_id)
        for kind in (FactKind.MEASUREMENT, FactKind.GRADE, FactKind.RESULT)
        for entry_id, codes in rows[str(kind)].items()
        for code in codes.split()
    }


@cache
def answers() -> Mapping[str, tuple[str, str]]:
    """LOINC answers that are a step of a scale: scale and step."""
    return {code: (scale, step) for code, (scale, step) in _table()["answers"].items()}


@cache
def _outcomes() -> Mapping[str, str]:
    return {word: outcome for outcome, words in _table()["outcomes"].items() for word in words.split("|")}


def outcome_of(said: str) -> str:
    """`positive` or `negative` for the usual words of a result, else the words in lower case."""
    plain = " ".join(said.lower().split())
    return _outcomes().get(plain, plain)
