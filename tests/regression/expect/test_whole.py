"""A long expectation in a sentence: cut at a word on a line, whole where there is room; and turns that are only context."""

from __future__ import annotations

import pytest

from greenroom.pytest_plugin.failure import FailureText
from greenroom.regression.expect import failures
from greenroom.regression.expect.judging import in_toml
from greenroom.regression.replay.outcome import outcome
from tests.pytest_plugin.telling import told
from tests.regression.expect.runs import RUN, case_of

CALL = {"tool": "orders.refund", "status": "denied", "args": {f"argument{n}": f"value {n}" for n in range(9)}}
BAD = {"turn": 2, "call": CALL, "verdict": {"rule": "refund.large", "effect": "deny"}}


def test_an_expectation_is_told_to_its_end() -> None:
    said = in_toml(case_of(BAD).assert_[0])
    assert len(said) > 160
    assert said.endswith('verdict = { rule = "refund.large", effect = "deny" }')


def test_one_that_is_very_long_ends_with_a_word_and_an_ellipsis() -> None:
    words = {"turn": 1, "text": {"contains": [f"word{n}" for n in range(300)]}}
    said = in_toml(case_of(words).assert_[0])
    assert len(said) <= 600
    assert said.endswith('",…')


def test_a_line_is_cut_and_what_a_junit_file_holds_is_whole() -> None:
    reason = "what was recorded as bad happened again: " + " ".join(f"word{n}" for n in range(70))
    found = outcome("failed", reason, "", (reason,))
    assert len(found.line) <= 400
    assert found.line.endswith("…")
    assert found.line.removesuffix("…").split()[-1] in reason.split()
    assert found.reasons == (reason,)
    shown = FailureText(told(kind="failed", line=found.line, reasons=[reason]))
    assert str(shown).splitlines()[0] == f"failed: {reason}"
    assert shown.reprcrash.message == f"failed: {found.line}"


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (1, "assert[0] there is no turn 1: it has turns 2-3; turn 1 is only context"),
        (9, "assert[0] there is no turn 9: it has turns 2-3; what was said before is only context"),
    ],
)
def test_a_turn_before_the_range_is_said_to_be_context(turn: int, said: str) -> None:
    second = next(at for at, line in enumerate(RUN) if line.get("turn") == 2)
    assert failures(case_of({"turn": turn, "finish": "answered"}), RUN[second:]) == (said,)
