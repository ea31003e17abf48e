"""One segment of an index, opened: its studies, its fields, its words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array, ArrayFile
from trialist.index.hashing import hash_value
from trialist.index.layout import LAYOUT_VERSION, FieldKind, kinds
from trialist.index.postings import NOWHERE, Found, Postings, Slot, ranges

_MOST_PLACES = 50_000
"""Words whose places a segment remembers."""


class TextField:
    """A field held as text: its units are studies."""

    def __init__(self, arrays: ArrayFile) -> None:
        self.postings = Postings(arrays)

    def find(self, slots: tuple[Slot, ...], at: Sequence[int]) -> Found:
        """The studies in which these words, at these places, stand one behind the other within a value."""
        return self.postings.find(slots, at)

    def studies(self) -> Array:
        """The studies that have a value."""
        return self.postings.all()


class ValueField:
    """A field held as distinct values: its units are values, had by studies or by sites."""

    def __init__(self, arrays: ArrayFile) -> None:
        self.postings = Postings(arrays)
        self._arrays = arrays
        self._study_impact = arrays["study_impact"]
        self._study_pairs = (
            (arrays["study_start"], arrays["studies"])
            if "studies" in arrays
            else (arrays["holder_start"], arrays["holders"])
        )

    def __len__(self) -> int:
        """How many distinct values there are."""
        return len(self._arrays["holder_start"]) - 1

    def value(self, number: int) -> str:
        """The text of a value."""
        start = self._arrays["text_start"]
        return bytes(self._arrays["text"][start[number] : start[number + 1]]).decode("utf-8", "surrogatepass")

    def sizes(self) -> Array:
        """The length of every value's text in bytes."""
        return np.diff(self._arrays["text_start"])

    def texts(self) -> list[str]:
        """The texts of all values."""
        start = self._arrays["text_start"].tolist()
        text = self._arrays["text"].tobytes()
        return [text[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(start)]

    @cached_property
    def hashes(self) -> Array:
        """The number of each value's text, ascending, so that segments agree on values; made when first asked for."""
        start = self._arrays["text_start"].tolist()
        text = self._arrays["text"].tobytes()
        numbers = (hash_value(text[a:b]) for a, b in pairwise(start))
        return np.fromiter(numbers, dtype=np.uint64, count=len(self))

    def find(self, slots: tuple[Slot, ...], at: Sequence[int]) -> Found:
        """The studies that have a value in which these words stand one behind the other; in no order, some twice."""
        units = self._spread(self.postings.find(slots, at), *self._study_pairs)
        return Found(units, self._study_impact[units])

    def find_sites(self, slots: tuple[Slot, ...], at: Sequence[int]) -> Found:
        """The sites that have such a value; in no order."""
        units = self._spread(self.postings.find(slots, at), *self.site_pairs())
        return Found(units, np.broadcast_to(np.uint8(255), len(units)))

    def study_pairs(self) -> tuple[Array, Array]:
        """The studies of every value: where each value's begin, and the studies."""
        return self._study_pairs

    def site_pairs(self) -> tuple[Array, Array]:
        """The sites of every value: where each value's begin, and the sites."""
        return self._arrays["holder_start"], self._arrays["holders"]

    def studies(self) -> Array:
        """The studies that have a value, some of them several times."""
        return self.study_pairs()[1]

    @staticmethod
    def _spread(found: Found, start: Array, holders: Array) -> Array:
        """Those who have one of the values."""
        if len(found.units) == 1:
            unit = int(found.units[0])
            return holders[int(start[unit]) : int(start[unit + 1])]
        places, _ = ranges(start[found.units], start[found.units.astype(np.int64) + 1])
        return holders[places]


class NumberField:
    """A field of numbers, dates (days since 1970) or lengths of time (days)."""

    def __init__(self, arrays: ArrayFile) -> None:
        self._docs, self._values = arrays["docs"], arrays["values"]
        self._columns: dict[bool, Array] = {}

    def between(self, lower: float, upper: float) -> Array:
        """The studies that have a value from `lower` to `upper`, both included."""
        first = int(self._values.searchsorted(lower, "left"))
        last = int(self._values.searchsorted(upper, "right"))
        return self._docs[first : max(first, last)]

    def studies(self) -> Array:
        """The studies that have a value, some of them several times."""
        return self._docs

    def pairs(self) -> tuple[Array, Array]:
        """Values in ascending order and the study of each."""
        return self._values, self._docs

    def column(self, studies: int, *, highest: bool) -> Array:
        """For every study its highest or its lowest value, NaN where there is none; made once."""
        found = self._columns.get(highest)
        if found is None:
            found = np.full(studies, np.nan, dtype=np.float64)
            step = 1 if highest else -1
            found[self._docs[::step]] = self._values[::step]
            found.flags.writeable = False
            self._columns[highest] = found
        return found


class CodeField:
    """An enumeration or boolean: a bit for each of its values, 0 where there is none."""

    def __init__(self, arrays: ArrayFile) -> None:
        self.bits = arrays["bits"]


class PointField:
    """The places of sites, each distinct one once."""

    def __init__(self, arrays: ArrayFile) -> None:
        self.sites, self.place = arrays["sites"], arrays["place"]
        self.lat, self.lon = arrays["lat"], arrays["lon"]
        self._place_start, self._place_sites = arrays["place_start"], arrays["place_sites"]

    def sites_at(self, places: Array) -> Array:
        """The sites at these places."""
        found, _ = ranges(self._place_start[places], self._place_start[places.astype(np.int64) + 1])
        return self._place_sites[found]


class PresentField:
    """A structure: the studies that have it, and for one below locations the sites."""

    def __init__(self, arrays: ArrayFile) -> None:
        self.docs = arrays["docs"]
        self.sites = arrays["sites"] if "sites" in arrays else arrays["docs"][:0]


AnyField = TextField | ValueField | NumberField | CodeField | PointField | PresentField
_OPENED: dict[FieldKind, type[AnyField]] = {
    FieldKind.TEXT: TextField,
    FieldKind.VALUES: ValueField,
    FieldKind.SITES: ValueField,
    FieldKind.NUMBERS: NumberField,
    FieldKind.CODES: CodeField,
    FieldKind.POINTS: PointField,
    FieldKind.PRESENT: PresentField,
}


class Words:
    """All words of a segment: their folded forms, counts and spellings."""

    def __init__(self, arrays: ArrayFile) -> None:
        self._arrays = arrays
        self.hashes, self.counts = arrays["hashes"], arrays["counts"]

    def __len__(self) -> int:
        return len(self.hashes)

    def at(self, word: int) -> int:
        """The place of a word by its hash, or -1."""
        found = int(self.hashes.searchsorted(np.uint64(word)))
        return found if found < len(self.hashes) and int(self.hashes[found]) == word else -1

    def places(self, word: int) -> dict[int, int]:
        """The fields that have a word, by their number, and its place among the words of each."""
        at = self.at(word)
        if at < 0:
            return {}
        start = self._arrays["place_start"]
        span = slice(int(start[at]), int(start[at + 1]))
        return dict(
            zip(self._arrays["place_field"][span].tolist(), self._arrays["place"][span].tolist(), strict=True)
        )

    def count(self, word: int) -> int:
        """How many postings a word has in all fields."""
        at = self.at(word)
        return 0 if at < 0 else int(self.counts[at])

    def folded(self) -> list[str]:
        """All folded words, in the order of their hashes."""
        return self._texts("folded", 0, len(self.hashes))

    def spellings(self, word: int) -> list[str]:
        """The ways a folded word is written in the records."""
        at = self.at(word)
        if at < 0:
            return []
        first = self._arrays["spelling_first"]
        return self._texts("spelling", int(first[at]), int(first[at + 1]))

    def _texts(self, name: str, first: int, last: int) -> list[str]:
        start = self._arrays[f"{name}_start"][first : last + 1].tolist()
        text = self._arrays[f"{name}_text"][start[0] : start[-1]].tobytes()
        return [
            text[a - start[0] : b - start[0]].decode("utf-8", "surrogatepass") for a, b in pairwise(start)
        ]


class Segment:
    """A segment on disk; `NotBuiltError` when it was made by another version of the code.

    Studies are numbered 0 to `studies` - 1 by ascending NCT number, sites 0 to `sites` - 1 by study.
    """

    def __init__(self, directory: Path) -> None:
        content = orjson.loads((directory / "segment.json").read_bytes())
        if content["layout"] != LAYOUT_VERSION:
            raise NotBuiltError(
                f"the search index has layout {content['layout']}, this version reads {LAYOUT_VERSION}",
                hint="Build it anew: trialist index",
            )
        self.directory = directory
        self.studies: int = content["studies"]
        self._fields: dict[str, dict[str, list[object]]] = content["fields"]
        self._opened: dict[str, AnyField] = {}
        with_words = sorted(piece for piece, table in self._fields.items() if "terms" in table)
        self._number = {piece: number for number, piece in enumerate(with_words)}
        self._places: dict[int, dict[int, int]] = {}
        self._sequences: dict[tuple[Slot, ...], dict[int, tuple[int, ...]]] = {}
        own = ArrayFile(directory / "studies.bin", content["tables"]["studies"])
        self.nct, self.version, self.site_study = own["nct"], own["version"], own["site_study"]
        self.words = Words(ArrayFile(directory / "words.bin", content["tables"]["words"]))

    @property
    def sites(self) -> int:
        """How many sites the studies have in all."""
        return len(self.site_study)

    @cached_property
    def site_start(self) -> Array:
        """Where each study's sites begin, and where the last one's end."""
        return self.site_study.searchsorted(np.arange(self.studies + 1, dtype=self.site_study.dtype))

    def find(self, piece: str, slots: tuple[Slot, ...], *, of_sites: bool = False) -> Found:
        """The studies (or sites) of which a value of the field holds these words one behind the other."""
        at = self._located(slots).get(self._number.get(piece, -1))
        if at is None:
            return NOWHERE
        field = self.field(piece)
        if isinstance(field, ValueField):
            return field.find_sites(slots, at) if of_sites else field.find(slots, at)
        return field.find(slots, at) if isinstance(field, TextField) else NOWHERE

    def _located(self, slots: tuple[Slot, ...]) -> dict[int, tuple[int, ...]]:
        """The fields that have every one of these words, by number, and the words' places in each; remembered."""
        found = self._sequences.get(slots)
        if found is None:
            if len(self._sequences) > _MOST_PLACES:
                self._sequences.clear()
            known = [self.places(slot.word) for slot in slots if slot.word]
            shared = set.intersection(*map(set, known)) if known else set()
            found = self._sequences[slots] = {
                number: tuple(self.places(slot.word)[number] if slot.word else 0 for slot in slots)
                for number in shared
            }
        return found

    def places(self, word: int) -> dict[int, int]:
        """The fields that have a word, by number, and its place in each; remembered."""
        found = self._places.get(word)
        if found is None:
            if len(self._places) > _MOST_PLACES:
                self._places.clear()
            found = self._places[word] = self.words.places(word)
        return found

    def open_all(self) -> None:
        """Map the files of all fields, so that the segment can be read whatever becomes of its directory."""
        for piece in self._fields:
            self.field(piece)

    def field(self, piece: str) -> AnyField | None:
        """A field by its piece; None when no study of the segment has a value."""
        found = self._opened.get(piece)
        if found is None and piece in self._fields:
            arrays = ArrayFile(self.directory / "fields" / f"{piece}.bin", self._fields[piece])
            found = self._opened[piece] = _OPENED[kinds()[piece]](arrays)
        return found
