"""Calls that were asked for and could not be made: none of them was called, and all of them were asked for."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.regression import expect
from greenroom.regression.case import CaseMatch
from greenroom.regression.expect import failures, trajectory_problems
from greenroom.regression.record.proposing import proposals
from greenroom.regression.tape.tape import Line
from tests.regression.expect.runs import case_of

NO_TOOL = "there is no tool named 'orders.get'"
TOLD = f"orders.get was asked for but could not be called: {NO_TOOL}"
CALLED = {"tool": "orders.get", "args": {"order_id": 1003}}


def asked(status: str, error: str = "") -> list[Line]:
    """An order is asked for, which ends so; the reply quotes it all the same."""
    result: Line = {"result": "c1", "tool": "orders.get", "status": status}
    return [
        {"turn": 1, "user": "Where is order 1003?"},
        {
            "reply": 1,
            "calls": [{"id": "c1", "tool": "orders.get", "args": {"order_id": 1003}}],
            "tokens": [1, 1],
        },
        result | ({"error": error} if error else {"ran": True, "output": {"total": 49}}),
        {"reply": 2, "text": "It is on its way, 49 EUR.", "tokens": [1, 1]},
        {"finish": "answered"},
    ]


RAN, INVALID = asked("done"), asked("invalid", NO_TOOL)
MADE: list[dict[str, Any]] = [
    {"turn": 1, "call": CALLED},
    {"call": {"tool": "orders.*"}},
    {"call": {"tool": "*", "args": {"order_id": {"at_least": 1000}}, "match": "exact"}},
    *({"tools": {"order": order, "calls": ["orders.get"]}} for order in ("strict", "in_order", "any_order", "subset")),
    *({"tools": {"order": order, "calls": [CALLED]}} for order in ("strict", "in_order", "any_order", "subset")),
]


@pytest.mark.parametrize("expected", MADE, ids=str)
def test_what_could_not_be_called_was_not_called(expected: dict[str, Any]) -> None:
    assert failures(case_of(expected), RAN) == ()
    (problem,) = failures(case_of(expected), INVALID)
    assert problem.endswith(TOLD)


@pytest.mark.parametrize("status", ["denied", "failed", "timed_out", "unknown"])
@pytest.mark.parametrize("expected", MADE, ids=str)
def test_a_call_that_went_wrong_otherwise_was_called(expected: dict[str, Any], status: str) -> None:
    assert failures(case_of(expected), asked(status, "no")) == ()


def test_the_status_counts_it_where_it_is_written() -> None:
    written = CALLED | {"status": "invalid"}
    for expected in ({"call": written}, {"tools": {"calls": [written]}}):
        assert failures(case_of(expected), INVALID) == ()
        assert "ended as done, expected invalid" in failures(case_of(expected), RAN)[0]


@pytest.mark.parametrize("never", [{"tool": "orders.get"}, {"tool": ["orders.*"]}, {"call": CALLED}], ids=str)
def test_what_must_never_be_called_must_never_be_asked_for(never: dict[str, Any]) -> None:
    for run in (RAN, INVALID):
        assert failures(case_of({"never": never}), run)
        assert failures(case_of({"tools": {"never": ["orders.get"]}}), run)
        assert not failures(case_of({"never": {"tool": "orders.refund"}}), run)


def test_no_other_calls_are_none_that_are_only_asked_for_either() -> None:
    assert failures(case_of({"tools": {"order": "superset", "calls": ["orders.get"]}}), INVALID) == ()
    assert "orders.get was called too" in failures(case_of({"tools": {"calls": []}}), INVALID)[0]


def test_that_it_could_not_be_called_is_told_before_another_argument_is() -> None:
    expected = {"call": {"tool": "orders.get", "args": {"order_id": 1001}}}
    assert "orders.get was called, but with order_id = 1003, expected 1001" in failures(case_of(expected), RAN)[0]
    assert TOLD in failures(case_of(expected), INVALID)[0]


def test_python_says_the_same() -> None:
    expect(RAN).called("orders.get", order_id=1003).tools("orders.get")
    expect(INVALID).called("orders.get", order_id=1003, status="invalid")
    with pytest.raises(AssertionError, match="asked for but could not be called"):
        expect(INVALID).called("orders.get")
    with pytest.raises(AssertionError, match="asked for but could not be called"):
        expect(INVALID).tools("orders.get")


@pytest.mark.parametrize("order", ["strict", "in_order", "any_order", "subset"])
def test_a_live_run_that_could_not_call_is_none_like_its_tape(order: str) -> None:
    match = CaseMatch.model_validate({"order": order})
    for run in (RAN, INVALID):
        assert trajectory_problems(match, run, run) == ()
    assert TOLD in trajectory_problems(match, RAN, INVALID)[0]
    assert "ended as done, expected invalid" in trajectory_problems(match, INVALID, RAN)[0]


def test_what_is_proposed_of_a_call_that_could_not_be_made_holds_and_names_that() -> None:
    (called,) = [item for one in proposals(INVALID) for item in one.items if item.key == "call"]
    assert all(form.value["status"] == "invalid" for form in called.forms if isinstance(form.value, dict))
    found = [one.values() for one in proposals(INVALID) if one.rows]
    assert failures(case_of(*found), INVALID) == ()
