"""A rule that reads an address cannot decide about its placeholder: what it decided is on the tape, and a replay goes by it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import FileInvalid
from greenroom.core.values import ApprovalReply, Json, ToolCall, Verdict
from greenroom.engine.replay.closed import ClosedParts
from greenroom.policy.port import Question
from greenroom.regression.accept.retold import retell
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.suite import replayed as replayed_on
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.match import TapeRecording
from greenroom.regression.replay.outcome import outcome
from greenroom.regression.replay.placeholders.deciding import HeldPolicy
from greenroom.regression.replay.placeholders.held import held_again, held_alike
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.replay.world import World
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, Tape
from tests.engine.stage import AmountPolicy, CountingTools, Stage, answering, says, stage
from tests.regression.taped import GOOD, builder, edited, replayed

MAIL = "mara@post.example"
OTHER = "ines@post.example"
ALLOW = ApprovalReply(decision="allow", approver="kim")


class AtHome(AmountPolicy):
    """Looks are asked about where they name an address of the shop's customers, and denied anywhere else."""

    def decide(self, question: Question) -> Verdict:
        verdict = super().decide(question)
        if question.hook != "tool.call" or "to" not in question.payload["args"]:
            return verdict
        home = question.payload["args"]["to"].endswith("@post.example")
        update = {"effect": "require_approval", "rule": "home"} if home else {"effect": "deny", "rule": "away"}
        return verdict.model_copy(update={**update, "why": f"It is {update['rule']}.", "risk": 40 if home else 90})


@dataclass
class Particular(CountingTools):
    """Takes nothing but addresses."""

    def problem(self, call: ToolCall) -> str:
        return "" if "@" in str(call.arguments.get("to", "@")) else "to must be an address"


def session(*answers: ApprovalReply) -> tuple[Stage, Recorded]:
    made = stage(says("", ("orders.get", {"to": MAIL})), says("Done."), policy=AtHome())

    async def run() -> Recorded:
        live = made.session()
        answering(live, *answers)
        await live.turn(f"Write to {MAIL}.")
        return record(list(live.records), made.policy)

    return made, asyncio.run(run())


def held(kept: Recorded) -> list[Line]:
    return [line for line in kept.tape.events if "held" in line]


def test_a_decision_about_what_became_a_placeholder_is_held_and_replays(tmp_path: Path) -> None:
    made, kept = session(ALLOW)
    assert MAIL not in str(kept.tape)
    assert held(kept) == [
        {"held": "c1", "effect": "require_approval", "rule": "home", "why": "It is home.", "risk": 40}
    ]
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_an_edited_call_is_held_round_by_round(tmp_path: Path) -> None:
    made, kept = session(ApprovalReply(decision="edit", approver="kim", arguments={"to": OTHER}), ALLOW)
    assert [line["held"] for line in held(kept)] == ["c1", "c1.1"]
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_a_denial_keeps_its_words(tmp_path: Path) -> None:
    made = stage(says("", ("orders.get", {"to": "mara@else.example"})), says("Sorry."), policy=AtHome())
    live = made.session()
    asyncio.run(live.turn("Write to mara@else.example."))
    kept = record(list(live.records), made.policy)
    assert held(kept)[0]["rule"] == "away"
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_without_private_arguments_nothing_is_held() -> None:
    made = stage(says("", ("orders.get", {"order_id": 1})), says("Done."))
    live = made.session()
    asyncio.run(live.turn(f"I am {MAIL}."))
    assert held(record(list(live.records), made.policy)) == []


def test_it_holds_for_these_arguments_in_this_turn_only(tmp_path: Path) -> None:
    made, kept = session(ALLOW)
    without = Tape(kept.tape.header, tuple(line for line in kept.tape.events if "held" not in line))
    assert replayed(made, kept, tmp_path, tape=without).kind == "diverged"
    other = edited(kept.tape, "held", 0, effect="allow", rule="default")
    assert replayed(made, kept, tmp_path, tape=other).kind == "diverged"
    changed = edited(kept.tape, "reply", 0, calls=[{"id": "c1", "tool": "orders.get", "args": {"to": "‹email#2›"}}])
    assert replayed(made, kept, tmp_path, tape=changed).kind == "diverged"
    policy = HeldPolicy(made.policy, World(kept.tape, Parts(tmp_path), "x"), 2)
    question = Question(hook="tool.call", subject="orders.get", payload={"args": {"to": "‹email#1›"}})
    turn = question.session.model_copy(update={"turn": 1})
    assert policy.decide(question.model_copy(update={"session": turn})).rule == "home"
    assert policy.decide(question).rule == "away"
    assert policy.digest == made.policy.digest


@pytest.mark.parametrize("amount", [2**63, -(2**80), 0.1, "‹email#1›"])
def test_it_is_held_again_whatever_the_arguments_are(amount: Json) -> None:
    call: Line = {"reply": 1, "calls": [{"id": "c1", "tool": "orders.refund", "args": {"amount": amount}}]}
    told: list[Line] = [{"turn": 1, "user": "x"}, call, {"finish": "answered"}]
    held: Line = {"held": "c1", "clauses": []}
    assert held_again(told, [*told[:2], held, *told[2:]]) == [*told[:2], held, *told[2:]]


def test_a_call_that_fitted_its_tool_still_does(tmp_path: Path) -> None:
    _, kept = session(ALLOW)
    Parts(tmp_path).write(kept.texts)
    recording = TapeRecording(World(kept.tape, Parts(tmp_path), "x"))
    call = ToolCall(id="c1", tool="orders.get", arguments={"to": "‹email#1›"})
    assert Particular().problem(call)
    assert ClosedParts(Particular(), recording.decided).problem(call) == ""
    assert ClosedParts(Particular()).problem(call) == "to must be an address"
    assert ClosedParts(Particular(), recording.decided).problem(call.model_copy(update={"arguments": {"to": "x"}}))


def test_what_a_telling_holds_already_stays(tmp_path: Path) -> None:
    _, kept = session(ALLOW)
    Parts(tmp_path).write(kept.texts)
    world = World(kept.tape, Parts(tmp_path), "x")
    assert tuple(held_alike(kept.tape.events, {})) == kept.tape.events
    assert tuple(held_alike(kept.tape.events, world.held)) == kept.tape.events
    without = [line for line in kept.tape.events if "held" not in line]
    assert tuple(held_alike(without, world.held)) == kept.tape.events


def test_it_holds_on_the_ground_of_mutants_too(tmp_path: Path) -> None:
    made, kept = session(ALLOW)
    Parts(tmp_path).write(kept.texts)
    ground = Ground(made.session().contract, Particular(), (), (), FrozenClock())
    fixture = Fixture("x.tape.jsonl", kept.tape, GOOD, Parts(tmp_path))
    assert asyncio.run(replayed_on(fixture, ground)) == outcome("passed")


@pytest.mark.parametrize("values", [{"effect": "?"}, {"held": "c9"}, {"held": "c1.7"}, {"held": "c1.x"}, {"why": None}])
def test_a_broken_held_line_is_one_error(tmp_path: Path, values: Line) -> None:
    _, kept = session(ALLOW)
    Parts(tmp_path).write(kept.texts)
    with pytest.raises(FileInvalid, match="this 'held' line is not of the form"):
        World(edited(kept.tape, "held", 0, **values), Parts(tmp_path), "x")


def test_what_is_held_is_held_when_it_is_told_again(tmp_path: Path) -> None:
    made, kept = session(ALLOW)
    Parts(tmp_path).write(kept.texts)
    again = asyncio.run(retell(Fixture("x", kept.tape, GOOD, Parts(tmp_path)), builder(made)))
    assert again.tape.events == kept.tape.events
