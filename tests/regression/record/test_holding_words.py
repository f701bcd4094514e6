"""A rule that counts words decides on a tape as it did about the words themselves, though a placeholder is shorter."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from greenroom.core.values import ApprovalReply, GateReply, Memory
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.tape.schema import tape_schema
from greenroom.regression.tape.tape import Line, sealed
from greenroom.views.prompt.transcript import memory_part
from tests.engine.stage import ListMemory, Stage, answering, persona, says, stage
from tests.regression.mailing import ALLOW, policy, under
from tests.regression.taped import edited

MARA, SAM = "mara.lindt@post.example", "sam@post.example"
WORDS = f"My city is Leipzig, my email is {MARA}."
REPLY = f"I wrote to {SAM}."
KNOWN = Memory(id="x81f", segment="customer", subject="visitor", text=f"Writes from {SAM}", key="address")


def counted(hook: str, more: int, then: str = "deny") -> str:
    """A rule about texts longer than `more`."""
    head = f'[[rule]]\nid = "long"\nwhy = "It is long."\nhook = "{hook}"\nwhen = ["text.length > {more}"]'
    return f'{head}\nthen = "{then}"\n'


def said(
    *rules: str, answers: tuple[ApprovalReply, ...] = (), words: str = WORDS, gates: dict[str, GateReply] | None = None
) -> tuple[Stage, Recorded]:
    made = stage(
        says(REPLY),
        policy=policy(*rules),
        persona=persona(tools={"allow": []}, knowledge={"collections": []}),
        memory=ListMemory([KNOWN]),
    )

    async def run() -> Recorded:
        live = made.session()
        answering(live, *answers, gates=gates)
        if gates:
            live.set_mode("step")
        await live.turn(words)
        records = list(live.records)
        await live.aclose()
        return record(records, policy(*rules))

    return made, asyncio.run(run())


def held(kept: Recorded) -> list[Line]:
    return [line for line in kept.tape.events if "held" in line]


def prompt() -> int:
    """Characters of the prompt: the system's, the memory's and the person's."""
    return len("You are Aria.") + len(memory_part([KNOWN])) + len(WORDS)


HOOKS = [
    ("input", len(WORDS)),
    ("prompt", prompt()),
    ("output", len(REPLY)),
    ("memory.read", len(KNOWN.text)),
    ("memory.write", len(f"E-mail: {MARA}")),
]
EACH = pytest.mark.parametrize(("hook", "length"), HOOKS)


@EACH
def test_what_a_length_came_to_is_held_and_replays(hook: str, length: int, tmp_path: Path) -> None:
    made, kept = said(counted(hook, length - 1))
    [line] = held(kept)
    assert line["held"] == hook
    assert [row[1:] for row in line["clauses"]] == [[True, f"text.length > {length - 1}"]]
    assert Draft202012Validator(tape_schema()).is_valid(line)
    assert "post.example" not in str(kept.tape)
    assert under(policy(counted(hook, length - 1)), made, kept, tmp_path).kind == "passed"
    without = sealed(kept.tape.header, [line for line in kept.tape.events if "held" not in line])
    assert under(policy(counted(hook, length - 1)), made, replace(kept, tape=without), tmp_path).kind == "diverged"


@EACH
def test_what_came_to_the_same_is_not_held(hook: str, length: int, tmp_path: Path) -> None:
    made, kept = said(counted(hook, length))
    assert held(kept) == []
    assert under(policy(counted(hook, length)), made, kept, tmp_path).kind == "passed"


@EACH
def test_a_person_who_is_asked_for_the_length_is_asked_in_the_replay(hook: str, length: int, tmp_path: Path) -> None:
    asks = counted(hook, length - 1, "require_approval")
    made, kept = said(asks, answers=(ALLOW,))
    assert [line["ask"].partition(":")[0] for line in kept.tape.events if "ask" in line] == [hook]
    assert under(policy(asks), made, kept, tmp_path).kind == "passed"


@EACH
def test_another_length_is_another_question(hook: str, length: int, tmp_path: Path) -> None:
    made, kept = said(counted(hook, length - 1))
    other = under(policy(counted(hook, length)), made, kept, tmp_path)
    assert (other.kind, "was not asked then" in other.line) == ("diverged", True)
    assert under(policy(counted(hook, 5000)), made, kept, tmp_path).kind == "diverged"


def test_it_is_held_for_these_words_only(tmp_path: Path) -> None:
    long = counted("input", len(WORDS) - 1)
    made, kept = said(long)
    changed = edited(kept.tape, "turn", user="Hello, ‹email#1›.")
    found = under(policy(long), made, replace(kept, tape=changed), tmp_path)
    assert (found.kind, found.line) == ("diverged", "turn 1, recall is not on the tape")


def test_words_a_person_put_in_are_asked_about_as_they_put_them(tmp_path: Path) -> None:
    put_in = f"Write to {MARA} or to {SAM}, whichever you like."
    answers = (ApprovalReply(decision="edit", approver="kim", arguments={"text": put_in}), ALLOW)
    longest = counted("output", len(put_in) - 1).replace('"long"', '"longest"')
    rules = (counted("output", len(REPLY) - 1, "require_approval"), longest)
    made, kept = said(*rules, answers=answers)
    [line] = held(kept)
    assert sorted(row[1:] for row in line["clauses"]) == [
        [True, f"text.length > {len(REPLY) - 1}"],
        [True, f"text.length > {len(put_in) - 1}"],
    ]
    assert under(policy(*rules), made, kept, tmp_path).kind == "passed"


def test_a_memory_is_asked_about_by_its_place_among_those_that_go_on(tmp_path: Path) -> None:
    put_in = f"E-mail: {MARA}, or {SAM}"
    answers = (ApprovalReply(decision="edit", approver="kim", arguments={"text": put_in}), ALLOW)
    rules = (
        counted("memory.write", len(f"E-mail: {MARA}") - 1, "require_approval"),
        counted("memory.write", len(put_in) - 1).replace('"long"', '"longest"'),
    )
    only_the_second = GateReply(action="edit", edit=[{"at": 2}], by="kim")
    words = f"My name is Mara Lindt. My email is {MARA}."
    made, kept = said(*rules, answers=answers, words=words, gates={"t1/gate:remember": only_the_second})
    [line] = held(kept)
    assert {row[2] for row in line["clauses"]} >= {f"text.length > {len(put_in) - 1}"}
    assert under(policy(*rules), made, kept, tmp_path).kind == "passed"


def test_a_broken_line_about_words_is_one_error(tmp_path: Path) -> None:
    made, kept = said(counted("input", len(WORDS) - 1))
    for broken in ({"clauses": [["key", "so", "text"]]}, {"clauses": "none"}, {"clauses": [["key"]]}):
        tape = edited(kept.tape, "held", **broken)
        found = under(policy(counted("input", len(WORDS) - 1)), made, replace(kept, tape=tape), tmp_path)
        assert (found.kind, "this 'held' line" in found.line) == ("broken", True)
