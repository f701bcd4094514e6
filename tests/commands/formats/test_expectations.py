"""`help expectations`: every kind there is, and both of its spellings mean the same."""

from __future__ import annotations

import tomllib

import pytest

from greenroom.commands.formats.expectations import VALUES, as_data, as_lines, examples
from greenroom.core.inert import hidden_count
from greenroom.regression import expect
from greenroom.regression.case import Assertion
from greenroom.regression.expect.matcher import WORDS
from greenroom.regression.expect.words import Spec


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example[0])
def test_the_line_of_a_case_and_the_word_in_python_build_the_same_expectation(
    example: tuple[str, str, str, str],
) -> None:
    key, about, case, word = example
    built = eval(f"spec.{word}", {"spec": Spec(), "expect": expect})
    assert Assertion.model_validate(tomllib.loads(case)) == Assertion.model_validate(built.table)
    assert key in case and about


def test_no_kind_is_left_out() -> None:
    kinds = {field.alias or name for name, field in Assertion.model_fields.items()}
    assert {key for key, *_ in examples()} == kinds - {"turn", "custom"}
    assert all(hidden_count(line) == 0 for line in as_lines())


@pytest.mark.parametrize(("case", "word"), VALUES)
def test_a_value_is_the_same_in_a_case_and_in_python(case: str, word: str) -> None:
    assert tomllib.loads(f"value = {case}")["value"] == eval(word, {"expect": expect})


def test_every_matcher_is_shown_and_so_is_how_a_team_adds_its_own() -> None:
    shown = {key for case, _ in VALUES for key in tomllib.loads(f"value = {case}")["value"]}
    assert shown == set(WORDS)
    assert any("greenroom.expectations" in line for line in as_lines()) and len(as_data()) > len(VALUES)
