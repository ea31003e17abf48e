"""How well eligibility texts are read: one table, the published figures beside ours, and the worst errors.

python bench/criteria.py [--sample N] [--errors N]

Gold is read from ../shared/data/gold (development halves; rules were tuned with them in sight, so these are no test figures).
All records there are real ones; nothing of them is written anywhere. Times are of the processor, not of the clock.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import orjson
import zstandard

from trialist.criteria import parse_criteria
from trialist.criteria.criterion import CriterionSet, Modality
from trialist.criteria.nodes import (
    And,
    Concept,
    Exposure,
    Expr,
    Interval,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    Span,
    atoms,
    children,
)
from trialist.record import Study

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
HEAD = {"inc": "Inclusion Criteria:\n\n", "exc": "Exclusion Criteria:\n\n"}


@dataclass
class Score:
    """Counts of a task, and its worst errors."""

    right: int = 0
    answered: int = 0
    gold: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Precision, recall, F1 and the size of the gold."""
        precision = self.right / self.answered if self.answered else 0.0
        recall = self.right / self.gold if self.gold else 0.0
        both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return f"{precision:.3f}", f"{recall:.3f}", f"{both:.3f}", str(self.gold)


def lines_of(name: str) -> Iterator[bytes]:
    with (SHARED / name).open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as packed:
        yield from io.BufferedReader(packed)


def records() -> Iterator[Study]:
    for name in ("registry/studies.v2.ndjson.zst", "registry/domain.as-v2.ndjson.zst"):
        for line in lines_of(name):
            yield Study.from_record(orjson.loads(line))


# --- Chia -----------------------------------------------------------------------------------------------------------


@dataclass
class Document:
    """One annotated text: entities id → (type, spans), relations (type, from, to), groups of alternatives."""

    nct_id: str
    kind: str
    text: str
    entities: dict[str, tuple[str, list[tuple[int, int]]]]
    relations: list[tuple[str, str, str]]
    either: list[list[str]]


def chia() -> list[Document]:
    raw = zstandard.ZstdDecompressor().stream_reader(
        (SHARED / "gold/chia-dev.without-scope.tar.zst").open("rb")
    )
    files: dict[str, str] = {}
    with tarfile.open(fileobj=raw, mode="r|") as packed:
        for member in packed:
            if member.isfile() and (opened := packed.extractfile(member)) is not None:
                files[Path(member.name).name] = opened.read().decode("utf-8")
    found = []
    for name, text in sorted(files.items()):
        if not name.endswith(".txt"):
            continue
        document = Document(name[:11], name[12:15], text, {}, [], [])
        for line in files.get(name.replace(".txt", ".ann"), "").splitlines():
            read_annotation(document, line)
        found.append(document)
    return found


def read_annotation(document: Document, line: str) -> None:
    parts = line.split("\t")
    if parts[0].startswith("T"):
        kind, _, places = parts[1].partition(" ")
        spans = [(int(one.split()[0]), int(one.split()[1])) for one in places.split(";")]
        document.entities[parts[0]] = (kind, spans)
    elif parts[0].startswith("R"):
        kind, first, second = parts[1].split()[:3]
        document.relations.append((kind, first.split(":")[1], second.split(":")[1]))
    elif parts[0] == "*":
        words = parts[1].split()
        if words[0] == "OR":
            document.either.append(words[1:])


def overlaps(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in spans)


_OPERATOR = (
    (
        ">=",
        r"≥|>=|=>|>_|> or =|at least|or (?:more|older|above|greater|higher|over)|and (?:older|above|over|up)|minimum|greater than or equal|no less than|not less than|equal to or greater",
    ),
    (
        "<=",
        r"≤|<=|=<|<_|< or =|up to|or (?:less|younger|below|lower|under)|maximum|less than or equal|no more than|not more than|no greater than|not greater than|not exceed|at most|within",
    ),
    (">", r">|greater than|more than|over|above|older than|exceed|higher than|longer than"),
    ("<", r"<|less than|under|below|younger than|lower than|fewer than"),
)


def gold_value(said: str) -> tuple[set[str], set[Decimal]] | None:
    """An annotated value's operators and numbers, by rules of the benchmark's own; None where it has no comparison."""
    said = said.lower().replace(",", "")
    numbers = {
        Decimal(one)
        for one in re.findall(
            r"(?<![a-z^\d.])\d+(?:\.\d+)?",
            re.sub(r"1\.73|10\s?\^\s?\d+|10\*\d|/mm3|m2|x\s?10\d?|10e\d", " ", said),
        )
    }
    if not numbers:
        return None
    if re.search(r"\d\s*(?:-|to|and|~)\s*(?:(?:[≤<]=?|less than)\s*)?\d", said) or (
        "between" in said and len(numbers) == 2
    ):
        return {"range"}, numbers
    for operator, pattern in _OPERATOR:
        if re.search(pattern, said):
            return {operator}, numbers
    return None


def our_value(interval: Interval) -> tuple[set[str], set[Decimal]]:
    low, high = interval.lower, interval.upper
    numbers = {value for value in (low, high) if value is not None}
    if low == 0 and high is not None:
        return {"<="}, {high}
    if low is not None and high is not None:
        return ({"range"} if low != high else {"="}), numbers
    if low is not None:
        return {">=" if interval.lower_inclusive else ">"}, numbers
    return {"<=" if interval.upper_inclusive else "<"}, numbers


def intervals(found: CriterionSet, shift: int) -> list[tuple[int, int, Interval]]:
    out = []
    for one in found.criteria:
        for atom in atoms(one.expr):
            interval = getattr(atom, "interval", None)
            if interval is not None:
                out.append((atom.span.start - shift, atom.span.end - shift, interval))
            window = getattr(atom, "time", None)
            if window is not None and window.length is not None:
                out.append((one.spans[0].start - shift, one.spans[0].end - shift, window.length))
    return out


TYPES = {
    "Condition": Concept, "Drug": Exposure, "Procedure": Exposure, "Measurement": (Quantity, Ordinal),
}  # fmt: skip


def score_chia(scores: dict[str, Score]) -> None:
    for document in chia():
        shift = len(HEAD[document.kind])
        found = parse_criteria(HEAD[document.kind] + document.text)
        score_values(document, found, shift, scores["(operator, value), Chia Value with a comparison"])
        score_names(document, found, shift, scores)
        pairs, negated, timed = structure(found, shift)
        score_pairs(document, pairs, scores)
        score_negation(document, negated, scores["negation, Chia Has_negation"])
        score_times(document, timed, scores["time attached, Chia Has_temporal with a number"])


def score_values(document: Document, found: CriterionSet, shift: int, score: Score) -> None:
    ours = intervals(found, shift)
    for kind, spans in document.entities.values():
        if kind != "Value":
            continue
        said = " ".join(document.text[first:last] for first, last in spans)
        gold = gold_value(said)
        if gold is None:
            continue
        score.gold += 1
        near = [our_value(one) for first, last, one in ours if overlaps(spans, first, last)]
        ordinal = any(
            isinstance(atom, Ordinal) and overlaps(spans, atom.span.start - shift, atom.span.end - shift)
            for one in found.criteria
            for atom in atoms(one.expr)
        )
        if ordinal and not near:
            score.gold -= 1  # steps of a scale are sets, not operators
            continue
        if not near:
            score.errors.append(f"missed   {said!r} in {line_of(document, spans)!r}")
            continue
        score.answered += 1
        if any(same(gold, one) for one in near):
            score.right += 1
        else:
            score.errors.append(f"gold {said!r}, ours {near[:2]} in {line_of(document, spans)!r}")


def same(gold: tuple[set[str], set[Decimal]], ours: tuple[set[str], set[Decimal]]) -> bool:
    if not ours[1] & gold[1]:
        return False
    return gold[0] == ours[0] or (len(gold[1]) > 2 and ours[1] <= gold[1])


def line_of(document: Document, spans: list[tuple[int, int]]) -> str:
    start = document.text.rfind("\n", 0, spans[0][0]) + 1
    end = document.text.find("\n", spans[0][1])
    return document.text[start : end if end >= 0 else len(document.text)][:140]


def score_names(document: Document, found: CriterionSet, shift: int, scores: dict[str, Score]) -> None:
    for name, kinds in TYPES.items():
        score = scores[f"names found, Chia {name} (relaxed)"]
        ours = [
            (atom.span.start - shift, atom.span.end - shift)
            for one in found.criteria
            for atom in atoms(one.expr)
            if isinstance(atom, kinds) and right_kind(atom, name)
        ]
        gold = [spans for kind, spans in document.entities.values() if kind == name]
        score.gold += len(gold)
        score.answered += len(ours)
        hit = sum(any(overlaps(spans, *one) for one in ours) for spans in gold)
        precise = sum(any(overlaps(spans, *one) for spans in gold) for one in ours)
        score.right += min(hit, precise)


def right_kind(atom: Expr, name: str) -> bool:
    if isinstance(atom, Exposure):
        is_drug = atom.kind in {"drug", "class", "cells", "vaccine", "nutrition", "substance"}
        return is_drug == (name == "Drug")
    return True


Pairs = list[tuple[Span, Span, str]]


def structure(found: CriterionSet, shift: int) -> tuple[Pairs, list[Span], list[tuple[Span, bool]]]:
    """Pairs of atoms with the junction they meet in, negated atoms, all atoms and whether they have a time; spans of the file."""
    pairs: Pairs = []
    negated: list[Span] = []
    timed: list[tuple[Span, bool]] = []

    def moved(span: Span) -> Span:
        return Span(max(0, span.start - shift), max(0, span.end - shift))

    def walk(expr: Expr, no: bool) -> list[Span]:
        below = children(expr)
        if not below:
            (atom,) = list(atoms(expr))
            span = moved(atom.span)
            if no:
                negated.append(span)
            window = getattr(atom, "time", None)
            timed.append((span, window is not None and window.length is not None))
            return [span]
        groups = [walk(one, no != isinstance(expr, Not)) for one in below]
        kind = "or" if isinstance(expr, Or) else "and" if isinstance(expr, And) else ""
        if kind:
            for place, group in enumerate(groups):
                pairs.extend(
                    (first, second, kind)
                    for other in groups[place + 1 :]
                    for first in group
                    for second in other
                )
        return [span for group in groups for span in group]

    for one in found.criteria:
        if one.modality is not Modality.HEADER and one.counts:
            walk(one.expr, False)
    return pairs, negated, timed


def score_pairs(document: Document, pairs: Pairs, scores: dict[str, Score]) -> None:
    gold = {
        "or": [
            (document.entities[first][1], document.entities[second][1])
            for group in document.either
            for place, first in enumerate(group)
            for second in group[place + 1 :]
            if first in document.entities and second in document.entities
        ],
        "and": [
            (document.entities[first][1], document.entities[second][1])
            for kind, first, second in document.relations
            if kind == "AND" and first in document.entities and second in document.entities
        ],
    }
    spans = [
        spans
        for kind, spans in document.entities.values()
        if kind in {"Condition", "Drug", "Procedure", "Measurement", "Observation", "Device", "Person"}
    ]
    for kind, wanted in gold.items():
        score = scores[f"{kind.upper()} pairs, Chia (end to end)"]
        ours = [(a, b) for a, b, which in pairs if which == kind and a != b]
        ours = [(a, b) for a, b in ours if known(spans, a) and known(spans, b)]
        score.gold += len(wanted)
        score.answered += len(ours)
        hits = sum(any(met(pair, *one) for one in ours) for pair in wanted)
        precise = sum(any(met(pair, *one) for pair in wanted) for one in ours)
        score.right += min(hits, precise)


def known(gold: list[list[tuple[int, int]]], span: Span) -> bool:
    return any(overlaps(one, span.start, span.end) for one in gold)


def met(pair: tuple[list[tuple[int, int]], list[tuple[int, int]]], first: Span, second: Span) -> bool:
    left, right = pair
    return (overlaps(left, first.start, first.end) and overlaps(right, second.start, second.end)) or (
        overlaps(left, second.start, second.end) and overlaps(right, first.start, first.end)
    )


def score_negation(document: Document, negated: list[Span], score: Score) -> None:
    targets = [
        document.entities[first][1]
        for kind, first, _ in document.relations
        if kind == "Has_negation" and first in document.entities
    ]
    spans = [
        spans
        for kind, spans in document.entities.values()
        if kind not in {"Negation", "Qualifier", "Value", "Temporal"}
    ]
    ours = [one for one in negated if known(spans, one)]
    score.gold += len(targets)
    score.answered += len(ours)
    score.right += min(
        sum(any(overlaps(one, span.start, span.end) for span in ours) for one in targets),
        sum(known(targets, span) for span in ours),
    )


def score_times(document: Document, timed: list[tuple[Span, bool]], score: Score) -> None:
    spans = [
        spans
        for kind, spans in document.entities.values()
        if kind in {"Condition", "Drug", "Procedure", "Measurement", "Observation", "Device"}
    ]
    wanted = []
    for kind, first, second in document.relations:
        if kind == "Has_temporal" and first in document.entities and second in document.entities:
            said = " ".join(document.text[a:b] for a, b in document.entities[second][1])
            if re.search(r"\d", said):
                wanted.append(document.entities[first][1])
    ours = [span for span, has in timed if has and known(spans, span)]
    score.gold += len(wanted)
    score.answered += len(ours)
    score.right += min(
        sum(any(overlaps(one, span.start, span.end) for span in ours) for one in wanted),
        sum(known(wanted, span) for span in ours),
    )


# --- Facebook ---------------------------------------------------------------------------------------------------------


def with_numbers(text: str) -> str:
    """The text with 1, 2, 3 … for its place-holders."""
    parts = text.split("@NUMBER")
    return parts[0] + "".join(f"{place}{part}" for place, part in enumerate(parts[1:], 1))


def score_facebook(scores: dict[str, Score]) -> None:
    """Lines in lower case with @NUMBER for numbers; a place-holder is put in, the side of each bound compared."""
    score = scores["side of a bound, Facebook lower/upper"]
    for raw in lines_of("gold/fb-ner-dev.tsv.zst"):
        labels, _, text = raw.decode("utf-8").rstrip("\n").partition("\t")
        found = None
        for label in labels.split(","):
            parts = label.split(":")
            if len(parts) != 3 or parts[2] not in {"lower_bound", "upper_bound"}:
                continue
            if found is None:
                line = with_numbers(text)
                found = [one for _, _, one in intervals(parse_criteria("Inclusion Criteria:\n\n" + line), 0)]
            score.gold += 1
            if not found:
                score.errors.append(f"missed in {text[:120]!r}")
                continue
            score.answered += 1
            side = parts[2].removesuffix("_bound")
            if any(getattr(one, side) is not None for one in found):
                score.right += 1
            else:
                score.errors.append(f"{side} bound not seen in {text[:120]!r}")


# --- own texts ----------------------------------------------------------------------------------------------------------


def score_records(sample: int) -> tuple[list[tuple[str, str]], list[str]]:
    """Coverage, losses, speed over the real records; `sample` of n takes every n-th."""
    counts: Counter[str] = Counter()
    seconds: list[tuple[float, str]] = []
    bands: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for place, study in enumerate(records()):
        if place % sample:
            continue
        text = study["EligibilityCriteria"]
        if not isinstance(text, str):
            continue
        start = time.process_time()
        found = parse_criteria(text, study)
        seconds.append((time.process_time() - start, str(study.nct_id)))
        cover = found.coverage
        counts.update(
            texts=1,
            criteria=cover.criteria,
            all=len(found.criteria),
            typed=cover.typed,
            structured=cover.structured,
            lost=cover.lost,
            characters=cover.characters,
        )
        counts.update({f"is {kind}": number for kind, number in cover.by_computability.items()})
        for one in found.criteria:
            if one.modality is Modality.REQUIRED:
                is_whole = not any(isinstance(atom, Opaque) for atom in atoms(one.expr))
                for least in (0.0, 0.5, 0.75, 0.9, 0.95):
                    bands[least][0] += is_whole and one.confidence >= least
    total = sum(one for one, _ in seconds)
    seconds.sort(reverse=True)
    share = {kind: counts[kind] / max(1, counts["criteria"]) for kind in ("typed", "structured")}
    rows = [
        ("texts read", str(counts["texts"])),
        ("criteria that decide", str(counts["criteria"])),
        ("characters lost", f"{counts['lost']} of {counts['characters']:,}"),
        ("typed", f"{share['typed']:.1%}"),
        ("fully structured", f"{share['structured']:.1%}"),
        *[
            (f"fully structured at confidence ≥ {least}", f"{kept / max(1, counts['criteria']):.1%}")
            for least, (kept, _) in bands.items()
            if least
        ],
        *[
            (kind, f"{number / max(1, counts['criteria']):.1%}")
            for kind, number in sorted(counts.items())
            if kind.startswith("is ")
        ],
        ("mean a criterion", f"{1000 * total / max(1, counts['all']):.2f} ms"),
        ("texts a second and core", f"{counts['texts'] / max(total, 1e-9):.0f}"),
        ("slowest texts", ", ".join(f"{1000 * one:.0f} ms {name}" for one, name in seconds[:3])),
    ]
    return rows, []


PUBLISHED = {
    "(operator, value), Chia Value with a comparison": "a short regex found .788 of these; Leaf .945–.968",
    "names found, Chia Condition (relaxed)": "neural, all types, .772–.798",
    "OR pairs, Chia (end to end)": ".93 with gold entities",
    "AND pairs, Chia (end to end)": ".53 with gold entities",
    "negation, Chia Has_negation": ".70 with gold entities",
    "time attached, Chia Has_temporal with a number": ".73 with gold entities",
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=1, help="take every n-th record (default: all)")
    parser.add_argument("--errors", type=int, default=0, help="print so many errors of each task")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED} is absent: nothing to measure against.")
        return 0
    parse_criteria("Inclusion Criteria: age 18", None)
    scores: dict[str, Score] = defaultdict(Score)
    score_chia(scores)
    score_facebook(scores)
    print(f"{'task (development halves)':58} {'P':>6} {'R':>6} {'F1':>6} {'gold':>6}  published")
    for name, score in scores.items():
        p, r, f1, gold = score.row
        print(f"{name:58} {p:>6} {r:>6} {f1:>6} {gold:>6}  {PUBLISHED.get(name, '')}")
    for name, score in scores.items() if arguments.errors else ():
        print(f"\n{name}: errors")
        for said in score.errors[: arguments.errors]:
            print("  ", said)
    print()
    for name, value in score_records(arguments.sample)[0]:
        print(f"{name:58} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
