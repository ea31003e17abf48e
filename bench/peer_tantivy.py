"""Tantivy beside our search: builds and asks an index of one text field an area. Run by the Python that has it.

python bench/peer_tantivy.py build DIRECTORY < documents      {"id": …, "cond": …, …} a line
python bench/peer_tantivy.py ask DIRECTORY < queries          [[id, [query, …]], …]; answers in JSON
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import tantivy

FIELDS = ("cond", "intr", "titles", "elig", "term")
REPEATS = 5
SLOW = 1.0


def build(directory: Path) -> None:
    schema = tantivy.SchemaBuilder()
    schema.add_integer_field("id", stored=True)
    for name in FIELDS:
        schema.add_text_field(name, tokenizer_name="en_stem")
    index = tantivy.Index(schema.build(), path=str(directory))
    writer = index.writer(heap_size=512_000_000, num_threads=1)
    for line in sys.stdin:
        found = json.loads(line)
        writer.add_document(tantivy.Document(**found))
    writer.commit()
    writer.wait_merging_threads()


def ask(directory: Path) -> None:
    index = tantivy.Index.open(str(directory))
    searcher = index.searcher()
    rows = json.load(sys.stdin)

    def once(text: str) -> tuple[float, int]:
        began = time.perf_counter()
        found = searcher.search(index.parse_query(text, ["term"]), 10, count=True)
        return time.perf_counter() - began, found.count

    answers = {name: [*once(text)] for name, text in rows}
    for name, text in rows:
        first = answers[name][0]
        answers[name].append(
            statistics.median(once(text)[0] for _ in range(REPEATS)) if first <= SLOW else first
        )
    print(json.dumps(answers))


if __name__ == "__main__":
    {"build": build, "ask": ask}[sys.argv[1]](Path(sys.argv[2]))
