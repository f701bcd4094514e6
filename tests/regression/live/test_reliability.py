"""pass^k against counting by hand, and verdicts that are said as soon as they are certain."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.live.reliability import Goal, goal_of, pass_hat


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.integers(min_value=0, max_value=10))
def test_pass_hat_is_the_share_of_choices_that_all_passed(runs: list[bool], k: int) -> None:
    choices = list(combinations(runs, k)) if 1 <= k <= len(runs) else []
    counted = sum(map(all, choices)) / len(choices) if choices else None
    assert pass_hat(len(runs), sum(runs), k) == counted


@given(st.integers(2, 6), st.integers(1, 6), st.fractions(0, 1, max_denominator=20))
def test_pass_hat_is_unbiased(n: int, k: int, chance: object) -> None:
    """Over all ways n runs can go, its mean is the chance to the power of k."""
    k, p = min(k, n), float(str(chance).split("/")[0]) / float((str(chance) + "/1").split("/")[1])
    mean = 0.0
    for ways in product((True, False), repeat=n):
        likely = p ** sum(ways) * (1 - p) ** (n - sum(ways))
        mean += likely * (pass_hat(n, sum(ways), k) or 0.0)
    assert abs(mean - p**k) < 1e-9


def test_pass_hat_says_nothing_where_nothing_can_be_said() -> None:
    assert pass_hat(3, 3, 4) is None
    assert pass_hat(3, 4, 1) is None
    assert pass_hat(3, 2, 0) is None
    assert pass_hat(1_000, 999, 500) == 0.5


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.data())
def test_a_verdict_is_certain_and_comes_as_soon_as_it_is(runs: list[bool], data: st.DataObject) -> None:
    needed = data.draw(st.integers(1, len(runs)))
    goal = Goal(len(runs), needed)
    for made in range(len(runs) + 1):
        passed = sum(runs[:made])
        left = len(runs) - made
        could = {passed + more >= needed for more in range(left + 1)}
        verdict = goal.verdict(passed, made - passed)
        assert verdict == (next(iter(could)) if len(could) == 1 else None)


def test_the_share_that_must_pass_stays_when_another_number_is_asked_for() -> None:
    assert goal_of(5, 4, 0) == Goal(5, 4)
    assert goal_of(5, 4, 10) == Goal(10, 8)
    assert goal_of(5, 4, 3) == Goal(3, 3)
    assert goal_of(1, None, 5) == Goal(5, 5)
    assert goal_of(5, 1, 1) == Goal(1, 1)
