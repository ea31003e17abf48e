"""One plain sentence for a criterion's result, made of what was found and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.criterion import Polarity
from trialist.evaluation.verdict import Result

_MOST_PARTS = 4


def sentence_of(words: Sequence[str], polarity: Polarity, result: Result, *, counts: bool = True) -> str:
    """What was found, and what that does: "ALT 95 U/L on 2025-02-03 is 2.375 × ULN (40 U/L): above 2 × ULN: excludes."."""
    found = "; ".join(words[:_MOST_PARTS]) + (
        f"; and {len(words) - _MOST_PARTS} more" if len(words) > _MOST_PARTS else ""
    )
    ending = _ending(polarity, result) if counts else "decides nothing by itself"
    said = f"{found}: {ending}." if found else f"{ending}."
    return said[0].upper() + said[1:]


def _ending(polarity: Polarity, result: Result) -> str:
    match result:
        case Result.MET:
            return "as required" if polarity is Polarity.INCLUSION else "does not exclude"
        case Result.NOT_MET:
            return "excludes, because it is required" if polarity is Polarity.INCLUSION else "excludes"
        case Result.NOT_APPLICABLE:
            return "does not apply"
        case Result.CONFLICT:
            return "open, because the record contradicts itself"
        case Result.UNKNOWN:
            return "open"
