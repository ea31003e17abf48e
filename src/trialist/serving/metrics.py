"""Figures of the server for Prometheus, of all workers together, whichever is asked.

Each worker counts in a file of its own, mapped into memory, in a directory that all share; whoever is asked adds up the
files. A file stays when its worker ends, so that a sum never falls. Nothing is counted by what was asked: only by route
and status, of which there are few.
"""

from __future__ import annotations

import mmap
import os
import struct
import uuid
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the times that are told apart, in seconds."""
STATUSES = (200, 204, 206, 301, 304, 400, 403, 404, 405, 408, 413, 414, 416, 429, 500, 503, 0)
"""The statuses that are told apart; 0 stands for any other, and for a request that was not answered."""
ELSEWHERE = ""
"""Stands for the route of what no route answers."""

_PID_BYTES = 8
_PER_ROUTE = (
    len(STATUSES) + len(BUCKETS) + 1 + 2
)  # with the bucket above all, the sum of seconds and of bytes


class Meter:
    """The counts of one worker, and the sums of all."""

    def __init__(self, directory: Path | None) -> None:
        """Without a directory the counts are this process's alone."""
        self.routes: list[str] = []
        self._directory = directory

    def open(self, routes: Sequence[str]) -> None:
        """Begin to count, for these routes."""
        self.routes = [*routes, ELSEWHERE]
        self._place = {route: place for place, route in enumerate(self.routes)}
        size = _PID_BYTES + 8 * _PER_ROUTE * len(self.routes)
        held: mmap.mmap | bytearray = bytearray(size)
        if self._directory is not None:
            file = self._directory / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.meter"
            with file.open("wb+") as made:
                made.write(struct.pack("<q", os.getpid()).ljust(size, b"\0"))
                made.flush()
                held = mmap.mmap(made.fileno(), size)
        self._counts = memoryview(held)[_PID_BYTES:].cast("d")

    def count(self, route: str, status: int, seconds: float, sent: int) -> None:
        """Count one request that was answered."""
        first = self._place.get(route, len(self.routes) - 1) * _PER_ROUTE
        known = status if status in STATUSES else 0
        self._counts[first + STATUSES.index(known)] += 1
        bucket = first + len(STATUSES)
        self._counts[bucket + bisect_left(BUCKETS, seconds)] += 1
        self._counts[bucket + len(BUCKETS) + 1] += seconds
        self._counts[bucket + len(BUCKETS) + 2] += sent

    def sums(self) -> tuple[list[float], list[int]]:
        """The counts of all workers together, and the workers that are alive."""
        total = [0.0] * (_PER_ROUTE * len(self.routes))
        if self._directory is None:
            return list(map(float, self._counts)), [os.getpid()]
        alive = []
        for file in sorted(self._directory.glob("*.meter")):
            content = file.read_bytes()
            if len(content) != _PID_BYTES + 8 * len(total):
                continue  # of a worker that is just beginning
            (pid,) = struct.unpack("<q", content[:_PID_BYTES])
            if pid not in alive and _is_alive(pid):
                alive.append(pid)
            for place, value in enumerate(memoryview(content)[_PID_BYTES:].cast("d")):
                total[place] += value
        return total, alive


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def memory_bytes(pids: Sequence[int]) -> int | None:
    """The memory that processes hold together, their shared pages counted in each; None where the system does not tell."""
    total = 0
    for pid in pids:
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return None
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total


def exposition(
    meter: Meter, gauges: Mapping[str, tuple[str, float]], told: Mapping[str, Mapping[str, str]]
) -> str:
    """All figures in Prometheus' text format: `gauges` by name with their help, `told` facts as labels of a 1."""
    sums, workers = meter.sums()
    lines: list[str] = []
    lines += _family(
        "trialist_requests_total",
        "counter",
        "Requests answered, by route and status.",
        _requests(meter, sums),
    )
    lines += _family("trialist_request_seconds", "histogram", "How long answers took.", _seconds(meter, sums))
    lines += _family("trialist_answer_bytes_total", "counter", "Bytes of answers sent.", _bytes(meter, sums))
    for name, labels in told.items():
        said = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
        lines += _family(name, "gauge", "1; the labels say it.", [f"{name}{{{said}}} 1"])
    memory = memory_bytes(workers)
    own: dict[str, tuple[str, float]] = {"trialist_workers": ("Workers that answer.", len(workers)), **gauges}
    if memory is not None:
        own["trialist_memory_bytes"] = (
            "Memory of all workers, pages that they share counted in each.",
            memory,
        )
    for name, (about, value) in own.items():
        lines += _family(name, "gauge", about, [f"{name} {_number(value)}"])
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, about: str, samples: Sequence[str] | Iterator[str]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    yield from samples


def _requests(meter: Meter, sums: Sequence[float]) -> Iterator[str]:
    for place, route in enumerate(meter.routes):
        for at, status in enumerate(STATUSES):
            count = sums[place * _PER_ROUTE + at]
            if count:
                said = str(status) if status else "other"
                yield f'trialist_requests_total{{route="{_escaped(route)}",status="{said}"}} {_number(count)}'


def _seconds(meter: Meter, sums: Sequence[float]) -> Iterator[str]:
    for place, route in enumerate(meter.routes):
        first = place * _PER_ROUTE + len(STATUSES)
        counts = sums[first : first + len(BUCKETS) + 1]
        if not any(counts):
            continue
        label = f'route="{_escaped(route)}"'
        below = 0.0
        for bound, count in zip((*BUCKETS, None), counts, strict=True):
            below += count
            said = "+Inf" if bound is None else f"{bound:g}"
            yield f'trialist_request_seconds_bucket{{{label},le="{said}"}} {_number(below)}'
        yield f"trialist_request_seconds_sum{{{label}}} {_number(sums[first + len(BUCKETS) + 1])}"
        yield f"trialist_request_seconds_count{{{label}}} {_number(below)}"


def _bytes(meter: Meter, sums: Sequence[float]) -> Iterator[str]:
    for place, route in enumerate(meter.routes):
        sent = sums[(place + 1) * _PER_ROUTE - 1]
        if sent:
            yield f'trialist_answer_bytes_total{{route="{_escaped(route)}"}} {_number(sent)}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
