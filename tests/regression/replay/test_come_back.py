"""Recordings that must not come back, at the help desk: they pass where something shows that they did not, and nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import load_contract, replay_builder
from greenroom.regression.case import Case
from greenroom.regression.expect import Beside
from greenroom.regression.expect.judging import NOT_DESCRIBED
from greenroom.regression.replay.check import check
from greenroom.regression.replay.come_back import bad_turns, came_back, held_back, rest_of
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import load_fixture, replay_fixture, replay_tape
from greenroom.regression.tape.facts import turns_of
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, Tape
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import change
from tests.regression.mutation.suites import recorded, shop
from tests.regression.taped import edited

CASES: dict[str, dict[str, Any]] = {
    "a decision": {
        "turn": 1,
        "call": {"tool": "orders.refund", "args": {"amount": 90}},
        "approval": {"decision": "allow", "asked": True},
    },
    "a deed": {"turn": 1, "call": {"tool": "orders.refund", "status": "done"}},
    "words": {"turn": 1, "text": {"contains": "I refunded 90.00 EUR"}},
    "words of any turn": {"text": {"contains": "I refunded 90.00 EUR"}},
    "nothing": {},
}
UNKNOWN = "whether what was recorded as bad comes back cannot be said"
PERSONA, PROMPT = Path("personas/aria/persona.toml"), Path("personas/aria/prompt.md")
POLICY = Path("policies/support.toml")


def bad(*expected: dict[str, Any]) -> Case:
    stated = [one for one in expected if one]
    return Case.model_validate({"schema": "case/1", "expect": "bad", "why": "Never again.", "assert": stated})


@pytest.fixture
def desk(tmp_path: Path) -> Workspace:
    return shop(tmp_path)


def went(desk: Workspace, case: Case, name: str = "refund-over-limit", stale: str = "fail") -> Outcome:
    """How it goes under what the workspace says now."""
    fixture = load_fixture(desk.fixtures / f"{name}.tape.jsonl", case=case)
    assert check(fixture, {}, {}).kind == "passed"
    return asyncio.run(replay_fixture(fixture, replay_builder(desk, trusted=True), stale=stale))


def rule(desk: Workspace, text: str) -> None:
    path = desk.root / POLICY
    path.write_text(f'{path.read_text()}\n[[rule]]\nid = "added"\nwhy = "w"\nhook = "tool.call"\n{text}\n')


@pytest.mark.parametrize("case", CASES)
def test_it_fails_as_long_as_it_comes_back(desk: Workspace, case: str) -> None:
    stated = bad(CASES[case])
    assert "what was recorded as bad happened again" in failed(went(desk, stated))
    change(desk.root / PROMPT, r"You are", "Be kind. You are")
    assert "happened again" in failed(went(desk, stated)), "an unrelated sentence puts nothing right"
    change(desk.root / POLICY, r"Refunds above 100 EUR need a person", "Above 100 EUR a person is asked")
    rule(desk, 'tools = ["mail.send"]\nthen = "deny"')
    assert "happened again" in failed(went(desk, stated)), "nor does a rule about something else"


def failed(found: Outcome) -> str:
    assert found.kind == "failed", found
    return found.line


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("when", ["args.amount > 50", "args.amount == 120"])
def test_it_passes_where_a_policy_forbids_what_was_done(desk: Workspace, case: str, when: str) -> None:
    rule(desk, f'tools = ["orders.refund"]\nwhen = ["{when}"]\nthen = "deny"')
    assert went(desk, bad(CASES[case])).kind == "passed"


@pytest.mark.parametrize("case", CASES)
def test_a_policy_that_stops_something_else_before_it_says_nothing_of_it(desk: Workspace, case: str) -> None:
    rule(desk, 'tools = ["orders.get"]\nthen = "deny"')
    found = went(desk, bad(CASES[case]))
    assert (found.kind, found.line.startswith("policy: ")) == ("stale", True), found
    assert UNKNOWN in found.detail
    warned = went(desk, bad(CASES[case]), stale="warn")
    assert (warned.kind, UNKNOWN in warned.line, "why: Never again." in warned.detail) == ("diverged", True, True)


@pytest.mark.parametrize("case", CASES)
def test_a_persona_that_finds_other_passages_says_nothing_of_it(desk: Workspace, case: str) -> None:
    change(desk.root / PERSONA, r"top_k       = 6", "top_k       = 2")
    found = went(desk, bad(CASES[case]))
    assert found.kind == "stale" and "top_k 6 -> 2" in found.line, found
    assert UNKNOWN in found.detail
    assert went(desk, bad(CASES[case]), stale="warn").kind == "diverged"


@pytest.mark.parametrize("case", CASES)
def test_a_policy_that_forbids_what_was_done_shows_it_though_the_replay_breaks_off_before(
    desk: Workspace, case: str
) -> None:
    change(desk.root / PERSONA, r"top_k       = 6", "top_k       = 2")
    rule(desk, 'tools = ["orders.refund"]\nwhen = ["args.amount > 50"]\nthen = "deny"')
    assert went(desk, bad(CASES[case])).kind == "passed"
    change(desk.root / POLICY, r'args.amount > 50"', 'args.amount > 5000"')
    assert went(desk, bad(CASES[case])).kind == "stale"


def test_only_the_turn_that_was_bad_counts(desk: Workspace) -> None:
    """Words of turn 2 may come back, though what was done in turn 1 is denied now."""
    recorded(desk, "two", "I want a refund of 120 EUR for order 1001", "How long may I send shoes back?")
    tape = load_fixture(desk.fixtures / "two.tape.jsonl").tape
    words = turns_of(tape.events)[1].text[:30]
    case = bad({"turn": "any", "text": {"contains": words}})
    assert bad_turns(case, tape, Beside()) == {2}
    assert bad_turns(bad({"turn": "any", "limits": {"tokens": 10_000}}), tape, Beside()) == {1, 2}
    assert bad_turns(bad(), tape, Beside()) == {2}


def test_a_replay_that_breaks_off_before_the_bad_turn_says_nothing_of_it(desk: Workspace) -> None:
    recorded(desk, "two", "How long may I send shoes back?", "I want a refund of 120 EUR for order 1001")
    denied = {"turn": 2, "call": {"tool": "orders.refund"}, "approval": {"decision": "deny"}}
    assert went(desk, bad(denied), "two").kind == "failed"
    change(desk.root / PERSONA, r"top_k       = 6", "top_k       = 2")
    found = went(desk, bad(denied), "two", stale="warn")
    assert (found.kind, found.line.startswith("turn 1")) == ("diverged", True)
    assert found.line.endswith(UNKNOWN)
    first = {"turn": 1, "text": {"contains": "no such words"}}
    fixture = load_fixture(desk.fixtures / "two.tape.jsonl", case=bad(first, denied))
    assert check(fixture, {}, {}).line.startswith(NOT_DESCRIBED), "what never happened cannot come back"


def test_what_was_reached_before_the_break_decides(desk: Workspace) -> None:
    recorded(desk, "two", "How long may I send shoes back?", "I want a refund of 120 EUR for order 1001")
    rule(desk, 'tools = ["orders.get"]\nthen = "deny"')
    allowed = {"turn": 2, "verdict": {"rule": "autonomy", "effect": "allow"}}
    assert went(desk, bad(allowed), "two").kind == "passed", "the verdict it is about was reached, and is another"
    assert went(desk, bad({"turn": 1, "text": {"regex": "[a-z]"}}), "two").kind == "failed"


def test_a_rest_begins_after_the_last_event_that_both_have() -> None:
    turn: list[Line] = [
        {"turn": 1, "user": "x"},
        {"reply": 1, "calls": []},
        {"verdict": "tool.call", "of": "c1", "effect": "allow"},
        {"result": "c1", "tool": "t"},
        {"reply": 2},
        {"finish": "answered"},
    ]
    later: list[Line] = [{"turn": 2, "user": "y"}, {"finish": "answered"}]
    for length in range(1, len(turn)):
        assert rest_of([*turn, *later], turn[:length]) == [*turn[length:], *later]
    asked: list[Line] = [*turn[:2], {"verdict": "tool.call", "of": "c1", "effect": "deny"}, {"ask": "c1"}]
    assert rest_of([*turn, *later], asked) == [*turn[3:], *later]
    assert rest_of([*turn, *later], [*turn, later[0]]) == later[1:]


def test_a_live_run_that_is_left_before_the_bad_turn_says_nothing_of_it(desk: Workspace) -> None:
    from greenroom.core.errors import Divergence
    from greenroom.regression.live.judging import Ended, judge_left
    from greenroom.regression.live.start import EVERYTHING

    recorded(desk, "two", "How long may I send shoes back?", "I want a refund of 120 EUR for order 1001")
    tape = load_fixture(desk.fixtures / "two.tape.jsonl").tape
    second = next(at for at, line in enumerate(tape.events) if line.get("turn") == 2)
    case = bad({"turn": 2, "call": {"tool": "orders.refund"}})
    left = Divergence("turn 1, tool c1 is not on the tape", step="t1/tool:c1")
    early = Ended(tape, case, tape.events[: second - 2], EVERYTHING, Beside())
    assert judge_left(early, left).kind == "diverged"
    in_it = replace(early, lines=tape.events[: second + 2])
    assert judge_left(in_it, left).kind == "passed"


@pytest.mark.parametrize("case", CASES)
def test_a_rule_about_the_result_comes_too_late_to_show_anything(desk: Workspace, case: str) -> None:
    """The money is gone by then, and that nobody reads what came of it puts nothing right."""
    text = '\n[[rule]]\nid = "late"\nwhy = "w"\nhook = "tool.result"\ntools = ["orders.refund"]\nthen = "deny"\n'
    path = desk.root / POLICY
    path.write_text(path.read_text() + text)
    assert went(desk, bad(CASES[case])).kind == "failed"
    change(desk.root / PERSONA, r"top_k       = 6", "top_k       = 2")
    found = went(desk, bad(CASES[case]), stale="warn")
    assert (found.kind, UNKNOWN in found.line) == ("diverged", True), found


def test_an_answer_before_the_last_says_nothing_of_it(desk: Workspace) -> None:
    """A rule about words of turn 1 makes that answer another; what was bad is what the recording ends with."""
    recorded(desk, "two", "How long may I send shoes back?", "I want a refund of 120 EUR for order 1001")
    first, last = turns_of(load_fixture(desk.fixtures / "two.tape.jsonl").tape.events)
    assert "QR code" in first.text and "QR code" not in last.text
    path = desk.root / POLICY
    hidden = '\n[[detector]]\nid = "shop.code"\nwhy = "w"\npattern = "QR code"\n\n  [[detector.test]]\n  text = "QR code"\n  expect = ["QR code"]\n'
    rule_ = '\n[[rule]]\nid = "code"\nwhy = "w"\nhook = "output"\nfind = ["shop.code"]\nthen = "redact"\n'
    path.write_text(path.read_text() + hidden + rule_)
    found = went(desk, bad(), "two", stale="warn")
    assert (found.kind, UNKNOWN in found.line) == ("diverged", True), found
    assert went(desk, bad({"turn": 1, "text": {"contains": "QR code"}}), "two").kind == "passed"


TWO_DEEDS: list[Line] = [
    {"turn": 1, "user": "x"},
    {
        "reply": 1,
        "calls": [
            {"id": "c1", "tool": "orders.refund", "args": {"amount": 90}},
            {"id": "c2", "tool": "tickets.create", "args": {}},
        ],
        "tokens": [0, 0],
    },
    {"verdict": "tool.call", "of": "c1", "effect": "allow", "rule": "r"},
    {"result": "c1", "tool": "orders.refund", "status": "done", "ran": True},
    {"verdict": "tool.call", "of": "c2", "effect": "allow", "rule": "r"},
    {"result": "c2", "tool": "tickets.create", "status": "done", "ran": True},
    {"finish": "answered"},
]


@pytest.mark.parametrize(
    ("denied", "tools", "shown"),
    [
        (("c1",), ("orders.refund",), True),
        (("c1",), ("orders.*",), True),
        (("c2",), ("orders.refund",), False),
        (("c2",), (), False),
        (("c1", "c2"), (), True),
        (("c2",), ("no.such",), False),
        ((), (), False),
    ],
)
def test_a_call_that_is_denied_speaks_for_itself_alone(
    desk: Workspace, denied: tuple[str, ...], tools: tuple[str, ...], shown: bool
) -> None:
    contract = load_contract(desk, "aria", "scripted/helpdesk", trusted=True)
    now = [{**line, "effect": "deny"} if line.get("of") in denied else line for line in TWO_DEEDS]
    assert held_back(TWO_DEEDS, now, 1, contract.spec, tools) is shown
    late = [*now[:4], {"verdict": "tool.result", "of": "c1", "effect": "deny", "rule": "r"}, *now[4:]]
    assert held_back(TWO_DEEDS, late, 1, contract.spec, tools) is shown


def test_a_deed_whose_result_is_kept_back_was_done() -> None:
    case = bad({"turn": 1, "call": {"tool": "orders.refund", "status": "done"}})
    tape = Tape({"persona": "aria@1.3.0"}, tuple(TWO_DEEDS))
    kept_back: list[Line] = [{**line, "status": "denied"} if line.get("result") == "c1" else line for line in TWO_DEEDS]
    never_made: list[Line] = [{key: line[key] for key in line if key != "ran"} for line in kept_back]
    assert came_back(case, tape, kept_back, Beside())
    assert came_back(case, tape, never_made, Beside()) == ()


def test_a_recording_that_was_changed_is_not_taken_for_one_that_is_held_back(desk: Workspace) -> None:
    fixture = load_fixture(desk.fixtures / "refund-over-limit.tape.jsonl", case=bad(CASES["a deed"]))
    rule(desk, 'tools = ["orders.refund"]\nthen = "deny"')
    other = edited(fixture.tape, "turn", 0, user="Something else that nobody said.")
    went_on = asyncio.run(
        replay_tape(other, fixture.case, replay_builder(desk, trusted=True), parts=Parts(desk.fixtures))
    )
    assert (went_on.kind, went_on.line) == ("broken", "tape:1: the recorded session is not what the header says")
