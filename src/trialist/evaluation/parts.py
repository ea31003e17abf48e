"""Trials → what a net of them is made of, in values that can be sent between processes, and joined: what is equal is one.

A leaf is kept as JSON, with what is the same for every patient: the keys of facts that touch it, what it comes to when nothing
is known, and which data it then misses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from trialist.criteria.criterion import Coverage, Criterion, CriterionSet, Modality, Polarity
from trialist.criteria.decode import decode_criterion, decode_value
from trialist.criteria.encode import encode_criterion, encode_value
from trialist.criteria.nodes import Demographic, Expr, Interval, Span
from trialist.criteria.witness import Witness
from trialist.evaluation.codes import code_of
from trialist.evaluation.compiling import NONE, Healthy, Junction, Net, Several, Shape, fields_of
from trialist.evaluation.evaluate import has_headings
from trialist.evaluation.fields import Sides, ages_may_differ, sides_of, sides_of_fields
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import answer_leaf, blank, keys_of_leaf
from trialist.evaluation.likeness import Likeness, likeness_of
from trialist.evaluation.spanless import spanless
from trialist.evaluation.verdict import Need, Who
from trialist.evaluation.weigh import unread_needs

_HEALTHY = orjson.dumps("healthy")
NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it is given: its criteria and what the registry's own fields say."""

    criteria: CriterionSet
    fields: Witness | None = None


class Leaf(NamedTuple):
    """An expression as JSON, the numbers of its keys, code and data needs for each of two blank patients, what it is like."""

    told: bytes
    keys: tuple[int, ...]
    codes: tuple[int, int]
    needs: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    like: Likeness


class Rule(NamedTuple):
    """Something asked of every patient: as JSON, and its trials."""

    told: bytes
    trials: list[int]


@dataclass
class Part:
    """Trials as numbers: places of nodes in `nodes`, numbers of `shapes`, and slots (a trial's own, then its cohorts').

    `permissions` are pairs of a trial and the shape of something that it allows.
    """

    ids: list[str] = field(default_factory=list)
    unread: list[bool] = field(default_factory=list)
    slots: list[list[int]] = field(default_factory=list)
    main: list[int] = field(default_factory=list)
    cohorts: list[tuple[int, int]] = field(default_factory=list)
    minimum_ages: list[str] = field(default_factory=list)
    nodes: list[Leaf | Junction | Several] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    minimums: list[bool] = field(default_factory=list)
    permissions: list[tuple[int, int]] = field(default_factory=list)
    ages: list[Rule] = field(default_factory=list)


def key_number(key: str | bytes) -> int:
    """A number for a text. Two texts may share one; where keys do, too much is touched, never too little."""
    told = key.encode() if isinstance(key, str) else key
    return int.from_bytes(hashlib.blake2b(told, digest_size=NUMBER_BYTES).digest(), "little")


def encode_leaf(leaf: Expr | Healthy) -> bytes:
    """A leaf as JSON."""
    return _HEALTHY if isinstance(leaf, Healthy) else orjson.dumps(encode_value(leaf))


def decode_leaf(told: bytes) -> Expr | Healthy:
    """The leaf that `encode_leaf` told."""
    if told == _HEALTHY:
        return Healthy()
    found: Expr = decode_value(orjson.loads(told))
    return found


def need_told(need: Need) -> bytes:
    """What of a need of data is told of it when it is asked for: key, what, code and unit, as JSON."""
    return orjson.dumps([need.key, need.what, need.code, need.unit])


def answer_told(leaf: Expr | Healthy, known: Known) -> tuple[int, tuple[bytes, ...]]:
    """The code of what the judge answers to a leaf, and the data that it misses."""
    answer = answer_leaf(leaf, known)
    needs = tuple(dict.fromkeys(need_told(one) for one in answer.needs if one.who is Who.DATA))
    return code_of(answer), needs


def part_of(trials: Iterable[Trial]) -> Part:
    """The part that these trials make."""
    return _Compiling().run(trials)


class _Compiling:
    def __init__(self) -> None:
        self.net = Net()
        self.part = Part()
        self._ages: dict[object, int] = {}

    def run(self, trials: Iterable[Trial]) -> Part:
        for trial in trials:
            self._add(trial)
        blanks = (blank(is_covered=False), blank(is_covered=True))
        for node in self.net.nodes:
            if isinstance(node, Junction | Several):
                self.part.nodes.append(node)
                continue
            first, second = (answer_told(node, one) for one in blanks)
            keys = tuple(sorted(map(key_number, keys_of_leaf(node))))
            needs = (first[1], second[1])
            like = likeness_of(node)
            self.part.nodes.append(Leaf(encode_leaf(node), keys, (first[0], second[0]), needs, like))
        self.part.shapes = self.net.shapes
        self.part.minimums = [self._is_minimum(one) for one in self.net.shapes]
        return self.part

    def _is_minimum(self, shape: Shape) -> bool:
        """Whether a shape is an age from which on somebody may take part."""
        node = self.net.nodes[shape.expr]
        if not isinstance(node, Demographic) or node.interval is None:
            return False
        return (node.interval.upper is None) != shape.is_exclusion

    def _add(self, trial: Trial) -> None:
        part, criteria, fields = self.part, trial.criteria, trial.fields
        at = len(part.ids)
        part.ids.append(criteria.nct_id)
        part.unread.append(bool(unread_needs(criteria, fields)))
        age = None if fields is None else fields.minimum_age
        part.minimum_ages.append("" if age is None else f"{age[0]} {age[1]}")
        required = [one for one in criteria.criteria if one.counts and one.modality is Modality.REQUIRED]
        is_headed, sex = has_headings(criteria), None if fields is None else fields.sex
        by_scope: dict[tuple[tuple[str, str], ...], list[int]] = {(): []}
        for one in required:
            shape = self.net.shape(one, is_headed=is_headed, sex=sex)
            of_scope = by_scope.setdefault(one.scope, [])
            if shape is not None:
                of_scope.append(shape)
        if fields is not None:
            by_scope[()] += [self.net.field(one) for one in fields_of(fields)]
            self._add_ages(at, fields, [one for one in required if not one.scope and _is_age(one)])
        part.main.append(len(part.slots))
        for scope, shapes in by_scope.items():
            if scope:
                part.cohorts.append((at, len(part.slots)))
            part.slots.append(shapes)
        allowed = [
            self.net.permission(one) for one in criteria.criteria if one.modality is Modality.PERMISSIVE
        ]
        part.permissions += [(at, one) for one in dict.fromkeys(allowed) if one is not None]

    def _add_ages(self, at: int, fields: Witness, ages: list[Criterion]) -> None:
        if not ages_may_differ(ages, fields):
            return
        limits = (fields.minimum_age, fields.maximum_age)
        number = self._ages.setdefault((tuple(map(_age_key, ages)), limits), len(self.part.ages))
        if number == len(self.part.ages):
            told = {
                "criteria": [encode_criterion(_plain_age(number, one)) for number, one in enumerate(ages)],
                "limits": [None if one is None else [str(one[0]), one[1]] for one in limits],
            }
            self.part.ages.append(Rule(orjson.dumps(told), []))
        self.part.ages[number].trials.append(at)


def _is_age(criterion: Criterion) -> bool:
    return isinstance(criterion.expr, Demographic) and criterion.expr.kind == "age"


def _age_key(criterion: Criterion) -> object:
    is_inverted = any(one.kind == "inverted_polarity" for one in criterion.defects)
    guard = None if criterion.guard is None else spanless(criterion.guard)
    return spanless(criterion.expr), criterion.polarity, guard, criterion.population, is_inverted


def _plain_age(at: int, criterion: Criterion) -> Criterion:
    """An age with nothing that may differ between criteria that ask the same of it."""
    return replace(
        criterion,
        id=f"A{at}",
        order=at,
        parent_id="",
        section_path=(),
        text="",
        plain="",
        spans=(Span(0, 1),),
        expr=spanless(criterion.expr),
        guard=None if criterion.guard is None else spanless(criterion.guard),
        notes=(),
        confidence=1.0,
        defects=tuple(
            replace(one, span=Span(0, 1), repair="", confidence=1.0)
            for one in criterion.defects
            if one.kind == "inverted_polarity"
        )[:1],
    )


class Joiner:
    """Parts put together, one after the other."""

    def __init__(self) -> None:
        self.part = Part()
        self._nodes: dict[object, int] = {}
        self._shapes: dict[Shape, int] = {}
        self._ages: dict[bytes, int] = {}

    def add(self, part: Part) -> None:
        """Put the trials of a part behind those that are there."""
        own = self.part
        places: list[int] = []
        for node in part.nodes:
            places.append(self._node(node, places))
        numbers = [
            self._shape(one, places, is_minimum=is_minimum)
            for one, is_minimum in zip(part.shapes, part.minimums, strict=True)
        ]
        first, first_slot = len(own.ids), len(own.slots)
        own.ids += part.ids
        own.unread += part.unread
        own.minimum_ages += part.minimum_ages
        own.slots += [[numbers[one] for one in slot] for slot in part.slots]
        own.main += [first_slot + one for one in part.main]
        own.cohorts += [(first + trial, first_slot + slot) for trial, slot in part.cohorts]
        own.permissions += [(first + trial, numbers[shape]) for trial, shape in part.permissions]
        for rule in part.ages:
            at = self._ages.setdefault(rule.told, len(own.ages))
            if at == len(own.ages):
                own.ages.append(rule._replace(trials=[]))
            own.ages[at].trials.extend(first + one for one in rule.trials)

    def _node(self, node: Leaf | Junction | Several, places: list[int]) -> int:
        key: Any
        match node:
            case Leaf():
                key = node.told
            case Junction(row, one, other):
                node = Junction(row, places[one], NONE if other == NONE else places[other])
                key = node
            case Several(least, members):
                node = Several(least, tuple(places[one] for one in members))
                key = node
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = len(self.part.nodes)
            self.part.nodes.append(node)
        return found

    def _shape(self, shape: Shape, places: list[int], *, is_minimum: bool) -> int:
        def at(place: int) -> int:
            return NONE if place == NONE else places[place]

        mapped = shape._replace(
            expr=places[shape.expr],
            guard=at(shape.guard),
            sure=at(shape.sure),
            denied=at(shape.denied),
            listed=at(shape.listed),
            sexless=at(shape.sexless),
        )
        found = self._shapes.get(mapped)
        if found is None:
            found = self._shapes[mapped] = len(self.part.shapes)
            self.part.shapes.append(mapped)
            self.part.minimums.append(is_minimum)
        return found


class AgeTold(NamedTuple):
    """An age that a text names: what is asked besides its limits, the limits, each alone; `is_plain`: it has no conditions."""

    besides: bytes
    whole: tuple[Interval, str] | None
    sides: Sides
    is_plain: bool


def ages_told(told: bytes) -> tuple[list[AgeTold], Sides]:
    """The ages that a text names, and the limits of the fields: of a rule of `Part.ages`, read in part."""
    found = orjson.loads(told)
    texts = []
    for one in found["criteria"]:
        expr = decode_value(one["expr"])
        sides = sides_of(expr)
        is_plain = one["guard"] is None and one["polarity"] == str(Polarity.INCLUSION) and sides is not None
        whole = None if sides is None else (expr.interval, expr.unit)
        besides = {**one, "id": "", "order": 0, "expr": None if sides is not None else one["expr"]}
        texts.append(AgeTold(orjson.dumps(besides), whole, sides or (None, None), is_plain))
    return texts, sides_of_fields(_limits(found))


def _limits(found: Any) -> Witness:
    low, high = (None if one is None else (Decimal(one[0]), str(one[1])) for one in found["limits"])
    return Witness(minimum_age=low, maximum_age=high)


def ages_of(told: bytes) -> tuple[CriterionSet, Witness]:
    """The ages that a trial's text names, and those of its fields: what a rule of `Part.ages` tells."""
    found = orjson.loads(told)
    nothing = Coverage(0, 0, 0, 0, 0, 0, 0, 0)
    criteria = tuple(map(decode_criterion, found["criteria"]))
    return CriterionSet("", True, "", criteria, (), (), (), nothing), _limits(found)
