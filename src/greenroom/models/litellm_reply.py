"""Gathers the pieces of a streamed reply into one `ModelReply`; tool calls are put together by index.

Invariant: whatever a provider sends as arguments, the result is a `ToolCall`; what cannot be read is its `problem`. No key
of this machine is in what comes out, though the server said it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from greenroom.core.canonical import clean_json, clean_text
from greenroom.core.messages import ModelReply
from greenroom.core.values import Json, ToolCall, Usage
from greenroom.models.key_mask import KeyMask
from greenroom.models.litellm_wire import ToolNames

Finish = Literal["stop", "calls", "length", "filtered"]
_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "calls",
    "function_call": "calls",
    "content_filter": "filtered",
}
_MOST_ARGUMENTS = 1_000_000
_MOST_TOKENS = 10**12
"""The most that one reply is believed to use. A log holds whole numbers up to 2**53, and sums of them."""


@dataclass(slots=True)
class _Fragment:
    """A tool call while it arrives."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class ReplyParts:
    """Takes chunks in order; `finished` tells whether a finish reason was seen, `tokens` what the provider counted.

    `secrets` are the keys that a server might say back.
    """

    def __init__(self, names: ToolNames, secrets: Sequence[str] = ()) -> None:
        self._names = names
        self._mask, self._thought_mask = KeyMask(secrets), KeyMask(secrets)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, _Fragment] = {}
        self._finish = ""
        self.tokens: tuple[int, int] | None = None
        self.cost_usd: float | None = None

    @property
    def finished(self) -> bool:
        return bool(self._finish)

    @property
    def written(self) -> int:
        """Characters so far, to estimate tokens where a provider does not count."""
        return (
            sum(map(len, self._text))
            + sum(map(len, self._reasoning))
            + sum(len(c.arguments) for c in self._calls.values())
        )

    def add(self, chunk: Any) -> tuple[str, str]:
        """Take one chunk; returns its new (text, reasoning). A chunk may have no choices, only usage."""
        self._count(getattr(chunk, "usage", None))
        choices = getattr(chunk, "choices", None) or []
        if not choices:
            return "", ""
        self._finish = str(getattr(choices[0], "finish_reason", None) or "") or self._finish
        delta = getattr(choices[0], "delta", None)
        for position, call in enumerate(getattr(delta, "tool_calls", None) or []):
            self._take_call(call, position)
        text = self._mask.piece(clean_text(getattr(delta, "content", None) or ""))
        reasoning = self._thought_mask.piece(clean_text(getattr(delta, "reasoning_content", None) or ""))
        return self._kept(text, reasoning)

    def rest(self) -> tuple[str, str]:
        """The (text, reasoning) that was held back in case it was the beginning of a key, once there are no more chunks."""
        return self._kept(self._mask.rest(), self._thought_mask.rest())

    def _kept(self, text: str, reasoning: str) -> tuple[str, str]:
        self._text.append(text)
        self._reasoning.append(reasoning)
        return text, reasoning

    def reply(self, model: str, usage: Usage) -> ModelReply:
        """The whole reply."""
        calls = tuple(self._call(self._calls[index]) for index in sorted(self._calls))
        finish = _FINISHES.get(self._finish, "stop")
        return ModelReply(
            model=model,
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            calls=calls,
            finish="calls" if calls and finish == "stop" else finish,
            usage=usage,
        )

    def _count(self, usage: Any) -> None:
        if usage is None:
            return
        asked, answered = (_counted(getattr(usage, name, 0)) for name in ("prompt_tokens", "completion_tokens"))
        self.tokens = None if asked is None or answered is None else (asked, answered)
        cost = getattr(usage, "cost", None)
        self.cost_usd = float(cost) if isinstance(cost, int | float) else self.cost_usd

    def _take_call(self, call: Any, position: int) -> None:
        index = getattr(call, "index", None)
        fragment = self._calls.setdefault(position if index is None else int(index), _Fragment())
        function = getattr(call, "function", None)
        fragment.id = fragment.id or str(getattr(call, "id", None) or "")
        fragment.name += str(getattr(function, "name", None) or "")
        fragment.arguments += str(getattr(function, "arguments", None) or "")

    def _call(self, fragment: _Fragment) -> ToolCall:
        arguments, problem = read_arguments(fragment.arguments)
        tool = self._mask.text(clean_text(self._names.from_wire(fragment.name)))
        masked = cast("dict[str, Json]", self._mask.value(arguments))
        vendor_id = self._mask.text(clean_text(fragment.id))
        return ToolCall(id="", tool=tool, arguments=masked, vendor_id=vendor_id, problem=problem)


def read_arguments(text: str) -> tuple[dict[str, Json], str]:
    """The arguments in a JSON text, and why they cannot be read, if they cannot. Empty text means no arguments."""
    if not text.strip():
        return {}, ""
    if len(text) > _MOST_ARGUMENTS:
        return {}, f"the arguments are longer than {_MOST_ARGUMENTS} characters"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return {}, f"the arguments are not JSON: {error.msg} at character {error.pos + 1}"
    except (ValueError, RecursionError):
        return {}, "the arguments are nested too deeply or hold too long a number"
    if not isinstance(value, dict):
        return {}, "the arguments are not a JSON object"
    try:
        return clean_json(value), ""
    except ValueError as error:
        return {}, f"the arguments cannot be kept: {error}"


def _counted(tokens: Any) -> int | None:
    """A count as a provider says it; None for what can be no count, which is estimated then."""
    number = tokens or 0
    if not isinstance(number, int | float) or not number >= 0:
        return None
    return int(min(number, _MOST_TOKENS))
