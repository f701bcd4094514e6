"""Keys that a server says back in a reply that succeeds: nowhere in what is shown or kept, however the stream cuts them."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.key_mask import MASK, KeyMask
from tests.models.loopback import calls, loopback, text
from tests.models.test_litellm_model import ask

KEY, OTHER = "sk-real-key-of-the-person", "a private phrase with spaces"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("MY_SERVER_KEY", OTHER)


@pytest.mark.parametrize("size", [1, 3, 7, len(KEY) - 1, len(KEY), 400])
@pytest.mark.parametrize("key", [KEY, OTHER])
def test_a_key_in_a_reply_is_masked_in_every_piece_and_in_the_whole(size: int, key: str) -> None:
    words = f"Your key is {key}, and again: {key}{key}. sk-re"
    with loopback([text(words, reasoning=f"I saw {key}", size=size)]) as base_url:
        reply, pieces = ask(base_url, key_variable="MY_SERVER_KEY")
    assert reply.text == words.replace(key, MASK)
    assert reply.reasoning == f"I saw {MASK}"
    assert "".join(piece for piece, reasoning in pieces if not reasoning) == reply.text
    assert "".join(piece for piece, reasoning in pieces if reasoning) == reply.reasoning


def test_a_key_in_a_tool_call_is_masked_in_names_and_values() -> None:
    arguments = json.dumps({"note": f"take {KEY}", KEY: [1, {"x": KEY}]}).replace("sk-", "\\u0073k-")
    with loopback([calls(("orders_get", arguments), (f"x{KEY}", "{}"))]) as base_url:
        reply, _ = ask(base_url)
    assert reply.calls[0].arguments == {"note": f"take {MASK}", MASK: [1, {"x": MASK}]}
    assert KEY not in reply.model_dump_json()


def test_a_reply_without_a_key_is_as_it_came() -> None:
    with loopback([text("skis and sk-real-keys, a private phrase", size=2)]) as base_url:
        reply, pieces = ask(base_url)
    assert reply.text == "skis and sk-real-keys, a private phrase"
    assert "".join(piece for piece, _ in pieces) == reply.text


ALPHABET = st.text("abk-", max_size=40)
SECRETS = st.lists(st.text("abk-", min_size=8, max_size=12), max_size=3)


@given(SECRETS, ALPHABET, ALPHABET, st.data())
def test_no_cut_lets_a_key_through_and_nothing_else_is_lost(
    secrets: list[str], before: str, after: str, data: st.DataObject
) -> None:
    words = before + (secrets[0] if secrets else "") + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(words)), max_size=6)))
    mask = KeyMask(secrets)
    pieces = [mask.piece(words[one:two]) for one, two in itertools.pairwise([0, *cuts, len(words)])]
    out = "".join([*pieces, mask.rest()])
    assert not [one for one in secrets if one in out]
    whole = KeyMask(secrets)
    assert out == whole.piece(words) + whole.rest()
    if not any(one in words for one in secrets):
        assert out == words


def test_a_value_too_short_to_be_a_key_is_left_alone() -> None:
    mask = KeyMask(["none", "", "ollama"])
    assert mask.piece("none of ollama") + mask.rest() == "none of ollama"
    assert mask.value({"none": "ollama"}) == {"none": "ollama"}
