"""A shift of several workers: the ceiling holds whatever order runs end in, and each is made once or told to be left."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.suite.budget import Purse
from greenroom.regression.suite.crew import Result, failed
from greenroom.regression.suite.shift import Shift

Job = tuple[int, int | None]


@dataclass
class Hands:
    """Workers whose jobs end in the order that is drawn, each for what it costs and never more than it may."""

    size: int
    costs: list[int]
    draw: st.DataObject
    open: list[Job] = field(default_factory=list)

    def submit(self, job: Job) -> None:
        self.open.append(job)

    def next(self) -> tuple[Job, Result]:
        run, limit = job = self.open.pop(self.draw.draw(st.integers(0, len(self.open) - 1)))
        if self.costs[run] < 0:
            return job, failed("the process that made this run died")
        cost = self.costs[run] if limit is None else min(self.costs[run], limit)
        return job, {"kind": "done", "line": "", "micro_usd": cost}

    def close(self) -> None:
        assert not self.open


@given(
    st.lists(st.integers(-1, 40_000), max_size=12),
    st.integers(1, 4),
    st.none() | st.integers(0, 100_000),
    st.data(),
)
def test_what_is_spent_and_set_aside_never_passes_the_ceiling(
    costs: list[int], size: int, ceiling: int | None, data: st.DataObject
) -> None:
    hands = Hands(size, costs, data)
    purse = Purse(None if ceiling is None else ceiling / 1_000_000)
    shift: Shift[int, Job] = Shift(
        hands, purse, range(len(costs)), lambda run, limit: (run, limit), lambda job: job[0], lambda run: "model"
    )
    ended = []
    left_out = [run for run in range(len(costs)) if run % 5 == 4]
    while shift.begin(lambda run: run in left_out):
        assert shift.under_way == len(hands.open) <= size
        if ceiling is not None:
            assert purse.spent + sum(limit or 0 for _, limit in hands.open) <= ceiling
        one = shift.ended()
        ended.append(one.job[0])
        assert one.cut == (one.job[1] is not None and one.micro_usd >= one.job[1])
    hands.close()
    assert ceiling is None or purse.spent <= ceiling
    assert len(ended) == len(set(ended)) and not set(ended) & set(left_out)
    assert set(range(len(costs))) == {*ended, *shift.waiting, *left_out}
    if ceiling is None:
        assert not shift.waiting
