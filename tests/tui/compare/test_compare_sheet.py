"""The compare sheet on the workbench: opened over a session and its forks, gone through, picked from, exported from."""

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Static

from greenroom.assembly import fork_session, replay_builder
from greenroom.assembly.variants.lineage import variants
from greenroom.core.events import VariantChosen
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.log.file_log import read_records
from greenroom.tui.compare.rows import CompareRows
from greenroom.tui.compare.sheet import CompareSheet
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.hints import Hints
from greenroom.tui.person import person
from greenroom.tui.rehearsal import Wanted
from greenroom.tui.sheets.export_sheet import ExportSheet
from greenroom.tui.sheets.lists import SessionsSheet
from greenroom.tui.text.runs import plain
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

ASKED = "What is your return policy for shoes?"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    trust(found)
    return found


async def varied(hands: Rehearsing, workspace: Workspace) -> tuple[str, str]:
    """A session of two turns, and a fork of it in which something else was said second."""
    await hands.say(ASKED)
    await hands.say("Where is order 1001?")
    parent = hands.session.id
    at = next(record.seq for record in hands.session.records if record.event.turn == 2) - 1
    child = await fork_session(workspace, parent, at)
    await child.turn("Where is order 1002?")
    await child.aclose()
    return parent, child.id


async def sheet_up(hands: Rehearsing) -> CompareSheet:
    await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "the sheet is up")
    sheet = hands.bench.screen
    assert isinstance(sheet, CompareSheet)
    await hands.until(lambda: sheet.query_one("#compare-body", CompareRows).lines, "the sides are compared")
    return sheet


def body(sheet: CompareSheet) -> str:
    return "\n".join(plain(line) for line in sheet.query_one("#compare-body", CompareRows).lines)


def title(sheet: CompareSheet) -> str:
    return str(sheet.query_one("#compare-title", Static).render())


async def press_v(hands: Rehearsing) -> None:
    hands.bench.query_one("#conversation", Transcript).focus()
    await hands.pilot.press("v")


@pytest.mark.parametrize("size", [(60, 14), (80, 24), (140, 40)])
def test_a_fork_beside_its_parent(workspace: Workspace, size: tuple[int, int]) -> None:
    async def scene(hands: Rehearsing) -> None:
        parent, child = await varied(hands, workspace)
        assert variants(workspace, parent) == [child]
        assert variants(workspace, child) == [parent]
        await press_v(hands)
        sheet = await sheet_up(hands)
        assert "turn 2 differs" in title(sheet)
        assert "1 turn before" in title(sheet)
        assert ASKED not in body(sheet)
        assert "order 1001" in body(sheet)
        await hands.pilot.press("right")
        assert sheet.chosen.session == child
        assert "order 1002" in body(sheet)
        marked = body(sheet)
        await hands.pilot.press("d", "j", "space", "home", "up", "down")
        assert body(sheet) == marked
        await hands.pilot.press("escape")
        await hands.until(lambda: hands.bench.screen is not sheet, "it is left")
        assert hands.session.id == parent

    rehearse(workspace, scene, size=size)


def test_the_picked_one_becomes_the_open_session(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        parent, child = await varied(hands, workspace)
        hands.bench.doing.do("compare")
        await sheet_up(hands)
        await hands.pilot.press("right", "p")
        await hands.until(
            lambda: hands.bench.rehearsal.session and hands.session.id == child, "the picked session is open"
        )
        assert "order 1002" in hands.conversation
        await hands.until(lambda: hands.events("variant_chosen"), "the log of the winner says so")
        (chosen,) = hands.events("variant_chosen")
        assert isinstance(chosen, VariantChosen)
        assert (chosen.over, chosen.by) == ((parent,), person())
        await hands.say("Thanks")
        assert len(hands.events("variant_chosen")) == 1

    rehearse(workspace, scene)
    records = [
        read_records(path) for path in sorted(workspace.sessions.glob("*.jsonl"), key=lambda path: path.stat().st_size)
    ]
    assert sum(record.event.kind == "variant_chosen" for log in records for record in log) == 1
    build = replay_builder(workspace, trusted=True)
    (winner,) = [log for log in records if any(record.event.kind == "variant_chosen" for record in log)]
    assert asyncio.run(replay(build(LogRecording(winner)), winner)).same


def test_a_side_is_kept_as_a_fixture_and_the_sheet_stays(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await varied(hands, workspace)
        hands.bench.doing.do("compare")
        sheet = await sheet_up(hands)
        await hands.pilot.press("right", "x")
        await hands.until(lambda: isinstance(hands.bench.screen, ExportSheet), "the export is asked for")
        export = hands.bench.screen
        assert isinstance(export, ExportSheet)
        await hands.until(lambda: export.list.entries, "the preview is made")
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.bench.exported, "it is written")
        await hands.until(lambda: hands.bench.screen is sheet, "the sheet is there again")
        await hands.until(lambda: "written: fixtures/" in str(sheet.query_one(Hints).render()), "it says where it lies")
        assert "replays: passed" in str(sheet.query_one(Hints).render())
        await hands.pilot.press("escape")

    before = set(workspace.fixtures.glob("*.tape.jsonl"))
    rehearse(workspace, scene)
    (tape,) = set(workspace.fixtures.glob("*.tape.jsonl")) - before
    assert "Where is order 1002?" in tape.read_text()


def test_without_variants_it_asks_with_which(workspace: Workspace) -> None:
    first: list[str] = []

    async def alone(hands: Rehearsing) -> None:
        await hands.say(ASKED)
        first.append(hands.session.id)
        hands.bench.doing.do("compare")
        await hands.pilot.pause(0.3)
        assert not isinstance(hands.bench.screen, SessionsSheet | CompareSheet)

    async def beside(hands: Rehearsing) -> None:
        await hands.say("Where is order 1001?")
        hands.bench.doing.do("compare")
        await hands.until(lambda: isinstance(hands.bench.screen, SessionsSheet), "it asks")
        await hands.pilot.press("enter")
        sheet = await sheet_up(hands)
        assert [side.session for side in (sheet._sides)] == [hands.session.id, first[0]]
        await hands.pilot.press("escape")
        hands.bench.doing.do("compare", "nowhere")
        await hands.until(lambda: "there is no session nowhere" in hands.conversation, "a wrong name is a line")

    rehearse(workspace, alone)
    rehearse(workspace, beside, wanted=Wanted(latest=False))
