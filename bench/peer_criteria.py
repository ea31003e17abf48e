"""The peers of `criteria_peers.py`, run by the interpreter of an environment of their own: it knows nothing of trialist.

One JSON object comes in: `rules` (words and kind), `texts`, `lines`. One goes out: for each peer what it found and the seconds of the
processor that the finding took; loading is not counted. medspaCy matches the rules, splits sentences with PyRuSH, and its ConText
says what is negated; numbers are spaCy's own (`like_num`).
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any


def of_spacy(asked: dict[str, Any]) -> dict[str, Any]:
    """Entities of texts (start, end, kind, negated), numbers of lines."""
    importlib.import_module("loguru").logger.disable("")  # PyRuSH tells of every token, which would be timed
    medspacy = importlib.import_module("medspacy")
    target_rule = importlib.import_module("medspacy.ner").TargetRule
    nlp = medspacy.load()
    nlp.get_pipe("medspacy_target_matcher").add([target_rule(words, kind) for words, kind in asked["rules"]])
    nlp("warm up: no cancer within 6 months")
    start = time.process_time()
    found = [
        [(one.start_char, one.end_char, one.label_, bool(one._.is_negated)) for one in nlp(text).ents]
        for text in asked["texts"]
    ]
    seconds = time.process_time() - start
    start = time.process_time()
    numbers = [[token.text for token in nlp.tokenizer(line) if token.like_num] for line in asked["lines"]]
    versions = f"spaCy {importlib.import_module('spacy').__version__}, medspaCy {medspacy.__version__}"
    return {
        "name": versions,
        "found": found,
        "seconds": seconds,
        "numbers": numbers,
        "number_seconds": time.process_time() - start,
    }


def of_quantulum(asked: dict[str, Any]) -> dict[str, Any]:
    """Numbers of lines."""
    parser = importlib.import_module("quantulum3.parser")
    parser.parse("10 mg")
    start = time.process_time()
    numbers: list[list[str]] = []
    for line in asked["lines"]:
        try:
            numbers.append([str(one.value) for one in parser.parse(line)])
        except Exception:  # noqa: BLE001  # a peer that fails on a line has not read it
            numbers.append([])
    return {"name": "quantulum3", "numbers": numbers, "number_seconds": time.process_time() - start}


def main() -> None:
    asked = json.load(sys.stdin)
    told = {}
    for name, run in (("spacy", of_spacy), ("quantulum", of_quantulum)):
        try:
            told[name] = run(asked)
        except ImportError as error:
            told[name] = {"absent": str(error)}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
