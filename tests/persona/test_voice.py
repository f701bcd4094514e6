from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.persona.contract import Voice, VoiceExample
from greenroom.persona.voice import broken, lines


def test_the_voice_becomes_lines_of_the_prompt() -> None:
    voice = Voice(
        tone=("warm", "brief"),
        never=("guarantee*", "as an AI"),
        example=(VoiceExample(user="where is it?", reply="Let me look."),),
    )
    assert lines(voice) == (
        "Tone: warm, brief.",
        'Never use these words: "guarantee", "as an AI".',
        "Example:",
        "  They say: where is it?",
        "  You say: Let me look.",
    )
    assert lines(Voice()) == ()


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("We GUARANTEE it.", ["GUARANTEE"]),
        ("guaranteed", []),
        ("nonguarantee", []),
        ("Speaking as  an\nai, no.", ["as  an\nai"]),
        ("as an airline", []),
        ("promised, promises", ["promised", "promises"]),
        ("a.b but not axb", ["a.b"]),
    ],
)
def test_forbidden_words_are_found_whole_with_their_spans(text: str, spans: list[str]) -> None:
    findings = broken(text, ["guarantee", "as an AI", "promise*", "a.b"])
    assert [text[one.start : one.end] for one in findings] == spans
    assert all(one.detector == "voice.never" for one in findings)


def test_nothing_forbidden_finds_nothing() -> None:
    assert broken("anything", []) == ()


@given(st.text(), st.lists(st.text(min_size=1).filter(lambda word: bool(word.strip("* \t\n"))), max_size=5))
def test_any_words_make_a_pattern_and_spans_stay_inside(text: str, never: list[str]) -> None:
    for one in broken(text, never):
        assert 0 <= one.start < one.end <= len(text)
