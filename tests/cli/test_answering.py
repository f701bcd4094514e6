"""Leave, dead letters, proposals, autonomy and the switch on the command line, over a real workspace."""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from greenroom.approval.answers import AnswerBox, QuestionId
from greenroom.approval.automatic import LeaveOpen
from greenroom.approval.kill_switch import STOP_FILE, KillSwitch
from greenroom.assembly import open_session, read_session
from greenroom.commands.answering import elsewhere
from greenroom.commands.answering.card import approver
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import ApprovalGiven, ContractLoaded, ToolStarted, TurnStarted
from greenroom.core.values import ApprovalReply
from greenroom.engine import waiting
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

REFUND = "I want a refund of 120 EUR for order 1007"
TOOL = "orders.refund"


def asked(run: Run) -> dict[str, Any]:
    """Ask for a refund, and the question as `approve show` has it."""
    assert run("run", "aria", REFUND) == 6
    assert run("approve", "show", "last", "--json") == 0
    found = run.json()
    assert isinstance(found, dict)
    return found


def refunds(shop: Workspace) -> list[dict[str, Any]]:
    records = read_session(shop, "last")
    return [r.event.arguments for r in records if isinstance(r.event, ToolStarted) and r.event.tool == TOOL]


def test_an_answer_may_name_the_very_question_it_is_for(shop: Workspace, run: Run) -> None:
    one = asked(run)
    assert run("approve", "yes", "last", "--card", "00000000") == 2
    assert one["code"] in run.err
    assert refunds(shop) == []
    assert run("approve", "yes", "last", "--card", one["code"]) == 0
    assert [each["amount"] for each in refunds(shop)] == [120]


def test_leave_is_shown_given_listed_used_and_taken_back(shop: Workspace, run: Run) -> None:
    asked(run)
    assert run("approve", "yes", "last", "--scope", "session", "--for", "20m") == 0
    assert "at most 20m: orders.refund without asking again" in run.err
    assert "args.amount <= 120" in run.err
    assert run("approve", "grants", "--json") == 0
    (grant,) = json.loads(run.out)
    assert (grant["scope"], grant["tool"], grant["rules"], grant["in_force"]) == (
        "session",
        TOOL,
        ["refund.large"],
        True,
    )
    assert grant["by"] == approver()
    assert run("run", "--session", "last", REFUND) == 0
    assert len(refunds(shop)) == 2
    given = [r.event for r in read_session(shop, "last") if isinstance(r.event, ApprovalGiven)]
    assert [one.established for one in given] == ["terminal", f"grant {grant['step']}"]
    assert run("approve", "revoke", "last", grant["step"], "--reason", "enough") == 0
    assert run("approve", "grants", "last", "--json") == 0
    assert [(one["in_force"], one["ended"]) for one in json.loads(run.out)] == [(False, f"revoked by {approver()}")]
    assert run("run", "--session", "last", REFUND) == 6
    assert len(refunds(shop)) == 2
    assert run("approve", "revoke", "last", grant["step"]) == 2
    assert run("session", "verify", "last") == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--scope", "session", "--when", "args.amonut <= 5"], "amonut"),
        (["--scope", "session", "--when", "args.amount <= 5"], "do not hold for the call at hand"),
        (["--scope", "turn", "--for", "soon"], "no length of time"),
        (["--when", "args.amount <= 500"], "wider scope"),
        (["--scope", "always"], "knows no 'always'"),
    ],
)
def test_leave_that_cannot_be_given_gives_nothing(shop: Workspace, run: Run, options: list[str], said: str) -> None:
    asked(run)
    assert run("approve", "yes", "last", *options) == 2
    assert said in run.err
    assert refunds(shop) == []
    assert run("approve", "list", "--json") == 0
    assert len(json.loads(run.out)) == 1


def test_dead_letters_are_listed_shown_put_again_and_let_go(shop: Workspace, run: Run) -> None:
    step = asked(run)["step"]
    assert run("approve", "dead", "--json") == 0
    assert json.loads(run.out) == []
    assert run("session", "abandon", "last") == 0
    assert run("approve", "dead", "--json") == 0
    (letter,) = json.loads(run.out)
    assert (letter["kind"], letter["step"]) == ("orphaned", step)
    assert letter["card"]["call"]["arguments"]["amount"] == 120
    assert run("approve", "show", "last", "--dead", step) == 0
    assert "amount = 120" in run.out
    assert run("approve", "again", "last", "t9/ask:c9") == 2
    assert run("approve", "again", "last", step) == 6
    assert f"greenroom approve show {letter['session']}" in run.err
    assert refunds(shop) == []
    assert run("approve", "dead", "last", "--json") == 0
    assert json.loads(run.out) == []
    assert run("approve", "yes", "last") == 0
    assert len(refunds(shop)) == 1


def test_a_letter_is_let_go_with_a_reason_only(shop: Workspace, run: Run) -> None:
    step = asked(run)["step"]
    assert run("session", "abandon", "last") == 0
    assert run("approve", "discard", "last", step) == 2
    assert run("approve", "discard", "last", step, "--reason", "paid by hand") == 0
    assert run("approve", "dead", "--json") == 0
    assert json.loads(run.out) == []
    assert run("approve", "discard", "last", step, "--reason", "twice") == 2


def test_a_question_passed_up_comes_with_the_whole_case(
    shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)
    policy = shop.policies / "support.toml"
    ask = 'ask   = { role = "operator", deadline = "15m", then = ["escalate:lead", "deny"]'
    assert ask in policy.read_text()
    policy.write_text(policy.read_text().replace(ask, ask + ', runbook = "refunds.md"'))
    assert run("trust") == 0

    async def missed() -> str:
        clock = FrozenClock()
        session = await open_session(shop, approver=Late(clock), clock=clock, instant=True)
        try:
            with pytest.raises(WaitingForPerson):
                await session.turn(REFUND)
        finally:
            await session.aclose()
        return session.id

    name = asyncio.run(asyncio.wait_for(missed(), 30))
    assert run("approve", "show", name) == 0
    for part in (
        "waits for lead",
        "then it is denied",
        "escalated to lead, because no operator answered in time",
        f"the user said: {REFUND}",
        "orders.get",
        "open: May aria run orders.refund",
        "runbook: refunds.md",
    ):
        assert part in run.out
    assert (shop.knowledge / "refunds.md").read_text().splitlines()[0] in run.out
    assert run("approve", "show", name, "--json") == 0
    shown = run.json()
    assert isinstance(shown, dict)
    assert shown["role"] == "lead"
    assert shown["package"]["runbook"]["named"] == "refunds.md"
    assert run("approve", "list") == 0
    assert "lead" in run.out


def left_open(shop: Workspace, clock: FrozenClock) -> None:
    """A question that was asked at a time of `clock` and that nobody has answered since."""

    async def ask() -> None:
        session = await open_session(shop, approver=LeaveOpen(), clock=clock, instant=True)
        try:
            with pytest.raises(WaitingForPerson):
                await session.turn(REFUND)
        finally:
            await session.aclose()

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_a_yes_after_the_last_deadline_is_no_yes(shop: Workspace, run: Run) -> None:
    policy = shop.policies / "support.toml"
    policy.write_text(policy.read_text().replace('then = ["escalate:lead", "deny"]', 'then = ["deny"]'))
    assert run("trust") == 0
    left_open(shop, FrozenClock(datetime(2020, 1, 1, tzinfo=UTC)))
    assert run("approve", "list") == 0
    assert "overdue" in run.out
    assert run("approve", "yes", "last") == 1
    assert "your answer was not used" in run.err
    assert refunds(shop) == []
    assert run("approve", "dead", "last", "--json") == 0
    assert [one["kind"] for one in json.loads(run.out)] == ["expired"]


def test_a_policy_changed_since_the_question_makes_it_another_question(shop: Workspace, run: Run) -> None:
    asked(run)
    policy = shop.policies / "support.toml"
    policy.write_text(policy.read_text().replace("args.amount > 100", "args.amount > 110"))
    assert run("approve", "yes", "last") == 6
    assert "the question changed since you saw it" in run.err
    assert refunds(shop) == []
    assert run("approve", "yes", "last") == 0
    assert len(refunds(shop)) == 1


class Late:
    """Lets the first deadline go by, and leaves the question open for whoever is asked next."""

    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self._asked = 0

    async def ask(self, step: str, card: Any) -> Any:
        self._asked += 1
        if self._asked > 1:
            return await LeaveOpen().ask(step, card)
        self._clock.advance(901)
        return await asyncio.Event().wait()


def test_the_meter_says_how_answers_look(shop: Workspace, run: Run) -> None:
    assert run("approve", "fatigue") == 0
    assert "no answers" in run.out
    asked(run)
    assert run("approve", "no", "last", "not", "now") == 0
    assert run("approve", "fatigue", "last", "--json") == 0
    meter = run.json()
    assert isinstance(meter, dict)
    assert (meter["answers"], meter["allowed_share"], meter["warning"]) == (1, 0.0, "")
    assert run("approve", "list") == 0
    assert "answers in 24 h: 1" in run.err


def test_the_switch_stops_lists_and_lifts(shop: Workspace, run: Run) -> None:
    asked(run)
    assert run("stop", "--reason", "wrong prices") == 0
    assert run("stop", "--list", "--json") == 0
    assert [(one["scope"], one["reason"]) for one in json.loads(run.out)] == [("everything", "wrong prices")]
    before = len(read_session(shop, "last"))
    for words in (["approve", "yes", "last"], ["session", "resume"], ["run", "aria", "hello"]):
        assert run(*words) == 7
        assert "wrong prices" in run.err
    assert len(read_session(shop, "last")) == before
    assert run("doctor") in (0, 1)
    assert "everything is stopped" in run.out
    assert run("stop", "--lift") == 2
    assert run("stop", "--lift", "--reason", "prices are right") == 0
    assert f"(by {approver()}: prices are right)" in run.out
    assert run("approve", "yes", "last") == 0
    assert len(refunds(shop)) == 1
    assert run("ledger", "list") == 0
    assert re.search(r"stop_pressed .*wrong prices", run.out)
    assert re.search(r"stop_lifted .*prices are right", run.out)


def test_a_stopped_tool_is_denied_and_the_rest_goes_on(shop: Workspace, run: Run) -> None:
    assert run("stop", "tool", "orders.refnud", "--reason", "r") == 0
    assert "did you mean 'orders.refund'?" in run.err
    assert run("stop", "tool", "orders.ref*", "--reason", "the till is shut") == 0
    assert run("stop", "--lift", "--reason", "r") == 2
    assert "which one?" in run.err
    assert run("stop", "tool", "orders.refnud", "--lift", "--reason", "a typo") == 0
    assert run("run", "aria", REFUND) == 0
    assert "orders.ref* is stopped" in run.err
    assert refunds(shop) == []
    given = [r.event for r in read_session(shop, "last") if isinstance(r.event, ApprovalGiven)]
    assert [(one.decision, one.established) for one in given] == [("deny", "kill switch")]


def test_a_turn_and_a_call_are_named_by_their_session(shop: Workspace, run: Run) -> None:
    asked(run)
    session = read_session(shop, "last")[0].event
    name = getattr(session, "session", "")
    assert run("stop", "turn", "last") == 0
    assert [one.target for one in KillSwitch(shop).stops()] == [f"{name}/t1"]
    assert run("approve", "yes", "last") == 7
    assert run("stop", "turn", name, "--lift", "--reason", "r") == 0
    assert run("stop", "call", "last", "t1/ask:c2") == 0
    assert [one.target for one in KillSwitch(shop).stops()] == [f"{name}/t1/tool:c2"]
    assert run("stop", "call", "last", "c3", "--lift", "--reason", "r") == 2
    assert run("approve", "yes", "last") == 1
    assert "your answer was not used" in run.err
    assert refunds(shop) == []
    assert run("stop", "call", "last", "c2", "--lift", "--reason", "r") == 0
    assert KillSwitch(shop).stops() == ()
    assert run("stop", "turn", "last") == 2
    assert "no turn under way" in run.err


@pytest.mark.parametrize("words", [["tools"], ["tool"], ["turn"], ["call", "last"], ["everything", "now"]])
def test_what_cannot_be_stopped_stops_nothing(shop: Workspace, run: Run, words: list[str]) -> None:
    assert run("stop", *words) == 2
    assert KillSwitch(shop).stops() == ()


def test_a_file_made_by_hand_is_told_of_and_repaired(shop: Workspace, run: Run) -> None:
    shop.make_state()
    (shop.state / STOP_FILE).touch()
    assert run("run", "aria", "hello") == 7
    assert "empty" in run.err
    assert run("stop", "--lift", "--reason", "tidied") == 0
    assert run("run", "aria", "hello") == 0


def test_the_drill_is_passed_and_stops_nothing_of_the_workspace(shop: Workspace, run: Run) -> None:
    assert run("stop", "--drill", "--json") == 0
    assert all(one["obeyed"] for one in json.loads(run.out))
    assert len(json.loads(run.out)) == 5
    assert not (shop.state / STOP_FILE).exists()


def test_autonomy_is_set_for_a_while_and_for_a_reason(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    assert run("autonomy", "last", "4") == 2
    assert run("autonomy", "last", "5", "--reason", "r") == 2
    assert run("autonomy", "last", "3", "--reason", "busy", "--for", "10m") == 0
    assert "autonomy 3 until" in run.out
    assert run("autonomy", "last", "--json") == 0
    found = run.json()
    assert isinstance(found, dict)
    assert found["autonomy"] == 3


def test_an_answer_nobody_takes_is_taken_back(shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is open in a process that does not listen."""
    monkeypatch.setattr(elsewhere, "TAKEN_SECONDS", 0.05)
    asked(run)

    async def hold() -> Any:
        return await open_session(shop, session="last", approver=LeaveOpen(), instant=True)

    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(hold())
    try:
        assert run("approve", "yes", "last") == 6
        assert "taken back" in run.err
        assert list(shop.answers.glob("*.json")) == []
        assert run("approve", "revoke", "last", "t1/ask:c2") == 2
        assert "greenroom stop tool" in run.err
    finally:
        loop.run_until_complete(session.aclose())
        loop.close()
    assert refunds(shop) == []


def test_an_answer_taken_away_without_a_trace_in_the_log_is_no_success(
    shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the other process ends between taking an answer and logging it."""
    monkeypatch.setattr(elsewhere, "TAKEN_SECONDS", 0.05)
    monkeypatch.setattr(elsewhere, "LOGGED_SECONDS", 0.05)
    one = asked(run)
    record = next(r for r in read_session(shop, "last") if r.hash.startswith(one["code"]))
    question = QuestionId(one["session"], one["step"], record.hash)
    reply = ApprovalReply(decision="allow", approver="kim", established="terminal")
    take_back = AnswerBox.take_back
    monkeypatch.setattr(AnswerBox, "take_back", lambda box, question: not take_back(box, question))
    with pytest.raises(WaitingForPerson, match="its log does not show it"):
        asyncio.run(elsewhere.leave(shop, question, reply))
    assert refunds(shop) == []


def test_hostile_words_reach_no_line(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", f"{REFUND} \x1b[2J\u202e") == 6
    for words in (["approve", "show", "last"], ["approve", "list"], ["approve", "always", "last"]):
        assert run(*words) == 0
        assert "\x1b" not in run.out + run.err
        assert "\u202e" not in run.out + run.err
    assert any(isinstance(r.event, TurnStarted) for r in read_session(shop, "last"))


def test_a_session_that_was_begun_with_another_model_goes_on_with_it_in_another_process(
    shop: Workspace, run: Run
) -> None:
    called = 'calls = [{ tool = "orders.refund", args = { order_id = 1001, amount = 20, reason = "asked for" } }]'
    rules = (
        'id = "pay"\nwhen = { user = "pay" }\n' + called,
        'id = "paid"\nwhen = { tool = "orders.refund" }\ntext = "Paid."',
    )
    script = "".join(f"[[rule]]\n{rule}\n" for rule in rules)
    (shop.root / "scripts" / "payer.toml").write_text(f'schema = "script/1"\nid = "payer"\ntitle = "Pays"\n{script}')
    assert run("run", "aria", "pay", "--model", "scripted/payer") == 6
    assert "goes on under" not in run.err
    assert run("approve", "yes", "last") == 0, run.err
    assert run.out.strip() == "Paid."
    assert "session  goes on under what it was made with: model scripted/payer" in run.err
    assert [each["amount"] for each in refunds(shop)] == [20]
    assert run("session", "replay", "last") == 0, run.out
    assert run("session", "export", "last", "--name", "payer") == 0, run.out
    assert run("run", "aria", "hello", "--model", "scripted/helpdesk") == 0
    (own,) = (r.event.own for r in read_session(shop, "last") if isinstance(r.event, ContractLoaded))
    assert own == ()  # it is the persona's anyway
    assert run("fixture", "status", "payer") == 0, run.out
