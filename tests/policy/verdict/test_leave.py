"""Clauses that leave is given with: they cover what they say, and nothing when they cannot be checked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import ToolSpec
from greenroom.policy.port import Question
from greenroom.policy.verdict.leave import clause_problem, covers

REFUND = ToolSpec(
    name="orders.refund",
    description="Pay money back.",
    parameters={
        "type": "object",
        "properties": {
            "order_id": {"type": "integer"},
            "amount": {"type": "number"},
            "note": {"type": "string"},
        },
    },
)


def call(**args: Any) -> Question:
    return Question(hook="tool.call", subject=REFUND.name, payload={"args": args}, tool=REFUND)


@pytest.mark.parametrize(
    ("when", "args", "covered"),
    [
        (["args.amount <= 120"], {"amount": 120}, True),
        (["args.amount <= 120"], {"amount": 120.01}, False),
        (["args.amount <= 120", "args.order_id == 1001"], {"amount": 5, "order_id": 1002}, False),
        (["args.amount <= 120"], {}, False),
        (["args.amount <= 120"], {"amount": "5"}, False),
        (["args.amount <= 120"], {"amount": float("nan")}, False),
        (["args.note == 'x'"], {"note": "x"}, True),
        ([], {"amount": 5}, False),
        (["true"], {"amount": 5}, False),
        (["session.turn >= 0"], {"amount": 5}, False),
        (["args.amonut <= 120"], {"amount": 5}, False),
        (["args.amount"], {"amount": 5}, False),
        (["args.amount <="], {"amount": 5}, False),
    ],
)
def test_leave_covers_what_its_clauses_say(
    when: list[str], args: dict[str, Any], covered: bool
) -> None:  # a column of the table
    assert covers(REFUND, call(**args), when) is covered


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ([], "needs a clause"),
        (["1 == 1"], "says nothing about an argument"),
        (["args.amonut <= 120"], "args.amount"),
        (["args.amount + 1.0"], "not true or false"),
        (["args.amount <= 120", "args.amount <="], "not finished"),
    ],
)
def test_a_clause_that_cannot_be_used_says_why(when: list[str], said: str) -> None:
    assert said in clause_problem(REFUND, when)


def test_clauses_that_can_be_used_have_no_problem() -> None:
    assert clause_problem(REFUND, ["args.amount <= 120", "args.order_id == 1001"]) == ""


@given(st.floats(allow_nan=True), st.floats(min_value=0, max_value=1e6))
def test_no_amount_above_the_bound_is_ever_covered(amount: float, bound: float) -> None:
    if covers(REFUND, call(amount=amount), [f"args.amount <= {bound!r}"]):
        assert amount <= bound
