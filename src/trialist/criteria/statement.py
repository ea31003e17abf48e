"""One item of a text → its reading: modality, population, guard, expression, defects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from trialist.criteria.beside import completed
from trialist.criteria.caseless import Caseless, Low
from trialist.criteria.clause import Clause
from trialist.criteria.computability import computability, confidence
from trialist.criteria.criterion import Computability, Defect, Modality, Polarity, Population
from trialist.criteria.doubts import all_denied, guarded, limited, with_doubt
from trialist.criteria.lexicon import cues
from trialist.criteria.logic import Reader
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
    ReproState,
    Span,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.normalise import Normalised
from trialist.criteria.permissions import (
    CONDITIONAL,
    SHUT_OUT,
    Reach,
    is_conditional,
    may_say_who,
    reach_of,
)
from trialist.criteria.pieces import pieces_in_steps, read_pieces
from trialist.criteria.promises import asked_of_some
from trialist.criteria.quick import quick
from trialist.criteria.render import render
from trialist.criteria.sections import item_scope, limits_of, old_topic
from trialist.criteria.split import Item
from trialist.criteria.steps import Steps
from trialist.criteria.tokens import Token, tokenise
from trialist.criteria.witness import Witness, asks_one_sex, settle_age

_MOST_TOKENS = 700
# Several `Chemotherapy: … Surgery: …` in one line: topics whose line ends were lost, each with a rule of its own.
_TOPICS_FROM = 18


_TOPIC = re.compile(r"(?<=[\w.)] )[A-Z][a-z]+(?: [a-z]+){0,2}: ")
_PEOPLE: tuple[tuple[Population, str, re.Pattern[str]], ...] = (
    (Population.DONOR, "donor", re.compile(r"^\W*(?:the |potential |prospective |related |unrelated |stem cell |all |healthy )*donors?\b(?! lymphocyte| specific|-| chimerism| cell)(?=[^.;]{0,40}\b(?:must|should|is|are|has|have|will|who|with|age|aged|able|willing|not|unable|eligib)|\s*[:,-])", re.IGNORECASE)),
    (Population.CAREGIVER, "are", re.compile(r"^\W*(?:the )?(?:care-?givers?|carers?|caretakers?|parents?)\b[^.;]{0,40}\b(?:must|should|is|are|has|have|will|who|able|willing|not|unable)\b(?! consent)", re.IGNORECASE)),
    (Population.CONTROL_GROUP, "control", re.compile(r"^\W*(?:healthy )?controls?\b\s*(?:subjects?|participants?|group)?\s*[:,-]", re.IGNORECASE)),
)  # fmt: skip
_MUST = re.compile(
    r"\s*,?\s*(?:and|or)?\s*(?:must|should|will|need to|have to|are required|is required|has to|who are|agree|have a|has a|with a negative|:|,)",
    re.IGNORECASE,
)
# `Any patient who has … is eligible` says who is asked for, not who is tolerated besides.
_ALL_WHO = re.compile(
    r"\W*(?:(?:any|all|adult|only)\s+(?:[\w-]+\s+){0,2}(?:patients?|subjects?|participants?|individuals?|persons?|adults?|children|women|men)|everyone|anyone|everybody)\b(?!.*\b(?:allowed|permitted|acceptable|still|regardless|also|races|ethnic\w*)\b)",
    re.IGNORECASE,
)
# `Patients with X will be included`: among what includes, that is whom the study asks for.
_WHO_IS_INCLUDED = re.compile(
    r"\W*(?!.*\b(?:also|may|can|could|still|even|regardless|irrespective|allowed|permitted|acceptable|not|no|unless|except|provided|however|exception|if|other)\b)"
    r"(?:all |any |only |adult |consecutive )*(?:patients?|subjects?|participants?|individuals?|men|women|children|persons?|people|adults?|volunteers?|males?|females?)\b"
    r".*\b(?:are|is|will be|were|shall be)[ ]+(?:included|enrolled|recruited)(?:[ ]+(?:in|into|for|to)[ ]+(?:the |this |our )?(?:present |current )?(?:study|trial|research|project|participat\w+))?\W*$",
    re.IGNORECASE | re.DOTALL,
)
# `If female, may participate if she is not pregnant`
_MAY_IF = re.compile(
    r"(?:(?:she|he|they|patients?|subjects?|participants?) )?(?:may|can) (?:only )?(?:participate|enroll?|take part|be (?:included|enroll?ed|eligible))(?: in (?:the|this) (?:study|trial))? (?:only )?if(?: (?:she|he|they) (?:is|are)| (?:she|he|they)\b)?[ :]*",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"\W*(?:donors?|recipients?|patients?|controls?|subjects?)\s*:\s*", re.IGNORECASE)
_MEN = re.compile(
    r"^\W*(?P<sex>(?:fertile |sexually active |male |adult )*(?:men|males?|male (?:patients?|subjects?|participants?)|women|females?|female (?:patients?|subjects?|participants?)))(?: (?:patients?|subjects?|participants?))?\s+(?:who[^,;]{0,60}\s)?(?:must|should|will|agree|have to|are required|need)\b",
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


@cache
def _patterns() -> Mapping[str, Caseless]:
    said = {
        **cues()["modality"],
        "guard": cues()["guard"]["starts"],
        "child_bearing": cues()["guard"]["child_bearing"],
    }
    return {name: Caseless(pattern) for name, pattern in said.items()}


# Letters of which some stand in all that such a pattern finds: it is tried where they do.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "permissive": (
        *(
            "allow",
            "permit",
            "eligib",
            "accept",
            "clude",
            "exclu",
            "contraind",
            "required",
            "mandatory",
            "necessary",
        ),
        *("may ", "can ", "ok", "restriction", "limit", "minimum", "maximum", "upper age", "lower age"),
    ),
    "incomplete": (
        "protocol",
        "appendix",
        "table",
        "section",
        "criteria",
        "characteristics",
        "not specified",
    ),
}


def _can_stand(name: str, low: Low) -> bool:
    """Whether a pattern can find anything in a text; where the text is not in small letters that is not asked."""
    if not low.is_small:
        return True
    said = low.text
    return any(map(said.__contains__, NEEDED[name]))  # no generator, which takes thrice as long


def read_item(normalised: Normalised, item: Item, witness: Witness, topic: str) -> Steps[Reading]:
    """An item of a text → its reading, in steps that the items of a text take together."""
    text = normalised.text
    said = text[item.start : item.end]
    locate = _locator(normalised, item)
    low = normalised.low.part(item.start, item.end)
    population = _population(said, item, low)
    permits = _permits(low)
    modality = _modality(low, item.polarity, permits)
    incomplete = _can_stand("incomplete", low) and bool(_patterns()["incomplete"].of(low).search(low.text))
    guard, start = _guard(normalised, item, locate)
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
        guard, expr = _inner_guard(expr)
    expr = guarded(clause, guard, expr, said, place)
    if population is Population.PATIENT:
        path = () if item.scope else item.section_path
        expr = limited(clause, expr, limits_of(path, topic) or asked_of_some(topic, guard, expr), place)
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


def _population(said: str, item: Item, low: Low) -> Population:
    """Of whom an item speaks, by its first words or the headings above it."""
    small = low.text if low.is_small else said.lower()
    for who, needed, pattern in _PEOPLE:
        if needed in small and pattern.match(said):
            return who
    return item.population


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
    parts = expr.of if isinstance(expr, And) else (expr,)
    choices = [one for part in parts for one in (part.of if isinstance(part, Or) else (part,))]
    return any(isinstance(one, Demographic) and one.kind == "age" for one in choices)


def _inner_guard(expr: And) -> tuple[Expr | None, Expr]:
    """`women of childbearing potential with a negative pregnancy test`: for whom the rest is asked."""
    guards = [
        one for one in expr.of if isinstance(one, ReproState) and one.state == "child_bearing_potential"
    ]
    rest = [one for one in expr.of if one not in guards]
    return (replace(guards[0], time=None), join_all(rest)) if guards and rest else (None, expr)


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
    reach = _reach(said, low, clause.excludes) if modality is Modality.PERMISSIVE else None
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
    if reach is not None and (is_conditional(said) or (not clause.excludes and _may_say_who(said, low))):
        clause.rules.append(CONDITIONAL)
    elif modality is Modality.REQUIRED and expr is not None and _asks_in_a_note(said):
        clause.rules.append("note/asks")
        expr = Alternatives((expr, Opaque(said, clause.locate(item.start, item.end))))
    elif permits and clause.excludes and expr is not None and _NOBODY.match(said):
        clause.rules.append("permission/of_nobody")  # `no use of X is allowed` among what excludes
        expr = Alternatives((expr, Opaque(said, clause.locate(item.start, item.end))))
    return modality, expr


# `No patients with X will be included`
_NOBODY = re.compile(
    r"\W*(?:also,?[ ]+)?(?:no|none of|neither)\b(?! (?:restrict|limit|m[ai][xn]imum|upper|lower|age))",
    re.IGNORECASE,
)


def _permits(low: Low) -> bool:
    return _permission(low) is not None


def _permission(low: Low) -> re.Match[str] | None:
    """The first words that permit something; `drugs that are accepted to have a risk` permit nothing."""
    if not _can_stand("permissive", low):
        return None
    found = _patterns()["permissive"].of(low).finditer(low.text)
    return next((one for one in found if not low.text.endswith(("that ", "who "), 0, one.start())), None)


def _may_say_who(said: str, low: Low) -> bool:
    found = _permission(low)
    return found is not None and may_say_who(said, found.start(), found.end())


def _reach(said: str, low: Low, excludes: bool) -> Reach | None:
    """What the permission in an item reaches; None where none is found."""
    found = _permission(low)
    if found is None:
        return None
    reach = reach_of(said, found.start(), found.end())
    # Among what includes, `…; patients with X are eligible` may say who alone is.
    may_ask = not excludes and reach.start > 0 and _MAY_ASK.search(found.group()) is not None
    return replace(reach, goes_on=True) if may_ask else reach


_MAY_ASK = re.compile(r"eligib|includ|enrol|participat|enter", re.IGNORECASE)


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


_NOTE = re.compile(r"\W*(?:\*+ ?)?(?:note|notes|nb|n\.b\.|please note|comment)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:must|should|shall|only|excluding|excluded?|except|prohibited|ineligible|need(?:s|ed)? to|has to|have to|required|may not|will not be|cannot be|not (?:be )?(?:allowed|permitted|eligible|enrol\w*|acceptable))\b",
    re.IGNORECASE,
)


def _asks_in_a_note(said: str) -> bool:
    """`Note: patients in cohort 2 should have a known mutation`: what nobody has read may ask for something."""
    return _NOTE.match(said) is not None and _ASKS.search(said) is not None


def _modality(low: Low, polarity: Polarity, permits: bool) -> Modality:
    patterns, said = _patterns(), low.text
    if len(said) < 400 and patterns["informative"].of(low).match(said.strip(" \t*-•")):
        return Modality.REQUIRED if _asks_in_a_note(said) else Modality.INFORMATIVE
    if permits and not _NOBODY.match(said) and not patterns["denied"].of(low).search(said):
        is_asked = _ALL_WHO.match(said) or (polarity is Polarity.INCLUSION and _WHO_IS_INCLUDED.match(said))
        return Modality.REQUIRED if is_asked else Modality.PERMISSIVE
    return Modality.REQUIRED


def _guard(normalised: Normalised, item: Item, locate: object) -> tuple[Expr | None, int]:
    """For whom a statement holds, and where what it says begins."""
    text = normalised.text
    low = normalised.low.part(item.start, item.end)
    said = low.text

    def span(start: int, end: int) -> Span:
        return Span(normalised.raw_start(start), normalised.raw_end(end))

    if item.polarity is Polarity.INCLUSION:
        found = _patterns()["child_bearing"].of(low).match(said)
        if (
            found is not None
            and found.end() > 8
            and re.search(r"bearing|potential|reproductive|wocbp|fcbp|fertile", found.group(), re.IGNORECASE)
        ):
            follows = _MUST.match(said, found.end())
            if follows is not None:
                return ReproState(
                    "child_bearing_potential", span(item.start, item.start + found.end())
                ), item.start + found.end()
        men = _MEN.match(said)
        if men is not None:
            sex = "female" if re.search(r"women|female", men["sex"], re.IGNORECASE) else "male"
            if sex == "female" and "fertile" in men["sex"].lower():
                place = span(item.start + men.start("sex"), item.start + men.end("sex"))
                return ReproState("child_bearing_potential", place), item.start + men.end("sex")
            return Demographic(
                "sex", span(item.start + men.start("sex"), item.start + men.end("sex")), values=(sex,)
            ), item.start + men.end("sex")
    prefix = _PREFIX.match(said)
    if prefix is not None and prefix.end() < len(said):
        return None, item.start + prefix.end()
    found = _patterns()["guard"].of(low).match(said)
    if found is None or re.match(
        r"(?:for|in)[ ]+(?:at least|the|more|less|\d|example|this|addition|order|any|all)\b",
        said,
        re.IGNORECASE,
    ):
        return None, item.start
    first, last = item.start + found.start("guard"), item.start + found.end("guard")
    inner = Clause(tokenise(text, first, last), text, lambda start, end: span(start, end))
    expr = Reader(inner, lists_any=False).read(read_pieces(inner)) if inner.tokens else None
    return (expr or Opaque(text[first:last], span(first, last))), item.start + found.end()


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
        match = _patterns()["incomplete"].of(low).search(low.text, item.start, item.end)
    if match is not None:
        where = Span(normalised.raw_start(match.start()), normalised.raw_end(match.end()))
        found.append(Defect("incomplete_reference", where))
    return tuple(found)
