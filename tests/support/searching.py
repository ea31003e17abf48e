"""Small indexes over invented studies, and the judge beside the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import zstandard

from trialist.index.build import build_segment
from trialist.index.live import Built, LiveIndex, Taught, write_index
from trialist.index.segment import Segment
from trialist.query.context import Context
from trialist.query.hits import Selection, cost_of
from trialist.query.nodes import Node
from trialist.query.params import read_params
from trialist.query.run import Evaluation
from trialist.query.scan import matches
from trialist.vocabulary.learned import Learner, build_thesaurus
from trialist.vocabulary.thesaurus import Thesaurus

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Held:
    """Studies in memory, as a source of an index."""

    records: Mapping[int, bytes]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Held:
        return cls({number_of(record): orjson.dumps(record) for record in records})

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        return (self.records[number] for number in numbers)


def number_of(record: Record) -> int:
    return int(record["protocolSection"]["identificationModule"]["nctId"][3:])


class Pair:
    """One segment over some studies, and the judge over the same."""

    def __init__(self, directory: Path, records: Sequence[Record]) -> None:
        held = Held.of(records)
        self.numbers = sorted(held.records)
        self.records = {number: orjson.loads(held.records[number]) for number in self.numbers}
        self.learner = build_segment(held, self.numbers, self.numbers, directory)
        self.segment = Segment(directory)

    @cached_property
    def thesaurus(self) -> Thesaurus:
        return build_thesaurus(self.learner)

    def found(self, node: Node, area: str) -> list[bool]:
        """What the engine says of every study."""
        evaluation = Evaluation(self.segment, self.thesaurus, read=self.records.__getitem__)
        return [bool(one) for one in evaluation.studies(node, Context(area))]

    def judged(self, node: Node, area: str, number: int) -> bool:
        """What the judge says of one."""
        return matches(self.records[number], node, area, self.thesaurus)


def taught(learner: Learner) -> Taught:
    thesaurus = build_thesaurus(learner)
    return Taught(b"", zstandard.compress(thesaurus.to_json()))


def write(
    directory: Path, records: Sequence[Record], state: Mapping[int, int], *, full: bool = False
) -> Built:
    """Bring an index to a state."""
    return write_index(directory, Held.of(records), state, teach=taught, full=full)


def select(index: LiveIndex, **params: str) -> Selection:
    """What parameters find; `__` stands for the dot of their names. `LimitExceededError` for what costs too much."""
    thesaurus = Thesaurus.from_json(zstandard.decompress(index.thesaurus_file.read_bytes()))
    query = read_params({key.replace("__", "."): value for key, value in params.items()})
    cost_of(query, thesaurus, index)
    return Selection(index, query, thesaurus)


def ids(selection: Selection) -> list[int]:
    """The NCT numbers of all that was found, in order."""
    return [int(selection.numbers[at]) for at in selection.order(selection.total)]
