r"""Eligibility texts by a grammar of our own, together with the truth of what was composed.

`compose_criteria` returns the text as a registrant would have left it, and a `Statement` for every criterion in it:
its kind, whether it includes or excludes, where it stands (`text[start:end]`, without bullet or enumerator), and the
phenomena it shows: what its template shows by itself ("window", "exception", "range", "or", "example", "n_of",
"conditional", "causal_negation", "see_protocol", "permissive", "donor", "caregiver", …), and what the text does to it
("run_in", "glued", "degraded", "deleted", "entities", "fullwidth", "lost_exponent", "duplicate", "contradiction",
"inverted", "nested"; "tail" when a further clause or note follows it). The polarity is the writer's meaning; under "inverted" the header says the opposite.

Kinds, headers, layouts, defects and their frequencies are `tables/criteria.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from trialist.demo.draw import Draw, Weighted
from trialist.demo.layout import EXCLUSION, INCLUSION, CriteriaText, Draft, Statement, place_drafts
from trialist.demo.tables import toml_table
from trialist.demo.text import CONTEXT, Compiler, Phrase, render

# Kinds that a text states once; the rest may come again.
_ONCE = frozenset(
    (
        "age",
        "sex",
        "consent",
        "pregnancy",
        "discretion",
        "life_expectancy",
        "language_access",
        "healthy",
        "donor",
    )
)
_ONCOLOGY_LIKE = frozenset(("oncology", "hematology", "transplant"))
_KIND = {"age_text": "age"}
_CAPITALISED = 0.85
_POOL_SEED = 5_1984
_RUNS = 400  # ready runs of criteria for each area's weights
_RUN_LENGTH = 4
_RUN_FITS = 300
_PAIR_FITS = 140
_POOL_OF_ONE = 40  # ready criteria a template is written out to when it needs nothing of the study
_TAGS = re.compile(r"([a-z_ ]+):: ")
_MINIMUM_AGE = CONTEXT.index("minimum_age")


@dataclass(frozen=True, slots=True)
class _Side:
    """One polarity's criteria by kind, ready or (when they speak of the study) to be rendered; weights by area."""

    templates: dict[str, list[Draft | tuple[Phrase, tuple[str, ...]]]]
    kinds: dict[str, Weighted]
    nested: list[tuple[str, Phrase, str]]
    runs: dict[str, list[tuple[list[Draft], int]]]
    pairs: dict[str, list[tuple[list[Draft], int]]]
    tails: list[str]
    tail_share: float


@dataclass(frozen=True, slots=True)
class _Grammar:
    inclusion: _Side
    exclusion: _Side
    shape: dict[str, Any]
    headers: dict[str, Any]


@cache
def _grammar() -> _Grammar:
    table = toml_table("criteria")
    compiler = Compiler(table["lexicon"], markup=True)
    shape = {
        name: Weighted((pair[0], pair[1]) for pair in value) if isinstance(value, list) else value
        for name, value in table["shape"].items()
    }
    return _Grammar(
        inclusion=_side(table, "inclusion", compiler),
        exclusion=_side(table, "exclusion", compiler),
        shape=shape,
        headers=table["headers"],
    )


def _side(table: dict[str, Any], polarity: str, compiler: Compiler) -> _Side:
    templates: dict[str, list[Draft | tuple[Phrase, tuple[str, ...]]]] = {}
    draw = Draw(_POOL_SEED)
    for kind, texts in table[polarity].items():
        ready: list[Draft | tuple[Phrase, tuple[str, ...]]] = []
        for text in texts:
            tags = _TAGS.match(text)
            phenomena = tuple(tags[1].split()) if tags else ()
            for phrase in compiler.variants(text[tags.end() :] if tags else text, _POOL_OF_ONE):
                if isinstance(phrase, str):
                    ready.append(_draft(draw, kind, polarity.upper(), phrase, phenomena, ()))
                else:
                    ready.append((_tidy(draw, phrase), phenomena))
        templates[kind] = ready
    rows = table["weights"][polarity]
    general = [(kind, weight) for kind, weight, _ in rows]
    oncology = [(kind, weight) for kind, _, weight in rows]
    kinds = {"": Weighted(general), "oncology": Weighted(oncology)}
    for area, extra in table["weights"]["extra"].items():
        base = oncology if area in _ONCOLOGY_LIKE else general
        kinds[area] = Weighted([*base, *((kind, weight) for kind, weight in extra[polarity])])
    nested = [
        (kind, phrase, children)
        for side, kind, head, children in table["nested"]["heads"]
        if side == polarity
        for phrase in compiler.variants(head, _POOL_OF_ONE)
    ]
    tails = [
        render(phrase, ()).rstrip()
        for text in table["tails"][polarity]
        for phrase in compiler.variants(text, 2 * _POOL_OF_ONE)
    ]
    side = _Side(templates, kinds, nested, {}, {}, tails, table["tails"]["share"])
    for area, weights in kinds.items():
        side.runs[area] = [_run(draw, side, weights, _RUN_LENGTH) for _ in range(_RUNS)]
        side.pairs[area] = [_run(draw, side, weights, 2) for _ in range(_RUNS)]
    return side


def _run(draw: Draw, side: _Side, weights: Weighted, length: int) -> tuple[list[Draft], int]:
    """Some criteria that need nothing of the study, ready to follow one another, and their length."""
    drafts: list[Draft] = []
    while len(drafts) < length:
        kind = draw.weighted(weights)
        entry = draw.pick(side.templates[kind])
        if isinstance(entry, Draft) and kind not in _ONCE:
            drafts.append(_with_tail(draw, side, entry) if draw.unit() < side.tail_share else entry)
    return drafts, sum(len(draft.text) + 4 for draft in drafts)


def _with_tail(draw: Draw, side: _Side, draft: Draft) -> Draft:
    return draft._replace(text=draft.text + draw.pick(side.tails), phenomena=(*draft.phenomena, "tail"))


def _tidy(draw: Draw, phrase: Phrase) -> Phrase:
    """The phrase with nothing blank at its end, and mostly with a capital at its beginning."""
    if isinstance(phrase, str):
        return (
            phrase.rstrip()[:1].upper() + phrase.rstrip()[1:]
            if draw.unit() < _CAPITALISED
            else phrase.rstrip()
        )
    parts = list(phrase)
    if isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip()
    if isinstance(parts[0], str) and draw.unit() < _CAPITALISED:
        parts[0] = parts[0][:1].upper() + parts[0][1:]
    return tuple(parts)


def _draft(
    draw: Draw, kind: str, polarity: str, phrase: Phrase, phenomena: tuple[str, ...], context: Sequence[str]
) -> Draft:
    text = render(_tidy(draw, phrase), context)
    return Draft("age" if kind == "age_text" else kind, polarity, text, phenomena)


def compose_criteria(
    draw: Draw, *, area: str, context: Sequence[str], length: int, truth: bool = True
) -> CriteriaText:
    """A text of about `length` characters about the study that `context` (see `text.CONTEXT`) and `area` describe.

    The text is the same without `truth`; then its statements are left out, which is quicker.
    In the context, `minimum_age` and `maximum_age` are plain numbers for years; any other age comes with its unit.
    """
    grammar = _grammar()
    shape = grammar.shape
    arrangement = draw.weighted(shape["arrangement"])
    if arrangement == "uninformative":
        text = draw.pick(grammar.headers["uninformative"])
        return CriteriaText(text, (Statement("uninformative", INCLUSION, 0, len(text)),))
    layout = draw.weighted(shape["layout"])
    share = 1.0 if arrangement == "inclusion_only" else shape["inclusion_share"]
    nested = layout == "nested"
    inclusion = _drafts(draw, grammar.inclusion, INCLUSION, area, context, length * share, nested)
    exclusion: list[Draft] = []
    if share < 1.0:
        exclusion = _drafts(draw, grammar.exclusion, EXCLUSION, area, context, length * (1 - share), nested)
    _misplace(draw, shape, inclusion, exclusion)
    defect = draw.weighted(shape["defect"])
    sections = _sections(draw, grammar.headers, arrangement, inclusion, exclusion)
    ending = draw.weighted(shape["ending"])
    if ending == "!first":
        ending = draw.pick((";", "."))
    return place_drafts(
        sections, layout, ending=ending, defect=defect, glued=draw.chance(shape["glued"]), truth=truth
    )


def _drafts(
    draw: Draw, side: _Side, polarity: str, area: str, context: Sequence[str], length: float, nested: bool
) -> list[Draft]:
    unit = draw.unit
    area = area if area in side.kinds else "oncology" if area in _ONCOLOGY_LIKE else ""
    kinds, runs, pairs, tail_share = side.kinds[area], side.runs[area], side.pairs[area], side.tail_share
    drafts: list[Draft] = []
    used: set[str] = set()
    left = length
    opening = ["diagnosis", "age"] if polarity == INCLUSION else []
    if area == "healthy" and opening:
        opening[0] = "healthy"
    if unit() < 0.4:
        opening.reverse()
    while left > 0 or not drafts:
        if left > _PAIR_FITS and len(drafts) > 2 and unit() < 0.9:
            run, taken = (runs if left > _RUN_FITS else pairs)[int(unit() * _RUNS)]
            drafts += run
            left -= taken
            continue
        if nested and left > 200 and unit() < 0.2:
            left -= _nested(draw, side, polarity, context, drafts)
            continue
        kind = opening.pop(0) if opening and unit() < 0.85 else draw.weighted(kinds)
        if kind in _ONCE:
            if kind in used:
                kind = "comorbidity" if polarity == EXCLUSION else "diagnosis"
            used.add(kind)
        if kind == "age" and polarity == INCLUSION and not context[_MINIMUM_AGE].isdigit():
            kind = "age_text"
        pool = side.templates[kind]
        entry = pool[int(unit() * len(pool))]
        if isinstance(entry, Draft):
            draft = entry
        else:
            draft = Draft(_KIND.get(kind, kind), polarity, render(entry[0], context), entry[1])
        if kind not in _ONCE and unit() < tail_share:
            draft = _with_tail(draw, side, draft)
        left -= len(draft.text) + 4
        drafts.append(draft)
    return drafts


def _nested(draw: Draw, side: _Side, polarity: str, context: Sequence[str], drafts: list[Draft]) -> int:
    kind, head, children = draw.pick(side.nested)
    text = render(head, context)
    drafts.append(Draft(kind, polarity, text, ("nested",)))
    taken = len(text) + 4
    for _ in range(draw.between(2, 5)):
        entry = draw.pick(side.templates[children])
        if isinstance(entry, Draft):
            draft = entry
        else:
            draft = Draft(children, polarity, render(entry[0], context), entry[1])
        drafts.append(draft._replace(phenomena=(*draft.phenomena, "nested"), depth=1))
        taken += len(draft.text) + 6
    return taken


def _misplace(draw: Draw, shape: dict[str, Any], inclusion: list[Draft], exclusion: list[Draft]) -> None:
    """Duplicates, ages that contradict the record's, and an inclusion criterion among the exclusions."""
    if draw.chance(shape["duplicate"]):
        side = exclusion or inclusion
        twin = draw.pick(side)
        side.append(twin._replace(phenomena=(*twin.phenomena, "duplicate"), depth=0))
    if draw.chance(shape["contradiction"]):
        years = draw.pick(("14", "16", "21", "25", "30", "45"))
        inclusion.append(Draft("age", INCLUSION, f"Age ≥ {years} years", ("contradiction",)))
    if exclusion and draw.chance(shape["inverted"]):
        at = draw.between(0, len(exclusion))
        text = "Signed informed consent and willing to attend all visits"
        exclusion.insert(at, Draft("consent", INCLUSION, text, ("inverted",)))


def _sections(
    draw: Draw, headers: dict[str, Any], arrangement: str, inclusion: list[Draft], exclusion: list[Draft]
) -> list[tuple[str, list[Draft]]]:
    place = draw.between(0, len(headers["inclusion"]) - 1)
    including, excluding = headers["inclusion"][place], headers["exclusion"][place]
    if arrangement == "no_headers":
        return [("", [*inclusion, *exclusion])]
    if arrangement == "merged":
        return [("Inclusion/Exclusion Criteria:", [*inclusion, *exclusion])]
    sections = [(including, inclusion)]
    if arrangement == "cohorts" and len(inclusion) > 1:
        first, second = draw.pick(headers["cohorts"])
        middle = len(inclusion) // 2
        sections = [(first, inclusion[:middle]), (second, inclusion[middle:])]
    if exclusion:
        sections.append((excluding, exclusion))
    if arrangement == "exclusion_first":
        sections.reverse()
    return sections
