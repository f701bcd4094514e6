"""The sheet of sessions: families stand together, a branch says what it is, and what was opened for nothing is gone."""

from __future__ import annotations

import pytest

from greenroom.assembly import sessions
from greenroom.tui.branches.words_sheet import WordsSheet
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.painter import INDENT
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.rehearsal import Wanted
from greenroom.tui.sheets.lists import LinesSheet, SessionsSheet
from greenroom.tui.text.runs import plain
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, rehearse, workspace

__all__ = ["workspace"]
SIZES = pytest.mark.parametrize("size", [(80, 24), (140, 40)])


async def ready(hands: Rehearsing) -> str:
    await hands.until(lambda: hands.bench.rehearsal.session is not None and not hands.bench.opening, "it is open")
    await hands.pilot.pause()
    return hands.session.id


@SIZES
def test_a_fork_stands_below_its_parent_and_says_where_it_left_it(workspace: Workspace, size: tuple[int, int]) -> None:
    async def scene(hands: Rehearsing) -> None:
        parent = await ready(hands)
        await hands.say("Hello there")
        await hands.say("Where is order 1001?")
        conversation = hands.bench.query_one("#conversation", Transcript)
        conversation.focus()
        conversation.select("2:person")
        await hands.pilot.press("f")
        await hands.until(lambda: isinstance(hands.bench.screen, WordsSheet), "the words are there")
        hands.bench.screen.query_one(Composer).put("Where is order 1002?")
        await hands.pilot.press("enter")
        await hands.until(lambda: hands.session.id != parent and len(hands.events("turn_finished")) == 2, "it was said")
        child = await ready(hands)
        await hands.pilot.press("ctrl+x", "s")
        await hands.until(lambda: isinstance(hands.bench.screen, SessionsSheet), "the sessions are shown")
        sheet = hands.bench.screen
        assert isinstance(sheet, SessionsSheet)
        await hands.until(lambda: sheet.list.selected is not None, "one is selected")
        rows = [entry for entry in sheet.list.entries if entry.kind == "row"]
        assert [entry.id for entry in rows] == [parent, child]
        assert (
            "└─" in rows[1].plain
            and "turn 2: forked  Where is order 1002?" in rows[1].plain
            and "here" in rows[1].plain
        )
        assert "└─" not in rows[0].plain and "forked" not in rows[0].plain
        assert sheet.list.selected is not None and sheet.list.selected.id == child
        await hands.pilot.press("escape")

    rehearse(workspace, scene, size=size, wanted=Wanted(latest=False))


def test_a_session_that_was_opened_and_left_is_not_kept_and_one_with_a_word_in_it_is(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        first = await ready(hands)
        hands.bench.doing.sheets.new_session()
        await hands.until(lambda: hands.bench.rehearsal.session and hands.session.id != first, "another is open")
        second = await ready(hands)
        assert [one.id for one in sessions(workspace)] == [second]
        await hands.say("Hello there")
        hands.bench.doing.sheets.new_session()
        await hands.until(lambda: hands.bench.rehearsal.session and hands.session.id != second, "a third is open")
        await ready(hands)
        await hands.bench.rehearsal.close()
        assert [(one.id, one.turns) for one in sessions(workspace)] == [(second, 1)]

    rehearse(workspace, scene, wanted=Wanted(latest=False))


@SIZES
def test_a_line_that_is_longer_than_the_sheet_goes_on_below_and_fits_again_when_it_is_resized(
    workspace: Workspace, size: tuple[int, int]
) -> None:
    said = "    anchored " + " ".join(f"record-{n}" for n in range(30))

    async def scene(hands: Rehearsing) -> None:
        await ready(hands)
        sheet = LinesSheet("The log", ["sound: 3 records", said])
        hands.bench.push_screen(sheet)
        for wide, high in (size, (60, 20), (150, 45)):
            await hands.pilot.resize_terminal(wide, high)
            await hands.pilot.pause()
            rows = [plain(entry.head) for entry in sheet.list.entries]
            assert " ".join(" ".join(rows).split()) == " ".join(f"sound: 3 records {said}".split())
            assert max(map(len, rows)) <= sheet.list.scrollable_content_region.width - INDENT
            assert (
                rows[0] == "sound: 3 records" and rows[1].startswith("    anchored") and rows[2].startswith("      rec")
            )
        await hands.pilot.press("escape")

    rehearse(workspace, scene, size=size, wanted=Wanted(latest=False))
