"""How well texts with published gold are read: Chia (Kury et al. 2020) and the lines of Facebook's parser.

What is compared, and what the annotators left undecided and is therefore not counted:

- *Values*: every annotated Value with a comparison or a range. Each of its sides (lower or upper, with or without the bound itself,
  number) has to be a side of an interval that we read at that place; a further side of ours has to be another annotated value there.
  The bounds of a range count with or without themselves. The same threshold again in parentheses in another unit is one fact, not
  two, also where its words are split by those of the first (discontinuous spans); steps of scales are sets, not operators, and are left out. Intervals that nobody annotated are not counted against us.
  A range across two units of time ("6 months to 5 years") is taken in the order of the text, and may be two intervals here, one in each unit; two comparisons
  that leave out what is between them are two sides, and may be two intervals here. A Value that is itself denied ("not expected to survive | more than 4 days")
  is the other side of its number. An interval of who is meant ("for patients ≥ 40 years:") is one of ours.
- *Names* (relaxed): an annotated entity is found when an atom of the same kind overlaps it; an atom is right when it overlaps an
  entity of its kind. Not counted: atoms inside stretches that were marked as not to be annotated (consent, contraception, judgement,
  other trials, not queryable). An allergy is one atom here and a Condition beside a Drug there: it may stand for both. What was given without
  saying what (`therapy`) may be Drug or Procedure.
- *Negation*: the relation stands at one entity of a list or of what it subsumes; it holds for the others as well. Exceptions are
  negations there, ExceptWhen here; refusals and inabilities are negated attestations here, which can meet a negation there and are not
  counted otherwise. Only entities of the kinds that can be negated count. The relation stands at the head of a phrase ("no | treatment | with X"):
  what is joined with it and follows it behind prepositions alone is denied with it, unless we read the head as had. A result that we read as negative is a
  negation there. Each word of negation marks what it governs, also within an exception or another negation (nothing is turned back). `A unless B` is a choice here where it is
  required: B counts as denied. What one statement of ours says together with the word that denies it ("disease that precludes surgery") is not counted. Where an explicit word of negation stands before a thing of ours in a line in which nobody marked any negation, the line is not counted.
- *Times*: Has_temporal with a number in digits or words, or with one unit of time that names none ("the past month" is one). Our atom has to carry a window with one of the numbers. The relation stands
  at one member of a list; it holds for the others as well. How long a thing has gone on ("insomnia for more than a month") is a measure beside it here and
  a time of it there: it counts as one. Consent, contraception and survival are statements here, and have no
  window. Where a Temporal was marked and joined to nothing, nothing of its line is counted.
- *OR and AND*: pairs of things (no pairs of qualifiers or values: they are no atoms here). A pair of ours counts where both are joined by any chain
  of relations between things (a value or time that both share says nothing of how the two are joined); pairs of which the annotation says nothing, and pairs of a thing and its own example, are not counted. What is joined with one member
  of a group is joined with all; whether "A or D" follows from "A or B", "B and C" and "C or D"
  is left open ("(A or B) and (C or D)" is written so as well), and not counted. What one name of ours holds as a whole is joined, and so is a thing with the mere word that it is had
  ("treatment with X", "history of Y" are one atom here). A guard (`for women …:`) is joined by AND. Of alternative readings the first counts.

Precision is right answers of ours over answers, recall found gold over gold; they are counted apart.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from pathlib import Path

import zstandard

from trialist.criteria import parse_criteria
from trialist.criteria.criterion import CriterionSet, Modality
from trialist.criteria.lasting import is_a_length
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Concept,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    Result,
    Trialwise,
    Window,
    atoms,
    children,
)

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
HEAD = {"inc": "Inclusion Criteria:\n\n", "exc": "Exclusion Criteria:\n\n"}
Spans = list[tuple[int, int]]
THINGS = frozenset(
    {"Condition", "Drug", "Procedure", "Measurement", "Observation", "Device", "Person", "Visit"}
)
# Stretches that the annotators marked as a whole, without the names inside them.
UNREAD = frozenset(
    {
        "Informed_consent", "Pregnancy_considerations", "Competing_trial", "Subjective_judgement", "Non-query-able", "Non-representable",
        "Post-eligibility", "Pre-eligibility", "Context_Error", "Undefined_semantics", "Not_a_criteria", "Parsing_Error", "Grammar_Error",
        "Intoxication_considerations",
    }
)  # fmt: skip
NUMBER_WORDS = {
    word: Decimal(place)
    for place, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
}


@dataclass
class Score:
    """Counts of a task, and its errors."""

    right: int = 0
    answered: int = 0
    found: int = 0
    gold: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def figures(self) -> tuple[float, float, float]:
        """Precision, recall, F1."""
        precision = self.right / self.answered if self.answered else 0.0
        recall = self.found / self.gold if self.gold else 0.0
        both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return precision, recall, both


def lines_of(name: str) -> Iterator[bytes]:
    """The lines of a packed file of the shared data."""
    with (SHARED / name).open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as packed:
        yield from io.BufferedReader(packed)


@dataclass
class Document:
    """One annotated text: entities id → (type, spans), relations (type, from, to), groups of alternatives."""

    nct_id: str
    kind: str
    text: str
    entities: dict[str, tuple[str, Spans]]
    relations: list[tuple[str, str, str]]
    either: list[list[str]]

    def said(self, entity: str) -> str:
        """The words of an entity."""
        return " ".join(self.text[first:last] for first, last in self.entities[entity][1])

    def line(self, spans: Spans) -> str:
        """The line that a place stands in."""
        start = self.text.rfind("\n", 0, spans[0][0]) + 1
        end = self.text.find("\n", spans[0][1])
        return self.text[start : end if end >= 0 else len(self.text)].strip()

    def at(self, first: int, last: int, kinds: frozenset[str]) -> set[str]:
        """The entities of some kinds that overlap a stretch."""
        return {
            name
            for name, (kind, spans) in self.entities.items()
            if kind in kinds and overlaps(spans, first, last)
        }

    @cached_property
    def alike(self) -> dict[str, set[str]]:
        """For each entity those joined with it as alternatives, or as what it subsumes, in any number of steps."""
        links = [pair for group in self.either for pair in combinations(group, 2)]
        return closed([*links, *((one, other) for kind, one, other in self.relations if kind == "Subsumes")])

    @cached_property
    def linked(self) -> dict[str, set[str]]:
        """For each entity those that any chain of relations joins it with."""
        links = [pair for group in self.either for pair in combinations(group, 2)]
        return closed([*links, *((one, other) for _, one, other in self.relations)])

    @cached_property
    def chained(self) -> dict[str, set[str]]:
        """For each thing those that any chain of relations between things joins it with."""
        links = [pair for group in self.either for pair in combinations(group, 2)]
        links += [(one, other) for _, one, other in self.relations]
        return closed([pair for pair in links if all(self.is_thing(one) for one in pair)])

    def is_thing(self, entity: str) -> bool:
        """Whether an entity is a thing, and no attribute of one."""
        return entity in self.entities and self.entities[entity][0] in THINGS


def closed(links: list[tuple[str, str]]) -> dict[str, set[str]]:
    """The classes of an equivalence, by member."""
    classes: dict[str, set[str]] = {}
    for one, other in links:
        merged = classes.get(one, {one}) | classes.get(other, {other})
        for member in merged:
            classes[member] = merged
    return classes


def chia() -> list[Document]:
    """The development half of Chia."""
    packed_file = SHARED / "gold/chia-dev.without-scope.tar.zst"
    files: dict[str, str] = {}
    with packed_file.open("rb") as opened_file:
        raw = zstandard.ZstdDecompressor().stream_reader(opened_file)
        with tarfile.open(fileobj=raw, mode="r|") as packed:
            for member in packed:
                if member.isfile() and (opened := packed.extractfile(member)) is not None:
                    files[Path(member.name).name] = opened.read().decode("utf-8")
    found = []
    for name, text in sorted(files.items()):
        if not name.endswith(".txt"):
            continue
        document = Document(name[:11], name[12:15], text, {}, [], [])
        for line in files.get(name.replace(".txt", ".ann"), "").splitlines():
            read_annotation(document, line)
        found.append(document)
    return found


def read_annotation(document: Document, line: str) -> None:
    """Put one line of the stand-off format into a document."""
    parts = line.split("\t")
    if parts[0].startswith("T"):
        kind, _, places = parts[1].partition(" ")
        spans = [(int(one.split()[0]), int(one.split()[1])) for one in places.split(";")]
        document.entities[parts[0]] = (kind, spans)
    elif parts[0].startswith("R"):
        kind, first, second = parts[1].split()[:3]
        document.relations.append((kind, first.split(":")[1], second.split(":")[1]))
    elif parts[0] == "*":
        words = parts[1].split()
        if words[0] == "OR":
            document.either.append(words[1:])


def overlaps(spans: Spans, start: int, end: int) -> bool:
    """Whether a stretch overlaps one of some others."""
    return any(first < end and start < last for first, last in spans)


@dataclass(frozen=True)
class Place:
    """An atom of ours and where it stands in the document."""

    atom: Expr
    first: int
    last: int


@dataclass
class Ours:
    """What we read in a document: atoms by place, junctions between them, negated and timed ones."""

    places: list[Place] = field(default_factory=list)
    pairs: list[tuple[Place, Place, str]] = field(default_factory=list)
    negated: list[Place] = field(default_factory=list)
    windows: list[tuple[Place, Window]] = field(default_factory=list)
    intervals: list[tuple[int, int, Interval]] = field(default_factory=list)
    whole: set[tuple[int, int]] = field(default_factory=set)
    """The places of criteria: a window's interval has that of its criterion."""
    outcomes: list[Place] = field(default_factory=list)
    """Results that are read as negative."""


def read(document: Document) -> Ours:
    """Parse a document, and lay out what a comparison needs."""
    shift = len(HEAD[document.kind])
    found = parse_criteria(HEAD[document.kind] + document.text)
    ours = Ours(intervals=intervals(found, shift))
    for one in found.criteria:
        ours.whole.add((one.spans[0].start - shift, one.spans[0].end - shift))
        if one.modality is Modality.HEADER or not one.counts:
            continue
        inner = lay_out(one.expr, False, shift, ours)
        if one.guard is not None:
            before = lay_out(one.guard, False, shift, ours)
            ours.pairs.extend((first, second, "and") for first in before for second in inner)
    return ours


def lasting(expr: Expr) -> Window | None:
    """How long a thing has gone on, which is a measure of it here, as the time that it is there."""
    if not isinstance(expr, Quantity) or not is_a_length(expr) or not expr.unit:
        return None
    return Window("screening", Direction.BEFORE, expr.interval, expr.unit, anchor_assumed=True)


def lay_out(expr: Expr, negated: bool, shift: int, ours: Ours) -> list[Place]:
    """The places of an expression's atoms, everything about them put down."""
    if isinstance(expr, Alternatives):
        return lay_out(expr.readings[0], negated, shift, ours)
    below = children(expr)
    if not below:
        place = Place(expr, max(0, expr.span.start - shift), max(0, expr.span.end - shift))
        ours.places.append(place)
        if isinstance(expr, Result) and expr.outcome in {"negative", "undetectable"}:
            ours.outcomes.append(place)
        refused = isinstance(expr, Attestation) and not expr.affirmed
        if negated or refused:
            ours.negated.append(place)
        window = lasting(expr) or getattr(expr, "time", None)
        if window is not None and window.length is not None:
            ours.windows.append((place, window))
        return [place]
    groups = [
        lay_out(
            one,
            negated or isinstance(expr, Not) or (isinstance(expr, ExceptWhen) and place == 1),
            shift,
            ours,
        )
        for place, one in enumerate(below)
    ]
    kind = "or" if isinstance(expr, Or) else "and" if isinstance(expr, And | ExceptWhen) else ""
    for place, group in enumerate(groups if kind else ()):
        for other in groups[place + 1 :]:
            ours.pairs.extend((first, second, kind) for first in group for second in other)
    return [place for group in groups for place in group]


def score_chia(scores: dict[str, Score]) -> None:
    """Every task of Chia."""
    for document in chia():
        ours = read(document)
        score_values(document, ours, scores["(operator, value)"])
        score_names(document, ours, scores)
        for kind in ("or", "and"):
            score_pairs(document, ours, kind, scores[f"{kind.upper()} pairs, end to end"])
        score_negation(document, ours, scores["negation and exception"])
        score_times(document, ours, scores["time window attached"])


# --- values ---------------------------------------------------------------------------------------------------------

_OPERATOR = (
    (
        ">=",
        r"≥|>=|=>|>_|> or =|(?:more|greater|higher|older) than or equals?|equal to or above|at least|or (?:more|older|above|greater|higher|over)|and (?:older|above|over|up)|minimum|greater than or equal|no less than|not less than|equal to or greater",
    ),
    (
        "<=",
        r"≤|<=|=<|<_|< or =|less than (?:or )?equals?|up to|or (?:less|younger|below|lower|under)|maximum|less than or equal|no more than|not more than|no greater than|not greater than|not exceed|at most|within",
    ),
    (">", r">|greater than|more than|over|above|older than|exceed|higher than|longer than"),
    ("<", r"<|less than|under|below|younger than|lower than|fewer than"),
)


Side = tuple[str, str, Decimal]


_TIME_UNITS = re.compile(r"(?<![a-z])(day|week|month|year)")


def gold_value(said: str) -> set[Side] | None:
    """An annotated value's sides, by rules of the benchmark's own; None where it has no comparison."""
    said = re.sub(r"(?<=\d)(?:[,.]|, )(?=\d{3}(?!\d))", "", said.lower())
    said = re.sub(r"<\s*/?\s*(?:or)?\s*=|=\s*/?\s*<|[(]\s*≤\s*[)]", "≤", said)
    said = re.sub(r">\s*/?\s*(?:or)?\s*=|=\s*/?\s*>|[(]\s*≥\s*[)]|at/above|than/equals to", "≥", said)
    said = re.sub(r"(?<=\d),(?=\d)", ".", said)
    said = re.sub(r"\b(and|to) ?- ?(?=\d)", r"\1 −", said)  # `between 0 and -4`
    numbers = [
        Decimal(one.replace("−", "-"))
        for one in re.findall(
            r"(?<![a-z^\d.])−?\d+(?:\.\d+)?",
            re.sub(r"1\.73|10\s?\^\s?\d+|10\*\d|/mm3|m2|x\s?10\d?|10e\d", " ", said),
        )
    ]
    if not numbers:
        return None
    either = re.search(
        r"\bor\b(?! (?:more|older|above|greater|higher|over|equal|less|younger|below|lower|under|fewer|=))",
        said,
    )
    if (
        len(numbers) == 2
        and not either
        and ("between" in said or re.search(r"\d[^\d,;]*?(?:-|to|and|~|<|≤|,\s*<|,\s*≤)[^\d]*\d", said))
    ):
        low, high = numbers if len(set(_TIME_UNITS.findall(said))) == 2 else sorted(numbers)
        first = re.match(r"\W*(?:<|less than|below|under)", said)
        if first and re.search(r"\d[^\d]*(?:and|or)[^\d]*(?:>|more than|above|over)[^\d]*\d", said):
            return {("upper", "", numbers[0]), ("lower", "", numbers[1])}
        return {("lower", "", low), ("upper", "", high)}
    if len(numbers) > 1:
        parts = re.split(r",|;|\(", said)
        if either or len(parts) == 1:
            return None
        return {side for part in parts for side in gold_value(part) or ()} or None
    for operator, pattern in _OPERATOR:
        if re.search(pattern, said):
            return {("lower" if ">" in operator else "upper", operator[1:], numbers[0])}
    return None


def our_sides(interval: Interval) -> set[Side]:
    """The sides of an interval of ours; both bounds of a range with and without themselves."""
    low, high = interval.lower, interval.upper
    sides: set[Side] = set()
    if low is not None and not (low == 0 and high is not None):
        sides.add(("lower", "=" if interval.lower_inclusive else "", low))
    if high is not None and low != high:
        sides.add(("upper", "=" if interval.upper_inclusive else "", high))
    return sides


def intervals(found: CriterionSet, shift: int) -> list[tuple[int, int, Interval]]:
    """Every interval of ours and its place; a window has that of its criterion."""
    out = []
    for one in found.criteria:
        said = [*atoms(one.expr), *(atoms(one.guard) if one.guard is not None else ())]
        for atom in said:
            interval = getattr(atom, "interval", None)
            if interval is not None:
                out.append((atom.span.start - shift, atom.span.end - shift, interval))
            window = lasting(atom) or getattr(atom, "time", None)
            if window is not None and window.length is not None:
                out.append((one.spans[0].start - shift, one.spans[0].end - shift, window.length))
    return out


def score_values(document: Document, ours: Ours, score: Score) -> None:
    """Annotated comparisons against the intervals read there."""
    matched: list[int] = []
    denied = {
        one
        for kind, one, other in document.relations
        if kind == "Has_negation" and document.entities.get(other, ("",))[0] == "Negation"
    }
    named = sorted(
        ((spans, name) for name, (kind, spans) in document.entities.items() if kind == "Value"),
        key=lambda one: one[0][-1],
    )
    values = [spans for spans, _ in named]
    for spans, name in named:
        said = " ".join(document.text[first:last] for first, last in spans)
        gold = gold_value(said)
        if gold is not None and name in denied and len(gold) == 1:
            gold = turned(gold)
        if gold is None:
            continue
        near = [
            (first, last, our_sides(one))
            for first, last, one in ours.intervals
            if overlaps(spans, first, last)
        ]
        steps = any(
            isinstance(one.atom, Ordinal) and overlaps(spans, one.first, one.last) for one in ours.places
        )
        direct = [one for one in near if (one[0], one[1]) not in ours.whole]
        if steps and not direct and not any(holds(gold, sides) for _, _, sides in near):
            continue
        start = spans[-1][0]
        again = document.text[:start].rstrip()[-1:] == "(" and any(0 <= start - end < 4 for end in matched)
        if again and not any(holds(gold, sides) for _, _, sides in near):
            continue
        score.gold += 1
        if not near:
            score.errors.append(f"missed {said!r} in {document.line(spans)[:140]!r}")
            continue
        score.answered += 1
        near += outside(near)
        if len(set(_TIME_UNITS.findall(said.lower()))) == 2:
            near += across(near)
        there = [
            (first, last, sides)
            for first, last, sides in near
            if holds(gold, sides) and all(known_side(document, values, first, last, side) for side in sides)
        ]
        if there:
            score.right += 1
            score.found += 1
            matched.append(spans[-1][1])
        else:
            score.errors.append(
                f"gold {said!r}, ours {[sides for _, _, sides in near][:2]} in {document.line(spans)[:140]!r}"
            )


def turned(gold: set[Side]) -> set[Side]:
    """The other side of a number: what is not more than 4 is at most 4."""
    return {
        ("upper" if side == "lower" else "lower", "" if sign == "=" else "=", number)
        for side, sign, number in gold
    }


def across(near: list[tuple[int, int, set[Side]]]) -> list[tuple[int, int, set[Side]]]:
    """Two intervals of ours, each with one end, as the range that they are together."""
    return [
        (min(one[0], other[0]), max(one[1], other[1]), one[2] | other[2])
        for one, other in combinations(near, 2)
        if len(one[2]) == len(other[2]) == 1
        and {side for side, _, _ in one[2] | other[2]} == {"lower", "upper"}
    ]


def outside(near: list[tuple[int, int, set[Side]]]) -> list[tuple[int, int, set[Side]]]:
    """Two intervals of ours that leave out what is between them, as one."""
    return [
        (min(one[0], other[0]), max(one[1], other[1]), one[2] | other[2])
        for one, other in combinations(near, 2)
        for upper in one[2] | other[2]
        for lower in one[2] | other[2]
        if upper[0] == "upper"
        and lower[0] == "lower"
        and upper[2] < lower[2]
        and len(one[2]) == len(other[2]) == 1
    ]


def holds(gold: set[Side], ours: set[Side]) -> bool:
    """Whether every side of the gold is among ours; those of a range hold with or without the bound."""
    loose = {(side, number) for side, _, number in ours}
    is_range = len(gold) > 1 or len(ours) > 1
    gold = {side for side in gold if side[0] == "upper" or side[2] != 0}
    loose |= {(side, number / 12) for side, number in loose}
    return all(
        (side, number) in loose if is_range else (side, sign, number) in ours for side, sign, number in gold
    )


def known_side(document: Document, values: list[Spans], first: int, last: int, side: Side) -> bool:
    """Whether a side of ours is written in an annotated value at its place."""
    return any(
        {side[2], side[2] / 12}
        & {number for _, _, number in gold_value(" ".join(document.text[a:b] for a, b in spans)) or ()}
        for spans in values
        if overlaps(spans, first, last)
    )


# --- names ----------------------------------------------------------------------------------------------------------


def kinds_of(atom: Expr) -> frozenset[str]:
    """The kinds of entity that an atom may stand for."""
    if isinstance(atom, Concept):
        return frozenset({"Condition", "Drug"}) if atom.domain == "allergy" else frozenset({"Condition"})
    if isinstance(atom, Exposure):
        if atom.kind == "treatment":
            return frozenset({"Drug", "Procedure"})
        is_drug = atom.kind in {"drug", "class", "cells", "vaccine", "nutrition", "substance"}
        return frozenset({"Drug" if is_drug else "Device" if atom.kind == "device" else "Procedure"})
    if isinstance(atom, Quantity | Ordinal | Result):
        return frozenset({"Measurement"})
    return frozenset()


def score_names(document: Document, ours: Ours, scores: dict[str, Score]) -> None:
    """Entities and atoms of one kind that overlap."""
    for name in ("Condition", "Drug", "Procedure", "Measurement"):
        score = scores[f"names of kind {name}, relaxed"]
        same = [place for place in ours.places if name in kinds_of(place.atom)]
        for kind, spans in document.entities.values():
            if kind != name:
                continue
            score.gold += 1
            if any(overlaps(spans, one.first, one.last) for one in same):
                score.found += 1
            else:
                said = " ".join(document.text[first:last] for first, last in spans)
                score.errors.append(f"missed {said!r} in {document.line(spans)[:120]!r}")
        for one in same:
            right = bool(document.at(one.first, one.last, frozenset({name})))
            other = kinds_of(one.atom) - {name}
            unread = document.at(one.first, one.last, UNREAD)
            if not right and (unread or (other and document.at(one.first, one.last, other))):
                continue
            score.answered += 1
            score.right += right
            if not right:
                score.errors.append(
                    f"not annotated {document.text[one.first : one.last]!r} in {document.line([(one.first, one.last)])[:120]!r}"
                )


# --- junctions, negation, times ---------------------------------------------------------------------------------------


def gold_pairs(document: Document, kind: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The pairs of things that are joined so by name, and those that follow; both ways round."""
    named: set[tuple[str, str]] = set()
    if kind == "or":
        for group in document.either:
            named |= {
                pair
                for pair in combinations(group, 2)
                if all(one in document.entities and document.entities[one][0] in THINGS for one in pair)
            }
    else:
        named = {
            (one, other)
            for which, one, other in document.relations
            if which == "AND"
            and all(
                part in document.entities and document.entities[part][0] in THINGS for part in (one, other)
            )
        }
    alike = document.alike
    joined: dict[str, set[str]] = {}
    for which, one, other in document.relations:
        if which == "AND":
            joined.setdefault(one, set()).add(other)
            joined.setdefault(other, set()).add(one)
    follows: set[tuple[str, str]] = set()
    for one, other in named:
        near, far = alike.get(one, {one}), alike.get(other, {other})
        if kind == "or":
            near = far = near | {also for member in near for also in joined.get(member, ())}
        follows |= {(first, second) for first in near for second in far if first != second}
    both = {(second, first) for first, second in follows}
    return named, follows | both


def through(document: Document, named: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of "A or B", "B and C" and "C or D": A and D, both ways round."""
    alike = document.alike
    joined: dict[str, set[str]] = {}
    for which, one, other in document.relations:
        if which == "AND":
            joined.setdefault(one, set()).add(other)
            joined.setdefault(other, set()).add(one)
    found = {
        (first, second)
        for one in {member for pair in named for member in pair}
        for partner in joined.get(one, ())
        for first in alike.get(one, {one}) - {one}
        for second in alike.get(partner, {partner}) - {partner}
    }
    return found | {(second, first) for first, second in found}


def score_pairs(document: Document, ours: Ours, kind: str, score: Score) -> None:
    """Pairs of things in one junction."""
    named, follows = gold_pairs(document, kind)
    mine = [(one, other) for one, other, which in ours.pairs if which == kind]
    placed = {place: document.at(place.first, place.last, THINGS) for pair in mine for place in pair}
    met: set[tuple[str, str]] = set()
    unsaid = through(document, named) if kind == "or" else set()
    subsumed = {
        pair
        for which, one, other in document.relations
        if which not in {"AND"}
        for pair in ((one, other), (other, one))
    }
    for one, other in mine:
        pairs = {(first, second) for first in placed[one] for second in placed[other]}
        met |= pairs
        if not pairs or any(first == second for first, second in pairs):
            continue
        if pairs & follows:
            score.answered += 1
            score.right += 1
            continue
        if pairs & (subsumed | unsaid) or not any(
            second in document.chained.get(first, ()) for first, second in pairs
        ):
            continue
        siblings = any(second in document.alike.get(first, ()) for first, second in pairs)
        if kind == "or" and siblings:
            continue
        score.answered += 1
        score.errors.append(
            f"not joined {document.text[one.first : one.last][:40]!r} | {document.text[other.first : other.last][:40]!r} in "
            f"{document.line([(one.first, one.last)])[:140]!r}"
        )
    allergies = [
        place for place in ours.places if isinstance(place.atom, Concept) and place.atom.domain == "allergy"
    ]
    whole = [
        document.at(place.first, place.last, THINGS)
        for place in ours.places
        if isinstance(place.atom, Concept | Exposure | Result)
    ]
    for first, second in named:
        score.gold += 1
        within = kind == "and" and (
            any(
                overlaps(document.entities[one][1], place.first, place.last)
                for place in allergies
                for one in (first, second)
            )
            or any({first, second} <= entities for entities in whole)
            or is_had(document, ours, first, second)
        )
        if (first, second) in met or (second, first) in met or within:
            score.found += 1
        else:
            score.errors.append(
                f"missed {document.said(first)!r} | {document.said(second)!r} in {document.line(document.entities[first][1])[:140]!r}"
            )


_HAD = re.compile(
    r"\W*(?:(?:ongoing|current|previous|prior|concomitant|chronic|long-?term|any|the|systemic|past|regular|concurrent|drug)\s+)*"
    r"(?:treatments?|therap(?:y|ies)|use|usage|intake|administration|exposure|receipt|history|medications?|treated)\W*",
    re.IGNORECASE,
)


def is_had(document: Document, ours: Ours, first: str, second: str) -> bool:
    """Whether one of two things only says that the other is had (`treatment with X`, `history of Y`): one atom here."""
    head, rest = sorted((first, second), key=lambda one: document.entities[one][1][0])
    between = document.text[document.entities[head][1][-1][1] : document.entities[rest][1][0][0]]
    if not _HAD.fullmatch(document.said(head)) or not _WITHIN_A_PHRASE.fullmatch(between):
        return False
    return any(
        isinstance(place.atom, Concept | Exposure)
        and overlaps(document.entities[rest][1], place.first, place.last)
        for place in ours.places
    )


_WITHIN_A_PHRASE = re.compile(
    r"\s*(?:(?:of|to|with|for|from|by|in|on|against|any|the|a|an|other|previous|prior|test|study)\b\s*){1,4}"
)
_DENYING = re.compile(
    r"\b(?:no|not|non|without|absence|free|never|none|neither|other than|except\w*|excluding|unless|lack\w*)\b",
    re.IGNORECASE,
)


def phrases(document: Document) -> dict[str, set[str]]:
    """For each thing those joined with it that follow it behind prepositions alone."""
    found: dict[str, set[str]] = {}
    links = [(one, other) for _, one, other in document.relations]
    links += [pair for group in document.either for pair in combinations(group, 2)]
    for pair in links:
        if not all(one in document.entities and document.entities[one][0] in THINGS for one in pair):
            continue
        head, rest = sorted(pair, key=lambda one: document.entities[one][1][0])
        between = document.text[document.entities[head][1][-1][1] : document.entities[rest][1][0][0]]
        if _WITHIN_A_PHRASE.fullmatch(between):
            found.setdefault(head, set()).update(document.alike.get(rest, {rest}))
    return found


def score_negation(document: Document, ours: Ours, score: Score) -> None:
    """Negated things."""
    targets = {
        one
        for kind, one, _ in document.relations
        if kind == "Has_negation" and one in document.entities and document.entities[one][0] in THINGS
    }
    marked = {document.line(spans) for kind, spans in document.entities.values() if kind == "Negation"}
    loose = {
        document.line(spans)
        for name, (kind, spans) in document.entities.items()
        if kind == "Negation"
        and not any(which == "Has_negation" and other == name for which, _, other in document.relations)
    }
    places = [(place, document.at(place.first, place.last, THINGS)) for place in ours.negated]
    had = {
        one
        for place in ours.places
        if place not in ours.negated
        for one in document.at(place.first, place.last, THINGS)
    }
    negative = {one for place in ours.outcomes for one in document.at(place.first, place.last, THINGS)}
    behind = {head: rest for head, rest in phrases(document).items() if head not in had}
    holds_too = {also for one in targets for also in document.alike.get(one, {one}) | behind.get(one, set())}
    for one in sorted(targets):
        score.gold += 1
        wanted = {one, *behind.get(one, set())}
        if (
            one in negative
            or any(wanted & entities for _, entities in places)
            or is_choice(document, ours, one)
        ):
            score.found += 1
        elif is_stated(document, ours, one):
            score.gold -= 1
        else:
            score.errors.append(
                f"missed {document.said(one)!r} in {document.line(document.entities[one][1])[:160]!r}"
            )
    statements = Attestation | Judgement | Trialwise | Opaque
    for place, entities in places:
        line = document.line([(place.first, place.last)])
        right = bool(entities & holds_too)
        unmarked = line in loose or isinstance(place.atom, statements) or is_unmarked(document, place, marked)
        if not entities or (not right and unmarked):
            continue
        score.answered += 1
        score.right += right
        if not right:
            score.errors.append(f"not negated {document.text[place.first : place.last]!r} in {line[:160]!r}")


def is_stated(document: Document, ours: Ours, entity: str) -> bool:
    """Whether a statement of ours has a thing together with the word that denies it (`disease that precludes surgery`)."""
    words = [
        spans
        for kind, one, other in document.relations
        if kind == "Has_negation" and one == entity and other in document.entities
        for spans in [document.entities[other][1]]
    ]
    return any(
        isinstance(place.atom, Attestation | Judgement)
        and overlaps(document.entities[entity][1], place.first, place.last)
        and any(overlaps(spans, place.first, place.last) for spans in words)
        for place in ours.places
    )


_UNLESS = re.compile(r"\b(?:unless|except)\b", re.IGNORECASE)


def is_choice(document: Document, ours: Ours, entity: str) -> bool:
    """Whether an exception of what is required is a choice beside it here (`A unless B` is met by B as well)."""
    denying = [
        document.entities[other][1]
        for kind, one, other in document.relations
        if kind == "Has_negation" and one == entity and other in document.entities
    ]
    spans = document.entities[entity][1]
    starts = [
        places[0][0] for places in denying if _UNLESS.search(document.text[places[0][0] : places[-1][1]])
    ]
    return any(
        kind == "or"
        and first.last <= start
        and overlaps(spans, second.first, second.last)
        and start <= second.first
        for first, second, kind in ours.pairs
        for start in starts
    )


def is_unmarked(document: Document, place: Place, marked: set[str]) -> bool:
    """Whether a thing stands behind a word of negation in a line of which nobody marked any negation."""
    if document.line([(place.first, place.last)]) in marked:
        return False
    start = document.text.rfind("\n", 0, place.first) + 1
    return _DENYING.search(document.text[start : place.first]) is not None


_ONE_UNIT = re.compile(
    r"\b(?:last|past|previous|prior|preceding|a|an|within the)\s+(?:day|week|month|year)\b", re.IGNORECASE
)


def numbers_in(said: str) -> set[Decimal]:
    """The numbers of a stretch of time, in digits or words; `a year` is one."""
    found = {Decimal(one) for one in re.findall(r"\d+(?:\.\d+)?", said)}
    words = re.findall(r"[a-z]+", said.lower())
    found |= {NUMBER_WORDS[word] for word in words if word in NUMBER_WORDS}
    return found or ({Decimal(1)} if _ONE_UNIT.search(said) else set())


def score_times(document: Document, ours: Ours, score: Score) -> None:
    """Things with a window of time."""
    wanted: dict[str, set[Decimal]] = {}
    joined = set()
    for kind, one, other in document.relations:
        if kind == "Has_temporal" and one in document.entities and other in document.entities:
            joined.add(other)
            numbers = numbers_in(document.said(other))
            if numbers and document.entities[one][0] in THINGS - {"Person"}:
                wanted.setdefault(one, set()).update(numbers)
    holds_too = {also: numbers for one, numbers in wanted.items() for also in document.linked.get(one, {one})}
    loose = {
        document.line(spans)
        for name, (kind, spans) in document.entities.items()
        if kind == "Temporal" and name not in joined
    }
    mine = [
        (place, window, document.at(place.first, place.last, THINGS - {"Person"}))
        for place, window in ours.windows
    ]
    stated = [place for place in ours.places if isinstance(place.atom, Attestation | Judgement)]
    for one, numbers in wanted.items():
        if any(overlaps(document.entities[one][1], place.first, place.last) for place in stated):
            continue
        score.gold += 1
        same = document.linked.get(one, {one})
        if any(entities & same and agrees(window, numbers) for _, window, entities in mine):
            score.found += 1
        else:
            score.errors.append(
                f"missed {document.said(one)!r} @ {sorted(map(str, numbers))} in {document.line(document.entities[one][1])[:160]!r}"
            )
    for place, window, entities in mine:
        line = document.line([(place.first, place.last)])
        right = any(agrees(window, holds_too[one]) for one in entities if one in holds_too)
        if not entities or (not right and line in loose):
            continue
        score.answered += 1
        score.right += right
        if not right:
            score.errors.append(f"not timed {document.text[place.first : place.last]!r} in {line[:160]!r}")


def agrees(window: Window, numbers: set[Decimal]) -> bool:
    """Whether a window has one of the numbers."""
    length = window.length
    own = {length.lower, length.upper} if length is not None else set()
    return bool((own | {window.or_half_lives}) & numbers) or (Decimal(1) in own and not numbers)


# --- Facebook ---------------------------------------------------------------------------------------------------------


def with_numbers(text: str) -> str:
    """The text with 1, 2, 3 … for its place-holders."""
    parts = text.split("@NUMBER")
    return parts[0] + "".join(f"{place}{part}" for place, part in enumerate(parts[1:], 1))


def score_facebook(scores: dict[str, Score]) -> None:
    """Lines in lower case with @NUMBER for numbers; a place-holder is put in, the side of each bound compared."""
    score = scores["side of a bound, Facebook lower/upper"]
    for raw in lines_of("gold/fb-ner-dev.tsv.zst"):
        labels, _, text = raw.decode("utf-8").rstrip("\n").partition("\t")
        found, steps = None, False
        for label in labels.split(","):
            parts = label.split(":")
            if len(parts) != 3 or parts[2] not in {"lower_bound", "upper_bound"}:
                continue
            if found is None:
                line = with_numbers(text)
                read_set = parse_criteria("Inclusion Criteria:\n\n" + line)
                found = [one for _, _, one in intervals(read_set, 0)]
                steps = any(
                    isinstance(atom, Ordinal) for one in read_set.criteria for atom in atoms(one.expr)
                )
            if steps and not found:
                continue  # steps of a scale are a set here
            score.gold += 1
            if not found:
                score.errors.append(f"missed in {text[:120]!r}")
                continue
            score.answered += 1
            side = parts[2].removesuffix("_bound")
            if any(getattr(one, side) is not None for one in found):
                score.right += 1
                score.found += 1
            else:
                score.errors.append(f"{side} bound not seen in {text[:120]!r}")
