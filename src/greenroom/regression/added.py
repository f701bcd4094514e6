"""What each model call's prompt has that the one before had not, as one short tag a message.

Invariant: tags depend on the messages alone; system prompt and voice are left out, for they are components of their own.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from greenroom.core.canonical import canonical
from greenroom.core.messages import Message
from greenroom.core.values import ToolCall

_LENGTH = 6
_LEFT_OUT = ("system", "voice")
_PARTS = ("memory", "passages")


class Added:
    """Remembers the prompt before, so that a tape needs no history per call."""

    def __init__(self) -> None:
        self._before: Counter[str] = Counter()
        self._known: dict[tuple[str, str], str] = {}
        self._asked: dict[int, tuple[tuple[ToolCall, ...], str]] = {}

    def since(self, messages: Iterable[Message]) -> list[str]:
        """The tags of the messages that are new, such as `user#3fa2c1d0`, in prompt order."""
        now = [self._tag(message) for message in messages if message.source not in _LEFT_OUT]
        left = self._before.copy()
        self._before = Counter(now)
        fresh = []
        for tag in now:
            if left[tag]:
                left[tag] -= 1
            else:
                fresh.append(tag)
        return fresh

    def _tag(self, message: Message) -> str:
        if message.calls:
            return self._calls_tag(message)
        label = _label(message)
        place = (label, message.text)
        if place not in self._known:
            self._known[place] = f"{label}#{_code(message.text.encode())}"
        return self._known[place]

    def _calls_tag(self, message: Message) -> str:
        """Made once for each reply: its calls are the same tuple in every later prompt, and are held here to stay so."""
        calls, tag = self._asked.get(id(message.calls), ((), ""))
        if calls is not message.calls:
            asked = [[call.id, call.tool, call.arguments] for call in message.calls]
            tag = f"calls#{_code(canonical([message.text, asked]))}"
            self._asked[id(message.calls)] = (message.calls, tag)
        return tag


def _label(message: Message) -> str:
    return message.source if message.source in _PARTS else message.call_id or message.role


def _code(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_LENGTH]
