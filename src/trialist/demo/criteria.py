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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from trialist.demo.draw import Draw, Weighted
from trialist.demo.tables import toml_table
from trialist.demo.text import CONTEXT, Compiler, Phrase, render

INCLUSION = "INCLUSION"
EXCLUSION = "EXCLUSION"

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
_FULLWIDTH = str.maketrans({",": "，", ";": "；", ":": "：", "(": "（", ")": "）"})
_CAPITALISED = 0.85
_POOL_SEED = 5_1984
_RUNS = 800  # ready runs of criteria for each area's weights
_RUN_LENGTH = 4
_POOL_OF_ONE = 40  # ready criteria a template is written out to when it needs nothing of the study
_TAGS = re.compile(r"([a-z_ ]+):: ")
_MINIMUM_AGE = CONTEXT.index("minimum_age")


class Statement(NamedTuple):
    """One criterion of a composed text: `text[start:end]`."""

    kind: str
    polarity: str
    start: int
    end: int
    phenomena: tuple[str, ...] = ()


class CriteriaText(NamedTuple):
    """A composed text and the truth about it."""

    text: str
    statements: tuple[Statement, ...]


class Draft(NamedTuple):
    """A criterion before it has a place."""

    kind: str
    polarity: str
    text: str
    phenomena: tuple[str, ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Side:
    """One polarity's criteria by kind, ready or (when they speak of the study) to be rendered; weights by area."""

    templates: dict[str, list[Draft | tuple[Phrase, tuple[str, ...]]]]
    kinds: dict[str, Weighted]
    nested: list[tuple[str, Phrase, str]]
    runs: dict[str, list[tuple[list[Draft], int]]]
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
                    ready.append((phrase, phenomena))
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
    side = _Side(templates, kinds, nested, {}, tails, table["tails"]["share"])
    for area, weights in kinds.items():
        side.runs[area] = [_run(draw, side, weights) for _ in range(_RUNS)]
    return side


def _run(draw: Draw, side: _Side, weights: Weighted) -> tuple[list[Draft], int]:
    """Some criteria that need nothing of the study, ready to follow one another, and their length."""
    drafts: list[Draft] = []
    while len(drafts) < _RUN_LENGTH:
        kind = draw.weighted(weights)
        entry = draw.pick(side.templates[kind])
        if isinstance(entry, Draft) and kind not in _ONCE:
            drafts.append(_with_tail(draw, side, entry))
    return drafts, sum(len(draft.text) + 4 for draft in drafts)


def _with_tail(draw: Draw, side: _Side, draft: Draft) -> Draft:
    if draw.unit() >= side.tail_share:
        return draft
    return draft._replace(text=draft.text + draw.pick(side.tails), phenomena=(*draft.phenomena, "tail"))


def _draft(
    draw: Draw, kind: str, polarity: str, phrase: Phrase, phenomena: tuple[str, ...], context: Sequence[str]
) -> Draft:
    text = render(phrase, context).rstrip()
    if draw.unit() < _CAPITALISED:
        text = text[:1].upper() + text[1:]
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
    kinds, runs = side.kinds[area], side.runs[area]
    drafts: list[Draft] = []
    used: set[str] = set()
    left = length
    opening = ["diagnosis", "age"] if polarity == INCLUSION else []
    if area == "healthy" and opening:
        opening[0] = "healthy"
    if unit() < 0.4:
        opening.reverse()
    while left > 0 or not drafts:
        if len(drafts) > 2 and left > 300 and unit() < 0.9:
            run, taken = runs[int(unit() * _RUNS)]
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
        draft = entry if isinstance(entry, Draft) else _draft(draw, kind, polarity, *entry, context)
        if kind not in _ONCE:
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
        draft = entry if isinstance(entry, Draft) else _draft(draw, children, polarity, *entry, context)
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


def _degrade(text: str) -> str:
    return text.replace("≥", "=").replace("⩾", "=").replace("\\>=", "=")


def _delete(text: str) -> str:
    return text.replace("≥", " ").replace("≤", " ")


def _lose_exponent(text: str) -> str:
    return text.replace("10\\^9", "109").replace("10⁹", "109").replace("m\\^2", "m2").replace("mm\\^3", "mm3")


def _entities(text: str) -> str:
    return text.replace("\\>", "&gt;").replace("\\<", "&amp;lt;").replace("≥", "&ge;").replace("≤", "&#8804;")


# What a defect does to a criterion's text; "fullwidth" keeps the length and is done on the finished text.
_DEFECTS: dict[str, Callable[[str], str]] = {
    "unescaped": lambda text: text.replace("\\", ""),
    "degraded": _degrade,
    "deleted": _delete,
    "lost_exponent": _lose_exponent,
    "entities": _entities,
}


def place_drafts(
    sections: Sequence[tuple[str, Sequence[Draft]]],
    layout: str,
    *,
    ending: str = "",
    defect: str = "none",
    glued: bool = False,
    truth: bool = True,
) -> CriteriaText:
    """The sections' criteria set one after another in the layout, and where each came to stand."""
    spoil = _DEFECTS.get(defect)
    out: list[str] = []
    for header, drafts in sections:
        out.append(("\n\n" if out else "") + header + ("\n\n" if header else ""))
        texts = [draft.text for draft in drafts]
        if spoil:
            texts = [spoil(text) for text in texts]
        befores = _befores(layout, drafts, glued)
        if layout in ("run_in", "prose"):
            afters = [*[";"] * (len(texts) - 1), "."]
        else:
            afters = ["" if text[-1:] in ":." else ending for text in texts] if ending else [""] * len(texts)
        for trio in zip(befores, texts, afters, strict=True):
            out += trio
    full = "".join(out)
    if defect == "fullwidth":
        full = full.translate(_FULLWIDTH)
    if not truth:
        return CriteriaText(full, ())
    said = (("run_in", layout == "run_in"), ("glued", glued), ("fullwidth", defect == "fullwidth"))
    marks = tuple(mark for mark, shown in said if shown)
    return CriteriaText(full, tuple(_statements(sections, out, defect, marks)))


def _statements(
    sections: Sequence[tuple[str, Sequence[Draft]]], out: list[str], defect: str, marks: tuple[str, ...]
) -> Iterator[Statement]:
    """The truth about the pieces: each section is its header, then before, text and after of every criterion."""
    piece = 0
    at = 0
    for _, drafts in sections:
        at += len(out[piece])
        piece += 1
        for draft in drafts:
            before, text, after = out[piece : piece + 3]
            piece += 3
            start = at + len(before)
            changed = (defect,) if text != draft.text and defect != "unescaped" else ()
            phenomena = (*draft.phenomena, *marks, *changed)
            yield Statement(draft.kind, draft.polarity, start, start + len(text), phenomena)
            at = start + len(text) + len(after)


def _befores(layout: str, drafts: Sequence[Draft], glued: bool) -> list[str]:
    """What stands before each criterion: a line break, the enumerator or bullet."""
    if layout == "bullets":
        befores = ["\n* "] * len(drafts)
    elif layout == "run_in":
        befores = [f" {number}.{'' if glued or number % 2 else ' '}" for number in range(1, len(drafts) + 1)]
    elif layout == "prose":
        befores = [" "] * len(drafts)
    elif layout == "lines":
        befores = ["\n\n"] * len(drafts)
    elif layout == "numbered":
        blank = "" if glued else " "
        befores = [f"\n{number}.{blank}" for number in range(1, len(drafts) + 1)]
    else:
        befores = ["\n  * " if draft.depth else "\n* " for draft in drafts]
    if befores:
        befores[0] = befores[0].lstrip(" \n")
    return befores
