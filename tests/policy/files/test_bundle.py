"""Policy files kept as one text and taken apart again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.policy.files.bundle import joined, parted
from greenroom.policy.load import PolicySource, builtin_source

LINES = st.sampled_from(
    ["", '#: 2 lines of "x"', '#: 1 line of "builtin.toml"', "a = 1", '"""', "é\u2028x", "\x0b", "#:"]
)
TEXTS = st.lists(LINES, max_size=6).map("\n".join)
SOURCES = st.lists(
    st.builds(PolicySource, st.sampled_from(["a.toml", 'odd "name"\n#: .toml', "policies/é.toml"]), TEXTS), max_size=4
)


@given(SOURCES)
def test_what_was_joined_comes_apart_the_same(sources: list[PolicySource]) -> None:
    assert list(parted(joined(sources))) == sources


def test_a_person_can_read_which_file_is_which() -> None:
    text = joined([PolicySource("policies/support.toml", "a = 1\nb = 2"), PolicySource("x.toml", "")])
    assert text == '#: 2 lines of "policies/support.toml"\na = 1\nb = 2\n#: 1 line of "x.toml"\n'
    assert parted(joined([builtin_source()])) == (builtin_source(),)


@pytest.mark.parametrize(
    "text", ["a = 1", '#: 3 lines of "x"\na', '#: 1 line of "x"\na\nb', '#: 0 lines of "x"', "#: 1 line of x\na"]
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(FileInvalid, match="cannot be told apart") as caught:
        parted(text)
    assert caught.value.code == "policy.bundle"
