"""The words of the criteria's tables as readers of patients' documents need them, and what a whole name stands for.

A name is a phrase that somebody chose for one thing: a code's display, a drug with its strength, what was typed into a
form. It is that thing when nothing but the thing and words beside it (`chronic`, `severe`, `of`) are said; it is a kind of
it when more is said (`osteoarthritis of knee`); and when it says something about the thing (`fear of`, `screening for`),
nothing is known.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from trialist.criteria.lexicon import Hit, glue_words, modifiers, tables, things
from trialist.criteria.ordinals import read_steps
from trialist.criteria.tokens import Token, tokenise
from trialist.evaluation.calculators import InputKind, read_inputs
from trialist.patient.facts import Certainty, FactKind, Subject
from trialist.patient.terms import Named, Scale, Terms, Variable
from trialist.vocabulary.units import find_unit

KINDS: Mapping[str, FactKind] = MappingProxyType(
    {
        "variable": FactKind.MEASUREMENT,
        "scale": FactKind.GRADE,
        "condition": FactKind.CONDITION,
        "drug": FactKind.EXPOSURE,
        "procedure": FactKind.EXPOSURE,
        "serology": FactKind.RESULT,
        "marker": FactKind.BIOMARKER,
    }
)
"""The criteria's tables and the kind of fact that has their ids."""

_LONGEST_NAME = 300
_STATES = {
    "pregnant": "pregnant",
    "lactating": "lactating",
    "pregnancy_planned": "planning_pregnancy",
    "child_bearing": "child_bearing_potential",
    "postmenopausal": "postmenopausal",
    "sterile": "sterile",
}
_ORDER = ("condition", "drug", "procedure", "serology", "variable", "scale", "marker")


@dataclass(frozen=True, slots=True)
class _Words:
    """`tables/names.toml`, made ready."""

    small: frozenset[str]
    about: frozenset[str]
    negating: frozenset[str]
    not_given: frozenset[str]
    unsure: tuple[str, ...]
    routes: Mapping[str, str]
    substances: Mapping[str, str]
    dimensions: Mapping[str, str]
    also: Mapping[str, str]
    tags: re.Pattern[str]
    looser: frozenset[str]
    same: Mapping[str, int]
    verbs: frozenset[str]
    stems: tuple[tuple[str, str], ...]


@cache
def _words() -> _Words:
    text = (resources.files("trialist.evaluation") / "tables" / "names.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)
    return _Words(
        small=glue_words() | frozenset(rows["words"]["small"].split()),
        about=frozenset(rows["words"]["about"].split()),
        negating=frozenset(rows["words"]["negating"].split()),
        not_given=frozenset(rows["words"]["not_given"].split()),
        unsure=tuple(rows["words"]["unsure"].split()),
        routes=rows["routes"],
        substances=rows["substances"],
        dimensions=rows["dimensions"],
        also=rows["also"],
        stems=tuple((stem, name) for name, stems in rows["stems"].items() for stem in stems.split()),
        verbs=frozenset(rows["words"]["verbs"].split()),
        looser=frozenset(rows["looser"]["names"].split("|")),
        same={name: place for place, row in enumerate(rows["same"]["groups"]) for name in row.split("|")},
        tags=re.compile(rf"\s*\((?:{rows['words']['tags']})\)\s*$", re.IGNORECASE),
    )


@cache
def read_terms() -> Terms:
    """The terms of the criteria's tables and of the calculators' inputs."""
    kinds = {entry_id: (KINDS[name], entry_id) for name, rows in tables().items() for entry_id in rows}
    inputs = read_inputs()
    variables = {name: _variable(name, row) for name, row in tables()["variable"].items()}
    for name, spec in inputs.items():
        if spec.kind is InputKind.NUMBER and name not in variables and spec.unit is not None:
            variables[name] = Variable(
                name, spec.title, spec.unit.code if spec.is_bare else "", (spec.unit.code,), ""
            )
    return Terms(
        variables=variables,
        scales={
            name: Scale(name, row["name"], tuple(row["steps"])) for name, row in tables()["scale"].items()
        },
        by_code=_codes(),
        concepts=kinds,
        read_name=read_name,
        genes=_genes(),
        flags=frozenset(name for name, spec in inputs.items() if spec.kind is InputKind.FLAG),
        choices={name: spec.choices for name, spec in inputs.items() if spec.kind is InputKind.CHOICE},
    )


def forgetful_terms() -> Terms:
    """The same terms, with names remembered only as long as these are held: what is typed of a patient is not kept."""
    return replace(read_terms(), read_name=lru_cache(maxsize=None)(_read_name))


def _variable(name: str, row: Mapping[str, Any]) -> Variable:
    own = (row["unit"],) if row["unit"] else ()
    units = (
        *own,
        *_words().dimensions.get(row["dimension"], "").split(),
        *_words().also.get(name, "").split(),
    )
    known = tuple(dict.fromkeys(unit for unit in units if find_unit(unit) is not None))
    return Variable(name, row["name"], row["unit"], known, _words().substances.get(name, ""))


def _genes() -> Mapping[str, str]:
    """Symbols of genes and antigens: the names of the markers and those of their words that are one symbol."""
    found: dict[str, str] = {}
    for entry_id, row in tables()["marker"].items():
        for word in (row["name"], *row["words"].split("|")):
            if re.fullmatch(r"[A-Z][A-Z0-9]{1,7}", word):
                found.setdefault(word, entry_id)
    return found


def _codes() -> Mapping[tuple[str, str], tuple[FactKind, str]]:
    """LOINC and MeSH codes of the tables."""
    found: dict[tuple[str, str], tuple[FactKind, str]] = {}
    for name, rows in tables().items():
        for entry_id, row in rows.items():
            if row.get("loinc"):
                found["http://loinc.org", row["loinc"]] = (KINDS[name], entry_id)
            if row.get("mesh"):
                found["https://www.nlm.nih.gov/mesh", row["mesh"]] = (KINDS[name], entry_id)
    return found


@lru_cache(maxsize=8192)
def read_name(name: str) -> tuple[Named, ...]:
    """What a whole name stands for: one thing, several for a combination of drugs, nothing when that is not sure."""
    return _read_name(name)


def _read_name(name: str) -> tuple[Named, ...]:
    plain = _words().tags.sub("", name.replace("\u200b", "")).strip()
    if not plain or len(plain) > _LONGEST_NAME:
        return ()
    tokens = tokenise(plain)
    found = _hits(tokens, plain)
    drugs = [hit for hit in found if hit.entry.kind == "drug"]
    is_other = any(hit.entry.kind in {"condition", "procedure"} for hit in found)
    if drugs and not is_other:
        return _drugs(plain, tokens, drugs)
    return _one(plain, tokens, found) or (() if is_other else _by_stem(plain, tokens))


def is_loose(name: str) -> bool:
    """Whether a name of the tables proves nothing but itself, though it stands beside a concept."""
    return name.lower() in _words().looser


def plain_verbs() -> frozenset[str]:
    """Verbs and small words of narratives that are part of no name."""
    return _words().verbs


def _hits(tokens: list[Token], text: str) -> list[Hit]:
    """The things of a name from left to right, the longest at each place; of several kinds the condition first."""
    found: list[Hit] = []
    place = 0
    while place < len(tokens):
        here = [
            hit
            for hit in things().at(tokens, place, text)
            if not is_loose(text[tokens[hit.first].start : tokens[hit.last - 1].end])
        ]
        if here:
            found.append(min(here, key=lambda hit: _ORDER.index(hit.entry.kind)))
            place = found[-1].last
        else:
            place += 1
    return found


def _drugs(text: str, tokens: list[Token], hits: list[Hit]) -> tuple[Named, ...]:
    """Every drug of a name; strengths, salts and forms around them leave it the drug that it is."""
    words = {token.text for token in tokens}
    if words & (_words().about | _words().negating | _words().not_given):
        return ()
    routes = _words().routes
    route = tuple(dict.fromkeys(routes[token.text] for token in tokens if token.text in routes))
    return tuple(
        _named(hit, text[tokens[hit.first].start : tokens[hit.last - 1].end], True, route=route)
        for hit in hits
    )


def _by_stem(text: str, tokens: list[Token]) -> tuple[Named, ...]:
    """Drugs in no table, as kinds of the class that their names' stems tell."""
    words = {token.text for token in tokens}
    if words & (_words().about | _words().negating | _words().not_given):
        return ()
    route = tuple(
        dict.fromkeys(_words().routes[word.text] for word in tokens if word.text in _words().routes)
    )
    return tuple(
        Named(FactKind.EXPOSURE, broader=drug_class, surface=text, domain="drug", route=route)
        for token in tokens
        if token.kind == "word" and (drug_class := class_of_drug(token.text))
    )


def is_same_name(one: str, other: str) -> bool:
    """Whether two names, in lower case, are written the same or are of the same thing."""
    same = _words().same
    return one == other or (one in same and same[one] == same.get(other))


def class_of_drug(word: str) -> str:
    """The class that the stem of a drug's international name tells, in lower case; "" for none."""
    for stem, drug_class in _words().stems:
        if word.endswith(stem) and (len(word) > len(stem) + 2 or word == stem):
            return drug_class
    return ""


def _named(hit: Hit, surface: str, is_exact: bool, **more: Any) -> Named:
    exact = is_exact and not hit.entry.row.get("narrower")
    domain = {"drug": "drug", "procedure": "procedure"}.get(hit.entry.kind, "")
    return Named(
        KINDS[hit.entry.kind],
        id=hit.entry.id if exact else "",
        broader="" if exact or hit.entry.row.get("kin") else hit.entry.id,
        surface=surface,
        domain=hit.entry.row.get("kind", domain) if domain else "",
        **more,
    )


def _one(text: str, tokens: list[Token], hits: list[Hit]) -> tuple[Named, ...]:
    """The one thing that a name is, or is a kind of."""
    taken = {place for hit in hits for place in range(hit.first, hit.last)}
    rest = [place for place in range(len(tokens)) if place not in taken and tokens[place].kind == "word"]
    numbers = any(tokens[place].kind == "num" for place in range(len(tokens)) if place not in taken)
    said: dict[str, list[str]] = {}
    unknown: list[int] = []
    place = 0
    while place < len(tokens):
        here = [] if place in taken else modifiers().at(tokens, place, text)
        if here and not set(range(here[0].first, here[0].last)) & taken:
            for hit in here:
                said.setdefault(hit.entry.kind, []).append(
                    text[tokens[place].start : tokens[here[0].last - 1].end].lower()
                )
            place = here[0].last
            continue
        if place in rest and tokens[place].text not in _words().small:
            unknown.append(place)
        place += 1
    state = next((_STATES[kind] for kind in said if kind in _STATES), "")
    words = {tokens[place].text for place in rest}
    if state and not hits and not unknown and not words & _words().about:
        return (Named(FactKind.STATE, state, surface=text, is_negated="negation" in said),)
    if not hits or words & _words().about:
        return ()
    negated = "negation" in said or bool(words & _words().negating)
    head = hits[0] if len(hits) == 1 else hits[-1]
    if len({(hit.entry.kind, hit.entry.id) for hit in hits}) > 1 and (
        head.last != len(tokens) or head.entry.kind != "condition"
    ):
        return ()
    if negated and (unknown or len(hits) > 1 or _is_behind(tokens, head)):
        if not _is_behind(tokens, head):
            return ()
        negated = False
        unknown = [*unknown, head.last]
    measured = head.entry.kind in {"variable", "scale", "serology", "marker"}
    if measured:
        return _measured(text, tokens, head, unknown, numbers)
    certainty = said.get("certainty", [])
    unsure = any(word.startswith(_words().unsure) for word in certainty)
    graded = _graded(text, tokens, head)
    unknown = [one for one in unknown if one not in range(head.last, graded[1])]
    numbers = numbers and not graded[0]
    return (
        *graded[0],
        _named(
            head,
            text,
            not unknown and not numbers and len(hits) == 1,
            qualifiers=tuple(said.get("status", ())),
            severity=tuple(said.get("severity", ())),
            route=tuple(said.get("route", ())) if head.entry.kind in {"drug", "procedure"} else (),
            certainty=Certainty.SUSPECTED if unsure else Certainty.STATED,
            subject=Subject.FAMILY if "family" in said else Subject.PATIENT,
            is_history="history" in said,
            is_negated=negated,
        ),
    )


def _graded(text: str, tokens: list[Token], head: Hit) -> tuple[tuple[Named, ...], int]:
    """The grade that stands behind a condition whose name is a scale's too, and where it ends."""
    scale = next((hit for hit in things().at(tokens, head.first, text) if hit.entry.kind == "scale"), None)
    if scale is None or head.entry.kind != "condition" or not tokens[head.last :]:
        return (), head.last
    place = head.last + (tokens[head.last].text == ",")
    words = {token.text for token in tokens[place:]}
    steps = read_steps(tokens, place, text, scale.entry.row) if words & {"grade", "stage", "class"} else None
    if steps is None:
        return (), head.last
    return (_named(scale, text, True, steps=steps.allowed),), steps.last


def _is_behind(tokens: list[Token], hit: Hit) -> bool:
    """Whether a negation stands behind a thing (`migraine without aura`): it denies something else."""
    return any(token.text in _words().negating for token in tokens[hit.last :])


def _measured(
    text: str, tokens: list[Token], head: Hit, unknown: list[int], numbers: bool
) -> tuple[Named, ...]:
    """A variable, test or marker is only itself; a scale may have its step in the name."""
    if head.entry.kind == "scale":
        steps = read_steps(tokens, head.last, text, head.entry.row)
        if not unknown:
            return (_named(head, text, True, steps=steps.allowed if steps is not None else ()),)
        return ()
    return () if unknown or numbers else (_named(head, text, True),)


def substance_of(variable: str) -> str:
    """The substance of the molar masses that a variable measures; "" where none is known."""
    return _words().substances.get(variable, "")
