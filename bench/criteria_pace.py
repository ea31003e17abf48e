"""Two checkouts read the same real texts in turns: whether every reading is the same, and how much faster one is.

python bench/criteria_pace.py BEFORE [AFTER] [--texts 600] [--rounds 2]

BEFORE and AFTER are folders that hold the package (`src` of a checkout; AFTER is this one's if it is not named). Each is read by a
process of its own; the two take turns every few texts, so that a machine whose pace changes is as fast for one as for the other. Times are of
the processor, with the collector off as in a build, which keeps several studies at a time. What is compared is all that a
build keeps of a study, byte for byte.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import io
import subprocess
import sys
import time
from pathlib import Path

import zstandard

SHARED = Path(__file__).resolve().parents[2] / "shared/data"
OWN = Path(__file__).resolve().parents[1] / "src"
TURN = 15
WORDS = ("parse", "keep")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path, nargs="?", default=OWN)
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        return work(asked.before, asked.texts)
    workers = [start(folder.resolve(), asked.texts) for folder in (asked.before, asked.after)]
    count = int(ask(workers[0], "count"))
    spent = {word: [0.0, 0.0] for word in WORDS}
    differ = 0
    for round_ in range(asked.rounds):
        for first in range(0, count, TURN):
            for word in WORDS:
                turn = (0, 1) if (first // TURN + round_) % 2 else (1, 0)
                told = {
                    at: ask(workers[at], f"{word} {first} {min(first + TURN, count)}").split() for at in turn
                }
                for at in turn:
                    spent[word][at] += float(told[at][0])
                differ += told[0][1] != told[1][1]
    for worker in workers:
        worker.communicate()
    print(f"{count} texts, {asked.rounds} rounds; {differ} turns in which something differs")
    for word, (before, after) in spent.items():
        read = count * asked.rounds
        print(
            f"{word:6} {read / before:7.1f} → {read / after:7.1f} texts a second and core, {before / after:.3f} times as fast"
        )
    return 1 if differ else 0


def start(folder: Path, texts: int) -> subprocess.Popen[str]:
    """A process that reads with the package of a folder."""
    command = [sys.executable, __file__, str(folder), "--texts", str(texts), "--work"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(worker: subprocess.Popen[str], line: str) -> str:
    """What a process answers to a line."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(line + "\n")
    worker.stdin.flush()
    return worker.stdout.readline()


def lines_of(path: Path) -> list[bytes]:
    """The lines of a packed file."""
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as packed:
        return list(io.BufferedReader(packed))


def work(folder: Path, texts: int) -> int:
    """Read stretches of the records as asked, line by line; say the seconds and a digest of what was read."""
    sys.path.insert(0, str(folder))
    package = importlib.import_module("trialist")
    assert Path(str(package.__file__)).is_relative_to(folder)
    from trialist.criteria import parse_criteria
    from trialist.record import Study
    from trialist.registry import criteria_index

    names = ("registry/studies.v2.ndjson.zst", "registry/domain.as-v2.ndjson.zst")
    every = [line for name in names for line in lines_of(SHARED / name)]
    raws = every[:: max(1, len(every) // texts)]
    studies = [Study.from_json(raw) for raw in raws]
    for study in studies[:100]:
        parse_criteria(str(study["EligibilityCriteria"] or ""), study)

    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        word, *places = line.split()
        if word == "count":
            print(len(raws), flush=True)
            continue
        stretch = range(*map(int, places))
        began = time.process_time()
        if word == "parse":
            found = [
                parse_criteria(str(studies[at]["EligibilityCriteria"] or ""), studies[at]) for at in stretch
            ]
        else:
            found = criteria_index.parse_together([(at, 0) for at in stretch], [raws[at] for at in stretch])
        seconds = time.process_time() - began
        kept = (
            [(one.document, list(one.rows), one.sides, one.figures) for one in found]
            if word == "keep"
            else []
        )
        print(seconds, hashlib.sha256(repr(kept).encode()).hexdigest(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
