"""Hostile text in every sheet and pane of the debugger: nothing crashes, and nothing of it reaches the terminal raw."""

import re

from greenroom.tui.branches.rerun_sheet import RerunSheet
from greenroom.tui.branches.tree_sheet import TreeSheet
from greenroom.tui.compare.sheet import CompareSheet
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import EVIL
from tests.hostile.test_terminal import evil_shop
from tests.tui.rehearsing import Rehearsing, rehearse

__all__ = ["evil_shop"]
OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")


def painted(hands: Rehearsing) -> str:
    """What stands on the screen, as the terminal is given it."""
    return "\n".join(strip.text for strip in map(hands.bench._guard, hands.bench.screen._compositor.render_strips()))


def test_no_sheet_of_the_debugger_paints_hostile_text_raw(evil_shop: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        async def seen(what: str) -> None:
            await hands.pilot.pause()
            found = OBEYED.search(painted(hands).replace("\n", " "))
            assert found is None, (what, ascii(painted(hands)[:300]))

        hands.bench.doing.variants.instant = True
        await hands.say(f"hello {EVIL}")
        await hands.pilot.press("ctrl+r")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        await seen("compare")
        await hands.pilot.press("escape")
        await hands.pilot.press("ctrl+x", "T")
        await hands.until(lambda: isinstance(hands.bench.screen, TreeSheet), "the tree is there")
        await seen("tree")
        await hands.pilot.press("escape")
        await hands.pilot.press("ctrl+x", "R")
        await hands.until(lambda: isinstance(hands.bench.screen, RerunSheet), "the sheet is there")
        await seen("rerun")
        await hands.pilot.press("escape")
        for pane in ("Prompt", "Trace", "Retrieval"):
            await hands.pane(pane)
            await seen(pane)
        await hands.pilot.press("ctrl+x", "W")
        await seen("what-if")

    rehearse(evil_shop, scene)
