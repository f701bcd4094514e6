"""What a held line is about is found among the lines before it."""

from __future__ import annotations

import pytest

from greenroom.core.events import ApprovalGiven, Event, GatePassed, ToolStarted
from greenroom.regression.replay.answers import Key
from greenroom.regression.replay.placeholders.decided import decided
from greenroom.regression.tape.tape import Line

LINES: dict[Key, Line] = {
    (ToolStarted, "t2/tool:c1"): {"tool": "orders.refund", "args": {"amount": 1}},
    (GatePassed, "t2/gate:tool:c1"): {"edit": {"amount": 2}},
}


def edited(asked: str, amount: int) -> tuple[Key, Event]:
    step = f"t2/ask:{asked}"
    given = ApprovalGiven(step=step, turn=2, call="c1", decision="edit", approver="tape", arguments={"amount": amount})
    return (ApprovalGiven, step), given


@pytest.mark.parametrize(
    ("of", "events", "amount"),
    [
        ("c1", (), 1),
        ("c1.gate", (), 2),
        ("c1.1", (edited("c1", 3),), 3),
        ("c1.1", (edited("c1.gate", 4),), 4),
        ("c1.2", (edited("c1", 3), edited("c1.1", 5)), 5),
    ],
)
def test_it_is_about_the_call_or_the_edit_before_it(
    of: str, events: tuple[tuple[Key, Event], ...], amount: int
) -> None:
    assert decided(of, 2, LINES, dict(events)) == ("orders.refund", {"amount": amount})


@pytest.mark.parametrize("of", ["c9", "c1.1", "c1.x", "c1.3"])
def test_what_no_line_has_is_an_error(of: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        decided(of, 2, LINES, {})
