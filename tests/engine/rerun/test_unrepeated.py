"""What a person did in a turn that is said again: kept with a mark of where from, or told; never neither."""

import asyncio

import pytest

from greenroom.approval.automatic import DenyAll
from greenroom.core.events import ApprovalGiven
from greenroom.core.values import ApprovalReply, GateReply
from greenroom.engine.rerun.unrepeated import unrepeated
from tests.engine.rerun_stage import rerun
from tests.engine.stage import AmountPolicy, ListedModel, Stage, answering, says, stage

SMALL, LARGE = {"order_id": 1, "amount": 5}, {"order_id": 1, "amount": 500}
NO = ApprovalReply(decision="deny", approver="ann", established="a test", reason="not that much")


@pytest.mark.parametrize(("asked", "told"), [(LARGE, 0), ({**LARGE, "amount": 400}, 1)])
def test_an_answer_to_another_question_is_told(asked: dict[str, int], told: int) -> None:
    async def scene() -> None:
        policy = AmountPolicy(limit=100)
        first = stage(says("", ("orders.refund", LARGE)), says("no"), policy=policy)
        session = first.session()
        answering(session, NO)
        await session.turn("refund")
        other = Stage(ListedModel([says("", ("orders.refund", asked)), says("no")]), policy=policy, approver=DenyAll())
        again = await rerun(list(session.records), other, words={1: "a refund" if told else "refund"})
        kept = [r.event.kept_from for r in again.records if isinstance(r.event, ApprovalGiven)]
        lines = unrepeated(session.records, {1}, again.records)
        assert len(lines) == told == kept.count(None)
        assert not told or lines[0].startswith("turn 1: the answer of ann to orders.refund (deny) was not repeated")

    asyncio.run(scene())


def test_a_gate_that_was_not_reached_again_is_told_and_other_turns_are_not() -> None:
    async def scene() -> None:
        first = stage(says("", ("orders.refund", SMALL)), says("no"))
        session = first.session()
        session.set_mode("tools")
        answering(session, NO, gates={"t1/gate:tool:c1": GateReply(action="edit", edit=LARGE)})
        await session.turn("refund")
        other = Stage(ListedModel([says("nothing to do")]), policy=AmountPolicy(limit=90), approver=DenyAll())
        again = await rerun(list(session.records), other, words={1: "hello"})
        lines = unrepeated(session.records, {1}, again.records)
        assert any("edited at the tool gate was not repeated" in line for line in lines)
        assert unrepeated(session.records, {2}, again.records) == ()

    asyncio.run(scene())
