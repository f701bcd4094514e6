"""The calls of turns as a whole, against every way of assigning them that there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.case import Case
from greenroom.regression.expect import failures
from greenroom.regression.expect.matching import assignment
from greenroom.regression.expect.trajectory import Order, compare
from greenroom.regression.tape.tape import Line

ORDERS: tuple[Order, ...] = ("strict", "in_order", "any_order", "subset", "superset")
Fits = Callable[[int, int], bool]


def brute(order: Order, written: int, groups: Sequence[Sequence[int]], fits: Fits) -> bool:
    """Whether some order of the calls, parallel ones in any, agrees with some reading of what is written."""
    made = [number for group in groups for number in group]
    orders = [
        [number for group in chosen for number in group]
        for chosen in product(*(list(permutations(group)) for group in groups))
    ]
    if order == "strict":
        return written == len(made) and any(all(map(fits, range(written), one)) for one in orders)
    if order == "in_order":
        return any(_within(written, one, fits) for one in orders)
    if order == "any_order":
        return written == len(made) and any(all(map(fits, range(written), one)) for one in permutations(made))
    if order == "subset":
        return any(all(map(fits, range(written), one)) for one in permutations(made, written))
    return any(all(map(fits, one, made)) for one in permutations(range(written), len(made)))


def _within(written: int, made: Sequence[int], fits: Fits) -> bool:
    if written == 0:
        return True
    return any(
        fits(0, one) and _within(written - 1, made[n + 1 :], lambda w, m: fits(w + 1, m)) for n, one in enumerate(made)
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, list[list[int]], set[tuple[int, int]]]:
    written = draw(st.integers(0, 4))
    sizes = draw(st.lists(st.integers(1, 3), max_size=3).filter(lambda sizes: sum(sizes) <= 5))
    numbers = iter(range(sum(sizes)))
    groups = [[next(numbers) for _ in range(size)] for size in sizes]
    pairs = [(one, other) for one in range(written) for other in range(sum(sizes))]
    return written, groups, draw(st.sets(st.sampled_from(pairs))) if pairs else set()


@given(st.sampled_from(ORDERS), problems())
def test_it_holds_exactly_where_some_assignment_does(
    order: Order, problem: tuple[int, list[list[int]], set[tuple[int, int]]]
) -> None:
    written, groups, edges = problem
    fits: Fits = lambda one, other: (one, other) in edges  # noqa: E731  # one line, and the type is what matters
    found = compare(order, written, groups, fits)
    assert found.holds == brute(order, written, groups, fits)
    assert all(fits(one, other) for one, other in found.pairs.items())
    assert len(set(found.pairs.values())) == len(found.pairs)


@given(problems())
def test_an_assignment_is_as_large_as_any(problem: tuple[int, list[list[int]], set[tuple[int, int]]]) -> None:
    written, groups, edges = problem
    made = [number for group in groups for number in group]
    found = assignment(range(written), made, lambda one, other: (one, other) in edges)
    padded = [*made, *range(-written, 0)]
    largest = max(sum(pair in edges for pair in enumerate(one)) for one in permutations(padded, written))
    assert len(found) == largest


def turn(number: int, *replies: Sequence[tuple[str, dict[str, Any]]]) -> list[Line]:
    """A turn whose replies make these calls."""
    lines: list[Line] = [{"turn": number, "user": "x"}]
    count = 0
    for place, calls in enumerate(replies, 1):
        told = [{"id": f"c{count + n}", "tool": tool, "args": args} for n, (tool, args) in enumerate(calls, 1)]
        count += len(calls)
        lines.append({"reply": place, "calls": told, "tokens": [1, 1]})
        lines += [{"result": call["id"], "tool": call["tool"], "status": "done"} for call in told]
    return [*lines, {"reply": len(replies) + 1, "text": "Done.", "tokens": [1, 1]}, {"finish": "answered"}]


RUN = [
    *turn(1, [("orders.find", {"mail": "a"}), ("orders.get", {"order_id": 1})], [("orders.refund", {"amount": 120})]),
    *turn(2, [("mail.send", {})]),
]


def judged(turns: int | str = "any", **tools: Any) -> tuple[str, ...]:
    case = Case.model_validate({"schema": "case/1", "assert": [{"turn": turns, "tools": tools}]})
    return failures(case, RUN)


@pytest.mark.parametrize(
    "tools",
    [
        {"turns": 1, "calls": ["orders.get", "orders.find", "orders.refund"]},
        {"calls": ["orders.find", "orders.get", "orders.refund", "mail.send"]},
        {"order": "in_order", "calls": ["orders.get", {"tool": "orders.refund", "args": {"amount": 120}}]},
        {"order": "any_order", "calls": ["mail.send", "orders.refund", "orders.*", "orders.*"]},
        {"order": "subset", "calls": ["mail.send", "orders.find"]},
        {"order": "superset", "calls": ["mail.send", "orders.*", "orders.*", "orders.*", "tickets.create"]},
        {"turns": 1, "never": ["mail.*"]},
    ],
)
def test_calls_as_expected(tools: dict[str, Any]) -> None:
    assert judged(**tools) == ()


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        (
            {"turns": 1, "calls": ["orders.refund", "orders.find", "orders.get"]},
            (
                "turn 1: expected exactly these calls, in this order, but orders.find was called before orders.refund; "
                "called were orders.find, orders.get, orders.refund"
            ),
        ),
        (
            {"turns": 1, "calls": ["orders.find", "orders.get"]},
            "turn 1: expected exactly these calls, in this order, but orders.refund was called too, which is not expected",
        ),
        (
            {"order": "subset", "calls": ["tickets.create"]},
            "turns 1-2: expected at least these calls, but tickets.create is missing",
        ),
        (
            {
                "order": "any_order",
                "turns": 1,
                "calls": ["orders.*", "orders.*", {"tool": "orders.refund", "args": {"amount": 90}}],
            },
            "turn 1: expected exactly these calls, but orders.refund was called with amount = 120, expected 90",
        ),
        (
            {"order": "superset", "calls": ["orders.*", "orders.*", "orders.*"]},
            "turns 1-2: expected no calls but these, but mail.send was called too, which is not expected",
        ),
        (
            {"order": "in_order", "calls": ["mail.send", "orders.get"]},
            (
                "turns 1-2: expected these calls in this order, but orders.get was called before mail.send; "
                "called were orders.find, orders.get, orders.refund, mail.send"
            ),
        ),
        ({"never": ["tickets.*", "mail.*"]}, "turns 1-2: mail.send was called, and never should be"),
    ],
)
def test_which_call_is_missing_extra_or_out_of_place(tools: dict[str, Any], said: str) -> None:
    assert judged(**tools) == (f"assert[0] {said}",)
