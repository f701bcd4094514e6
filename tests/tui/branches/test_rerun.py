"""The last turn said again, with changes, forks where one looks, their tree, and swipes between variants."""

import shutil
from pathlib import Path

import pytest
from textual.widgets import Input

from greenroom.assembly import read_session
from greenroom.core.events import ReplyGenerated, RerunStarted, SessionForked, ToolReturned, ToolStarted, TurnStarted
from greenroom.core.values import ApprovalReply
from greenroom.tui.branches.rerun_sheet import RerunSheet
from greenroom.tui.branches.tree_sheet import TreeSheet
from greenroom.tui.branches.words_sheet import WordsSheet
from greenroom.tui.compare.sheet import CompareSheet
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.disk.sheet import DiskSheet
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

ORDER = "where is my order 1001?"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A helpdesk whose documents are in its store already."""
    from greenroom.assembly import ingest_knowledge

    shop = helpdesk(tmp_path_factory.mktemp("stocked"))
    ingest_knowledge(shop)
    return shop.root


@pytest.fixture
def workspace(stocked: Path, tmp_path: Path) -> Workspace:
    return Workspace(shutil.copytree(stocked, tmp_path / "helpdesk").resolve())


async def rerun(hands: Rehearsing) -> str:
    """ctrl+r, to the sheet that sets both beside one another; returns the parent's id."""
    hands.bench.doing.variants.instant = True
    parent = hands.session.id
    await hands.pilot.press("ctrl+r")
    await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
    return parent


async def ready(hands: Rehearsing) -> None:
    await hands.until(lambda: hands.bench.rehearsal.session is not None and not hands.bench.opening, "it is open")
    await hands.until(lambda: hands.bench.rehearsal.folds.records, "it is shown")


def person(hands: Rehearsing) -> str:
    """What stands beside the person's last words."""
    entries = hands.bench.query_one("#conversation", Transcript).entries
    return [entry.aside for entry in entries if entry.kind == "person"][-1]


def test_ctrl_r_asks_the_model_again_in_a_branch_and_sets_both_side_by_side(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(ORDER)
        path = workspace.sessions / f"{hands.session.id}.jsonl"
        before = path.read_bytes()
        parent = await rerun(hands)
        assert path.read_bytes() == before
        await hands.pilot.press("escape")
        assert hands.session.id != parent
        assert f"fork of {parent} at turn 1" in hands.conversation
        assert "Said again: 3 steps kept, 2 redone." in hands.conversation
        await hands.until(lambda: person(hands) == "variant 2 of 2", "it says which variant it is")
        assert "c1 orders.get done · kept" in await hands.pane("Trace")

    rehearse(workspace, scene)


def test_a_prompt_saved_meanwhile_is_what_the_branch_runs_under(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        prompt = workspace.personas / "aria" / "prompt.md"
        prompt.write_text(f"{prompt.read_text(encoding='utf-8')}\nBe even briefer.\n", encoding="utf-8")
        parent = await rerun(hands)
        started = [event for event in hands.events("rerun_started") if isinstance(event, RerunStarted)]
        assert [event.changed for event in started] == [("prompt",)]
        assert f"fork of {parent} at turn 1: prompt changed" in hands.conversation

    rehearse(workspace, scene)


def test_left_and_right_in_the_conversation_go_from_variant_to_variant(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(ORDER)
        parent = await rerun(hands)
        await hands.pilot.press("escape")
        child = hands.session.id
        await hands.until(lambda: len(hands.bench.doing.variants.beside) == 2, "the variants are known")
        hands.bench.query_one("#conversation", Transcript).focus()
        await hands.pilot.press("left")
        await hands.until(lambda: hands.bench.rehearsal.session and hands.session.id == parent, "the parent is open")
        await hands.until(lambda: person(hands) == "variant 1 of 2", "it says which variant it is")
        hands.bench.query_one("#conversation", Transcript).focus()
        await hands.pilot.press("right")
        await hands.until(lambda: hands.bench.rehearsal.session and hands.session.id == child, "the branch is open")

    rehearse(workspace, scene)


def test_a_variant_of_a_variant_stands_beside_it(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(ORDER)
        parent = await rerun(hands)
        await hands.pilot.press("escape")
        await rerun(hands)
        forked = [event for event in hands.events("session_forked") if isinstance(event, SessionForked)]
        assert [event.parent for event in forked] == [parent]
        await hands.pilot.press("escape")
        await hands.until(lambda: person(hands) == "variant 3 of 3", "it says which variant it is")

    rehearse(workspace, scene)


def test_rerun_with_has_everything_filled_in_and_changes_what_was_written(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.variants.instant = True
        await hands.say(ORDER)
        await hands.pilot.press("ctrl+x", "R")
        await hands.until(lambda: isinstance(hands.bench.screen, RerunSheet), "the sheet is there")
        sheet = hands.bench.screen
        values = {field.id: field.value for field in sheet.query(Input).results()}
        assert values["rerun-words"] == ORDER
        assert values["rerun-model"] == "scripted/helpdesk"
        sheet.query_one("#rerun-since", Input).value = "9"
        await hands.pilot.press("enter")
        assert isinstance(hands.bench.screen, RerunSheet)  # there is no such turn, and nothing was run
        sheet.query_one("#rerun-since", Input).value = "1"
        sheet.query_one("#rerun-words", Input).value = "where is my order 1002?"
        sheet.query_one("#rerun-parameters", Input).value = "temperature=0"
        await hands.pilot.press("enter")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        started = [event for event in hands.events("rerun_started") if isinstance(event, RerunStarted)]
        assert [event.changed for event in started] == [("parameters", "words of turn 1")]

    rehearse(workspace, scene, size=(80, 24))


def test_a_call_with_effects_shows_a_card_that_says_it_is_a_rerun(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.variants.instant = True
        await hands.say(ORDER)
        await hands.pilot.press("ctrl+x", "R")
        await hands.until(lambda: isinstance(hands.bench.screen, RerunSheet), "the sheet is there")
        words = "please refund 20 euro of order 1001, it arrived broken"
        hands.bench.screen.query_one("#rerun-words", Input).value = words
        await hands.pilot.press("enter")
        await hands.until(lambda: hands.card.question, "somebody is asked")
        assert hands.card.question is not None
        assert "rerun" in hands.card.question.card.reason
        step = hands.card.question.step
        hands.session.answer(step, ApprovalReply(decision="deny", reason="not twice"))
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        assert not [
            event
            for event in hands.events("tool_started")
            if isinstance(event, ToolStarted) and event.effects == "once"
        ]

    rehearse(workspace, scene)


def test_f_forks_at_an_entry_with_its_words_to_be_changed(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        await hands.say(ORDER)
        parent = hands.session.id
        hands.bench.query_one("#conversation", Transcript).focus()
        hands.bench.query_one("#conversation", Transcript).select("1:person")
        await hands.pilot.press("f")
        await hands.until(lambda: isinstance(hands.bench.screen, WordsSheet), "the words are there")
        composer = hands.bench.screen.query_one(Composer)
        assert composer.text == "hello"
        composer.put("how long does a refund take?")
        await hands.pilot.press("enter")
        await hands.until(lambda: hands.session.id != parent and hands.events("turn_finished"), "it was said there")
        await hands.rest()
        words = [event.words for event in hands.events("turn_started") if isinstance(event, TurnStarted)]
        assert words == ["how long does a refund take?"]
        kept = [r.event.words for r in read_session(workspace, parent) if isinstance(r.event, TurnStarted)]
        assert kept == ["hello", ORDER]

    rehearse(workspace, scene)


def test_the_models_words_can_be_changed_and_the_turn_goes_on_from_them(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.variants.instant = True
        await hands.say("hello")
        hands.bench.query_one("#conversation", Transcript).focus()
        hands.bench.query_one("#conversation", Transcript).select("1:reply:1")
        await hands.pilot.press("f")
        await hands.until(lambda: isinstance(hands.bench.screen, WordsSheet), "the words are there")
        hands.bench.screen.query_one(Composer).put("Good day.")
        await hands.pilot.press("enter")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        made = [event for event in hands.events("reply_generated") if isinstance(event, ReplyGenerated)]
        assert [(event.model, event.text) for event in made] == [("a person", "Good day.")]

    rehearse(workspace, scene)


def test_the_tree_shows_the_branches_and_opens_one(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        parent = await rerun(hands)
        await hands.pilot.press("escape")
        await hands.pilot.press("ctrl+x", "T")
        await hands.until(lambda: isinstance(hands.bench.screen, TreeSheet), "the tree is there")
        sheet = hands.bench.screen
        assert isinstance(sheet, TreeSheet)
        assert [entry.id for entry in sheet.list.entries] == [parent, hands.session.id]
        await hands.pilot.press("up", "enter")
        await hands.until(lambda: hands.bench.rehearsal.session and hands.session.id == parent, "the parent is open")

    rehearse(workspace, scene, size=(80, 24))


def test_a_broken_prompt_changes_nothing_on_the_screen(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        before = hands.session.id
        (workspace.personas / "aria" / "prompt.md").write_text("Hello {{ nobody }}", encoding="utf-8")
        await hands.pilot.press("ctrl+r")
        await hands.until(lambda: "nobody" in hands.conversation, "it is told")
        assert hands.session.id == before
        await hands.say("are you still there?")

    rehearse(workspace, scene)


def test_esc_interrupts_a_rerun_and_what_there_is_of_it_can_be_resumed(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(ORDER)
        parent = hands.session.id
        await hands.pilot.press("ctrl+r")
        await hands.until(lambda: hands.session.id != parent and hands.session.running, "it is being said again")
        await hands.pilot.press("escape")
        await hands.until(lambda: hands.bench.rehearsal.session and hands.events("turn_interrupted"), "it says so")
        await ready(hands)
        child = hands.session.id
        assert child != parent
        assert "The turn is unfinished" in hands.conversation
        hands.bench.doing.said("/resume")
        await hands.until(lambda: hands.events("turn_finished") and not hands.session.running, "it goes on")
        kept = [event for event in hands.events("tool_returned") if isinstance(event, ToolReturned)]
        assert [event.kept_from is not None for event in kept] == [True]

    rehearse(workspace, scene)


def test_an_event_of_trace_is_forked_at_as_it_is(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        await hands.say(ORDER)
        parent = hands.session.id
        end = next(record.seq for record in hands.session.records if record.event.kind == "turn_finished")
        hands.bench.scrub.go(end)
        await hands.pilot.press("ctrl+x", "F")
        await hands.until(lambda: hands.bench.rehearsal.session and hands.session.id != parent, "the fork is open")
        words = [event.words for event in hands.events("turn_started") if isinstance(event, TurnStarted)]
        assert words == ["hello"]
        await hands.say("do you ship to France?")

    rehearse(workspace, scene)


def test_ctrl_r_over_what_changed_on_disk_leaves_the_sheet_and_runs(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.variants.instant = True
        await hands.say("hello")
        await hands.pilot.press("f7")
        await hands.until(lambda: isinstance(hands.bench.screen, DiskSheet), "what changed is shown")
        await hands.pilot.press("ctrl+r")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")

    rehearse(workspace, scene)


def test_what_is_pressed_and_sent_while_a_branch_is_opened_waits(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.variants.instant = True
        await hands.say("hello")
        parent = hands.session
        before = len(parent.records)
        hands.bench.doing.variants.rerun()
        hands.bench.doing.variants.rerun()
        hands.bench.doing.said("and another thing")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        assert len(parent.records) == before
        await hands.pilot.press("escape")
        assert hands.bench.query_one(Composer).text == "and another thing"
        assert len(list(workspace.sessions.glob("*.jsonl"))) == 2

    rehearse(workspace, scene)
