"""Two requests set beside one another: which messages stayed, came, went or read otherwise, word by word.

Invariant: messages that stayed and went are those of the one request, in order; those that stayed and came those of the
other. A message of an earlier turn that is now told as history has stayed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom.core.messages import Message, ModelRequest, estimated_tokens
from greenroom.core.values import ToolSpec
from greenroom.views.comparison.words import Piece, alike, opcodes, word_diff

_PARAGRAPH = re.compile(r"(?s).+?(?:\n\n|$)|\n+")
_LEAST = 1.0
"""So much of what changed must have stayed for a message to be read word by word: messages are longer than replies."""
Became = Literal["same", "gone", "came", "changed"]


@dataclass(frozen=True, slots=True)
class MessageDiff:
    """What became of a message; `words` where it reads otherwise."""

    became: Became
    message: Message
    words: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestDiff:
    """`messages` in reading order; `others` a line each for model, parameters and tools that are others."""

    messages: tuple[MessageDiff, ...]
    others: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return not self.others and all(one.became == "same" for one in self.messages)


def request_diff(before: ModelRequest, after: ModelRequest) -> RequestDiff:
    """What the second has otherwise than the first."""
    found: list[MessageDiff] = []
    keys = ([_key(message) for message in one.messages] for one in (before, after))
    for equal, a, b, c, d in opcodes(*keys):
        if equal:
            found += [MessageDiff("same", message) for message in after.messages[c:d]]
        else:
            found += _between(before.messages[a:b], after.messages[c:d])
    return RequestDiff(tuple(found), tuple(_others(before, after)))


def text_of(message: Message) -> str:
    """All that a message says, the calls it makes included."""
    calls = [f"→ {call.tool} {json.dumps(call.arguments, ensure_ascii=False)}" for call in message.calls]
    return "\n".join(part for part in (message.text, *calls) if part)


def size(text: str) -> int:
    """Tokens, estimated."""
    return estimated_tokens(len(text))


def request_size(request: ModelRequest) -> int:
    """Tokens of a whole request, its tools included, estimated."""
    return sum(map(sum, sizes_of(request)))


def sizes_of(request: ModelRequest) -> tuple[list[int], list[int]]:
    """Tokens of each message and of each tool, estimated."""
    return [size(text_of(message)) for message in request.messages], [size(spec_text(spec)) for spec in request.tools]


def spec_text(spec: ToolSpec) -> str:
    """A tool as people read it."""
    return json.dumps(spec.model_dump(mode="json"), indent=2, ensure_ascii=False)


def _key(message: Message) -> tuple[str, str, str]:
    return message.role, text_of(message), message.call_id


def _between(gone: Sequence[Message], came: Sequence[Message]) -> list[MessageDiff]:
    """Of two stretches that differ: messages of one source belong together in order, the rest went and came."""
    left = list(gone)
    found: list[MessageDiff] = []
    for message in came:
        partner = next((one for one in left if _kin(one) == _kin(message)), None)
        if partner is None:
            found.append(MessageDiff("came", message))
            continue
        found += [MessageDiff("gone", one) for one in left[: left.index(partner)]]
        del left[: left.index(partner) + 1]
        found.append(MessageDiff("changed", message, _words(text_of(partner), text_of(message))))
    return [*found, *(MessageDiff("gone", one) for one in left)]


def _words(old: str, new: str) -> tuple[Piece, ...]:
    """Word by word where most of it stayed; else paragraph by paragraph, because words that two have by chance say
    nothing.
    """
    words = word_diff(old, new)
    if alike(words, _LEAST):
        return words
    before, after = _PARAGRAPH.findall(old), _PARAGRAPH.findall(new)
    found: list[Piece] = []
    for equal, a, b, c, d in opcodes(before, after):
        if equal:
            found.append(Piece("same", "".join(before[a:b])))
            continue
        one, other = "".join(before[a:b]), "".join(after[c:d])
        inner = word_diff(one, other)
        found += inner if alike(inner, _LEAST) else [Piece("gone", one), Piece("came", other)]
    return tuple(piece for piece in found if piece.text)


def _kin(message: Message) -> tuple[str, str]:
    return message.source, message.role


def _others(before: ModelRequest, after: ModelRequest) -> list[str]:
    found = [f"model {before.model} -> {after.model}"] if before.model != after.model else []
    for name in dict.fromkeys((*before.params, *after.params)):
        old, new = (json.dumps(one.params[name]) if name in one.params else "none" for one in (before, after))
        found += [f"{name} {old} -> {new}"] if old != new else []
    # As they are written down: what a model is not told of a tool is no difference.
    old_tools, new_tools = ({spec.name: spec.model_dump() for spec in one.tools} for one in (before, after))
    for name in dict.fromkeys((*old_tools, *new_tools)):
        if old_tools.get(name) != new_tools.get(name):
            became = "added" if name not in old_tools else "removed" if name not in new_tools else "changed"
            found.append(f"tool {name} {became}")
    return found
