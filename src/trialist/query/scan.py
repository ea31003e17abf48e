"""A query against one study, straight from its record: slow, plain, and the judge of every faster way.

Where a rule comes from is said beside it: "registry" is the registry's search documentation, "recorded" an answer of its
API that was recorded, "decided" this project's own choice where both are silent. Nothing here is there for speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from trialist.query.areas import AreaTarget, ValueKind, kind_of, resolve_area
from trialist.query.nodes import (
    All,
    And,
    Area,
    Coverage,
    Covered,
    Distance,
    Document,
    Expanded,
    Expansion,
    Missing,
    Node,
    Not,
    Or,
    Range,
    SearchIn,
    Term,
    Tilt,
)
from trialist.query.scan_values import (
    equals_term,
    is_within,
    kinds_with_words,
    sites_of,
    sizes_of,
    values_of,
)
from trialist.query.wanted import Part, enum_values_said, expand_term
from trialist.record.catalogue import Field, find_field
from trialist.record.geo import distance_metres
from trialist.record.study import GeoPoint, Study
from trialist.vocabulary.text import fold_words, split_words
from trialist.vocabulary.thesaurus import Thesaurus, Words


def matches(study: Mapping[str, Any], node: Node, area: str, thesaurus: Thesaurus) -> bool:
    """Whether a study's record is among those a query asks for; what has no `AREA` looks in `area`."""
    return _holds(node, _Context(Study.from_record(study), thesaurus, area))


def matches_all(
    study: Mapping[str, Any], nodes_with_areas: Iterable[tuple[Node, str]], thesaurus: Thesaurus
) -> bool:
    """Whether a study's record is among those that every one of several queries asks for, each with its area."""
    return all(matches(study, node, area, thesaurus) for node, area in nodes_with_areas)


@dataclass(frozen=True, slots=True)
class _Context:
    """What the operators before a node say; `site` is a record of one location inside `SEARCH[Location]`."""

    study: Study
    thesaurus: Thesaurus
    area: str
    size: bool = False
    # Registry: without COVERAGE a term may stand anywhere, without EXPANSION it is relaxed.
    coverage: Coverage = Coverage.CONTAINS
    expansion: Expansion = Expansion.RELAXATION
    site: Study | None = None

    @property
    def target(self) -> AreaTarget:
        """What the area's name stands for."""
        return resolve_area(self.area)

    def values(self, field: Field) -> list[Any]:
        """The values of one field, here."""
        return values_of(self.study, self.site, field)

    def held(self) -> list[tuple[ValueKind, Any]]:
        """Every value of every field of the area, with its kind."""
        field = self.target.field
        if self.size and field is not None:
            return [(ValueKind.NUMBER, size) for size in sizes_of(self.study, field)]
        return [(kind_of(one), value) for one in self.target.fields for value in self.values(one)]

    def holds_anything(self) -> bool:
        """Whether the area has a value.

        Decided: a structure has one as soon as the record has an object there, even an empty one.
        """
        field = self.target.field
        if field is not None and field.is_struct and not self.size:
            return bool(self.values(field))
        return bool(self.held())


def _holds(node: Node, context: _Context) -> bool:
    match node:
        case And(operands):
            return all(_holds(one, context) for one in operands)
        case Or(operands):
            return any(_holds(one, context) for one in operands)
        case Not(operand):
            return not _holds(operand, context)
        case Area(area, operand, size):
            # Registry: AREA governs its operand only, also one in parentheses, and an inner one replaces it.
            return _holds(operand, replace(context, area=area, size=size))
        case Covered(coverage, operand):
            return _holds(operand, replace(context, coverage=coverage))
        case Expanded(expansion, operand):
            return _holds(operand, replace(context, expansion=expansion))
        case SearchIn(document, operand):
            return _holds_in(document, operand, context)
        case Tilt(_, operand):
            # Registry: TILT changes the order of the studies, not which they are.
            return _holds(operand, context)
        case Term() | Missing() | All() | Range() | Distance():
            return _finds(node, context)
        case _:
            assert_never(node)


def _holds_in(document: Document, operand: Node, context: _Context) -> bool:
    """Registry: all inside SEARCH[Location] must hold in the same location; Study is what holds without SEARCH.

    Decided: the operand is asked of each location by itself, so NOT, ALL and MISSING are about this location, and a
    study without locations is never found. Within another SEARCH[Location] the inner one asks all locations anew.
    """
    if document is Document.STUDY:
        return _holds(operand, replace(context, site=None))
    return any(_holds(operand, replace(context, site=site)) for site in sites_of(context.study))


def _finds(node: Term | Missing | All | Range | Distance, context: _Context) -> bool:
    """Whether a node without operands holds."""
    match node:
        case All():
            # Registry: every study.
            return True
        case Missing():
            # Registry: the area has no value.
            return not context.holds_anything()
        case Range(None, None):
            # Recorded: RANGE[MIN,MAX] is "has a value", of whatever kind.
            return context.holds_anything()
        case Range():
            # Decided: of several values one is enough.
            return any(is_within(value, kind, node) for kind, value in context.held())
        case Distance():
            return _is_near(node, context)
        case Term():
            return _finds_term(node, context)
        case _:
            assert_never(node)


def _is_near(asked: Distance, context: _Context) -> bool:
    """Registry: one of the sites lies within the radius. Decided: as the crow flies, on a sphere, the rim included."""
    lat, lon = float(asked.lat), float(asked.lon)
    points: list[GeoPoint] = context.values(find_field("LocationGeoPoint"))
    return any(distance_metres(lat, lon, point.lat, point.lon) <= asked.metres for point in points)


def _finds_term(term: Term, context: _Context) -> bool:
    """A term in an area of texts, or of several kinds, is words; elsewhere one value of the area's kind."""
    kind = ValueKind.NUMBER if context.size else context.target.kind
    if kind is ValueKind.CRITERION:
        # Decided: of the study as a whole, also inside SEARCH[Location].
        from trialist.query.criterion_areas import judge

        return judge(context.study, context.area, term.text)
    if kind in (ValueKind.TEXT, ValueKind.NCT_ID, ValueKind.MIXED):
        return _finds_words(term, context)
    # Decided: COVERAGE and EXPANSION are for texts; a date or an enumeration's value is the same under any of them.
    return any(equals_term(value, own, term.text) for own, value in context.held())


@dataclass(frozen=True, slots=True)
class _Readable:
    """A field as terms see it: whether synonyms count in it, and its values.

    The values of an enumeration (`enum` is its name) are as in the record; those of texts are their words, each value
    one text with blanks around every word.
    """

    enum: str
    synonyms: bool
    values: list[str]

    def says(self, sequences: Sequence[Words], coverage: Coverage) -> bool:
        """Whether one of the sequences stands in one value."""
        if self.enum:
            # Registry: an enumeration's part of an area matches when the term is one of its values.
            # Decided: or a value's label, in any case; a part of a value is none, so COVERAGE says nothing here.
            said = enum_values_said(self.enum, sequences)
            return any(value in said for value in self.values)
        # Decided: no words stand nowhere.
        sought = [_framed(words) for words in sequences if words]
        return any(_stands(one, value, coverage) for one in sought for value in self.values)


def _framed(words: Iterable[str]) -> str:
    """Words with one blank before and after each, so that a run of words is a piece of the text."""
    return "".join(f" {word}" for word in words) + " "


def _stands(sought: str, value: str, coverage: Coverage) -> bool:
    """Whether framed words stand unbroken in one value, where `coverage` wants them."""
    match coverage:
        # Registry: the whole value, its beginning, its end, or anywhere. Decided: of one value, never across two.
        case Coverage.FULL_MATCH:
            return value == sought
        case Coverage.STARTS_WITH:
            return value.startswith(sought)
        case Coverage.ENDS_WITH:
            return value.endswith(sought)
        case Coverage.CONTAINS:
            return sought in value


def _readable(context: _Context, *, as_spelled: bool) -> list[_Readable]:
    """The fields of the area that have words.

    Registry: the parts of a search area say whether synonyms count in them. Decided: outside of a search area the field
    says so itself; booleans, numbers, dates, ages and places are never found by words.
    """
    area = context.target.area
    flags = {piece: part.synonyms for part in area.parts for piece in part.pieces} if area else {}
    found = []
    for field in context.target.fields:
        synonyms = flags.get(field.piece, field.synonyms)
        if field.is_enum:
            found.append(_Readable(field.type, synonyms, context.values(field)))
        elif kinds_with_words(field):
            texts = [split_words(value) for value in context.values(field)]
            words = texts if as_spelled else [fold_words(text) for text in texts]
            found.append(_Readable("", synonyms, [_framed(one) for one in words]))
    return found


def _finds_words(term: Term, context: _Context) -> bool:
    """Whether the area says a term, as a whole or, where it may be relaxed, in parts."""
    wanted = expand_term(
        term.text,
        quoted=term.quoted,
        expansion=context.expansion,
        coverage=context.coverage,
        thesaurus=context.thesaurus,
    )
    readable = _readable(context, as_spelled=bool(wanted.exact))
    if wanted.exact:
        # Registry: EXPANSION[None] is as written, case and accents count.
        # Decided: an enumeration has no spelling of its own to keep, so there the words may be in any case.
        folded = (tuple(fold_words(wanted.exact)),)
        return any(one.says(folded if one.enum else (wanted.exact,), context.coverage) for one in readable)
    # Registry: synonyms count in the parts of an area that are marked for them, variants of spelling everywhere.
    if any(one.says(wanted.phrases if one.synonyms else wanted.plain, context.coverage) for one in readable):
        return True
    if not wanted.parts:
        return False
    found = [_finds_part(part, readable) for part in wanted.parts]
    # Registry: Relaxation wants all parts, Lossy lets parts be missing. Decided: one must be there.
    return any(found) if wanted.lossy else all(found)


def _finds_part(part: Part, readable: Sequence[_Readable]) -> bool:
    """Whether the area says one part of a term anywhere, or else all the words that the part is made of.

    Recorded: the parts of a relaxed term may stand in different fields and values of the area.
    """
    for one in readable:
        if one.says(part.alternatives if one.synonyms else part.plain, Coverage.CONTAINS):
            return True
    return bool(part.words) and all(_finds_part(word, readable) for word in part.words)
