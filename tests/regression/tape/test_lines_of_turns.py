"""One branch of a fork, and what people did while a turn was open: the fixture holds that line of turns and replays."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.core.errors import WaitingForPerson
from greenroom.core.events import ApprovalRequested, Record, SessionForked, TurnFinished
from greenroom.core.values import ApprovalReply
from greenroom.engine import waiting
from greenroom.engine.fork import fork
from greenroom.engine.session import Session
from greenroom.log.file_log import FileLog
from greenroom.regression.record.record import record
from greenroom.regression.tape.tape import write
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, answering, says, stage, until
from tests.regression.taped import replayed

ALLOW = ApprovalReply(decision="allow", approver="kim", reason="fine")
DENY = ApprovalReply(decision="deny", approver="kim", reason="not today")
REFUND = ("orders.refund", {"amount": 120, "order_id": 7})


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)


def parent(folder: Path) -> tuple[Stage, FileLog]:
    """Two turns; in the second a refund is asked about and allowed."""
    made = stage(says("One."), says("", REFUND), says("Refunded."))
    log = FileLog.create(folder / "s1.jsonl", made.clock, made.ids)

    async def run() -> None:
        session = made.session(log)
        answering(session, ALLOW)
        await session.turn("First.")
        await session.turn("Refund order 7.")
        await session.aclose()

    asyncio.run(run())
    return made, log


def forked(made: Stage, folder: Path, at: int, words: str = "") -> list[Record]:
    """A branch from record `at`: an open turn goes on and is denied, then perhaps more is said."""
    log = fork(folder / "s1.jsonl", at, folder / "s2.jsonl", made.clock, made.ids)
    made.model.replies = [says("Not refunded."), says("Something else.")]

    async def run() -> list[Record]:
        session = made.session(log)
        answering(session, DENY)
        await session.resume()
        if words:
            await session.turn(words)
        records = list(session.records)
        await session.aclose()
        return records

    return asyncio.run(run())


def asked(session: Session) -> int:
    return sum(isinstance(r.event, ApprovalRequested) for r in session.records)


def _at(log: FileLog, kind: type, number: int = 0) -> int:
    return [record.seq for record in log.records if isinstance(record.event, kind)][number]


def test_a_branch_between_turns_is_its_own_line_of_turns(tmp_path: Path) -> None:
    made, log = parent(tmp_path)
    records = forked(made, tmp_path, _at(log, TurnFinished), "Other words.")
    kept = record(records, made.policy)
    said = [line["user"] for line in kept.tape.events if "turn" in line]
    assert said == ["First.", "Other words."]
    assert replayed(made, kept, tmp_path).kind == "passed"
    assert record(records, made.policy, (2, 2)).tape.header["turns"] == "2"
    assert replayed(made, record(records, made.policy, (2, 2)), tmp_path).kind == "passed"
    assert "Refunded." in write(record(list(log.records), made.policy).tape).decode()


def test_a_branch_in_the_middle_of_a_turn(tmp_path: Path) -> None:
    made, log = parent(tmp_path)
    records = forked(made, tmp_path, _at(log, ApprovalRequested), "And then?")
    assert any(isinstance(r.event, SessionForked) for r in records)
    kept = record(records, made.policy)
    answers = [(line["decision"], line["reason"]) for line in kept.tape.events if "answer" in line]
    assert answers == [("deny", "not today")]
    assert [line["turn"] for line in kept.tape.events if "turn" in line] == [1, 2, 3]
    for turns in (None, (2, 2), (3, 3)):
        assert replayed(made, record(records, made.policy, turns), tmp_path).kind == "passed", turns


@pytest.mark.parametrize("middle", [False, True])
def test_a_level_that_was_raised_for_the_parent_does_not_count_in_the_branch(tmp_path: Path, middle: bool) -> None:
    made = stage(says("One."), says("", REFUND), says("Refunded."))
    log = FileLog.create(tmp_path / "s1.jsonl", made.clock, made.ids)

    async def run() -> None:
        session = made.session(log)
        answering(session, ALLOW)
        session.set_autonomy(4, "kim", "test", "a long list", 600)
        await session.turn("First.")
        await session.turn("Refund order 7.")
        await session.aclose()

    asyncio.run(run())
    at = _at(log, ApprovalRequested) if middle else _at(log, TurnFinished)
    made.policy.asked.clear()
    kept = record(forked(made, tmp_path, at, "And then?"), made.policy)
    after = 2 if middle else 1
    assert {q.session.autonomy for q in made.policy.asked if q.session.turn > after} == {2}
    assert [line["autonomy"] for line in kept.tape.events if "autonomy" in line] == [4, 2]
    made.policy.asked.clear()
    assert replayed(made, kept, tmp_path).kind == "passed"
    assert {q.session.autonomy for q in made.policy.asked if q.session.turn > after} == {2}


def test_a_question_voided_by_a_reload_is_on_the_tape_as_it_was_answered(tmp_path: Path) -> None:
    made = stage(says("", REFUND), says("Done."))
    session = made.session()
    then = AmountPolicy(limit=110)

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: asked(session) == 1)
        digests = {**session.contract.digests, "policy": then.digest}
        session.reload(replace(session.contract, policy=then, digests=digests))
        await until(lambda: asked(session) == 2)
        session.answer("t1/ask:c1", ALLOW)
        await turn

    asyncio.run(run())
    made.policy = then
    kept = record(session.records, made.policy)
    assert sum("ask" in line for line in kept.tape.events) == 1
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_a_level_set_while_a_question_waits_is_settled_before_its_verdict(tmp_path: Path) -> None:
    made = stage(says("", REFUND), says("Done."), approver=LeaveOpen())
    session = made.session()
    with pytest.raises(WaitingForPerson):
        asyncio.run(session.turn("refund"))
    session.set_autonomy(1, "kim", "test", "careful")
    made.approver = ListedApprover([ALLOW])
    session = made.session(session.log)
    asyncio.run(session.resume())
    kept = record(session.records, made.policy)
    told = [next(iter(line)) for line in kept.tape.events if line.get("of") == "c1"]
    assert told == ["autonomy", "verdict"]
    assert replayed(made, kept, tmp_path).kind == "passed"
