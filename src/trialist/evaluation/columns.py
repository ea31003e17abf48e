"""A part as arrays and nothing else: what the net is kept as, in memory and on disk.

Texts stand end to end in one array with their starts beside it; so do lists of numbers. Leaves, needs of data and rules are
texts that are read where one of them is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import orjson

from trialist.criteria.encode import encode_value
from trialist.criteria.nodes import Interval
from trialist.evaluation.compiling import NONE, Several
from trialist.evaluation.parts import Leaf, Part, ages_told, key_number
from trialist.evaluation.running import Tree, tree_of

Array = npt.NDArray[Any]
Columns = Mapping[str, Array]


class Texts(Sequence[bytes]):
    """Texts that stand end to end."""

    def __init__(self, starts: Array, joined: Array) -> None:
        self._starts, self._joined = starts, joined

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return self._joined[int(self._starts[at]) : int(self._starts[at + 1])].tobytes()

    def array(self) -> Array:
        """All of them as one array of texts."""
        lengths = np.diff(self._starts)
        if len(lengths) and (lengths == lengths[0]).all() and lengths[0]:
            return np.ascontiguousarray(self._joined).view(f"S{int(lengths[0])}")
        return np.array(list(self), dtype=np.bytes_)


class Lists:
    """Lists of numbers that stand end to end."""

    def __init__(self, starts: Array, joined: Array) -> None:
        self.starts, self.joined = starts, joined

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, at: int) -> Array:
        return self.joined[int(self.starts[at]) : int(self.starts[at + 1])]

    def of(self, many: Array) -> tuple[Array, Array]:
        """The members of several lists, end to end, and for each of them which of the lists it is of."""
        first = self.starts[many].astype(np.int64)
        counts = self.starts[many + 1].astype(np.int64) - first
        owners = np.repeat(np.arange(len(many)), counts)
        at = np.arange(len(owners)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        return self.joined[at], owners


class ByKey:
    """Places by the number of a key, in lists that stand end to end."""

    def __init__(self, keys: Array, lists: Lists) -> None:
        self._keys, self._lists = keys, lists

    def places(self, keys: Iterable[str]) -> Array:
        """The places of all these keys, ascending, each once."""
        asked = np.array([key_number(one) for one in keys], np.uint64)
        at = np.searchsorted(self._keys, asked)
        inside = at < len(self._keys)
        found = at[inside][self._keys[at[inside]] == asked[inside]]
        return np.unique(self._lists.of(found)[0])


def columns_of(part: Part) -> dict[str, Array]:
    """The columns of a part."""
    found: dict[str, Array] = {
        "unread": np.array(part.unread, np.uint8),
        "main": np.array(part.main, np.uint32),
        "cohort_trial": np.array([one for one, _ in part.cohorts], np.uint32),
        "cohort_slot": np.array([one for _, one in part.cohorts], np.uint32),
        "minimum": np.array(part.minimums, np.uint8),
    }
    _add_texts(found, "id", [one.encode() for one in part.ids])
    _add_lists(found, "slot", part.slots)
    _add_texts(found, "minimum_age", [one.encode() for one in part.minimum_ages])
    _add_nodes(found, part)
    _add_leaves(found, [(at, one) for at, one in enumerate(part.nodes) if isinstance(one, Leaf)])
    for at, name in enumerate(("permission_trial", "permission_shape")):
        found[name] = np.array([one[at] for one in part.permissions], np.uint32)
    _add_ages(found, part)
    return found


def _add_texts(found: dict[str, Array], name: str, texts: Sequence[bytes]) -> None:
    found[f"{name}_start"] = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    found[name] = np.frombuffer(b"".join(texts), np.uint8)


def _add_lists(found: dict[str, Array], name: str, lists: Sequence[Sequence[int]]) -> None:
    found[f"{name}_start"] = np.cumsum([0, *map(len, lists)], dtype=np.int64)
    found[name] = np.fromiter((one for each in lists for one in each), np.uint32)


def _add_keys(found: dict[str, Array], name: str, pairs: Iterable[tuple[int, int]]) -> None:
    """Places by key: `pairs` are of a key's number and a place."""
    table = np.array(sorted(pairs), np.uint64).reshape(-1, 2)
    keys, starts = np.unique(table[:, 0], return_index=True)
    found[f"{name}_key"] = keys
    found[f"{name}_by_key_start"] = np.append(starts, len(table)).astype(np.int64)
    found[f"{name}_by_key"] = table[:, 1].astype(np.uint32)


def _add_nodes(found: dict[str, Array], part: Part) -> None:
    tree = tree_of(part.nodes, part.shapes)
    found |= {"row": tree.rows, "first": tree.first, "second": tree.second, "depth": tree.depth}
    found["several_place"] = np.array([at for at, _ in tree.several], np.uint32)
    found["several_least"] = np.array([one.least for _, one in tree.several], np.uint32)
    _add_lists(found, "several", [one.members for _, one in tree.several])
    found["shape"] = tree.shapes.reshape(-1)


def _add_leaves(found: dict[str, Array], leaves: Sequence[tuple[int, Leaf]]) -> None:
    found["leaf_place"] = np.array([at for at, _ in leaves], np.uint32)
    _add_texts(found, "leaf", [one.told for _, one in leaves])
    _add_keys(found, "leaf", ((key, at) for at, (_, one) in enumerate(leaves) for key in one.keys))
    likes: dict[bytes, int] = {}
    limits: dict[bytes, int] = {b"": NONE}
    found["like"] = np.array([likes.setdefault(one.like.shared, len(likes)) for _, one in leaves], np.uint32)
    found["limit_of"] = np.array(
        [limits.setdefault(one.like.limits, len(limits) - 1) for _, one in leaves], np.int32
    )
    _add_texts(found, "limit", [one for one in limits if one])
    told = sorted({need for _, one in leaves for needs in one.needs for need in needs}, key=key_number)
    numbers = {need: at for at, need in enumerate(told)}
    found["need_number"] = np.array([key_number(one) for one in told], np.uint64)
    _add_texts(found, "need", told)
    found["need_of"] = np.array([key_number(one) for one in map(telling_key, told)], np.uint64)
    for at in (0, 1):
        found[f"blank_{at}"] = np.array([one.codes[at] for _, one in leaves], np.uint8)
        _add_lists(found, f"missing_{at}", [[numbers[need] for need in one.needs[at]] for _, one in leaves])


def _add_ages(found: dict[str, Array], part: Part) -> None:
    """The rules of ages: limits and ages, each once, the field's limits and the text's ages of each rule, and where limits meet.

    An age is told as (what it asks besides its limits, its limits, the lower one alone, the upper one alone).
    """
    _add_texts(found, "age", [one.told for one in part.ages])
    _add_lists(found, "age_trial", [one.trials for one in part.ages])
    limits: dict[tuple[Interval, str], int] = {}
    asked: dict[bytes, int] = {}
    ages: dict[tuple[int, int, int, int], int] = {}
    fields: list[list[int]] = []
    texts: list[list[int]] = []
    meeting = set()

    def limit(one: tuple[Interval, str] | None) -> int:
        return NONE if one is None else limits.setdefault(one, len(limits))

    for rule, one in enumerate(part.ages):
        told, of_field = ages_told(one.told)
        fields.append([limit(it) for it in of_field])
        texts.append([])
        for age in told:
            sides = [limit(it) for it in age.sides]
            row = (asked.setdefault(age.besides, len(asked)), limit(age.whole), *sides)
            texts[-1].append(ages.setdefault((row[0], row[1], row[2], row[3]), len(ages)))
            pairs = zip(fields[-1], sides, strict=True) if age.is_plain else ()
            meeting |= {(rule, it, other) for it, other in pairs if NONE not in (it, other)}
    _add_texts(found, "age_limit", [orjson.dumps(encode_value(one)) for one, _ in limits])
    _add_texts(found, "age_unit", [unit.encode() for _, unit in limits])
    found["age_field"] = np.array(fields, np.int32).reshape(-1)
    _add_lists(found, "age_text", texts)
    found["age_asked"] = np.array(list(ages), np.int32).reshape(-1)
    table = np.array(sorted(meeting), np.uint32).reshape(-1, 3)
    found |= {"age_rule": table[:, 0], "age_of_field": table[:, 1], "age_of_text": table[:, 2]}


def telling_key(need: bytes) -> bytes:
    """What needs have in common that one fact would settle: their key, else what they are called."""
    key, what, _, _ = orjson.loads(need)
    return (key or f"words/{what}").encode()


def texts_in(columns: Columns, name: str) -> Texts:
    """Texts of some columns."""
    return Texts(columns[f"{name}_start"], columns[name])


def lists_in(columns: Columns, name: str) -> Lists:
    """Lists of some columns."""
    return Lists(columns[f"{name}_start"], columns[name])


def keys_in(columns: Columns, name: str) -> ByKey:
    """Places by key of some columns."""
    return ByKey(columns[f"{name}_key"], Lists(columns[f"{name}_by_key_start"], columns[f"{name}_by_key"]))


def tree_in(columns: Columns) -> Tree:
    """The nodes of some columns."""
    members = lists_in(columns, "several")
    several = zip(columns["several_place"].tolist(), columns["several_least"].tolist(), strict=True)
    return Tree(
        columns["row"],
        columns["first"],
        columns["second"],
        columns["depth"],
        [(place, Several(least, tuple(members[at].tolist()))) for at, (place, least) in enumerate(several)],
        columns["shape"].reshape(-1, 10),
    )


def whole(texts: Texts) -> Iterator[str]:
    """All of the texts, as text."""
    return (one.decode() for one in texts)
