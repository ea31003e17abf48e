"""Building an index, step by step: processor time a study, as a share of its floor.

    python bench/index.py [--studies 12000] [--file NDJSON]

The floor is what a build could not do without if it read studies as Python reads them: parsing every study with orjson,
measured in the same run on the same studies. Everything runs in one process, so that other work on the machine costs the
figures little.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from measure import describe_machine, print_rows
from trialist.demo.registry import generate_studies
from trialist.index.build import build_segment
from trialist.index.chunks import write_chunk
from trialist.index.digests import write_digest_chunk
from trialist.index.documents import Collector
from trialist.index.words import Words
from trialist.vocabulary.learned import Learner


@dataclass(frozen=True)
class Held:
    """Studies in memory, numbered from 0."""

    raws: Sequence[bytes]

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The JSON of these studies."""
        return (self.raws[number] for number in numbers)


def processor_time(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def read_studies(file: Path | None, count: int) -> list[bytes]:
    if file is None:
        return list(generate_studies(count))
    with file.open("rb") as lines:
        return [line.rstrip() for line in islice(lines, count)]


def steps(raws: Sequence[bytes], folder: Path) -> Iterator[tuple[str, float]]:
    """The steps of a chunk, each by itself."""
    words = Words()
    collector, learner = Collector(0, words), Learner()
    yield "parse with orjson (the floor)", processor_time(lambda: [orjson.loads(raw) for raw in raws])
    yield "walk", processor_time(lambda: [collector.collect(raw) for raw in raws])
    again = Collector(0, words)

    def learn() -> None:
        for raw in raws:
            again.collect(raw)
            learner.learn(again.parts())

    yield "walk once more, and learn synonyms", processor_time(learn)
    yield "new words", processor_time(words.learn)
    yield "write the chunk", processor_time(lambda: write_chunk(collector, words, folder / "chunk"))
    yield (
        "write its digests",
        processor_time(
            lambda: write_digest_chunk(collector, lambda doc: orjson.loads(raws[doc]), folder / "digests")
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=12_000)
    parser.add_argument("--file", type=Path, help="studies, one a line, instead of invented ones")
    arguments = parser.parse_args()
    raws = read_studies(arguments.file, arguments.studies)
    print(describe_machine())
    print(f"{len(raws):,} studies of {sum(map(len, raws)) / len(raws) / 1000:.1f} kB")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        measured = list(steps(raws, folder))
        numbers = list(range(len(raws)))
        whole = processor_time(lambda: build_segment(Held(raws), numbers, numbers, folder / "segment"))
    floor = measured[0][1]
    print_rows(
        [
            (step, f"{1000 * seconds / len(raws):.3f} ms a study", f"{seconds / floor:.2f} of the floor")
            for step, seconds in [*measured, ("a whole segment", whole)]
        ]
    )


if __name__ == "__main__":
    main()
