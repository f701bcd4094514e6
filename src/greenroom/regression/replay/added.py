"""What each model call's prompt has that the one before had not, as one short tag a message.

Invariant: tags depend on the messages alone; system prompt and voice are left out, for they are components of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from greenroom.core.canonical import canonical
from greenroom.core.messages import Message

_LENGTH = 6
_LEFT_OUT = ("system", "voice")
_PARTS = ("memory", "passages")
_NAMES = {
    "user": "the person's words",
    "memory": "the memories",
    "passages": "the passages",
    "assistant": "the reply before",
    "calls": "the calls asked for before",
}
_CALL = re.compile(r"c[0-9]{1,6}")
_MOST_NAMED = 3


class Added:
    """Remembers the prompt before, so that a tape needs no history per call."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._tags: dict[int, tuple[Message, str]] = {}
        self._known: dict[tuple[str, str], str] = {}

    def since(self, messages: Iterable[Message]) -> list[str]:
        """The tags of the messages that are new, such as `user#3fa2c1d0`, in prompt order."""
        now = [self._tag(message) for message in messages if message.source not in _LEFT_OUT]
        left, self._before = self._before, list(now)
        fresh = []
        for tag in now:
            if tag in left:
                left.remove(tag)
            else:
                fresh.append(tag)
        return fresh

    def _tag(self, message: Message) -> str:
        """Made once for each message: most stand in every later prompt too, and are held here to stay the same ones."""
        known = self._tags.get(id(message))
        if known is None:
            known = self._tags[id(message)] = (message, self._made(message))
        return known[1]

    def _made(self, message: Message) -> str:
        if message.calls:
            asked = [[call.id, call.tool, call.arguments] for call in message.calls]
            return f"calls#{_code(canonical([message.text, asked]))}"
        label = _label(message)
        place = (label, message.text)
        if place not in self._known:
            self._known[place] = f"{label}#{_code(message.text.encode())}"
        return self._known[place]


def _label(message: Message) -> str:
    return message.source if message.source in _PARTS else message.call_id or message.role


def _code(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_LENGTH]


def told_apart(recorded: Sequence[object], now: Sequence[str]) -> str:
    """What is other between two lists of tags, e.g. `the person's words changed; added: the result of c2`."""
    was = [str(tag).partition("#")[0] for tag in recorded if tag not in now]
    are = [tag.partition("#")[0] for tag in now if tag not in recorded]
    changed = [label for label in dict.fromkeys(are) if label in was]
    came = [label for label in dict.fromkeys(are) if label not in was]
    gone = [label for label in dict.fromkeys(was) if label not in are]
    told = [f"{_named(changed)} changed"] if changed else []
    told += [f"{what}: {_named(labels)}" for what, labels in (("added", came), ("missing", gone)) if labels]
    return "; ".join(told) or "the same things stand in another order"


def _named(labels: Sequence[str]) -> str:
    names = [_NAMES.get(one) or (f"the result of {one}" if _CALL.fullmatch(one) else f"'{one}'") for one in labels]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
