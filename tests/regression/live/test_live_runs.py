"""Live runs against scripted models: what is answered from the tape, and what ends a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenroom.core.values import ApprovalReply
from greenroom.engine.session import Session
from greenroom.regression.tape.tape import Line, Tape, read, write
from tests.regression.live.counter import counter, live, persona, policy, recorded, script, traces

LOOK = """when = { user = "order" }
text = "Let me see."
calls = [{ tool = "till.look", args = { order_id = 1001 } }]"""
LOOKED = """when = { tool = "till.look" }
text = "There is {result.left} left." """
PAY = """when = { user = "back" }
calls = [{ tool = "till.pay", args = { order_id = 1001, amount = 120.0 } }]"""
PAID = """when = { tool = "till.pay" }
text = "Done, see {result.reference}." """
HELLO = 'text = "Hello."'
WORDS = ("Hi", "What about my order?", "I want it back")
ALLOW = ApprovalReply(decision="allow", approver="kim")


def test_a_live_run_is_answered_by_the_tape_and_runs_no_tool(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW], case='[[assert]]\nturn = 3\ntext = { contains = "R-1" }\n')
    came = live(tape, workspace)
    assert (came.outcome.kind, came.outcome.line) == ("passed", "1 of 1 run passed")
    assert came.persona == "ada@1.0.0" and came.model == "scripted/ada"
    assert not traces(workspace)
    kinds = [next(iter(line)) for line in came.runs[0].lines]
    assert kinds.count("reply") == 5 and kinds.count("answer") == 1 and kinds.count("result") == 2


def test_another_prompt_version_and_model_are_neither_stale_nor_diverged(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW])
    persona(workspace, "Be long and warm.", version="1.1.0")
    script(workspace, "warm", PAY, PAID, LOOK, LOOKED, 'text = "A very good day to you!"')
    came = live(tape, workspace, model="scripted/warm")
    assert came.outcome.kind == "passed"
    assert (came.persona, came.model) == ("ada@1.1.0", "scripted/warm")


def test_a_call_that_is_not_on_the_tape_is_not_run_and_the_run_diverged(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS[:2])
    script(
        workspace,
        "rash",
        'when = { user = "order" }\ncalls = [{ tool = "till.ticket", args = { subject = "x" } }]',
        HELLO,
    )
    came = live(tape, workspace, model="scripted/rash")
    assert came.outcome.kind == "diverged"
    assert came.outcome.line == (
        "0 of 1 run passed: turn 2: till.ticket was called and the tape has no call of it; it was not run"
    )
    assert not traces(workspace)


def test_other_arguments_are_another_call_and_the_nearest_recorded_one_is_shown(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS[:2])
    script(workspace, "other", LOOK.replace("1001", "1002"), LOOKED, HELLO)
    came = live(tape, workspace, model="scripted/other")
    assert came.outcome.kind == "diverged" and "with arguments the tape has no result for" in came.outcome.line
    assert came.outcome.detail.splitlines() == ['recorded: {"order_id": 1001}', 'live:     {"order_id": 1002}']


def test_arguments_are_compared_as_todays_schema_types_them(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW])
    spelled = LOOK.replace("order_id = 1001", "order_id = 1001, detail = false")
    script(workspace, "spelled", PAY.replace("120.0", "120"), PAID, spelled, LOOKED, HELLO)
    assert live(tape, workspace, model="scripted/spelled").outcome.kind == "passed"
    script(workspace, "detailed", PAY, PAID, spelled.replace("false", "true"), LOOKED, HELLO)
    assert live(tape, workspace, model="scripted/detailed").outcome.kind == "diverged"


def test_what_only_reads_may_be_read_again_and_what_changes_something_may_not(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW])
    again = 'when = { tool = "till.look" }\ntimes = 1\ntext = "Once more."\n' + LOOK.splitlines()[2]
    script(workspace, "careful", PAY, PAID, LOOK, again, LOOKED, HELLO)
    assert live(tape, workspace, model="scripted/careful").outcome.kind == "passed"
    twice = 'when = { tool = "till.pay" }\ntimes = 1\n' + PAY.splitlines()[1]
    script(workspace, "eager", PAY, twice, PAID, LOOK, LOOKED, HELLO)
    policy(workspace, limit=1_000)
    came = live(tape, workspace, model="scripted/eager")
    assert came.outcome.line == (
        "0 of 1 run passed: turn 3: till.pay was called more often than it was recorded; it was not run"
    )
    assert not traces(workspace)


def test_what_comes_later_on_the_tape_is_no_answer_now(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS[:2])
    script(workspace, "hasty", LOOK.replace('user = "order"', 'user = "Hi"'), LOOKED, HELLO)
    came = live(tape, workspace, model="scripted/hasty")
    assert "till.look was called in place of turn 2, where it was recorded" in came.outcome.line


def test_a_question_nobody_was_asked_is_not_approved(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    policy(workspace, limit=1_000)
    tape = recorded(workspace, WORDS)
    policy(workspace, limit=100)
    came = live(tape, workspace)
    assert came.outcome.kind == "diverged"
    assert came.outcome.line.startswith("0 of 1 run passed: turn 3: pay.large asks a person about till.pay {")
    assert not traces(workspace)


@pytest.mark.parametrize(
    "answers",
    [
        [ApprovalReply(decision="deny", approver="kim", reason="Too much.")],
        [ApprovalReply(decision="edit", approver="kim", arguments={"order_id": 1001, "amount": 110.0}), ALLOW],
        [ApprovalReply(decision="simulate", approver="kim", result={"reference": "R-77"})],
        [ApprovalReply(decision="stop", approver="kim")],
    ],
    ids=lambda answers: answers[0].decision,
)
def test_people_answer_as_they_did(tmp_path: Path, answers: list[ApprovalReply]) -> None:
    workspace = counter(tmp_path, PAY, PAID.replace("{result.reference}", "{result}"), LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, answers)
    came = live(tape, workspace)
    assert came.outcome.kind == "passed"
    kept = ("answer", "result", "finish")
    before = [line for line in read(tape.read_bytes(), "x").events if next(iter(line)) in kept]
    assert [line for line in came.runs[0].lines if next(iter(line)) in kept] == before
    assert [line["decision"] for line in before if "answer" in line] == [one.decision for one in answers]
    assert not traces(workspace)


def test_levels_that_people_set_are_set_again(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)

    def lower(session: Session) -> None:
        session.set_autonomy(1, "kim", "test")

    tape = recorded(workspace, [WORDS[0], lower, *WORDS[1:]], [ALLOW, ALLOW])
    assert len([line for line in read(tape.read_bytes(), "x").events if "answer" in line]) == 2
    came = live(tape, workspace)
    assert came.outcome.kind == "passed"
    assert [line for line in came.runs[0].lines if "autonomy" in line] == [{"autonomy": 1}]
    assert len([line for line in came.runs[0].lines if "answer" in line]) == 2


def test_what_must_never_happen_weighs_more_than_leaving_the_tape(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    case = 'why = "No tickets."\n[[assert]]\nnever = { tool = "till.ticket" }\n[[assert]]\nturn = 2\ntext = { contains = "120" }\n'
    tape = recorded(workspace, WORDS[:2], case=case)
    script(
        workspace,
        "rash",
        'when = { user = "order" }\ncalls = [{ tool = "till.ticket", args = { subject = "x" } }]',
        HELLO,
    )
    came = live(tape, workspace, model="scripted/rash")
    assert came.outcome.kind == "failed"
    assert came.outcome.line == "0 of 1 run passed: assert[0] turn 2: till.ticket was called, and never should be"
    assert came.outcome.detail == "why: No tickets."


def test_a_bad_recording_passes_when_it_did_not_come_back(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    case = 'expect = "bad"\n[[assert]]\nturn = 2\ntext = { contains = "120" }\n'
    tape = recorded(workspace, WORDS[:2], case=case)
    assert live(tape, workspace).outcome.kind == "failed"
    script(workspace, "quiet", LOOK, 'when = { tool = "till.look" }\ntext = "I may not say."', HELLO)
    assert live(tape, workspace, model="scripted/quiet").outcome.kind == "passed"


_CALL = {"id": "c1", "tool": "till.look", "args": {"order_id": 1}}
_DEEP: list[Any] = []
for _ in range(60):
    _DEEP = [_DEEP]


@pytest.mark.parametrize(
    "lines",
    [
        [{"reply": 1, "calls": [{**_CALL, "id": "x"}], "tokens": [1, 1]}],
        [{"reply": 1, "calls": [{**_CALL, "args": {"order_id": 10**18}}], "tokens": [1, 1]}],
        [{"reply": 1, "calls": [{**_CALL, "args": {"order_id": _DEEP}}], "tokens": [1, 1]}],
        [{"reply": 1, "calls": [_CALL], "tokens": [1, 1]}, {"result": "c1", "tool": "till.look", "simulated": True}],
        [
            {"reply": 1, "calls": [_CALL], "tokens": [1, 1]},
            {"result": "c1", "tool": "till.look", "status": "done", "ran": True, "output": 10**18},
        ],
    ],
)
def test_a_hostile_tape_is_one_line_and_nothing_is_asked(tmp_path: Path, lines: list[Line]) -> None:
    workspace = counter(tmp_path, HELLO)
    tape = recorded(workspace, WORDS[:1])
    good = read(tape.read_bytes(), "x")
    tape.write_bytes(write(Tape(good.header, (good.events[0], *lines, {"finish": "answered"}))))
    came = live(tape, workspace)
    assert came.outcome.kind == "broken" and not came.runs
    assert "is not of the form a tape has (restore it from git, or export the session again)" in came.outcome.line


def test_a_case_that_names_what_nobody_knows_is_broken_and_no_model_is_asked(tmp_path: Path) -> None:
    """`never` would hold of a tool that there is none of, whatever the model does."""
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS[:2], case='[[assert]]\ntools = { never = ["till.refund"] }\n')
    came = live(tape, workspace)
    assert (came.outcome.kind, came.runs) == ("broken", ())
    assert ".case.toml:" in came.outcome.line and "there is no tool 'till.refund'" in came.outcome.line
