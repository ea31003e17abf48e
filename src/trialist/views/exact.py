"""Fisher's exact test of a table of two by two, and the difference of two risks."""

from __future__ import annotations

from math import exp, lgamma


def fisher_p(affected: int, at_risk: int, other_affected: int, other_at_risk: int) -> float:
    """The two-sided p-value: the sum over all tables with these margins that are no likelier than this one.

    `ValueError` where more are affected than are at risk.
    """
    if not 0 <= affected <= at_risk or not 0 <= other_affected <= other_at_risk:
        raise ValueError("more are affected than are at risk")
    whole, hits = at_risk + other_at_risk, affected + other_affected
    least, most = max(0, hits - other_at_risk), min(hits, at_risk)
    fixed = _log_choose(whole, hits)
    logs = [
        _log_choose(at_risk, count) + _log_choose(other_at_risk, hits - count) - fixed
        for count in range(least, most + 1)
    ]
    own = logs[affected - least]
    # Tables of the same likelihood differ in the last digits.
    return min(1.0, sum(exp(log) for log in logs if log <= own + 1e-7))


def risk_difference(affected: int, at_risk: int, other_affected: int, other_at_risk: int) -> float:
    """The risk of the first less that of the second, in percentage points."""
    return 100 * (affected / at_risk - other_affected / other_at_risk)


def _log_choose(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
