"""Our messages and tools in the OpenAI wire form that litellm takes, and tool names that every provider accepts.

Invariant: `from_wire(to_wire(name)) == name` for every tool of a request, and two tools never share a wire name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.messages import Message
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json, ToolCall, ToolSpec

LONGEST_NAME = 64
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9_-]")

PARAMS = frozenset(
    (
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "logit_bias",
        "reasoning_effort",
        "thinking",
        "verbosity",
        "response_format",
        "tool_choice",
        "parallel_tool_calls",
    )
)
"""What a persona may set. Addresses, keys and headers are not among them: a persona file must not redirect a key."""


class ToolNames:
    """The reversible mapping between our dotted tool names and wire names, for one set of tools.

    Raises:
        FileInvalid: two tools would share a wire name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._ours: dict[str, str] = {}
        for name in names:
            wire = wire_name(name)
            other = self._ours.setdefault(wire, name)
            if other != name:
                raise FileInvalid(
                    f"the tools '{other}' and '{name}' would both be called '{wire}' by a model",
                    hint="rename one of them",
                    code="tool.name_collision",
                )

    def from_wire(self, wire: str) -> str:
        """Our name; of a tool that was never offered, the dotted form, so that the error about it is readable."""
        return self._ours.get(wire, wire.replace("__", "."))


def wire_name(name: str) -> str:
    """A name within `[a-zA-Z0-9_-]{1,64}`: dots become `__`; too long a name ends in eight hex digits of its digest."""
    wire = _NOT_ALLOWED.sub("_", name.replace(".", "__")) or "_"
    if len(wire) <= LONGEST_NAME:
        return wire
    return f"{wire[: LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def check_params(params: dict[str, Json]) -> None:
    """Refuse parameters a persona may not set.

    Raises:
        FileInvalid: an unknown or forbidden parameter.
    """
    for name in params:
        if name not in PARAMS:
            raise FileInvalid(
                f"'{name}' is not a model parameter a persona can set",
                where=f"persona.toml model.params.{name}",
                hint=suggest(name, sorted(PARAMS)),
                code="model.params",
            )


def wire_tools(specs: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """The tools as function definitions."""
    return [
        {
            "type": "function",
            "function": {"name": wire_name(spec.name), "description": spec.description, "parameters": spec.parameters},
        }
        for spec in specs
    ]


def wire_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as chat messages. System messages at the start become one, because many local templates take one."""
    leading = 0
    while leading < len(messages) and messages[leading].role == "system":
        leading += 1
    out: list[dict[str, Any]] = []
    if leading:
        out.append({"role": "system", "content": "\n\n".join(message.text for message in messages[:leading])})
    ids = _CallIds()
    out.extend(_wire_message(message, ids) for message in messages[leading:])
    return out


class _CallIds:
    """Ids for the wire: the engine counts calls anew each turn, providers want one id once, and Mistral nine characters."""

    def __init__(self) -> None:
        self._count = 0
        self._latest: dict[str, str] = {}

    def of_call(self, ours: str) -> str:
        self._count += 1
        self._latest[ours] = f"call{self._count:05d}"
        return self._latest[ours]

    def of_result(self, ours: str) -> str:
        return self._latest.get(ours) or self.of_call(ours)


def _wire_message(message: Message, ids: _CallIds) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": ids.of_result(message.call_id), "content": message.text}
    if message.role == "assistant" and message.calls:
        calls = [_wire_call(call, ids) for call in message.calls]
        return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    return {"role": message.role, "content": message.text}


def _wire_call(call: ToolCall, ids: _CallIds) -> dict[str, Any]:
    function = {"name": wire_name(call.tool), "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": ids.of_call(call.id), "type": "function", "function": function}
