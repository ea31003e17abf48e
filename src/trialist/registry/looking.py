"""All trials of the net for one patient: what they come to by the net, and those that are shown by the judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from trialist.evaluation.known import Known
from trialist.evaluation.missing import count_missing
from trialist.evaluation.near_many import may_be_near
from trialist.evaluation.verdict import Class
from trialist.record.nct_id import nct_number
from trialist.registry.criteria_net import CriteriaNet
from trialist.registry.judging import MOST_TOLD, Found, Judge, Match, missing_facts


def look_up(
    net: CriteriaNet,
    judge: Judge,
    nct_ids: Sequence[str],
    check: Callable[[], None],
    most_told: int | None = MOST_TOLD,
) -> Found:
    """What is found of studies that the net has: the same as the judge finds, of which the first are shown.

    `most_told` is how many missing facts are told; None for all, where they are to be joined with others.
    """
    asked, many, file = judge.asked, net.many, net.file
    trials = file.places([nct_number(one) for one in nct_ids])
    tally = many.tally(Known(judge.patient, asked.as_of, asked.policy), trials, check)
    outcomes = tally.outcomes
    ordered = outcomes.order(
        trials,
        on_topic=[one in judge.on_topic for one in nct_ids],
        metres=None if asked.near is None else file.metres(trials, asked.near.lat, asked.near.lon),
        updated=file.updated[trials],
    )
    matches = _judged(judge, many.names(ordered[: asked.most]), check)
    near = []
    for at in may_be_near(tally, ordered[outcomes.is_of(ordered, Class.EXCLUDED)]):
        found = _judged(judge, [many.ids[at].decode()], check)[0]
        near += [found] if found.near_miss is not None else []
        if len(near) == asked.most:
            break
    undetermined = ordered[outcomes.is_of(ordered, Class.UNDETERMINED)]
    is_odd = tally.is_odd(undetermined)
    odd = _judged(judge, many.names(undetermined[is_odd]), check)
    missing = count_missing(tally, undetermined[~is_odd], None if odd else most_told)
    counts = Counter({one: int(outcomes.is_of(ordered, one).sum()) for one in Class})
    return Found(matches, counts, near, [*missing, *missing_facts(one.verdict for one in odd)])


def _judged(judge: Judge, nct_ids: Sequence[str], check: Callable[[], None]) -> list[Match]:
    found = []
    for one in nct_ids:
        check()
        found.append(judge.match(one))
    return found
