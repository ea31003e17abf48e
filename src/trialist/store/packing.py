"""Compression and content hashes of single studies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import orjson
import zstandard

LEVEL = 3  # with a dictionary level 3 packs registry records to 14 %; level 9 to 12 % at a fifth of the speed
DICTIONARY_BYTES = 112 * 1024
TRAIN_FROM = 100
"""Fewer studies than this do not make a useful dictionary."""
TRAIN_WITH = 1_000
_SAMPLE_BYTES = 48 * 1024  # the tail of a huge record says little about the others


_HOLDER = b'"versionHolder"'
_HELD = re.compile(rb'"versionHolder"\s*:\s*"([^"\\]*)"')


def text_hash(raw: bytes, data_date: str) -> bytes:
    """16 bytes (of SHA-256) of a record's text, in which the day of the registry's data does not count.

    Each download carries its own day in every record. Only that day at its place is passed over: where the text does not
    name it exactly once, all of it counts.
    """
    place = raw.find(_HOLDER) if data_date else -1
    if place >= 0 and raw.find(_HOLDER, place + 1) < 0:
        held = _HELD.match(raw, place)
        if held is not None and held[1] == data_date.encode():
            raw = raw[: held.start(1)] + raw[held.end(1) :]
    return hashlib.sha256(raw).digest()[:16]


def is_same_json(one: bytes, other: bytes) -> bool:
    """Whether two records are equal as JSON, whatever their key order and layout, but for the day of the data."""
    return _canonical(one) == _canonical(other)


def _canonical(raw: bytes) -> bytes:
    record = orjson.loads(raw)
    derived = record.get("derivedSection")
    misc = derived.get("miscInfoModule") if isinstance(derived, dict) else None
    if isinstance(misc, dict):
        misc.pop("versionHolder", None)
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def train_dictionary(samples: Sequence[bytes]) -> bytes:
    """A zstd dictionary for records like the samples, or b"" when there are too few of them or they share nothing."""
    if len(samples) < TRAIN_FROM:
        return b""
    try:
        # Fixed parameters: searching for the best ones takes minutes and gains 1 %.
        trained = zstandard.train_dictionary(
            DICTIONARY_BYTES, [sample[:_SAMPLE_BYTES] for sample in samples], k=1024, d=8
        )
    except zstandard.ZstdError:
        return b""
    return trained.as_bytes()


class Packer:
    """Compresses studies with one dictionary (number 0: none)."""

    def __init__(self, number: int = 0, dictionary: bytes = b"") -> None:
        self.number = number if dictionary else 0
        trained = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        if trained is not None:
            trained.precompute_compress(level=LEVEL)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=trained, write_checksum=True)

    def pack(self, raw: bytes) -> bytes:
        """One zstd frame with its size and checksum."""
        return self._compressor.compress(raw)


class Unpacker:
    """Decompresses studies of one dictionary (b"": none)."""

    def __init__(self, dictionary: bytes = b"") -> None:
        trained = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        self._decompressor = zstandard.ZstdDecompressor(dict_data=trained)

    def unpack(self, packed: bytes) -> bytes:
        """The bytes that were packed; `zstandard.ZstdError` when they are damaged."""
        return self._decompressor.decompress(packed)
