"""A Python test that Greenroom refuses is told by its own line and the reason, in this process or in several."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pytest_plugin.running import copied, replaced, run

TESTS = """
def test_unknown(greenroom):
    greenroom("ariia")

def test_one(greenroom):
    greenroom("aria").say("hello")

def test_two(greenroom):
    greenroom("aria")
"""


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["one", "several"])
def test_a_refusal_has_no_line_of_greenrooms_own_and_a_shared_cause_is_told_once_more(
    tmp_path: Path, processes: tuple[str, ...]
) -> None:
    shop = copied(tmp_path / "shop")
    replaced(shop / "tools/orders.py", "def refund(", "def refund(:")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_talk.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ngreenroom_workspace = "shop"\n')
    code, said = run(tmp_path, "tests", *processes)
    assert (
        code == 1
        and "src/greenroom" not in said
        and "Traceback" not in said
        and "/greenroom-test-" not in said
        and "/greenroom-sealed-" not in said
    )
    assert "> greenroom(\"ariia\")\nE no persona 'ariia' (did you mean 'aria'?)\ntests/test_talk.py:3" in said
    row = next(row for row in said.splitlines() if row.endswith("; 2 tests"))
    assert row.startswith("shop/tools/orders.py:") and "not Python" in row


def test_a_failed_assertion_of_a_test_is_left_as_pytest_tells_it(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    (shop / "test_it.py").write_text('def test_it(greenroom):\n    assert greenroom("aria") is None\n')
    code, said = run(shop, "test_it.py")
    assert (code == 1 and "AssertionError" in said) or "assert <" in said
    assert "several tests for one reason" not in said


def test_an_error_in_what_a_test_answers_has_the_lines_of_the_test_alone(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    refund = 'def test_it(greenroom):\n    greenroom("aria", approve=answer).say("I want a refund of 120 EUR for order 1001")\n'
    (shop / "test_it.py").write_text(f"def answer(card):\n    return card.call.args[7]\n\n\n{refund}")
    code, said = run(shop, "test_it.py")
    assert code == 1 and "AttributeError: 'ToolCall' object has no attribute 'args'" in said
    assert "test_it.py:6: " in said and "test_it.py:2: " in said
    assert "src/greenroom/" not in said and "asyncio/" not in said and "During handling" not in said
