"""A fixture as a conversation, for export: what its tape and case hold that other tools have words for.

Invariant: only the tape is read, which was redacted when it was made; what has no counterpart is listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from greenroom.core.values import Json
from greenroom.models.litellm_wire import wire_name
from greenroom.regression.case import Case
from greenroom.regression.interop.conversation import Call, Conversation, Losses, Reply, Result, Turn
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, Tape

_WORDS = {
    "verdict": "verdicts of the policy",
    "ask": "questions to a person",
    "answer": "answers of a person",
    "retrieve": "passages that were found",
    "recall": "memories that were recalled",
    "write": "memories that were written",
    "gate": "what a person did at a gate",
    "autonomy": "levels of autonomy",
    "day": "sums of a day",
}


@dataclass(frozen=True, slots=True)
class Taped:
    """One fixture: its name, persona with version, conversation, tools, and what of the tape is not in the conversation."""

    name: str
    persona: str
    conversation: Conversation
    tools: tuple[dict[str, Any], ...] = ()
    left: tuple[str, ...] = ()

    def note_losses(self, losses: Losses, why: str) -> None:
        """List what the tape has and the format does not; `why` begins the reason (`chat messages hold no`)."""
        for what in self.left:
            losses.note(self.name, what, f"{why} such thing")


def taped_of(name: str, tape: Tape, case: Case, parts: Parts) -> Taped:
    """The fixture `name` as a conversation; turns that were given up are left out and listed."""
    reader = _Reader()
    for line in tape.events:
        reader.see(line)
    reader.end()
    expected = tuple(item.model_dump(mode="json", exclude_defaults=True, by_alias=True) for item in case.assert_)
    turns = tuple(reader.turns)
    conversation = Conversation(turns, name=name, why=case.why, tags=case.tags, expectations=expected)
    left = ["the prompt that the persona ran under"]
    left += [word for kind, word in _WORDS.items() if kind in reader.kinds]
    if any(reply.tokens != (0, 0) for turn in turns for reply in turn.replies):
        left.append("counts of tokens")
    if any(reply.reasoning for turn in turns for reply in turn.replies):
        left.append("what the model thought")
    if case.expect != "good":
        left.append("that this must not come back" if case.expect == "bad" else "that this is only observed")
    persona = str(tape.header.get("persona", ""))
    tools = _tools(parts.component(tape.digests.get("tools", "")))
    return Taped(name, persona, conversation, tools, (*left, *dict.fromkeys(reader.changed)))


def wire_definitions(taped: Taped) -> list[Json]:
    """The tools that were called, as function definitions; () where their schemas were not kept."""
    called = {call.tool for call in taped.conversation.calls()}
    return [
        {
            "type": "function",
            "function": {
                "name": wire_name(tool["name"]),
                "description": str(tool.get("description", "")),
                "parameters": tool.get("parameters") or {"type": "object", "properties": {}},
            },
        }
        for tool in taped.tools
        if tool["name"] in called
    ]


def by_turn(expectations: tuple[dict[str, Json], ...], last: int) -> Iterator[tuple[int, dict[str, Json]]]:
    """Each expectation without its turn, with the one turn it is about: 0 where it is about any of several."""
    for item in expectations:
        turn = item.get("turn", "any")
        number = turn if isinstance(turn, int) else int(turn) if str(turn).isdecimal() else 0
        rest = {key: value for key, value in item.items() if key != "turn"}
        yield (1 if not number and last == 1 else number), rest


def _tools(text: str) -> tuple[dict[str, Any], ...]:
    try:
        found = json.loads(text) if text else []
    except ValueError:
        return ()
    entries = found if isinstance(found, list) else []
    return tuple(one for one in entries if isinstance(one, dict) and isinstance(one.get("name"), str))


class _Reader:
    """Goes over a tape's lines once."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.kinds: set[str] = set()
        self.changed: list[str] = []
        self._user: str | None = None
        self._replies: list[Reply] = []
        self._calls: dict[str, tuple[int, int]] = {}

    def see(self, line: Line) -> None:
        kind = next(iter(line))
        self._count(kind, line)
        match kind:
            case "turn":
                self.end()
                self._user, self._replies = str(line["user"]), []
            case "reply":
                self._reply(line)
            case "result":
                self._result(line)
            case "release":
                self._say(str(line["release"]), "words of a model that the policy or a limit changed")
            case "gate" if line["gate"] in ("input", "output") and isinstance(line.get("edit"), str) and line["edit"]:
                self._edit(str(line["gate"]), line["edit"])
            case "finish" if line["finish"] == "abandoned":
                self._user = None
                self.changed.append("a turn that was given up")
            case _:
                pass

    def end(self) -> None:
        """The turn is over."""
        if self._user is not None:
            self.turns.append(Turn(self._user, tuple(self._replies)))
        self._user = None

    def _count(self, kind: str, line: Line) -> None:
        if kind in ("recall", "retrieve") and not line[kind]:
            return
        self.kinds.add(kind)

    def _reply(self, line: Line) -> None:
        calls = line.get("calls", ())
        self._calls |= {call["id"]: (len(self._replies), place) for place, call in enumerate(calls)}
        read, written = line.get("tokens", (0, 0))
        self._replies.append(
            Reply(
                str(line.get("text", "")),
                tuple(Call(call["tool"], call["args"]) for call in calls),
                str(line.get("reasoning", "")),
                (read, written),
            )
        )

    def _result(self, line: Line) -> None:
        where = self._calls.get(str(line["result"]))
        if where is None:
            return
        reply = self._replies[where[0]]
        call = reply.calls[where[1]]
        if "args" in line and line["args"] != call.args:
            self.changed.append("arguments as the model gave them, where a person changed them")
        result = Result(line.get("output"), str(line.get("error", "")), line["status"])
        done = Call(call.tool, line.get("args", call.args), result)
        calls = tuple(done if place == where[1] else one for place, one in enumerate(reply.calls))
        self._replies[where[0]] = replace(reply, calls=calls)

    def _say(self, text: str, what: str) -> None:
        """What the person read in the end, in the place of the model's own last words."""
        if self._replies and not self._replies[-1].calls:
            self._replies[-1] = replace(self._replies[-1], text=text)
        else:
            self._replies.append(Reply(text))
        self.changed.append(what)

    def _edit(self, gate: str, text: str) -> None:
        if gate == "input":
            self._user = text
        else:
            self._say(text, "words of a model that a person changed")
