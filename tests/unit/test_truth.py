from itertools import product

import pytest

from trialist.evaluation.truth import Truth, all_of, any_of, at_least, not_, truth_of

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def completions(truths):
    """Every way in which the unknown ones may turn out."""
    return product(*[(T, F) if truth is U else (truth,) for truth in truths])


@pytest.mark.parametrize(
    "truths", [list(row) for size in range(4) for row in product((T, F, U), repeat=size)]
)
def test_what_is_decided_is_decided_for_every_completion_and_nothing_else(truths):
    for count in range(5):
        met = {sum(truth is T for truth in row) >= count for row in completions(truths)}
        assert at_least(count, truths) is (U if len(met) == 2 else truth_of(met.pop()))
    assert all_of(truths) is at_least(len(truths), truths)
    assert any_of(truths) is not_(all_of([not_(truth) for truth in truths]))


def test_truth_of():
    assert [truth_of(value) for value in (True, False, None)] == [T, F, U]
    assert [truth.is_decided for truth in (T, F, U)] == [True, True, False]
