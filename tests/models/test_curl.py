"""A request as a shell command: a real `sh` hands curl the body to the last character, and runs nothing of it."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from greenroom.models.curl import curl, plain_json, pretty_json
from greenroom.models.litellm_raw import Secret, Wire

pytestmark = pytest.mark.skipif(sys.platform == "win32" or shutil.which("sh") is None, reason="needs sh")

# In curl's place: each argument behind a byte that none can hold, then what comes in.
CURL = 'curl() { for one; do printf "%s\\1" "$one"; case "$one" in @-) cat;; esac; done; }\n'
HOSTILE = "'; touch /tmp/x; $(id) `id` !! \\ \" \x1b[31m \u202e \u2028 é 😀 \n GREENROOM_END\n%s"
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def told(command: str) -> list[str]:
    """What curl would be told, by a real shell."""
    done = subprocess.run(
        ["sh"],
        input=(CURL + command).encode(),
        capture_output=True,
        check=True,
        env={"SHOP_KEY": "sesame", "PATH": "/bin:/usr/bin"},
    )
    assert not done.stderr
    return done.stdout.decode().split("\1")


@settings(max_examples=60, deadline=None)
@given(BODIES, st.text(st.characters(exclude_characters="\0\1", exclude_categories=["Cs"])))
@example(HOSTILE, HOSTILE)
def test_a_shell_hands_over_just_the_body_and_the_header(content: Any, header: str) -> None:
    hands_over(content, header)


@pytest.mark.parametrize("times", [500, 2_000])
def test_a_long_body_goes_in_by_another_way(times: int) -> None:
    hands_over([HOSTILE * times], "plain")


def hands_over(content: Any, header: str) -> None:
    wire = Wire(
        {"messages": content},
        "http://127.0.0.1:1/v1",
        {"X-Own": header, "Authorization": Secret("SHOP_KEY", "Bearer ")},
    )
    command = curl(wire)
    assert "sesame" not in command
    words = told(command)
    assert words[:2] == ["-sS", "http://127.0.0.1:1/v1"]
    assert f"X-Own: {header}" in words
    assert "Authorization: Bearer sesame" in words
    body = words[words.index("@-") + 1] if "@-" in words else words[words.index("--data-binary") + 1]
    assert json.loads(body) == {"messages": content}


@given(BODIES)
def test_json_is_of_plain_signs_and_says_the_same(content: Any) -> None:
    for text in (plain_json(content), pretty_json(content)):
        assert json.loads(text) == content
        assert text.isascii()
        assert all(sign == "\n" or sign.isprintable() for sign in text)
    assert not {"'", "!"} & set(plain_json(content))
