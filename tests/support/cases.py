"""Test cases are rows in TOML files; this reads them and refuses what would silently test nothing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CASES = Path(__file__).resolve().parents[1] / "cases"


@dataclass(frozen=True)
class Case:
    """One row: `input` and `expect` as the file's own test understands them, `why` printed when it fails."""

    id: str
    input: Any
    expect: Any
    why: str


def read_cases(name: str) -> list[Case]:
    """The cases of a file; refuses a file without cases, missing or unknown keys, and repeated ids."""
    rows = tomllib.loads((CASES / name).read_text(encoding="utf-8"))
    if set(rows) != {"case"} or not rows["case"]:
        raise ValueError(f"{name} must hold [[case]] tables and nothing else")
    seen: set[str] = set()
    found = []
    for row in rows["case"]:
        if set(row) != {"id", "input", "expect", "why"} or not row["why"]:
            raise ValueError(f"{name}: a case needs exactly id, input, expect and why: {row.get('id')}")
        if row["id"] in seen:
            raise ValueError(f"{name}: the id {row['id']} is used twice")
        seen.add(row["id"])
        found.append(Case(**row))
    return found


def each_case(name: str) -> pytest.MarkDecorator:
    """Run a test once for every case of a file, as the argument `case`."""
    return pytest.mark.parametrize("case", read_cases(name), ids=lambda case: case.id)
