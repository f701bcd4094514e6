"""The workbench over a real session: what is said, seen, asked, edited, exported and taken up again."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from greenroom.assembly import open_session, session_id
from greenroom.core.events import ApprovalGiven, ApprovalRequested, GatePassed, ModeChanged, Record, ToolStarted
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.farewell import still_open
from greenroom.tui.frame.header import Header
from greenroom.tui.frame.hints import Hints
from greenroom.tui.gates.bar import GateBar
from greenroom.tui.panes.side import NAMES, Pane, Side
from greenroom.tui.rehearsal import Rehearsal, Wanted
from greenroom.tui.sheets.export_name import free_name
from greenroom.tui.sheets.export_sheet import ExportSheet
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, helpdesk, instant, rehearse

REFUND = "I want a refund of 120 EUR for order 1001"
NINETY = json.dumps({"order_id": 1001, "amount": 90, "reason": "agreed"})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


def test_a_question_brings_its_passages_with_scores(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        assert "30 days" in hands.conversation
        text = await hands.pane("Retrieval")
        assert "returns.md#thirty-days-to-return" in text
        assert "kept 6 of" in text
        assert "better ones" in text
        prompt = await hands.pane("Prompt")
        assert "You are Aria" in prompt
        assert "[1] returns.md" in prompt

    rehearse(workspace, scene)


def test_a_name_and_a_size_are_remembered_and_can_be_forgotten(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("I'm Mara and I wear size 42")
        assert "Size: 42" in await hands.pane("Memory")
        await hands.say("What is your return policy for shoes?")
        assert "Name: Mara" in await hands.pane("Memory")
        pane = next(slot.pane for slot in hands.bench.query_one(Side).slots if slot.shown == "Memory")
        chosen = next(entry for entry in pane.entries if "Size: 42" in entry.plain)
        pane.select(chosen.id)
        pane.focus()
        await hands.pilot.press("d")
        assert not hands.events("memory_forgotten"), "one key alone removes nothing for good"
        await hands.pilot.press("d")
        await hands.until(lambda: hands.events("memory_forgotten"), "it is forgotten")
        assert "forgotten" in await hands.pane("Memory")

    rehearse(workspace, scene)


def test_a_glance_at_a_pane_does_not_take_the_words_typed_after_it(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("I'm Mara and I wear size 42")
        hands.bench.query_one(Composer).focus()
        await hands.pilot.press("ctrl+x", "1")
        await hands.pilot.press("d", "m", "s")
        assert isinstance(hands.bench.focused, Composer)
        assert hands.bench.query_one(Composer).text == "dms"

    rehearse(workspace, scene)


def test_a_refund_is_asked_about_edited_decided_again_and_run_once_as_edited(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        question = hands.card.question
        assert question is not None
        assert question.card.verdict.rule == "refund.large"
        assert "args.amount = 120" in await hands.pane("Policy")
        await hands.answer("ctrl+o", NINETY)
        await hands.until(lambda: hands.card.question is not None, "the edited call is asked about")
        again = hands.card.question
        assert again is not None
        assert again.edited
        assert again.card.verdict.rule != "refund.large"
        assert again.card.call.arguments["amount"] == 90
        await hands.answer("ctrl+y")
        await hands.rest()
        started = [e for e in hands.events("tool_started") if isinstance(e, ToolStarted) and e.tool == "orders.refund"]
        assert [e.arguments["amount"] for e in started] == [90]
        given = [e for e in hands.events("approval_given") if isinstance(e, ApprovalGiven)]
        assert [e.decision for e in given] == ["edit", "allow"]
        assert {e.established for e in given} == {"local terminal"}
        assert all(e.approver for e in given)
        assert "refunded 90.00 EUR" in hands.conversation
        tools = await hands.pane("Tools")
        assert "ran with" in tools
        assert "amount = 120" in tools

    rehearse(workspace, scene)


def test_a_card_number_is_masked_everywhere(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("please repeat my card number 4111 1111 1111 1111")
        shown = hands.conversation + "".join([await hands.pane(name) for name in NAMES])
        assert "‹card#1›" in hands.conversation
        assert "card.in" in shown
        assert "repeat my card number 4111" not in shown  # the texts of the policy, which Trace has, hold examples

    rehearse(workspace, scene)


def test_an_export_is_previewed_then_written(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        hands.bench.query_one("#conversation", Transcript).focus()
        await hands.pilot.press("x")
        await hands.until(lambda: isinstance(hands.bench.screen, ExportSheet), "the sheet is up")
        sheet = hands.bench.screen
        assert isinstance(sheet, ExportSheet)
        await hands.until(lambda: sheet.list.entries, "the preview is made")
        assert "returns.md" in "\n".join(entry.plain for entry in sheet.list.entries)
        assert not list(workspace.fixtures.glob("returned*"))
        await hands.pilot.press(*"returned", "ctrl+y")
        await hands.until(lambda: hands.bench.exported, "it is written")
        assert hands.bench.exported[0].startswith("pytest ")
        assert hands.bench.exported[0] in hands.conversation

    rehearse(workspace, scene)
    assert (workspace.fixtures / "returned.tape.jsonl").is_file()
    assert (workspace.fixtures / "returned.case.toml").is_file()


def test_an_open_question_is_there_after_a_restart_and_its_tool_runs_once(workspace: Workspace) -> None:
    async def ask(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        assert hands.card.question is not None

    async def come_back(hands: Rehearsing) -> None:
        await hands.until(lambda: hands.card.question is not None, "the question is back")
        assert hands.events("turn_started")
        await hands.answer("ctrl+y")
        await hands.rest()
        assert [e.tool for e in hands.events("tool_started") if isinstance(e, ToolStarted)].count("orders.refund") == 1
        assert hands.events("turn_finished")
        assert len([e for e in hands.events("approval_requested") if isinstance(e, ApprovalRequested)]) == 1

    rehearse(workspace, ask)
    rehearse(workspace, come_back, size=(80, 24))
    assert len(list(workspace.sessions.glob("*.jsonl"))) == 1


def test_leaving_with_a_question_open_says_how_to_answer_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        transcript = hands.bench.query_one("#conversation", Transcript)
        assert transcript.size.height >= 6

    told = rehearse(workspace, scene, size=(80, 24)).farewell
    assert told.startswith("orders.refund still waits for your answer: greenroom approve show last --workspace ")
    monkeypatch.chdir(workspace.root)
    newest = session_id(workspace, "last")
    assert still_open(workspace, newest, "t").endswith("greenroom approve show last")
    assert still_open(workspace, "another", "t").endswith("greenroom approve show another")


def test_an_export_is_offered_a_name_that_is_free(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        assert free_name(workspace, hands.session.records) == "aria"
        await hands.say("my card number is 4111 1111 1111 1111")
        assert free_name(workspace, hands.session.records) == "card-in", "after the rule that stepped in"
        await hands.say(REFUND)
        assert free_name(workspace, hands.session.records) == "orders-refund"
        (workspace.fixtures / "orders-refund.tape.jsonl").touch()
        assert free_name(workspace, hands.session.records) == "orders-refund-2"

    rehearse(workspace, scene)


def test_words_sent_while_the_session_is_taken_in_are_shown(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are read beside the screen; a turn that began meanwhile would not be in them."""
    entered, on = threading.Event(), threading.Event()
    fold = Rehearsal._fold

    def slowly(self: Rehearsal, records: tuple[Record, ...]) -> None:
        if records:
            entered.set()
            assert on.wait(20)
        fold(self, records)

    monkeypatch.setattr(Rehearsal, "_fold", slowly)
    bench = Workbench(workspace, opener=instant, trusting=False)

    async def run() -> None:
        async with bench.run_test(size=(80, 24)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(entered.is_set, "the session is there, its views are not")
            bench.doing.said("What is your return policy for shoes?")
            await pilot.pause(0.1)
            on.set()
            await hands.until(lambda: not bench.opening and hands.events("turn_finished"), "it was said and answered")
            assert "30 days" in hands.conversation
            bench.doing.do("quit")
            await hands.until(lambda: bench.rehearsal.session is None, "closed")

    asyncio.run(asyncio.wait_for(run(), 60))


def test_words_sent_before_the_session_is_open_wait_for_it(workspace: Workspace) -> None:
    bench = Workbench(workspace, opener=instant, trusting=False)

    async def run() -> None:
        async with bench.run_test(size=(80, 24)) as pilot:
            hands = Rehearsing(bench, pilot)
            assert bench.opening
            bench.doing.said("What is your return policy for shoes?")
            await hands.until(lambda: not bench.opening and hands.events("turn_finished"), "it was said and answered")
            assert "30 days" in hands.conversation
            bench.doing.do("quit")
            await hands.until(lambda: bench.rehearsal.session is None, "closed")

    asyncio.run(asyncio.wait_for(run(), 60))


def test_step_mode_stops_at_gates_and_words_can_be_changed_there(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.said("/mode step")
        await hands.say("hello")
        bar = hands.bench.query_one(GateBar)
        await hands.until(lambda: "gate:input" in bar.step, "it waits at the input gate")
        await hands.pilot.press("ctrl+x", "e")
        composer = hands.bench.query_one(Composer)
        assert composer.text == "hello"
        composer.put("What is your return policy for shoes?")
        await hands.pilot.press("enter")
        await hands.until(lambda: "gate:recall" in bar.step, "it waits at the next gate")
        hands.bench.doing.said("/mode run")
        await hands.until(lambda: not hands.session.running, "the turn ends")
        assert "30 days" in hands.conversation
        assert [e.mode for e in hands.events("mode_changed") if isinstance(e, ModeChanged)] == ["step", "run"]
        passed = [e for e in hands.events("gate_passed") if isinstance(e, GatePassed)]
        assert passed[0].edit == "What is your return policy for shoes?"

    rehearse(workspace, scene)


async def brought_up(hands: Rehearsing, number: int) -> None:
    """A pane by its chord: it takes the focus where it covers the conversation, and leaves it where it stands beside."""
    side = hands.bench.query_one(Side)
    await hands.pilot.press("ctrl+x", str(number))
    await hands.until(lambda: NAMES[number - 1] in [slot.shown for slot in side.slots], "it is shown")
    where = Pane if hands.bench.arrangement.over else Composer
    await hands.until(lambda: isinstance(hands.bench.focused, where), "the focus is where it belongs")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (140, 40)])
def test_every_pane_and_sheet_opens_at_every_size(workspace: Workspace, size: tuple[int, int]) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("I'm Mara and I wear size 42")
        for number in range(1, 8):
            await brought_up(hands, number)
        hands.bench.query_one(Side).active.pane.focus()
        await hands.pilot.press("z", "z", "left_square_bracket", "right_square_bracket")
        for key in ("f1", "s"):
            hands.bench.query_one(Side).active.pane.focus()
            await hands.pilot.press(key)
            await hands.until(lambda: len(hands.bench.screen_stack) > 1, f"{key} opens a sheet")
            await hands.pilot.press("escape")
            await hands.until(lambda: len(hands.bench.screen_stack) == 1, "it is left")
        hands.bench.doing.do("write")
        await hands.pilot.pause()
        assert hands.bench.query_one(Composer).region.bottom <= size[1] - 1
        assert hands.bench.query_one(Hints).region.y == size[1] - 1

    rehearse(workspace, scene, size=size)


def test_a_broken_persona_is_a_line_with_its_place_and_the_screen_stays(workspace: Workspace) -> None:
    file = workspace.personas / "aria" / "persona.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("version", "versoin", 1), encoding="utf-8")

    async def run() -> str:
        bench = Workbench(workspace, opener=instant, trusting=False)
        async with bench.run_test(size=(100, 30)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: not bench.opening, "opening ends")
            await pilot.pause(0.1)
            return hands.conversation

    said = asyncio.run(run())
    assert "persona.toml:" in said
    assert "'version' is missing" in said


def test_a_session_another_process_holds_is_shown_read_only(workspace: Workspace) -> None:
    async def run() -> tuple[str, str]:
        held = await open_session(workspace, instant=True, trusted=True)
        await held.turn("What is your return policy for shoes?")
        bench = Workbench(workspace, Wanted(session=held.id), opener=instant, trusting=False)
        async with bench.run_test(size=(100, 30)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: not bench.opening, "opening ends")
            await pilot.pause(0.1)
            bench.doing.said("hello?")
            await pilot.pause()
            result = hands.conversation, bench.query_one(Header).standing.warning
        await held.aclose()
        return result

    said, warning = asyncio.run(run())
    assert "30 days" in said
    assert warning == "read-only"


def test_slash_words_listings_and_unknown_ones(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        hands.bench.doing.said("/knowledge")
        await hands.until(lambda: len(hands.bench.screen_stack) > 1, "the listing is up")
        await hands.pilot.press("escape")
        hands.bench.doing.said("/resmue")
        assert hands.bench.query_one(Composer).text == "/resmue"
        hands.bench.doing.said("/new")
        await hands.until(lambda: hands.bench.rehearsal.session and not hands.events("turn_started"), "a new session")
        assert hands.conversation == ""

    rehearse(workspace, scene)
    assert len(list(workspace.sessions.glob("*.jsonl"))) == 1  # in the new one nothing was said, so it was not kept


def test_the_arrangement_follows_every_resize_at_once(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        composer, side = hands.bench.query_one(Composer), hands.bench.query_one(Side)
        for width, height, framed, panes in ((40, 10, False, False), (80, 24, True, False), (140, 40, True, True)):
            await hands.pilot.resize_terminal(width, height)
            await hands.pilot.pause(0.1)
            assert (not composer.has_class("-slim"), bool(side.display)) == (framed, panes), (width, height)

    rehearse(workspace, scene, size=(80, 24))
