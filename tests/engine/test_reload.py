"""Another contract while a session goes on: its policy counts at once, and no answer outlives the policy it was given under."""

import asyncio
from dataclasses import replace

import pytest

from greenroom.core.events import ApprovalGiven, ApprovalRequested, ContractLoaded, Record, ToolReturned
from greenroom.core.values import ApprovalReply, Ask
from greenroom.engine import waiting
from greenroom.engine.contract import Contract
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from tests.engine.stage import AmountPolicy, ListedApprover, persona, says, stage, until

CALL = ("orders.refund", {"order_id": 1, "amount": 120})
ALLOW = ApprovalReply(decision="allow", approver="kim")


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)


def under(contract: Contract, policy: AmountPolicy, **changes: str) -> Contract:
    """The contract with another policy, and other texts where they are given."""
    digests = {**contract.digests, "policy": policy.digest, **{part: f"digest of {t}" for part, t in changes.items()}}
    return replace(contract, policy=policy, digests=digests, texts={**contract.texts, **changes})


def count(session: Session, kind: type) -> int:
    return sum(isinstance(r.event, kind) for r in session.records)


def test_between_turns_all_of_it_counts_and_the_log_says_so() -> None:
    play = stage(says("", CALL), says("One."), says("", CALL), says("Two."), policy=AmountPolicy(limit=1000))
    play.policy.reserved = "nothing"
    session = play.session()
    asyncio.run(session.turn("one"))
    assert session.reload(under(session.contract, AmountPolicy(limit=10), prompt="You are brief."))
    assert count(session, ContractLoaded) == 2
    play.approver = ListedApprover([])
    asyncio.run(session.turn("two"))
    returned = [r.event for r in session.records if isinstance(r.event, ToolReturned)]
    assert [e.status for e in returned] == ["done", "denied"]


def test_an_open_question_is_void_and_asked_anew_under_the_new_policy() -> None:
    play = stage(says("", CALL), says("Done."))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: count(session, ApprovalRequested) == 1)
        session.reload(under(session.contract, AmountPolicy(limit=110)))
        await until(lambda: count(session, ApprovalRequested) == 2)
        session.answer("t1/ask:c1", ALLOW)
        await turn

    asyncio.run(run())
    asked = [r.event for r in session.records if isinstance(r.event, ApprovalRequested)]
    assert asked[0].policy_digest != asked[1].policy_digest
    assert count(session, ApprovalGiven) == 1
    assert len(play.tools.ran) == 1


def test_a_stricter_policy_denies_what_was_being_asked_about_whatever_was_answered_meanwhile() -> None:
    play = stage(says("", CALL), says("Done."))
    session = play.session()

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, ALLOW)  # the answer is there before the policy changes
            session.reload(under(session.contract, AmountPolicy(limit=10)))

    session.bus.subscribe(watch)
    asyncio.run(session.turn("refund"))
    assert play.tools.ran == []
    assert count(session, ApprovalGiven) == 0


def test_a_laxer_policy_lets_an_asked_call_run_without_an_answer() -> None:
    play = stage(says("", CALL), says("Done."))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: count(session, ApprovalRequested) == 1)
        session.reload(under(session.contract, AmountPolicy(limit=500)))
        await turn

    asyncio.run(run())
    assert len(play.tools.ran) == 1
    assert count(session, ApprovalGiven) == 0


def test_what_is_not_policy_waits_for_the_end_of_the_open_turn() -> None:
    play = stage(says("", CALL), says("One."), says("Two."))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: count(session, ApprovalRequested) == 1)
        fresh = replace(under(session.contract, play.policy, prompt="You are brief."), system="You are brief.")
        assert not session.reload(fresh)
        session.answer("t1/ask:c1", ALLOW)
        await turn
        await session.turn("hello")

    asyncio.run(run())
    heads = [request.messages[0].text for request in play.model.requests]
    assert heads == ["You are Aria.", "You are Aria.", "You are brief."]


def recorded_with_two_policies() -> tuple[Session, dict[int, Contract]]:
    """A session whose policy changed under an open question, and between two turns; its contracts by record."""
    play = stage(says("", CALL), says("One."), says("", CALL), says("Two."))
    play.policy.reserved = "nothing"
    session = play.session()
    contracts = {1: session.contract}

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: count(session, ApprovalRequested) == 1)
        session.reload(under(session.contract, AmountPolicy(limit=110, reserved="nothing")))
        contracts[len(session.records) - 1] = session.contract
        await until(lambda: count(session, ApprovalRequested) == 2)
        session.answer("t1/ask:c1", ALLOW)
        await turn
        session.reload(under(session.contract, AmountPolicy(limit=1000, reserved="nothing")))
        contracts[len(session.records) - 1] = session.contract
        await session.turn("and again")

    asyncio.run(run())
    return session, contracts


def test_a_session_that_was_reloaded_replays_under_what_governed_each_part_of_it() -> None:
    session, contracts = recorded_with_two_policies()
    assert all(isinstance(session.records[seq].event, ContractLoaded) for seq in contracts)
    twin = stage(policy=AmountPolicy(reserved="nothing"))
    again = twin.session(recording=LogRecording(session.records))
    replayed = asyncio.run(replay(again, session.records, contracts))
    assert replayed.same, replayed.difference
    assert count(again, ApprovalRequested) == 2


def test_without_its_contracts_the_first_difference_of_such_a_session_is_named() -> None:
    session, _ = recorded_with_two_policies()
    twin = stage(policy=AmountPolicy(reserved="nothing"))
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert not replayed.same


def test_what_was_spent_before_counts_under_a_limit_that_came_later_now_and_after_a_restart() -> None:
    free = AmountPolicy(limit=1000, reserved="nothing")
    half = ("orders.refund", {"order_id": 1, "amount": 90})
    play = stage(says("", half), says("One."), says("", half), says("Two."), policy=free, approver=ListedApprover([]))
    session = play.session()
    asyncio.run(session.turn("one"))
    limited = AmountPolicy(limit=17)  # denies above 170 in a session
    session.reload(under(session.contract, limited))
    asyncio.run(session.turn("two"))
    assert [r.event.status for r in session.records if isinstance(r.event, ToolReturned)] == ["done", "denied"]
    play.policy = limited
    again = play.session(log=session.log)
    assert again._room.facts.now().sums == session._room.facts.now().sums == {"orders.refund:amount:session": 90.0}


def test_a_level_without_an_end_never_stands_above_a_contract_that_was_lowered_since() -> None:
    play = stage(persona=persona(policy={"autonomy": 3}))
    session = play.session()
    for level in (1, 3):  # back at what the contract said then
        session.set_autonomy(level, "kim", "screen", "because")
    play.persona = persona(policy={"autonomy": 2})
    session.reload(replace(session.contract, persona=play.persona))
    assert session.autonomy == (2, None)
    assert play.session(log=session.log).autonomy == (2, None)
    session.set_autonomy(3, "kim", "screen", "the queue is long", 60)
    assert session._room.facts.now().autonomy == 3  # a raise has an end, and is one


def test_the_contracts_own_level_once_set_is_no_ceiling_for_a_later_contract_before_or_after_a_restart() -> None:
    play = stage(persona=persona(policy={"autonomy": 2}))
    session = play.session()
    session.set_autonomy(2, "kim", "screen", "because")
    play.persona = persona(policy={"autonomy": 3})
    session.reload(replace(session.contract, persona=play.persona))
    assert session.autonomy == (3, None)
    assert play.session(log=session.log).autonomy == (3, None)


def test_a_lower_level_that_a_person_set_does_not_become_a_raise() -> None:
    session = stage(persona=persona(policy={"autonomy": 3})).session()
    session.set_autonomy(2, "kim", "screen", "because")
    session.reload(replace(session.contract, persona=persona(policy={"autonomy": 0})))
    assert session.autonomy == (0, None)


def test_a_question_put_anew_has_no_more_time_than_it_had() -> None:
    ask = Ask(deadline_seconds=600)
    play = stage(says("", CALL), says("Done."), policy=AmountPolicy(ask=ask))
    session = play.session()

    async def run() -> None:
        turn = asyncio.ensure_future(session.turn("refund"))
        await until(lambda: count(session, ApprovalRequested) == 1)
        play.clock.advance(300)
        session.reload(under(session.contract, AmountPolicy(limit=110, ask=ask)))
        await until(lambda: count(session, ApprovalRequested) == 2)
        session.reload(under(session.contract, AmountPolicy(limit=110, ask=Ask(deadline_seconds=60))))
        session.reload(under(session.contract, AmountPolicy(limit=111, ask=Ask(deadline_seconds=60))))
        await until(lambda: count(session, ApprovalRequested) == 3)
        session.answer("t1/ask:c1", ALLOW)
        await turn

    asyncio.run(run())
    until_when = [r.event.deadline for r in session.records if isinstance(r.event, ApprovalRequested)]
    assert until_when[0] == until_when[1] == "2026-11-20T10:10:00.000000Z"
    assert until_when[2] == "2026-11-20T10:06:00.000000Z"  # another question, by another rule's time
