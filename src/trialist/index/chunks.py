"""A chunk of studies → one file of sorted arrays, ready to be merged with those of the other chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trialist.index.arrays import Array, ArrayWriter, Table
from trialist.index.documents import Collector, Values
from trialist.index.hashing import hash_value
from trialist.index.layout import MOST_IN_POSTING
from trialist.index.words import Words, digest_texts


def write_chunk(collector: Collector, words: Words, file: Path) -> Table:
    """Write everything the collector holds; the table says where.

    Arrays are named `<piece>/<what>`; `/sites/study` holds the study of each site and `/words/…` the words used.
    """
    words.learn()
    with ArrayWriter(file) as out:
        ranks = Ranks(words)
        for piece, texts in collector.texts.items():
            for name, array_ in sort_text(Stream(texts.tokens, texts.docs, texts.starts), ranks).items():
                out.add(f"{piece}/{name}", array_)
        for piece, values in collector.values.items():
            _write_values(out, piece, values)
        for piece, pairs in (collector.numbers | collector.codes).items():
            out.add(f"{piece}/docs", pairs.docs)
            out.add(f"{piece}/found", pairs.found)
        for piece, docs in collector.present.items():
            out.add(f"{piece}/docs", docs)
        for piece, sites in collector.present_sites.items():
            out.add(f"{piece}/sites", sites)
        for piece, points in collector.points.items():
            out.add(f"{piece}/by", points.sites)
            out.add(f"{piece}/lat", points.lat)
            out.add(f"{piece}/lon", points.lon)
        out.add("/sites/study", collector.site_study)
        write_words(out, words)
        return out.table


class Ranks:
    """For the words of a collector, by their small numbers: the rank of the folded word's hash, and the spelling."""

    def __init__(self, words: Words) -> None:
        hashes = np.frombuffer(words.hashes, dtype=np.uint64)
        self.hashes, ranks = np.unique(hashes, return_inverse=True)
        self.rank = ranks.astype(np.uint64)
        self.spelling = np.frombuffer(bytes(words.spellings), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Stream:
    """The words of one field: for every study of `docs` a run that begins at `starts` and opens with a boundary.

    Every value ends with a boundary.
    """

    tokens: Array
    docs: Array
    starts: Array

    @classmethod
    def of(cls, texts: Sequence[bytes], words: Words) -> Stream:
        """The stream of texts, each of which counts as a study."""
        tokens, starts = words.split(texts)
        return cls(tokens, np.arange(len(texts), dtype=np.uint32), starts)


def sort_text(stream: Stream, ranks: Ranks) -> dict[str, Array]:
    """The postings of a field, by word, then study, then position.

    `terms` holds the hashes of the words in order, `postings` and `tokens` how many of each belong to it; `docs` and
    `frequency` are a posting's study and how many tokens it has; `position` and `spelling` belong to tokens. `had_by`
    lists the studies that have a value, `lengths` how many words each has.
    """
    tokens, docs, starts = stream.tokens, stream.docs, stream.starts
    lengths = np.diff(np.append(starts, len(tokens)))
    places = np.arange(len(tokens), dtype=np.int64)
    # Sorting numbers that hold the word's rank above the token's place is far quicker than sorting by two keys.
    key = ranks.rank[tokens] << np.uint64(32) | places.astype(np.uint64)
    key.sort()
    order = (key & np.uint64(0xFFFFFFFF)).astype(np.int64)
    rank = key >> np.uint64(32)
    doc = np.repeat(docs, lengths)[order]
    position = (places - np.repeat(starts, lengths))[order]
    opens = np.ones(len(order), dtype=bool)
    opens[1:] = (rank[1:] != rank[:-1]) | (doc[1:] != doc[:-1])
    opens = _split_long(opens)
    first = np.flatnonzero(opens)
    frequency = np.diff(np.append(first, len(order)))
    found, at = np.unique(rank[first], return_index=True)
    return {
        "terms": ranks.hashes[found.astype(np.int64)],
        "postings": np.diff(np.append(at, len(first))).astype(np.uint32),
        "tokens": np.add.reduceat(frequency, at).astype(np.uint32),
        "docs": doc[first],
        "frequency": frequency.astype(np.uint8),
        "position": position.astype(np.uint16 if position.max() < 65536 else np.uint32),
        "spelling": ranks.spelling[tokens[order]],
        "had_by": docs,
        "lengths": np.add.reduceat((tokens != 0).astype(np.uint32), starts),
    }


def _split_long(opens: Array) -> Array:
    """A new posting also after every `MOST_IN_POSTING` tokens of one."""
    first = np.flatnonzero(opens)
    length = np.diff(np.append(first, len(opens)))
    if length.max() <= MOST_IN_POSTING:
        return opens
    within = np.arange(len(opens)) - np.repeat(first, length)
    split: Array = within % MOST_IN_POSTING == 0
    return split


def _write_values(out: ArrayWriter, piece: str, values: Values) -> None:
    out.add(f"{piece}/values/text", values.text)
    out.add(f"{piece}/values/size", np.diff(values.ends, prepend=0).astype(np.uint32))
    out.add(f"{piece}/hashes", digest_texts(values.text, values.ends))
    # A study that has a value ten times has it once here.
    pairs = np.unique(values.by.astype(np.uint64) << np.uint64(32) | values.had.astype(np.uint64))
    out.add(f"{piece}/had", (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32))
    out.add(f"{piece}/by", (pairs >> np.uint64(32)).astype(np.uint32))


def _write_texts(out: ArrayWriter, name: str, texts: Iterable[bytes]) -> None:
    listed = list(texts)
    out.add(f"{name}/text", np.frombuffer(b"".join(listed), dtype=np.uint8))
    out.add(f"{name}/size", np.fromiter(map(len, listed), dtype=np.uint32, count=len(listed)))


def write_words(out: ArrayWriter, words: Words) -> None:
    """The spellings that were new in this chunk, with their folded forms and the hashes of both."""
    new = words.listed[words.written + 1 :]
    encoded = [word.encode("utf-8", "surrogatepass") for word in new]
    _write_texts(out, "/words/spelling", encoded)
    out.add("/words/hashes", np.fromiter(map(hash_value, encoded), dtype=np.uint64, count=len(encoded)))
    folded = words.folded[words.written + 1 :]
    _write_texts(out, "/words/folded", (word.encode("utf-8", "surrogatepass") for word in folded))
    out.add("/words/folded_hashes", np.frombuffer(words.hashes[words.written + 1 :], dtype=np.uint64))
    words.written = len(words)
