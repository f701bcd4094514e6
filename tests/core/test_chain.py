"""The two proofs everything rests on: a link is SHA-256 of RFC 8785 bytes, a commitment is HMAC-SHA-256."""

import hashlib
import hmac
from base64 import b64encode
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.chain import VERSION, commit, committed, link, links

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # No surrogates: `clean_json` has replaced them before anything is hashed.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
)


@given(key=st.binary(max_size=200), value=JSON)
def test_a_commitment_is_the_hmac_of_the_canonical_bytes(key: bytes, value: Any) -> None:
    salt = b64encode(key).decode()
    wanted = b64encode(hmac.digest(key, rfc8785.dumps(value), "sha256")).decode()
    assert commit(salt, value) == wanted
    assert committed(wanted, salt, value)
    assert not committed(wanted, salt, [value])


@given(
    seq=st.integers(0, 2**40),
    at=st.text(st.characters(exclude_categories=["Cs"])),
    body=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=3),
)
def test_a_link_is_the_hash_of_the_canonical_bytes(seq: int, at: str, body: dict[str, Any]) -> None:
    made = link(seq, at, "event", body, "0" * 64)
    linked: dict[str, Any] = {"v": VERSION, "seq": seq, "at": at, "event": body, "prev": "0" * 64}
    assert made == hashlib.sha256(rfc8785.dumps(linked)).hexdigest()
    line = {**linked, "hash": made, "content": {"beside": "the hash"}}
    assert links(line, "event")
    assert not links({**line, "seq": seq + 1}, "event")
    assert not links({**line, "event": {**body, "more": 1}}, "event")


@pytest.mark.parametrize("salt", ["x", "####", "AA=A", None, 3])
def test_a_salt_that_is_none_is_an_error_the_reader_knows(salt: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        committed("x", salt, "words")
