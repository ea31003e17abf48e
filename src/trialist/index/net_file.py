"""The net of criteria that a registry keeps: arrays in one mapped file, beside them whose they are and where their sites lie.

`<directory>/current.json` names the file in force and is replaced in one step, as the index's is.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array, ArrayFile, ArrayWriter, starts_of
from trialist.index.current import CURRENT, Absent, content_in_force, write_current
from trialist.record.geo import EARTH_RADIUS_METRES

LAYOUT = 3
"""Raised by every change of what is written."""
_ABSENT = Absent(
    "the net of criteria has not been built",
    "the net of criteria is damaged",
    "the net of criteria was built by another version of trialist",
    build="Build it: trialist index",
    anew="Build it anew: trialist index --full",
)


@dataclass(frozen=True, slots=True)
class NetStudy:
    """A study of a net: NCT number, version, the day of its last update (an ordinal, 0 where not known), its open sites."""

    number: int
    version: int
    updated: int
    sites: Sequence[tuple[float, float]] = ()


class NetFile:
    """The net in force when it was opened; `NotBuiltError` when there is none, or it was built by another stamp."""

    def __init__(self, directory: Path, stamp: str) -> None:
        self.directory = directory
        content = content_in_force(directory, LAYOUT, _ABSENT)
        if content["stamp"] != stamp:
            raise NotBuiltError(_ABSENT.foreign, hint=_ABSENT.build)
        self.generation: str = content["generation"]
        self.file = directory / content["file"]
        arrays = ArrayFile(self.file, content["table"])
        self.columns: dict[str, Array] = {name: arrays[f"net.{name}"] for name in content["columns"]}
        self._numbers, self._versions = arrays["number"], arrays["version"]
        self._order = np.argsort(self._numbers)
        self.updated = arrays["updated"]
        self._site_starts, self._lat, self._lon = arrays["site_start"], arrays["lat"], arrays["lon"]

    def __len__(self) -> int:
        return len(self._numbers)

    def state(self) -> dict[int, int]:
        """The version of each study, by NCT number."""
        return dict(zip(self._numbers.tolist(), self._versions.tolist(), strict=True))

    def is_known(self, numbers: Sequence[int], versions: Sequence[int]) -> list[bool]:
        """Which of these versions of studies the net has."""
        if not len(self):
            return [False] * len(numbers)
        places = self.places(numbers)
        asked = np.array(versions, np.uint64)
        found: list[bool] = ((places >= 0) & (self._versions[np.maximum(places, 0)] == asked)).tolist()
        return found

    def places(self, numbers: Sequence[int]) -> Array:
        """Where in the net the studies with these NCT numbers stand; -1 where they do not."""
        asked = np.array(numbers, np.int64)
        if not len(self._numbers):
            return np.full(len(asked), -1, np.int64)
        known = self._numbers[self._order]
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found: Array = np.where(known[at] == asked, self._order[at], -1).astype(np.int64)
        return found

    def metres(self, trials: Array, lat: float, lon: float) -> Array:
        """How far the nearest open site of each of these studies is; infinite where none has a place."""
        first, last = (
            self._site_starts[trials].astype(np.int64),
            self._site_starts[trials + 1].astype(np.int64),
        )
        counts = last - first
        owners = np.repeat(np.arange(len(trials)), counts)
        at = np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners] + first[owners]
        phi, other = np.radians(lat), np.radians(self._lat[at])
        across = np.sin((other - phi) / 2) ** 2
        across += np.cos(phi) * np.cos(other) * np.sin(np.radians(self._lon[at] - lon) / 2) ** 2
        far = 2 * EARTH_RADIUS_METRES * np.arcsin(np.minimum(1.0, np.sqrt(across)))
        found = np.full(len(trials), np.inf)
        np.minimum.at(found, owners, far)
        return found


def read_net_generation(directory: Path) -> str:
    """The generation of the net in force; "" where there is none."""
    try:
        found: str = content_in_force(directory, LAYOUT, _ABSENT)["generation"]
    except NotBuiltError:
        return ""
    return found


def write_net(directory: Path, stamp: str, studies: Sequence[NetStudy], columns: Mapping[str, Array]) -> None:
    """Write a net of these studies, in the order of the columns' trials, and put it in force."""
    directory.mkdir(exist_ok=True)
    name = f"net-{uuid.uuid4().hex[:12]}.bin"
    with ArrayWriter(directory / name) as out:
        out.add("number", np.array([one.number for one in studies], np.uint32))
        out.add("version", np.array([one.version for one in studies], np.uint64))
        out.add("updated", np.array([one.updated for one in studies], np.int32))
        out.add("site_start", starts_of(np.array([len(one.sites) for one in studies], np.int64)))
        for place, kind in enumerate(("lat", "lon")):
            out.add(kind, np.array([site[place] for one in studies for site in one.sites], np.float64))
        for column, array in columns.items():
            out.add(f"net.{column}", array)
    content: dict[str, Any] = {
        "layout": LAYOUT,
        "generation": uuid.uuid4().hex[:16],
        "stamp": stamp,
        "file": name,
        "table": out.table,
        "columns": list(columns),
    }
    write_current(directory, content)
    _sweep(directory, {name, CURRENT})


def _sweep(directory: Path, keep: Collection[str]) -> None:
    """Delete what is not in force."""
    for entry in directory.iterdir():
        if entry.name not in keep and entry.name.startswith(("net-", CURRENT)):
            with suppress(FileNotFoundError):
                entry.unlink()
