"""The functions that the help names exist and do what it says."""

from __future__ import annotations

import re

import pytest

from greenroom.policy.language.conditions import ClauseInvalid, Environment
from greenroom.policy.language.functions import FUNCTIONS, Function, lines


@pytest.mark.parametrize("one", FUNCTIONS, ids=lambda one: one.form)
def test_every_example_is_true(one: Function) -> None:
    environment = Environment({})
    assert environment.compile(one.example).outcome(environment.activation({})) is True


def test_every_named_function_is_in_its_example() -> None:
    for one in FUNCTIONS:
        for name in re.findall(r"([a-z][A-Za-z_]+)\(", one.form):
            assert name == "has" or f"{name}(" in one.example, one.form


def test_functions_that_are_not_listed_do_not_exist() -> None:
    for clause in ("'A'.lowerAscii() == 'a'", "'a,b'.split(',').size() == 2", "'a'.replace('a', 'b') == 'b'"):
        with pytest.raises(ClauseInvalid, match="unknown function"):
            Environment({}).compile(clause)


def test_lines_fit_a_terminal() -> None:
    assert all(len(line) <= 120 for line in lines())
