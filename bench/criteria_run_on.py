"""Statements that ran together, cut by their capitals: how many cuts are right, on texts of the same layout that kept their line ends.

python bench/criteria_run_on.py --registry DIR

DIR holds a registry of real studies. Texts of the layout with ten bullets and more are joined by blanks, and cut again: their bullets are
the right answer. The words in `rules/headings.toml` were collected on every second of them, so that the two halves are told apart.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson

from trialist.criteria.run_on import run_on_cuts, runs_on
from trialist.store import SqliteReader

_LAYOUT = re.compile(r"(?:DISEASE|PATIENT) CHARACTERISTICS|PRIOR[ /]CONCURRENT THERAPY")
_HEADING = re.compile(r"(?:DISEASE|PATIENT) CHARACTERISTICS|PRIOR[ /]CONCURRENT")
_BULLET = re.compile(r"^\s*(?:[*-]|\d+\.) ")
_BULLETS_AT_LEAST = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, required=True)
    texts = list(_texts(parser.parse_args().registry))
    bulleted = [
        one for one in texts if sum(map(bool, map(_BULLET.match, one.split("\n")))) >= _BULLETS_AT_LEAST
    ]
    print(
        f"texts of the layout {len(texts)}, run on {sum(map(runs_on, texts))}, with their bullets {len(bulleted)}"
    )
    for name, half in (("words from these", bulleted[::2]), ("no word from these", bulleted[1::2])):
        right = wrong = missed = 0
        for text in half:
            for line, gold in _joined(text):
                found = set(run_on_cuts(line))
                right += len(found & gold)
                # behind a topic's colon in its own line there is a statement, which the bullets do not part
                wrong += sum(not line[:cut].rstrip().endswith(":") for cut in found - gold)
                missed += len(gold - found)
        print(
            f"{name:20} cuts {right + wrong}, right {right / (right + wrong):.1%}, of all ends {right / (right + missed):.1%}"
        )


def _texts(registry: Path) -> Iterator[str]:
    with closing(SqliteReader(registry)) as store:
        for raw in store.read(sorted(store.current())):
            module = orjson.loads(raw)["protocolSection"].get("eligibilityModule") or {}
            text = module.get("eligibilityCriteria")
            if isinstance(text, str) and _LAYOUT.search(text):
                yield text.replace("\r", "")


def _joined(text: str) -> Iterator[tuple[str, set[int]]]:
    """The lines that a text would have run on to, each with where its statements begin."""
    line, gold = "", set[int]()
    for raw in text.split("\n"):
        said = _BULLET.sub("", raw).strip().replace("\\", "")
        if not said:
            continue
        if line and _HEADING.match(said):
            yield line, gold
            line, gold = "", set()
        if line:
            line += " "
            gold.add(len(line))
        line += said
    yield line, gold


if __name__ == "__main__":
    main()
