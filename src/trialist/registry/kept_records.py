"""`KeptRecords`: the records that pages of hits show again and again, unpacked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from trialist.registry.records import Records

_MOST_BYTES = 64 << 20


class KeptRecords:
    """The JSON of the studies read last, at most 64 MB of it, as it was in one state of the store; safe for threads.

    Whoever learns that the store has changed takes a new one.
    """

    def __init__(self, records: Records, most_bytes: int = _MOST_BYTES) -> None:
        self._records = records
        self._most = most_bytes
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The JSON of these studies, in this order; one that is not there is passed over."""
        for number in numbers:
            with self._lock:
                known = self._kept.get(number)
                if known is not None:
                    self._kept.move_to_end(number)
            if known is not None:
                yield known
                continue
            for raw in list(self._records.read((number,))):
                self._keep(number, raw)
                yield raw

    def _keep(self, number: int, raw: bytes) -> None:
        if len(raw) > self._most // 8:
            return
        with self._lock:
            before = self._kept.pop(number, b"")
            self._kept[number] = raw
            self.size += len(raw) - len(before)
            while self.size > self._most:
                self.size -= len(self._kept.popitem(last=False)[1])
