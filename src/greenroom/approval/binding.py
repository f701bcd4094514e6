"""What an approval is good for: one exact call of one session, under one policy and one set of tools, once.

Invariant: a fork, which begins as a copy of a session, does not inherit leave to do what its parent was allowed.
"""

from __future__ import annotations

from greenroom.core.canonical import digest


def bind(session: str, card_commitment: str, policy_digest: str, tools_digest: str) -> str:
    """The digest an answer must carry. It refers to the card's salted commitment, so it says nothing of the call."""
    return digest([session, card_commitment, policy_digest, tools_digest])
