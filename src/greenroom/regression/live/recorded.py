"""What a tape can answer in a live run: the results of calls and the answers of people, each with what it was for.

Invariant: a result or an answer is kept with the very call it belonged to; nothing is made up for what has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from greenroom.core.canonical import clean_json
from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.core.values import ApprovalReply, Json, ToolResult
from greenroom.regression.tape.tape import Line, Tape

STEPPING = "stepping"
"""The reason of a question that no rule raised: the person was stepping through calls."""
_NEVER_AGAIN = (".stop", ".unknown")
"""How the keys of questions end that a kill switch or a crash raised: a live run has neither."""
_CALL = re.compile(r"c[1-9][0-9]{0,8}")
_HOOKS = ("input", "retrieval", "memory.read", "memory.write", "prompt", "output")


@dataclass(slots=True)
class RecordedCall:
    """A call as a recorded reply had it. `ran` are the arguments it went with; `result` is None if it never came to one."""

    turn: int
    reply: int
    id: str
    tool: str
    asked: Json
    ran: Json
    result: ToolResult | None = None
    said: str = ""
    claimed: bool = False
    used: bool = False


@dataclass(slots=True)
class RecordedAnswer:
    """A person's answer with its question. `key` is the question's own (`c2.1`, `output`, `prompt:1`)."""

    turn: int
    key: str
    hook: str
    tool: str
    args: Json
    reason: str
    reply: ApprovalReply
    used: bool = False

    @property
    def call(self) -> str:
        """The call it is about, or ''."""
        return self.key.partition(".")[0] if self.hook == "tool.call" else ""


@dataclass(slots=True)
class Recorded:
    """Everything of one tape, in its order."""

    calls: list[RecordedCall] = field(default_factory=list)
    answers: list[RecordedAnswer] = field(default_factory=list)


def recorded_of(tape: Tape, file: str) -> Recorded:
    """What `tape` can answer; `file` is the name shown in errors.

    Raises:
        FileInvalid: a line is not what its kind says.
    """
    reading = _Reading()
    for index, line in enumerate(tape.events):
        try:
            reading.see(line)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise FileInvalid(
                f"this '{inert_line(next(iter(line)), 20)}' line is not of the form a tape has",
                where=f"{file}:{tape.line_number(index)}",
                hint="restore it from git, or export the session again",
                code="tape.malformed",
            ) from None
    return reading.found


class _Reading:
    """One pass over a tape, knowing which turn and reply it is in."""

    def __init__(self) -> None:
        self.found = Recorded()
        self._turn = 0
        self._reply = 0
        self._calls: dict[str, RecordedCall] = {}
        self._asked: dict[str, Line] = {}

    def see(self, line: Line) -> None:
        match next(iter(line)):
            case "turn":
                self._turn, self._reply, self._asked = int(line["turn"]), 0, {}
            case "reply":
                self._reply += 1
                for call in line.get("calls", ()):
                    self._call(call)
            case "ask":
                self._asked[str(line["ask"])] = line
            case "answer":
                self._answer(str(line["answer"]), line)
            case "result":
                self._result(line)
            case _:
                pass

    def _call(self, call: Line) -> None:
        name = str(call["id"])
        if not _CALL.fullmatch(name):
            raise ValueError(name)
        args = clean_json(call["args"])
        made = RecordedCall(self._turn, self._reply, name, str(call["tool"]), args, args)
        self._calls[name] = made
        self.found.calls.append(made)

    def _answer(self, key: str, line: Line) -> None:
        if key.endswith(_NEVER_AGAIN):
            return
        question = self._asked.get(key, {})
        hook = next((name for name in _HOOKS if _is_about(key, name)), "tool.call")
        call = self._calls.get(key.partition(".")[0]) if hook == "tool.call" else None
        if hook == "tool.call" and call is None:
            return
        args = clean_json(question.get("args", call.asked if call is not None else {}))
        tool = call.tool if call is not None else ""
        reason = str(question.get("reason", ""))
        reply = _reply(line)
        self.found.answers.append(RecordedAnswer(self._turn, key, hook, tool, args, reason, reply))

    def _result(self, line: Line) -> None:
        call = self._calls.get(str(line["result"]))
        if call is None:
            return
        call.ran = clean_json(line.get("args", call.ran))
        call.said = str(line.get("error", ""))
        if line.get("ran") or line.get("simulated"):
            output = clean_json(line.get("output"))
            call.result = ToolResult(status=line["status"], output=output, error=call.said)


def _is_about(key: str, hook: str) -> bool:
    """Whether a question's key is one of this hook: `output`, `output.1`, `retrieval:2`, `memory.write:1.1`."""
    rest = key.removeprefix(hook)
    return rest != key and (not rest or rest[0] in ".:")


def _reply(line: Line) -> ApprovalReply:
    told: dict[str, Any] = {
        "decision": line["decision"],
        "approver": "tape",
        "established": "tape",
        "reason": line.get("reason", ""),
        "arguments": clean_json(line.get("args")),
        "result": clean_json(line.get("result")),
        "scope": line.get("scope", "once"),
        "when": tuple(line.get("when", ())),
    }
    return ApprovalReply.model_validate(told)
