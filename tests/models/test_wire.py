"""Names and arguments on the wire: reversible, within the pattern, and never an exception."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.models.litellm_reply import read_arguments
from greenroom.models.litellm_wire import LONGEST_NAME, ToolNames, check_params, wire_name
from greenroom.models.problems import problem, quoted

OURS = st.from_regex(r"[a-z][a-z0-9_]{0,30}(\.[a-z][a-z0-9_]{0,30}){0,3}", fullmatch=True)


@given(st.lists(OURS, unique=True, max_size=6))
def test_names_come_back_or_are_refused(names: list[str]) -> None:
    wires = [wire_name(name) for name in names]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", wire) for wire in wires)
    if len(set(wires)) < len(wires):
        with pytest.raises(FileInvalid):
            ToolNames(names)
    else:
        mapping = ToolNames(names)
        assert [mapping.from_wire(wire) for wire in wires] == names


@given(st.text(min_size=1, max_size=200))
def test_any_text_at_all_gets_a_legal_name(name: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", wire_name(name))


def test_collisions_are_refused_by_name() -> None:
    with pytest.raises(FileInvalid, match=r"'a\.b' and 'a__b'"):
        ToolNames(["a.b", "a__b"])


def test_long_names_stay_apart() -> None:
    first, second = "tool." + "x" * 80 + "a", "tool." + "x" * 80 + "b"
    assert len(wire_name(first)) == LONGEST_NAME
    assert wire_name(first) != wire_name(second)
    assert ToolNames([first, second]).from_wire(wire_name(second)) == second


def test_a_tool_that_was_not_offered_is_named_readably() -> None:
    assert ToolNames(["orders.get"]).from_wire("orders__delete") == "orders.delete"


@given(
    st.text(max_size=100)
    | st.sampled_from(["{" * 10_000, "[" * 10_000, '{"a": 1e999}', "9" * 5000, '{"a":' + "1" * 5000 + "}"])
)
def test_reading_arguments_never_raises(text: str) -> None:
    arguments, said = read_arguments(text)
    assert isinstance(arguments, dict)
    assert not (said and arguments)


def test_parameters_outside_the_list_are_refused_with_a_suggestion() -> None:
    check_params({"temperature": 0.2, "max_tokens": 100})
    with pytest.raises(FileInvalid, match=r"'temprature'") as caught:
        check_params({"temprature": 0.2})
    assert "temperature" in caught.value.hint
    for name in ("api_base", "api_key", "base_url", "extra_headers", "model", "mock_response"):
        with pytest.raises(FileInvalid):
            check_params({name: "x"})


@pytest.mark.parametrize(
    "leak", ["sk-proj-abcdefghijk", "Bearer abcdef123456", "AIzaSyA1234567890", "my-own-secret-value"]
)
def test_quoted_words_hold_no_key_and_no_second_line(leak: str) -> None:
    said = quoted(f"Incorrect API key provided: {leak}.\nSee \x1b]0;x\x07 docs", ["my-own-secret-value"])
    assert leak not in said
    assert not re.search(r"[\x00-\x1f]", said)


def test_a_hostile_model_name_is_inert_in_a_problem() -> None:
    assert problem("model.unknown", "x\x1b[2J\n{detail}").line().count("\\x1b") == 1
