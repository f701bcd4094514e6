"""Whatever a recording holds: what an export proposes for it is a case that can be read, and holds for it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.toml_text import parse
from greenroom.regression.case import Case
from greenroom.regression.expect import Beside, failures, trajectory_problems
from greenroom.regression.record.proposing import case_text
from greenroom.regression.tape.tape import Line
from tests.regression.expect.test_matchers import VALUES

NAMES = st.sampled_from(["orders.get", "orders.refund", "mail.send", "x"])
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ARGS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), VALUES, max_size=3)
STATUS = st.sampled_from(["done", "failed", "denied", "invalid"])
EFFECTS = st.sampled_from(["allow", "require_approval", "deny", "redact"])


@st.composite
def turns(draw: st.DrawFn) -> list[Line]:
    lines: list[Line] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        lines.append({"turn": number, "user": draw(WORDS)})
        labels = draw(st.lists(st.sampled_from(["a.md#x", "a.md#y", "b.md"]), max_size=3, unique=True))
        lines += [{"retrieve": [[f"p{number}{label}", label, 0.5] for label in labels]}]
        lines.append({"select": [f"p{number}{label}" for label in labels]})
        calls = [
            {"id": f"c{n}", "tool": draw(NAMES), "args": draw(ARGS)} for n in range(1, draw(st.integers(0, 3)) + 1)
        ]
        lines.append({"reply": 1, "text": draw(WORDS), "calls": calls, "tokens": [1, 1]})
        for call in calls:
            lines += draw(_decided(call))
        lines.append({"reply": 2, "text": draw(st.sampled_from(["So. [1]", "So. [2] [7]", "So."])), "tokens": [1, 1]})
        if draw(st.booleans()):
            key = draw(st.sampled_from(["size", "name"]))
            lines += [
                {"memory": f"m{number}", "segment": "s", "key": key, "text": draw(WORDS)},
                {"write": f"m{number}"},
            ]
        lines.append({"finish": "answered"})
    return lines


@st.composite
def _decided(draw: st.DrawFn, call: dict[str, Any]) -> list[Line]:
    """What became of a call."""
    lines: list[Line] = []
    effect = draw(EFFECTS)
    lines.append(
        {"verdict": "tool.call", "of": call["id"], "effect": effect, "rule": draw(st.sampled_from(["r1", "r2"]))}
    )
    if effect == "require_approval":
        lines.append({"ask": call["id"], "rule": "r1", "role": "operator"})
        edit = draw(st.booleans())
        lines.append(
            {"answer": call["id"], "decision": "edit" if edit else "allow"} | ({"args": draw(ARGS)} if edit else {})
        )
    lines.append({"result": call["id"], "tool": call["tool"], "status": draw(STATUS), "output": draw(VALUES)})
    return lines


@given(turns())
def test_what_is_proposed_holds(lines: list[Line]) -> None:
    text = case_text("x", "Because.", "good", ["t"], lines)
    case = parse(text, Case, "x.case.toml")
    assert failures(case, lines, Beside(lines)) == ()


@given(turns(), st.sampled_from(["strict", "in_order", "any_order", "subset", "superset"]))
def test_a_run_that_did_the_same_is_near_its_tape(lines: list[Line], order: str) -> None:
    case = Case.model_validate({"schema": "case/1", "match": {"order": order}})
    assert trajectory_problems(case.match, lines, lines) == ()
