"""Cassettes of chat calls, as vcrpy and Ruby's VCR keep them: requests and responses of /chat/completions.

Looked at: vcrpy 9.4.2 (`interactions`, `version: 1`) and VCR 6 (`http_interactions`); bodies may be texts, base64, gzip or a
stream of events. Invariant: a call whose prompt goes on from an earlier call's is the same conversation; only the words,
calls and counts of tokens of a cassette are read, never its headers, which may hold keys.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Conversation, Losses, Turn
from greenroom.regression.interop.messages import closed, turns_of
from greenroom.regression.interop.source import MAX_BYTES, text_in

Messages = list[dict[str, Json]]
Tokens = tuple[int, int]


@dataclass(slots=True)
class _Chat:
    """Messages that go on from call to call, and the tokens of each reply in order."""

    where: str
    messages: Messages
    tokens: list[tuple[int, Tokens]]


def read(entries: Iterable[tuple[str, Json]], losses: Losses) -> list[Conversation]:
    """The conversations of a cassette."""
    chats: list[_Chat] = []
    for where, cassette in entries:
        for place, messages, reply, tokens in _exchanges(where, cassette, losses):
            before = next((chat for chat in reversed(chats) if _begins_with(messages, chat.messages)), None)
            if before is None:
                given = sum(message.get("role") == "assistant" for message in messages)
                chats.append(_Chat(place, [*messages, reply], [(given, tokens)]))
            else:
                before.tokens.append((sum(one.get("role") == "assistant" for one in messages), tokens))
                before.messages = [*messages, reply]
    out = []
    for chat in chats:
        turns = closed(turns_of(chat.messages, chat.where, losses), chat.where, losses)
        if turns:
            out.append(Conversation(_counted(turns, dict(chat.tokens)), where=chat.where))
    return out


def _exchanges(where: str, cassette: Json, losses: Losses) -> Iterator[tuple[str, Messages, dict[str, Json], Tokens]]:
    found = cassette.get("interactions") or cassette.get("http_interactions") if isinstance(cassette, dict) else None
    for number, one in enumerate(found if isinstance(found, list) else []):
        place = f"{where} interactions[{number}]"
        request, response = _part(one, "request"), _part(one, "response")
        path = urlsplit(text_in(request, "uri") or text_in(request, "url")).path
        if not path.endswith("/chat/completions"):
            losses.note(place, f"a call of {path[:60] or 'nothing'}", "only calls of /chat/completions are read")
            continue
        asked = _json(request.get("body"))
        messages = asked.get("messages") if isinstance(asked, dict) else None
        answered = _answer(_json(response.get("body")))
        if not isinstance(messages, list) or answered is None:
            losses.note(place, "a call", f"it has no messages or no reply (status {_code(response)})")
            continue
        yield place, [one for one in messages if isinstance(one, dict)], *answered


def _part(one: Json, key: str) -> dict[str, Json]:
    found = one.get(key) if isinstance(one, dict) else None
    return found if isinstance(found, dict) else {}


def _code(response: dict[str, Json]) -> str:
    status = response.get("status", response.get("status_code", "?"))
    return str(status.get("code", "?") if isinstance(status, dict) else status)[:10]


def _json(body: Any) -> Json:
    """What a body says: JSON, or the events of a stream as a list."""
    if isinstance(body, dict):
        for key in ("string", "base64_string", "text", "encoded"):
            if isinstance(body.get(key), str):
                return _json(body[key])
        return body
    if not isinstance(body, str):
        return None
    for text in (body, _unpacked(body)):
        if text.lstrip().startswith("data:"):
            lines = [line[5:].strip() for line in text.split("\n") if line.startswith("data:")]
            return [event for line in lines if line != "[DONE]" and (event := _loads(line)) is not None]
        if (found := _loads(text)) is not None:
            return found
    return None


def _unpacked(body: str) -> str:
    """The text of a base64 body, unzipped as far as is allowed; '' if it is no such thing."""
    try:
        raw = base64.b64decode("".join(body.split()), validate=True)
        if raw[:2] == b"\x1f\x8b":
            raw = zlib.decompressobj(wbits=31).decompress(raw, MAX_BYTES)
        return raw.decode()
    except (binascii.Error, ValueError, zlib.error):
        return ""


def _loads(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _answer(body: Json) -> tuple[dict[str, Json], Tokens] | None:
    """The reply's message and its tokens."""
    if isinstance(body, list):
        return _streamed([one for one in body if isinstance(one, dict)])
    choices = body.get("choices") if isinstance(body, dict) else None
    message = _part(choices[0], "message") if isinstance(choices, list) and choices else {}
    return ({**message, "role": "assistant"}, _tokens(body)) if message else None


def _streamed(events: list[dict[str, Json]]) -> tuple[dict[str, Json], Tokens] | None:
    """A reply put together from its pieces."""
    text = ""
    calls: dict[int, dict[str, Any]] = {}
    tokens = (0, 0)
    for event in events:
        tokens = _tokens(event) if event.get("usage") else tokens
        choices = event.get("choices")
        delta = _part(choices[0], "delta") if isinstance(choices, list) and choices else {}
        text += text_in(delta, "content")
        pieces = delta.get("tool_calls")
        for piece in pieces if isinstance(pieces, list) else []:
            index = piece.get("index") if isinstance(piece, dict) else None
            call = calls.setdefault(
                index if isinstance(index, int) else 0, {"id": "", "function": {"name": "", "arguments": ""}}
            )
            call["id"] += text_in(piece, "id")
            call["function"]["name"] += text_in(_part(piece, "function"), "name")
            call["function"]["arguments"] += text_in(_part(piece, "function"), "arguments")
    if not text and not calls:
        return None
    message: dict[str, Json] = {"role": "assistant", "content": text}
    return message | ({"tool_calls": [calls[key] for key in sorted(calls)]} if calls else {}), tokens


def _tokens(body: Json) -> Tokens:
    usage = _part(body, "usage")
    read_, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return read_ if isinstance(read_, int) else 0, written if isinstance(written, int) else 0


def _begins_with(messages: Messages, before: Messages) -> bool:
    return len(messages) > len(before) and all(map(_same, before, messages))


def _same(one: dict[str, Json], other: dict[str, Json]) -> bool:
    """Whether two messages are one: a client sends a reply back with fewer keys than it came with."""
    return one.get("role") == other.get("role") and _words(one) == _words(other) and _ids(one) == _ids(other)


def _words(message: dict[str, Json]) -> Json:
    return message.get("content") or ""


def _ids(message: dict[str, Json]) -> list[str]:
    calls = message.get("tool_calls")
    return [text_in(call, "id") for call in calls] if isinstance(calls, list) else []


def _counted(turns: tuple[Turn, ...], tokens: dict[int, Tokens]) -> tuple[Turn, ...]:
    """The turns with the tokens of those replies that a response of the cassette counted."""
    out, number = [], 0
    for turn in turns:
        replies = []
        for reply in turn.replies:
            replies.append(replace(reply, tokens=tokens.get(number, (0, 0))))
            number += 1
        out.append(replace(turn, replies=tuple(replies)))
    return tuple(out)
