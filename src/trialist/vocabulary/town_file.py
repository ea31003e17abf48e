"""All towns of a gazetteer in one file, searched where it lies: nothing is read of it but what a question needs.

A line of JSON says how long the parts behind it are: all names, folded, one a line, behind those of each town a zero; where
each town's names end; where each town begins; the towns, as JSON. Numbers are four bytes each.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_NUMBER = 4
_END = b"\0"


def write_town_file(path: Path, mark: str, names: str, towns: Sequence[Sequence[Any]]) -> None:
    """Write the towns beside a path, and then there; `mark` says of which gazetteer they are.

    In `names` every name is a line, and behind those of each town stands a line with a zero alone.
    """
    text = names.encode()
    ends = array("I")
    at = text.find(_END)
    while at >= 0:
        ends.append(at)
        at = text.find(_END, at + 1)
    if len(ends) != len(towns):
        raise ValueError("every town has its names")
    rows = [json.dumps(list(town), ensure_ascii=False).encode() for town in towns]
    starts = array("I", [0])
    for row in rows:
        starts.append(starts[-1] + len(row))
    content = {"mark": mark, "order": sys.byteorder, "towns": len(towns), "names": len(text)}
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as out:
            out.write(json.dumps(content).encode() + b"\n")
            out.writelines((text, ends.tobytes(), starts.tobytes(), *rows))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class TownFile:
    """Towns by any of their names."""

    def __init__(self, path: Path, mark: str) -> None:
        """`OSError` where it cannot be read, `ValueError` where it is of another gazetteer or no such file."""
        with path.open("rb") as file:
            self._held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        head = self._held.readline()
        content = json.loads(head)
        if content["mark"] != mark or content["order"] != sys.byteorder:
            raise ValueError(f"these towns are of {content['mark']}")
        count: int = content["towns"]
        view = memoryview(self._held)
        self._first = len(head)
        self._last = ends = self._first + int(content["names"])
        starts = ends + _NUMBER * count
        self._rows = starts + _NUMBER * (count + 1)
        self._ends = view[ends:starts].cast("I")
        self._starts = view[starts : self._rows].cast("I")

    def named(self, folded: str) -> Iterator[list[Any]]:
        """The towns of which a name is this one, folded; each once."""
        line = f"\n{folded}\n".encode()
        at = self._held.find(line, self._first, self._last)
        while at >= 0:
            place = bisect_left(self._ends, at - self._first)
            start, end = self._rows + self._starts[place], self._rows + self._starts[place + 1]
            yield json.loads(self._held[start:end])
            at = self._held.find(line, self._first + self._ends[place], self._last)
