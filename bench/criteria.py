"""How well eligibility texts are read: one table, the published figures beside ours, and the worst errors.

python bench/criteria.py [--sample N] [--errors N] [--fuzz N] [--peers PYTHON]

Gold is read from ../shared/data/gold (development halves; rules were tuned with them in sight, so these are no test figures), labelled lines from
criteria_lines.tsv, verdicts on readings from criteria_verdicts.tsv. What is compared, and what is not counted, stands at the head of criteria_gold.py,
criteria_lines.py and criteria_damage.py. All records are real ones; nothing of them is written anywhere. Times are of the processor, not of
the clock. Peers (medspaCy with our words as rules, quantulum3 on the numbers) are measured in the same run where the interpreter of their
environment is named (`--peers`; see criteria_peers.py).
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import orjson

from criteria_damage import score_damage
from criteria_gold import SHARED, Score, lines_of, score_chia, score_facebook
from criteria_lines import score_lines
from criteria_peers import score_peers
from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Modality
from trialist.criteria.nodes import Opaque, atoms
from trialist.record import Study

VERDICTS = Path(__file__).with_name("criteria_verdicts.tsv")
LATER_VERDICTS = [
    Path(__file__).with_name(f"criteria_verdicts_v{version}.tsv") for version in (4, 5, 6, 7, 9)
]


def records() -> Iterator[Study]:
    """The real records, newest copies and those of the transplant domain."""
    for name in ("registry/studies.v2.ndjson.zst", "registry/domain.as-v2.ndjson.zst"):
        for line in lines_of(name):
            yield Study.from_record(orjson.loads(line))


# --- own texts ----------------------------------------------------------------------------------------------------------


def score_records(sample: int) -> tuple[list[tuple[str, str]], list[str]]:
    """Coverage, losses, speed over the real records; `sample` of n takes every n-th."""
    counts: Counter[str] = Counter()
    seconds: list[tuple[float, str]] = []
    each: list[float] = []
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
        each += [1000 * seconds[-1][0] / max(1, len(found.criteria))] * len(found.criteria)
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
        ("median a criterion", f"{statistics.median(each):.2f} ms"),
        ("mean a criterion", f"{1000 * total / max(1, counts['all']):.2f} ms"),
        ("texts a second and core", f"{counts['texts'] / max(total, 1e-9):.0f}"),
        ("slowest texts", ", ".join(f"{1000 * one:.0f} ms {name}" for one, name in seconds[:3])),
    ]
    return rows, []


def score_verdicts() -> list[tuple[str, str]]:
    """The readings that somebody held against their texts, by the confidence that they had then: the curve of abstention."""
    bands: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    kinds: Counter[str] = Counter()
    mended = 0
    for line in VERDICTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        confidence, verdict, kind, later = line.split("\t")[3:]
        kinds.update([kind] if verdict == "wrong" else [])
        mended += later == "mended"
        for least in (0.0, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95):
            if float(confidence) >= least:
                bands[least][0] += 1
                bands[least][1] += verdict == "wrong"
    rows = [
        (f"wrong among fully structured at confidence ≥ {least}", f"{wrong / max(1, count):.1%} of {count}")
        for least, (count, wrong) in sorted(bands.items())
    ]
    return [
        *rows,
        ("of the wrong ones mended since", str(mended)),
        ("kinds of error", ", ".join(f"{kind} {n}" for kind, n in kinds.most_common())),
    ]


def score_later_verdicts() -> list[tuple[str, str]]:
    """The same of the later samples, each by its seed."""
    samples: dict[str, Counter[str]] = defaultdict(Counter)
    for line in (line for path in LATER_VERDICTS for line in path.read_text(encoding="utf-8").splitlines()):
        if not line.startswith("#"):
            seed, verdict = line.split("\t")[0], line.split("\t")[5]
            samples[seed].update([verdict])
    return [
        *(
            (f"wrong among fully structured, sample {seed}", f"{n['wrong'] / n.total():.1%} of {n.total()}")
            for seed, n in samples.items()
        ),
        *_curve(),
    ]


def _curve() -> list[tuple[str, str]]:
    """The curve of abstention over the newest verdicts: who believes only what is so sure keeps so many, and so many of them are wrong."""
    rows = [line.split("\t") for line in LATER_VERDICTS[-1].read_text(encoding="utf-8").splitlines()]
    judged = [(float(row[4]), row[5] == "wrong") for row in rows if not row[0].startswith("#")]
    found = []
    for least in (0.0, 0.8, 0.85, 0.9, 0.92, 0.95, 0.97):
        kept = [is_wrong for confidence, is_wrong in judged if confidence >= least]
        value = f"{sum(kept) / max(1, len(kept)):.1%} of the {len(kept) / max(1, len(judged)):.0%} kept"
        found.append((f"newest samples: wrong at confidence ≥ {least}", value))
    return found


FUZZ = (
    "Inclusion Criteria:\n", "Exclusion Criteria:", "\n", "* ", "1. ", "2.", "≥ 18 years", "\\>= 2 \\* ULN", "&lt;", "&amp;gt;", "ALT", " or ", " and ", "not ", "no ", "GVHD", "(", ")", ";",
    " within 6 months", "except ", "unless ", "ECOG 0-1", "4-70", "10^9/L", "of the following:", "at least two ", "pregnant", "HIV positive", "history of ", "severe ", "x 109/L", "II-IV",
    "grade ", "%", "Donor:", "Cohort A:", "who ", "if ", "defined as ", "such as ", "½", "²", "、", "\r\n", "\u200b", "/", "140/90", "in men", "with or without ", "=", ",", ".", "\x00",
)  # fmt: skip


def fuzz(count: int) -> list[tuple[str, str]]:
    """So many random strings: scraps of such texts, and any characters at all; none may fail, none may be slow."""
    chance = random.Random(20260101)
    slow, worst = 0, 0.0
    for _ in range(count):
        if chance.random() < 0.7:
            text = "".join(chance.choice(FUZZ) for _ in range(chance.randrange(1, 120)))
        else:
            text = "".join(
                chr(chance.choice((chance.randrange(32, 127), chance.randrange(0x3000)))) for _ in range(200)
            )
        start = time.process_time()
        parse_criteria(text)
        seconds = time.process_time() - start
        worst, slow = max(worst, seconds), slow + (seconds > 0.25)
    return [
        (
            "random strings read without a failure",
            f"{count:,}; {slow} slower than 250 ms, worst {1000 * worst:.0f} ms",
        )
    ]


PUBLISHED = {
    "(operator, value)": "a short regex found .788 of these; on Leaf .945–.968; target .97",
    "names of kind Condition, relaxed": "neural, all types, .772–.798; target .70",
    "names of kind Drug, relaxed": "target .70",
    "names of kind Measurement, relaxed": "target .70",
    "OR pairs, end to end": ".93 with gold entities; target .88",
    "AND pairs, end to end": ".53 with gold entities; target .60",
    "negation and exception": ".70 with gold entities; target .85",
    "time window attached": ".73 with gold entities; target .85",
    "full tuple, own labelled lines": "CTP about .90/.85; target .97/.92",
}


def print_scores(scores: dict[str, Score], errors: int) -> None:
    """The table of scores, and so many errors of each."""
    print(
        f"{'task (development data)':44} {'P':>6} {'R':>6} {'F1':>6} {'gold':>6} {'ours':>6}  published, target"
    )
    for name, score in scores.items():
        p, r, f1 = score.figures
        print(
            f"{name:44} {p:6.3f} {r:6.3f} {f1:6.3f} {score.gold:6} {score.answered:6}  {PUBLISHED.get(name, '')}"
        )
    for name, score in scores.items() if errors else ():
        print(f"\n{name}: errors")
        for said in score.errors[:errors]:
            print("  ", said)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=1, help="take every n-th record (default: all)")
    parser.add_argument("--errors", type=int, default=0, help="print so many errors of each task")
    parser.add_argument("--fuzz", type=int, default=2000, help="so many random strings (default: 2,000)")
    parser.add_argument("--peers", type=Path, help="the interpreter of the peers' environment")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED} is absent: nothing to measure against.")
        return 0
    parse_criteria("Inclusion Criteria: age 18", None)
    studies = {str(one.nct_id): one for one in records()}
    gc.collect()
    gc.freeze()  # else one text or another bears the collector's walk over all these records
    scores: dict[str, Score] = defaultdict(Score)
    score_chia(scores)
    score_facebook(scores)
    scores["full tuple, own labelled lines"] = score_lines(studies)
    scores["full tuple, confidence ≥ 0.9"] = score_lines(studies, 0.9)
    print_scores(scores, arguments.errors)
    print("\ndamage: F1 of thresholds before and after; wrong and sure")
    for name, damage in score_damage(studies).items():
        print(f"{name:44} {damage.before:6.3f} {damage.after:6.3f} {damage.sure_and_wrong:8.2%}")
    print()
    for rows in (
        score_peers(arguments.peers),
        score_verdicts(),
        score_later_verdicts(),
        fuzz(arguments.fuzz),
        score_records(arguments.sample)[0],
    ):
        for name, value in rows:
            print(f"{name:58} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
