"""Terms and values over the studies of one segment: what `run.py` joins to a query."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from trialist.errors import NotBuiltError
from trialist.index.criteria_table import CriteriaTable
from trialist.index.hashing import hash_word
from trialist.index.kernels import Sums, studies_of
from trialist.index.layout import LOCATIONS
from trialist.index.postings import Group, Slot, Sought
from trialist.index.segment import (
    CodeField,
    NumberField,
    PointField,
    PresentField,
    Rarity,
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
from trialist.query.scoring import DEFAULT_WEIGHTS, Weights
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
        criteria: CriteriaTable | None = None,
    ) -> None:
        """`reference` is the same query over the main segment, which says how rare words are.

        `read` gives the record of a study by its NCT number; a few queries for exact spellings need it. `criteria` is what
        areas over criteria are answered from; `NotBuiltError` when one is asked without.
        """
        self._criteria = criteria
        self.check = check
        self.segment = segment
        self.thesaurus = thesaurus
        self.weights = weights
        self._reference = reference
        self._read = read
        self._only: Mask | None = None
        self._counts: dict[tuple[tuple[Sought, ...], tuple[Group, Group]], Mapping[str, int]] = {}

    def look_only_in(self, studies: Mask | None) -> bool:
        """From now on what is found elsewhere than in these studies does not matter, and may be wrong; whether it is."""
        if studies is not None and 2 * np.count_nonzero(studies) > len(studies):
            studies = None  # asking of each whether it matters would take longer than looking
        self._only = studies
        return studies is not None

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
        return studies_of(sites, self.segment.site_study, self.segment.studies)

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
            case ValueKind.CRITERION:
                return self._of_criteria(node, context)
            case ValueKind.ENUM:
                return self._of_enums(looked_in(context.area), node.text.upper())
            case ValueKind.TEXT | ValueKind.NCT_ID | ValueKind.MIXED:
                return self._of_text(node, context, score)
            case _:
                assert_never(target.kind)

    def _of_criteria(self, node: Term, context: Context) -> Mask:
        """The studies whose parsed criteria say a term; those that are not parsed as they are here say nothing."""
        from trialist.query.criterion_areas import find

        if self._criteria is None:
            raise NotBuiltError("the criteria have not been parsed", hint="Parse them: trialist index")
        found = self._no_studies()
        numbers = find(self._criteria, context.area, node.text)
        at = np.searchsorted(self.segment.nct, numbers)
        at[at == len(self.segment.nct)] = 0
        if self.segment.studies:
            found[at[self.segment.nct[at] == numbers]] = True
        return found & self.with_criteria

    @property
    def with_criteria(self) -> Mask:
        """The studies whose criteria have been parsed as they are in this segment."""
        table, segment = self._criteria, self.segment
        if table is None:
            return self._no_studies()
        return segment.kept(("parsed", table.generation), lambda: table.parsed(segment.nct, segment.version))

    def wanted(self, node: Term, context: Context) -> Wanted:
        """What may stand for a term here."""
        return expand_term(
            node.text,
            quoted=node.quoted,
            expansion=context.expansion,
            coverage=context.coverage,
            thesaurus=self.thesaurus,
        )

    def of_ids(self, terms: Sequence[Term], area: str) -> Mask:
        """The studies in which any of some ids is found, all of them looked for at once."""
        looked, context = looked_in(area), Context(area)
        said = [self.wanted(term, context) for term in terms]
        if any(one.exact or one.parts for one in said):
            return any_of(self.term(term, context) for term in terms)
        phrases, plain = (
            [words for one in said for words in getattr(one, name)] for name in ("phrases", "plain")
        )
        groups = (
            _group(phrases, len(phrases), Coverage.CONTAINS),
            _group(plain, len(plain), Coverage.CONTAINS),
        )
        return self._find(looked, groups)

    def _of_text(self, node: Term, context: Context, score: Scores | None) -> Mask:
        wanted = self.wanted(node, context)
        looked = looked_in(context.area)
        mask = self._phrases(looked, wanted, context.coverage, score)
        if wanted.parts:
            mask |= self._apart(looked, wanted, mask, score)
        return mask

    def _apart(self, looked: Sequence[Looked], wanted: Wanted, whole: Mask, score: Scores | None) -> Mask:
        """The studies that hold the parts of a term; `score` grows for those that do not hold the whole."""
        sums = None if score is None else np.zeros_like(score)
        if wanted.lossy:
            found = any_of([self._part(part, looked, sums) for part in wanted.parts])
        else:
            # The rarest first: the others are then looked for only where it is.
            first, *others = sorted(wanted.parts, key=self._commonness)
            found = self._part(first, looked, sums)
            for part in others:
                found &= self._part(part, looked, sums, only=found)
        if score is not None and sums is not None:
            broken = np.flatnonzero(found & ~whole)
            score[broken] += sums[broken] * np.float32(self.weights.broken / len(wanted.parts))
        return found

    def _commonness(self, part: Part) -> int:
        """How many postings the rarest word of a part has."""
        return min((self.segment.words.count(hash_word(word)) for word in part.plain[0]), default=0)

    def _phrases(
        self, looked: Sequence[Looked], wanted: Wanted, coverage: Coverage, score: Scores | None
    ) -> Mask:
        """The studies in which one field holds the term or a synonym unbroken; `score` grows by how well it fits."""
        if wanted.exact:
            slots, doubtful = exact_slots(wanted, coverage, self.segment)
            if doubtful:
                mask = self._read_exact(looked, wanted, coverage, slots)
            else:
                mask = self._find(looked, (Group((slots,), 1),) * 2, score)
        else:
            groups = (
                _group(wanted.phrases, len(wanted.plain), coverage),
                _group(wanted.plain, len(wanted.plain), coverage),
            )
            mask = self._find(looked, groups, score)
        for one in looked:
            if one.field.is_enum:
                self._mark_said(one, said_of(one, wanted), mask)
        return mask

    def _part_groups(self, part: Part) -> tuple[Group, Group]:
        """The sequences that say a part where synonyms count, and where they do not."""
        own = len(part.plain)
        return _group(part.alternatives, own, Coverage.CONTAINS), _group(part.plain, own, Coverage.CONTAINS)

    def _find(
        self,
        looked: Sequence[Looked],
        groups: tuple[Group, Group],
        score: Scores | None = None,
        *,
        only: Mask | None = None,
    ) -> Mask:
        """The studies of which a text field holds a sequence: of the first group where synonyms count, else of the second.

        `score` grows by how well each fits. With `only`, what is found elsewhere does not matter.
        """
        self.check()
        only = self._only if only is None else only
        mask = self._no_studies()
        sought = tuple(one.sought for one in looked if not one.field.is_enum)
        if score is None:
            self.segment.find(sought, groups, mask=mask, only=only)
            return mask
        reference = self._reference
        counts = None if reference is None else reference.counts(sought, groups)
        rare = Rarity(self._all_studies(), self.weights.synonym, counts)
        spare = self.segment.sums
        sums = spare.pop() if spare else Sums(self.segment.studies)
        found = self.segment.find(sought, groups, sums=sums, rare=rare, only=only)
        if counts is None:
            self._counts[sought, groups] = found
        sums.take(score, mask)
        spare.append(sums)
        return mask

    def counts(self, sought: tuple[Sought, ...], groups: tuple[Group, Group]) -> Mapping[str, int]:
        """How many studies of each field hold one of these sequences, as `Segment.find` counts."""
        found = self._counts.get((sought, groups))
        if found is None:
            found = self._counts[sought, groups] = self.segment.find(sought, groups, only=self._no_studies())
        return found

    def _read_exact(
        self, looked: Sequence[Looked], wanted: Wanted, coverage: Coverage, slots: tuple[Slot, ...]
    ) -> Mask:
        """Of the studies that may hold these spellings those whose record does."""
        found = self._find(looked, (Group((slots,), 1),) * 2)
        if self._only is not None:
            found &= self._only
        for unit in np.flatnonzero(found).tolist():
            self.check()
            texts = self._texts(
                int(self.segment.nct[unit]), [one.piece for one in looked if not one.field.is_enum]
            )
            found[unit] = any(stands_exactly(text, wanted.exact, coverage) for text in texts)
        return found

    def _texts(self, number: int, pieces: Sequence[str]) -> list[str]:
        if self._read is None:
            raise LookupError("this query needs the records, and there is no reader of them")
        study = Study.from_record(self._read(number))
        found = []
        for piece in pieces:
            values = study[piece]
            found += [
                value
                for value in (values if isinstance(values, tuple) else (values,))
                if isinstance(value, str)
            ]
        return found

    def _all_studies(self) -> int:
        return self.segment.studies if self._reference is None else self._reference.segment.studies

    def _part(
        self, part: Part, looked: Sequence[Looked], score: Scores | None = None, *, only: Mask | None = None
    ) -> Mask:
        """The studies in which a part is found anywhere in the fields; with `only`, at least those of them there."""
        mask = self._find(looked, self._part_groups(part), score, only=only)
        for one in looked:
            if one.field.is_enum:
                self._mark_said(one, part.alternatives if one.synonyms else part.plain, mask)
        if part.words:
            mask |= all_of([self._part(word, looked, only=only) for word in part.words])
        return mask

    # Fields

    def _mark_said(self, one: Looked, sequences: Sequence[Words], mask: Mask) -> None:
        values = enum_values_said(one.field.type, sequences)
        if values:
            mask |= self._of_enum(one, values)

    def _of_enums(self, looked: Sequence[Looked], value: str) -> Mask:
        return any_of(self._of_enum(one, (value,)) for one in looked)

    def _of_enum(self, one: Looked, values: Sequence[str]) -> Mask:
        if one.field.path.startswith(LOCATIONS):
            found = self._no_studies()
            group = Group(tuple(enum_slots(value) for value in values), 1)
            self.segment.find((Sought(one.piece, 1.0, 0),), (group,), mask=found)
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

    def _sites_near(self, node: Distance) -> Mask:
        """The sites within a distance of a point."""
        field = self.segment.field("LocationGeoPoint")
        if not isinstance(field, PointField):
            return self._no_sites()
        return field.sites_at(_places_near(field, node), self.segment.sites)

    def _studies_near(self, node: Distance) -> Mask:
        """The studies with a site within a distance of a point."""
        field = self.segment.field("LocationGeoPoint")
        if not isinstance(field, PointField):
            return self._no_studies()
        return field.studies_at(_places_near(field, node), self.segment.site_study, self.segment.studies)


def _group(sequences: Sequence[Words], nearest: int, coverage: Coverage) -> Group:
    return Group(tuple(slots_of(words, coverage) for words in sequences), nearest)


def _places_near(field: PointField, node: Distance) -> Mask:
    """Which of the distinct places are within a distance of a point."""
    lat, lon, metres = float(node.lat), float(node.lon), node.metres
    found = np.zeros(len(field.lat), dtype=bool)
    # Two places are never nearer than their latitudes; rounding is far below the margin of a metre.
    margin = math.degrees((metres + 1) / EARTH_RADIUS_METRES)
    band = field.band(lat - margin, lat + margin)
    found[band] = distances(field.lat[band], field.lon[band], lat, lon) <= metres
    return found


def distances(
    lats: NDArray[np.float64], lons: NDArray[np.float64], lat: float, lon: float
) -> NDArray[np.float64]:
    """Metres from a point to each of some places, by the haversine formula on the sphere of `record.geo`."""
    north, south = np.radians(lats), math.radians(lat)
    half = np.sin((north - south) / 2) ** 2
    half += math.cos(south) * np.cos(north) * np.sin(np.radians(lons - lon) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return found
