"""The search for the first bad version: right wherever it lies, with few questions, and honest about what it cannot judge."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import CheckFailed, UsageError
from greenroom.regression.bisect.search import Bisected, Judgement, Tried, bisect


def found(judgements: list[Judgement]) -> Bisected:
    async def judge(point: str) -> Tried:
        return Tried(point, judgements[int(point)], "passed")

    return asyncio.run(bisect([str(at) for at in range(len(judgements))], judge))


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_first_bad_one_is_found_in_as_many_questions_as_halving_takes(good: int, bad: int) -> None:
    row: list[Judgement] = ["good" if at < good else "bad" for at in range(good + bad)]
    one = found(row)
    assert (one.last_good, one.first_bad, one.unjudged) == (str(good - 1), str(good), ())
    assert len(one.tried) <= 2 + math.ceil(math.log2(good + bad))


@given(st.lists(st.sampled_from(["good", "bad", "unjudged"]), max_size=40))
def test_what_is_named_was_judged_so_and_only_what_cannot_be_judged_lies_between(middle: list[Judgement]) -> None:
    row: list[Judgement] = ["good", *middle, "bad"]
    one = found(row)
    first, last = int(one.last_good), int(one.first_bad)
    assert (row[first], row[last]) == ("good", "bad")
    assert [int(point) for point in one.unjudged] == list(range(first + 1, last))
    assert len({tried.point for tried in one.tried}) == len(one.tried)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["bad", "bad"], "0 is bad too"),
        (["good", "good"], "1 is good too"),
        (["unjudged", "bad"], "0 could not be judged"),
    ],
)
def test_ends_that_do_not_differ_are_said_at_once(row: list[Judgement], said: str) -> None:
    with pytest.raises(CheckFailed, match=said):
        found(row)


def test_one_version_is_no_search() -> None:
    with pytest.raises(UsageError, match="nothing between"):
        found(["good"])
