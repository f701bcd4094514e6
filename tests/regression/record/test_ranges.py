"""A range of turns: the turns before it make it happen, what comes after is cut, and only the range is judged."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import AutonomyChanged, Record
from greenroom.core.values import ApprovalReply, Hook, Memory
from greenroom.policy.port import Question
from greenroom.regression.accept.retold import retell
from greenroom.regression.case import Assertion, Case
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.check import check
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Tape, read, sealed, write
from greenroom.regression.tape.under_test import named, stretch, written
from tests.engine.stage import AmountPolicy, ListMemory, Stage, answering, says, stage
from tests.regression.taped import GOOD, builder, edited, recorded_session, replayed

ALLOW = ApprovalReply(decision="allow", approver="kim")


def case_of(*assertions: Assertion) -> Case:
    return Case.model_validate({"schema": "case/1", "assert": assertions})


def reloaded(first: AmountPolicy, then: AmountPolicy) -> tuple[Stage, list[Record]]:
    """Two turns, each under a policy of its own; the first looks, refunds and remembers."""
    replies = [
        says("", ("orders.get", {"order_id": 7}), ("orders.refund", {"amount": 60, "note": "word"})),
        says("Done, card 4111, word."),
        says("", ("orders.refund", {"amount": 60})),
        says("Five days, word. [1]"),
    ]
    memory = ListMemory([Memory(id="x8", segment="customer", subject="visitor", text="Likes trails", key="taste")])
    made = stage(*replies, policy=first, memory=memory)

    async def run() -> list[Record]:
        session = made.session()
        answering(session, *[ALLOW] * 4)
        await session.turn("My name is Mara. Refund 60 of order 7, card 4111.")
        made.policy = then
        contract = replace(session.contract, policy=then, digests={**session.contract.digests, "policy": then.digest})
        session.reload(contract)
        await session.turn("Thanks, and how long? I wear size 42.")
        return list(session.records)

    return made, asyncio.run(run())


@pytest.mark.parametrize(("text", "turns"), [("", None), ("3", (3, 3)), ("2-4", (2, 4)), (" 2 - 4 ", (2, 4))])
def test_how_a_range_is_written(text: str, turns: tuple[int, int] | None) -> None:
    assert stretch(text) == turns
    assert turns is None or stretch(written(turns)) == turns


@pytest.mark.parametrize("text", ["0", "4-2", "x", "1-", "-1", "1-2-3", "999999"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match="not a range"):
        stretch(text)


@pytest.mark.parametrize("turns", [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)])
def test_every_range_of_a_session_replays(tmp_path: Path, turns: tuple[int, int]) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy, turns)
    said = [line["turn"] for line in kept.tape.events if "turn" in line]
    assert said == list(range(1, turns[1] + 1))
    assert kept.tape.header.get("turns") == (None if turns[0] == 1 else written(turns))
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_the_whole_session_as_a_range_is_the_same_bytes() -> None:
    made, records = recorded_session()
    assert write(record(records, made.policy, (1, 3)).tape) == write(record(records, made.policy).tape)


@pytest.mark.parametrize("turns", [(4, 4), (2, 9)])
def test_turns_that_are_not_there(turns: tuple[int, int]) -> None:
    made, records = recorded_session()
    with pytest.raises(UsageError, match="no ended turn") as caught:
        record(records, made.policy, turns)
    assert "turns 1-3" in caught.value.hint


def test_a_turn_that_is_not_over_is_no_test_yet() -> None:
    made, records = recorded_session()
    open_ = records[: next(place for place, r in enumerate(records) if r.event.step.startswith("t3/"))]
    with pytest.raises(UsageError, match="turn 3 is not over") as caught:
        record(open_, made.policy, (2, 3))
    assert caught.value.hint == "finish it, or export turns 1-2"


def test_expectations_are_judged_on_the_range_only_with_the_sessions_numbers(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy, (2, 2))
    context = Assertion.model_validate({"text": {"contains": "Refunds take five days."}})
    inside = Assertion.model_validate({"turn": 2, "call": {"tool": "orders.refund", "args": {"amount": 90}}})
    assert replayed(made, kept, tmp_path, case_of(inside)).kind == "passed"
    for tier in ("replay", "check"):
        fixture = Fixture("x", kept.tape, case_of(context, inside), Parts(tmp_path))
        outcome = replayed(made, kept, tmp_path, fixture.case) if tier == "replay" else check(fixture, {}, {})
        assert (outcome.kind, len(outcome.reasons)) == ("failed", 1), tier
        assert "turn 2" in outcome.line


def test_a_memory_of_the_context_is_known_in_the_range(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy, (2, 3))
    names = {line["memory"] for line in kept.tape.events if next(iter(line)) == "memory"}
    assert names
    assert replayed(made, kept, tmp_path, GOOD).kind == "passed"


def test_a_difference_in_the_context_says_so(tmp_path: Path) -> None:
    made, records = recorded_session()
    kept = record(records, made.policy, (3, 3))
    other = edited(kept.tape, "answer", 0, reason="more")
    assert replayed(made, kept, tmp_path, tape=other).kind == "broken"  # nothing comes of the reason of an edit
    other = edited(kept.tape, "result", 1, output={"ok": False})
    outcome = replayed(made, kept, tmp_path, tape=other)
    assert outcome.kind == "diverged"
    assert outcome.line.startswith("in the context before turn 3: turn 2")
    mine = edited(kept.tape, "turn", 2, user="And now 6000 more!")
    assert "in the context" not in replayed(made, kept, tmp_path, tape=mine).line


def test_a_range_is_refused_where_its_own_turns_ran_under_two_contracts() -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=50))
    for turns in (None, (1, 2)):
        with pytest.raises(
            UsageError, match="the contract changed during this session: policy, before turn 2"
        ) as caught:
            record(records, made.policy, turns)
        assert caught.value.hint == "turn 1 and turn 2 each ran under one: --turns 2"


def test_a_range_whose_context_ran_under_another_contract_replays(tmp_path: Path) -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=5))  # by the second, the first is denied
    kept = record(records, made.policy, (2, 2))
    assert (kept.tape.header["turns"], kept.tape.header["context"]) == ("2", "taken over")
    assert replayed(made, kept, tmp_path).kind == "passed"
    assert check(Fixture("x", kept.tape, GOOD, Parts(tmp_path)), {}, {}).kind == "passed"


@pytest.mark.parametrize("hook", ["input", "memory.read", "retrieval", "prompt", "tool.call", "tool.result", "output"])
@pytest.mark.parametrize("word", ["a", "word", "p1", "never said"])
@pytest.mark.parametrize("kind", ["blocked", "asking"])
def test_the_range_begins_with_what_it_began_with(tmp_path: Path, hook: Hook, word: str, kind: str) -> None:
    words = {hook: word}
    first = AmountPolicy(limit=10, blocked=words if kind == "blocked" else {}, asking=words if kind == "asking" else {})
    made, records = reloaded(first, AmountPolicy(limit=90))
    recorded = _asked_in_turn_two(made.policy)
    kept = record(records, made.policy, (2, 2))
    made.policy.asked.clear()
    outcome = replayed(made, kept, tmp_path)
    assert outcome.kind == "passed", (outcome, write(kept.tape).decode())
    assert _asked_in_turn_two(made.policy) == recorded


def _asked_in_turn_two(policy: AmountPolicy) -> list[tuple[str, Any]]:
    """What policy was told of the session when it decided: taint, counts, sums, autonomy."""
    told: dict[str, Any] = {}
    for question in policy.asked:
        if question.session.turn == 2 and question.hook in ("retrieval", "tool.call"):
            told[f"{question.hook} {_about(question)}"] = question.session
    return sorted(told.items(), key=lambda pair: pair[0])


def _about(question: Question) -> str:
    return str(question.payload.get("args") or question.payload.get("text"))


def test_a_change_in_the_range_is_still_named(tmp_path: Path) -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=90))
    kept = record(records, made.policy, (2, 2))
    changes: list[tuple[str, int, dict[str, Any], str]] = [
        (
            "turn",
            1,
            {"user": "Other words"},
            "turn 2, reply 1: the prompt is not the recorded one: the person's words changed",
        ),
        ("result", 2, {"output": {"ok": False}}, "turn 2, reply 2"),
        ("finish", 1, {"finish": "limited"}, "turn 2: finish"),
    ]
    for kind, number, values, said in changes:
        outcome = replayed(made, kept, tmp_path, tape=edited(kept.tape, kind, number, **values))
        assert (outcome.kind, said in outcome.line) == ("diverged", True), outcome
    without = Tape(kept.tape.header, tuple(line for line in kept.tape.events if line.get("answer") != "c3"))
    assert replayed(made, kept, tmp_path, tape=without).kind == "diverged"


def test_a_changed_context_shows_in_the_first_prompt_of_the_range(tmp_path: Path) -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=90))
    kept = record(records, made.policy, (2, 2))
    outcome = replayed(made, kept, tmp_path, tape=edited(kept.tape, "reply", 1, text="Something else."))
    assert (outcome.kind, outcome.line) == (
        "diverged",
        "turn 2, reply 1: the prompt is not the recorded one: the reply before changed",
    )


def test_levels_set_in_the_context_are_taken_over_with_it(tmp_path: Path) -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=90))
    at = next(i for i, r in enumerate(records) if r.event.turn == 1)
    level = records[at].model_copy(update={"event": AutonomyChanged(level=1, by="kim")})
    kept = record([*records[:at], level, *records[at:]], made.policy, (2, 2))
    assert kept.tape.events[0] == {"autonomy": 1}
    made.policy.asked.clear()
    replayed(made, kept, tmp_path)
    assert {q.session.autonomy for q in made.policy.asked} == {1}


@pytest.mark.parametrize("turns", ["1", "1-2", "3-2", "x", "", 2, ["2"]])
def test_a_header_with_another_range_is_a_broken_tape(turns: Any) -> None:
    _, kept = _kept()
    data = write(sealed({**kept.tape.header, "turns": turns}, kept.tape.events))
    with pytest.raises(
        FileInvalid, match="not a range" if isinstance(turns, str) else "'turns' in the first line is not a text"
    ):
        read(data, "x")


def test_a_malformed_line_of_a_context_is_one_error_with_its_place(tmp_path: Path) -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=90))
    kept = record(records, made.policy, (2, 2))
    broken = edited(kept.tape, "release", 0, effect="?") if _has(kept.tape, "release") else None
    for tape in filter(
        None, [broken, edited(kept.tape, "finish", 0, finish="?"), edited(kept.tape, "select", 0, select=7)]
    ):
        outcome = replayed(made, kept, tmp_path, tape=tape)
        assert (outcome.kind, "is not of the form" in outcome.line) == ("broken", True)


def test_how_a_range_is_named() -> None:
    assert (named((3, 3)), named((2, 4))) == ("turn 3", "turns 2-4")


def _has(tape: Tape, kind: str) -> bool:
    return any(next(iter(line)) == kind for line in tape.events)


def _kept() -> tuple[Stage, Recorded]:
    made, records = recorded_session()
    return made, record(records, made.policy, (2, 3))


def test_a_range_told_again_is_the_same_bytes(tmp_path: Path) -> None:
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=90))
    for kept in (record(records, made.policy, (2, 2)), _kept()[1]):
        Parts(tmp_path).write(kept.texts)
        stage_of = made if "context" in kept.tape.header else _kept()[0]
        fixture = Fixture("x", kept.tape, GOOD, Parts(tmp_path))
        again = asyncio.run(retell(fixture, builder(stage_of)))
        assert again.missing == ()
        assert again.tape.events == kept.tape.events
        assert again.tape.header["turns"] == kept.tape.header["turns"]
