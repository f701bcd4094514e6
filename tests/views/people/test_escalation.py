"""The package of an escalated question has the whole case in it, and nothing that is not in the log."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.commands.answering.escalated import package_lines
from greenroom.core.errors import WaitingForPerson
from greenroom.core.values import Ask, Card, ToolCall, ToolSpec, Verdict
from greenroom.engine import waiting
from greenroom.engine.session import Session
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals, escalation
from greenroom.views.people.approvals import Asked
from greenroom.views.people.escalation import open_question, package
from greenroom.workspace.layout import Workspace
from tests.engine.stage import AmountPolicy, says, stage, until

ASK = Ask(
    role="operator", deadline_seconds=60, then=("notify:desk", "escalate:lead", "escalate:board"), runbook="refunds.md"
)
LOOK = ("orders.get", {"order_id": 1})
CALL = ("orders.refund", {"order_id": 1, "amount": 120})


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)


def question(session: Session) -> Asked:
    found = fold_all(approvals.fold, approvals.EMPTY, session.records).question()
    assert found is not None
    return found


def passed_on(times: int) -> Session:
    """A session whose open question missed so many deadlines."""
    policy = AmountPolicy(ask=ASK, blocked={"retrieval": "margin"})
    play = stage(says("Looking.", LOOK), says("", CALL), policy=policy)
    session = play.session()

    async def scene() -> None:
        turn = asyncio.ensure_future(session.turn("My name is Mara, refund it"))
        for number in range(times + 1):
            await until(partial(_has_passed, session, number))
            if number < times:
                play.clock.advance(61)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    asyncio.run(asyncio.wait_for(scene(), 10))
    return session


def _has_passed(session: Session, times: int) -> bool:
    found = fold_all(approvals.fold, approvals.EMPTY, session.records).question()
    return found is not None and found.passed == times


@pytest.mark.parametrize("times", [0, 1])
def test_a_question_that_was_not_escalated_has_none(times: int) -> None:
    session = passed_on(times)
    assert package(session.records, question(session)) is None


def test_one_passed_up_has_the_whole_case() -> None:
    session = passed_on(2)
    found = package(session.records, question(session))
    assert found is not None
    assert (found.session, found.persona, found.turn, found.role) == ("s1", session.contract.persona.id, 1, "lead")
    assert found.words == "My name is Mara, refund it"
    assert found.because == "no operator answered in time"
    assert [one.label for one in found.passages] == ["returns.md#refunds"]
    assert [(one.call.tool, one.status) for one in found.tried] == [("orders.get", "done")]
    assert found.card.call.arguments == CALL[1]
    assert found.runbook == "refunds.md"
    assert found.question == (
        f"May {found.persona} run orders.refund (amount 120, order_id 1), which cannot be undone?"
    )


def test_each_step_up_names_who_did_not_answer() -> None:
    session = passed_on(3)
    found = package(session.records, question(session))
    assert found is not None
    assert (found.role, found.because) == ("board", "no lead answered in time")


def test_a_rule_that_escalates_says_so() -> None:
    class Escalating(AmountPolicy):
        def decide(self, question: object) -> Verdict:
            verdict = super().decide(question)  # type: ignore[arg-type]  # handed on as it came
            up = verdict.effect == "require_approval"
            return verdict.model_copy(update={"effect": "escalate"}) if up else verdict

    session = stage(says("", CALL), policy=Escalating(ask=ASK), approver=LeaveOpen()).session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(session.turn("refund it"))
    found = package(session.records, question(session))
    assert found is not None
    assert found.because == "rule refund.large escalates it"
    assert found.tried == ()


def test_the_earlier_calls_of_the_tool_are_told_with_their_turn_arguments_and_outcome(tmp_path: Path) -> None:
    before = {"order_id": 1, "amount": 60}
    replies = [says("", ("orders.refund", before)), says("Done."), says("", LOOK), says("Seen.")]
    session = stage(*replies, says("", CALL), policy=AmountPolicy(ask=ASK), approver=LeaveOpen()).session()

    async def scene() -> None:
        await session.turn("refund 60")
        await session.turn("look it up")
        with pytest.raises(WaitingForPerson):
            await session.turn("refund more")

    asyncio.run(scene())
    one = question(session)
    by_rule = one.card.verdict.model_copy(update={"effect": "escalate"})
    found = package(session.records, replace(one, card=one.card.model_copy(update={"verdict": by_rule})))
    assert found is not None
    assert found.tried == ()
    assert [(turn, call.ran_with, call.status) for turn, call in found.earlier] == [(1, before, "done")]
    lines = package_lines(Workspace(tmp_path), found)
    place = lines.index("orders.refund in earlier turns of this session:")
    assert lines[place + 1].startswith("  turn 1: orders.refund ") and "60" in lines[place + 1]
    assert lines[place + 2].strip().startswith("done")


def test_the_question_about_a_text_names_the_deed() -> None:
    spec = ToolSpec(name="reply", description="", parameters={}, effects="none")
    card = Card(
        call=ToolCall(id="output", tool="reply", arguments={"text": "hello"}),
        spec=spec,
        verdict=Verdict(effect="escalate", rule="r", why="w"),
        hook="output",
    )
    assert open_question("aria", card) == "May aria send this reply?"
    undone = card.model_copy(update={"hook": "tool.call"})
    assert open_question("aria", undone) == 'May aria run reply (text "hello")?'


def test_it_is_a_function_of_the_records_alone() -> None:
    session = passed_on(2)
    one = question(session)
    assert package(tuple(session.records), one) == package(list(session.records), one)
    assert escalation.package(session.records[: one.seq + 1], one) is None  # before anybody was passed over
