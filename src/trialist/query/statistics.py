"""How the values of each field are spread over all studies of an index.

`field_values` and `list_sizes` tell what the registry's API tells under `stats/field`; a scan over the records is their
judge (`tests/conformance/test_statistics.py`). Counts are of studies, so values of a field that a study has several of
add up to more than there are studies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trialist.index.arrays import Array
from trialist.index.digests import DATE_FORMATS, DigestKind, Digests, date_text, digested
from trialist.index.hashing import hash_value
from trialist.index.layout import FieldKind, kinds
from trialist.index.live import LiveIndex
from trialist.index.segment import CodeField, NumberField, ValueField
from trialist.query.ranking import MOST_VALUES, Held, Ranked, first_ranks, most_frequent, rank_values
from trialist.record.catalogue import Field, fields
from trialist.record.derived import counted_lists
from trialist.record.enums import enum_values
from trialist.record.study import raw_values

PERCENTILES = (5, 10, 25, 50, 75, 90, 95, 99)
_LARGEST = 10

Reader = Callable[[int], Mapping[str, Any]]
"""The record of a study by its NCT number; empty where there is none."""


def stats_type(field: Field) -> str | None:
    """Under which type the registry's API counts a field; None for structures and places, which have no values."""
    if field.is_enum:
        return "ENUM"
    if field.is_struct or field.type == "GeoPoint":
        return None
    if field.type == "boolean":
        return "BOOLEAN"
    if field.type in ("short", "integer", "long", "number"):
        return "INTEGER"
    return "DATE" if field.type in ("NormalizedDate", "PartialDate", "DateTimeMinutes") else "STRING"


class IndexStatistics:
    """Statistics over a live index; `read` gives records, which are asked for the texts of the values told."""

    def __init__(self, index: LiveIndex, digests: Sequence[Digests], read: Reader) -> None:
        self._held = [Held(*one) for one in zip(index.segments, index.alive, digests, strict=True)]
        self._read = read
        self._choices: dict[str, tuple[int, list[tuple[int, int, int]]]] = {}
        self._known: dict[tuple[int, str], dict[int, str]] = {}
        self.studies = index.studies

    def sizes(self) -> dict[str, Any]:
        """How large the studies' JSON is, in bytes: mean, percentiles, ranges of powers of two, and the largest."""
        sizes = np.concatenate([one.digests.sizes[one.alive] for one in self._held])
        numbers = np.concatenate([one.segment.nct[one.alive] for one in self._held])
        if not len(sizes):
            return {
                "totalStudies": 0,
                "averageSizeBytes": 0,
                "percentiles": {},
                "ranges": [],
                "largestStudies": [],
            }
        largest = np.lexsort((numbers, -sizes.astype(np.int64)))[:_LARGEST]
        at = np.quantile(sizes, [share / 100 for share in PERCENTILES], method="inverted_cdf")
        return {
            "totalStudies": len(sizes),
            "averageSizeBytes": round(float(sizes.mean())),
            "percentiles": {
                str(share): int(size) for share, size in zip(PERCENTILES, at.tolist(), strict=True)
            },
            "ranges": list(_ranges(sizes)),
            "largestStudies": [
                {"id": f"NCT{int(numbers[one]):08d}", "sizeBytes": int(sizes[one])} for one in largest
            ],
        }

    def field_values(self, field: Field) -> dict[str, Any]:
        """The values of a field; `ValueError` for one that has no statistics."""
        kind = stats_type(field)
        if kind is None:
            raise ValueError(f"{field.piece} has no values to count")
        found = _TOLD[kind](self, field)
        head = {"type": kind, "piece": field.piece, "field": field.path}
        return head | {"missingStudiesCount": self.studies - self._having(field)} | found

    def list_sizes(self, field: Field) -> dict[str, Any]:
        """The lengths of a list field: a list that is not there, in an object that is, has the length 0."""
        lengths, studies = self._numbers(counted_lists()[field.piece])
        told: dict[str, Any] = {"piece": field.piece, "field": field.path}
        if not len(lengths):
            return told | {"uniqueSizesCount": 0, "topSizes": []}
        pairs = np.unique(np.stack([lengths.astype(np.int64), studies.astype(np.int64)]), axis=1)
        sizes, counts = np.unique(pairs[0], return_counts=True)
        order = np.lexsort((sizes, -counts))[:MOST_VALUES]
        return told | {
            "uniqueSizesCount": len(sizes),
            "minSize": int(sizes[0]),
            "maxSize": int(sizes[-1]),
            "topSizes": [{"size": int(sizes[at]), "studiesCount": int(counts[at])} for at in order],
        }

    def _having(self, field: Field) -> int:
        """How many studies have a value."""
        return sum(
            int(np.count_nonzero(_marked(one, self._studies_with(one, field)) & one.alive))
            for one in self._held
        )

    def _studies_with(self, one: Held, field: Field) -> Array:
        found = one.segment.field(field.piece)
        if digested().get(field.piece) in (DigestKind.TEXT, DigestKind.DATE):
            return one.digests.values(field.piece)[0]
        if isinstance(found, CodeField):
            return np.flatnonzero(found.bits)
        if isinstance(found, ValueField | NumberField):
            return found.studies()
        return np.empty(0, dtype=np.uint32)

    def _numbers(self, piece: str) -> tuple[Array, Array]:
        """The values of a field of numbers and the NCT number of each."""
        values, numbers = [], []
        for one in self._held:
            field = one.segment.field(piece)
            if isinstance(field, NumberField):
                listed, docs = field.pairs()
                kept = one.alive[docs]
                values.append(listed[kept])
                numbers.append(one.segment.nct[docs[kept]])
        return _concatenated(values), _concatenated(numbers)

    def _tell_numbers(self, field: Field) -> dict[str, Any]:
        values, _ = self._numbers(field.piece)
        if not len(values):
            return {}
        told = float if field.type == "number" and (values != np.rint(values)).any() else int
        return {"min": told(values.min()), "max": told(values.max()), "avg": self._mean(field, values)}

    def _mean(self, field: Field, values: Array) -> float:
        """The mean of all values; the index holds a number that a study has several times once."""
        if field.piece not in digested():
            return float(values.mean())
        count, total = 0, 0.0
        for one in self._held:
            docs, counts, sums = one.digests.sums(field.piece)
            kept = one.alive[docs]
            count += int(counts[kept].sum())
            total += float(sums[kept].sum())
        return total / count

    def _tell_dates(self, field: Field) -> dict[str, Any]:
        codes = [one.digests.values(field.piece) for one in self._held]
        alive = [numbers[one.alive[docs]] for one, (docs, numbers) in zip(self._held, codes, strict=True)]
        known = np.unique(_concatenated(alive)).tolist()
        if not known:
            return {"formats": []}
        texts = [date_text(code) for code in known]
        formats = [DATE_FORMATS[form] for form in sorted({code % 10 for code in known})]
        return {"min": min(texts), "max": max(texts), "formats": formats}

    def _tell_booleans(self, field: Field) -> dict[str, Any]:
        counts = self._code_counts(field, 2)
        return {"falseCount": counts[0], "trueCount": counts[1]}

    def _code_counts(self, field: Field, codes: int) -> list[int]:
        counts = [0] * codes
        for one in self._held:
            found = one.segment.field(field.piece)
            if isinstance(found, CodeField):
                bits = found.bits[one.alive]
                for code in range(codes):
                    counts[code] += int(np.count_nonzero(bits >> code & 1))
        return counts

    def _tell_enum(self, field: Field) -> dict[str, Any]:
        if kinds()[field.piece] is not FieldKind.CODES:
            told = self._tell_texts(field)
            told.pop("longest", None)
            return told
        values = enum_values(field.type)
        known = [
            (count, value)
            for count, value in zip(self._code_counts(field, len(values)), values, strict=True)
            if count
        ]
        strange = self._ranked_digests(field)
        known += [(count, text) for count, _, text in strange.top]
        known.sort(key=lambda pair: -pair[0])  # equal counts stay in the enumeration's order
        return {
            "uniqueValuesCount": len([one for one in known if one[1] in values]) + strange.unique,
            "topValues": [_told(text, count) for count, text in known[:MOST_VALUES]],
        }

    def _tell_texts(self, field: Field) -> dict[str, Any]:
        is_held = field.piece in digested()
        ranked = self._ranked_digests(field) if is_held else rank_values(field, self._held)
        told: dict[str, Any] = {
            "uniqueValuesCount": ranked.unique,
            "topValues": [_told(text, count) for count, _, text in ranked.top],
        }
        longest = self._longest_digest(field) if is_held else ranked.longest
        if longest is not None:
            length, number, text = longest
            told["longest"] = {"length": length, "nctId": f"NCT{number:08d}", "value": text}
        return told

    def _ranked_digests(self, field: Field) -> Ranked:
        unique, chosen = self._chosen(field.piece)
        texts = self._texts(field, [(study, number) for _, study, number in chosen])
        top = [
            (count, study, text)
            for (count, study, _), text in zip(chosen, texts, strict=True)
            if text is not None
        ]
        return Ranked(unique, most_frequent(top), None)

    def _choose(self, piece: str) -> tuple[int, list[tuple[int, int, int]]]:
        """How many distinct texts a field has, and those that may be told: how many studies have it, the first, its number."""
        numbers, studies = [], []
        for one in self._held:
            docs, values = one.digests.values(piece)
            kept = one.alive[docs]
            numbers.append(values[kept])
            studies.append(one.segment.nct[docs[kept]])
        value, study = _concatenated(numbers).astype(np.uint64), _concatenated(studies).astype(np.uint32)
        if not len(value):
            return 0, []
        order = np.lexsort((study, value))
        value, study = value[order], study[order]
        is_first = np.ones(len(value), dtype=bool)
        is_first[1:] = value[1:] != value[:-1]
        is_new = is_first.copy()
        is_new[1:] |= study[1:] != study[:-1]
        value, study, is_first = value[is_new], study[is_new], is_first[is_new]
        starts = np.flatnonzero(is_first)
        counts = np.diff(np.append(starts, len(value)))
        ranks = first_ranks(counts, study[starts])
        return len(starts), [
            (int(counts[at]), int(study[starts[at]]), int(value[starts[at]])) for at in ranks
        ]

    def _chosen(self, piece: str) -> tuple[int, list[tuple[int, int, int]]]:
        if piece not in self._choices:
            self._choices[piece] = self._choose(piece)
        return self._choices[piece]

    def read_ahead(self, wanted: Sequence[Field]) -> None:
        """Read every study of which a text will be told once, for all of these fields."""
        asked: dict[int, list[Field]] = {}
        for field in wanted:
            if digested().get(field.piece) in (DigestKind.TEXT, DigestKind.UNKNOWN):
                for study in {study for _, study, _ in self._chosen(field.piece)[1]}:
                    asked.setdefault(study, []).append(field)
        for study in sorted(asked):
            record = self._read(study)
            for field in asked[study]:
                self._known[study, field.piece] = _by_number(record, field)

    def _texts(self, field: Field, wanted: Sequence[tuple[int, int]]) -> Iterator[str | None]:
        """The text of each (NCT number, number of a text); None where the study does not say it any more."""
        for study, number in wanted:
            key = study, field.piece
            if key not in self._known:
                self._known[key] = _by_number(self._read(study), field)
            yield self._known[key].get(number)

    def _longest_digest(self, field: Field) -> tuple[int, int, str] | None:
        candidates = sorted(
            (-int(length), int(one.segment.nct[doc]))
            for one in self._held
            for length, doc in one.digests.longest(field.piece)
            if one.alive[doc]
        )
        for length, number in candidates:
            found = [text for text in _strings(self._read(number), field) if len(text) == -length]
            if found:
                return -length, number, min(found)
        return None


_TOLD: Mapping[str, Callable[[IndexStatistics, Field], dict[str, Any]]] = {
    "STRING": IndexStatistics._tell_texts,
    "ENUM": IndexStatistics._tell_enum,
    "BOOLEAN": IndexStatistics._tell_booleans,
    "INTEGER": IndexStatistics._tell_numbers,
    "DATE": IndexStatistics._tell_dates,
}


def _told(value: str, count: int) -> dict[str, Any]:
    return {"value": value, "studiesCount": count}


def _strings(record: Mapping[str, Any], field: Field) -> list[str]:
    return [value for value in raw_values(record, field) if isinstance(value, str)]


def _by_number(record: Mapping[str, Any], field: Field) -> dict[int, str]:
    return {hash_value(text.encode("utf-8", "surrogatepass")): text for text in _strings(record, field)}


def _marked(one: Held, docs: Array) -> Array:
    found = np.zeros(one.segment.studies, dtype=bool)
    found[docs] = True
    return found


def _concatenated(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _ranges(sizes: Array) -> Iterator[dict[str, Any]]:
    """Ranges from one power of two to below the next, from the first that has a study to the last."""
    powers = np.floor(np.log2(np.maximum(sizes, 1))).astype(np.int64)
    for power in range(int(powers.min()), int(powers.max()) + 1):
        yield {
            "sizeRange": f"{1 << power}-{(2 << power) - 1}",
            "studiesCount": int(np.count_nonzero(powers == power)),
        }


def statistical_fields() -> tuple[Field, ...]:
    """The fields that have statistics of values, in data-model order."""
    return tuple(field for field in fields() if stats_type(field) is not None)


def list_fields() -> tuple[Field, ...]:
    """The fields that are lists, in data-model order."""
    return tuple(field for field in fields() if field.is_list)
