"""A query over a segment of the index → the studies it finds, and how well each fits.

The same rules as in `scan.py`, which judges this; here every node becomes a mask over all studies (or, inside
`SEARCH[Location]`, over all sites), and a term's words also add to the score of the studies they are found in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np

from trialist.index.kernels import sites_of
from trialist.index.layout import LOCATIONS
from trialist.index.postings import Group, Slot, Sought
from trialist.index.segment import NumberField, PointField, PresentField, ValueField
from trialist.query.areas import ValueKind, resolve_area
from trialist.query.context import Context, is_has_value, single_piece, within
from trialist.query.looked import Looked, looked_in
from trialist.query.masks import Mask, Scores, all_of, any_of
from trialist.query.matching import Matcher
from trialist.query.nodes import (
    All,
    And,
    Area,
    Coverage,
    Covered,
    Distance,
    Document,
    Expanded,
    Missing,
    Node,
    Not,
    Or,
    Range,
    SearchIn,
    Term,
    Tilt,
)
from trialist.query.slots import enum_slots, exact_slots, is_of_sites, said_of, slots_of, stands_exactly
from trialist.query.wanted import Part, Wanted, enum_values_said


class Evaluation(Matcher):
    """One query over one segment."""

    # Studies

    def studies(  # noqa: C901  # one arm for each kind of node
        self, node: Node, context: Context, score: Scores | None = None
    ) -> Mask:
        """The studies that a node finds; `score`, when given, grows by how well each fits."""
        self.check()
        match node:
            case And(operands):
                return all_of(self.studies(one, context, score) for one in operands)
            case Or(operands):
                return any_of(self.studies(one, context, score) for one in operands)
            case Not(operand):
                return ~self.studies(operand, context)
            case Area() | Covered() | Expanded():
                return self.studies(node.operand, within(node, context), score)
            case Tilt():
                return self._tilted(node, context, score)
            case SearchIn(document, operand):
                if document is Document.STUDY:
                    return self.studies(operand, context, score)
                return self._studies_of(self.sites(operand, context))
            case All():
                return np.ones(self.segment.studies, dtype=bool)
            case Term():
                return self.term(node, context, score)
            case Missing():
                return ~self._with_value(context)
            case Range():
                return self._in_range(node, context)
            case Distance():
                return self._studies_near(node)
            case _:
                assert_never(node)

    def _tilted(self, node: Tilt, context: Context, score: Scores | None) -> Mask:
        """The operand's studies; those with low values lose up to half of their score, those without one half."""
        if score is None:
            return self.studies(node.operand, context)
        own = np.zeros_like(score)
        mask = self.studies(node.operand, context, own)
        piece = single_piece(Context(node.area))
        field = self.segment.field(piece)
        share = np.zeros(self.segment.studies)
        if isinstance(field, NumberField):
            lowest, highest = self.extent(piece)
            share = np.nan_to_num(
                (field.column(self.segment.studies, highest=True) - lowest) / max(highest - lowest, 1e-9)
            )
        score += (own + 1) * (0.5 + 0.5 * share).astype(np.float32)
        return mask

    # Sites

    def sites(self, node: Node, context: Context) -> Mask:  # noqa: C901  # one arm for each kind of node
        """The sites that a node finds; what does not stand below locations is asked of the site's study."""
        self.check()
        match node:
            case And(operands):
                return all_of(self.sites(one, context) for one in operands)
            case Or(operands):
                return any_of(self.sites(one, context) for one in operands)
            case Not(operand):
                return ~self.sites(operand, context)
            case Area() | Covered() | Expanded() | Tilt():
                return self.sites(node.operand, within(node, context))
            case SearchIn(document, operand):
                if document is Document.STUDY:
                    return self._sites_of(self.studies(operand, context))
                return self.sites(operand, context)
            case All():
                return np.ones(self.segment.sites, dtype=bool)
            case Term():
                return self._term_sites(node, context)
            case Missing():
                return self._sites_without_value(context)
            case Range():
                if is_has_value(node):
                    return ~self._sites_without_value(context)
                return self._sites_of(self._in_range(node, context))
            case Distance():
                return self._sites_near(node)
            case _:
                assert_never(node)

    def _sites_of(self, studies: Mask) -> Mask:
        return sites_of(studies, self.segment.site_study)

    # Terms and values of sites

    def _term_sites(self, node: Term, context: Context) -> Mask:
        if context.size:
            return self._sites_of(self.term(node, context))
        target = resolve_area(context.area)
        of_sites = [one for one in looked_in(context.area) if is_of_sites(one)]
        if not of_sites or target.kind not in (ValueKind.TEXT, ValueKind.MIXED, ValueKind.ENUM):
            return self._sites_of(self.term(node, context))
        if target.kind is ValueKind.ENUM:
            return any_of(self._site_enum(one, (node.text.upper(),)) for one in looked_in(context.area))
        wanted = self.wanted(node, context)
        found = self._no_sites()
        for one in looked_in(context.area):
            found |= self._phrases_sites(one, wanted, context.coverage)
        if wanted.parts:
            joined = any_of if wanted.lossy else all_of
            found |= joined([self._part_sites(part, looked_in(context.area)) for part in wanted.parts])
        return found

    def _phrases_sites(self, one: Looked, wanted: Wanted, coverage: Coverage) -> Mask:
        if not is_of_sites(one):
            return self._sites_of(self._phrases((one,), wanted, coverage, None))
        phrases = wanted.phrases if one.synonyms else wanted.plain
        if one.field.is_enum:
            return self._site_enum(one, enum_values_said(one.field.type, said_of(one, wanted)))
        if wanted.exact:
            return self._exact_sites(one, wanted, coverage)
        return self._find_sites(one.piece, [slots_of(words, coverage) for words in phrases])

    def _exact_sites(self, one: Looked, wanted: Wanted, coverage: Coverage) -> Mask:
        slots, doubtful = exact_slots(wanted, coverage, self.segment)
        found = self._find_sites(one.piece, [slots])
        field = self.segment.field(one.piece)
        if doubtful and isinstance(field, ValueField):
            start, sites = field.site_pairs()
            exact = self._no_sites()
            for number in range(len(field)):
                if stands_exactly(field.value(number), wanted.exact, coverage):
                    exact[sites[int(start[number]) : int(start[number + 1])]] = True
            found &= exact
        return found

    def _part_sites(self, part: Part, looked: Sequence[Looked]) -> Mask:
        found = self._no_sites()
        for one in looked:
            sequences = part.alternatives if one.synonyms else part.plain
            if not is_of_sites(one):
                found |= self._sites_of(self._part(replace(part, words=()), (one,)))
            elif one.field.is_enum:
                found |= self._site_enum(one, enum_values_said(one.field.type, sequences))
            else:
                found |= self._find_sites(
                    one.piece, [slots_of(words, Coverage.CONTAINS) for words in sequences]
                )
        if part.words:
            found |= all_of([self._part_sites(word, looked) for word in part.words])
        return found

    def _site_enum(self, one: Looked, values: Sequence[str]) -> Mask:
        if not is_of_sites(one):
            return self._sites_of(self._of_enum(one, values))
        return self._find_sites(one.piece, [enum_slots(value) for value in values])

    def _find_sites(self, piece: str, sequences: Iterable[tuple[Slot, ...]]) -> Mask:
        found = self._no_sites()
        self.segment.find((Sought(piece, 1.0, 0),), (Group(tuple(sequences), 1),), mask=found, of_sites=True)
        return found

    def _sites_without_value(self, context: Context) -> Mask:
        if context.size:
            return ~self._sites_of(self._with_value(context))
        target = resolve_area(context.area)
        if target.field is not None and target.field.is_struct:
            return ~self._sites_with_struct(target.field.path, target.field.piece)
        found = self._no_sites()
        for one in target.fields:
            field = self.segment.field(one.piece)
            if isinstance(field, PointField):
                found[field.sites] = True
            elif isinstance(field, ValueField) and one.path.startswith(LOCATIONS + "."):
                found[field.site_pairs()[1]] = True
            else:
                found |= self._sites_of(self._with_value(Context(one.piece)))
        return ~found

    def _sites_with_struct(self, path: str, piece: str) -> Mask:
        if path == LOCATIONS:
            return np.ones(self.segment.sites, dtype=bool)
        field = self.segment.field(piece)
        if path.startswith(LOCATIONS + ".") and isinstance(field, PresentField):
            found = self._no_sites()
            found[field.sites] = True
            return found
        return self._sites_of(self._with_value(Context(piece)))
