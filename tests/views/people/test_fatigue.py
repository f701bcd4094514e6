"""The fatigue meter counts what people decided, and says when it looks like rubber-stamping."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock, stamp
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Event, Record
from greenroom.core.values import Card, ToolCall, ToolSpec, Verdict
from greenroom.views.fold import fold_all
from greenroom.views.people import fatigue
from greenroom.views.people.fatigue import Answered, measure

CARD = Card(
    call=ToolCall(id="c1", tool="t"),
    spec=ToolSpec(name="t", description="d", parameters={}),
    verdict=Verdict(effect="require_approval", rule="r", why="w"),
)
START = FrozenClock().now()


def at(seconds: float) -> str:
    return stamp(START + timedelta(seconds=seconds))


def record(seconds: float, event: Event) -> Record:
    return Record.model_construct(seq=0, at=at(seconds), event=event, prev="", hash="")


def asked(seconds: float, step: str = "t1/ask:c1") -> Record:
    return record(seconds, ApprovalRequested(step=step, call="c1", tool="t", rule="r", card=CARD))


def given_at(seconds: float, step: str = "t1/ask:c1", **how: Any) -> Record:
    fields = {"decision": "allow", "approver": "kim", "established": "terminal", **how}
    return record(seconds, ApprovalGiven.model_validate({"step": step, "call": "c1", **fields}))


def answers(records: Sequence[Record]) -> tuple[Answered, ...]:
    return fold_all(fatigue.fold, fatigue.EMPTY, records).given


def test_an_answer_is_timed_from_its_own_question() -> None:
    found = answers([asked(0), asked(5, "t1/ask:c2"), given_at(9, "t1/ask:c2"), given_at(12, decision="deny")])
    assert found == (Answered(at(9), 4.0, True), Answered(at(12), 12.0, False))


@pytest.mark.parametrize(
    "how",
    [
        {"approver": "deadline", "established": "policy refund.large", "decision": "deny"},
        {"established": "grant t1/ask:c1"},
        {"established": "kill switch", "decision": "deny"},
        {"approver": "--approve policy", "established": "command line"},
    ],
)
def test_what_nobody_decided_does_not_count(how: dict[str, Any]) -> None:
    assert answers([asked(0), given_at(1, **how)]) == ()


def test_nobody_answered() -> None:
    assert measure(()) == fatigue.Fatigue()


def test_the_meter() -> None:
    found = measure([Answered(at(600 * place), 2.0 if place % 2 else 10.0, place != 3) for place in range(10)])
    assert (found.answers, found.per_hour, found.longest_streak) == (10, 7, 6)
    assert (found.median_seconds, found.fast_share, found.allowed_share) == (6.0, 0.4, 0.9)
    assert found.warning == ""


def test_fast_yes_after_fast_yes_is_warned_about() -> None:
    quick = [Answered(at(place), 1.0, True) for place in range(fatigue.ENOUGH)]
    assert "100% of 8 answers were a yes in under 3 s" in measure(quick).warning
    assert measure(quick[1:]).warning == ""
    assert measure([Answered(one.at, one.seconds, False) for one in quick]).warning == ""
    long = [Answered(at(place * 60), 4.0, True) for place in range(fatigue.LONG_STREAK)]
    assert "20 times yes in a row" in measure(long).warning


def test_what_is_older_than_asked_for_is_left_out() -> None:
    assert measure([Answered(at(0), 1.0, True), Answered(at(100), 1.0, True)], since=at(50)).answers == 1


@given(st.lists(st.tuples(st.integers(0, 20_000), st.floats(0, 500), st.booleans()), unique_by=lambda one: one[0]))
def test_order_does_not_matter_and_shares_are_shares(given_answers: list[tuple[int, float, bool]]) -> None:
    found = [Answered(at(when), seconds, allowed) for when, seconds, allowed in given_answers]
    meter = measure(found)
    assert measure(found[::-1]) == meter
    assert 0 <= meter.fast_share <= meter.allowed_share <= 1
    assert meter.per_hour <= meter.answers == len(found)
