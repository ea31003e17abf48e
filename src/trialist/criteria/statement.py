"""One item of a text → its reading: modality, population, guard, expression, defects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from trialist.criteria.beside import completed
from trialist.criteria.caseless import Low
from trialist.criteria.clause import Clause
from trialist.criteria.computability import computability, confidence
from trialist.criteria.criterion import Computability, Defect, Modality, Polarity, Population
from trialist.criteria.doubts import all_denied, guarded, with_doubt
from trialist.criteria.guards import inner_guard, population_of, read_guard
from trialist.criteria.logic import Reader
from trialist.criteria.modality import (
    NOBODY,
    asks_in_a_note,
    can_stand,
    is_permission,
    modality_of,
    patterns,
    reach_in,
    says_who,
)
from trialist.criteria.no_limits import of_both_sexes, without_false_limits
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Demographic,
    ExceptWhen,
    Expr,
    Not,
    Opaque,
    Or,
    Span,
    atoms,
    conjuncts,
    join_all,
    join_any,
)
from trialist.criteria.normalise import Normalised
from trialist.criteria.of_whom import below_its_heading
from trialist.criteria.permissions import (
    CONDITIONAL,
    SHUT_OUT,
    Reach,
    is_conditional,
)
from trialist.criteria.pieces import pieces_in_steps
from trialist.criteria.quick import quick
from trialist.criteria.render import render
from trialist.criteria.sections import item_scope, old_topic
from trialist.criteria.split import Item
from trialist.criteria.steps import Steps
from trialist.criteria.tokens import Token, tokenise
from trialist.criteria.witness import Witness, asks_one_sex, settle_age

_MOST_TOKENS = 700
# Several `Chemotherapy: … Surgery: …` in one line: topics whose line ends were lost, each with a rule of its own.
_TOPICS_FROM = 18


_TOPIC = re.compile(r"(?<=[\w.)] )[A-Z][a-z]+(?: [a-z]+){0,2}: ")
# `If female, may participate if she is not pregnant`
_MAY_IF = re.compile(
    r"(?:(?:she|he|they|patients?|subjects?|participants?) )?(?:may|can) (?:only )?(?:participate|enroll?|take part|be (?:included|enroll?ed|eligible))(?: in (?:the|this) (?:study|trial))? (?:only )?if(?: (?:she|he|they) (?:is|are)| (?:she|he|they)\b)?[ :]*",
    re.IGNORECASE,
)


@quick
@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in an item."""

    expr: Expr
    plain: str
    modality: Modality
    population: Population
    guard: Expr | None
    defects: tuple[Defect, ...]
    notes: tuple[str, ...]
    computability: Computability
    confidence: float
    understood: bool
    stated: bool = True
    incomplete: bool = False


def read_item(normalised: Normalised, item: Item, witness: Witness, topic: str) -> Steps[Reading]:
    """An item of a text → its reading, in steps that the items of a text take together."""
    text = normalised.text
    said = text[item.start : item.end]
    locate = _locator(normalised, item)
    low = normalised.low.part(item.start, item.end)
    population = population_of(said, item, low)
    permits = is_permission(low)
    modality = modality_of(low, item.polarity, permits)
    incomplete = can_stand("incomplete", low) and bool(patterns()["incomplete"].of(low).search(low.text))
    guard, start = read_guard(normalised, item)
    if guard is None or start == item.start:
        behind = item_scope(said)[1] or old_topic(said)
        guard, start = (None, item.start + behind) if behind and guard is None else (guard, start)
    asked = _MAY_IF.match(text, start, item.end) if guard is not None else None
    if asked is not None and item.polarity is Polarity.INCLUSION:
        modality, start = Modality.REQUIRED, asked.end()
    clause = Clause(
        tokenise(text, start, item.end),
        text,
        locate,
        _topic_tokens(topic),
        topic,
        item.polarity is Polarity.EXCLUSION,
        small=normalised.low,
    )
    yield
    denied = _denied(clause, item, low, start)
    if denied is not None:  # `… are not eligible`
        clause.tokens = [token for token in clause.tokens if token.end <= denied.start()]
    modality, expr = yield from _statement(clause, item, low, modality, permits)
    yield
    place = locate(item.start, item.end)
    if expr is not None and denied is not None and item.polarity is Polarity.INCLUSION:
        expr = all_denied(clause, Not(expr), said, place)
    if expr is not None and item.polarity is Polarity.INCLUSION:
        expr = _settled(clause, expr, witness, Opaque(said, place))
    if (
        modality is Modality.PERMISSIVE
        and item.polarity is Polarity.INCLUSION
        and expr is not None
        and _asks_age(expr)
    ):
        modality = Modality.REQUIRED
    if guard is None and item.polarity is Polarity.INCLUSION and isinstance(expr, And):
        guard, expr = inner_guard(expr)
    expr = guarded(clause, guard, expr, said, place)
    if population is Population.PATIENT:
        guard, expr = below_its_heading(clause, item, topic, place, (guard, expr))
    understood = expr is not None
    expr = Opaque(said, place) if expr is None else expr
    yield
    defects = _defects(normalised, clause, item, witness, incomplete)
    return Reading(
        expr=expr,
        plain=_plain(expr, guard),
        modality=modality,
        population=population,
        guard=guard,
        defects=defects,
        notes=tuple(dict.fromkeys(clause.rules)),
        computability=computability(expr, incomplete),
        confidence=confidence(expr, defects, item.stated),
        understood=understood,
        stated=item.stated,
        incomplete=incomplete,
    )


def _locator(normalised: Normalised, item: Item) -> Callable[[int, int], Span]:
    """What finds the raw span of a stretch of an item."""
    shift = normalised.shift(item.start, item.end)
    begins, ends = item.start, item.end

    def locate(start: int, end: int) -> Span:
        if shift is not None and begins <= start <= end <= ends and begins < end:
            return Span(start + shift, end + shift)
        first = normalised.raw_start(start)
        return Span(first, max(first, normalised.raw_end(end)))

    return locate


def _denied(clause: Clause, item: Item, low: Low, start: int) -> re.Match[str] | None:
    """The end of an item that denies what stands before it (`… are not eligible`); of several sentences it denies the last alone."""
    if low.is_small and not ("not" in low.text or "ineligible" in low.text or "excluded" in low.text):
        return None  # without one of these there is no such end
    found = SHUT_OUT.search(clause.text, start, item.end)
    if found is not None and item.polarity is Polarity.INCLUSION and _has_sentences(clause, found.start()):
        return None
    return found


def _has_sentences(clause: Clause, end: int) -> bool:
    """Whether a sentence ends before a place of the text."""
    return any(token.text == "." for token in clause.tokens if token.end < end)


@lru_cache(256)
def _topic_tokens(topic: str) -> tuple[Token, ...]:
    """The first tokens of what stands above an item; many items share it."""
    return tuple(tokenise(topic)[:12])


def _settled(clause: Clause, expr: Expr, witness: Witness, whole: Opaque) -> Expr:
    """What is required, as the registry's fields have it; beside it the words, where it asks one sex of both."""
    expr = settle_age(expr, witness)
    if not asks_one_sex(expr, witness):
        return expr
    clause.rules.append("doubt/one_sex_of_all")
    readings = expr.readings if isinstance(expr, Alternatives) else (expr,)
    return Alternatives((*readings, whole))


def _asks_age(expr: Expr) -> bool:
    """Whether an age is asked for: "age 4 or older will be allowed" limits, however kindly it is said."""
    choices = [one for part in conjuncts(expr) for one in (part.of if isinstance(part, Or) else (part,))]
    return any(isinstance(one, Demographic) and one.kind == "age" for one in choices)


def with_expr(reading: Reading, expr: Expr, modality: Modality | None = None) -> Reading:
    """The reading with another expression, and all that follows from it."""
    return replace(
        reading,
        expr=expr,
        plain=_plain(expr, reading.guard),
        modality=modality or reading.modality,
        computability=computability(expr, reading.incomplete),
        confidence=confidence(expr, reading.defects, reading.stated),
    )


def _plain(expr: Expr, guard: Expr | None) -> str:
    return render(expr) if guard is None else f"if {render(guard)}: {render(expr)}"


def _expression(clause: Clause, item: Item) -> Steps[Expr | None]:
    """The expression of a clause; None when nothing in it says anything.

    What is very long is read sentence by sentence; a sentence that is still too long stays opaque.
    """
    if len(clause.tokens) > _TOPICS_FROM and len(_TOPIC.findall(clause.text, item.start, item.end)) >= 3:
        return Opaque(clause.said(0, len(clause.tokens)), clause.span(0, len(clause.tokens)))
    if len(clause.tokens) <= _MOST_TOKENS:
        return (yield from _read(clause, item))
    parts: list[Expr] = []
    first = 0
    for place, token in enumerate([*clause.tokens, None]):
        if token is not None and token.text not in {".", ";"}:
            continue
        tokens = clause.tokens[first:place]
        first = place + 1
        if not tokens:
            continue
        sentence = replace(clause, tokens=tokens)
        is_long = len(tokens) > _MOST_TOKENS
        found = (
            Opaque(sentence.said(0, len(tokens)), sentence.span(0, len(tokens)))
            if is_long
            else (yield from _read(sentence, item))
        )
        parts += [] if found is None else [found]
    if not parts:
        return None
    return join_any(parts) if item.polarity is Polarity.EXCLUSION else join_all(parts)


def _read(clause: Clause, item: Item) -> Steps[Expr | None]:
    if not clause.tokens:
        return None
    excludes = item.polarity is Polarity.EXCLUSION
    everybody = of_both_sexes(clause)
    if everybody is not None:
        return everybody
    pieces = yield from pieces_in_steps(clause)
    yield
    expr = Reader(clause, lists_any=excludes).read(pieces)
    if expr is None:
        return None
    yield
    expr = completed(clause, pieces, without_false_limits(clause, expr))
    return with_doubt(clause, pieces, expr, excludes)


def _statement(
    clause: Clause, item: Item, low: Low, modality: Modality, permits: bool
) -> Steps[tuple[Modality, Expr | None]]:
    """What an item states, and whether it requires that: of a statement with a permission behind it, both."""
    said = clause.text[item.start : item.end]
    reach = reach_in(said, low, clause.excludes) if modality is Modality.PERMISSIVE else None
    stands = reach is not None and (reach.start > 0 or reach.goes_on)
    if reach is not None and stands:
        if reach.start and not reach.goes_on and said[reach.start] in "([":
            whole = yield from _expression(replace(clause, rules=[], defects=[]), item)
            if isinstance(whole, ExceptWhen) and not any(isinstance(one, Opaque) for one in atoms(whole)):
                return Modality.REQUIRED, whole  # what is permitted was read as an exception
        # `HIV infection. Patients with … can be included`: the first still excludes
        end = item.start + (reach.start or len(said))
        clause.tokens = [token for token in clause.tokens if token.end <= end]
    expr = yield from _expression(clause, item)
    if reach is not None and stands:
        places = clause.locate(item.start, item.end), clause.locate(item.start + reach.start, item.end)
        return Modality.REQUIRED, _beside_permission(clause, expr, reach, said, places)
    if reach is not None and (is_conditional(said) or (not clause.excludes and says_who(said, low))):
        clause.rules.append(CONDITIONAL)
    elif modality is Modality.REQUIRED and expr is not None and asks_in_a_note(said):
        clause.rules.append("note/asks")
        expr = Alternatives((expr, Opaque(said, clause.locate(item.start, item.end))))
    elif permits and clause.excludes and expr is not None and NOBODY.match(said):
        clause.rules.append("permission/of_nobody")  # `no use of X is allowed` among what excludes
        expr = Alternatives((expr, Opaque(said, clause.locate(item.start, item.end))))
    return modality, expr


def _beside_permission(
    clause: Clause, expr: Expr | None, reach: Reach, said: str, places: tuple[Span, Span]
) -> Expr | None:
    """A statement and the permission behind it, which nobody has read.

    It may take people out of what excludes, and add some to what is required. Where something else is asked for behind it, or
    the permission is only a part of a long text, the whole has to be read as well.
    """
    clause.rules.append("permission/behind")
    if expr is None or reach.goes_on:
        whole = Opaque(said, places[0])
        return whole if expr is None or not reach.start else Alternatives((expr, whole))
    rest = Opaque(said[reach.start :].strip(" .;()[]"), places[1])
    return join_all([expr, rest]) if clause.excludes else join_any([expr, rest])


def _defects(
    normalised: Normalised, clause: Clause, item: Item, witness: Witness, incomplete: bool
) -> tuple[Defect, ...]:
    found = []
    if item.glued is not None:
        start, end = item.glued
        said = normalised.text[item.start : item.end]
        sure = 0.97 if item.marker else 0.9
        numbers = [int(one) for one in re.findall(r"[0-9]+", said[:12])[:2]]
        ages = [int(one[0]) for one in (witness.minimum_age, witness.maximum_age) if one is not None]
        if numbers and numbers == ages[: len(numbers)]:
            sure = 1.0
        repair = f"item {item.marker.rstrip('.)')}: {said}"
        found.append(
            Defect(
                "glued_enumerator", Span(normalised.raw_start(start), normalised.raw_end(end)), repair, sure
            )
        )
    for kind, start, end, repair, sure in clause.defects:
        where = Span(normalised.raw_start(start), normalised.raw_end(end))
        if kind == "lost_comparator" and "=" in normalised.text[max(0, start - 3) : end]:
            kind = "degraded_comparator"
        found.append(Defect(kind, where, repair, sure))
    low = normalised.low
    match = None
    if incomplete:
        match = patterns()["incomplete"].of(low).search(low.text, item.start, item.end)
    if match is not None:
        where = Span(normalised.raw_start(match.start()), normalised.raw_end(match.end()))
        found.append(Defect("incomplete_reference", where))
    return tuple(found)
