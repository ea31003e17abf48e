"""A chunk of studies → one file of sorted arrays, ready to be merged with those of the other chunks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from trialist.index.arrays import ArrayWriter, Table
from trialist.index.documents import Collector, Values
from trialist.index.hashing import hash_value
from trialist.index.sorting import Sorter, Stream
from trialist.index.words import Words, digest_texts


def write_chunk(collector: Collector, words: Words, file: Path) -> Table:
    """Write everything the collector holds; the table says where.

    Arrays are named `<piece>/<what>`; `/sites/study` holds the study of each site and `/words/…` the words used.
    """
    words.learn()
    with ArrayWriter(file) as out:
        sorter = Sorter(words)
        for piece, texts in collector.texts.items():
            for name, array_ in sorter.sort(Stream(texts.tokens, texts.docs, texts.starts)).items():
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


def _write_values(out: ArrayWriter, piece: str, values: Values) -> None:
    out.add(f"{piece}/values/text", values.text)
    out.add(f"{piece}/values/size", np.diff(values.ends, prepend=0).astype(np.uint32))
    out.add(f"{piece}/hashes", digest_texts(values.text, values.ends))
    out.add(f"{piece}/had", values.had)
    out.add(f"{piece}/by", values.by)


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
