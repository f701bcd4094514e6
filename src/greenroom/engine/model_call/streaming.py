"""Streamed text on its way to the screen: held back until no detector could still make more of it.

Invariant: what was shown has been through the output rules; a secret split over two chunks is never shown in part.
"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.policy.port import Policy, Question, SessionFacts


class StreamGuard:
    """Cuts a stream where no finding can begin any more, and passes each piece through the output rules."""

    def __init__(self, policy: Policy, facts: SessionFacts, show: Callable[[str], None]) -> None:
        self._policy = policy
        self._facts = facts
        self._show = show
        self._held = ""
        self._silent = policy.may_deny("output")

    @property
    def silent(self) -> bool:
        """Whether nothing may be shown before the verdict, because a rule could still deny the whole reply."""
        return self._silent

    def feed(self, text: str) -> None:
        """Take the next piece of the stream and show what is safe to show."""
        if self._silent:
            return
        self._held += text
        if cut := self._policy.settled(self._held):
            self._release(cut)

    def finish(self) -> None:
        """Show the rest."""
        if self._held and not self._silent:
            self._release(len(self._held))

    def _release(self, cut: int) -> None:
        piece, self._held = self._held[:cut], self._held[cut:]
        question = Question(hook="output", payload={"text": piece}, origin="model", session=self._facts)
        payload = self._policy.decide(question).payload
        if isinstance(payload, dict):
            piece = str(payload.get("text", piece))
        self._show(piece)
