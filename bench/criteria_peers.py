"""Peers on the same numbers in the same run: quantulum3 where it can be imported; otherwise it is said that it is absent."""

from __future__ import annotations

import importlib
import re
import time
from decimal import Decimal

from criteria_gold import chia, gold_value
from trialist.criteria.quantities import find_bounds
from trialist.criteria.tokens import tokenise

_FEW = 100  # it is slow


def score_peers() -> list[tuple[str, str]]:
    """Which of the annotated numbers each finds in the lines they stand in, and how fast: numbers alone, then with their comparison."""
    lines, wanted = [], []
    for document in chia():
        for kind, spans in document.entities.values():
            said = " ".join(document.text[first:last] for first, last in spans)
            gold = gold_value(said) if kind == "Value" else None
            if gold is not None:
                lines.append(document.line(spans))
                wanted.append({number for _, _, number in gold})
    rows = [_row("find_bounds", lines, wanted, _ours)]
    try:
        parser = importlib.import_module("quantulum3.parser")
    except ImportError:
        return [*rows, ("quantulum3", "not installed here: not measured")]

    def theirs(line: str) -> set[Decimal]:
        found = set()
        for one in parser.parse(line):
            found.add(round(Decimal(str(one.value)), 6).normalize())
        return found

    return [*rows, _row("quantulum3 (numbers alone, no comparison)", lines[:_FEW], wanted[:_FEW], theirs)]


def _ours(line: str) -> set[Decimal]:
    text = re.sub(r"\s", " ", line)
    bounds = find_bounds(tokenise(text), text)
    values = {
        value for one in bounds for value in (one.interval.lower, one.interval.upper) if value is not None
    }
    return {round(value, 6).normalize() for value in values}


def _row(name: str, lines: list[str], wanted: list[set[Decimal]], read) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    start = time.process_time()
    failed = found = 0
    for line, numbers in zip(lines, wanted, strict=True):
        try:
            read_here = read(line)
        except Exception:  # noqa: BLE001 - a peer that fails on a line has not read it
            failed += 1
            continue
        found += all(round(number, 6).normalize() in read_here for number in numbers)
    seconds = time.process_time() - start
    more = f", failed on {failed}" if failed else ""
    return (
        f"numbers of Chia: {name}",
        f"{found / len(lines):.3f} of {len(lines)}, {1000 * seconds / len(lines):.2f} ms a line{more}",
    )
