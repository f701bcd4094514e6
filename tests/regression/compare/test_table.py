"""The table of a comparison follows from the sessions' logs, in whatever order they ended."""

import asyncio
import random
from collections.abc import Sequence

from greenroom.core.events import Record
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply, Usage
from greenroom.regression.compare.journal import Combination, Header, Row, Run
from greenroom.regression.compare.table import Table, table
from tests.engine.stage import AmountPolicy, ListedApprover, says, stage

REFUND = ("orders.refund", {"order_id": 1, "amount": 120})
STAMP = "2026-11-28T10:00:00.000000Z"


def went(*replies: ModelReply, blocked: str = "") -> Sequence[Record]:
    costly = [
        reply.model_copy(update={"usage": Usage(input_tokens=100, output_tokens=5, micro_usd=7)}) for reply in replies
    ]
    policy = AmountPolicy(blocked={"input": blocked} if blocked else None)
    session = stage(*costly, policy=policy, approver=ListedApprover([ApprovalReply(decision="deny")])).session()
    asyncio.run(asyncio.wait_for(session.turn("pay me"), 10))
    return session.records


LOGS = {
    "cmp1": went(says("Paying.", REFUND), says("It was not paid.")),
    "cmp2": went(says("Paying.", REFUND), says("Nothing was paid.")),
    "cmp3": went(says("I cannot do that.")),
    "cmp4": went(says("I cannot do that.")),
    "cmp5": went(blocked="pay"),
}


def made(sessions: dict[Run, str], *, repeat: int = 2, failed: tuple[Run, ...] = ()) -> Table:
    both = (Combination(persona="aria", label="aria@1", name="m"), Combination(persona="bo", label="bo@1", name="m"))
    header = Header(name="one", at=STAMP, file="in", inputs=("a",), combinations=both, repeat=repeat)
    rows = [(run, Row(**run._asdict(), outcome="done", session=name, at=STAMP)) for run, name in sessions.items()]
    rows += [(run, Row(**run._asdict(), outcome="error", line="no model", at=STAMP)) for run in failed]
    random.Random(4).shuffle(rows)
    return table(header, dict(rows), LOGS)


def test_figures_and_differences() -> None:
    found = made({Run(1, 0, 1): "cmp1", Run(1, 0, 2): "cmp2", Run(1, 1, 1): "cmp3", Run(1, 1, 2): "cmp4"})
    first, second = found.figures
    assert (first.runs, first.denied, first.questions, first.tools) == (2, 2, 2, {"orders.refund": 2})
    assert (first.usage.input_tokens, first.usage.micro_usd) == (400, 28)
    assert (first.agreement, first.same_words) == (1.0, 0.0)
    assert (second.agreement, second.same_words) == (1.0, 1.0)
    assert second.outcomes == {"answered": 2}
    (differs,) = found.differing
    assert differs.sessions == ("cmp1", "cmp3")
    assert {"tools", "words"} <= set(differs.what)


def test_refusals_failures_and_sessions_that_are_gone() -> None:
    found = made({Run(1, 0, 1): "cmp5", Run(1, 0, 2): "gone", Run(1, 1, 1): "cmp3"}, failed=(Run(1, 1, 2),))
    first, second = found.figures
    assert (first.refused, first.runs, found.missing) == (1, 1, 1)
    assert first.agreement is None
    assert (second.errors, second.runs, second.median) == (1, 1, 0)
    assert "outcome" in found.differing[0].what


def test_what_went_alike_differs_nowhere_and_nothing_made_is_nothing() -> None:
    assert not made({Run(1, 0, 1): "cmp3", Run(1, 1, 1): "cmp4"}, repeat=1).differing
    empty = made({})
    assert [one.median for one in empty.figures] == [None, None]
    assert not empty.differing
