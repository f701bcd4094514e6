"""What keeps a persona in hand, on the screen: the kill switch, grants, dead letters, autonomy."""

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from greenroom.approval.answers import AnswerBox
from greenroom.approval.kill_switch import KillSwitch
from greenroom.commands.session.resume import question_id
from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ApprovalGiven,
    AutonomyChanged,
    DeadLetterDiscarded,
    GrantRevoked,
    ReplyReleased,
    ToolStarted,
    TurnInterrupted,
)
from greenroom.core.values import ApprovalReply, Stop
from greenroom.tui.card.card import CardForm
from greenroom.tui.deeds import table as deeds
from greenroom.tui.deeds.table import DEEDS
from greenroom.tui.frame.header import Header, header_row
from greenroom.tui.frame.hints import Hints
from greenroom.tui.frame.standing import stopped
from greenroom.tui.sheets.leave_sheet import LeaveSheet
from greenroom.tui.sheets.sheet import SheetList
from greenroom.tui.sheets.stop_sheet import StopSheet
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

REFUND = "I want a refund of 120 EUR for order 1001"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    trust(found)
    return found


def policy(workspace: Workspace) -> Path:
    return workspace.policies / "support.toml"


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def head(hands: Rehearsing) -> str:
    return header_row(hands.bench.query_one(Header).standing, 78).plain


async def stop_sheet(hands: Rehearsing) -> StopSheet:
    await hands.pilot.press("ctrl+x", "ctrl+k")
    await hands.until(lambda: isinstance(hands.bench.screen, StopSheet), "the sheet of the kill switch is up")
    await hands.pilot.pause()
    assert isinstance(hands.bench.screen, StopSheet)
    return hands.bench.screen


def test_everything_is_stopped_while_a_card_is_open_and_lifted_with_a_reason(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        sheet = await stop_sheet(hands)
        assert {entry.id.partition(":")[0] for entry in sheet.list.entries} >= {"target", "can", "force"}
        assert "orders.refund (c" in "\n".join(entry.plain for entry in sheet.list.entries)
        await hands.pilot.press("tab", *"odd", "enter")
        await hands.until(lambda: hands.bench.watching.stops, "it is stopped")
        await hands.until(lambda: "STOPPED everything" in head(hands), "the header says so")
        await hands.until(lambda: hands.events("turn_interrupted"), "the turn was interrupted")
        assert [e.cause for e in hands.events("turn_interrupted") if isinstance(e, TurnInterrupted)] == ["stopped"]
        assert "STOPPED everything, by" in hands.conversation
        await hands.until(lambda: hands.bench.busy == "turn interrupted", "nobody is waited for")
        await hands.until(lambda: "waits for you" not in head(hands), "the header says so too")
        await hands.pilot.press("ctrl+x", "ctrl+k")
        await hands.pilot.pause()
        assert hands.bench.screen is sheet, "the sheet is not put upon itself"
        assert len(hands.bench.screen_stack) == 2
        assert KillSwitch(workspace).stops()[0].reason == "odd"

        sheet.list.select("stop:0")
        await hands.pilot.press("enter")
        assert "say why" in str(sheet.query_one("#stop-problem", Static).render())
        assert KillSwitch(workspace).stops(), "without a reason nothing is lifted"
        assert isinstance(hands.bench.focused, Input)
        await hands.pilot.press(*"fine", "enter")
        await hands.until(lambda: not KillSwitch(workspace).stops(), "it is lifted")
        await hands.pilot.press("escape")
        await hands.until(lambda: "STOPPED" not in head(hands), "the header has nothing to say")
        await hands.until(lambda: ": fine" in hands.conversation, "who lifted it and why is told")
        await hands.until(lambda: hands.session.running, "the question is put again: an answer from elsewhere counts")
        assert hands.bench.busy == "waits for you"
        await hands.answer("ctrl+y")
        await hands.until(lambda: hands.events("turn_finished"), "the answer has the turn go on")
        assert len([e for e in hands.events("tool_started") if isinstance(e, ToolStarted) and e.effects == "once"]) == 1

    rehearse(workspace, scene, size=(80, 24))


def test_a_stop_pressed_by_another_process_is_seen_and_said(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        KillSwitch(workspace).press(Stop(scope="tool", target="orders.*", reason="wrong amounts", by="kim"))
        await hands.until(lambda: "STOPPED orders.*" in head(hands), "the header says so")
        assert "STOPPED tool orders.*, by kim: wrong amounts" in hands.conversation
        await hands.say(REFUND)
        assert not [e for e in hands.events("tool_started") if isinstance(e, ToolStarted)]
        hands.bench.doing.said("/lift put right")
        await hands.until(lambda: "No longer stopped" in hands.conversation, "lifting is told too")

    rehearse(workspace, scene)


def test_the_switch_takes_words_from_the_composer(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.said("/stop tool mail.* no mail today")
        await hands.until(lambda: hands.bench.watching.stops, "it is stopped")
        (one,) = KillSwitch(workspace).stops()
        assert (one.scope, one.target, one.reason) == ("tool", "mail.*", "no mail today")
        hands.bench.doing.said("/stop call c9")
        await hands.pilot.pause()
        assert len(KillSwitch(workspace).stops()) == 1, "no turn is under way, so no call of it can be stopped"

    rehearse(workspace, scene)


def test_only_stops_that_touch_this_session_are_in_the_header() -> None:
    other = Stop(scope="turn", target="s2/t1")
    assert stopped([other], "s1") == ""
    assert stopped([other, Stop(scope="call", target="s1/t1/tool:c1")], "s1") == "STOPPED a call"
    assert stopped([Stop(scope="tool", target="a.*"), Stop(scope="everything")], "s1") == "STOPPED everything +1"


def test_leave_shows_its_narrow_clauses_first_and_covers_later_calls(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        await hands.until(lambda: hands.card.armed, "the card is armed")
        await hands.pilot.press("ctrl+g")
        form = hands.bench.query_one(CardForm)
        assert form.text.split("\n")[-1] == "for 30m"
        assert "args.order_id == 1001" in form.text
        form.load_text("args.amont <= 120\nfor 30m")
        await hands.pilot.pause()
        assert "args.amont" in str(hands.card.query_one("#card-problems", Static).render())
        await hands.pilot.press("ctrl+y")
        assert not hands.events("approval_given"), "leave with a problem is not given"
        form.load_text("args.amount > 500\nfor 30m")
        await hands.pilot.press("ctrl+y")
        assert "this very call" in str(hands.card.query_one("#card-problems", Static).render())
        assert not hands.events("approval_given"), "leave that does not cover the call at hand is a slip"
        form.load_text("args.amount <= 130\nargs.order_id > 1000\nfor 2h")
        await hands.pilot.press("ctrl+g")
        assert "session" in str(hands.card.query_one("#card-asks", Static).render())
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        (given,) = [e for e in hands.events("approval_given") if isinstance(e, ApprovalGiven)]
        assert (given.scope, given.when) == ("session", ("args.amount <= 130", "args.order_id > 1000"))
        assert given.expires

        hands.bench.doing.said("/grants")
        await hands.until(lambda: isinstance(hands.bench.screen, LeaveSheet), "the sheet is up")
        await hands.pilot.pause()
        assert isinstance(hands.bench.screen, LeaveSheet)
        assert "args.amount <= 130" in "\n".join(entry.plain for entry in hands.bench.screen.list.entries)
        await hands.pilot.press("d")
        assert not hands.events("grant_revoked"), "one key alone takes nothing back"
        await hands.pilot.press("d")
        await hands.until(lambda: hands.events("grant_revoked"), "it is taken back")
        assert "revoked" in "\n".join(entry.plain for entry in hands.bench.screen.list.entries)
        assert [e.grant for e in hands.events("grant_revoked") if isinstance(e, GrantRevoked)] == [given.step]

    rehearse(workspace, scene)


def test_approving_always_proposes_a_rule_and_remembers_nothing(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        await hands.until(lambda: hands.card.armed, "the card is armed")
        await hands.pilot.press("ctrl+x", "b")
        await hands.until(lambda: hands.card.writing == "grant", "the form is open")
        assert hands.bench.query_one(CardForm).text.endswith("for 30d")
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        (given,) = [e for e in hands.events("approval_given") if isinstance(e, ApprovalGiven)]
        assert (given.decision, given.scope) == ("allow", "once")
        assert "policies/proposals/orders.refund-1.toml" in hands.conversation

    rehearse(workspace, scene)
    assert "refund.large" in (workspace.policies / "proposals" / "orders.refund-1.toml").read_text(encoding="utf-8")


def test_the_deadline_passes_on_then_denies_and_the_letter_can_be_asked_again(workspace: Workspace) -> None:
    rewrite(
        policy(workspace),
        'deadline = "15m", then = ["escalate:lead", "deny"]',
        'deadline = "1s", then = ["escalate:lead"]',
    )

    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.said(REFUND)
        await hands.until(lambda: hands.card.question and hands.card.question.role == "lead", "the lead is asked")
        clock = str(hands.card.query_one("#card-clock", Static).render())
        assert clock.startswith("lead · ")
        assert clock.endswith("then denied")
        question = hands.card.question
        assert question is not None
        assert any("escalated to lead" in line for line in question.package)
        await hands.until(lambda: hands.card.question is None, "nobody answers")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        assert "denied: nobody answered in time" in hands.conversation

        hands.bench.doing.said("/dead")
        await hands.until(lambda: isinstance(hands.bench.screen, LeaveSheet), "the sheet is up")
        await hands.pilot.pause()
        sheet = hands.bench.screen
        assert isinstance(sheet, LeaveSheet)
        letter = next(entry for entry in sheet.list.entries if entry.id.startswith("letter:"))
        assert "Refunds above 100 EUR need a person." in letter.plain, "the whole card is there"
        assert sheet.list.selected == letter
        await hands.pilot.press("a")
        await hands.until(lambda: hands.card.question is not None, "a person is asked again")
        assert len(hands.events("approval_requested")) == 2
        await hands.until(lambda: len(hands.events("turn_finished")) == 2, "nobody answers again")
        hands.bench.doing.said("/dead")
        await hands.until(lambda: isinstance(hands.bench.screen, LeaveSheet), "the sheet is up")
        await hands.pilot.pause()
        await hands.pilot.press("d")
        assert isinstance(hands.bench.focused, Input), "letting it go needs a reason"
        await hands.pilot.press(*"done", "enter")
        await hands.until(lambda: hands.events("dead_letter_discarded"), "it is let go")
        (gone,) = [e for e in hands.events("dead_letter_discarded") if isinstance(e, DeadLetterDiscarded)]
        assert gone.reason == "done"

    rehearse(workspace, scene)


def test_a_reply_that_a_rule_asks_about_is_shown_as_text_and_can_be_put_otherwise(workspace: Workspace) -> None:
    rule = """
[[rule]]
id   = "reply.days"
why  = "Promises of days are read by a person first."
hook = "output"
when = ["session.turn > 0"]
then = "require_approval"
  [[rule.test]]
  name = "days"
  with = { text = "30 days" }
  expect = "require_approval"
"""
    file = policy(workspace)
    file.write_text(file.read_text(encoding="utf-8") + rule, encoding="utf-8")

    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        await hands.until(lambda: hands.card.armed, "the card is armed")
        shown = str(hands.card.query_one("#card-text", Static).render())
        foot = str(hands.card.query_one("#card-foot", Static).render())
        assert "a reply to be released" in shown
        assert "30 days" in shown
        assert "simulate" not in foot
        assert "grant" not in foot
        await hands.pilot.press("ctrl+s")
        assert hands.card.writing is None, "a text cannot be simulated"
        await hands.pilot.press("ctrl+o")
        form = hands.bench.query_one(CardForm)
        assert "30 days" in form.text
        form.load_text("Please see our returns page.")
        await hands.pilot.press("ctrl+y")
        await hands.until(
            lambda: hands.card.question is not None and hands.card.armed, "the other words take one more yes"
        )
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        (said,) = [e for e in hands.events("reply_released") if isinstance(e, ReplyReleased)]
        assert said.text == "Please see our returns page."

    rehearse(workspace, scene)


def test_autonomy_is_set_with_words_and_shown_with_its_end(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.said("/autonomy 3")
        await hands.pilot.pause()
        assert not hands.events("autonomy_changed"), "without a reason nothing changes"
        hands.bench.doing.said("/autonomy 3 5m the queue is long")
        await hands.until(lambda: "autonomy 3 raised until" in head(hands), "the header shows it")
        (event,) = [e for e in hands.events("autonomy_changed") if isinstance(e, AutonomyChanged)]
        assert (event.level, event.reason, event.established) == (3, "the queue is long", "local terminal")
        assert event.expires
        hands.bench.doing.said("/autonomy 1 careful now")
        await hands.until(lambda: "autonomy 1 lowered" in head(hands), "lowering needs no end")

    rehearse(workspace, scene)


def test_every_deed_is_there_and_no_key_means_two_things() -> None:
    bench_actions = {deed.action.partition(":")[0] for deed in DEEDS} - {"command_palette"}
    for kind in ("key", "letter", "chord", "slash"):
        given = [getattr(deed, kind) for deed in DEEDS if getattr(deed, kind)]
        assert len(given) == len(set(given)), kind
    assert {"stop", "lift", "approvals", "grant", "autonomy", "edit_rule", "reload", "flips"} <= bench_actions
    assert all(deed.group in deeds.GROUPS for deed in DEEDS)


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (140, 40)])
@pytest.mark.parametrize("action", ["stop", "approvals"])
def test_the_sheets_have_their_reason_and_their_keys_in_view_at_every_size(
    workspace: Workspace, size: tuple[int, int], action: str
) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        hands.bench.doing.do(action)
        await hands.until(lambda: len(hands.bench.screen_stack) > 1, "the sheet is up")
        await hands.pilot.pause(0.1)
        screen = hands.bench.screen
        for part in (Input, Hints, SheetList):
            region = screen.query_one(part).region
            assert region.height >= 1, part
            assert screen.region.contains_region(region), part
        await hands.pilot.press("escape")
        await hands.until(lambda: len(hands.bench.screen_stack) == 1, "it is left")

    rehearse(workspace, scene, size=size)


def test_an_answer_from_another_terminal_closes_the_card_and_says_whose_it_is(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        asked = hands.bench.rehearsal.folds.approvals.question()
        assert asked is not None
        reply = ApprovalReply(decision="deny", approver="kim", reason="ask first")
        AnswerBox(workspace.answers).leave(question_id(hands.session.id, asked), reply)
        await hands.until(lambda: hands.card.question is None, "the card is gone")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        assert "kim denied (another terminal)" in hands.conversation

    rehearse(workspace, scene)


def test_an_answer_that_is_not_taken_brings_the_card_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(step: str, reply: ApprovalReply) -> None:
        raise UsageError("not like this")

    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        asked = hands.card.question
        await hands.until(lambda: hands.card.armed, "the card is armed")
        monkeypatch.setattr(hands.session, "answer", refuse)
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: "not like this" in hands.conversation, "the reason is told")
        assert hands.card.question == asked

    rehearse(workspace, scene)
