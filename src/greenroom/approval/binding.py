"""What an approval is good for: one exact call, under one policy and one set of tools, once."""

from __future__ import annotations

from greenroom.core.canonical import digest


def bind(card_commitment: str, policy_digest: str, tools_digest: str) -> str:
    """The digest an answer must carry. It refers to the card's salted commitment, so it says nothing of the call."""
    return digest([card_commitment, policy_digest, tools_digest])
