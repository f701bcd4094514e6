"""What was written in another tool's format is read back as the same conversation."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.regression.interop.conversation import Turn
from greenroom.regression.interop.detect import BY_NAME
from greenroom.regression.interop.yaml_text import dump_yaml, load_yaml
from tests.regression.interop.conversations import VALUES, conversations, plain, source, taped

_FILES = {"openai": "x.jsonl", "inspect": "x.jsonl", "promptfoo": "x.yaml", "adk": "x.evalset.json"}


@pytest.mark.parametrize("format", list(_FILES))
@given(every=st.lists(conversations(), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_turns_calls_arguments_and_results_come_back(
    format: str, every: list[tuple[Turn, ...]], tmp_path: Path
) -> None:
    write = BY_NAME[format].write
    assert write is not None
    text, _ = write([taped(turns, f"n{place}") for place, turns in enumerate(every)])
    found = source(tmp_path, _FILES[format], text)
    assert found.format == format
    wanted = every if format == "adk" else list(map(plain, every))
    assert [one.turns for one in found.conversations] == wanted
    if format != "openai":
        assert [one.name for one in found.conversations] == [f"n{place}" for place in range(len(every))]


@given(VALUES)
def test_yaml_gives_back_what_it_was_given(value: object) -> None:
    assert load_yaml(dump_yaml(value), "x.yaml") == value
