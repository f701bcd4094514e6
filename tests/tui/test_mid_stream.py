"""A turn ended while its reply streams, by the kill switch and by escape, and taken up again.

The model speaks for minutes, and only once, so that nothing but the person ends the turn, however slow the machine is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from greenroom.assembly import open_session
from greenroom.tui.sheets.stop_sheet import StopSheet
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk

LONG_WINDED = f"""[[rule]]
id    = "long-winded"
times = 1
when  = {{ user = "return policy" }}
text  = "{"well, let me see, " * 2_500}"

"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    script = found.root / "scripts" / "helpdesk.toml"
    text = script.read_text(encoding="utf-8")
    first = text.index("[[rule]]")
    script.write_text(text[:first] + LONG_WINDED + text[first:], encoding="utf-8")
    trust(found)
    return found


def while_it_speaks(workspace: Workspace, scene: Callable[[Rehearsing], Awaitable[None]]) -> None:
    """Ask, play the scene once the reply streams, go on with the turn and see it end with the other words."""

    async def slow(workspace: Workspace, **wanted: str) -> object:
        return await open_session(workspace, trusted=True)

    bench = Workbench(workspace, opener=slow, trusting=False)  # type: ignore[arg-type]  # takes what it is given

    async def run() -> None:
        async with bench.run_test(size=(80, 24)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: not bench.opening, "opening ends")
            bench.doing.said("What is your return policy for shoes?")
            await hands.until(lambda: "Aria" in hands.conversation.splitlines(), "the model speaks")
            await scene(hands)
            assert not hands.events("reply_released")
            bench.doing.said("/resume")
            await hands.until(lambda: hands.events("turn_finished"), "it ends")
            assert "30 days" in hands.conversation
            assert "unfinished" not in hands.conversation
            bench.doing.do("quit")
            await hands.until(lambda: bench.rehearsal.session is None, "closed")

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_turn_is_stopped_while_it_streams(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.pilot.press("ctrl+x", "ctrl+k")
        await hands.until(lambda: isinstance(hands.bench.screen, StopSheet), "the sheet of the kill switch is up")
        await hands.until(lambda: hands.bench.screen.focused is not None, "its list has the keys")
        await hands.pilot.press("enter")
        await hands.until(lambda: hands.events("turn_interrupted"), "the turn is interrupted")
        await hands.pilot.press("escape")
        hands.bench.doing.said("/lift all is well")
        await hands.until(lambda: not hands.bench.watching.stops, "it is lifted")

    while_it_speaks(workspace, scene)


def test_a_turn_can_be_interrupted_and_taken_up_again(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.pilot.press("escape")
        await hands.until(lambda: hands.events("turn_interrupted"), "it is interrupted")
        await hands.until(lambda: "/resume goes on" in hands.conversation, "what to do is said")

    while_it_speaks(workspace, scene)
