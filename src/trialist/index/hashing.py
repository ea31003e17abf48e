"""Words as 64-bit numbers, so that processes agree on them without a common dictionary.

Two different words of one registry with the same number (about one chance in four million for three million words)
stop the build; they are never taken for each other silently.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

BOUNDARY = 0
"""Stands before the first and after every value of a field that is held as a stream of words."""


@lru_cache(maxsize=65_536)
def hash_word(word: str) -> int:
    """The number of a folded word: 64 bits, never `BOUNDARY`."""
    return (
        int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1
    )


def hash_value(value: bytes) -> int:
    """The number of a value's text: 64 bits."""
    return int.from_bytes(blake2b(value, digest_size=8).digest(), "little")


_FORMS = ("", "s", "'s", "es")
_OTHER_FORMS = 59


def hash_spelling(word: str, folded: str) -> int:
    """The number of a word's spelling among those of its folded form: 1 to 252.

    Lower, capitalised, upper and mixed case are told apart, and so are the folded form itself and its plain plurals and
    possessive; other forms share 59 numbers, so two of them may have the same one.
    """
    lower = word.casefold()
    if word == lower:
        case = 0
    elif word == lower[:1].upper() + lower[1:]:
        case = 1
    else:
        case = 2 if word == lower.upper() else 3
    ending = lower.removeprefix(folded)
    if ending in _FORMS and lower.startswith(folded):
        form = _FORMS.index(ending)
    else:
        digest = blake2b(lower.encode("utf-8", "surrogatepass"), digest_size=2).digest()
        form = len(_FORMS) + int.from_bytes(digest, "little") % _OTHER_FORMS
    return 1 + case * (len(_FORMS) + _OTHER_FORMS) + form
