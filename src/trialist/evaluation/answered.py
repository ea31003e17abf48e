"""The leaves of a net that a patient's facts touch, answered by the judge: one for all that are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from trialist.criteria.nodes import Expr
from trialist.evaluation import codes
from trialist.evaluation.calculators.intervals import Interval
from trialist.evaluation.codes import code_of
from trialist.evaluation.columns import Array, Columns, keys_in, texts_in
from trialist.evaluation.compiling import NONE, Healthy
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import answer_leaf
from trialist.evaluation.likeness import Limits, Standing, read_limits, standing
from trialist.evaluation.parts import decode_leaf
from trialist.evaluation.touching import PERSONAL, keys_of_words
from trialist.evaluation.verdict import Need, Who
from trialist.patient.facts import Fact, FactKind

_OFTEN = 256


class Told(NamedTuple):
    """What the judge says of a leaf: its code, the data that it misses, and the facts that it rests on."""

    code: int
    needs: tuple[Need, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Answered:
    """The codes of all leaves, at their places in the net; what was told of each leaf that was asked, by its number."""

    codes: codes.Codes
    told: Mapping[int, Told]


class Leaves:
    """The leaves of a net."""

    def __init__(self, columns: Columns) -> None:
        self._texts = texts_in(columns, "leaf")
        self.places = columns["leaf_place"]
        self.touching = keys_in(columns, "leaf")
        self._like, self._limit_of = columns["like"], columns["limit_of"]
        self._limit_texts = texts_in(columns, "limit")
        self._limits: dict[int, Limits] = {}

    def __len__(self) -> int:
        return len(self._texts)

    @cached_property
    def _personal(self) -> dict[int, Expr | Healthy]:
        """The leaves that are asked of everybody, read once."""
        return {at: decode_leaf(self._texts[at]) for at in self.touching.places({PERSONAL}).tolist()}

    def leaf(self, at: int) -> Expr | Healthy:
        """A leaf by its number."""
        found = self._personal.get(at)
        return decode_leaf(self._texts[at]) if found is None else found

    def answer(
        self, known: Known, touched: Array, start: codes.Codes, check: Callable[[], None] = lambda: None
    ) -> Answered:
        """What the judge says of the touched leaves; `start` has the codes of all for whom nothing is known."""
        found, told = start.copy(), {}
        like: dict[int, _Like] = {}
        alone = self._asked_alone(known)
        rows = zip(
            touched.tolist(), self._like[touched].tolist(), self._limit_of[touched].tolist(), strict=True
        )
        for count, (at, number, limit) in enumerate(rows):
            if count % _OFTEN == 0:
                check()
            limits = None if limit == NONE else self._read(limit)
            if limits is None and (alone is None or at in alone):
                told[at] = self._judged(at, known)[0]
                continue
            others = like.get(number)
            of = None if others is None else others.answers.get(standing(limits, others.compared))
            if of is None:
                of, compared = self._judged(at, known)
                if others is None:
                    others = like[number] = _Like(compared, {})
                others.answers[standing(limits, others.compared)] = of
            told[at] = of
        asked = self.places[touched]
        found[asked] = [told[at].code for at in touched.tolist()]
        return Answered(found, told)

    def _judged(self, at: int, known: Known) -> tuple[Told, tuple[Interval, ...]]:
        """What the judge says of a leaf, and what it held against limits. A field of the registry rests on no fact."""
        leaf = self.leaf(at)
        answer = answer_leaf(leaf, known)
        needs = tuple(one for one in answer.needs if one.who is Who.DATA)
        facts = tuple(item.fact for item in answer.evidence if item.fact is not None)
        return Told(code_of(answer), needs, () if isinstance(leaf, Healthy) else facts), answer.compared

    def _read(self, limit: int) -> Limits:
        found = self._limits.get(limit)
        if found is None:
            found = self._limits[limit] = read_limits(self._limit_texts[limit])
        return found

    def _asked_alone(self, known: Known) -> frozenset[int] | None:
        """The leaves without limits of which the words matter: a fact may be known by these only. None for all of them."""
        if known.is_covered and any(
            known.facts(kind, "") for kind in (FactKind.CONDITION, FactKind.EXPOSURE)
        ):
            return None
        return frozenset(self.touching.places(keys_of_words(known)).tolist())


class _Like(NamedTuple):
    """Leaves that are alike: what the judge held against limits, and what it said by how these stand to it."""

    compared: tuple[Interval, ...]
    answers: dict[Standing, Told]
