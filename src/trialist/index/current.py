"""`current.json`: the file that says which others are in force, swapped in as one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from trialist.errors import NotBuiltError

CURRENT = "current.json"


@dataclass(frozen=True, slots=True)
class Absent:
    """What is said where such a file cannot be used, and the command that mends it; `anew` for one that is damaged."""

    missing: str
    damaged: str
    foreign: str
    build: str
    anew: str


def content_in_force(directory: Path, layout: int, absent: Absent) -> Mapping[str, Any]:
    """The content of a directory's `current.json`; `NotBuiltError` when there is none of this layout."""
    try:
        content = orjson.loads((directory / CURRENT).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise NotBuiltError(absent.missing, hint=absent.build) from None
    except orjson.JSONDecodeError:
        raise NotBuiltError(absent.damaged, hint=absent.anew) from None
    if not isinstance(content, dict) or content.get("layout") != layout:
        raise NotBuiltError(absent.foreign, hint=absent.anew.removesuffix(" --full"))
    found: dict[str, Any] = content
    return found


def write_current(directory: Path, content: Mapping[str, Any]) -> None:
    """Put a content in force: readers see the file before or this one, also after a crash."""
    beside = directory / f"{CURRENT}.{os.getpid()}"
    with beside.open("wb") as out:
        out.write(orjson.dumps(content))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(directory / CURRENT)
