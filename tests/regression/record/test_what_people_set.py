"""What people set and spent beside a session's own steps is on its tape, so that the replay decides alike."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import ToolReturned
from greenroom.core.values import ApprovalReply
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.regression.record.record import record
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, says, stage
from tests.regression.taped import replayed

ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")


def refund(amount: float) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"order_id": 1, "amount": amount})


def twice(amount: float, **parts: Any) -> Stage:
    """Two turns that each refund the amount; a person allows whatever is asked."""
    replies = [reply for _ in range(2) for reply in (says("", refund(amount)), says("Done."))]
    return stage(*replies, approver=ListedApprover([ALLOW] * 2), **parts)


def statuses(session: Session) -> list[str]:
    return [r.event.status for r in session.records if isinstance(r.event, ToolReturned)]


@dataclass
class Spent:
    """What other sessions spent, by the day."""

    days: dict[str, float]

    def sums(self, day: str) -> Mapping[str, float]:
        return {"orders.refund:amount:day": self.days[day]} if day in self.days else {}

    def turn_to_spend(self) -> AbstractContextManager[object]:
        return nullcontext()


def test_a_session_that_goes_past_midnight(tmp_path: Path) -> None:
    made = twice(60, policy=AmountPolicy(limit=10, reserved="day"), day=Spent({}))
    session = made.session()
    asyncio.run(session.turn("today"))
    made.clock.advance(24 * 3600)
    asyncio.run(session.turn("tomorrow"))
    assert statuses(session) == ["done", "done"]  # 120 in one day would be denied
    kept = record(session.records, made.policy)
    assert [line for line in kept.tape.events if "day" in line] == [{"day": {}, "of": "c2", "on": 2}]
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_what_other_sessions_spent(tmp_path: Path) -> None:
    made = twice(60, policy=AmountPolicy(limit=10, reserved="day"), day=Spent({"2026-11-20": 50.0}))
    session = made.session()
    asyncio.run(session.turn("today"))
    made.clock.advance(24 * 3600)
    asyncio.run(session.turn("tomorrow"))
    assert statuses(session) == ["denied", "done"]
    kept = record(session.records, made.policy)
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_autonomy_set_between_turns_and_within_one(tmp_path: Path) -> None:
    made = twice(120)
    made.policy.reserved = "nothing"
    session = made.session()
    session.set_autonomy(1, "kim", "test", "careful")
    asyncio.run(session.turn("one"))
    session.set_autonomy(3, "kim", "test", "a long list", 600)
    asyncio.run(session.turn("two"))
    kept = record(session.records, made.policy)
    assert [line["autonomy"] for line in kept.tape.events if "autonomy" in line] == [1, 3]
    assert replayed(made, kept, tmp_path).kind == "passed"
    made.policy.asked.clear()
    replayed(made, kept, tmp_path)
    decided = [q.session.autonomy for q in made.policy.asked if q.hook == "tool.call"]
    assert (decided[0], decided[-1]) == (1, 3)


def test_leave_given_for_a_session(tmp_path: Path) -> None:
    leave = ALLOW.model_copy(update={"scope": "session", "when": ("amount <= 150",)})
    made = twice(120)
    made.approver = ListedApprover([leave])
    made.policy.reserved = "nothing"
    session = made.session()
    asyncio.run(session.turn("one"))
    asyncio.run(session.turn("two"))
    kept = record(session.records, made.policy)
    answers = [line for line in kept.tape.events if "answer" in line]
    assert answers[0] == {"answer": "c1", "decision": "allow", "scope": "session", "when": ["amount <= 150"]}
    assert answers[1] == {"answer": "c2", "decision": "allow"}
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_what_others_spent_while_a_question_was_open(tmp_path: Path) -> None:
    day = Spent({})
    made = stage(
        says("", refund(60)),
        says("Done."),
        policy=AmountPolicy(limit=10, reserved="day"),
        day=day,
        approver=LeaveOpen(),
    )
    with pytest.raises(WaitingForPerson):
        asyncio.run(made.session(log := MemoryLog("s1", made.clock, made.ids)).turn("today"))
    day.days["2026-11-20"] = 20.0
    made.approver = ListedApprover([ALLOW] * 2)
    session = made.session(log)
    asyncio.run(session.resume())
    assert statuses(session) == ["done"]
    kept = record(session.records, made.policy)
    assert [next(iter(line)) for line in kept.tape.events if line.get("of") == "c1"] == ["day", "verdict"]
    assert replayed(made, kept, tmp_path).kind == "passed"
