"""Thresholds in lines of real texts, labelled by hand: variable, comparison, value, unit and basis, all of which have to be right.

The labels are in criteria_lines.tsv: study, place and facts, no sentences. Each side of an interval counts by itself, so that "from 4 to
70" is two answers. Right is a side whose variable, direction, inclusion of the bound, number, unit (or one that is the same for every
substance) and basis are those of the label. Where no unit is written any that is marked as assumed is right. Windows of time, counts and steps
of scales are not labelled and not counted. An answer that does not say of which variable it is abstains: it is right where the label has no
variable either, and counts as no answer elsewhere. How long a thing has lasted (a label of time without a variable) may be
the window of the thing here, which is no answer elsewhere. Whole texts are parsed, with their study as the witness; what is read within the line counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from criteria_gold import Score
from trialist.criteria import parse_criteria
from trialist.criteria.nodes import Basis, Demographic, Expr, Interval, Judgement, Quantity, atoms
from trialist.record import Study
from trialist.vocabulary.written_units import convert

LABELS = Path(__file__).with_suffix(".tsv")
Side = tuple[str, str, str, Decimal, str, str]
_LABEL = re.compile(
    r"(?P<variable>\S+) (?:(?P<op>>=|<=|>|<|=) )?(?P<value>\S+) (?P<unit>\S+)(?P<predicted> pp)?$"
)


def labelled() -> Iterator[tuple[str, int, int, set[Side]]]:
    """Each labelled line: study, start, end, sides."""
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        nct_id, start, end, said = line.split("\t")
        sides = {side for part in said.split("; ") if part != "-" for side in label_sides(part)}
        yield nct_id, int(start), int(end), sides


def label_sides(said: str) -> set[Side]:
    """The sides of one label."""
    found = _LABEL.fullmatch(said)
    if found is None:
        raise ValueError(f"not a label: {said!r}")
    basis = "xULN" if found["unit"] == "xULN" else "percentPredicted" if found["predicted"] else "absolute"
    unit = "1" if basis == "xULN" else found["unit"]
    low, dots, high = found["value"].partition("..")
    common = (unit, basis)
    if dots:
        return {
            (
                found["variable"],
                "lower",
                ">" if low.startswith("(") else ">=",
                Decimal(low.lstrip("(")),
                *common,
            ),
            (
                found["variable"],
                "upper",
                "<" if high.startswith("<") else "<=",
                Decimal(high.lstrip("<")),
                *common,
            ),
        }
    value, op = Decimal(found["value"]), found["op"]
    if op == "=":
        return {
            (found["variable"], side, sign, value, *common)
            for side, sign in (("lower", ">="), ("upper", "<="))
        }
    return {(found["variable"], "lower" if ">" in op else "upper", op, value, *common)}


def our_sides(atom: Expr) -> set[tuple[Side, bool]]:
    """The sides of an atom of ours, and whether its unit is assumed."""
    if isinstance(atom, Quantity):
        named = f"change:{atom.variable}" if atom.aggregate == "change" and atom.variable else atom.variable
        variable, interval, unit, basis = named or "?", atom.interval, atom.unit, str(atom.basis)
    elif isinstance(atom, Demographic) and atom.interval is not None:
        variable, interval, unit, basis = "age", atom.interval, atom.unit, str(Basis.ABSOLUTE)
    elif isinstance(atom, Judgement) and atom.interval is not None:
        variable, interval, unit, basis = "life", atom.interval, atom.unit, str(Basis.ABSOLUTE)
    else:
        window = getattr(atom, "time", None)
        if window is None or window.length is None:
            return set()
        variable, interval, unit, basis = "?", window.length, window.unit, str(Basis.ABSOLUTE)
    assumed = "unit" in getattr(atom, "assumed", ()) or not unit or isinstance(atom, Demographic)
    return {((variable, side, sign, value, unit, basis), assumed) for side, sign, value in bounds(interval)}


def bounds(interval: Interval) -> Iterator[tuple[str, str, Decimal]]:
    """The sides of an interval."""
    if interval.lower is not None:
        yield "lower", ">=" if interval.lower_inclusive else ">", interval.lower
    if interval.upper is not None:
        yield "upper", "<=" if interval.upper_inclusive else "<", interval.upper


def is_same(gold: Side, ours: Side, assumed: bool) -> bool:
    """Whether a side of ours is a labelled one."""
    if gold[:3] != ours[:3] or gold[5] != ours[5]:
        return False
    if gold[4] == ".":
        return gold[3] == ours[3] and (assumed or ours[4] in {"", "{score}", "1", "mm[Hg]"})
    arbitrary = {gold[4], ours[4]} <= {"U/L", "[IU]/L"}
    if gold[3] == ours[3] and (arbitrary or gold[4] == ours[4] or convert(Decimal(1), gold[4], ours[4]) == 1):
        return True
    changed = convert(gold[3], gold[4], ours[4])
    return changed is not None and abs(changed - ours[3]) <= abs(changed) / 1000


def score_lines(studies: Mapping[str, Study], least: float = 0.0) -> Score:
    """The labelled lines against what is read in them; answers below a confidence do not count as given."""
    score = Score()
    parsed: dict[str, list[tuple[Expr, float]]] = {}
    for nct_id, start, end, gold in labelled():
        study = studies.get(nct_id)
        if study is None:
            continue
        if nct_id not in parsed:
            found = parse_criteria(str(study["EligibilityCriteria"]), study)
            parsed[nct_id] = [
                (atom, one.confidence)
                for one in found.criteria
                for expr in (one.expr, one.guard)
                if expr is not None
                for atom in atoms(expr)
            ]
        ours = {
            pair
            for atom, sure in parsed[nct_id]
            if start <= atom.span.start < end and sure >= least
            for pair in our_sides(atom)
        }
        add(score, gold, ours, f"{nct_id}:{start}-{end}", str(study["EligibilityCriteria"])[start:end])
    return score


def add(score: Score, gold: set[Side], ours: set[tuple[Side, bool]], where: str, text: str) -> None:
    """Count one line."""
    ours = {pair for pair in ours if pair[0][0] != "?" or any(is_same(side, *pair) for side in gold)}
    score.gold += len(gold)
    score.answered += len(ours)
    for side in gold:
        hit = any(is_same(side, one, assumed) for one, assumed in ours)
        score.found += hit
        if not hit:
            score.errors.append(
                f"{where} missed {side} in {text!r}; ours {sorted(str(one[:5]) for one, _ in ours)}"
            )
    for one, assumed in ours:
        right = any(is_same(side, one, assumed) for side in gold)
        score.right += right
        if not right:
            score.errors.append(f"{where} wrong {one} in {text!r}")
