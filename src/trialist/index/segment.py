"""One segment of an index, opened: its studies, its fields, its words."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from ctypes import addressof
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from trialist.errors import NotBuiltError
from trialist.index import kernels
from trialist.index.arrays import Array, ArrayFile, starts_of
from trialist.index.hashing import BOUNDARY, hash_value
from trialist.index.layout import LAYOUT_VERSION, FieldKind, kinds
from trialist.index.postings import Group, Sequences, Sought, field_arrays


@dataclass(frozen=True, slots=True)
class Rarity:
    """What makes a hit worth much: few among `studies` have it; a synonym counts `synonym`.

    `counts` says how many have it in each field, where another segment decides that.
    """

    studies: int
    synonym: float
    counts: Mapping[str, int] | None = None


class TextField:
    """A field held as text: its units are studies."""

    def __init__(self, arrays: ArrayFile, studies: int) -> None:
        self._arrays = arrays
        self.looked_up = field_arrays(arrays, None, None)

    def studies(self) -> Array:
        """The studies that have a value, ascending; one with very many values may come twice."""
        if not len(self._arrays["terms"]) or int(self._arrays["terms"][0]) != BOUNDARY:
            return np.empty(0, dtype=np.uint32)
        first, last = self._arrays["posting_start"][:2].tolist()
        low, high = self._arrays["docs_low"][first:last], self._arrays["docs_high"]
        return low.astype(np.uint32) | (
            high[first:last].astype(np.uint32) << 16 if len(high) else np.uint32(0)
        )


class ValueField:
    """A field held as distinct values: its units are values, had by studies or by sites."""

    def __init__(self, arrays: ArrayFile, studies: int) -> None:
        self._arrays = arrays
        of_sites = "studies" in arrays
        self._study_pairs = (
            (arrays["study_start"], arrays["studies"])
            if of_sites
            else (arrays["holder_start"], arrays["holders"])
        )
        self._text, self._text_start = arrays["text"], arrays["text_start"]
        if len(arrays["study_impact"]) != studies:
            kernels.refuse()
        self.looked_up = field_arrays(arrays, self._study_pairs, self.site_pairs() if of_sites else None)

    def __len__(self) -> int:
        """How many distinct values there are."""
        return len(self._arrays["holder_start"]) - 1

    def value(self, number: int) -> str:
        """The text of a value."""
        start = self._text_start
        return self._text[start[number] : start[number + 1]].tobytes().decode("utf-8", "surrogatepass")

    def sizes(self) -> Array:
        """The length of every value's text in bytes."""
        return np.diff(self._text_start)

    def texts(self) -> list[str]:
        """The texts of all values."""
        start = self._text_start.tolist()
        text = self._text.tobytes()
        return [text[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(start)]

    @cached_property
    def hashes(self) -> Array:
        """The number of each value's text, ascending, so that segments agree on values; made when first asked for."""
        start = self._text_start.tolist()
        text = self._text.tobytes()
        numbers = (hash_value(text[a:b]) for a, b in pairwise(start))
        return np.fromiter(numbers, dtype=np.uint64, count=len(self))

    def study_pairs(self) -> tuple[Array, Array]:
        """The studies of every value: where each value's begin, and the studies."""
        return self._study_pairs

    def site_pairs(self) -> tuple[Array, Array]:
        """The sites of every value: where each value's begin, and the sites."""
        return self._arrays["holder_start"], self._arrays["holders"]

    def studies(self) -> Array:
        """The studies that have a value, some of them several times."""
        return self.study_pairs()[1]


class NumberField:
    """A field of numbers, dates (days since 1970) or lengths of time (days)."""

    def __init__(self, arrays: ArrayFile, studies: int) -> None:
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

    def __init__(self, arrays: ArrayFile, studies: int) -> None:
        self.bits = arrays["bits"]


class PointField:
    """The places of sites, each distinct one once."""

    def __init__(self, arrays: ArrayFile, studies: int) -> None:
        self.sites, self.place = arrays["sites"], arrays["place"]
        self.lat, self.lon = arrays["lat"], arrays["lon"]
        self._place_start, self._place_sites = arrays["place_start"], arrays["place_sites"]
        self._starts: NDArray[np.uint32] | None = None

    def sites_at(self, wanted: NDArray[np.bool_], sites: int) -> NDArray[np.bool_]:
        """Which of all sites are at wanted places."""
        found = np.zeros(sites, dtype=bool)
        kernels.mark_holders(self._place_start, self._place_sites, wanted, found)
        return found

    def starts(self, site_study: NDArray[np.uint32], studies: int) -> NDArray[np.uint32]:
        """Where the places of each study's sites begin in `place`; one number more says where the last ones end."""
        if self._starts is None:
            of_points = np.bincount(site_study[self.sites], minlength=studies)
            if len(of_points) != studies:
                kernels.refuse()
            self._starts = starts_of(of_points).astype(np.uint32)
        return self._starts

    def studies_at(
        self, wanted: NDArray[np.bool_], site_study: NDArray[np.uint32], studies: int
    ) -> NDArray[np.bool_]:
        """Which of all studies have a site at a wanted place."""
        if 8 * int(np.diff(self._place_start)[wanted].sum()) > len(site_study):
            # So many places are sooner looked for in each study.
            return kernels.mark_placed(self.starts(site_study, studies), self.place, wanted)
        found = np.zeros(studies, dtype=bool)
        kernels.mark_holders_owners(self._place_start, self._place_sites, wanted, site_study, found)
        return found

    def band(self, south: float, north: float) -> slice:
        """The places between two degrees of latitude, a little more rather than less; places are in order of theirs."""
        return slice(int(np.searchsorted(self.lat, south)), int(np.searchsorted(self.lat, north, "right")))


class PresentField:
    """A structure: the studies that have it, and for one below locations the sites."""

    def __init__(self, arrays: ArrayFile, studies: int) -> None:
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

    def looked_up(self) -> kernels.WordArrays:
        """The words, and their places in the fields that have them, for the compiled loops."""
        start, field, place = (self._arrays[name] for name in ("place_start", "place_field", "place"))
        if len(start) != len(self.hashes) + 1 or len(field) != len(place):
            kernels.refuse()
        return kernels.WordArrays(
            kernels.address(self.hashes, np.uint64),
            kernels.numbers(start),
            kernels.address(field, np.uint8),
            kernels.address(place, np.uint32),
            len(self.hashes),
            len(field),
        )

    def count(self, word: int) -> int:
        """How many postings a word has in all fields."""
        at = self.at(word)
        return 0 if at < 0 else int(self.counts[at])

    def folded_bytes(self, places: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The bytes of the folded words at some places, one behind the other, and how many each word has."""
        starts = self._arrays["folded_start"].astype(np.int64)
        begins = starts[places]
        sizes = starts[places + 1] - begins
        before = np.cumsum(sizes) - sizes
        at = np.repeat(begins - before, sizes) + np.arange(int(sizes.sum()))
        return self._arrays["folded_text"][at], sizes

    def folded_at(self, places: NDArray[np.int64]) -> list[str]:
        """The folded words at some places."""
        text, sizes = self.folded_bytes(places)
        ends = [0, *np.cumsum(sizes).tolist()]
        raw = text.tobytes()
        return [raw[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(ends)]

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
        self._looked_up = (kernels.FieldArrays * max(1, len(with_words)))()
        self._ready: set[int] = set()
        self._kept: dict[object, Array] = {}
        self.sums: list[kernels.Sums] = []
        """Room for sums over all studies, nothing but zeros; whoever takes one puts it back when it is so again."""
        own = ArrayFile(directory / "studies.bin", content["tables"]["studies"])
        self.nct, self.version, self.site_study = own["nct"], own["version"], own["site_study"]
        self.words = Words(ArrayFile(directory / "words.bin", content["tables"]["words"]))

    @property
    def sites(self) -> int:
        """How many sites the studies have in all."""
        return len(self.site_study)

    def find(
        self,
        looked: Sequence[Sought],
        groups: Sequence[Group],
        *,
        mask: NDArray[np.bool_] | None = None,
        sums: kernels.Sums | None = None,
        rare: Rarity | None = None,
        only: NDArray[np.bool_] | None = None,
        of_sites: bool = False,
    ) -> dict[str, int]:
        """Mark the studies (or sites) of which a value of a field holds a sequence of the field's group in one piece.

        The sums of studies grow by the third power of what each field says of them, by `rare`; it must be given with
        them. The answer says for each field how many studies were found, one with several sequences counted as often, and
        a phrase in texts counted as often as its rarest word. With `only`, phrases in texts are looked for in the studies
        marked there alone; what is found elsewhere may be left out.
        """
        known = [one for one in looked if one.piece in self._number]
        sequences = Sequences(groups)
        if not known or not sequences.asked:
            return {}
        numbers = array("i", [self._open_words(one.piece) for one in known])
        spans = [sequences.spans[one.group] for one in known]
        first, distant, last = (array("i", [span[place] for span in spans]) for place in range(3))
        weight = array("d", [one.weight for one in known])
        counts = array("q", bytes(8 * len(known)))
        request = kernels.Request()
        sequences.into(request)
        request.fields, request.words = addressof(self._looked_up), addressof(self._word_arrays)
        for name, values in (("looked", numbers), ("first", first), ("distant", distant), ("last", last)):
            setattr(request, name, values.buffer_info()[0])
        request.weight, request.looked_count = weight.buffer_info()
        request.counts = counts.buffer_info()[0]
        request.mask = kernels.address(mask, np.bool_)
        if sums is not None:
            request.powers, request.touched = kernels.address(sums.powers), kernels.address(sums.touched)
            request.seen = kernels.address(sums.seen)
        request.only = kernels.address(only, np.bool_)
        request.units, request.of_sites = self.sites if of_sites else self.studies, of_sites
        if any(
            one is not None and len(one) != request.units
            for one in (mask, None if sums is None else sums.powers, only)
        ):
            raise TypeError("marks and sums have one item for each study or site")
        if rare is not None:
            request.studies, request.synonym = rare.studies, rare.synonym
            if rare.counts is not None:
                request.counted = 1
                counts[:] = array("q", [rare.counts.get(one.piece, 0) for one in known])
        kernels.find_sequences(request)
        return dict(zip((one.piece for one in known), counts, strict=True))

    @cached_property
    def _word_arrays(self) -> kernels.WordArrays:
        return self.words.looked_up()

    def _open_words(self, piece: str) -> int:
        """The number of a field with words, whose arrays are ready to be looked up."""
        number = self._number[piece]
        if number not in self._ready:
            field = self.field(piece)
            if not isinstance(field, TextField | ValueField):
                kernels.refuse()
            self._looked_up[number] = field.looked_up
            self._ready.add(number)
        return number

    def kept(self, key: object, make: Callable[[], Array]) -> Array:
        """What is derived from the segment once and used by many queries."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
            found.flags.writeable = False
        return found

    def is_kept(self, key: object) -> bool:
        """Whether something was derived from the segment under this key."""
        return key in self._kept

    def open_all(self) -> None:
        """Map the files of all fields, so that the segment can be read whatever becomes of its directory."""
        for piece in self._fields:
            self.field(piece)

    def field(self, piece: str) -> AnyField | None:
        """A field by its piece; None when no study of the segment has a value."""
        found = self._opened.get(piece)
        if found is None and piece in self._fields:
            arrays = ArrayFile(self.directory / "fields" / f"{piece}.bin", self._fields[piece])
            found = self._opened[piece] = _OPENED[kinds()[piece]](arrays, self.studies)
        return found
