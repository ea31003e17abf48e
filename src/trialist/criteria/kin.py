"""Which subjects words may speak of that were not understood: those they name, and those whose kin they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from trialist.criteria.lexicon import read_rules, things
from trialist.criteria.tokens import tokenise


@cache
def _table() -> Mapping[str, Any]:
    return read_rules("kin.toml")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    rows = list(_table()["kin"].values())
    laboratory = frozenset(
        one
        for name in ("kidney", "liver", "blood", "clotting", "sugar")
        for one in _table()["kin"][name]["subjects"]
    )
    pairs = [(row["words"], frozenset(row["subjects"])) for row in rows]
    return tuple(
        (re.compile(rf"\b(?:{words})"), subjects)
        for words, subjects in [*pairs, (_table()["general"]["words"], laboratory)]
    )


def covered_by(subject_id: str) -> tuple[str, ...]:
    """The subjects that a criterion about another one speaks of too."""
    return tuple(_table()["covers"].get(subject_id, ()))


@cache
def _any_kin() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _patterns()))


@lru_cache(maxsize=8192)
def named_in(text: str) -> frozenset[str]:
    """The ids of the subjects that a text may speak of."""
    found: set[str] = set()
    lower = text.lower()
    if _any_kin().search(lower):
        for pattern, subjects in _patterns():
            if pattern.search(lower):
                found |= subjects
    tokens = tokenise(text)
    lexicon = things()
    starts = lexicon.starts
    for place, token in enumerate(tokens):
        if token[1] in starts:
            found.update([hit.entry.id for hit in lexicon.at(tokens, place, text)])
    return frozenset(found)
