"""The identifier of a study, NCT and eight digits, in the spellings people and programs use."""

from __future__ import annotations

import re

_ANY_SPELLING = re.compile(r"\s*[Nn][Cc][Tt]0*([1-9][0-9]{0,7})\s*")
_CANONICAL = re.compile(r"NCT[0-9]{8}")

FIRST_INVENTED_NUMBER = 97_000_000
"""Ids from this number on are given to invented studies; the registry is decades away from them."""


def parse_nct_id(text: object) -> str | None:
    """The canonical spelling (`NCT00000591`) of an id in any case, with or without its leading zeros, or None.

    The accepted spellings are those of the registry's own id parameters (API v2, pattern of `filter.ids`).
    """
    if not isinstance(text, str):
        return None
    found = _ANY_SPELLING.fullmatch(text)
    return f"NCT{int(found[1]):08d}" if found else None


def is_canonical_nct_id(text: object) -> bool:
    """Whether `text` is spelled exactly as the registry writes ids."""
    return isinstance(text, str) and _CANONICAL.fullmatch(text) is not None


def nct_number(nct_id: str) -> int:
    """The number in a canonical id: 591 for `NCT00000591`."""
    return int(nct_id[3:])


def nct_id_of(number: int) -> str:
    """The canonical id of a number from 1 to 99,999,999."""
    if not 0 < number < 100_000_000:
        raise ValueError(f"not the number of an NCT id: {number}")
    return f"NCT{number:08d}"
