"""The chunks of a build → the files of a segment, one field at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trialist.index.arrays import (
    Array,
    ArrayFile,
    ArrayWriter,
    Table,
    narrow_floats,
    narrow_places,
    split_wide,
    starts_of,
)
from trialist.index.chunks import write_words
from trialist.index.kernels import place_runs
from trialist.index.layout import FieldKind, kinds
from trialist.index.postings import block_tokens
from trialist.index.sorting import Sorter, Stream
from trialist.index.words import Words, hash_texts, shared_words

SATURATION = 1.2
LENGTH_SHARE = 0.75
"""k1 and b of BM25 (Robertson and Zaragoza 2009, section 3): how soon repeats stop counting, how much length costs."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One written chunk: its arrays, and the number of its first study and of its first site."""

    file: Path
    table: Table
    first_doc: int
    docs: int
    first_site: int
    sites: int

    def open(self) -> ArrayFile:
        """The arrays."""
        return ArrayFile(self.file, self.table)


@dataclass(frozen=True, slots=True)
class Merged:
    """One field of a segment: where its arrays stand, and the words it has with the number of their postings."""

    piece: str
    table: Table
    terms: Array
    counts: Array
    words: tuple[Path, Table] | None = None


def merge_field(chunks: Sequence[Chunk], piece: str, directory: Path) -> Merged | None:
    """Write `<directory>/<piece>.bin`; None when no study has the field."""
    kind = kinds()[piece]
    first = {
        FieldKind.TEXT: "terms",
        FieldKind.VALUES: "had",
        FieldKind.SITES: "had",
        FieldKind.POINTS: "by",
    }.get(kind, "docs")
    with_it = [chunk for chunk in chunks if chunk.table.get(f"{piece}/{first}", ("", 0, 0))[2]]
    if not with_it:
        return None
    words = None
    with ArrayWriter(directory / f"{piece}.bin") as out:
        terms = counts = np.empty(0, dtype=np.uint64)
        if kind is FieldKind.TEXT:
            terms, counts = _merge_text(out, with_it, piece)
        elif kind is FieldKind.VALUES or kind is FieldKind.SITES:
            listed, start, studies = _merge_values(out, with_it, piece, of_sites=kind is FieldKind.SITES)
            terms, counts, known, lengths = _index_values(out, listed)
            _add_study_impacts(out, lengths, start, studies, docs=chunks[-1].first_doc + chunks[-1].docs)
            with ArrayWriter(directory / f"{piece}.words") as aside:
                write_words(aside, known)
            words = (directory / f"{piece}.words", aside.table)
        elif kind is FieldKind.NUMBERS:
            _merge_numbers(out, with_it, piece)
        elif kind is FieldKind.CODES:
            _merge_codes(out, with_it, piece, docs=chunks[-1].first_doc + chunks[-1].docs)
        elif kind is FieldKind.POINTS:
            _merge_points(out, with_it, piece)
        else:
            out.add("docs", _concatenate(with_it, piece, "docs"))
            if f"{piece}/sites" in with_it[0].table:
                sites = [
                    chunk.open()[f"{piece}/sites"].astype(np.int64) + chunk.first_site for chunk in with_it
                ]
                out.add("sites", np.concatenate(sites).astype(np.uint32))
        return Merged(piece, out.table, terms, counts, words)


def _concatenate(chunks: Sequence[Chunk], piece: str, name: str) -> Array:
    return np.concatenate([chunk.open()[f"{piece}/{name}"] for chunk in chunks])


def _merge_text(out: ArrayWriter, chunks: Sequence[Chunk], piece: str) -> tuple[Array, Array]:
    # Chunks are opened anew for every array: what has been read of a mapped file counts as memory until it is closed.
    terms = np.unique(_concatenate(chunks, piece, "terms"))
    places = [np.searchsorted(terms, chunk.open()[f"{piece}/terms"]) for chunk in chunks]
    postings = np.zeros(len(terms), dtype=np.int64)
    tokens = np.zeros(len(terms), dtype=np.int64)
    for chunk, at in zip(chunks, places, strict=True):
        arrays = chunk.open()
        postings[at] += arrays[f"{piece}/postings"]
        tokens[at] += arrays[f"{piece}/tokens"]
    posting_start, token_start = starts_of(postings), starts_of(tokens)
    out.add("terms", terms)
    out.add("posting_start", posting_start)
    docs = _interleave(chunks, places, f"{piece}/postings", posting_start, f"{piece}/docs")
    _add_docs(out, docs)
    frequency = _interleave(chunks, places, f"{piece}/postings", posting_start, f"{piece}/frequency")
    out.add("frequency", frequency)
    out.add("block_token", narrow_places(block_tokens(frequency)))
    had_by, lengths = _concatenate(chunks, piece, "had_by"), _concatenate(chunks, piece, "lengths")
    out.add("impact", impacts(docs, frequency, had_by, lengths))
    del docs, frequency
    for name in ("position", "spelling"):
        out.add(name, _interleave(chunks, places, f"{piece}/tokens", token_start, f"{piece}/{name}"))
    return terms, postings.astype(np.uint64)


def _interleave(
    chunks: Sequence[Chunk], places: Sequence[Array], sizes: str, start: Array, name: str
) -> Array:
    """One array of all chunks: word by word each chunk's run behind those of the chunks before."""
    merged = np.empty(int(start[-1]), dtype=np.result_type(*(chunk.table[name][0] for chunk in chunks)))
    filled = start[:-1].astype(np.int64)
    for chunk, at in zip(chunks, places, strict=True):
        arrays = chunk.open()
        items = arrays[name].astype(merged.dtype, copy=False)
        place_runs(merged, filled, at.astype(np.int64, copy=False), arrays[sizes].astype(np.int64), items)
    return merged


def impacts(docs: Array, frequency: Array, had_by: Array, lengths: Array) -> Array:
    """How much a word says of a study there, 0 to 255: BM25's factor of frequency and length, as a share of its limit."""
    length_of = np.zeros(int(had_by.max()) + 1, dtype=np.float32)
    length_of[had_by] = lengths
    relative = relative_lengths(length_of, float(lengths.mean()))
    found = np.empty(len(docs), dtype=np.uint8)
    for start in range(
        0, len(docs), 1 << 22
    ):  # piecewise: the factors are four times as large as what is kept
        part = slice(start, start + (1 << 22))
        often = frequency[part].astype(np.float32)
        found[part] = np.rint(often / (often + relative[docs[part]]) * 255)
    return found


def relative_lengths(lengths: Array, mean: float) -> Array:
    """BM25's K: how many mentions say half of what can be said, by the length of the text."""
    found: Array = ((1 - LENGTH_SHARE + LENGTH_SHARE * lengths / max(mean, 1e-9)) * SATURATION).astype(
        np.float32
    )
    return found


def _merge_values(
    out: ArrayWriter, chunks: Sequence[Chunk], piece: str, *, of_sites: bool
) -> tuple[list[bytes], Array, Array]:
    """The distinct values, in the order of their numbers, where the studies of each begin, and these studies."""
    values = _union(
        _concatenate(chunks, piece, "values/text"),
        _concatenate(chunks, piece, "values/size"),
        _concatenate(chunks, piece, "hashes"),
    )
    keys = []
    for chunk in chunks:
        arrays = chunk.open()
        number = np.searchsorted(values.numbers, arrays[f"{piece}/hashes"]).astype(np.uint64)
        by = arrays[f"{piece}/by"].astype(np.uint64) + np.uint64(chunk.first_site if of_sites else 0)
        keys.append(number[arrays[f"{piece}/had"]] << np.uint64(32) | by)
    key = np.concatenate(keys)
    del keys
    key.sort()
    value, holder = (key >> np.uint64(32)).astype(np.int64), (key & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    distinct = len(values.numbers)
    start, study = starts_of(np.bincount(value, minlength=distinct)), holder
    out.add("holder_start", start)
    out.add("holders", holder)
    if of_sites:
        study = site_studies(chunks)[holder]
        kept = np.ones(len(value), dtype=bool)
        kept[1:] = (value[1:] != value[:-1]) | (study[1:] != study[:-1])
        start, study = starts_of(np.bincount(value[kept], minlength=distinct)), study[kept]
        out.add("study_start", start)
        out.add("studies", study)
    listed = values.texts()
    del values  # several times as large as what is left of it
    out.add("text", np.frombuffer(b"".join(listed), dtype=np.uint8))
    out.add("text_start", starts_of(np.fromiter(map(len, listed), dtype=np.int64, count=len(listed))))
    return listed, start, study


def _add_study_impacts(out: ArrayWriter, lengths: Array, start: Array, studies: Array, *, docs: int) -> None:
    """What a value says of each study that has it: the less, the more words the study's values have in all."""
    total = np.bincount(
        studies, weights=np.repeat(lengths, np.diff(start.astype(np.int64)).astype(np.int64)), minlength=docs
    )
    had = total > 0
    relative = relative_lengths(total, float(total[had].mean()) if had.any() else 1.0)
    out.add("study_impact", np.rint(255 / (1 + relative)).astype(np.uint8))


def site_studies(chunks: Sequence[Chunk]) -> Array:
    """The study of every site."""
    return np.concatenate([chunk.open()["/sites/study"] for chunk in chunks])


def _index_values(out: ArrayWriter, listed: Sequence[bytes]) -> tuple[Array, Array, Words, Array]:
    """The words of the values, numbered as studies are elsewhere, how often they occur, and the values' lengths."""
    words = shared_words()
    stream = Stream.of(listed, words)
    found = Sorter(words).sort(stream)
    out.add("terms", found["terms"])
    out.add("posting_start", starts_of(found["postings"]))
    out.add("block_token", narrow_places(block_tokens(found["frequency"])))
    _add_docs(out, found["docs"])
    for name in ("frequency", "position", "spelling"):
        out.add(name, found[name])
    out.add("impact", impacts(found["docs"], found["frequency"], found["had_by"], found["lengths"]))
    return found["terms"], found["postings"].astype(np.uint64), words, found["lengths"]


def _merge_numbers(out: ArrayWriter, chunks: Sequence[Chunk], piece: str) -> None:
    """The distinct (number, study) pairs, by number, then study."""
    docs, values = _concatenate(chunks, piece, "docs"), _concatenate(chunks, piece, "found")
    order = np.lexsort((docs, values))
    docs, values = docs[order], values[order]
    kept = np.ones(len(docs), dtype=bool)
    kept[1:] = (docs[1:] != docs[:-1]) | (values[1:] != values[:-1])
    out.add("docs", docs[kept])
    out.add("values", narrow_floats(values[kept]))


def _merge_codes(out: ArrayWriter, chunks: Sequence[Chunk], piece: str, *, docs: int) -> None:
    had_by, codes = _concatenate(chunks, piece, "docs"), _concatenate(chunks, piece, "found")
    bits = np.zeros(docs, dtype=np.uint32)
    for code in np.unique(codes).tolist():
        bits[had_by[codes == code]] |= np.uint32(1 << code)
    widest = int(bits.max())
    out.add("bits", bits.astype(np.uint8 if widest < 256 else np.uint16 if widest < 65536 else np.uint32))


def _merge_points(out: ArrayWriter, chunks: Sequence[Chunk], piece: str) -> None:
    by = [chunk.open()[f"{piece}/by"].astype(np.int64) + chunk.first_site for chunk in chunks]
    places = np.stack([_concatenate(chunks, piece, "lat"), _concatenate(chunks, piece, "lon")], axis=1)
    distinct, number = np.unique(places, axis=0, return_inverse=True)
    sites, place = np.concatenate(by).astype(np.uint32), number.ravel().astype(np.uint32)
    out.add("sites", sites)
    out.add("place", place)
    out.add("place_start", starts_of(np.bincount(place, minlength=len(distinct))))
    out.add("place_sites", sites[np.argsort(place, kind="stable")])
    out.add("lat", distinct[:, 0].copy())
    out.add("lon", distinct[:, 1].copy())


def _add_docs(out: ArrayWriter, docs: Array) -> None:
    """Three bytes a posting instead of four."""
    low, high = split_wide(docs)
    out.add("docs_low", low)
    out.add("docs_high", high)


def merge_words(sources: Sequence[ArrayFile], fields: Sequence[Merged], file: Path) -> Table:
    """All words by the hash of their folded form: the form, how often it was indexed, and its spellings.

    `ValueError` when two different words have one hash.
    """
    form_of = _concatenated(sources, "/words/folded_hashes", np.uint64)
    spelled, folded = (
        _union(
            _concatenated(sources, f"/words/{name}/text", np.uint8),
            _concatenated(sources, f"/words/{name}/size", np.uint32),
            numbers,
        )
        for name, numbers in (
            ("spelling", _concatenated(sources, "/words/hashes", np.uint64)),
            ("folded", form_of),
        )
    )
    numbers = folded.numbers
    counts = np.zeros(len(numbers), dtype=np.uint64)
    for field in fields:
        real = field.terms != 0
        counts[np.searchsorted(numbers, field.terms[real])] += field.counts[real]
    # By the number of the folded form, then by the spelling.
    texts = spelled.texts()
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)
    forms = form_of[spelled.places]
    order = order[np.argsort(forms[order], kind="stable")]
    with ArrayWriter(file) as out:
        out.add("hashes", numbers)
        out.add("counts", counts)
        _add_texts(out, "folded", folded.texts())
        _add_texts(out, "spelling", [texts[place] for place in order.tolist()])
        out.add("spelling_first", np.append(np.searchsorted(forms[order], numbers), len(forms)))
        _add_places(out, fields, numbers)
        return out.table


@dataclass(frozen=True, slots=True)
class _Union:
    """Texts of several files, each once: their numbers, ascending, and their places among all texts, one after the other."""

    numbers: Array
    places: Array
    text: Array
    ends: Array

    def texts(self) -> list[bytes]:
        """The texts in the order of their numbers."""
        joined, ends = self.text.data, self.ends[self.places]
        starts = ends - np.diff(self.ends, prepend=0)[self.places]
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        return [bytes(joined[start:end]) for start, end in spans]


def _union(text: Array, sizes: Array, every: Array) -> _Union:
    """Of texts one behind the other, with their sizes and numbers, each once.

    `ValueError` when two different ones have one number.
    """
    ends = np.cumsum(sizes, dtype=np.int64)
    order = np.argsort(every, kind="stable")
    again = np.zeros(len(every), dtype=bool)
    again[1:] = every[order][1:] == every[order][:-1]
    # Hashes of another kind: texts that agree in both and in their length are taken for the same.
    others = hash_texts(text, ends)[order]
    differ = np.flatnonzero(
        again[1:] & ((others[1:] != others[:-1]) | (sizes[order][1:] != sizes[order][:-1]))
    )
    if len(differ):
        two = [text[ends[at] - sizes[at] : ends[at]].tobytes() for at in order[differ[0] : differ[0] + 2]]
        raise ValueError(f"two texts have the number {every[order[differ[0]]]}: {two[0]!r} and {two[1]!r}")
    places = order[~again]
    return _Union(every[places], places, text, ends)


def _concatenated(sources: Sequence[ArrayFile], name: str, kind: Any) -> Array:
    return np.concatenate([np.empty(0, dtype=kind), *(arrays[name] for arrays in sources)])


def _add_places(out: ArrayWriter, fields: Sequence[Merged], numbers: Array) -> None:
    """For every word the fields that have it and its place among the words of each.

    So a word is looked up once, not once in every field; `field` is the place of a field among `fields`.
    """
    words, places, owners = (
        [np.empty(0, dtype=np.int64)],
        [np.empty(0, dtype=np.uint32)],
        [np.empty(0, dtype=np.uint8)],
    )
    for owner, field in enumerate(field for field in fields if len(field.terms)):
        real = np.flatnonzero(field.terms)
        words.append(np.searchsorted(numbers, field.terms[real]))
        places.append(real.astype(np.uint32))
        owners.append(np.full(len(real), owner, dtype=np.uint8))
    word = np.concatenate(words)
    order = np.argsort(word, kind="stable")
    out.add("place_start", starts_of(np.bincount(word, minlength=len(numbers))))
    out.add("place_field", np.concatenate(owners)[order])
    out.add("place", np.concatenate(places)[order])


def _add_texts(out: ArrayWriter, name: str, listed: Sequence[bytes]) -> None:
    out.add(f"{name}_text", np.frombuffer(b"".join(listed), dtype=np.uint8))
    sizes = np.fromiter(map(len, listed), dtype=np.int64, count=len(listed))
    out.add(f"{name}_start", starts_of(sizes))
