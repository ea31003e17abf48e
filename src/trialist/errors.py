"""Every exception of trialist, one tree, and `Problem`: bad data as a value.

    TrialistError
    ├── InvalidParameterError    a parameter is unknown or malformed
    ├── QuerySyntaxError         a query expression cannot be parsed; points into its text
    ├── UnknownFieldError        a name is not in the field catalogue; offers the nearest
    ├── StudyNotFoundError       no such study; offers the nearest known ids
    ├── NotBuiltError            the store is absent, or made by a newer trialist
    ├── SourceUnreadableError    a source as a whole cannot be read
    ├── LimitExceededError       a size, time or rate limit was passed
    ├── RegistryBusyError        another process is writing to this registry
    ├── ServerBusyError          too much to do at once, or a search took too long; try again
    └── StoreWriteError          the disk refused a write: full, read-only, or broken

Exceptions are for calls that cannot return. A bad record among many is a `Problem`: counted, kept and shown,
while the rest goes on. Each exception carries a stable `code` and a `hint` with the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class QuerySyntaxError(TrialistError):
    """A query expression cannot be parsed.

    `start` and `end` are the offsets of the offending characters in `text`, the expression as it was given;
    `live_message` is how the registry's own API words the same refusal where that is known, else `message`; `parameter`
    is the request's parameter that holds the text, "" where there is none.
    """

    code = "query_syntax"

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        *,
        text: str = "",
        hint: str = "",
        live_message: str = "",
        parameter: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.parameter = parameter
        self.start = start
        self.end = end
        self.text = text
        self.live_message = live_message or message


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


class ServerBusyError(TrialistError):
    """There is too much to do at once, or a search took too long; the same request may do well a little later."""

    code = "server_busy"


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


PROBLEM_CODES: Mapping[str, str] = {
    # what was found in a source and is no study
    "empty": "a file holds nothing",
    "not-a-file": "a link to a directory, a device, or an archive member that is no file",
    "not-a-study": "a text, or a part of one, that is no study in any known shape",
    "not-utf8": "a whole file in another encoding",
    "invalid-utf8": "a study with bytes that are not UTF-8",
    "invalid-json": "a study that is not JSON: cut off, or damaged",
    "malformed-xml": "a study that is not XML: cut off, or damaged",
    "xml-entities-refused": "XML that declares entities, which studies never do and attacks do",
    "too-large": "a study beyond the size limit",
    "too-deep": "a study nested beyond the limit",
    "missing-nct-id": "a study without an NCT id that can be read",
    # what kept a file or archive from being read whole
    "unreadable": "a file that the system refuses to read",
    "truncated": "packed data that breaks off",
    "damaged": "packed data that does not fit its checksums or directory",
    "nested-too-deep": "containers inside containers beyond the limit",
    "expands-too-much": "packed data that expands beyond every measure",
    # what is odd in a study; it is stored as it is
    "nct-id-form": "an id in an unusual spelling",
    "wrong-type": "a value of another type than the field's",
    "unknown-enum-value": "a value that the field's enumeration does not have",
    "impossible-date": "a date or time that is none",
    "unreadable-age": "an age that is not a number and a unit",
    "impossible-place": "a place beyond the poles or the date line",
    "unknown-field": "a field that the catalogue does not have; counted once a load",
    # what the conversion of older shapes could not carry over; the text is kept in the problem
    "unmapped-element": "an element that today's records have no field for",
    "unknown-element": "an element that the mapping does not know",
    "unknown-attribute": "an attribute that the mapping does not know",
    "repeated-element": "an element that should stand once stands again",
    "unreadable-value": "a date, number or label that is none; kept as text",
    # what parsing eligibility criteria could not do
    "criteria-unparsed": "a study whose eligibility criteria could not be parsed; nothing is known of them",
}
"""Every kind of problem, and what it means. Scripts rely on the codes."""


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

    `code` is one of `PROBLEM_CODES`; `message` one sentence; `excerpt` what was read, shortened, when
    it is stored nowhere else.
    """

    level: Level
    code: str
    where: Where
    message: str
    excerpt: str = ""

    def __post_init__(self) -> None:
        if self.code not in PROBLEM_CODES or not self.message:
            raise ValueError("a problem needs a known code and a message")
