"""Words of the form that are typed in many places: yes and no, one of several, a range, keys that must be known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches

from trialist.errors import InvalidParameterError
from trialist.patient.facts import Reference

FORM_HINT = "The form is described in docs/reference/patient-form.md."
YES, NO = frozenset({"yes", "true", "y"}), frozenset({"no", "false", "n"})
_NORMAL = re.compile(r"\s*(\d+(?:\.\d+)?)?\s*(?:-|–|to|\.\.)\s*(\d+(?:\.\d+)?)?\s*", re.ASCII)


def check_keys(where: str, said: Iterable[str], known: list[str], needed: Iterable[str]) -> None:
    """Refuse a key that is not known, with the nearest one, and one that is missing."""
    for key in said:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There is: {', '.join(known)}."
            raise InvalidParameterError(f"{where}: {key[:40]!r} is not known", hint=hint)
    missing = sorted(set(needed) - set(said))
    if missing:
        raise InvalidParameterError(f"{where}: {missing[0]} is missing", hint=FORM_HINT)


def read_yes_or_no(where: str, text: str) -> bool:
    """True for yes, False for no; anything else is refused."""
    plain = text.strip().lower()
    if plain not in YES | NO:
        raise InvalidParameterError(f"{where}: {text[:40]!r} is neither yes nor no", hint="Write yes or no.")
    return plain in YES


def read_choice(where: str, text: str, known: Iterable[str]) -> str:
    """The one of several that was typed, in any case; anything else is refused."""
    by_word = {one.lower(): one for one in known}
    plain = text.strip().lower()
    if plain not in by_word:
        raise InvalidParameterError(
            f"{where}: {text[:40]!r} is not known", hint=f"It is one of {', '.join(by_word.values())}."
        )
    return by_word[plain]


def read_normal(where: str, text: str) -> Reference:
    """`7-40`, `-40` (only an upper limit), `7-` (only a lower one)."""
    found = _NORMAL.fullmatch(text)
    low, high = found.groups() if found is not None else (None, None)
    try:
        return Reference(None if low is None else Decimal(low), None if high is None else Decimal(high))
    except ValueError as error:
        raise InvalidParameterError(
            f"{where}: {text[:40]!r} is no range of normal ({error})", hint="Write 7-40, -40 or 7-."
        ) from None
