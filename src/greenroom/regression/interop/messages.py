"""Chat messages (`role`, `content`, `tool_calls`) as turns and back: what four of the formats have in common.

Read are OpenAI's Chat Completions messages as of 2026 with the older `function_call`, and Inspect's of the same shape.
Invariant: `turns_of(messages_of(turns)) == turns` for turns without reasoning whose calls all ended as done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom.core.canonical import clean_json
from greenroom.core.values import Json
from greenroom.models.litellm_wire import wire_name
from greenroom.regression.interop.conversation import Call, Losses, Reply, Result, Turn
from greenroom.regression.interop.source import fit, text_in

OWN_PROMPT = "the persona has a prompt of its own, and it is the one that runs"
_TEXTS = ("text", "input_text", "output_text")
_LEFT_OUT = "a draft holds words only"


@dataclass(slots=True)
class _Open:
    """A turn that is being read. `calls` are those whose results may still come, by the source's id."""

    user: str
    replies: list[tuple[str, str, list[Call]]] = field(default_factory=list)
    calls: dict[str, tuple[int, int]] = field(default_factory=dict)

    def turn(self) -> Turn:
        return Turn(self.user, tuple(Reply(text, tuple(calls), thought) for text, thought, calls in self.replies))


def turns_of(messages: Sequence[Json], where: str, losses: Losses) -> tuple[Turn, ...]:
    """The turns that chat messages come to."""
    turns: list[_Open] = []
    for number, message in enumerate(messages):
        place = f"{where} messages[{number}]"
        take = _TAKERS.get(text_in(message, "role")) if isinstance(message, dict) else None
        if take is None:
            losses.note(place, "a message of no known role", "only system, user, assistant and tool are read")
            continue
        _note_extras(message, place, losses)
        take(turns, message, place, losses)
    return tuple(one.turn() for one in turns)


def closed(turns: tuple[Turn, ...], where: str, losses: Losses) -> tuple[Turn, ...]:
    """The turns without a last one that nobody answered, unless it is the only one."""
    if len(turns) > 1 and not turns[-1].replies:
        losses.note(where, "the last message of the person", "nothing answers it in this file")
        return turns[:-1]
    return turns


def messages_of(turns: Iterable[Turn], *, as_objects: bool = False) -> list[dict[str, Json]]:
    """The turns as chat messages; arguments are JSON texts as OpenAI has them, or `as_objects` as Inspect has them."""
    out: list[dict[str, Json]] = []
    number = 0
    for turn in turns:
        out.append({"role": "user", "content": turn.user})
        for reply in turn.replies:
            ids = [f"call_{number + place}" for place in range(1, len(reply.calls) + 1)]
            number += len(ids)
            message: dict[str, Json] = {"role": "assistant", "content": reply.text}
            if reply.calls:
                write = _object_call if as_objects else _text_call
                message["tool_calls"] = [write(name, call) for name, call in zip(ids, reply.calls, strict=True)]
            out.append(message)
            out += [_tool_message(name, call, as_objects) for name, call in zip(ids, reply.calls, strict=True)]
    return out


def text_of(content: Json, where: str, losses: Losses) -> str:
    """The words of a message's content, which may be a list of parts."""
    if isinstance(content, str):
        return str(fit(content, where, losses))
    if content is None:
        return ""
    texts = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type") in _TEXTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            kind = text_in(part, "type") or type(part).__name__
            losses.note(where, f"a part of a message that is {kind[:40]}", _LEFT_OUT)
    return str(fit("\n".join(texts), where, losses))


def result_text(result: Result | None) -> str:
    """A result as the text of a tool message: the value's JSON, or the words themselves where they are no JSON."""
    if result is None:
        return ""
    if result.status != "done":
        return result.error
    if isinstance(result.output, str) and _parsed(result.output) is None:
        return result.output
    return json.dumps(result.output, ensure_ascii=False)


def result_from(text: str) -> Result:
    """The result that a tool message's text stands for; the inverse of `result_text` for what is done."""
    found = _parsed(text)
    return Result(text) if found is None else Result(found[0])


def _parsed(text: str) -> tuple[Json] | None:
    try:
        return (clean_json(json.loads(text)),)
    except (ValueError, RecursionError):
        return None


def _note_extras(message: dict[str, Json], where: str, losses: Losses) -> None:
    for key in ("weight", "name", "refusal", "audio", "annotations"):
        if message.get(key) is not None and not (key == "name" and message["role"] in ("tool", "function")):
            losses.note(where, f"'{key}' of a message", _LEFT_OUT)


def _system(turns: list[_Open], message: dict[str, Json], where: str, losses: Losses) -> None:
    losses.note(where, "a system message", OWN_PROMPT)


def _user(turns: list[_Open], message: dict[str, Json], where: str, losses: Losses) -> None:
    words = text_of(message.get("content"), where, losses)
    if not words.strip():
        losses.note(where, "a message without words", "a turn begins with words")
    elif turns and not turns[-1].replies:
        losses.note(where, "a message that follows another of the person", "the two became one turn")
        turns[-1].user += "\n\n" + words
    else:
        turns.append(_Open(words))


def _assistant(turns: list[_Open], message: dict[str, Json], where: str, losses: Losses) -> None:
    text, thought = _said(message, where, losses)
    if not turns:
        losses.note(where, "a reply before the person said anything", "a conversation begins with the person")
        return
    turn = turns[-1]
    calls = [_call(raw, where, losses) for raw in _raw_calls(message)]
    if turn.replies and not turn.replies[-1][2]:
        losses.note(where, "a reply that follows another", "the two became one")
        before = turn.replies.pop()
        text = "\n\n".join(part for part in (before[0], text) if part)
    turn.replies.append((text, thought, [call for _, call in calls]))
    for place, (name, call) in enumerate(calls):
        turn.calls[name or call.tool] = (len(turn.replies) - 1, place)


def _said(message: dict[str, Json], where: str, losses: Losses) -> tuple[str, str]:
    """A reply's words, and what the model thought before it."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    thoughts = [text for part in parts if (text := text_in(part, "reasoning"))]
    thoughts += [text for key in ("reasoning_content", "reasoning") if (text := text_in(message, key))]
    rest = [part for part in parts if not text_in(part, "reasoning")] if parts else content
    return text_of(rest, where, losses), "\n".join(thoughts)


def _tool(turns: list[_Open], message: dict[str, Json], where: str, losses: Losses) -> None:
    name = text_in(message, "tool_call_id") or text_in(message, "name") or text_in(message, "function")
    turn = turns[-1] if turns else None
    if turn is None or name not in turn.calls:
        losses.note(where, "a tool's result", "no call before it has its id")
        return
    reply, place = turn.calls[name]
    calls = turn.replies[reply][2]
    text = text_of(message.get("content"), where, losses)
    failed = message.get("error")
    said = text_in(failed, "message") or text if failed else ""
    result = Result(error=said, status=_status(text_in(failed, "type"))) if failed else result_from(text)
    calls[place] = Call(calls[place].tool, calls[place].args, result)


def _status(kind: str) -> Any:
    return {"timeout": "timed_out", "parsing": "invalid", "permission": "denied", "approval": "denied"}.get(
        kind, "failed"
    )


def _raw_calls(message: dict[str, Json]) -> list[Json]:
    calls = message.get("tool_calls")
    found = list(calls) if isinstance(calls, list) else []
    return [*found, message["function_call"]] if isinstance(message.get("function_call"), dict) else found


def _call(raw: Json, where: str, losses: Losses) -> tuple[str, Call]:
    """A call with the source's id for it."""
    function = raw.get("function") if isinstance(raw, dict) else None
    body = function if isinstance(function, dict) else raw if isinstance(raw, dict) else {}
    tool = function if isinstance(function, str) else text_in(body, "name")
    args = body.get("arguments")
    if isinstance(args, str):
        found = _parsed(args)
        args = found[0] if found else args
    if args is not None and not isinstance(args, dict):
        losses.note(where, f"the arguments of a call of {tool[:60]}", "they are not a JSON object")
        args = None
    if not tool:
        losses.note(where, "a call", "it names no function")
    kept = fit(args or {}, where, losses)
    return text_in(raw, "id"), Call(tool or "unnamed", kept if isinstance(kept, dict) else {})


def _text_call(name: str, call: Call) -> dict[str, Json]:
    arguments = json.dumps(call.args, ensure_ascii=False)
    return {"id": name, "type": "function", "function": {"name": wire_name(call.tool), "arguments": arguments}}


def _object_call(name: str, call: Call) -> dict[str, Json]:
    return {"id": name, "type": "function", "function": wire_name(call.tool), "arguments": call.args}


def _tool_message(name: str, call: Call, as_objects: bool) -> dict[str, Json]:
    message: dict[str, Json] = {"role": "tool", "tool_call_id": name, "content": result_text(call.result)}
    if as_objects:
        message["function"] = wire_name(call.tool)
        if call.result is not None and call.result.status != "done":
            message["error"] = {"type": _KINDS.get(call.result.status, "unknown"), "message": call.result.error}
    return message


_KINDS = {"timed_out": "timeout", "invalid": "parsing", "denied": "permission"}
_TAKERS: dict[str, Callable[[list[_Open], dict[str, Json], str, Losses], None]] = {
    "system": _system,
    "developer": _system,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
    "function": _tool,
}
