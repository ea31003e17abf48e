"""What damage does to the reading of thresholds: the labelled lines again, with the losses that copies of such texts suffer.

Each damage is applied to every labelled line by itself; the line is parsed alone, below the heading that it stands under. Measured is how much
F1 falls against the undamaged lines read in the same way, and how many answers are wrong and yet surely said (confidence ≥ 0.9), of all answers; what was
wrong in the undamaged line already is not counted there. Where a damage takes what nobody can know (a comparison without its sign), abstaining is right: the labels that
need the sign are not asked for, an answer with a direction is wrong.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from criteria_gold import Score
from criteria_lines import Side, is_same, labelled, our_sides
from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Polarity
from trialist.criteria.nodes import atoms
from trialist.record import Study

SURE = 0.9
_MARK = re.compile(r"^[\s*•-]*(?:\d{1,2}[.)]\s*)?(?:[*•-]\s*)?")


def degrade(text: str) -> str:
    """`≥` and `≤` become `=`."""
    return re.sub(r"≥|≤|\\?[<>]\s?\\?=", "=", text)


def drop_signs(text: str) -> str:
    """Every sign of comparison vanishes."""
    return re.sub(r"[≥≤]|\\?[<>]\s?\\?=?", " ", text)


def drop_exponents(text: str) -> str:
    """`10^9` becomes `109`, `m^2` `m2`."""
    return re.sub(r"\\?\^\s?\(?(\d+)\)?", r"\1", re.sub(r"10\*(\d)", r"10\1", text))


def run_in(text: str) -> str:
    """The line is the middle of a list without line ends."""
    return (
        "1.Subjects with lupus;2." + _MARK.sub("", text).rstrip(" .;,") + ";3.No prior organ transplantation"
    )


def entities(text: str) -> str:
    """Signs become entities."""
    return html.escape(text.replace("\\", "")).replace("≥", "&ge;").replace("≤", "&le;")


def entities_twice(text: str) -> str:
    """Entities are escaped once more."""
    return html.escape(entities(text))


DAMAGES: Mapping[str, Callable[[str], str]] = {
    "≥ and ≤ become =": degrade,
    "signs deleted": drop_signs,
    "exponents lost": drop_exponents,
    "lists run in": run_in,
    "entities": entities,
    "entities, escaped twice": entities_twice,
    "capitals": str.upper,
    "bullets lost": lambda text: _MARK.sub("", text),
}
_TAKES_SIGNS = frozenset({"≥ and ≤ become =", "signs deleted"})


@dataclass
class Damage:
    """F1 before and after, and the share of answers that are wrong and sure."""

    before: float
    after: float
    sure_and_wrong: float


def read_alone(text: str, polarity: Polarity) -> set[tuple[Side, bool, bool]]:
    """The sides read in a line by itself: side, whether the unit is assumed, whether it is surely said."""
    heading = "Exclusion Criteria" if polarity is Polarity.EXCLUSION else "Inclusion Criteria"
    found = parse_criteria(f"{heading}:\n\n{text}")
    return {
        (side, assumed, one.confidence >= SURE)
        for one in found.criteria
        for expr in (one.expr, one.guard)
        if expr is not None
        for atom in atoms(expr)
        if "comparator" not in getattr(atom, "assumed", ())
        for side, assumed in our_sides(atom)
        if side[0] != "?"
    }


def needs_no_sign(gold: set[Side], text: str, damaged: str) -> set[Side]:
    """The labels that a damaged line can still give: those of lines whose comparisons are not signs."""
    return gold if len(re.findall(r"[<>≥≤=]", text)) == 0 or text == damaged else set()


def score_damage(studies: Mapping[str, Study]) -> dict[str, Damage]:
    """Each damage on all labelled lines."""
    lines = []
    for nct_id, start, end, sides in labelled():
        study = studies.get(nct_id)
        if study is None:
            continue
        raw = str(study["EligibilityCriteria"])
        whole = parse_criteria(raw, study)
        polarity = next(
            (one.polarity for one in whole.criteria if one.spans[0].start < end and start < one.spans[0].end),
            Polarity.INCLUSION,
        )
        named = {side for side in sides if side[0] != "?"}
        lines.append((raw[start:end], polarity, named, read_alone(raw[start:end], polarity)))
    return {name: _score_one(name, damage, lines) for name, damage in DAMAGES.items()}


Line = tuple[str, Polarity, set[Side], set[tuple[Side, bool, bool]]]


def _score_one(name: str, damage: Callable[[str], str], lines: list[Line]) -> Damage:
    before, after = Score(), Score()
    wrong = answers = 0
    for text, polarity, gold, sound in lines:
        damaged = damage(text)
        asked = needs_no_sign(gold, text, damaged) if name in _TAKES_SIGNS else gold
        read = read_alone(damaged, polarity)
        for score, ours in ((before, sound), (after, read)):
            if asked or not gold:
                score.gold += len(asked)
                score.answered += len(ours)
                score.found += sum(any(is_same(side, one, unit) for one, unit, _ in ours) for side in asked)
                score.right += sum(any(is_same(side, one, unit) for side in asked) for one, unit, _ in ours)
        answers += len(read)
        known = {one for one, _, _ in sound}
        wrong += sum(
            sure and one not in known and not any(is_same(side, one, unit) for side in gold)
            for one, unit, sure in read
        )
    return Damage(before.figures[2], after.figures[2], wrong / answers if answers else 0.0)
