"""Answers left by another terminal: for one question, once, and never anything else's."""

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from greenroom.approval.answers import ELSEWHERE, AnswerBox, Elsewhere, QuestionId
from greenroom.approval.mailbox import Mailbox
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.values import ApprovalReply, Card, ToolCall, ToolSpec, Verdict

QUESTION = QuestionId("s1", "t1/ask:c1", "a" * 64)
OTHER = QuestionId("s1", "t1/ask:c1", "b" * 64)
YES = ApprovalReply(decision="allow", approver="kim", established="terminal")
CARD = Card(
    call=ToolCall(id="c1", tool="orders.refund", arguments={"amount": 120}),
    spec=ToolSpec(name="orders.refund", description="d", parameters={"type": "object"}),
    verdict=Verdict(effect="require_approval", rule="r", why="w"),
)


@pytest.fixture
def box(tmp_path: Path) -> AnswerBox:
    return AnswerBox(tmp_path / "answers")


class Ear:
    """An ear at a box, with what it told."""

    def __init__(self, box: AnswerBox, question: QuestionId = QUESTION) -> None:
        self.told: list[str] = []
        self.elsewhere = Elsewhere(box, question.session, lambda step: question.record, self.told.append)

    def look(self) -> ApprovalReply | None:
        return self.elsewhere.look(self.elsewhere.question(QUESTION.step))


def file_of(folder: Path, question: QuestionId = QUESTION) -> Path:
    return folder / "answers" / f"{question.session}.{question.record[:16]}.json"


def test_an_answer_is_taken_once_and_says_where_it_came_from(box: AnswerBox, tmp_path: Path) -> None:
    box.leave(QUESTION, YES)
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    reply = Ear(box).look()
    assert reply == YES.model_copy(update={"established": ELSEWHERE})
    assert Ear(box).look() is None
    assert not file_of(tmp_path).exists()


def test_the_first_answer_counts(box: AnswerBox) -> None:
    box.leave(QUESTION, YES)
    with pytest.raises(UsageError, match="somebody else"):
        box.leave(QUESTION, YES.model_copy(update={"decision": "deny"}))
    taken = box.take(QUESTION)
    assert taken is not None
    assert taken.decision == "allow"


def test_an_answer_to_an_earlier_question_is_refused_told_and_gone(box: AnswerBox, tmp_path: Path) -> None:
    box.leave(OTHER, YES)
    ear = Ear(box)
    assert ear.look() is None
    assert ear.told == ["an answer left by another terminal was not used: its question is not the one that is open"]
    assert not file_of(tmp_path, OTHER).exists()


def test_an_answer_used_before_and_put_back_is_refused(box: AnswerBox, tmp_path: Path) -> None:
    box.leave(QUESTION, YES)
    kept = file_of(tmp_path).read_bytes()
    assert Ear(box).look() is not None
    file_of(tmp_path).write_bytes(kept)
    ear = Ear(box, OTHER)  # the next question, at the same step
    assert ear.look() is None
    assert len(ear.told) == 1


@pytest.mark.parametrize(
    "change",
    [{"session": "s2"}, {"step": "t1/ask:c2"}, {"record": "a" * 63 + "b"}, {"schema": "answer/2"}, {"extra": 1}, None],
)
def test_a_file_that_is_not_for_this_very_question_is_refused(
    box: AnswerBox, tmp_path: Path, change: dict[str, object] | None
) -> None:
    box.leave(QUESTION, YES)
    path = file_of(tmp_path)
    path.write_text("{" if change is None else json.dumps({**json.loads(path.read_text()), **change}))
    ear = Ear(box)
    assert ear.look() is None
    assert len(ear.told) == 1
    assert ear.look() is None
    assert len(ear.told) == 1
    assert not path.exists()


def test_another_sessions_answers_are_left_alone(box: AnswerBox, tmp_path: Path) -> None:
    theirs = QuestionId("s2", "t1/ask:c1", "c" * 64)
    box.leave(theirs, YES)
    ear = Ear(box)
    assert ear.look() is None
    assert ear.told == []
    assert file_of(tmp_path, theirs).exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners of files are a Unix thing")
def test_somebody_elses_file_is_not_used(box: AnswerBox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.leave(QUESTION, YES)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    ear = Ear(box)
    assert ear.look() is None
    assert "not from the person" in ear.told[0]


def test_a_link_is_not_followed(box: AnswerBox, tmp_path: Path) -> None:
    box.leave(QUESTION, YES)
    file_of(tmp_path).rename(tmp_path / "elsewhere.json")
    file_of(tmp_path).symlink_to(tmp_path / "elsewhere.json")
    ear = Ear(box)
    assert ear.look() is None
    assert "symbolic link" in ear.told[0]


def test_an_answer_nobody_used_can_be_taken_back_once(box: AnswerBox) -> None:
    box.leave(QUESTION, YES)
    assert box.take_back(QUESTION)
    assert not box.take_back(QUESTION)
    assert box.take(QUESTION) is None


class Here:
    """A person at a prompt who answers when told to, or goes away."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answers: asyncio.Queue[ApprovalReply | Exception] = asyncio.Queue()
        self.interrupted = False

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        self.asked.set()
        try:
            said = await self.answers.get()
        except asyncio.CancelledError:
            self.interrupted = True
            raise
        if isinstance(said, Exception):
            raise said
        return said


def run(scene: object) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10):
            await scene()  # type: ignore[operator]  # each scene is a coroutine function

    asyncio.run(limited())


def test_whoever_answers_first_is_heard_and_the_other_is_let_go(box: AnswerBox) -> None:
    async def scene() -> None:
        here = Here()
        mailbox = Mailbox(here=here)
        mailbox.hear(Ear(box).elsewhere)
        asking = asyncio.ensure_future(mailbox.ask(QUESTION.step, CARD))
        await here.asked.wait()
        box.leave(QUESTION, YES)
        assert (await asking).established == ELSEWHERE
        assert here.interrupted

    run(scene)


def test_an_answer_from_here_comes_as_it_is(box: AnswerBox) -> None:
    async def scene() -> None:
        here = Here()
        mailbox = Mailbox(here=here)
        mailbox.hear(Ear(box).elsewhere)
        here.answers.put_nowait(YES)
        assert await mailbox.ask(QUESTION.step, CARD) == YES

    run(scene)


def test_whoever_goes_away_says_so_in_their_own_error() -> None:
    async def scene() -> None:
        here = Here()
        here.answers.put_nowait(WaitingForPerson("gone"))
        with pytest.raises(WaitingForPerson, match="gone"):
            await Mailbox(here=here).ask(QUESTION.step, CARD)

    run(scene)


def test_a_question_given_up_leaves_nobody_waiting(box: AnswerBox) -> None:
    async def scene() -> None:
        here = Here()
        mailbox = Mailbox(here=here)
        mailbox.hear(Ear(box).elsewhere)
        asking = asyncio.ensure_future(mailbox.ask(QUESTION.step, CARD))
        await here.asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert here.interrupted
        assert len(asyncio.all_tasks()) == 1

    run(scene)


def test_an_answer_left_before_anybody_asks_counts_for_its_own_card_only() -> None:
    async def scene() -> None:
        mailbox = Mailbox()
        mailbox.answer(QUESTION.step, CARD, YES)
        assert await mailbox.ask(QUESTION.step, CARD) == YES
        changed = CARD.model_copy(update={"reason": "edited"})
        mailbox.answer(QUESTION.step, CARD, YES)
        asking = asyncio.ensure_future(mailbox.ask(QUESTION.step, changed))
        await asyncio.sleep(0)
        assert not asking.done()
        mailbox.answer(QUESTION.step, changed, YES.model_copy(update={"decision": "deny"}))
        assert (await asking).decision == "deny"

    run(scene)


def test_leave_without_an_end_that_a_calendar_knows_is_malformed(box: AnswerBox) -> None:
    ear = Ear(box)
    box.leave(QUESTION, YES.model_copy(update={"scope": "session", "when": ("true",), "valid_seconds": 10**18}))
    assert ear.look() is None
    assert ear.told == ["an answer left by another terminal was not used: its file is malformed"]
