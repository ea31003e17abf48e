"""Studies → what the index holds of them, a chunk of studies at a time.

A `Collector` walks the JSON of each study along the catalogue (`walking.py`) and gives, field by field, every value where
its kind keeps it (`layout.kinds`). Values of a wrong type are passed over here as they are by `Study`: they stand in the
problems of the load that brought them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialist.index.arrays import Array
from trialist.index.layout import EPOCH, LOCATIONS, FieldKind, kinds
from trialist.index.walking import Walk, plan
from trialist.index.words import Words
from trialist.record.ages import parse_age
from trialist.record.catalogue import fields_by_piece
from trialist.record.dates import parse_minutes, parse_partial_date
from trialist.record.enums import enum_values
from trialist.record.unparsed import Unparsed

Read = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Texts:
    """The values of a field of free texts.

    `tokens` are the numbers of their words, study after study: that of each study of `docs` begins at `starts` with a
    boundary, and every value ends with one. Of each value `value_docs` has the study, `numbers` the number of its text
    and `lengths` its characters.
    """

    tokens: Array
    docs: Array
    starts: Array
    value_docs: Array
    numbers: Array
    lengths: Array


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a field, each distinct one once, and who has it: `had[n]` is had by `by[n]`.

    Of `Collector.values` nobody has a value twice; of `Collector.written` every mention counts. The texts stand one
    behind the other in `text`, each ending where `ends` says.
    """

    had: Array
    by: Array
    text: Array
    ends: Array

    def texts(self) -> list[str]:
        """The distinct values."""
        joined, places = self.text.tobytes(), [0, *self.ends.tolist()]
        return [joined[begin:end].decode("utf-8", "surrogatepass") for begin, end in pairwise(places)]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What studies have: numbers, or codes of an enumeration or boolean, of which the last is any unknown value."""

    docs: Array
    found: Array
    codes: int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """The places of sites."""

    sites: Array
    lat: Array
    lon: Array


class Collector:
    """What a chunk of studies gives; `collect` takes one study, the fields are read when all are taken.

    Studies are numbered from `first_doc` on; sites from 0 on within the chunk.
    """

    def __init__(self, first_doc: int, words: Words) -> None:
        self.next_doc = first_doc
        self.words = words
        self.sizes = array("I")
        self._walk = Walk(words)

    def collect(self, raw: bytes) -> None:
        """Take the JSON of the next study; `ValueError` when it is none."""
        self._walk.take(raw, self.next_doc)
        self.next_doc += 1
        self.sizes.append(len(raw))

    def parts(self) -> Mapping[str, Any]:
        """Of the study taken last what teaches synonyms, as a record."""
        return self._walk.parts()

    def _of(self, *wanted: FieldKind) -> list[str]:
        return [piece for piece in plan().sinks if kinds()[piece] in wanted]

    def _values(self, piece: str) -> Values:
        column = self._walk.column
        return Values(
            column(piece, 0, np.uint32),
            column(piece, 1, np.uint32),
            column(piece, 2, np.uint8),
            column(piece, 3, np.int64),
        )

    @cached_property
    def texts(self) -> dict[str, Texts]:
        """The fields of free texts that have values."""
        wide = (np.uint32, np.uint32, np.int64, np.uint32, np.uint64, np.uint32)
        found = {
            piece: Texts(*(self._walk.column(piece, place, kind) for place, kind in enumerate(wide)))
            for piece in self._of(FieldKind.TEXT)
        }
        return {piece: texts for piece, texts in found.items() if len(texts.docs)}

    @cached_property
    def values(self) -> dict[str, Values]:
        """The fields of shared texts, had by studies or by sites, that have values."""
        found = {piece: self._values(piece) for piece in self._of(FieldKind.VALUES, FieldKind.SITES)}
        return {piece: values for piece, values in found.items() if len(values.ends)}

    @cached_property
    def written(self) -> dict[str, Values]:
        """Dates and lengths of time as they are written; years are read from these texts too."""
        return {
            piece: self._values(piece) for piece in self._of(FieldKind.NUMBERS) if _reader(piece) is not None
        }

    @cached_property
    def numbers(self) -> dict[str, Pairs]:
        """The fields of numbers: as they are, a date as days since 1970 (its first day), an age in days."""
        found = {}
        for piece in self._of(FieldKind.NUMBERS):
            read = _reader(piece)
            if read is None:
                found[piece] = Pairs(
                    self._walk.column(piece, 0, np.uint32), self._walk.column(piece, 1, np.float64)
                )
                continue
            values = self.written[piece]
            known = np.fromiter(map(read, values.texts()), dtype=np.float64, count=len(values.ends))
            numbers = known[values.had]
            kept = ~np.isnan(numbers)
            found[piece] = Pairs(values.by[kept], numbers[kept])
        return found

    @cached_property
    def codes(self) -> dict[str, Pairs]:
        """The enumerations and booleans: the place of each value among those there are."""
        return {
            piece: Pairs(
                self._walk.column(piece, 0, np.uint32),
                self._walk.column(piece, 1, np.uint8),
                len(enum_values(fields_by_piece()[piece].type)) if fields_by_piece()[piece].is_enum else 2,
            )
            for piece in self._of(FieldKind.CODES)
        }

    @cached_property
    def present(self) -> dict[str, Array]:
        """The studies that have a structure."""
        return {piece: self._walk.column(piece, 0, np.uint32) for piece in self._of(FieldKind.PRESENT)}

    @cached_property
    def present_sites(self) -> dict[str, Array]:
        """The sites that have a structure, of those below sites."""
        return {
            piece: self._walk.column(piece, 1, np.uint32)
            for piece in self._of(FieldKind.PRESENT)
            if fields_by_piece()[piece].path.startswith(LOCATIONS + ".")
        }

    @cached_property
    def points(self) -> dict[str, Points]:
        """The places of sites."""
        column = self._walk.column
        return {
            piece: Points(
                column(piece, 0, np.uint32), column(piece, 1, np.float64), column(piece, 2, np.float64)
            )
            for piece in self._of(FieldKind.POINTS)
        }

    @cached_property
    def site_study(self) -> NDArray[np.uint32]:
        """The study of each site."""
        return self._walk.site_study()


def _reader(piece: str) -> Read | None:
    """What reads the texts of a field of numbers; None where they are no texts. What is no number is NaN."""
    if piece in plan().years:
        return _YEARS.__getitem__
    field = fields_by_piece().get(piece)
    if field is None or field.indexed_only:
        return None
    known = _READ.get(field.type)
    return None if known is None else known.__getitem__


class _Known(dict[str, float]):
    """Texts and the numbers they mean, read once each; only so many are remembered."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> float:
        number = self.read(text)
        if len(self) < 100_000:
            self[text] = number
        return number


def _day(text: str) -> float:
    """Days since 1970 of the first day that a date may mean."""
    date = parse_partial_date(text)
    return float("nan") if isinstance(date, Unparsed) else float(date.earliest.toordinal() - EPOCH)


def _minute(text: str) -> float:
    minute = parse_minutes(text)
    if isinstance(minute, Unparsed):
        return float("nan")
    return minute.toordinal() - EPOCH + (minute.hour * 60 + minute.minute) / 1440


def _year(text: str) -> float:
    date = parse_partial_date(text)
    return float("nan") if isinstance(date, Unparsed) else float(date.year)


def _length(text: str) -> float:
    age = parse_age(text)
    return float("nan") if isinstance(age, Unparsed) else float(age.days)


_YEARS, _DAYS = _Known(_year), _Known(_day)
_READ = {
    "NormalizedDate": _DAYS,
    "PartialDate": _DAYS,
    "DateTimeMinutes": _Known(_minute),
    "NormalizedTime": _Known(_length),
}
