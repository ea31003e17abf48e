"""Words, numbers and JSON on standard output; what is said beside them goes to standard error."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

Subparsers = Any
"""What `add_subparsers` returns; argparse keeps its type private."""

_WIDTH_WITHOUT_TERMINAL = 100


def print_json(value: Any) -> None:
    """One JSON document, indented, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def print_text(text: str) -> None:
    """Text as it is, with one line end behind it."""
    sys.stdout.buffer.write(text.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def print_beside(text: str) -> None:
    """A sentence for a person, on standard error."""
    print(text, file=sys.stderr)


def width() -> int:
    """The columns to write in."""
    if not sys.stdout.isatty():
        return _WIDTH_WITHOUT_TERMINAL
    return max(40, shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows in columns as wide as they need; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[place]) for row in [list(heads), *cells]) for place in range(len(heads))]
    right = [bool(rows) and all(isinstance(row[place], int) for row in rows) for place in range(len(heads))]
    for row in [list(heads), *cells]:
        parts = [
            cell.rjust(wide) if to_right else cell.ljust(wide)
            for cell, wide, to_right in zip(row, widths, right, strict=True)
        ]
        print_text("  ".join(parts).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "".join(char if char.isprintable() else "�" for char in str(value))


def size_words(size: int) -> str:
    """Bytes in words: "1.7 GB"."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def problem_counts(counts: Mapping[tuple[Any, str], int]) -> list[dict[str, Any]]:
    """Counts by kind as JSON rows, the gravest and most frequent first."""
    gravity = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted(counts.items(), key=lambda item: (gravity[item[0][0]], -item[1], item[0][1]))
    return [{"level": str(level), "code": code, "count": count} for (level, code), count in ordered]


_BEFORE, _AFTER = 50, 30


def caret_lines(text: str, start: int, end: int) -> list[str]:
    """The part of a text around a place, and below it carets that point at the place; nothing for no text."""
    if not text:
        return []
    start = max(0, min(start, len(text)))
    end = max(start + 1, min(end, len(text)))
    first, last = max(0, start - _BEFORE), min(len(text), end + _AFTER)
    shown = "".join(char if char.isprintable() else " " for char in text)
    before = ("…" if first else "") + shown[first:start]
    at = shown[start:end][:_AFTER]
    after = shown[start + len(at) : last] + ("…" if last < len(text) else "")
    return [f"  {before}{at}{after}", "  " + " " * _columns(before) + "^" * max(1, _columns(at))]


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)
