"""Views are folds: the same log gives the same view, and a turn costs the turn."""

import ast
import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from greenroom.core import events
from greenroom.core.events import Record
from greenroom.core.values import ApprovalReply
from greenroom.views import governing, timeline
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals, dead_letters, fatigue, grants
from greenroom.views.prompt import transcript
from greenroom.views.turns import conversation, memory, retrieval, tools, usage, verdicts
from tests.engine.stage import AmountPolicy, answering, says, stage

VIEWS = (
    *(conversation, memory, retrieval, tools, usage, verdicts),
    *(transcript, approvals, dead_letters, fatigue, grants, governing),
)


def recorded() -> Sequence[Record]:
    play = stage(
        says("Looking.", ("orders.get", {"order_id": 1}), ("orders.refund", {"order_id": 1, "amount": 120})),
        says("Done \x1b[31m."),
        says("You wear 42."),
        policy=AmountPolicy(blocked={"retrieval": "margin"}),
    )
    session = play.session()
    answering(
        session,
        ApprovalReply(decision="edit", arguments={"order_id": 1, "amount": 90}),
        ApprovalReply(decision="allow", approver="kim"),
    )

    async def scene() -> None:
        await session.turn("My name is Mara, refund 120")
        await session.turn("what do you know?")

    asyncio.run(asyncio.wait_for(scene(), 10))
    return session.records


def test_the_conversation_reads_in_order() -> None:
    turns = fold_all(conversation.fold, conversation.EMPTY, recorded()).all()
    kinds = [line.kind for line in turns[0].lines]
    assert kinds[:3] == ["person", "verdict", "persona"]
    assert sorted(kinds[3:-1]) == ["approval", "approval", "tool", "tool"]
    assert kinds[-1] == "persona"
    assert [turn.status for turn in turns] == ["answered", "answered"]
    assert turns[0].lines[-1].final


def test_hits_say_why_they_were_kept_or_dropped() -> None:
    turn = fold_all(retrieval.fold, retrieval.EMPTY, recorded()).all()[0]
    assert [(hit.passage.id, hit.cited, hit.reason) for hit in turn.hits] == [
        ("p1", 1, ""),
        ("p2", None, "policy: blocked"),
    ]
    assert turn.stage == "chosen"


def test_nothing_is_kept_or_dropped_before_it_is_chosen() -> None:
    records = recorded()
    at = next(i for i, r in enumerate(records) if r.event.kind == "passages_retrieved")
    [waiting] = fold_all(retrieval.fold, retrieval.EMPTY, records[: at + 1]).all()
    assert waiting.stage == "found" and len(waiting.hits) == 2 and not any(hit.cited for hit in waiting.hits)
    ended = next(r for r in records if r.event.kind == "turn_finished")
    assert fold_all(retrieval.fold, retrieval.EMPTY, [*records[: at + 1], ended]).all()[0].stage == "left"


def test_memories_tell_their_fate() -> None:
    first, second = fold_all(memory.fold, memory.EMPTY, recorded()).all()
    assert [(item.memory.text, item.fate) for item in first.proposed] == [("Name: Mara", "kept")]
    assert [item.fate for item in second.recalled] == ["recalled"]


def test_an_edited_call_shows_what_it_ran_with() -> None:
    calls = fold_all(tools.fold, tools.EMPTY, recorded()).all()[0].calls
    assert [(view.call.tool, view.status) for view in calls] == [("orders.get", "done"), ("orders.refund", "done")]
    assert calls[1].ran_with == {"order_id": 1, "amount": 90}
    assert calls[1].call.arguments["amount"] == 120


def test_questions_are_open_until_they_are_answered() -> None:
    records = recorded()
    asked = next(i for i, r in enumerate(records) if r.event.kind == "approval_requested")
    state = fold_all(approvals.fold, approvals.EMPTY, records[: asked + 1])
    question = state.question()
    assert question is not None
    assert question.card.call.arguments["amount"] == 120
    after = fold_all(approvals.fold, approvals.EMPTY, records)
    assert after.question() is None
    assert [a.given.decision for a in after.answered if a.given] == ["edit", "allow"]


def test_usage_adds_up() -> None:
    state = fold_all(usage.fold, usage.EMPTY, recorded())
    assert [turn.model_calls for turn in state.all()] == [2, 1]
    assert [turn.tool_calls for turn in state.all()] == [2, 0]


def test_verdicts_worth_showing_are_those_that_did_something() -> None:
    turn = fold_all(verdicts.fold, verdicts.EMPTY, recorded()).all()[0]
    assert {(d.hook, d.verdict.effect) for d in turn.worth_showing()} >= {
        ("retrieval", "deny"),
        ("tool.call", "require_approval"),
    }


def test_a_summary_holds_nothing_a_terminal_obeys() -> None:
    assert all("\x1b" not in line for line in timeline.story(list(recorded())))


def test_the_prompt_has_its_parts_in_order() -> None:
    state = fold_all(transcript.fold, transcript.EMPTY, recorded())
    messages = transcript.compose(state, "You are Aria.", "Be brief.")
    assert [m.source for m in messages][:4] == ["system", "voice", "memory", "passages"]
    assert [m.role for m in messages if m.source == "history"] == ["user", "assistant", "tool", "tool", "assistant"]


def test_folding_is_incremental() -> None:
    records = recorded()
    state = conversation.EMPTY
    for index, record in enumerate(records):
        state = conversation.fold(state, record)
        assert state == fold_all(conversation.fold, conversation.EMPTY, records[: index + 1])


def test_a_view_can_be_made_by_its_own_name() -> None:
    made = transcript.Transcript((), None)
    assert made == transcript.EMPTY


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__.rpartition(".")[2])
def test_a_view_names_every_event_that_it_matches(view: ModuleType) -> None:
    """One it did not name would be passed over without a word."""
    source = ast.parse(Path(view.__file__ or "").read_text())
    patterns = (one.cls for one in ast.walk(source) if isinstance(one, ast.MatchClass))
    matched = {getattr(events, name.id) for name in patterns if isinstance(name, ast.Name) and hasattr(events, name.id)}
    assert {kind for kind in matched if issubclass(kind, events.Event)} <= view.fold.told_by


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__.rpartition(".")[2])
def test_what_a_view_does_not_name_leaves_it_as_it_is(view: ModuleType) -> None:
    state, records = view.EMPTY, recorded()
    for record in records:
        after = view.fold.one(state, record)
        assert type(record.event) in view.fold.told_by or after is state
        state = after
    assert state == fold_all(view.fold, view.EMPTY, records)
