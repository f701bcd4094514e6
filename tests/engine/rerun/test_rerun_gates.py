"""What a rerun does at a gate where somebody changed a call: what they put in again is a call like any other."""

import asyncio

from greenroom.approval.automatic import RERUN, ByPolicy
from greenroom.core.events import ApprovalRequested, GatePassed, ToolReturned
from greenroom.core.values import ApprovalReply, Card, GateReply
from tests.engine.rerun_stage import rerun
from tests.engine.stage import AmountPolicy, ListedModel, Stage, answering, says, stage

SMALL, LARGE = {"order_id": 1, "amount": 5}, {"order_id": 1, "amount": 500}
NO = ApprovalReply(decision="deny", approver="ann", established="a test", reason="not that much")


class AskedByPolicy(ByPolicy):
    """Answers for nobody, and keeps the cards."""

    def __init__(self) -> None:
        self.cards: list[Card] = []

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        self.cards.append(card)
        return await super().ask(step, card)


def test_a_call_edited_at_a_gate_again_is_put_to_a_person_as_one_that_would_be_made_for_real() -> None:
    async def scene() -> None:
        first = stage(says("", ("orders.refund", SMALL)), says("no"))
        session = first.session()
        session.set_mode("tools")
        answering(session, NO, gates={"t1/gate:tool:c1": GateReply(action="edit", edit=LARGE)})
        await session.turn("refund")
        assert first.tools.ran == []
        nobody = AskedByPolicy()
        other = Stage(ListedModel([says("no")]), policy=AmountPolicy(limit=90), approver=nobody)
        again = await rerun(list(session.records), other)
        events = [r.event for r in again.records[3:]]
        assert [e.action for e in events if isinstance(e, GatePassed)] == ["edit"]
        assert [e.card.reason for e in events if isinstance(e, ApprovalRequested)] == [RERUN]
        assert [card.reason for card in nobody.cards] == [RERUN]
        assert [e.status for e in events if isinstance(e, ToolReturned)] == ["denied"]
        assert other.tools.ran == []

    asyncio.run(scene())
