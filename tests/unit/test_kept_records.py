"""Records kept for pages of hits: the same bytes, bounded, and gone with the state they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from trialist.registry.kept_records import KeptRecords
from trialist.registry.records import Records


class Counted:
    """Records of 100 bytes for even numbers, which count how often they are read."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        for number in numbers:
            self.asked.append(number)
            if number % 2 == 0:
                yield b"%100d" % number


def kept(most: int) -> tuple[KeptRecords, Counted]:
    source = Counted()
    return KeptRecords(cast(Records, source), most), source


def test_what_was_read_is_not_read_again() -> None:
    records, source = kept(10_000)
    first = list(records.read([2, 4, 2, 3]))
    assert first == [b"%100d" % 2, b"%100d" % 4, b"%100d" % 2]
    assert list(records.read([4, 2])) == [first[1], first[0]]
    assert source.asked == [2, 4, 3]


def test_what_is_not_there_is_asked_for_again() -> None:
    records, source = kept(10_000)
    assert list(records.read([3])) == list(records.read([3])) == []
    assert source.asked == [3, 3]


def test_what_was_asked_for_longest_ago_gives_way() -> None:
    records, source = kept(1_000)
    list(records.read(range(0, 20, 2)))
    assert records.size == 1_000
    list(records.read([0, 20, 0]))
    assert records.size == 1_000
    source.asked.clear()
    list(records.read([0, 2]))
    assert source.asked == [2]


def test_a_record_too_large_for_the_room_is_not_kept() -> None:
    records, source = kept(700)
    list(records.read([2]))
    list(records.read([2]))
    assert source.asked == [2, 2]
    assert records.size == 0
