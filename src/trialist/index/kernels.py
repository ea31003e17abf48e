"""The inner loops of search, compiled: the Python side of `kernels.c`, whose structures it mirrors.

The library is plain C and knows nothing of Python, so one build serves every version; it runs without the interpreter's
lock, so searches in several threads share the processors.
"""

from __future__ import annotations

import ctypes
import math
from ctypes import POINTER, Structure, byref, c_double, c_int64, c_void_p
from functools import cache
from importlib.util import find_spec
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array

_NO_MEMORY = -1
_MOST_FREED = 256_000_000
BLOCK = 64
"""Postings and studies are gone through in blocks of so many, as in `kernels.c`."""


class Numbers(Structure):
    """An array of numbers of 32 or 64 bits."""

    _fields_ = (("at", c_void_p), ("length", c_int64), ("wide", c_int64))


class Holders(Structure):
    """Who holds each distinct value of a field."""

    _fields_ = (("start", Numbers), ("holder", c_void_p), ("pairs", c_int64))


class FieldArrays(Structure):
    """The arrays of one field."""

    _fields_ = (
        ("posting_start", Numbers),
        ("block_token", Numbers),
        *((name, c_void_p) for name in ("low", "high", "frequency", "impact", "position", "spelling")),
        ("study_impact", c_void_p),
        ("studies", Holders),
        ("sites", Holders),
        *((name, c_int64) for name in ("postings", "tokens", "wide_position", "is_values")),
    )


class WordArrays(Structure):
    """All words of a segment and where they stand in its fields."""

    _fields_ = (
        ("hash", c_void_p),
        ("start", Numbers),
        ("field", c_void_p),
        ("place", c_void_p),
        ("words", c_int64),
        ("places", c_int64),
    )


class Request(Structure):
    """What is looked for, where, and where the answer goes; the members are described in `kernels.c`."""

    _fields_ = (
        *((name, c_void_p) for name in ("fields", "words", "asked", "slot_word", "slot_spelling")),
        *((name, c_void_p) for name in ("sequence_end", "looked", "first", "distant", "last", "weight")),
        *((name, c_void_p) for name in ("counts", "mask", "powers", "touched", "seen", "only")),
        *((name, c_int64) for name in ("asked_count", "looked_count", "units", "of_sites", "counted")),
        ("studies", c_double),
        ("synonym", c_double),
    )


@cache
def compiled() -> ctypes.CDLL:
    """The compiled library, opened; `ImportError` when it is not there."""
    spec = find_spec("trialist.index._kernels")
    if spec is None or spec.origin is None:
        raise ImportError("the compiled part of trialist is missing: install it again, with a C compiler")
    return ctypes.CDLL(spec.origin)


@cache
def _library() -> ctypes.CDLL:
    found = compiled()
    sizes = (c_int64 * 4)()
    found.structure_sizes(sizes)
    if list(sizes) != [ctypes.sizeof(one) for one in (FieldArrays, WordArrays, Request, Holders)]:
        raise ImportError("the compiled part of trialist is of another version: install it again")
    for name in ("find_sequences", "find_best", "count_holders", "mark_holders", "mark_holders_owners"):
        getattr(found, name).restype = c_int64
    found.find_sequences.argtypes = (POINTER(Request),)
    found.keep_freed.argtypes = (c_int64,)
    found.pack_marked.argtypes = (c_int64, c_void_p, c_void_p, c_void_p, c_void_p)
    found.pack_marked.restype = c_int64
    found.spread_marked.argtypes = (c_int64, c_void_p, c_void_p, c_void_p, c_void_p)
    found.spread_marked.restype = None
    found.take_powers.argtypes = (c_int64, c_void_p, c_void_p, c_void_p, c_void_p)
    found.take_powers.restype = None
    found.find_best.argtypes = (
        *(c_int64, c_void_p, c_void_p, c_void_p),
        c_double,
        c_int64,
        c_void_p,
        c_void_p,
    )
    found.count_holders.argtypes = (POINTER(Holders), c_void_p, c_int64, c_void_p)
    found.mark_holders.argtypes = (POINTER(Holders), c_void_p, c_void_p, c_int64)
    found.mark_holders_owners.argtypes = (
        *(POINTER(Holders), c_void_p, c_void_p, c_int64, c_void_p, c_int64),
    )
    found.find_nearest.argtypes = (
        *(c_void_p, c_int64, c_void_p, c_int64, c_void_p, c_int64, c_void_p, c_int64, c_void_p),
    )
    found.mark_placed.argtypes = (c_void_p, c_int64, c_void_p, c_int64, c_void_p, c_int64, c_void_p)
    found.mark_placed.restype = c_int64
    found.find_nearest.restype = c_int64
    found.place_runs.argtypes = (
        *(c_void_p, c_int64, c_void_p, c_int64, c_void_p, c_void_p, c_int64, c_void_p, c_int64, c_int64),
    )
    found.place_runs.restype = c_int64
    for name in ("mark_owners", "mark_owned"):
        getattr(found, name).argtypes = (c_void_p, c_void_p, c_int64, c_void_p, c_int64)
        getattr(found, name).restype = c_int64
    found.count_bits.argtypes = (c_void_p, c_int64, c_void_p, c_int64, c_void_p)
    found.count_bits.restype = None
    found.count_numbers.argtypes = (*(c_void_p, c_int64, c_int64, c_void_p, c_int64, c_void_p, c_int64),)
    found.count_listed.argtypes = (*(c_void_p, c_int64) * 4,)
    for name in ("count_numbers", "count_listed"):
        getattr(found, name).restype = c_int64
    return found


@cache
def keep_freed_memory() -> None:
    """From now on this process keeps what it frees, up to `_MOST_FREED` bytes, where the C library can be told so.

    Every search takes and frees arrays with an item a study. Without this each of them is handed back to the system, and
    the next comes as new pages, which the system clears one by one: about a tenth of a search's time.
    """
    _library().keep_freed(_MOST_FREED)


def address(array: Array | None, *kinds: Any) -> int | None:
    """Where an array begins in memory; `TypeError` when it is not contiguous or of none of the kinds."""
    if array is None:
        return None
    if (kinds and array.dtype not in kinds) or not array.flags.c_contiguous:
        raise TypeError(f"an array of {kinds} is wanted, not of {array.dtype}")
    return array.__array_interface__["data"][0] if len(array) else None


def numbers(array: Array) -> Numbers:
    """An array of places, which `starts_of` made."""
    return Numbers(address(array, np.uint32, np.int64), len(array), int(array.dtype == np.int64))


def holders(start: Array, holder: Array) -> Holders:
    """Who holds each value."""
    return Holders(numbers(start), address(holder, np.uint32), len(holder))


def find_sequences(request: Request) -> None:
    """Answer a request; `NotBuiltError` when the arrays contradict each other."""
    _checked(_library().find_sequences(byref(request)))


class Sums:
    """Room for a sum for every study, nothing but zeros until something is found.

    `powers` are the sums, `touched` says of each block of 64 studies whether one of them grew. `seen` has a bit for
    each study, with which those are told apart that one result names several times.
    """

    def __init__(self, studies: int) -> None:
        self.powers = np.zeros(studies, dtype=np.float32)
        self.touched = np.zeros(studies // BLOCK + 1, dtype=bool)
        self.seen = np.zeros(studies // BLOCK + 1, dtype=np.uint64)

    def take(self, score: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
        """Add the cube root of each sum to the score, mark what had one, and set the sums to 0."""
        _library().take_powers(
            len(self.powers),
            address(self.powers, np.float32),
            address(self.touched, np.bool_),
            address(score, np.float32),
            address(mask, np.bool_),
        )


def pack_marked(
    mask: NDArray[np.bool_], score: NDArray[np.float32] | None
) -> tuple[NDArray[np.uint64], NDArray[np.float32] | None]:
    """The marks as bits, 64 in an item, the first of them lowest; and the scores of what is marked, if there are any."""
    if score is not None and len(score) != len(mask):
        raise TypeError("marks and scores have one item for each study")
    bits = np.empty(-(-len(mask) // BLOCK), dtype=np.uint64)
    scores = None if score is None else np.empty(np.count_nonzero(mask), dtype=np.float32)
    _library().pack_marked(
        len(mask),
        address(mask, np.bool_),
        address(score, np.float32),
        address(bits, np.uint64),
        address(scores, np.float32),
    )
    return bits, scores


def spread_marked(
    bits: NDArray[np.uint64], scores: NDArray[np.float32] | None, studies: int
) -> tuple[NDArray[np.bool_], NDArray[np.float32] | None]:
    """What `pack_marked` packed, of so many studies; what is not marked has the score 0."""
    if len(bits) != -(-studies // BLOCK):
        raise TypeError("there is a bit for each study")
    mask = np.zeros(studies, dtype=bool)
    score = None if scores is None else np.zeros(studies, dtype=np.float32)
    _library().spread_marked(
        studies,
        address(bits, np.uint64),
        address(scores, np.float32),
        address(mask, np.bool_),
        address(score, np.float32),
    )
    return mask, score


def find_best(
    mask: NDArray[np.bool_],
    most: int,
    score: NDArray[np.float32] | None = None,
    factor: NDArray[np.float64] | None = None,
    *,
    most_factor: float = math.inf,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The values and places, in no order, of the marked places with the highest score × factor; of equals the later ones.

    Whoever knows that no score is below 0 and no factor above `most_factor` spares reading most factors.
    """
    values = np.empty(min(most, len(mask)), dtype=np.float64)
    places = np.empty(len(values), dtype=np.int64)
    count = _library().find_best(
        len(mask),
        address(mask, np.bool_),
        address(score, np.float32),
        address(factor, np.float64),
        most_factor,
        len(values),
        address(values),
        address(places),
    )
    return values[:count], places[:count]


def count_holders(start: Array, holder: Array, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of those who hold each value are marked."""
    found = np.zeros(max(len(start) - 1, 0), dtype=np.int64)
    _checked(
        _library().count_holders(
            byref(holders(start, holder)), address(mask, np.bool_), len(mask), address(found)
        )
    )
    return found


def mark_holders(start: Array, holder: Array, wanted: NDArray[np.bool_], mask: NDArray[np.bool_]) -> None:
    """Mark those who hold a wanted value."""
    if len(wanted) != len(start) - 1:
        refuse()
    _checked(
        _library().mark_holders(
            byref(holders(start, holder)), address(wanted, np.bool_), address(mask, np.bool_), len(mask)
        )
    )


def mark_holders_owners(
    start: Array, holder: Array, wanted: NDArray[np.bool_], owner: Array, mask: NDArray[np.bool_]
) -> None:
    """Mark the owners of those who hold a wanted value."""
    if len(wanted) != len(start) - 1:
        refuse()
    _checked(
        _library().mark_holders_owners(
            byref(holders(start, holder)),
            address(wanted, np.bool_),
            address(owner, np.uint32),
            len(owner),
            address(mask, np.bool_),
            len(mask),
        )
    )


def studies_of(sites: NDArray[np.bool_], site_study: Array, studies: int) -> NDArray[np.bool_]:
    """The studies that have a marked site."""
    found = np.zeros(studies, dtype=bool)
    _checked(_library().mark_owners(*_owned(sites, site_study), address(found), studies))
    return found


def sites_of(studies: NDArray[np.bool_], site_study: Array) -> NDArray[np.bool_]:
    """The sites whose study is marked."""
    found = np.empty(len(site_study), dtype=bool)
    marked, owners, count = _owned(studies, site_study)
    _checked(_library().mark_owned(marked, owners, count, address(found), len(studies)))
    return found


def find_nearest(
    studies: NDArray[np.int64], start: Array, places: Array, away: NDArray[np.float64]
) -> NDArray[np.float64]:
    """For each of some studies the least `away` of its sites' places; infinite where none has a place.

    `places` has the place of each site that has one, those of study n from `start[n]` on.
    """
    found = np.empty(len(studies), dtype=np.float64)
    _checked(
        _library().find_nearest(
            address(studies, np.int64),
            len(studies),
            address(start, np.uint32),
            len(start) - 1,
            address(places, np.uint32),
            len(places),
            address(away, np.float64),
            len(away),
            address(found),
        )
    )
    return found


def mark_placed(start: Array, places: Array, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which studies have a site at a wanted place; `start` and `places` as in `find_nearest`."""
    found = np.zeros(len(start) - 1, dtype=bool)
    _checked(
        _library().mark_placed(
            address(start, np.uint32),
            len(found),
            address(places, np.uint32),
            len(places),
            address(wanted, np.bool_),
            len(wanted),
            address(found),
        )
    )
    return found


def _owned(marked: NDArray[np.bool_], site_study: Array) -> tuple[int | None, int | None, int]:
    return address(marked, np.bool_), address(site_study, np.uint32), len(site_study)


def count_bits(bits: Array, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many marked studies have each bit of their mask set: 32 numbers."""
    found = np.zeros(32, dtype=np.int64)
    _library().count_bits(
        address(bits, np.uint8, np.uint16, np.uint32),
        bits.dtype.itemsize,
        address(mask, np.bool_),
        len(mask),
        address(found),
    )
    return found


def count_numbers(column: Array, places: NDArray[np.intp], most: int) -> NDArray[np.int64]:
    """How many of the studies at some places have each number below `most`; `column` has the number of each study."""
    found = np.zeros((most, 4), dtype=np.int64)
    _checked(
        _library().count_numbers(
            address(column, np.uint8, np.uint16, np.uint32),
            column.dtype.itemsize,
            len(column),
            address(places, np.int64),
            len(places),
            address(found),
            most,
        )
    )
    summed: NDArray[np.int64] = found.sum(axis=1)
    return summed


def count_listed(listed: Array, begin: Array, places: NDArray[np.intp], most: int) -> NDArray[np.int64]:
    """How many of the studies at some places have each number below `most`, where the numbers of a study are several.

    Those of study i stand from `begin[i]` up to `begin[i + 1]`.
    """
    found = np.zeros(most, dtype=np.int64)
    _checked(
        _library().count_listed(
            address(listed, np.uint32),
            len(listed),
            address(begin, np.int64),
            len(begin) - 1,
            address(places, np.int64),
            len(places),
            address(found),
            most,
        )
    )
    return found


def place_runs(
    merged: Array, filled: NDArray[np.int64], place: NDArray[np.int64], size: NDArray[np.int64], items: Array
) -> None:
    """Copy runs of items, each behind what stands in its place already; `filled` moves on.

    `ValueError` when they do not fit.
    """
    failed = _library().place_runs(
        address(merged),
        len(merged),
        address(filled, np.int64),
        len(filled),
        address(place, np.int64),
        address(size, np.int64),
        len(size),
        address(items, merged.dtype),
        len(items),
        merged.dtype.itemsize,
    )
    if failed:
        raise ValueError("runs of items do not fit where they belong")


def refuse() -> NoReturn:
    """Say that the arrays of an index contradict each other."""
    raise NotBuiltError("the search index is damaged", hint="Build it anew: trialist index --full")


def _checked(failed: int) -> None:
    if failed == _NO_MEMORY:
        raise MemoryError
    if failed:
        refuse()
