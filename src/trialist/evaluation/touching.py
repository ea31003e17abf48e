"""Which facts can bear on which criteria: keys that both have. A criterion without a common key is as if nothing were known.

Keys may be too many, never too few: a conformance test holds the fast way that uses them against the judge.
"""

from __future__ import annotations

from functools import cache, lru_cache

from trialist.criteria.criterion import Criterion
from trialist.criteria.nodes import (
    Attestation,
    Biomarker,
    Concept,
    Count,
    Demographic,
    Exposure,
    Expr,
    Judgement,
    Ordinal,
    Quantity,
    ReproState,
    Trialwise,
    atoms,
)
from trialist.criteria.nodes import Result as Test
from trialist.evaluation.kinship import broader, narrower, read_kinship
from trialist.evaluation.known import Known
from trialist.patient.facts import ANY, Fact, FactKind

PERSONAL = "personal"
"""The key of what asks birth, age or sex: asked anew for every patient."""

_TRANSPLANT = "transplant"
_MOST_KEPT = 4096


def keys_of_criterion(criterion: Criterion) -> frozenset[str]:
    """The keys of a criterion, those of its guard included."""
    own = keys_of_expr(criterion.expr)
    return own if criterion.guard is None else own | keys_of_expr(criterion.guard)


def keys_of_expr(expr: Expr) -> frozenset[str]:
    """The keys of an expression."""
    return frozenset(key for atom in atoms(expr) for key in _keys(atom))


def _keys(atom: Expr) -> set[str]:
    found = _window_keys(atom) | _simple_keys(atom)
    match atom:
        case Quantity():
            stand_ins = read_kinship()["variables"].get(atom.variable, "").split()
            found |= {_key(FactKind.MEASUREMENT, one) for one in (atom.variable, *stand_ins)}
        case Concept():
            kind = FactKind.ALLERGY if atom.domain == "allergy" else FactKind.CONDITION
            found |= _named(kind, atom.concept_id, atom.broader, atom.surface)
        case Exposure():
            found |= _named(FactKind.EXPOSURE, atom.concept_id, atom.broader, atom.surface)
        case Trialwise() if atom.kind != "study_part":
            found |= _named(FactKind.TRIAL, atom.kind, "", "")
        case _:
            pass
    return found


def _simple_keys(atom: Expr) -> set[str]:
    match atom:
        case Demographic():
            return {PERSONAL, _key(FactKind.DEMOGRAPHIC, atom.kind)}
        case ReproState():
            return {PERSONAL}
        case Test():
            own = {_key(FactKind.RESULT, one) for one in (atom.test, *_tests(atom.test))}
            return own | ({PERSONAL} if atom.test == "pregnancy_test" else set())
        case Ordinal():
            return {_key(FactKind.GRADE, atom.scale)}
        case Biomarker():
            return {_key(FactKind.BIOMARKER, atom.gene)}
        case Attestation():
            return {_key(FactKind.ATTESTATION, atom.topic)}
        case Judgement():
            return {_key(FactKind.JUDGEMENT, atom.topic)}
        case Count():
            return {_key(FactKind.COUNT, "")}
        case _:
            return set()


def _window_keys(atom: Expr) -> set[str]:
    window = getattr(atom, "time", None)
    if window is None:
        return set()
    return {"birth": {PERSONAL}, "transplant": {_TRANSPLANT}}.get(window.anchor, set())


def _named(kind: FactKind, concept_id: str, within: str, surface: str) -> set[str]:
    """The keys of a named thing: its kind (for what is said of everything), its words, its id.

    What has no id is a kind of `within`: only a fact about that, or about what contains it, bears on it.
    """
    found = {_key(kind, ANY), f"{kind}~{_folded(surface)}"}
    if concept_id:
        found.add(_key(kind, concept_id))
    elif within:
        found.add(_kind_of(kind, within))
    return found


def keys_of_facts(known: Known) -> frozenset[str]:
    """The keys of what is known of a patient, and the personal one."""
    found = {PERSONAL}
    is_covered = known.is_covered
    for fact in known.of_any_kind():
        found |= _fact_keys(fact)
        if is_covered and not fact.id:
            found.add(_key(fact.kind, ANY))  # it may be what would else be taken for absent
    return frozenset(found)


def keys_of_words(known: Known) -> frozenset[str]:
    """The keys of the words of facts that are known by their words alone."""
    kinds = (FactKind.CONDITION, FactKind.ALLERGY, FactKind.EXPOSURE, FactKind.TRIAL)
    return frozenset(
        f"{kind}~{_folded(fact.surface)}"
        for kind in kinds
        for fact in (*known.of_kind(kind), *known.of_family(kind))
        if not fact.id and fact.surface
    )


def _fact_keys(fact: Fact) -> frozenset[str]:
    found = _keys_by_id(fact.kind, fact.id, fact.broader)
    return found | {f"{fact.kind}~{_folded(fact.surface)}"} if fact.surface else found


@lru_cache(_MOST_KEPT)
def _keys_by_id(kind: FactKind, fact_id: str, above: str) -> frozenset[str]:
    """The keys that a fact has by its id and the id above it; its words are never kept."""
    found = {_key(kind, fact_id)}
    if kind in (FactKind.CONDITION, FactKind.ALLERGY, FactKind.EXPOSURE):
        domain = "condition" if kind is FactKind.CONDITION else "exposure"
        if fact_id:
            found |= _related(kind, domain, fact_id)
        if above:
            found |= _above(kind, domain, above)
    if kind is FactKind.RESULT:
        means = read_kinship()["tests"].get(fact_id, fact_id)
        found |= {_key(FactKind.CONDITION, one) for one in (fact_id, means)}
        found |= {_key(FactKind.RESULT, one) for one in (fact_id, means, *_tests(fact_id))}
    if kind is FactKind.GRADE:
        rows = read_kinship()["scales"]
        found |= {_key(FactKind.CONDITION, one) for one, row in rows.items() if row["scale"] == fact_id}
    if kind is FactKind.EXPOSURE and _is_transplant(fact_id):
        found.add(_TRANSPLANT)
    return frozenset(found)


@cache
def _related(kind: FactKind, domain: str, fact_id: str) -> frozenset[str]:
    """The keys of all concepts above and below one, and of what has no id and is a kind of it."""
    below = (fact_id, *narrower(domain, fact_id))
    return _above(kind, domain, fact_id) | {
        key for one in below for key in (_key(kind, one), _kind_of(kind, one))
    }


@cache
def _above(kind: FactKind, domain: str, concept_id: str) -> frozenset[str]:
    """The keys of a concept and of those that contain it."""
    return frozenset(_key(kind, one) for one in (concept_id, *broader(domain, concept_id)))


@cache
def _is_transplant(fact_id: str) -> bool:
    return any(
        fact_id == group or fact_id in narrower("exposure", group) for group in ("hct", "organ_transplant")
    )


@cache
def _tests(name: str) -> tuple[str, ...]:
    """The tests and conditions that stand for one another."""
    rows = read_kinship()["tests"]
    return tuple(test for test, means in rows.items() if means == name) + tuple(
        means for test, means in rows.items() if test == name
    )


def _key(kind: FactKind, fact_id: str) -> str:
    return f"{kind}/{fact_id}"


def _kind_of(kind: FactKind, concept_id: str) -> str:
    return f"{kind}<{concept_id}"


def _folded(words: str) -> str:
    return " ".join(words.casefold().split())
