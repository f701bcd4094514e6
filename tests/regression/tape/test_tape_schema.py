"""The schema of `help formats` is what tapes are: every kind of line that a session can leave fits, and no other does."""

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from greenroom.commands.formats import samples
from greenroom.core.events import Record
from greenroom.core.values import ApprovalReply, GateReply, Hook, Memory
from greenroom.engine.session import Session
from greenroom.regression.record.record import record
from greenroom.regression.replay.world import _TAKERS
from greenroom.regression.tape.schema import EVENTS, tape_schema
from greenroom.regression.tape.tape import Line, Tape, read, write
from tests.engine.stage import AmountPolicy, ListMemory, Stage, answering, persona, says, stage
from tests.regression.taped import recorded_session

SUITE = Path(__file__).parents[3] / "workspaces" / "helpdesk" / "fixtures"
ALLOW = ApprovalReply(decision="allow", approver="kim", scope="session", when=("amount <= 150",))
STOP = ApprovalReply(decision="stop", approver="kim", reason="enough")
SIMULATE = ApprovalReply(decision="simulate", approver="kim", result={"ok": True}, reason="dry run")


@cache
def validator() -> Any:
    jsonschema.Draft202012Validator.check_schema(tape_schema())
    return jsonschema.Draft202012Validator(tape_schema())


def refund(amount: float, **more: Any) -> tuple[str, dict[str, Any]]:
    return ("orders.refund", {"amount": amount, "order_id": 7, **more})


def told(made: Stage, *words: str, answers: tuple[ApprovalReply, ...] = (), level: int | None = None) -> Tape:
    async def run() -> Tape:
        session = made.session()
        answering(session, *answers)
        if level is not None:
            session.set_autonomy(level, "kim", "test", "careful")
        for one in words:
            await session.turn(one)
        return record(list(session.records), made.policy).tape

    return asyncio.run(run())


def stepped() -> Tape:
    """A reply that a person edited at its gate."""
    made = stage(says("One. " * 40), says("Two."))

    async def run() -> Tape:
        session = made.session(mode="step")
        session.bus.subscribe(lambda item: passing(session, item))
        await session.turn("first")
        return record(list(session.records), made.policy).tape

    return asyncio.run(run())


def passing(session: Session, item: object) -> None:
    if isinstance(item, Record) and item.event.kind == "gate_paused":
        step = item.event.step
        edit = step.endswith("gate:output")
        reply = GateReply(action="edit", edit="Edited.") if edit else GateReply(action="continue")
        asyncio.get_running_loop().call_soon(session.pass_gate, step, reply)


def tapes() -> Iterator[Tape]:
    """Sessions that leave every kind of line."""
    made, records = recorded_session()
    yield record(records, made.policy).tape
    yield record(records, made.policy, (2, 3)).tape
    mail = ApprovalReply(decision="allow", approver="kim")
    yield told(
        stage(says("", refund(120, to="mara@post.example")), says("Done.")), "I am mara@post.example", answers=(mail,)
    )
    yield told(
        stage(says("", refund(120)), says("Done."), says("", refund(120)), says("Done.")),
        "a",
        "b",
        answers=(ALLOW, ALLOW),
    )
    yield told(stage(says("", refund(120))), "a", answers=(STOP,), level=1)
    yield told(stage(says("", refund(120)), says("Done.")), "a", answers=(SIMULATE,))
    yield told(stage(says("", ("orders.refund", {"amount": "x"})), says("Sorry.")), "a")
    blocked: dict[Hook, str] = {"input": "never"}
    yield told(stage(policy=AmountPolicy(blocked=blocked)), "never this")
    kept = [Memory(id="x", segment="customer", subject="v", text="Likes 4111", key="taste", confidence=0.5, score=0.7)]
    yield told(stage(says("Yes, 4111."), memory=ListMemory(kept)), "I wear size 42 and my name is Mara")
    yield told(stage(says("", refund(1)), persona=persona(limits={"replies": 1})), "a")


def test_every_line_of_every_session_fits_and_every_kind_was_there() -> None:
    seen: set[str] = set()
    for tape in [*tapes(), *(read(path.read_bytes(), path.name) for path in SUITE.glob("*.tape.jsonl"))]:
        for row in write(tape).splitlines():
            value = json.loads(row)
            if not isinstance(value, str):
                validator().validate(value)
        for line in tape.events:
            validator().validate(line)
            seen.add(next(iter(line)))
    assert set(EVENTS) == set(_TAKERS)
    assert seen >= set(EVENTS) - {"gate", "day"}, set(EVENTS) - seen


def test_an_edit_at_a_gate_fits() -> None:
    tape = stepped()
    [line] = [line for line in tape.events if "gate" in line]
    assert line == {"gate": "output", "action": "edit", "edit": "Edited."}
    validator().validate(line)


@pytest.mark.parametrize(
    "line",
    [
        {"day": {"orders.refund:amount:day": "50.0"}, "of": "c2", "later": True},
        {"day": {}, "of": "c2", "on": 2, "life": 2},
        {"finish": "abandoned", "reason": "as recorded", "after": "reply 1"},
        {
            "tape": 1,
            "persona": "a@1.0.0",
            "model": "m",
            "turns": "3-5",
            "context": "taken over",
            "digests": {},
            "seal": "0" * 16,
        },
    ],
)
def test_other_lines_that_fit(line: Line) -> None:
    validator().validate(line)


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"turn": 0, "user": "x"},
        {"turn": 1, "user": "x", "more": 1},
        {"finish": "well"},
        {"reply": 1},
        {"verdict": "somewhere", "effect": "allow", "rule": "x"},
        {"turn": 1, "user": {"¶": 2, "x": 1}},
        "x",
    ],
)
def test_other_lines_do_not(line: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(line)


def test_the_sample_fits() -> None:
    for row in samples.tape().splitlines():
        validator().validate(json.loads(row))
