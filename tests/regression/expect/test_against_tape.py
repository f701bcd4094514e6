"""The calls of a run beside those of its tape, under a case's `match`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.case import CaseMatch
from greenroom.regression.expect import trajectory_problems
from greenroom.regression.tape.tape import Line


def matched(order: str = "strict", **args: str) -> CaseMatch:
    return CaseMatch.model_validate({"order": order, "args": args})


def turn(number: int, words: str, *replies: list[tuple[str, dict[str, Any], Any]]) -> list[Line]:
    """A turn whose replies make these calls, with what they return."""
    lines: list[Line] = [{"turn": number, "user": words}]
    count = 0
    for place, calls in enumerate(replies, 1):
        named = [(f"c{count + n}", *call) for n, call in enumerate(calls, 1)]
        count += len(calls)
        told = [{"id": call, "tool": tool, "args": args} for call, tool, args, _ in named]
        lines.append({"reply": place, "calls": told, "tokens": [1, 1]})
        lines += [
            {"result": call, "tool": tool, "status": "done", "ran": True, "output": output}
            for call, tool, _, output in named
        ]
    return [*lines, {"reply": len(replies) + 1, "text": "Done.", "tokens": [1, 1]}, {"finish": "answered"}]


def shop(ticket: str, order_id: int, amount: int = 90, note: str = "late", *, asked: int = 1001) -> list[Line]:
    """A ticket is opened, an order looked up, and both are passed on: in the same turn, and in the next."""
    return [
        *turn(
            1,
            f"Order {asked} is late",
            [
                ("orders.find", {"order_id": asked}, {"order_id": order_id, "left": amount}),
                ("tickets.create", {"note": note}, {"ticket": ticket}),
            ],
            [("orders.refund", {"order_id": order_id, "amount": amount}, {"ok": True})],
        ),
        *turn(
            2, "And now?", [("mail.send", {"text": f"See {ticket}."}, None), ("tickets.get", {"ticket": ticket}, {})]
        ),
    ]


TAPE = shop("T-0001", 77001)


@pytest.mark.parametrize("order", ["strict", "in_order", "any_order", "subset", "superset"])
def test_ids_that_a_result_brought_in_are_followed(order: str) -> None:
    assert trajectory_problems(matched(order), TAPE, TAPE) == ()
    assert trajectory_problems(matched(order), TAPE, shop("T-0815", 88002)) == ()


def test_an_id_is_only_followed_where_the_run_has_its_own() -> None:
    run = shop("T-0815", 77001)
    stuck = [
        {**line, "calls": [{"id": "c2", "tool": "tickets.get", "args": {"ticket": "T-0001"}}]}
        if line == run[9]
        else line
        for line in run
    ]
    assert any("T-0001" in str(line) for line in stuck)
    found = trajectory_problems(matched(), TAPE, stuck)
    assert len(found) == 1
    assert 'tickets.get was called with ticket = "T-0001", expected "T-0815"' in found[0]


def test_what_one_turn_brought_in_is_followed_in_the_next() -> None:
    def run(opened: str, closed: str) -> list[Line]:
        first = turn(1, "x", [("tickets.create", {}, {"ticket": opened})])
        return [*first, *turn(2, "y", [("tickets.close", {"ticket": closed}, None)])]

    assert trajectory_problems(matched(), run("T-1", "T-1"), run("T-2", "T-2")) == ()
    assert trajectory_problems(matched(), run("T-1", "T-1"), run("T-2", "T-1")) != ()


def test_what_the_person_named_is_no_id_to_follow() -> None:
    """1001 stood in the person's words, so that another order's number is another argument."""
    tape, run = shop("T-1", 1001), shop("T-1", 1002)
    found = trajectory_problems(matched(), tape, run)
    assert found == (
        (
            "turn 1: by its tape there are exactly these calls, in this order, but orders.refund was called "
            "with order_id = 1002, expected 1001"
        ),
    )


@pytest.mark.parametrize(
    ("match", "run", "said"),
    [
        (matched(), shop("T-0001", 77001, 91), "orders.refund was called with amount = 91, expected 90"),
        (
            matched(),
            shop("T-0001", 77001, note="soon"),
            'tickets.create was called with note = "soon", expected "late"',
        ),
        (matched(**{"tickets.*": "ignore"}), shop("T-0001", 77001, note="soon"), ""),
        (
            matched(**{"*": "ignore", "tickets.create": "exact"}),
            shop("T-0001", 77001, note="soon"),
            "tickets.create was",
        ),
        (matched(), TAPE[:8], "turn 2 is on the tape, and none of this run came to an end"),
        (matched(), [*TAPE, *turn(3, "x")], "turn 3 is not on the tape"),
        (None, [], ""),
    ],
)
def test_what_the_match_allows(match: CaseMatch | None, run: list[Line], said: str) -> None:
    found = trajectory_problems(match, TAPE, run)
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_more_or_fewer_arguments_are_as_the_tool_says() -> None:
    tape = turn(1, "x", [("knowledge.search", {"query": "a", "top": 3}, None)])
    more = turn(1, "x", [("knowledge.search", {"query": "a", "top": 3, "lang": "en"}, None)])
    fewer = turn(1, "x", [("knowledge.search", {"query": "a"}, None)])
    assert trajectory_problems(matched(**{"knowledge.search": "subset"}), tape, more) == ()
    assert trajectory_problems(matched(**{"knowledge.search": "superset"}), tape, fewer) == ()
    assert (
        "with more arguments: lang" in trajectory_problems(matched(**{"knowledge.search": "superset"}), tape, more)[0]
    )
    assert "without the argument top" in trajectory_problems(matched(**{"knowledge.search": "subset"}), tape, fewer)[0]
    assert "with more arguments: lang" in trajectory_problems(matched(), tape, more)[0]


IDS = st.integers(1_000_000, 9_999_999)


@given(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=4, unique_by=(lambda p: p[0], lambda p: p[1])), st.data())
def test_a_consistent_renaming_is_followed_and_one_slip_is_not(
    pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    old, new = [f"T-{a}" for a, _ in pairs], [f"U-{b}" for _, b in pairs]

    def run(ids: list[str], passed: list[str]) -> list[Line]:
        opened = [("tickets.create", {"n": n}, {"ticket": one}) for n, one in enumerate(ids)]
        return turn(1, "x", opened, [("tickets.close", {"ticket": one}, None) for one in passed])

    assert trajectory_problems(matched("any_order"), run(old, old), run(new, new)) == ()
    slip = data.draw(st.integers(0, len(new) - 1))
    wrong = [*new[:slip], "U-1", *new[slip + 1 :]]
    assert trajectory_problems(matched("any_order"), run(old, old), run(new, wrong)) != ()
