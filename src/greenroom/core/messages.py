"""What goes to a model and what comes back, in no vendor's words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from greenroom.core.values import Frozen, Json, ToolCall, ToolSpec, Usage


def estimated_tokens(characters: int) -> int:
    """Tokens of a text of so many characters, by the usual rule of thumb of four each; at least one for any text."""
    return (characters + 3) // 4


class Message(Frozen):
    """One message of a prompt. `source` says which part of the session it came from, for the Prompt pane."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    source: Literal["system", "voice", "memory", "passages", "history", "input", "tool"] = "history"
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


class ModelRequest(Frozen):
    """Everything a model is given. `params` are the persona's, e.g. `{"temperature": 0.2}`."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    params: dict[str, Json] = Field(default_factory=dict)


class ModelReply(Frozen):
    """A whole reply. Call ids are empty here: the engine numbers calls in reply order."""

    model: str
    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: Literal["stop", "calls", "length", "filtered"] = "stop"
    usage: Usage = Usage()
