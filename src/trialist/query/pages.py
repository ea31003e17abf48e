"""Pages of what a request finds, and the tokens that lead from one to the next, also across a swap of the index."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from trialist.errors import InvalidParameterError


@dataclass(frozen=True, slots=True)
class Hit:
    """One study found: its NCT number, and its relevance (0 when nothing was asked in words)."""

    number: int
    score: float

    @property
    def nct_id(self) -> str:
        """The NCT id."""
        return f"NCT{self.number:08d}"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the result: `total` studies found in all, these hits, and the token of the next page, if any.

    As the registry's API does it, a full page always has a token, even if nothing follows.
    """

    total: int
    hits: tuple[Hit, ...]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Ordered:
    """All that a request finds, in order, with what a page token needs to know of each hit."""

    generation: str
    numbers: NDArray[np.uint32]
    relevance: NDArray[np.float32]
    keys: tuple[NDArray[np.float64], ...]

    @property
    def found(self) -> list[int]:
        """The NCT numbers of everything, in order."""
        numbers: list[int] = self.numbers.tolist()
        return numbers

    @property
    def size(self) -> int:
        """The bytes it takes."""
        return self.numbers.nbytes + self.relevance.nbytes + sum(key.nbytes for key in self.keys)

    def page(self, token: str | None, most: int) -> Page:
        """The page that begins where the token says; `InvalidParameterError` for a token that none of ours is."""
        first = 0 if token is None else place_of(token, self.generation, self.keys)
        numbers = self.numbers[first : first + most].tolist()
        scores = self.relevance[first : first + most].tolist()
        hits = tuple(Hit(number, score) for number, score in zip(numbers, scores, strict=True))
        following = None
        if len(hits) == most:
            end = first + most
            following = write_token(self.generation, end, [float(key[end - 1]) for key in self.keys])
        return Page(len(self.numbers), hits, following)


def place_of(token: str, generation: str, keys: Sequence[NDArray[np.float64]]) -> int:
    """Where the page after a token begins: at its place or, in another index, behind the last hit before it."""
    made, offset, last = read_token(token)
    if made == generation:
        return offset
    if len(last) != len(keys):
        raise InvalidParameterError(
            "this page token belongs to another order of an older index",
            hint="Begin with the first page.",
        )
    before = np.zeros(len(keys[0]), dtype=bool)
    tied = np.ones(len(keys[0]), dtype=bool)
    for key, value in zip(keys, last, strict=True):
        before |= tied & (key < value)
        tied &= key == value
    return int(np.count_nonzero(before | tied))


def write_token(generation: str, offset: int, last: list[float]) -> str:
    """An opaque token that says which page comes next."""
    packed = orjson.dumps([generation, offset, [repr(value) for value in last]])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_token(token: str) -> tuple[str, int, list[float]]:
    """What a token says; `InvalidParameterError` when it is not one of ours."""
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        generation, offset, last = orjson.loads(packed)
        if not isinstance(generation, str) or type(offset) is not int or not 0 <= offset < 1 << 31:
            raise ValueError("not the parts of a token")
        return generation, offset, [float(value) for value in last]
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidParameterError(
            "this is not a page token", hint="Use the token of the page before, unchanged."
        ) from error
