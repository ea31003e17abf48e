"""How often each value of a field stands among studies: the counting behind facets.

Of more than half of a segment the others are counted, and taken from what all of it has, which is counted once. A process
that answers many turns the fields that are asked for most so that they are counted study by study (`turn`); one that
answers once counts them as they lie, for turning costs more than it saves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trialist.index.kernels import count_bits, count_holders, count_listed, count_numbers
from trialist.index.segment import AnyField, CodeField, NumberField, Segment, ValueField
from trialist.query.areas import ValueKind, kind_of, resolve_area
from trialist.query.choices import open_site_where
from trialist.query.context import Context
from trialist.query.hits import FILTER_AREA
from trialist.query.masks import Mask
from trialist.query.run import Evaluation
from trialist.query.slots import codes_of
from trialist.record.ages import Age, AgeUnit

DATES = (ValueKind.DATE, ValueKind.TIME)
"""Kinds of values that are counted by years."""
_CODES = 32
_MOST_TURNED = 20_000
"""Of a field with so many values at most it is kept which ones each study has."""
_FEW = 10
"""A tenth of the studies of a segment is faster counted study by study than value by value."""
_Counts = NDArray[np.int64]


class Among:
    """The studies of one segment among which is counted; what several facets need of them is found once."""

    def __init__(self, evaluation: Evaluation, mask: Mask) -> None:
        self.evaluation = evaluation
        self.mask = mask

    @property
    def segment(self) -> Segment:
        """The segment."""
        return self.evaluation.segment

    @cached_property
    def count(self) -> int:
        """How many studies there are."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def is_most(self) -> bool:
        """Whether these are more than half of the segment."""
        return 2 * self.count > len(self.mask)

    @cached_property
    def fewer(self) -> NDArray[np.intp]:
        """The places of these studies, or of all others where those are fewer."""
        return np.flatnonzero(~self.mask if self.is_most else self.mask)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one segment has: the field, the counts of its values (by number or by text), how many studies have any."""

    field: AnyField | None
    by_number: _Counts
    by_text: Mapping[str, int]
    with_value: int


def tally(among: Among, piece: str, *, only_open: bool) -> Tally:
    """How many of the studies have each value of a field; with `only_open` at a site that takes people now."""
    field = among.segment.field(piece)
    nothing = np.empty(0, dtype=np.int64)
    match field:
        case CodeField():
            often = _codes(among, field, piece)
            named = {_code_text(value): often[code] for value, code in codes_of(piece).items()}
            return Tally(field, nothing, named, often[_CODES])
        case ValueField() if only_open:
            start, studies, kept = _open_holders(among, field)
            return Tally(field, _sums(kept, start), {}, len(np.unique(studies[kept])))
        case ValueField():
            with_value = _count_marked(among, _with_value(among.segment, field, piece))
            return Tally(field, _holders(among, field, piece), {}, with_value)
        case NumberField() if _is_dated_once(piece):
            years = _years_counted(among, field, piece)
            found = {str(year + 1): int(years[year + 1]) for year in np.flatnonzero(years[1:]).tolist()}
            return Tally(field, nothing, found, among.count - int(years[0]))
        case NumberField():
            values, studies = field.pairs()
            kept = among.mask[studies]
            found = dict(_numbers(values[kept], studies[kept], piece))
            return Tally(field, nothing, found, len(np.unique(studies[kept])))
        case _:
            return Tally(field, nothing, {}, 0)


def _code_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def turn(segment: Segment, piece: str) -> None:
    """Keep of a field what each study has, so that whoever counts it from now on looks at those studies alone."""
    segment.kept(("turned", piece), lambda: np.empty(0))
    match segment.field(piece):
        case CodeField() as field:
            _sets_of_codes(segment, field, piece)
        case ValueField() as field if len(field) <= _MOST_TURNED:
            _values_by_study(segment, field, piece)
        case NumberField() as field if _is_dated_once(piece):
            _years_by_study(segment, field, piece)


def _is_turned(segment: Segment, piece: str) -> bool:
    return segment.is_kept(("turned", piece))


def _codes(among: Among, field: CodeField, piece: str) -> list[int]:
    """How many studies have each code and, last, how many have any.

    Studies have few different sets of codes, so it is these that are counted where they are known.
    """
    segment = among.segment
    if not _is_turned(segment, piece):
        with_any = int(np.count_nonzero((field.bits != 0) & among.mask))
        return [*count_bits(field.bits, among.mask).tolist(), with_any]
    sets, of_study = _sets_of_codes(segment, field, piece)
    often = _counted(among, of_study, len(sets), ("sets of codes counted", piece))

    def codes() -> NDArray[np.int64]:
        """For each set which codes it has and, last, whether any."""
        each = sets[:, np.newaxis] >> np.arange(_CODES, dtype=sets.dtype) & 1
        return np.column_stack((each, sets != 0)).astype(np.int64)

    found: list[int] = (often @ segment.kept(("codes of sets", piece), codes)).tolist()
    return found


def _sets_of_codes(
    segment: Segment, field: CodeField, piece: str
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.unsignedinteger]]:
    """The different sets of codes that studies have, and the number of each study's."""
    sets = segment.kept(("sets of codes", piece), lambda: np.unique(field.bits))
    kind = np.uint8 if len(sets) <= 256 else np.uint32
    return sets, segment.kept(("set of codes", piece), lambda: np.searchsorted(sets, field.bits).astype(kind))


def _counted(among: Among, of_study: NDArray[np.unsignedinteger], most: int, key: object) -> _Counts:
    """How many of the studies have each number below `most`; `key` names what all studies of the segment have."""
    own = count_numbers(of_study, among.fewer, most)
    if among.is_most:
        every: _Counts = among.segment.kept(key, lambda: np.bincount(of_study, minlength=most))
        return every - own
    return own


def _holders(among: Among, field: ValueField, piece: str) -> _Counts:
    """How many of the studies have each value."""
    start, studies = field.study_pairs()
    segment = among.segment
    is_far = len(field) > _MOST_TURNED or _FEW * len(among.fewer) > segment.studies
    if is_far or not _is_turned(segment, piece):
        return count_holders(start, studies, among.mask)
    of_study, begin = _values_by_study(segment, field, piece)
    own = count_listed(of_study, begin, among.fewer, len(field))
    if among.is_most:
        everywhere = np.ones(segment.studies, dtype=bool)
        return segment.kept(("holders", piece), lambda: count_holders(start, studies, everywhere)) - own
    return own


def _values_by_study(
    segment: Segment, field: ValueField, piece: str
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.int64]]:
    """The numbers of the values that studies have, study by study, and where those of each study begin."""
    start, studies = field.study_pairs()

    def values() -> NDArray[np.uint32]:
        numbers = np.repeat(np.arange(len(field), dtype=np.uint32), np.diff(start))
        return numbers[np.argsort(studies, kind="stable")]

    def begins() -> NDArray[np.int64]:
        return np.append(0, np.cumsum(np.bincount(studies, minlength=segment.studies)))

    return (
        segment.kept(("values by study", piece), values),
        segment.kept(("where values of a study begin", piece), begins),
    )


def _count_marked(among: Among, marked: Mask) -> int:
    """How many of the studies have a mark."""
    own = int(np.count_nonzero(marked[among.fewer]))
    return int(np.count_nonzero(marked)) - own if among.is_most else own


def _with_value(segment: Segment, field: ValueField, piece: str) -> Mask:
    """The studies that have a value of a field; found once for each segment."""

    def marked() -> Mask:
        found = np.zeros(segment.studies, dtype=bool)
        found[field.studies()] = True
        return found

    return segment.kept(("with value", piece), marked)


def _is_dated_once(piece: str) -> bool:
    field = resolve_area(piece).fields[0]
    return kind_of(field) in DATES and not field.is_many


def _years_counted(among: Among, field: NumberField, piece: str) -> _Counts:
    """How many studies have a date in each year; under 0 those that have none."""
    if not _is_turned(among.segment, piece):
        values, studies = field.pairs()
        own: _Counts = np.bincount(_years(values[among.mask[studies]]), minlength=1)
        own[0] = among.count - int(own.sum())
        return own
    column = _years_by_study(among.segment, field, piece)
    last = among.segment.kept(("last year", piece), lambda: np.array([column.max(initial=0)]))
    return _counted(among, column, int(last[0]) + 1, ("years counted", piece))


def _years_by_study(segment: Segment, field: NumberField, piece: str) -> NDArray[np.uint16]:
    """The year of each study's date, 0 where it has none."""

    def years() -> NDArray[np.uint16]:
        values, studies = field.pairs()
        found = np.zeros(segment.studies, dtype=np.uint16)
        found[studies] = _years(values)
        return found

    return segment.kept(("years", piece), years)


def _open_holders(among: Among, field: ValueField) -> tuple[NDArray[np.integer], NDArray[np.integer], Mask]:
    """Where each value's holders begin, the study of each, and which of them have it at an open site, once a value."""
    start, sites = field.site_pairs()
    site_study = among.segment.site_study
    studies = site_study[sites]
    is_open = among.evaluation.sites(open_site_where(), Context(FILTER_AREA)) & among.mask[site_study]
    kept = np.flatnonzero(is_open[sites])
    # Sites stand by study under each value, so a study's second site there follows its first.
    value = np.searchsorted(start, kept, "right")
    first = np.ones(len(kept), dtype=bool)
    first[1:] = (value[1:] != value[:-1]) | (studies[kept[1:]] != studies[kept[:-1]])
    marked = np.zeros(len(sites), dtype=bool)
    marked[kept[first]] = True
    return start, studies, marked


def _numbers(
    values: NDArray[np.floating], studies: NDArray[np.integer], piece: str
) -> Iterator[tuple[str, int]]:
    """Numbers in ascending order, or years of dates, in words, and how many studies have each."""
    field = resolve_area(piece).fields[0]
    kind = kind_of(field)
    read = _years(values) if kind in DATES else values
    if not len(read):
        return
    begins = np.flatnonzero(np.diff(read, prepend=read[:1] - 1))
    ends = np.append(begins[1:], len(read))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        value = read[begin].item()
        # Only of a field with several values in a study can two fall into one year.
        count = len(np.unique(studies[begin:end])) if field.is_many else end - begin
        yield (_age_words(value) if kind is ValueKind.AGE else _number_words(value)), count


def _number_words(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _age_words(days: float) -> str:
    """A length of time in the largest unit of which it is a whole number."""
    for unit in AgeUnit:
        count = days / float(Age(1, unit).days)
        if count >= 1 and abs(count - round(count)) < 1e-6:
            return str(Age(round(count), unit))
    return f"{days:g} days"


def _sums(marked: Mask, start: NDArray[np.integer]) -> _Counts:
    """How many marks each run has."""
    before = np.zeros(len(marked) + 1, dtype=np.int64)
    np.cumsum(marked, out=before[1:])
    found: _Counts = before[start[1:]] - before[start[:-1]]
    return found


def _years(days: NDArray[np.floating]) -> NDArray[np.int64]:
    years: NDArray[np.int64] = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def joined(tallies: Sequence[Tally], most: int, *, by_date: bool) -> tuple[list[tuple[str, int]], int]:
    """The counts of all segments together, the first `most` of them, and how many values there are."""
    values = [(one.field, one.by_number) for one in tallies if isinstance(one.field, ValueField)]
    if values:
        return _joined_values(values, most)
    counts: dict[str, int] = {}
    for one in tallies:
        for value, count in one.by_text.items():
            counts[value] = counts.get(value, 0) + count
    found = [(value, count) for value, count in counts.items() if count]
    found.sort(key=lambda pair: (-pair[1], _by_number(pair[0])))
    if by_date:
        found.sort(key=lambda pair: pair[0], reverse=True)
    return found[:most], len(found)


def _by_number(value: str) -> tuple[float, str]:
    head = value.partition(" ")[0]
    return (float(head) if head.replace(".", "", 1).isdecimal() else 0.0, value)


def _joined_values(
    tallies: Sequence[tuple[ValueField, _Counts]], most: int
) -> tuple[list[tuple[str, int]], int]:
    """As `_joined`, for values that are held once each: the segments agree on them by the numbers of their texts."""
    if len(tallies) == 1:
        counts = tallies[0][1]
        owner, number = np.zeros(len(counts), dtype=np.int64), np.arange(len(counts))
    else:
        hashes = np.concatenate([field.hashes for field, _ in tallies])
        every = np.concatenate([counts for _, counts in tallies])
        _, first, place = np.unique(hashes, return_index=True, return_inverse=True)
        counts = np.bincount(place, weights=every, minlength=len(first)).astype(np.int64)
        begins = np.cumsum([0, *(len(field) for field, _ in tallies)])
        owner = np.searchsorted(begins, first, "right") - 1
        number = first - begins[owner]
    there = np.flatnonzero(counts)
    if len(there) > most:
        least = np.partition(counts[there], len(there) - max(most, 1))[len(there) - max(most, 1)]
        chosen = there[counts[there] >= least] if most else there[:0]
    else:
        chosen = there
    found = [
        (tallies[int(owner[at])][0].value(int(number[at])), int(counts[at]))
        for at in _highest(counts, chosen)
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return found[:most], len(there)


_MOST_TIED = 2_000


def _highest(counts: _Counts, chosen: NDArray[np.intp]) -> list[int]:
    """The chosen values, most first; of very many with one study each not all are read to order them by name."""
    ordered = chosen[np.argsort(-counts[chosen], kind="stable")]
    found: list[int] = ordered[:_MOST_TIED].tolist()
    return found
