"""Peers on the same texts in the same run: a medspaCy pipeline with our words as its rules, and quantulum3 on the numbers.

python bench/criteria_peers.py [--peers PYTHON] [--documents 300]

The peers live in an environment of their own, whose interpreter is named (`python -m venv DIR; DIR/bin/pip install medspacy quantulum3`);
without it they are said to be absent. Names and negations are scored by the same code for all (criteria_gold.py) on the development half
of Chia; every word of our tables is a rule of theirs. A number of a line is right when all annotated numbers of the line are among those
found; precision is not asked, as nobody annotated all numbers. Seconds are of the processor, without loading. Ours reads
everything (sides, thresholds, units, times, junctions) in its time.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from criteria_gold import (
    HEAD,
    Document,
    Ours,
    Place,
    Score,
    chia,
    gold_value,
    read,
    score_names,
    score_negation,
)
from trialist.criteria import parse_criteria
from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import Concept, Exposure, Expr, Result, Span
from trialist.criteria.quantities import find_bounds
from trialist.criteria.tokens import tokenise

_KINDS = {
    "variable": "Measurement",
    "scale": "Measurement",
    "serology": "Measurement",
    "condition": "Condition",
    "drug": "Drug",
    "procedure": "Procedure",
}
_FEW = 400  # lines with numbers; quantulum3 is slow
Rows = list[tuple[str, str]]


def score_peers(peers: Path | None = None, documents: int = 300) -> Rows:
    """Names, negations and numbers: ours, then theirs, with the speed of each."""
    texts = chia()[:: max(1, 2 * len(chia()) // (3 * documents) or 1)][:documents]
    lines, wanted = _numbers(texts)
    told = _ask(peers, [one.text for one in texts], lines)
    rows = _of_ours(texts)
    spacy = told.get("spacy", {})
    if "found" in spacy:
        rows += _of_theirs(spacy, texts)
    rows += [_number_row("find_bounds", lines, wanted, *_timed(lines))]
    for one in told.values():
        if "numbers" in one:
            found = [
                {number for said in line if (number := _decimal(said)) is not None} for line in one["numbers"]
            ]
            rows.append(
                _number_row(f"{one['name']} (numbers alone)", lines, wanted, found, one["number_seconds"])
            )
        else:
            rows.append(("a peer was not measured", one["absent"]))
    return rows if told else [*rows, ("peers", "not measured: name their interpreter with --peers")]


def _ask(peers: Path | None, texts: Sequence[str], lines: Sequence[str]) -> Mapping[str, Any]:
    if peers is None:
        return {}
    rules = {
        (word.removeprefix("~"), _KINDS[kind])
        for kind, rows in tables().items()
        if kind in _KINDS
        for row in rows.values()
        for word in row["words"].split("|")
        if word.strip(" ~")
    }
    asked = {"rules": sorted(rules), "texts": list(texts), "lines": list(lines)}
    worker = Path(__file__).with_name("peer_criteria.py")
    done = subprocess.run(
        [peers, worker], input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=True
    )
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _of_ours(texts: Sequence[Document]) -> Rows:
    seconds = 0.0
    parse_criteria("Inclusion Criteria: age 18")
    for one in texts:
        start = time.process_time()
        parse_criteria(HEAD[one.kind] + one.text)
        seconds += time.process_time() - start
    return _rows("trialist", texts, read, seconds)


def _of_theirs(told: Mapping[str, Any], texts: Sequence[Document]) -> Rows:
    found = {id(text): entities for text, entities in zip(texts, told["found"], strict=True)}

    def theirs(document: Document) -> Ours:
        places = Ours()
        for first, last, kind, negated in found[id(document)]:
            place = Place(_atom(kind, document.text[first:last]), first, last)
            places.places.append(place)
            if negated:
                places.negated.append(place)
        return places

    return _rows(told["name"], texts, theirs, told["seconds"])


def _atom(kind: str, said: str) -> Expr:
    """An atom that stands for an entity of a kind."""
    if kind == "Condition":
        return Concept("condition", said, Span(0, 0))
    if kind == "Measurement":
        return Result(said, "", Span(0, 0))
    return Exposure(kind.lower(), said, Span(0, 0))


def _rows(name: str, texts: Sequence[Document], reader: Callable[[Document], Ours], seconds: float) -> Rows:
    scores: dict[str, Score] = defaultdict(Score)
    for one in texts:
        ours = reader(one)
        score_names(one, ours, scores)
        score_negation(one, ours, scores["negation"])
    rows = [
        (
            f"{name}: {len(texts)} texts of Chia",
            f"{1000 * seconds / len(texts):.2f} ms a text, {len(texts) / seconds:.0f}/s",
        )
    ]
    for task, score in scores.items():
        p, r, f1 = score.figures
        rows.append((f"{name}: {task}", f"P {p:.3f} R {r:.3f} F1 {f1:.3f} of {score.gold}"))
    return rows


def _numbers(texts: Sequence[Document]) -> tuple[list[str], list[set[Decimal]]]:
    """Lines with annotated comparisons, and the numbers of each."""
    wanted: dict[str, set[Decimal]] = {}
    for document in texts:
        for kind, spans in document.entities.values():
            said = " ".join(document.text[first:last] for first, last in spans)
            gold = gold_value(said) if kind == "Value" else None
            if gold is not None:
                line = document.line(spans)
                wanted.setdefault(line, set()).update(round(number, 6).normalize() for _, _, number in gold)
    lines = list(wanted)[:_FEW]
    return lines, [wanted[line] for line in lines]


def _timed(lines: Sequence[str]) -> tuple[list[set[Decimal]], float]:
    start = time.process_time()
    found = []
    for line in lines:
        text = re.sub(r"\s", " ", line)
        bounds = find_bounds(tokenise(text), text)
        ends = [end for one in bounds for end in (one.interval.lower, one.interval.upper) if end is not None]
        found.append({round(end, 6).normalize() for end in ends})
    return found, time.process_time() - start


def _decimal(said: str) -> Decimal | None:
    try:
        return round(Decimal(said.replace(",", "")), 6).normalize()
    except InvalidOperation:
        return None


def _number_row(
    name: str,
    lines: Sequence[str],
    wanted: Sequence[set[Decimal]],
    found: Sequence[set[Decimal]],
    seconds: float,
) -> tuple[str, str]:
    whole = sum(numbers <= read_there for numbers, read_there in zip(wanted, found, strict=True))
    gold = sum(map(len, wanted))
    hit = sum(len(numbers & read_there) for numbers, read_there in zip(wanted, found, strict=True))
    return (
        f"numbers of Chia: {name}",
        f"R {hit / gold:.3f} of {gold}, all of {whole / len(lines):.3f} of {len(lines)} lines, {1000 * seconds / len(lines):.2f} ms a line",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peers", type=Path, help="the interpreter of the environment with medspacy and quantulum3"
    )
    parser.add_argument("--documents", type=int, default=300)
    asked = parser.parse_args()
    for name, value in score_peers(asked.peers, asked.documents):
        print(f"{name:62} {value}")


if __name__ == "__main__":
    main()
