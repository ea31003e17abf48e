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
from typing import Any, NamedTuple
from zlib import crc32

from trialist.demo.draw import Draw, Weighted
from trialist.demo.layout import (
    CHILD,
    INCLUSION,
    OPEN,
    CriteriaText,
    Head,
    Piece,
    Statement,
    ended,
    place_pieces,
    single,
)
from trialist.demo.tables import toml_table
from trialist.demo.text import CONTEXT, Compiler, Draught, Phrase, form, render, sealed, strung

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
_POOL_OF_ONE = 40  # criteria a template is written out to
_MISPLACED = ("duplicate", "contradiction", "inverted")
_SHAPES = 4096  # ready combinations of layout, defect, and so on
# Ready runs: for a text that still lacks more than so many characters, so many criteria at a time.
_LONG, _MIDDLE, _SHORT = 900, 300, 140
_LENGTHS = (9, 4, 2, 1)
# Of each length for each area's weights; the general ones serve many areas.
_RUNS = {"": 300, "oncology": 200}
_FEW_RUNS = 100
_OPENING = 0.85  # share of texts that give the diagnosis first, and of those that give the age
_ROOM = 4  # what a criterion takes besides its text, about
_BLANK = 12  # what the study's words take in a criterion, about
_TAGS = re.compile(r"([a-z_ ]+):: ")
_MINIMUM_AGE = CONTEXT.index("minimum_age")


class _Run(NamedTuple):
    """Criteria ready to follow one another, to be rendered when they speak of the study, and about how long they are."""

    phrase: Phrase
    size: int
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One polarity's criteria by kind, each with its mark; weights by area; heads of nested lists."""

    polarity: str
    templates: dict[str, list[_Run]]
    kinds: dict[str, Weighted]
    nested: list[tuple[str, Phrase, str]]

    @cache  # noqa: B019  # the two sides live as long as the module
    def runs(self, area: str, first: tuple[str, ...]) -> list[list[_Run]]:
        """Runs of each of `_LENGTHS`. With `first`, they open a text: these kinds come first, and others once."""
        draw = Draw(_POOL_SEED, crc32(" ".join((self.polarity, area, *first)).encode()))
        count = _RUNS.get(area, _FEW_RUNS)
        return [[_run(draw, self, area, first, length) for _ in range(count)] for length in _LENGTHS]


class _Shape(NamedTuple):
    """How a text is laid out, and what is wrong with it."""

    arrangement: str
    layout: str
    share: float  # of the inclusion criteria in its length
    misplaced: frozenset[str]
    defect: str
    header: int
    ending: str
    glued: bool


@dataclass(frozen=True, slots=True)
class _Grammar:
    inclusion: _Side
    exclusion: _Side
    shapes: list[_Shape]
    headers: dict[str, Any]


@cache
def _grammar() -> _Grammar:
    table = toml_table("criteria")
    compiler = Compiler(table["lexicon"], markup=True)
    draw = Draw(_POOL_SEED, 1)
    weights = {
        name: Weighted((pair[0], pair[1]) for pair in value)
        for name, value in table["shape"].items()
        if isinstance(value, list)
    }
    return _Grammar(
        inclusion=_side(table, "inclusion", compiler),
        exclusion=_side(table, "exclusion", compiler),
        shapes=[
            _shape(draw, table["shape"], weights, len(table["headers"]["inclusion"])) for _ in range(_SHAPES)
        ],
        headers=table["headers"],
    )


def _shape(draw: Draw, shares: dict[str, Any], weights: dict[str, Weighted], headers: int) -> _Shape:
    arrangement = draw.weighted(weights["arrangement"])
    ending = draw.weighted(weights["ending"])
    return _Shape(
        arrangement=arrangement,
        layout=draw.weighted(weights["layout"]),
        share=1.0 if arrangement == "inclusion_only" else shares["inclusion_share"],
        misplaced=frozenset([name for name in _MISPLACED if draw.chance(shares[name])]),
        defect=draw.weighted(weights["defect"]),
        header=draw.between(0, headers - 1),
        ending=draw.pick((";", ".")) if ending == "!first" else ending,
        glued=draw.chance(shares["glued"]),
    )


def _side(table: dict[str, Any], polarity: str, compiler: Compiler) -> _Side:
    draw = Draw(_POOL_SEED)
    tails = [
        _tidy(draw, draught)
        for text in table["tails"][polarity]
        for draught in compiler.variants(text, 2 * _POOL_OF_ONE)
    ]
    share = table["tails"]["share"]
    templates: dict[str, list[_Run]] = {}
    for kind, texts in table[polarity].items():
        ready: list[_Run] = []
        for text in texts:
            tags = _TAGS.match(text)
            phenomena = tuple(tags[1].split()) if tags else ()
            for draught in compiler.variants(text[tags.end() :] if tags else text, _POOL_OF_ONE):
                phrase, shown = _tidy(draw, draught, _CAPITALISED), phenomena
                if kind not in _ONCE and draw.unit() < share:
                    phrase, shown = strung((phrase, draw.pick(tails))), (*phenomena, "tail")
                ready.append(_one(Head(_KIND.get(kind, kind), polarity.upper(), shown), phrase))
        templates[kind] = ready
    nested = [
        (kind, sealed(draught), children)
        for side, kind, head, children in table["nested"]["heads"]
        if side == polarity
        for draught in compiler.variants(head, _POOL_OF_ONE)
    ]
    return _Side(polarity.upper(), templates, _weights(table["weights"], polarity), nested)


def _one(head: Head, phrase: Phrase) -> _Run:
    if isinstance(phrase, str):
        return _Run(ended(phrase), len(phrase) + _ROOM, (head,))
    *literals, last = phrase.literals
    literals.append(ended(last) if last else OPEN)
    size = sum(map(len, literals)) + _ROOM + _BLANK * len(phrase.places)
    return _Run(form(literals, phrase.places), size, (head,))


def _weights(table: dict[str, Any], polarity: str) -> dict[str, Weighted]:
    rows = table[polarity]
    general = [(kind, weight) for kind, weight, _ in rows]
    oncology = [(kind, weight) for kind, _, weight in rows]
    kinds = {"": Weighted(general), "oncology": Weighted(oncology)}
    for area, extra in table["extra"].items():
        base = oncology if area in _ONCOLOGY_LIKE else general
        kinds[area] = Weighted([*base, *((kind, weight) for kind, weight in extra[polarity])])
    return kinds


def _run(draw: Draw, side: _Side, area: str, first: tuple[str, ...], length: int) -> _Run:
    unit, weights = draw.unit, side.kinds[area].bins
    kinds: list[str] = []
    once = frozenset[str]()
    if first:
        kinds = [kind for kind in first if unit() < _OPENING][:length]
        if unit() < 0.4:
            kinds.reverse()
        once = _ONCE.difference([_KIND.get(kind, kind) for kind in first])
    while len(kinds) < length:
        kind = weights[int(unit() * len(weights))]
        if kind not in _ONCE:
            kinds.append(kind)
        elif kind in once:
            kinds.append(kind)
            once -= {kind}
    pools = [side.templates[kind] for kind in kinds]
    parts = [pool[int(unit() * len(pool))] for pool in pools]
    phrase = strung([part[0] for part in parts])
    return _Run(phrase, sum([part[1] for part in parts]), tuple([part[2][0] for part in parts]))


def _tidy(draw: Draw, draught: Draught, capitalised: float = 0.0) -> Phrase:
    """The phrase with nothing blank at its end, and with a capital at its beginning in so many cases."""
    parts = [draught] if isinstance(draught, str) else list(draught)
    if isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip()
    if isinstance(parts[0], str) and draw.unit() < capitalised:
        parts[0] = parts[0][:1].upper() + parts[0][1:]
    return sealed(tuple(parts) if len(parts) > 1 or isinstance(parts[0], int) else parts[0])


def compose_criteria(
    draw: Draw, *, area: str, context: Sequence[str], length: int, truth: bool = True
) -> CriteriaText:
    """A text of about `length` characters about the study that `context` (see `text.CONTEXT`) and `area` describe.

    The text is the same without `truth`; then its statements are left out, which is quicker.
    In the context, `minimum_age` and `maximum_age` are plain numbers for years; any other age comes with its unit.
    """
    grammar = _grammar()
    shape = draw.pick(grammar.shapes)
    if shape.arrangement == "uninformative":
        text = draw.pick(grammar.headers["uninformative"])
        return CriteriaText(text, (Statement("uninformative", INCLUSION, 0, len(text)),))
    nested = shape.layout == "nested"
    first = ("healthy" if area == "healthy" else "diagnosis", _age(context))
    inclusion = _pieces(draw, grammar.inclusion, first, area, context, length * shape.share, nested)
    exclusion: list[Piece] = []
    if shape.share < 1.0:
        left = length * (1 - shape.share)
        exclusion = _pieces(draw, grammar.exclusion, ("comorbidity",), area, context, left, nested)
    if shape.misplaced:
        _misplace(draw, shape.misplaced, inclusion, exclusion)
    sections = _sections(draw, grammar.headers, shape, inclusion, exclusion)
    return place_pieces(
        sections, shape.layout, ending=shape.ending, defect=shape.defect, glued=shape.glued, truth=truth
    )


def _age(context: Sequence[str]) -> str:
    return "age" if context[_MINIMUM_AGE].isdigit() else "age_text"


def _fit(left: float) -> int:
    """Which runs suit a text that still lacks so many characters."""
    return 0 if left > _LONG else 1 if left > _MIDDLE else 2 if left > _SHORT else 3


def _pieces(
    draw: Draw,
    side: _Side,
    first: tuple[str, ...],
    area: str,
    context: Sequence[str],
    length: float,
    nested: bool,
) -> list[Piece]:
    unit = draw.unit
    area = area if area in side.kinds else "oncology" if area in _ONCOLOGY_LIKE else ""
    count = _RUNS.get(area, _FEW_RUNS)
    phrase, size, heads = side.runs(area, first)[_fit(length)][int(unit() * count)]
    pieces = [Piece(render(phrase, context), heads)]
    runs = side.runs(area, ())
    left = length - size
    while left > 0:
        if nested and left > 200 and unit() < 0.4:
            piece, size = _nested(draw, side, context)
            pieces.append(piece)
        else:
            phrase, size, heads = runs[_fit(left)][int(unit() * count)]
            pieces.append(Piece(render(phrase, context), heads))
        left -= size
    return pieces


def _nested(draw: Draw, side: _Side, context: Sequence[str]) -> tuple[Piece, int]:
    kind, phrase, children = draw.pick(side.nested)
    texts, heads = [ended(render(phrase, context))], [Head(kind, side.polarity, ("nested",))]
    pool = side.templates[children]
    for _ in range(draw.between(2, 5)):
        child = draw.pick(pool)
        (head,) = child.heads
        texts.append(CHILD + render(child.phrase, context))
        heads.append(Head(head.kind, head.polarity, (*head.phenomena, "nested"), 1))
    text = "".join(texts)
    return Piece(text, tuple(heads)), len(text) + _ROOM * len(heads)


def _misplace(draw: Draw, wanted: frozenset[str], inclusion: list[Piece], exclusion: list[Piece]) -> None:
    """Duplicates, ages that contradict the record's, and an inclusion criterion among the exclusions."""
    if "duplicate" in wanted:
        side = exclusion or inclusion
        piece = draw.pick(side)
        side.append(piece.alone(draw.between(0, len(piece.heads) - 1), "duplicate"))
    if "contradiction" in wanted:
        years = draw.pick(("14", "16", "21", "25", "30", "45"))
        inclusion.append(single(Head("age", INCLUSION, ("contradiction",)), f"Age ≥ {years} years"))
    if exclusion and "inverted" in wanted:
        at = draw.between(0, len(exclusion))
        text = "Signed informed consent and willing to attend all visits"
        exclusion.insert(at, single(Head("consent", INCLUSION, ("inverted",)), text))


def _sections(
    draw: Draw, headers: dict[str, Any], shape: _Shape, inclusion: list[Piece], exclusion: list[Piece]
) -> list[tuple[str, list[Piece]]]:
    arrangement = shape.arrangement
    including, excluding = headers["inclusion"][shape.header], headers["exclusion"][shape.header]
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
