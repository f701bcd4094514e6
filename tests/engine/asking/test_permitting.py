"""Rules that want a person to see words first: at the input, of a prompt, a passage, a memory, a reply."""

import asyncio

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import ApprovalRequested, MemoryWritten, Record, ReplyReleased, TurnFinished
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply, Hook
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from tests.engine.stage import AmountPolicy, ListedApprover, Stage, says, stage

ALLOW = ApprovalReply(decision="allow", approver="kim")
DENY = ApprovalReply(decision="deny", approver="kim", reason="not like this")


def rewrite(text: str) -> ApprovalReply:
    return ApprovalReply(decision="edit", arguments={"text": text}, approver="kim")


def asked_at(hook: Hook, word: str, *replies: ApprovalReply, says_: ModelReply | None = None) -> tuple[Stage, Session]:
    play = stage(says_ or says("We promise a gift."), policy=AmountPolicy(asking={hook: word}))
    play.approver = ListedApprover(list(replies))
    return play, play.session()


def released(session: Session) -> str:
    return next(r.event.text for r in reversed(session.records) if isinstance(r.event, ReplyReleased))


def steps(session: Session) -> list[str]:
    return [r.event.step for r in session.records if isinstance(r.event, ApprovalRequested)]


def same_again(play: Stage, session: Session) -> None:
    twin = stage(policy=play.policy)
    replayed = asyncio.run(replay(twin.session(recording=LogRecording(session.records)), session.records))
    assert replayed.same, replayed.difference


def test_a_reply_waits_for_a_person_who_lets_it_go() -> None:
    play, session = asked_at("output", "promise", ALLOW)
    finished = asyncio.run(session.turn("hello"))
    assert (finished.outcome, released(session)) == ("answered", "We promise a gift.")
    (asked,) = [r.event for r in session.records if isinstance(r.event, ApprovalRequested)]
    assert (asked.hook, asked.tool, asked.card.call.arguments) == (
        "output",
        "reply.show",
        {"text": "We promise a gift."},
    )
    same_again(play, session)


def test_a_reply_that_a_person_declines_is_not_shown_and_the_reason_is() -> None:
    play, session = asked_at("output", "promise", DENY)
    finished = asyncio.run(session.turn("hello"))
    assert finished.outcome == "refused"
    assert "not like this" in released(session)
    assert "gift" not in released(session)
    same_again(play, session)


def test_a_rewritten_reply_is_judged_anew_and_confirmed_once_more() -> None:
    play, session = asked_at("output", "promise", rewrite("We promise nothing."), rewrite("You may get a gift."), ALLOW)
    asyncio.run(session.turn("hello"))
    assert released(session) == "You may get a gift."
    assert steps(session) == ["t1/ask:output", "t1/ask:output.1", "t1/ask:output.2"]
    same_again(play, session)


def test_words_are_let_in_or_not_but_never_changed_on_the_card() -> None:
    play, session = asked_at("input", "gift", rewrite("something else"))
    finished = asyncio.run(session.turn("a gift, please"))
    assert finished.outcome == "refused"
    assert play.model.requests == []

    play, session = asked_at("input", "gift", ALLOW)
    assert asyncio.run(session.turn("a gift, please")).outcome == "answered"
    same_again(play, session)


def test_a_prompt_is_shown_as_a_whole_before_a_model_gets_it() -> None:
    play, session = asked_at("prompt", "five days", DENY)
    finished = asyncio.run(session.turn("how long do refunds take?"))
    assert finished.outcome == "refused"
    assert play.model.requests == []
    (asked,) = [r.event for r in session.records if isinstance(r.event, ApprovalRequested)]
    assert "Refunds take five days." in str(asked.card.call.arguments["text"])

    play, session = asked_at("prompt", "five days", ALLOW)
    assert asyncio.run(session.turn("how long do refunds take?")).outcome == "answered"
    assert len(play.model.requests) == 1
    same_again(play, session)


def test_what_a_redact_rule_finds_in_a_prompt_never_reaches_the_model() -> None:
    play = stage(says("Noted."), policy=AmountPolicy(asking={"prompt": "nothing of the kind"}))
    session = play.session()
    object.__setattr__(session.contract, "system", "The test card is 4111.")
    asyncio.run(session.turn("hello"))
    (request,) = play.model.requests
    assert request.messages[0].text == "The test card is ‹card#1›."


def test_a_passage_and_a_memory_go_in_only_if_a_person_lets_them() -> None:
    play, session = asked_at("retrieval", "margin", DENY)
    asyncio.run(session.turn("margins?"))
    assert "secret margin" not in str(play.model.requests[0].messages)
    assert "five days" in str(play.model.requests[0].messages)
    same_again(play, session)


def test_a_memory_is_kept_as_a_person_wrote_it() -> None:
    play, session = asked_at("memory.write", "42", rewrite("size: 43"), ALLOW, says_=says("Noted."))
    asyncio.run(session.turn("I wear size 42"))
    (written,) = [r.event for r in session.records if isinstance(r.event, MemoryWritten)]
    assert written.memory.text == "size: 43"
    same_again(play, session)


def test_a_person_can_stop_the_turn_instead() -> None:
    _, session = asked_at("output", "promise", ApprovalReply(decision="stop", approver="kim"))
    finished = asyncio.run(session.turn("hello"))
    assert isinstance(finished, TurnFinished)
    assert finished.outcome == "stopped"


def test_a_face_is_told_that_words_cannot_be_simulated() -> None:
    play = stage(says("We promise a gift."), policy=AmountPolicy(asking={"output": "promise"}))
    session = play.session()
    seen: list[str] = []

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            with pytest.raises(UsageError) as refused:
                session.answer(item.event.step, ApprovalReply(decision="simulate", result="x", approver="kim"))
            seen.append(refused.value.code)
            session.answer(item.event.step, ALLOW)

    session.bus.subscribe(watch)
    asyncio.run(session.turn("hello"))
    assert seen == ["approval.decision"]
