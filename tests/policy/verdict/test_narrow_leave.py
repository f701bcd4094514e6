"""Narrow clauses cover the approved call, and nothing that goes beyond it."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from greenroom.core.errors import UsageError
from greenroom.core.values import ToolSpec
from greenroom.policy.port import Question
from greenroom.policy.verdict.leave import clause_problem, covers
from greenroom.policy.verdict.narrow_leave import narrow

PROPERTIES: dict[str, Any] = {
    "order_id": {"type": "integer"},
    "amount": {"type": "number"},
    "reason": {"type": "string"},
    "express": {"type": "boolean"},
    "to": {"type": "object", "properties": {"city": {"type": "string"}}},
    "tags": {"type": "array", "items": {"type": "string"}},
}
SPEC = ToolSpec(name="orders.refund", description="d", parameters={"type": "object", "properties": PROPERTIES})
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "order_id": st.integers(-(2**50), 2**50),
        "amount": st.floats(0, 1e9, allow_nan=False) | st.integers(0, 10**9),
        "reason": TEXTS,
        "express": st.booleans(),
    },
)


def held(arguments: dict[str, Any], when: tuple[str, ...]) -> bool:
    question = Question(hook="tool.call", subject=SPEC.name, payload={"args": arguments}, origin="model", tool=SPEC)
    return covers(SPEC, question, when)


def test_the_clauses_of_a_plain_call() -> None:
    assert narrow(SPEC, {"order_id": 1001, "amount": 120.0, "reason": 'a "b"', "express": True}) == (
        "args.amount <= 120",
        "args.amount >= 0",
        "args.express == true",
        "args.order_id == 1001",
        'args.reason == "a \\"b\\""',
        "!has(args.tags)",
        "!has(args.to.city)",
    )


@given(ARGUMENTS)
def test_they_are_sound_and_hold_for_the_approved_call(arguments: dict[str, Any]) -> None:
    when = narrow(SPEC, arguments)
    assert clause_problem(SPEC, when) == ""
    assert held(arguments, when)


@given(ARGUMENTS, ARGUMENTS)
def test_another_call_is_covered_only_if_it_is_the_same_or_asks_for_less(
    approved: dict[str, Any], other: dict[str, Any]
) -> None:
    assume(approved)
    same = {key: value for key, value in approved.items() if key != "amount"}
    other_same = {key: value for key, value in other.items() if key != "amount"}
    fits = same == other_same and ("amount" in approved) == ("amount" in other)
    less = "amount" not in approved or "amount" not in other or 0 <= other["amount"] <= approved["amount"]
    assert held(other, narrow(SPEC, approved)) <= (fits and less)


@pytest.mark.parametrize("amount", [120.01, -1, -0.001, None, "120", [120], math.inf])
def test_more_or_something_else_is_not_covered(amount: Any) -> None:
    when = narrow(SPEC, {"order_id": 1001, "amount": 120})
    assert held({"order_id": 1001, "amount": 119.99}, when)
    assert not held({"order_id": 1001, "amount": amount}, when)
    assert not held({"order_id": 1002, "amount": 1}, when)
    assert not held({"amount": 1}, when)
    assert not held({"order_id": 1001, "amount": 1, "express": True}, when)
    assert not held({"order_id": 1001, "amount": 1, "tags": ["a"]}, when)
    assert not held({"order_id": 1001, "amount": 1, "to": {"city": "Kiel"}}, when)


@pytest.mark.parametrize(
    "arguments",
    [{"to": {"city": "Kiel"}}, {"tags": ["a"]}, {"reason": None}, {"unheard-of": 1}, {"reason": 5}, {"order_id": "1"}],
)
def test_what_no_clause_can_say_gets_no_leave(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="clause"):
        narrow(SPEC, arguments)
