"""Every exception of trialist, one tree, and `Problem`: bad data as a value.

    TrialistError
    ├── InvalidParameterError    a parameter is unknown or malformed
    ├── UnknownFieldError        a name is not in the field catalogue; offers the nearest
    ├── StudyNotFoundError       no such study; offers the nearest known ids
    ├── NotBuiltError            the store is absent, or made by a newer trialist
    ├── SourceUnreadableError    a source as a whole cannot be read
    ├── LimitExceededError       a size, time or rate limit was passed
    ├── RegistryBusyError        another process is writing to this registry
    └── StoreWriteError          the disk refused a write: full, read-only, or broken

Exceptions are for calls that cannot return. A bad record among many is a `Problem`: counted, kept and shown,
while the rest goes on. Each exception carries a stable `code` and a `hint` with the way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class TrialistError(Exception):
    """The root of the tree.

    `code` is stable and machine-readable, `hint` says in one sentence how to get further ("" when there is none).
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidParameterError(TrialistError):
    """A parameter is unknown or malformed."""

    code = "invalid_parameter"


class UnknownFieldError(TrialistError):
    """A name is neither a piece nor a path of the catalogue; `nearest` holds up to three that look like it."""

    code = "unknown_field"

    def __init__(self, name: str, nearest: tuple[str, ...] = ()) -> None:
        hint = f"Did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"unknown field: {name!r}", hint=hint)
        self.name = name
        self.nearest = nearest


class StudyNotFoundError(TrialistError):
    """No study has this id; `nearest` holds the known ids that look most like it."""

    code = "study_not_found"

    def __init__(self, nct_id: str, nearest: tuple[str, ...] = ()) -> None:
        hint = f"The nearest known ids are {', '.join(nearest)}." if nearest else ""
        super().__init__(f"no study {nct_id} in this registry", hint=hint)
        self.nct_id = nct_id
        self.nearest = nearest


class NotBuiltError(TrialistError):
    """The store is absent, or was made by a newer version of the code."""

    code = "not_built"


class SourceUnreadableError(TrialistError):
    """A source as a whole cannot be read."""

    code = "source_unreadable"


class LimitExceededError(TrialistError):
    """A size, time or rate limit was passed."""

    code = "limit_exceeded"


class RegistryBusyError(TrialistError):
    """Another process is writing to this registry."""

    code = "registry_busy"


class StoreWriteError(TrialistError):
    """The disk refused a write: full, read-only, or broken. What was committed before stays."""

    code = "store_write"


class Level(StrEnum):
    """How much a problem matters.

    `INFO`: odd, but complete. `WARNING`: stored, and something in it is not as the registry defines it.
    `ERROR`: not stored; the problem keeps what was read.
    """

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Where:
    """Where a problem was seen; each part is "" or None when not known.

    `source` is the file given, `member` the file inside an archive or directory, `position` a byte offset (or a line
    for XML, as `position_unit` says) in the uncompressed source or member, `nct_id` the study, `path` the field.
    """

    source: str = ""
    member: str = ""
    position: int | None = None
    position_unit: str = "byte"
    nct_id: str = ""
    path: str = ""

    def __str__(self) -> str:
        place = f"{self.source}!{self.member}" if self.member else self.source
        if self.position is not None:
            place += f" at {self.position_unit} {self.position}"
        return " ".join(part for part in (place.strip(), self.nct_id, self.path) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """Bad data as a value: counted, kept and shown, never raised.

    `code` is a stable word such as `unknown-field`; `message` one sentence; `excerpt` what was read, shortened, when
    it is stored nowhere else.
    """

    level: Level
    code: str
    where: Where
    message: str
    excerpt: str = ""

    def __post_init__(self) -> None:
        if not self.code or not self.message:
            raise ValueError("a problem needs a code and a message")
