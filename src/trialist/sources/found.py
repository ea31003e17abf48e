"""What readers yield: the bytes of one study and where they were, not yet parsed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trialist.errors import Where


class Syntax(StrEnum):
    """In which syntax a study was found."""

    JSON = "json"
    XML = "xml"


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a source that should be one study: its bytes, untouched, and their place."""

    raw: bytes
    where: Where
    syntax: Syntax = Syntax.JSON


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader takes at most, so that no input can exhaust the machine.

    `study_bytes`: a single study (the registry's largest are some MB). `nesting`: containers inside containers.
    `expansion`: bytes out for a byte in, looked at only beyond `expansion_floor` bytes (registry JSON packs 5 to 30
    times; bombs a thousand times).
    """

    study_bytes: int = 32 * 1024 * 1024
    nesting: int = 4
    expansion: int = 250
    expansion_floor: int = 128 * 1024 * 1024

    def __post_init__(self) -> None:
        if min(self.study_bytes, self.nesting, self.expansion, self.expansion_floor) < 1:
            raise ValueError("limits are positive")


def at(where: Where, position: int, unit: str = "byte", nct_id: str = "") -> Where:
    """The same place, at a position."""
    return Where(where.source, where.member, position, unit, nct_id or where.nct_id, where.path)


def excerpt(raw: bytes, length: int = 200) -> str:
    """The start of some bytes as printable text."""
    text = raw[: length * 4].decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else " " for char in text)[:length]
