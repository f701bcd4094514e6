"""The purse of a suite: whatever runs cost, the ceiling holds, and what is begun can be paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import UsageError
from greenroom.regression.suite.budget import Purse, Reserved


@given(
    st.integers(0, 2_000_000),
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 1), st.booleans(), st.booleans()), max_size=60),
)
def test_what_is_spent_and_set_aside_never_exceeds_the_ceiling(
    ceiling: int, steps: list[tuple[str, float, bool, bool]]
) -> None:
    purse, under_way, spent = Purse(ceiling / 1_000_000), list[Reserved](), 0
    for model, share, begins, known in steps:
        if begins and (reserved := purse.reserve(model)) is not None:
            assert reserved.micro_usd is not None and reserved.micro_usd > 0
            under_way.append(reserved)
        elif under_way:
            ended = under_way.pop(0)
            cost = round((ended.micro_usd or 0) * share)
            spent += purse.settle(ended, cost, known=known)
        assert purse.spent == spent
        assert spent + sum(one.micro_usd or 0 for one in under_way) <= ceiling


def test_the_first_run_of_a_model_goes_alone_and_the_next_get_twice_the_dearest() -> None:
    purse = Purse(1.0)
    first = purse.reserve("a")
    assert first == Reserved("a", 1_000_000) and purse.reserve("a") is None and purse.reserve("b") is None
    purse.settle(first, 100_000)
    assert purse.reserve("a") == Reserved("a", 200_000)
    assert purse.reserve("b") == Reserved("b", 700_000)
    assert purse.reserve("a") is None


def test_no_run_is_begun_for_which_the_rest_may_not_suffice() -> None:
    purse = Purse(1.0, spent=750_000, dearest={"a": 300_000, "free": 0})
    assert purse.reserve("a") is None
    assert purse.reserve("free") == Reserved("free", 10_000)
    assert Purse(0).reserve("free") is None
    assert Purse(None).reserve("a") == Reserved("a", None)


def test_a_model_that_costs_nothing_runs_whatever_was_spent() -> None:
    purse = Purse(0, free=lambda model: model == "free")
    assert purse.reserve("paid") is None
    assert purse.reserve("free") == purse.reserve("free") == Reserved("free", 0)
    assert not purse.cut(Reserved("free", 0), 0), "no more can be had the next time"
    purse.settle(Reserved("free", 0), 5)
    assert purse.reserve("free") is None, "it is not believed any more"


def test_a_model_that_costs_nothing_waits_for_what_may_come_free_and_keeps_nobody_waiting() -> None:
    purse = Purse(1.0, free=lambda model: model == "free")
    assert purse.reserve("free") == Reserved("free", 10_000)
    paid = purse.reserve("paid")
    assert paid == Reserved("paid", 990_000) and purse.reserve("free") is None
    purse.settle(paid, 990_000)
    purse.settle(Reserved("free", 10_000), 0)
    assert purse.reserve("free") == Reserved("free", 10_000)
    purse.settle(Reserved("free", 10_000), 0)
    assert Purse(1.0, spent=1_000_000, free=bool).reserve("free") == Reserved("free", 0)


def test_a_run_that_was_cut_off_gets_more_the_next_time() -> None:
    purse = Purse(1.0, dearest={"a": 50_000})
    first = purse.reserve("a")
    assert first == Reserved("a", 100_000) and purse.cut(first, 100_001) and not purse.cut(first, 99_999)
    purse.settle(first, 100_001)
    assert purse.reserve("a") == Reserved("a", 200_002)


@pytest.mark.parametrize("usd", [-1.0, float("nan"), float("inf")])
def test_what_can_be_no_ceiling_is_refused(usd: float) -> None:
    with pytest.raises(UsageError):
        Purse(usd)
