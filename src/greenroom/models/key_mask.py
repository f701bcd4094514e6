"""Keys of this machine that a model's server says back in a reply, masked before anybody sees or keeps a piece of it.

Invariant: pieces that were let out, joined, hold no known key, wherever a stream cuts it: what may be the beginning of one
is held until it is known to be none.
"""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.core.values import Json

MASK = "‹key›"
_SHORTEST = 8
"""A shorter value is a word such as `none` or `ollama`, which servers of one's own are given where they want a key."""


class KeyMask:
    """One stream of text, piece by piece. `secrets` are the keys that are known."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True)
        self._firsts = frozenset(one[0] for one in self._secrets)
        self._held = ""

    def piece(self, text: str) -> str:
        """What of the stream can be let out with this piece."""
        return self._let_out(text, ended=False) if self._secrets else text

    def rest(self) -> str:
        """What was held, now that the stream has ended."""
        return self._let_out("", ended=True)

    def text(self, text: str) -> str:
        """A whole text, apart from the stream."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def value(self, value: Json) -> Json:
        """A JSON value with every text in it masked, names of keys too."""
        if not self._secrets:
            return value
        from greenroom.detectors.walk import rewrite

        return rewrite(value, lambda _, text: self.text(text))

    def _let_out(self, text: str, *, ended: bool) -> str:
        text, self._held = self._held + text, ""
        out: list[str] = []
        at = 0
        while at < len(text):
            if text[at] not in self._firsts:
                out.append(text[at])
                at += 1
                continue
            left = text[at:]
            if not ended and any(len(one) > len(left) and one.startswith(left) for one in self._secrets):
                self._held = left
                break
            found = next((one for one in self._secrets if left.startswith(one)), "")
            out.append(MASK if found else text[at])
            at += len(found) or 1
        return "".join(out)
