"""Terms and values over the studies of one segment: what `run.py` joins to a query."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from trialist.index.layout import LOCATIONS
from trialist.index.postings import Found, Slot
from trialist.index.segment import (
    CodeField,
    NumberField,
    PointField,
    PresentField,
    Segment,
    TextField,
    ValueField,
)
from trialist.query.areas import ValueKind, resolve_area
from trialist.query.bounds import bounds_of_range, bounds_of_term, id_number
from trialist.query.context import Context, is_has_value, pieces_of, single_piece
from trialist.query.looked import Looked, looked_in
from trialist.query.masks import Mask, Scores, all_of, any_of
from trialist.query.nodes import Coverage, Distance, Range, Term
from trialist.query.scoring import DEFAULT_WEIGHTS, Sums, Weights, rarity
from trialist.query.slots import codes_of, enum_slots, exact_slots, said_of, slots_of, stands_exactly
from trialist.query.wanted import Part, Wanted, enum_values_said, expand_term
from trialist.record.derived import counted_lists
from trialist.record.geo import EARTH_RADIUS_METRES
from trialist.record.nct_id import parse_nct_id
from trialist.record.study import Study
from trialist.vocabulary.thesaurus import Thesaurus, Words

Reader = Callable[[int], Mapping[str, Any]]
Check = Callable[[], None]
"""Called again and again while a query runs; what it raises ends the query."""


def go_on() -> None:
    """Let a query run to its end."""


class Matcher:
    """Terms, values and places over one segment; everything distinct that is asked is looked up once."""

    def __init__(
        self,
        segment: Segment,
        thesaurus: Thesaurus,
        *,
        weights: Weights = DEFAULT_WEIGHTS,
        reference: Matcher | None = None,
        read: Reader | None = None,
        check: Check = go_on,
    ) -> None:
        """`reference` is the same query over the main segment, which says how rare words are.

        `read` gives the record of a study by its NCT number; a few queries for exact spellings need it.
        """
        self.check = check
        self.segment = segment
        self.thesaurus = thesaurus
        self.weights = weights
        self._reference = reference
        self._read = read
        self._found: dict[tuple[str, tuple[Slot, ...]], Found] = {}

    def extent(self, piece: str) -> tuple[float, float]:
        """The lowest and the highest value of a field."""
        if self._reference is not None:
            return self._reference.extent(piece)
        field = self.segment.field(piece)
        if not isinstance(field, NumberField):
            return 0.0, 0.0
        values, _ = field.pairs()
        return float(values[0]), float(values[-1])

    def _studies_of(self, sites: Mask) -> Mask:
        found = self._no_studies()
        found[self.segment.site_study[np.flatnonzero(sites)]] = True
        return found

    def _no_studies(self) -> Mask:
        return np.zeros(self.segment.studies, dtype=bool)

    def _no_sites(self) -> Mask:
        return np.zeros(self.segment.sites, dtype=bool)

    # Terms

    def term(self, node: Term, context: Context, score: Scores | None = None) -> Mask:
        """The studies in which a term is found; `score`, when given, grows by how well it fits each."""
        target = resolve_area(context.area)
        if context.size:
            return self._of_number(counted_lists()[single_piece(context)], node)
        match target.kind:
            case ValueKind.BOOLEAN:
                return self._of_code(single_piece(context), (node.text.lower() == "true",))
            case ValueKind.NUMBER | ValueKind.DATE | ValueKind.TIME | ValueKind.AGE:
                found = self._no_studies()
                for one in target.fields:
                    found |= self._of_number(one.piece, node)
                return found
            case ValueKind.PLACE:
                return self._no_studies()
            case ValueKind.ENUM:
                return self._of_enums(looked_in(context.area), node.text.upper())
            case ValueKind.TEXT | ValueKind.NCT_ID | ValueKind.MIXED:
                return self._of_text(node, context, score)
            case _:
                assert_never(target.kind)

    def wanted(self, node: Term, context: Context) -> Wanted:
        """What may stand for a term here."""
        return expand_term(
            node.text,
            quoted=node.quoted,
            expansion=context.expansion,
            coverage=context.coverage,
            thesaurus=self.thesaurus,
        )

    def _of_text(self, node: Term, context: Context, score: Scores | None) -> Mask:
        wanted = self.wanted(node, context)
        looked = looked_in(context.area)
        mask = self._no_studies()
        sums = None if score is None else Sums(self.segment.studies)
        for one in looked:
            self._add_phrases(one, wanted, context.coverage, mask, sums)
        if sums is not None and score is not None:
            found = sums.found()
            sums.add_to(score, found, 1.0)
            mask |= found
        if wanted.parts:
            joined = any_of if wanted.lossy else all_of
            apart = joined([self._part(part, looked) for part in wanted.parts])
            if score is not None:
                self._score_parts(wanted.parts, looked, apart & ~mask, score)
            mask |= apart
        return mask

    def _score_parts(
        self, parts: Sequence[Part], looked: Sequence[Looked], broken: Mask, score: Scores
    ) -> None:
        """Score the studies that hold a term only in parts."""
        if not broken.any():
            return
        for part in parts:
            sums = Sums(self.segment.studies)
            for one in looked:
                if not one.field.is_enum:
                    self._add(one, *self._sequences(part, one), None, sums)
            sums.add_to(score, broken, self.weights.broken / len(parts))

    @staticmethod
    def _sequences(part: Part, one: Looked) -> tuple[list[tuple[Slot, ...]], int]:
        """The sequences that say a part in a field, and how many of them, the first ones, are its own words."""
        said = part.alternatives if one.synonyms else part.plain
        return [slots_of(words, Coverage.CONTAINS) for words in said], len(part.plain)

    def _add_phrases(
        self, one: Looked, wanted: Wanted, coverage: Coverage, mask: Mask, sums: Sums | None
    ) -> None:
        """Mark the studies in which one field holds the term or a synonym, or score them, which marks them too."""
        if one.field.is_enum:
            mask |= self._said(one, said_of(one, wanted))
            return
        if wanted.exact:
            slots, doubtful = exact_slots(wanted, coverage, self.segment)
            if doubtful:
                mask |= self._read_exact(one, wanted, coverage, slots)
            else:
                self._add(one, [slots], 1, mask, sums)
            return
        phrases = wanted.phrases if one.synonyms else wanted.plain
        self._add(one, [slots_of(words, coverage) for words in phrases], len(wanted.plain), mask, sums)

    def _add(
        self,
        one: Looked,
        sequences: Sequence[tuple[Slot, ...]],
        nearest: int,
        mask: Mask | None,
        sums: Sums | None,
    ) -> None:
        """What is found in one field: to the sums if there are any, else to the mask.

        The first `nearest` sequences count in full, the others as synonyms.
        """
        some = []
        for place, slots in enumerate(sequences):
            hits = self._lookup(one.piece, slots)
            if len(hits.units):
                some.append((1.0 if place < nearest else self.weights.synonym, hits))
        if sums is not None and some:
            # The whole group is as rare as all that it finds: a rare synonym says no more than the common name.
            worth = one.weight * rarity(self._all_studies(), self._how_many(one.piece, sequences))
            for share, hits in some:
                sums.add(hits.units, hits.impact, worth * share)
        elif mask is not None:
            for _, hits in some:
                mask[hits.units] = True

    def _read_exact(self, one: Looked, wanted: Wanted, coverage: Coverage, slots: tuple[Slot, ...]) -> Mask:
        """Of the studies that may hold these spellings those whose record does."""
        found = self._no_studies()
        for unit in np.unique(self._lookup(one.piece, slots).units).tolist():
            self.check()
            texts = self._texts(int(self.segment.nct[unit]), one.piece)
            found[unit] = any(stands_exactly(text, wanted.exact, coverage) for text in texts)
        return found

    def _texts(self, number: int, piece: str) -> list[str]:
        if self._read is None:
            raise LookupError("this query needs the records, and there is no reader of them")
        values = Study.from_record(self._read(number))[piece]
        return [
            value for value in (values if isinstance(values, tuple) else (values,)) if isinstance(value, str)
        ]

    def _all_studies(self) -> int:
        return self.segment.studies if self._reference is None else self._reference.segment.studies

    def _how_many(self, piece: str, sequences: Sequence[tuple[Slot, ...]]) -> int:
        """How many studies of the main segment hold one of these sequences, those with several counted as often."""
        if self._reference is not None:
            return self._reference._how_many(piece, sequences)
        return sum(len(self._lookup(piece, slots).units) for slots in sequences)

    def _part(self, part: Part, looked: Sequence[Looked]) -> Mask:
        """The studies in which a part is found anywhere in the fields."""
        mask = self._no_studies()
        for one in looked:
            if one.field.is_enum:
                mask |= self._said(one, part.alternatives if one.synonyms else part.plain)
            else:
                self._add(one, *self._sequences(part, one), mask, None)
        if part.words:
            mask |= all_of([self._part(word, looked) for word in part.words])
        return mask

    # Fields

    def _lookup(self, piece: str, slots: tuple[Slot, ...]) -> Found:
        key = (piece, slots)
        found = self._found.get(key)
        if found is None:
            self.check()
            found = self._found[key] = self.segment.find(piece, slots)
        return found

    def _said(self, one: Looked, sequences: Sequence[Words]) -> Mask:
        values = enum_values_said(one.field.type, sequences)
        return self._of_enum(one, values) if values else self._no_studies()

    def _of_enums(self, looked: Sequence[Looked], value: str) -> Mask:
        return any_of(self._of_enum(one, (value,)) for one in looked)

    def _of_enum(self, one: Looked, values: Sequence[str]) -> Mask:
        if one.field.path.startswith(LOCATIONS):
            found = self._no_studies()
            for value in values:
                found[self._lookup(one.piece, enum_slots(value)).units] = True
            return found
        return self._of_code(one.piece, values)

    def _of_code(self, piece: str, values: Sequence[object]) -> Mask:
        field = self.segment.field(piece)
        if not isinstance(field, CodeField):
            return self._no_studies()
        listed = codes_of(piece)
        wanted = sum(1 << listed[value] for value in values if value in listed)
        found: Mask = (field.bits & field.bits.dtype.type(wanted & np.iinfo(field.bits.dtype).max)) != 0
        return found

    def _of_number(self, piece: str, node: Term) -> Mask:
        bounds = bounds_of_term(piece, node.text)
        return self._between(piece, *bounds) if bounds is not None else self._no_studies()

    def _between(self, piece: str, lower: float, upper: float) -> Mask:
        found = self._no_studies()
        field = self.segment.field(piece)
        if isinstance(field, NumberField):
            found[field.between(lower, upper)] = True
        return found

    def _in_range(self, node: Range, context: Context) -> Mask:
        if is_has_value(node):
            return self._with_value(context)
        if context.size:
            return self._between(counted_lists()[single_piece(context)], *bounds_of_range(node))
        target = resolve_area(context.area)
        if target.kind is ValueKind.NCT_ID:
            return self._ids_between(node, [field.piece for field in target.fields])
        return any_of(self._between(field.piece, *bounds_of_range(node)) for field in target.fields)

    def _ids_between(self, node: Range, pieces: Sequence[str]) -> Mask:
        lower, upper = (id_number(bound) for bound in (node.lower, node.upper))
        lowest, highest = (0 if lower is None else lower), (10**8 if upper is None else upper)
        found = self._no_studies()
        for piece in pieces:
            field = self.segment.field(piece)
            if piece == "NCTId":
                found |= (self.segment.nct >= lowest) & (self.segment.nct <= highest)
            elif isinstance(field, ValueField):
                start, studies = field.study_pairs()
                for number in range(len(field)):
                    nct_id = parse_nct_id(field.value(number))
                    if nct_id is not None and lowest <= int(nct_id[3:]) <= highest:
                        found[studies[int(start[number]) : int(start[number + 1])]] = True
        return found

    def _with_value(self, context: Context) -> Mask:
        found = self._no_studies()
        for piece in pieces_of(context):
            field = self.segment.field(piece)
            if isinstance(field, CodeField):
                found |= field.bits != 0
            elif isinstance(field, TextField | ValueField | NumberField):
                found[field.studies()] = True
            elif isinstance(field, PresentField):
                found[field.docs] = True
            elif isinstance(field, PointField):
                found[self.segment.site_study[field.sites]] = True
        return found

    def _near(self, node: Distance) -> NDArray[np.integer]:
        """The sites within a distance of a point, by number."""
        field = self.segment.field("LocationGeoPoint")
        if not isinstance(field, PointField):
            return np.empty(0, dtype=np.uint32)
        away = distances(field, float(node.lat), float(node.lon))
        return field.sites_at(np.flatnonzero(away <= node.metres))


def distances(field: PointField, lat: float, lon: float) -> NDArray[np.float64]:
    """Metres from a point to every distinct place, by the haversine formula on the sphere of `record.geo`."""
    north, south = np.radians(field.lat), math.radians(lat)
    half = np.sin((north - south) / 2) ** 2
    half += math.cos(south) * np.cos(north) * np.sin(np.radians(field.lon - lon) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return found
