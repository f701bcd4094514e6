"""The Prompt pane: each model call of a turn, its size, what was left out, a diff, and the request on the clipboard."""

import json
from pathlib import Path

import pytest

from greenroom.tui.panes.side import Side
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    trust(found)
    return found


def shown(hands: Rehearsing) -> str:
    slot = next(slot for slot in hands.bench.query_one(Side).slots if slot.shown == "Prompt")
    return "\n".join(f"{entry.plain} {entry.aside}" for entry in slot.pane.entries)


async def opened(hands: Rehearsing) -> None:
    await hands.say("hello")
    await hands.say("where is my order 1001?")
    await hands.pane("Prompt")
    hands.bench.query_one(Side).open("Prompt").pane.focus()
    await hands.pilot.pause()


def test_each_call_of_a_turn_is_looked_at_by_itself(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await opened(hands)
        assert "call 2 of 2: 8 messages, as sent" in shown(hands)
        assert "counted" in shown(hands)
        assert "not sent: " in shown(hands)
        assert "better ones" in shown(hands)
        await hands.pilot.press("less_than_sign")
        await hands.until(lambda: "call 1 of 2: 6 messages, as sent" in shown(hands), "the call before")
        await hands.pilot.press("less_than_sign")
        await hands.pilot.press("greater_than_sign")
        await hands.until(lambda: "call 2 of 2" in shown(hands), "and back")
        await hands.pilot.press("left")
        await hands.until(lambda: "3 messages, as sent" in shown(hands), "another turn has calls of its own")

    rehearse(workspace, scene, size=(80, 24))


def test_a_call_is_set_against_the_one_before_and_against_the_disk(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await opened(hands)
        await hands.pilot.press("equals_sign")
        await hands.until(lambda: "against call 1" in shown(hands), "the call before")
        assert "6 the same" in shown(hands)
        assert shown(hands).count("+  tool") == 2
        await hands.pilot.press("less_than_sign")
        await hands.until(lambda: "against turn 1" in shown(hands), "the turn before")
        await hands.pilot.press("equals_sign")
        await hands.until(lambda: "the very same request" in shown(hands), "the disk is the same")
        prompt = workspace.personas / "aria" / "prompt.md"
        prompt.write_text(prompt.read_text(encoding="utf-8").replace("small shop", "tiny shop"), encoding="utf-8")
        await hands.until(lambda: "[-small-]{+tiny+}" in shown(hands), "what was saved is set against it")
        await hands.pilot.press("equals_sign")
        await hands.until(lambda: "call 1 of 2" in shown(hands), "the call alone again")

    rehearse(workspace, scene)


def test_the_request_goes_to_the_clipboard(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await opened(hands)
        await hands.pilot.press("y")
        await hands.until(lambda: hands.bench.clipboard.startswith("{"), "it is copied")
        body = json.loads(hands.bench.clipboard)
        assert [one["role"] for one in body["messages"]][-2:] == ["assistant", "tool"]
        await hands.pilot.press("ctrl+x", "U")
        await hands.until(lambda: hands.bench.clipboard.startswith("{"), "a scripted model has no address")

    rehearse(workspace, scene)


def test_in_the_past_it_is_the_request_as_of_then(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await opened(hands)
        records = hands.session.records
        first = next(r for r in records if r.event.kind == "reply_generated" and r.event.turn == 2)
        hands.bench.doing.do("event_at", str(first.seq - 1))
        await hands.until(lambda: "6 messages, due" in shown(hands), "before the reply the first call is due")
        hands.bench.doing.do("event_at", str(first.seq))
        await hands.until(lambda: "6 messages, as sent" in shown(hands), "with it, it was sent")
        hands.bench.doing.do("now")
        await hands.until(lambda: "call 2 of 2" in shown(hands), "now there are two")

    rehearse(workspace, scene)
