"""The filter of Trace on the real screen: over all turns, counted, marked, gone through, cleared."""

from pathlib import Path

import pytest

from greenroom.tui.panes.side import Pane, Side
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


def trace(hands: Rehearsing) -> Pane:
    return next(slot.pane for slot in hands.bench.query_one(Side).slots if slot.shown == "Trace")


def kinds(pane: Pane) -> set[str]:
    return {entry.head[1].text.strip() for entry in pane.entries if entry.kind == "row"}


def test_events_of_all_turns_are_found_gone_through_and_let_go(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        bench, pilot = hands.bench, hands.pilot
        await hands.say("What is your return policy for shoes?")
        await hands.say("Hello, my name is Mara and I wear size 42.")
        await hands.pane("Trace")
        pane = trace(hands)
        pane.focus()
        await pilot.pause()
        every = len(pane.entries)
        await pilot.press("slash")
        await pilot.pause()
        row = bench.query_one(Side).sieve
        assert row is not None
        assert row.has_focus
        row.value = "kind:reply"
        await hands.until(lambda: len(pane.entries) < every, "only what is meant is shown")
        assert kinds(pane) == {"reply generated", "reply released"}
        found = [entry.id for entry in pane.entries if entry.kind == "row"]
        assert len(found) == 4, "two turns with two each"
        assert [entry.title for entry in pane.entries if entry.kind == "section"] == ["turn 1", "turn 2"]
        title = pane.parent.query(".slot-title").first().render()  # type: ignore[union-attr]  # it has a slot
        assert f"4 of {len(hands.session.records)} found" in str(title)
        await pilot.press("tab")
        await hands.until(lambda: len(pane.entries) == every, "the others are there too")
        await pilot.press("enter")
        assert pane.has_focus
        pane.select(found[0])
        await pilot.press("n", "n")
        assert pane.selected is not None
        assert pane.selected.id == found[2]
        await pilot.press("N", "N", "N")
        assert pane.selected.id == found[3], "round the ends"
        await pilot.press("a")
        assert bench.scrub.past
        assert bench.scrub.folds.records[-1].seq == int(found[3].partition(":")[2])
        await pilot.press("escape")
        await hands.until(lambda: bench.query_one(Side).sieve is None, "escape clears")
        assert bench.scrub.past, "and goes nowhere"
        assert len(pane.entries) == every

    rehearse(workspace, scene)


def test_what_comes_later_is_searched_as_well_and_hostile_words_find_nothing(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        bench = hands.bench
        await hands.say("What is your return policy for shoes?")
        bench.doing.said('/events "is Mara"')
        await hands.until(lambda: not trace(hands).entries, "nothing is meant yet")
        await hands.session.turn("Hello, my name is Mara and I wear size 42.")
        await hands.until(lambda: "turn started" in kinds(trace(hands)), "what came is searched")
        row = bench.query_one(Side).sieve
        assert row is not None
        for words in ("[/]", "(((", "kind:", '"', "\\", "-", "tool:[a", "\x1b[2J"):
            row.value = words
            await hands.pilot.pause(0.05)

    rehearse(workspace, scene, size=(80, 24))
