"""Files with the right words in the wrong places: what can be read is, the rest is listed, and nothing breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.regression.case import Assertion
from greenroom.regression.interop import chat_log
from greenroom.regression.interop.conversation import Losses
from tests.regression.interop.conversations import source

_KEYS = {
    "openai": "messages role content tool_calls function name arguments tool_call_id id text type error reasoning function_call metadata",
    "inspect": "input target id description metadata recorded role content tool_calls function arguments choices type text",
    "promptfoo": "tests prompts vars assert type value threshold providerOutput metadata defaultTest raw id fixture description options min max name args steps mode schema",
    "adk": "eval_cases conversation user_content parts text final_response intermediate_data tool_uses tool_responses invocation_events content function_call function_response args id name response session_input state",
    "vcr": "interactions request response uri body string messages role content choices message delta usage tool_calls function name arguments id index status code",
}
_WORDS = ["user", "assistant", "tool", "system", "text", "contains", "regex", "assert-set", "not-cost", "{{x}}", "[]", "/v1/chat/completions", "[{", "x1", "file://x", "trajectory:tool-used", "trajectory:tool-sequence", "word-count", "is-json", ""]  # fmt: skip


def rough(format: str) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(_KEYS[format].split())
    leaf = st.none() | st.booleans() | st.integers(-2, 2**60) | st.floats(allow_nan=False) | st.sampled_from(_WORDS)
    inner = st.recursive(
        leaf, lambda one: st.lists(one, max_size=3) | st.dictionaries(keys, one, max_size=5), max_leaves=25
    )
    first = _KEYS[format].split()[0]
    return st.builds(lambda rest, value: {first: value, **rest}, st.dictionaries(keys, inner, max_size=4), inner)


@pytest.mark.parametrize("format", list(_KEYS))
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_cannot_be_read_is_listed(format: str, data: st.DataObject, tmp_path: Path) -> None:
    entries = data.draw(st.lists(rough(format), min_size=1, max_size=2))
    text = json.dumps(entries[0]) if format in ("adk", "vcr") else "".join(json.dumps(one) + "\n" for one in entries)
    try:
        found = source(tmp_path, "x.jsonl" if format in ("openai", "inspect") else "x.json", text, format)
    except FileInvalid:
        return
    for conversation in found.conversations:
        assert conversation.turns and all(turn.user.strip() for turn in conversation.turns)
        json.dumps([turn.replies for turn in conversation.turns], default=str)
        for item in conversation.expectations:
            assert isinstance(Assertion.model_validate(item), Assertion)
    assert found.conversations or found.losses


@given(
    st.lists(
        st.sampled_from(
            ["Mara: hi", "Aria: yes", "[12:30] bot: x", "Note: y", "more", "", "---", ": z", "a b: c", "You:"]
        ),
        max_size=12,
    )
)
def test_every_line_of_a_log_is_somebody_s_words_or_a_loss(lines: list[str]) -> None:
    losses = Losses()
    found = chat_log.read("\n".join(lines), "x", ("aria",), losses)
    said = " ".join(text for one in found for turn in one.turns for text in (turn.user, turn.text))
    for word in ("yes", "hi"):
        count = sum(word in line for line in lines)
        assert said.count(word) == count or losses or not count
