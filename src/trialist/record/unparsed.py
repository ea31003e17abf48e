"""`Unparsed`: a value that is there and could not be understood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unparsed:
    """What was read instead of the value that the field should hold, untouched, and why it was not understood."""

    raw: object
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("an unparsed value needs a reason")

    def __str__(self) -> str:
        return str(self.raw)
