"""Looking back through a session: every pane as it was, nothing done, nothing written, the way back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.events import Record
from greenroom.core.signals import TextArrived
from greenroom.engine.contract import Contract
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.folds import Folds
from greenroom.tui.frame.header import Header
from greenroom.tui.panes.made import Panes
from greenroom.tui.panes.side import NAMES, Side
from greenroom.tui.travel.bar import Position, ScrubBar, bar_row
from greenroom.views.fold import Fold, fold_all
from greenroom.views.people import approvals, dead_letters, fatigue, grants
from greenroom.views.prompt import transcript as sent
from greenroom.views.travel.grown import EVERY
from greenroom.views.turns import conversation as talked
from greenroom.views.turns import memory as kept
from greenroom.views.turns import retrieval as found
from greenroom.views.turns import tools as called
from greenroom.views.turns import usage as used
from greenroom.views.turns import verdicts as decided
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

REFUND = "I want a refund of 120 EUR for order 1001"
SHOES = "What is your return policy for shoes?"
VIEWS: dict[str, tuple[Fold[Any], Any]] = {
    "conversation": (talked.fold, talked.EMPTY),
    "memory": (kept.fold, kept.EMPTY),
    "retrieval": (found.fold, found.EMPTY),
    "verdicts": (decided.fold, decided.EMPTY),
    "approvals": (approvals.fold, approvals.EMPTY),
    "tools": (called.fold, called.EMPTY),
    "transcript": (sent.fold, sent.EMPTY),
    "usage": (used.fold, used.EMPTY),
    "grants": (grants.fold, grants.EMPTY),
    "letters": (dead_letters.fold, dead_letters.EMPTY),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Record], Contract]:
    """A session with everything a pane shows: a memory, passages, an approved refund, a mask, a turn given up."""
    kept: list[tuple[list[Record], Contract]] = []

    async def scene(hands: Rehearsing) -> None:
        await hands.say("Hello, my name is Mara and I wear size 42.")
        await hands.say(REFUND)
        await hands.answer("ctrl+y")
        await hands.rest()
        await hands.say("My card is 4111 1111 1111 1111, can you repeat it?")
        await hands.say(REFUND)
        hands.session.cancel()
        await hands.until(lambda: not hands.session.running, "the turn stopped")
        hands.bench.doing.do("abandon", "enough")
        for _ in range(3):
            await hands.say(SHOES)
        kept.append((list(hands.session.records), hands.session.contract))

    rehearse(helpdesk(tmp_path_factory.mktemp("recorded")), scene)
    assert len(kept[0][0]) > 2 * EVERY
    return kept[0]


def test_the_views_as_of_every_event_are_the_folds_of_the_records_until_then(
    recorded: tuple[list[Record], Contract],
) -> None:
    records, _ = recorded
    folds = Folds(records)
    folds.grow()
    for place in range(len(records)):
        until = records[: place + 1]
        past, alone = folds.as_of(place), Folds(until)
        for name, (fold, empty) in VIEWS.items():
            assert getattr(past, name) == fold_all(fold, empty, until), (name, place)
        assert past.fatigue == fatigue.measure(fold_all(fatigue.fold, fatigue.EMPTY, until).given)
        seen = ("records", "opened", "contract", "mode", "autonomy", "turns", "turn_records")
        assert [getattr(past, name) for name in seen] == [getattr(alone, name) for name in seen], place


def test_the_panes_as_of_every_event_are_those_of_the_records_until_then(
    recorded: tuple[list[Record], Contract],
) -> None:
    records, contract = recorded
    folds = Folds(records)
    now = Panes()
    for name in NAMES:
        now.entries(name, folds, folds.turns, contract)
    for place in range(0, len(records), 3):
        past, alone = folds.as_of(place), Folds(records[: place + 1])
        assert past.whole is folds
        for name in set(NAMES) - {"Trace"}:
            for turn in {past.turns, max(past.turns - 1, 1)}:
                shown = now.back().entries(name, past, turn, contract)
                assert shown == Panes().entries(name, alone, turn, contract), (name, place, turn)


@given(st.data())
def test_views_grow_and_go_back_in_any_order(recorded: tuple[list[Record], Contract], data: st.DataObject) -> None:
    records, _ = recorded
    folds = Folds()
    for _ in range(8):
        more = data.draw(st.integers(0, 60))
        for record in records[len(folds.records) : len(folds.records) + more]:
            folds.see(record)
        if not folds.records:
            continue
        place = data.draw(st.integers(0, len(folds.records) - 1))
        name = data.draw(st.sampled_from(sorted(VIEWS)))
        fold, empty = VIEWS[name]
        until = records[: place + 1]
        assert getattr(folds.as_of(place), name) == fold_all(fold, empty, until)
    with pytest.raises(TypeError):
        Folds(records).as_of(3).see(records[4])


def test_stepping_back_shows_everything_as_it_was_and_writes_nothing(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(SHOES)
        await hands.say("Hello, my name is Mara and I wear size 42.")
        bench, pilot = hands.bench, hands.pilot
        log = workspace.sessions / f"{hands.session.id}.jsonl"
        before, count = log.read_bytes(), len(hands.session.records)
        now = hands.conversation
        bench.doing.do("pane", "Memory")
        await pilot.press("ctrl+x", "G", *"t2", "enter")
        position = bench.query_one(ScrubBar).position
        assert position is not None
        assert (position.turn, position.kind, position.last) == (2, "turn_started", count - 1)
        assert "wear size 42" in hands.conversation
        assert "Nice to meet you" not in hands.conversation
        slots = {slot.shown: slot.pane for slot in bench.query_one(Side).slots}
        assert set(slots) == {"Memory", "Trace"}
        assert [entry.title for entry in slots["Memory"].entries if entry.kind == "section"] == ["recalled", "proposed"]
        assert all(entry.kind == "section" for entry in slots["Memory"].entries)
        assert slots["Trace"].selected is not None
        assert slots["Trace"].selected.id == f"event:{position.seq}"
        for _ in range(3):
            await pilot.press("ctrl+x", "left_square_bracket")
        assert "wear size 42" not in hands.conversation
        assert "30 days" in hands.conversation
        slots["Trace"].focus()
        await pilot.press("home")
        assert bench.scrub.at == 0
        assert bench.query_one("#conversation", Transcript).entries == []
        await pilot.press("end")
        assert not bench.scrub.past
        assert bench.query_one(ScrubBar).position is None
        assert hands.conversation == now
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert bench.scrub.at == count - 3
        await pilot.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert not bench.scrub.past
        assert log.read_bytes() == before
        assert len(hands.session.records) == count

    rehearse(workspace, scene)


def test_nothing_is_done_in_the_past_by_accident(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("Hello, my name is Mara and I wear size 42.")
        await hands.say(REFUND)
        bench, pilot = hands.bench, hands.pilot
        count = len(hands.session.records)
        question = hands.card.question
        assert question is not None
        bench.doing.do("go_to", "t2")
        await pilot.pause(0.1)
        assert not hands.card.display
        position = bench.query_one(ScrubBar).position
        assert position is not None
        assert position.asks
        bench.query_one(Composer).focus()
        await pilot.press("ctrl+y", "f4", "f5", "ctrl+x", "a", "ctrl+x", "d", "ctrl+x", "l")
        for deed in ("mode", "abandon", "resume", "forget", "reload", "grants", "continue"):
            bench.doing.said(f"/{deed}")
        await pilot.press(*"hello", "enter")
        assert bench.query_one(Composer).text == "hello"
        assert len(hands.session.records) == count
        assert bench.step_mode == "run"
        await pilot.press("escape")
        assert not bench.scrub.past
        assert hands.card.question == question
        await hands.answer("ctrl+y")
        await hands.rest()
        assert "refunded" in hands.conversation

    rehearse(workspace, scene)


def test_what_comes_meanwhile_is_counted_and_moves_nothing(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(SHOES)
        bench = hands.bench
        bench.doing.do("event", "-5")
        shown, at = hands.conversation, bench.scrub.at
        begun = len(hands.session.records)
        await hands.session.turn("Hello, my name is Mara and I wear size 42.")
        await hands.session.turn("Thank you, that is all")
        await hands.pilot.pause(0.2)
        position = bench.query_one(ScrubBar).position
        assert position is not None
        assert position.fresh == len(hands.session.records) - begun > 0
        assert (hands.conversation, bench.scrub.at) == (shown, at)
        bench.doing.do("now")
        await hands.pilot.pause(0.2)
        assert "wear size 42" in hands.conversation
        assert "that is all" in hands.conversation
        ids = [entry.id for entry in bench.query_one("#conversation", Transcript).entries]
        assert len(ids) == len(set(ids))

    rehearse(workspace, scene)


def test_a_reply_that_streams_meanwhile_is_whole_on_the_way_back(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(SHOES)
        bench = hands.bench
        transcript = bench.query_one("#conversation", Transcript)
        bench._happened(TextArrived(1, "t1/generate:2", "The first "))
        bench.doing.do("event", "-3")
        bench._happened(TextArrived(1, "t1/generate:2", "and the second part"))
        await hands.pilot.pause(0.2)
        assert "part" not in "\n".join(transcript.lines)
        bench.doing.do("now")
        bench._happened(TextArrived(1, "t1/generate:2", " and the third"))
        await hands.until(lambda: "The first and the second part and the third" in "\n".join(transcript.lines), "whole")

    rehearse(workspace, scene)


def test_a_click_in_trace_goes_to_the_event(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(SHOES)
        await hands.pane("Trace")
        pane = next(slot.pane for slot in hands.bench.query_one(Side).slots if slot.shown == "Trace")
        wanted = pane._view.window[3].place.entry
        await hands.pilot.click(pane, offset=(8, 3))
        await hands.until(lambda: hands.bench.scrub.past, "it went there")
        last = hands.bench.scrub.folds.records[-1]
        assert pane.entries[wanted].id == f"event:{last.seq}"

    rehearse(workspace, scene)


def test_a_moment_that_is_not_there_is_one_line(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(SHOES)
        for words in ("9999", "t9", "yesterday", "00:00:00", "²"):
            hands.bench.doing.do("go_to", words)
            assert not hands.bench.scrub.past, words
        hands.bench.doing.do("go_to", "23:59")
        assert hands.bench.scrub.at == len(hands.session.records) - 1

    rehearse(workspace, scene)


def test_what_governed_a_turn_is_seen_in_it_also_after_a_reload(workspace: Workspace) -> None:
    trust(workspace)

    async def scene(hands: Rehearsing) -> None:
        bench = hands.bench
        await hands.say(SHOES)
        prompt = workspace.personas / "aria" / "prompt.md"
        prompt.write_text(prompt.read_text().replace("You are Aria", "You are the one and only Aria"))
        bench.doing.do("reload")
        await hands.until(lambda: "one and only" in hands.session.contract.system, "it is read again")
        await hands.say(SHOES)
        assert "one and only" in await hands.pane("Prompt")
        first = next(one.seq for one in hands.session.records if one.event.kind == "turn_finished")
        bench.doing.do("go_to", str(first))
        shown = await hands.pane("Prompt")
        assert "You are Aria" in shown
        assert "one and only" not in shown
        bench.doing.do("now")
        assert "one and only" in await hands.pane("Prompt")

    rehearse(workspace, scene)


def test_the_header_is_of_the_moment_too(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        bench = hands.bench
        await hands.say(SHOES)
        bench.doing.do("autonomy", "1 careful today")
        bench.doing.do("mode", "tools")
        await hands.say("Hello, my name is Mara and I wear size 42.")
        await hands.pilot.pause(0.2)
        header = bench.query_one(Header)
        now = header.standing
        assert (now.autonomy, now.mode) == (1, "tools")
        bench.doing.do("go_to", "t1")
        then = header.standing
        assert (then.autonomy, then.mode, then.tokens) == (2, "run", 0)
        bench.doing.do("go_to", "t2")
        assert (header.standing.autonomy, header.standing.mode) == (1, "tools")
        assert 0 < header.standing.tokens < now.tokens
        bench.doing.do("now")
        assert header.standing == now

    rehearse(workspace, scene)


def test_the_waterfall_stands_in_the_place_of_events_and_follows_the_moment(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        bench, pilot = hands.bench, hands.pilot
        await hands.say(REFUND)
        await hands.answer("ctrl+y")
        await hands.rest()
        bench.doing.do("waterfall")
        await pilot.pause(0.2)
        pane = next(slot.pane for slot in bench.query_one(Side).slots if slot.shown == "Trace")
        shown = "\n".join(entry.plain for entry in pane.entries)
        for step in ("recall", "retrieve", "generate", "orders.get", "orders.refund", "verdicts", "╌", "━"):
            assert step in shown, step
        refund = next(entry for entry in pane.entries if "orders.refund" in entry.plain)
        pane.select(refund.id)
        pane.focus()
        await pilot.press("a")
        assert bench.scrub.past
        assert f"event:{bench.scrub.folds.records[-1].seq}" == refund.id
        last = [entry for entry in pane.entries if entry.kind == "row"][-2:]
        assert ["orders.refund" in last[0].plain, "verdicts" in last[1].plain] == [True, True]
        await pilot.press("home")
        assert bench.scrub.at == 0
        await pilot.press("end")
        assert bench.query_one(ScrubBar).position is None
        await pilot.press("t")
        await hands.until(lambda: pane.entries[0].title == "before the first turn", "the events are there again")

    rehearse(workspace, scene, size=(80, 24))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(10, 200), st.booleans())
def test_the_bar_is_one_row_at_every_width_and_says_the_way_back(seq: int, more: int, width: int, asks: bool) -> None:
    row, (start, end) = bar_row(Position(seq, seq + more, 3, "tool_returned", more % 7, asks=asks), width)
    assert row.plain.endswith("now: ctrl+x N")
    assert "at event" in row.plain
    if width >= 60:
        assert row.cell_length <= width
    assert row.plain[start:end].count("●") == (1 if end > start else 0)
