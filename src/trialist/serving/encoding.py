"""Packing answers for clients that say they can unpack them."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import MutableMapping
from concurrent.futures import Executor
from typing import Any, Protocol

import zstandard
from starlette.types import Message, Send

LEAST_BYTES = 1_000
"""Shorter answers are sent as they are."""
_AT_ONCE = 32 << 10  # packing this much takes less than a change of threads costs others
_PACKABLE = re.compile(
    rb"application/(?:json|fhir\+json|yaml|x-research-info-systems|manifest\+json)|text/|image/svg\+xml"
)
_ITEM = re.compile(r"\s*([A-Za-z0-9*_-]+)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?")


class Packer(Protocol):
    """Packs a stream piece by piece."""

    def add(self, piece: bytes, *, is_first: bool) -> bytes:
        """What can be sent after this piece; all of it for the first one, so that the client sees a beginning."""

    def end(self) -> bytes:
        """What is left."""


class GzipPacker:
    """The gzip format, at a level that keeps up with the disk."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(1, zlib.DEFLATED, 31)

    def add(self, piece: bytes, *, is_first: bool) -> bytes:
        """See `Packer`."""
        out = self._packer.compress(piece)
        return out + self._packer.flush(zlib.Z_SYNC_FLUSH) if is_first else out

    def end(self) -> bytes:
        """See `Packer`."""
        return self._packer.flush()


class ZstdPacker:
    """The zstd format."""

    def __init__(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=3).compressobj()

    def add(self, piece: bytes, *, is_first: bool) -> bytes:
        """See `Packer`."""
        out = self._packer.compress(piece)
        return out + self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) if is_first else out

    def end(self) -> bytes:
        """See `Packer`."""
        return self._packer.flush()


PACKERS: dict[str, type[GzipPacker] | type[ZstdPacker]] = {"zstd": ZstdPacker, "gzip": GzipPacker}
"""What is on offer, the better first."""


def choose_encoding(accepted: str) -> str:
    """The encoding that a client's Accept-Encoding likes best of those on offer; "" for none."""
    wishes: dict[str, float] = {}
    for item in accepted.split(","):
        found = _ITEM.fullmatch(item)
        if found is None:
            continue
        try:
            wishes[found[1].lower()] = float(found[2]) if found[2] else 1.0
        except ValueError:
            continue
    offers = [(wishes.get(name, wishes.get("*", 0.0)), -place, name) for place, name in enumerate(PACKERS)]
    best = max(offers)
    return best[2] if best[0] > 0 and best[0] >= wishes.get("identity", 0.0) else ""


class PackingSend:
    """A `send` that packs what passes through it, in a thread where it is much."""

    def __init__(self, send: Send, encoding: str, threads: Executor) -> None:
        self._send = send
        self._encoding = encoding
        self._threads = threads
        self._start: MutableMapping[str, Any] | None = None
        self._packer: Packer | None = None

    async def __call__(self, message: Message) -> None:
        """Pass on one message."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is None:
            await self._pack(body, more, is_first=False)
            return
        start, self._start = self._start, None
        if self._packs(start, body, more):
            self._packer = PACKERS[self._encoding]()
            start["headers"] = [*_packed_headers(start["headers"], self._encoding)]
            if not more:
                packed = await self._added(body, is_first=False) + self._packer.end()
                start["headers"].append((b"content-length", str(len(packed)).encode()))
                await self._send(start)
                await self._send({"type": "http.response.body", "body": packed})
                return
        await self._send(start)
        await self._pack(body, more, is_first=True)

    def _packs(self, start: MutableMapping[str, Any], body: bytes, more: bool) -> bool:
        headers = dict(start["headers"])
        return (
            start["status"] == 200
            and b"content-encoding" not in headers
            and _PACKABLE.match(headers.get(b"content-type", b"")) is not None
            and (more or len(body) >= LEAST_BYTES)
        )

    async def _pack(self, body: bytes, more: bool, *, is_first: bool) -> None:
        if self._packer is not None:
            body = await self._added(body, is_first=is_first)
            if not more:
                body += self._packer.end()
        if body or not more:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _added(self, body: bytes, *, is_first: bool) -> bytes:
        assert self._packer is not None
        if len(body) <= _AT_ONCE:
            return self._packer.add(body, is_first=is_first)
        packer = self._packer
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: packer.add(body, is_first=is_first)
        )


def _packed_headers(headers: list[tuple[bytes, bytes]], encoding: str) -> list[tuple[bytes, bytes]]:
    """The headers of the packed answer: its tag is a weak one, for the bytes are other bytes."""
    found = []
    for name, value in headers:
        if name == b"content-length":
            continue
        weak = name == b"etag" and not value.startswith(b"W/")
        found.append((name, b"W/" + value if weak else value))
    return [*found, (b"content-encoding", encoding.encode())]
