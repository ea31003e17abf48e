"""The criteria's own tagging turned on a sentence of a narrative: the same tables, numbers, units, scales and cues.

The logic of criteria is left out: a narrative says what is, and `patient/note.py` reads its negations, times and persons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    Attestation,
    Basis,
    Biomarker,
    Concept,
    Exposure,
    Expr,
    Interval,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
    Trialwise,
)
from trialist.criteria.open_words import recognise
from trialist.criteria.piece import Piece
from trialist.criteria.pieces import read_pieces
from trialist.criteria.tokens import tokenise
from trialist.evaluation.terms import class_of_drug, is_loose, plain_verbs
from trialist.patient.extents import ValueRange
from trialist.patient.facts import FactKind
from trialist.patient.terms import Mention

CUES = frozenset(
    {
        "negation", "positive", "negative", "history", "current", "planned", "certainty", "family", "allergy", "status", "severity",
        "route", "exception",
    }
)  # fmt: skip
_LONGEST_SENTENCE = 4000


def tag_sentence(sentence: str) -> tuple[Mention, ...]:
    """The things and cues of a sentence, from left to right."""
    if len(sentence) > _LONGEST_SENTENCE:
        return ()
    tokens = tokenise(sentence)
    if not tokens:
        return ()
    clause = Clause(tokens, sentence, Span)
    pieces = read_pieces(clause)
    asked = next((one for one in pieces if isinstance(one.expr, Attestation)), None)
    if asked is not None and asked.last - asked.first > 1:
        # "heart failure takes furosemide": a narrative asks for no abilities, so the words are read for themselves.
        cut = tokens[asked.first].end
        behind = (
            replace(one, start=one.start + cut, end=one.end + cut) for one in tag_sentence(sentence[cut:])
        )
        return (*tag_sentence(sentence[:cut]), *behind)
    found = list(_mentions(clause, pieces))
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def _mentions(clause: Clause, pieces: Sequence[Piece]) -> Iterator[Mention]:
    waiting: list[Piece] = []
    for piece in pieces:
        if piece.kind == "word" and piece.text[:1].isalpha():
            if waiting and waiting[-1].last != piece.first:
                yield from _open(clause, waiting)
                waiting = []
            waiting.append(piece)
            continue
        yield from _open(clause, waiting)
        waiting = []
        start, end = clause.tokens[piece.first].start, clause.tokens[piece.last - 1].end
        if piece.kind in CUES:
            yield Mention(start, end, clause.text[start:end], cue=piece.kind)
        elif piece.kind == "measure":
            yield Mention(start, end, clause.text[start:end], cue="measure", id=piece.entry_id)
        elif piece.expr is not None:
            yield from _thing(piece.expr, start, end, clause.text)
    yield from _open(clause, waiting)


def _open(clause: Clause, words: Sequence[Piece]) -> Iterator[Mention]:
    """Words in no table that look like the name of a disease, drug or operation: the longest run that does."""
    verb = max((place for place, one in enumerate(words) if one.text in plain_verbs()), default=-1)
    for first in range(verb + 1, len(words)):
        part = words[first:]
        start, end = clause.tokens[part[0].first].start, clause.tokens[part[-1].last - 1].end
        surface = clause.text[start:end]
        expr = recognise([one.text for one in part], surface, Span(start, end), "")
        drug_class = class_of_drug(part[-1].text) if len(part) == 1 else ""
        if drug_class:
            yield Mention(start, end, surface, FactKind.EXPOSURE, broader=drug_class, domain="drug")
            return
        if expr is not None and (len(part) <= 4 or first == len(words) - 1):
            yield from _thing(expr, start, end, clause.text)
            return


def _thing(expr: Expr, start: int, end: int, text: str) -> Iterator[Mention]:
    surface = text[start:end]
    match expr:
        case Quantity(basis=Basis.ABSOLUTE | Basis.PERCENT_PREDICTED) if expr.variable:
            value = value_range(expr.interval)
            unit = "" if "unit" in expr.assumed else expr.unit
            yield Mention(start, end, surface, FactKind.MEASUREMENT, id=expr.variable, value=value, unit=unit)
        case Quantity():
            yield Mention(
                start, end, surface, cue="multiple", id=expr.variable, value=value_range(expr.interval)
            )
        case Ordinal():
            if expr.scale != "ctcae" or "scale" not in expr.assumed:
                yield Mention(start, end, surface, FactKind.GRADE, id=expr.scale, steps=expr.allowed)
        case Concept():
            loose = is_loose(surface)
            yield Mention(
                start,
                end,
                surface,
                FactKind.CONDITION,
                id="" if loose else expr.concept_id,
                broader="" if loose else expr.broader,
            )
        case Exposure():
            yield Mention(
                start,
                end,
                surface,
                FactKind.EXPOSURE,
                id=expr.concept_id,
                broader=expr.broader,
                domain=expr.kind,
            )
        case Result():
            yield Mention(start, end, surface, FactKind.RESULT, id=expr.test, outcome=expr.outcome)
        case Biomarker():
            yield Mention(start, end, surface, FactKind.BIOMARKER, id=expr.gene, outcome=expr.variant)
        case ReproState():
            yield Mention(start, end, surface, FactKind.STATE, id=expr.state)
        case Trialwise():
            yield Mention(start, end, surface, FactKind.TRIAL, id=expr.kind)
        case _:
            parts = getattr(expr, "of", ())
            for one in parts if isinstance(parts, tuple) else ():
                yield from _thing(one, start, end, text)


def value_range(interval: Interval) -> ValueRange:
    """A criterion's interval as what is known of a value."""
    return ValueRange(interval.lower, interval.upper, interval.lower_inclusive, interval.upper_inclusive)
