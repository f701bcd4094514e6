"""Leave for later calls: what an approval with a scope covers, and what it never does."""

import asyncio
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Record, SessionForked
from greenroom.core.ids import CountedIds
from greenroom.core.values import ApprovalReply, Scope
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.views.fold import fold_all
from greenroom.views.people import grants
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, says, stage

WHEN = ("amount <= 150",)


def refund(amount: float, order: int = 1) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"order_id": order, "amount": amount})


def allow(scope: Scope = "once", seconds: int | None = None) -> ApprovalReply:
    when = WHEN if scope != "once" else ()
    return ApprovalReply(
        decision="allow", approver="kim", established="test", scope=scope, when=when, valid_seconds=seconds
    )


def deny() -> ApprovalReply:
    return ApprovalReply(decision="deny", approver="kim", established="test", reason="no")


def answered(play: Stage, *replies: ApprovalReply) -> Session:
    """A session of which these are the answers to what a person is really asked."""
    play.approver = ListedApprover(list(replies))
    play.policy.reserved = "nothing"
    return play.session()


def given(session: Session) -> list[tuple[str, str]]:
    """How each question was answered: the decision, and how it was established who did."""
    return [(r.event.decision, r.event.established) for r in session.records if isinstance(r.event, ApprovalGiven)]


def test_leave_for_a_session_answers_later_calls_it_covers_and_no_others() -> None:
    play = stage(
        says("", refund(120)),
        says("One."),
        says("", refund(110)),
        says("Two."),
        says("", refund(160)),
        says("Three."),
        policy=AmountPolicy(limit=100),
    )
    session = answered(play, allow("session"), deny())
    for words in ("one", "two", "three"):
        asyncio.run(session.turn(words))
    assert given(session) == [("allow", "test"), ("allow", "grant t1/ask:c1"), ("deny", "test")]
    assert [args["amount"] for _, args, _ in play.tools.ran] == [120, 110]
    asked = [r for r in session.records if isinstance(r.event, ApprovalRequested)]
    assert len(asked) == 3  # each call has its question and answer of its own, leave or not
    twin = stage(policy=play.policy)
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference


def test_leave_for_a_turn_ends_with_it() -> None:
    play = stage(says("", refund(120)), says("", refund(110)), says("One."), says("", refund(110)), says("Two."))
    session = answered(play, allow("turn"), deny())
    asyncio.run(session.turn("one"))
    asyncio.run(session.turn("two"))
    assert given(session) == [("allow", "test"), ("allow", "grant t1/ask:c1"), ("deny", "test")]


def test_leave_expires_and_can_be_taken_back() -> None:
    play = stage(*[reply for _ in range(4) for reply in (says("", refund(120)), says("Done."))])
    session = answered(play, allow("session", 60), allow("session", 3600), deny())
    asyncio.run(session.turn("one"))
    play.clock.advance(61)
    asyncio.run(session.turn("two"))
    asyncio.run(session.turn("three"))
    session.revoke("t2/ask:c2", by="mara", reason="changed my mind")
    with pytest.raises(UsageError, match="no leave"):
        session.revoke("t2/ask:c2", by="mara")
    asyncio.run(session.turn("four"))
    assert [established for _, established in given(session)] == ["test", "test", "grant t2/ask:c2", "test"]
    ended = [one.ended for one in fold_all(grants.fold, grants.EMPTY, session.records).all]
    assert ended == ["", "revoked by mara"]


def test_leave_does_not_count_under_another_policy_or_in_a_log_that_goes_on_elsewhere() -> None:
    play = stage(says("", refund(120)), says("One."))
    session = answered(play, allow("session"))
    asyncio.run(session.turn("one"))

    records = list(session.records)
    other = stage(says("", refund(120)), says("Two."), policy=AmountPolicy(limit=90))
    other.approver = ListedApprover([deny()])
    later = other.session(MemoryLog("s1", other.clock, CountedIds(), records))
    asyncio.run(later.turn("two"))
    assert given(later)[-1] == ("deny", "test")


def test_leave_does_not_confirm_an_edit() -> None:
    play = stage(says("", refund(120)), says("One."), says("", refund(200)), says("Two."))
    edit = ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": 130}, approver="kim", established="test")
    session = answered(play, allow("session"), edit, deny())
    asyncio.run(session.turn("one"))
    asyncio.run(session.turn("two"))
    assert [decision for decision, _ in given(session)] == ["allow", "edit", "deny"]


def test_leave_without_a_clause_is_refused_where_it_is_given_and_ignored_where_it_slips_in() -> None:
    bare = ApprovalReply(decision="allow", approver="kim", scope="session")

    class Careless:
        async def ask(self, step: str, card: object) -> ApprovalReply:
            return bare

    play = stage(says("", refund(120)), says("One."), approver=Careless())
    session = play.session()
    asyncio.run(session.turn("one"))
    (event,) = [r.event for r in session.records if isinstance(r.event, ApprovalGiven)]
    assert (event.scope, event.expires) == ("once", None)

    seen: list[str] = []
    attended = stage(says("", refund(120)), says("One.")).session()

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            try:
                attended.answer(item.event.step, bare)
            except UsageError as error:
                seen.append(error.code)
                attended.answer(item.event.step, deny())

    attended.bus.subscribe(watch)
    asyncio.run(attended.turn("one"))
    assert seen == ["approval.scope"]


def test_a_fork_does_not_inherit_leave_or_a_raised_autonomy() -> None:
    play = stage(says("", refund(120)), says("One."))
    session = answered(play, allow("session"))
    session.set_autonomy(4, "kim", "test", "a long list", 600)
    asyncio.run(session.turn("one"))
    parent = list(session.records)
    log = MemoryLog("s2", play.clock, CountedIds(), parent)
    log.append(SessionForked(session="s2", parent="s1", parent_seq=parent[-1].seq, parent_hash=parent[-1].hash))

    other = stage(says("", refund(120)), says("Two."), approver=ListedApprover([deny()]))
    other.policy.reserved = "nothing"
    fork = other.session(log)
    assert fork.autonomy == (2, None)
    asyncio.run(fork.turn("two"))
    assert given(fork)[-1] == ("deny", "test")


def test_leave_that_leaves_out_the_very_call_it_is_given_with_is_refused() -> None:
    other = ApprovalReply(decision="allow", approver="kim", scope="session", when=("amount <= 50",))
    play = stage(says("", refund(120)), says("One."))
    session = answered(play, other)
    asyncio.run(session.turn("one"))
    (event,) = [r.event for r in session.records if isinstance(r.event, ApprovalGiven)]
    assert (event.decision, event.scope) == ("allow", "once")


def test_a_secret_in_a_clause_is_masked_like_every_word_of_an_answer() -> None:
    reply = allow("session").model_copy(update={"when": ("4111 or amount <= 150",)})
    session = answered(stage(says("", refund(120)), says("One.")), reply)
    asyncio.run(session.turn("one"))
    (leave,) = fold_all(grants.fold, grants.EMPTY, session.records).all
    assert leave.when == ("‹card#1› or amount <= 150",)
    assert not any("4111" in str(record.event) for record in session.records)


def test_leave_given_at_one_level_does_not_count_at_a_lower_one() -> None:
    play = stage(says("", refund(120)), says("One."), says("", refund(120)), says("Two."))
    session = answered(play, allow("session"), deny())
    asyncio.run(session.turn("one"))
    session.set_autonomy(1, "kim", "test", "ask me")
    asyncio.run(session.turn("two"))
    assert given(session) == [("allow", "test"), ("deny", "test")]
