"""Each kind of expectation, held and broken, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenroom.regression.expect import Beside, failures
from greenroom.regression.tape.tape import Line
from tests.regression.expect.runs import RUN, case_of, judged

KNOWN = Beside(RUN, lambda: ("guarantee", "as an ai"), None, {1: 400, 2: 700, 3: 100})
SHAPE: dict[str, Any] = {"refund": {"id": {"regex": "^R-"}, "lines": {"each": {"type": "integer"}}}}


@pytest.mark.parametrize(
    "assertion",
    [
        {"turn": 1, "passages": {"includes": "returns.md", "cited": "shipping.md", "excludes": "internal.md"}},
        {"turn": 1, "memory": {"recall": {"taste": "trails"}, "write": {"*": "42"}, "never_written": "card"}},
        {"memory": {"never_written": {"*": "4111"}}},
        {"turn": 2, "approval": {"asked": True, "role": "lead", "decision": "allow"}},
        {"turn": 3, "approval": {"asked": True, "role": "editor", "decision": "deny"}, "finish": "refused"},
        {"turn": 1, "approval": {"asked": False}},
        {"turn": 2, "text": {"json": {}}},
        {"turn": 2, "text": {"json": {"shape": SHAPE}}},
        {
            "turn": 2,
            "text": {"json": {"shape": {"refund": {"id": "R-1", "amount": 90, "lines": [1, 2]}}, "exact": True}},
        },
        {"turn": 2, "text": {"json": {"schema": {"type": "object", "required": ["refund"]}}}},
        {"turn": 3, "text": {"similar": 1.0}},
        {"turn": 3, "text": {"similar": {"to": "I may not say this.", "at_least": 0.3}}},
        {"voice": {"never": True, "words": {"at_most": 20}, "sentences": {"at_most": 4}}},
        {"turn": 1, "voice": {"sentences": {"at_least": 2, "at_most": 2}, "characters": {"at_most": 43}}},
        {"limits": {"model_calls": 4, "tool_calls": 1, "tokens": 640, "usd": 0.0015, "milliseconds": 1200}},
        {"never": {"call": {"tool": "orders.refund", "status": "failed"}, "tool": ["mail.*", "tickets.create"]}},
    ],
)
def test_what_holds_is_not_mentioned(assertion: dict[str, Any]) -> None:
    assert judged(assertion, KNOWN) == ()


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        (
            {"turn": 1, "passages": {"cited": "returns.md#refunds"}},
            "turn 1: the reply does not cite the passage returns.md#refunds; it cites: shipping.md",
        ),
        (
            {"turn": 1, "passages": {"cited": "shipping.md", "at_most_rank": 1}},
            "turn 1: the passage shipping.md has rank 2, expected at most 1",
        ),
        (
            {"turn": 1, "passages": {"excludes": ["returns.md"]}},
            "turn 1: the passage returns.md#refunds is in the prompt at rank 1, and should not be",
        ),
        ({"turn": 1, "memory": {"recall": {"size": "4"}}}, "turn 1: no memory 'size' was recalled; there: taste"),
        (
            {"memory": {"never_written": ["size"]}},
            'turn 1: the memory "size" was written, and never should be',
        ),
        (
            {"memory": {"never_written": {"*": "42"}}},
            'turn 1: the memory "size" was written with "42", and never should be',
        ),
        ({"turn": 2, "approval": {"role": "editor"}}, "turn 2: asked was lead, expected editor"),
        ({"text": {"contains": "30 days", "absent": "R-1"}}, 'turn 2: the reply contains "R-1": "Here it is'),
        ({"passages": {"excludes": "shipping.md"}}, "turn 1: the passage shipping.md is in the prompt at rank 2"),
        ({"approval": {"asked": False}}, "turn 2: a person was asked, and none should be"),
        ({"call": {"tool": "orders.refund"}, "approval": {"asked": False}}, "turn 2: a person was asked, and none"),
        (
            {"call": {"tool": "orders.refund", "args": {"amount": 1}}},
            "turn 2: orders.refund was called, but with amount",
        ),
        ({"turn": 3, "approval": {"asked": False}}, "turn 3: a person was asked, and none should be"),
        ({"turn": 1, "finish": "refused"}, "turn 1: the turn ended as answered, expected refused"),
        ({"turn": 3, "text": {"json": {}}}, 'turn 3: the reply is not JSON, nor is a fenced block of it: "I may not'),
        (
            {"turn": 2, "text": {"json": {"shape": {"refund": {"amount": {"type": "string"}}}}}},
            "turn 2: in the reply's JSON refund.amount = 90, expected a string",
        ),
        (
            {"turn": 2, "text": {"json": {"shape": {"refund": {"currency": "EUR"}}}}},
            'turn 2: in the reply\'s JSON refund has no "currency"',
        ),
        (
            {"turn": 2, "text": {"json": {"shape": {"refund": {"id": "R-1"}}, "exact": True}}},
            'turn 2: in the reply\'s JSON refund has "amount" too, which is not expected',
        ),
        (
            {"turn": 2, "text": {"json": {"schema": {"properties": {"refund": {"required": ["iban"]}}}}}},
            "turn 2: in the reply's JSON refund is not as the schema says: 'iban' is a required property",
        ),
        (
            {"turn": 2, "text": {"json": {"schema": {"$ref": "https://elsewhere.example/s.json"}}}},
            "cannot be judged: the JSON Schema cannot be used: ",
        ),
        (
            {"turn": 3, "text": {"similar": {"to": "Ships leave on Monday.", "at_least": 0.9}}},
            "similar to the text given, expected at least 0.9",
        ),
        (
            {"turn": 1, "voice": {"never": ["guarant*"]}},
            'turn 1: the reply says "guaranteed", which this voice never does: "Within',
        ),
        (
            {"voice": {"words": {"at_most": 6}}},
            "turn 1: the reply has 7 words, expected at most 6: ",
        ),
        ({"turn": 3, "voice": {"sentences": {"at_least": 2}}}, "turn 3: the reply has 1 sentence, expected at least 2"),
        ({"limits": {"milliseconds": 1199}}, "assert[0] turns 1-3: 1200 milliseconds passed, at most 1199 expected"),
        (
            {"never": {"call": {"tool": "orders.refund", "args": {"amount": {"at_least": 100}}}}},
            "turn 2: orders.refund with amount = at least 100 was called, and never should be",
        ),
    ],
)
def test_what_does_not_hold_is_a_sentence(assertion: dict[str, Any], said: str) -> None:
    found = judged(assertion, KNOWN)
    assert found, assertion
    assert said in found[0]
    assert "\n" not in "".join(found)


def test_similar_compares_with_the_recorded_reply_of_the_same_turn() -> None:
    case = case_of({"turn": 1, "text": {"similar": 0.5}})
    recorded: list[Line] = [{**line} for line in RUN]
    now: list[Line] = [{**line, "text": "Ships leave on Monday."} if line.get("reply") == 1 else line for line in RUN]
    assert failures(case, now, Beside(recorded)) == (
        (
            "assert[0] turn 1: the reply is 0.02 similar to the recorded reply, expected at least 0.5: "
            '"Ships leave on Monday.", and there "Within 30 days. [2] We never guaranteed it!"'
        ),
    )
    near = [
        {**line, "text": "Within 30 days! [2] It was never guaranteed."} if line.get("reply") == 1 else line
        for line in RUN
    ]
    assert failures(case, near, Beside(recorded)) == ()


def test_a_schema_is_a_file_of_the_workspace(tmp_path: Path) -> None:
    asked = {"turn": 2, "text": {"json": {"schema": "schemas/refund.json"}}}
    (tmp_path / "schemas").mkdir()
    file = tmp_path / "schemas" / "refund.json"
    beside = Beside(folder=tmp_path)
    assert "the schema schemas/refund.json cannot be read" in judged(asked, beside)[0]
    file.write_text("{")
    assert "is not JSON" in judged(asked, beside)[0]
    file.write_text('{"properties": {"refund": {"properties": {"id": {"pattern": "^R-"}}}}}')
    assert judged(asked, beside) == ()
    file.write_text('{"properties": {"refund": {"patternProperties": {"^i": {"pattern": "^X"}}}}}')
    assert 'refund.id is not as the schema says: \\"R-1\\" does not match' in judged(asked, beside)[0]
    outside = tmp_path.parent / "outside.json"
    outside.write_text("{}")
    file.unlink()
    file.symlink_to(outside)
    assert "leads out of the workspace" in judged(asked, beside)[0]


def test_what_is_written_by_others_is_told_inert_and_short() -> None:
    hostile = "\x1b[2J\u202e" + "x" * 5000
    lines: list[Line] = [
        {"turn": 1, "user": "x"},
        {
            "reply": 1,
            "text": hostile,
            "calls": [{"id": "c1", "tool": hostile, "args": {hostile: hostile}}],
            "tokens": [],
        },
        {"finish": "answered"},
    ]
    asked: list[dict[str, Any]] = [
        {"text": {"contains": "no"}},
        {"call": {"tool": "a"}},
        {"tools": {"calls": [{"tool": "a", "args": {"\x1b": "\x1b" * 500}}]}},
        {"tools": {"calls": []}},
        {"voice": {"words": {"at_most": 0}, "never": ["x*"]}},
        {"call": {"tool": hostile, "match": "exact"}},
    ]
    for found in failures(case_of(*asked), lines, Beside(lines)):
        assert "\x1b" not in found and "\u202e" not in found
        assert len(found) < 900


def test_only_an_edit_gives_a_call_other_arguments() -> None:
    case = case_of({"turn": 2, "call": {"tool": "orders.refund", "args": {"amount": 120}}})

    def judged_with(decision: str) -> tuple[str, ...]:
        lines = [{**line, "decision": decision, "args": {"amount": 1}} if "answer" in line else line for line in RUN]
        return failures(case, lines, Beside(lines))

    assert judged_with("allow") == ()
    assert judged_with("edit")


@pytest.mark.parametrize("text", ["It is free. [1]", "It is free [1].", "It [12] is free. [1] [2]"])
def test_the_number_of_a_citation_is_neither_a_word_nor_a_sentence(text: str) -> None:
    run: list[Line] = [{"turn": 1, "user": "Is it?"}, {"reply": 1, "text": text}, {"finish": "answered"}]
    exactly = {"sentences": {"at_least": 1, "at_most": 1}, "words": {"at_least": 3, "at_most": 3}}
    assert failures(case_of({"voice": exactly}), run) == ()
