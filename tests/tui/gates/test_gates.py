"""Gates and breakpoints on the screen: what the bar says, the sheet of each gate, and the keys, at two sizes."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from greenroom.core.events import GatePassed, GatePaused
from greenroom.tui.gates.bar import GateBar
from greenroom.tui.gates.breakpoints_sheet import BreakSheet
from greenroom.tui.gates.rows import RowsSheet
from greenroom.tui.gates.text import GateText, TextSheet
from greenroom.tui.rehearsal import Wanted
from greenroom.workspace.breakpoint_file import saved
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, rehearse, workspace

__all__ = ["workspace"]
REFUND = "Please refund 20 EUR for order 1001, it arrived late. I wear size 42."
AT_REFUND = 'tool.name == "orders.refund"'
SIZES = pytest.mark.parametrize("size", [(80, 24), (140, 40)])


async def at(hands: Rehearsing, gate: str) -> str:
    """Wait for a gate; what the bar says there."""
    bar = hands.bench.query_one(GateBar)
    await hands.until(lambda: bar.step.endswith(f"gate:{gate}"), f"it waits at {gate}")
    return bar.render().plain


async def sheet(hands: Rehearsing, kind: type[Any], *keys: str) -> Any:
    await hands.pilot.press(*keys)
    await hands.until(lambda: isinstance(hands.bench.screen, kind), f"{kind.__name__} is shown")
    await hands.until(lambda: hands.bench.screen.focused is not None, "it has the focus")
    await hands.pilot.pause()
    return hands.bench.screen


def problem(hands: Rehearsing, where: str = "#gate-problem") -> str:
    return str(hands.bench.screen.query_one(where, Static).content)


def passed(hands: Rehearsing) -> list[tuple[str, str, Any]]:
    events = [e for e in hands.events("gate_passed") if isinstance(e, GatePassed)]
    return [(e.step.partition("gate:")[2], e.action, e.edit) for e in events if e.action not in ("continue", "step")]


async def _edit_the_result(hands: Rehearsing) -> None:
    press = hands.pilot.press
    await at(hands, "tool:c1")
    await press("f5")
    assert "orders.get came back" in await at(hands, "result:c1")
    await sheet(hands, TextSheet, "ctrl+x", "e")
    assert hands.bench.screen.query_one(GateText).selected_text == "Birkenweg 3, 20095 Hamburg, DE"  # the first value
    hands.bench.screen.query_one(GateText).load_text('{"order_id": 1001, "total": ')
    await press("ctrl+y")
    assert "not JSON" in problem(hands)
    hands.bench.screen.query_one(GateText).load_text('{"order_id": 1001, "total": 9}')
    await press("ctrl+y")
    await at(hands, "prompt:2")
    await press("f5")
    hands.bench.doing.said("/mode run")
    await hands.rest()


@SIZES
def test_every_gate_of_a_turn_is_shown_and_edited_with_its_own_sheet(
    workspace: Workspace, size: tuple[int, int]
) -> None:
    async def scene(hands: Rehearsing) -> None:
        press = hands.pilot.press
        hands.bench.doing.said(REFUND)
        said = await at(hands, "input")
        assert said.startswith("‖ input your words go in: Please refund") and "f8 step" in said
        await press("f5")
        await at(hands, "recall")
        await press("f8")
        assert "6 of 24 passages: refunds.md#" in await at(hands, "retrieve")
        shown = await hands.pane("Retrieval")
        assert "would be given: 6 of 24" in shown and "would be left out: 18" in shown and "not chosen" not in shown
        rows = await sheet(hands, RowsSheet, "ctrl+x", "e")
        first = rows.list.entries[0].plain
        await press("space", "down", "K", "e")  # the first is left out, the second goes before it and is edited
        await sheet(hands, TextSheet)
        hands.bench.screen.query_one(GateText).load_text("Late parcels are refunded with [bold]10 EUR[/bold].")
        await press("ctrl+y")
        await hands.until(lambda: hands.bench.screen is rows, "the text is kept")
        assert first not in rows.list.entries[0].plain and "edited" in rows.list.entries[0].plain
        await press("ctrl+y")
        await at(hands, "prompt:1")
        rows = await sheet(hands, RowsSheet, "ctrl+x", "e")
        assert [entry.id for entry in rows.list.entries] == ["system:1", "voice:1", "passages:1", "input:1"]
        assert "[bold]10 EUR[/bold]" in rows.list.entries[2].plain
        await press("down", "down", "down", "space")
        assert "cannot be left out" in problem(hands)
        await press("up", "up", "space", "ctrl+y")  # the voice is left out of this one call
        await _edit_the_result(hands)
        [recall, prompt, result] = passed(hands)
        assert recall[:2] == ("retrieve", "edit") and len(recall[2]) == 5
        assert "10 EUR" in recall[2][0]["text"]
        assert prompt == ("prompt:1", "edit", [{"source": "voice", "at": 1, "text": None}])
        assert result[2]["output"] == {"order_id": 1001, "total": 9}
        shown = await hands.pane("Retrieval")
        assert "at the gate" in shown and "kept 5 of 24" in shown and "would be" not in shown
        assert "done, edited" in await hands.pane("Tools")

    rehearse(workspace, scene, size=size, wanted=Wanted(mode="step", latest=False))


@SIZES
def test_a_breakpoint_stops_a_call_which_is_edited_simulated_or_skipped(
    workspace: Workspace, size: tuple[int, int]
) -> None:
    async def scene(hands: Rehearsing) -> None:
        press = hands.pilot.press
        hands.bench.doing.said(REFUND)
        said = await at(hands, "tool:c2")
        assert "orders.refund amount=20" in said and f"● {AT_REFUND}"[:20] in said
        await sheet(hands, TextSheet, "ctrl+x", "e")
        area = hands.bench.screen.query_one(GateText)
        area.load_text('{"order_id": 1001, "amount": "much", "reason": "late"}')
        await press("ctrl+y")
        assert "amount must be" in problem(hands)
        area.load_text('{"order_id": 1001, "amount": 15, "reason": "late"}')
        await press("ctrl+y")
        await hands.until(lambda: hands.card.question is not None, "policy asks about it anew")
        assert hands.events("tool_started")[-1].tool == "orders.get"  # type: ignore[attr-defined]  # a tool event
        await hands.answer("ctrl+n", "Not today.")
        await hands.rest()
        await hands.say(REFUND)
        await at(hands, "tool:c4")
        await sheet(hands, TextSheet, "ctrl+x", "S")
        assert "status" in hands.bench.screen.query_one(GateText).text
        await press(*'{"refunded":20}')  # in the place of the example
        assert hands.bench.screen.query_one(GateText).text == '{"refunded":20}'
        await press("ctrl+y")
        await hands.rest()
        await hands.say(REFUND)
        await at(hands, "tool:c6")
        await press("ctrl+x", "K")
        await hands.rest()
        assert [one[:2] for one in passed(hands)] == [("tool:c2", "edit"), ("tool:c4", "simulate"), ("tool:c6", "skip")]
        [shown] = {e.condition for e in hands.events("gate_paused") if isinstance(e, GatePaused)}
        assert shown == AT_REFUND and AT_REFUND in await hands.pane("Trace")

    rehearse(workspace, scene, size=size, wanted=Wanted(breaks=(AT_REFUND,), latest=False))


def test_breakpoints_are_added_switched_and_removed_on_their_sheet_and_kept(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        press = hands.pilot.press
        shown = await sheet(hands, BreakSheet, "ctrl+x", "B")
        assert AT_REFUND in shown.list.entries[1].plain  # an example
        await press(*"turn", "space", *"= 3", "enter")
        assert "no operator" in problem(hands, "#break-problem")
        await press("backspace", "backspace", "backspace", *"== 3".replace(" ", ""), "enter")
        await hands.until(lambda: saved(workspace), "it is kept")
        assert [one.when for one in saved(workspace)] == ["turn ==3"]
        await press("tab", "space")
        await hands.until(lambda: not saved(workspace)[0].on, "it is off")
        await press("d")
        await hands.until(lambda: not saved(workspace), "it is gone")
        await press("escape")
        hands.bench.doing.said("/break gate == 'output'")
        await hands.say("What is your return policy for shoes?")
        assert "● gate == 'output'" in await at(hands, "output")
        await press("f5")
        await hands.rest()
        hands.bench.doing.do("step")
        await hands.say("What is your return policy for shoes?")
        await at(hands, "input")
        hands.bench.doing.do("abandon")
        await hands.rest()
        (workspace.state / "breakpoints.toml").write_text("[[breakpoint]]\nwhen = 3\n")
        hands.bench.doing.said("/break turn == 9")
        assert [one.when for one in hands.session.gates.breakpoints.all][-1] == "turn == 9"

    rehearse(workspace, scene, wanted=Wanted(latest=False))
    assert (workspace.state / "breakpoints.toml").read_text() == "[[breakpoint]]\nwhen = 3\n"


def test_a_session_that_rests_at_a_gate_waits_there_again_when_it_is_opened(workspace: Workspace) -> None:
    async def first(hands: Rehearsing) -> None:
        hands.bench.doing.said(REFUND)
        await at(hands, "tool:c2")

    async def second(hands: Rehearsing) -> None:
        assert AT_REFUND[:20] in await at(hands, "tool:c2")
        await hands.pilot.press("ctrl+x", "K")
        await hands.rest()
        assert len(hands.events("gate_paused")) == 1

    rehearse(workspace, first, wanted=Wanted(breaks=(AT_REFUND,), latest=False))
    rehearse(workspace, second)


def opened(hands: Rehearsing) -> str:
    session = hands.bench.rehearsal.session
    return session.id if session else ""


def test_a_fork_at_a_gate_waits_there_and_so_does_the_session_it_left(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.said("/break gate == 'prompt'")
        await hands.say("hello")
        await at(hands, "prompt:1")
        parent = hands.session.id
        path = workspace.sessions / f"{parent}.jsonl"
        await hands.pilot.press("ctrl+x", "F")
        await hands.until(lambda: opened(hands) not in ("", parent), "the branch is open")
        await hands.until(hands.session.waiting_gate, "it waits there too")
        await at(hands, "prompt:1")
        before = path.read_bytes()
        await hands.pilot.press("f5")
        await hands.until(lambda: hands.events("turn_finished"), "the branch came to its end")
        assert path.read_bytes() == before
        hands.bench.doing.variants.open(parent)
        await hands.until(lambda: opened(hands) == parent, "the parent is open again")
        await at(hands, "prompt:1")
        assert not hands.events("turn_finished")

    rehearse(workspace, scene, wanted=Wanted(latest=False))
