"""What a person may put in the place of what waits at a gate, and how it enters the log.

The form of an edit: a text at input and output; at recall, retrieve and remember the rows that go on, in their order
(`[{"at": 2}, {"at": 1, "text": "..."}]`, counted from 1); at prompt the messages that change (`[{"source": "system",
"at": 1, "text": "..."}]`); at tool the arguments; at result, and of a simulation, `{"output": ...}` or `{"error": "..."}`.
Invariant: nothing a person puts in reaches log, model or tool before the detectors have masked it, and none of it says
that a call which policy denied was done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greenroom.core.canonical import clean_json, clean_text
from greenroom.core.errors import UsageError
from greenroom.core.values import GateReply, Json
from greenroom.engine.gates.pending import Pending
from greenroom.engine.kept import kept
from greenroom.engine.room import Room, about_call, about_result
from greenroom.policy.port import Question
from greenroom.tools.result_schema import result_problem
from greenroom.views.prompt.edited import result_of

_SKIPPABLE = ("recall", "retrieve", "tool", "remember")


def admitted(room: Room, pending: Pending, reply: GateReply) -> GateReply:
    """What a person does at a gate as it may be kept and carried out.

    Raises:
        UsageError: it cannot be done at this gate, or what it puts in does not fit; the gate still waits.
    """
    match reply.action:
        case "edit":
            return reply.model_copy(update={"edit": _EDITS[pending.gate](room, pending, _clean(reply.edit))})
        case "simulate":
            return reply.model_copy(update={"edit": _simulated(room, pending, _clean(reply.edit))})
        case "skip" if pending.gate not in _SKIPPABLE:
            raise _refused(f"nothing can be skipped at the {pending.gate} gate", f"at: {', '.join(_SKIPPABLE)}")
        case _:
            return reply.model_copy(update={"edit": None})


def _refused(message: str, hint: str = "") -> UsageError:
    return UsageError(message, hint=hint, code="gate.edit")


def _clean(edit: Json) -> Json:
    try:
        return clean_json(edit)
    except ValueError as error:
        raise _refused(f"that cannot be kept: {error}") from None


def _masked(room: Room, question: Question) -> dict[str, Json]:
    looked = kept(room, question)
    if looked is None:
        raise _refused("that is too large or too deep to be checked, so it was not taken", "send less of it")
    return looked


def _text(room: Room, pending: Pending, edit: Json) -> Json:
    """Words at input or output."""
    if not isinstance(edit, str) or not edit.strip():
        raise _refused(f"an edit at the {pending.gate} gate is a text that is not empty")
    question = pending.questions[0]
    return _masked(room, question.model_copy(update={"payload": {**question.payload, "text": clean_text(edit)}}))[
        "text"
    ]


def _rows(room: Room, pending: Pending, edit: Json) -> Json:
    """Memories or passages: those that go on, in order, some with other words."""
    out: list[Json] = []
    for row in edit if isinstance(edit, list) else [None]:
        at = row.get("at") if isinstance(row, dict) else row
        if not isinstance(at, int) or isinstance(at, bool) or not 1 <= at <= len(pending.items):
            here = f"1 to {len(pending.items)}" if pending.items else "there are none here"
            raise _refused(f"an edit at the {pending.gate} gate lists what goes on by number", here)
        if any(one["at"] == at for one in out):
            raise _refused(f"number {at} is there twice")
        text = row.get("text") if isinstance(row, dict) else None
        changed = isinstance(text, str) and text != pending.items[at - 1].text
        out.append({"at": at, "text": _row_text(room, pending, at, str(text))} if changed else {"at": at})
    return out


def _row_text(room: Room, pending: Pending, at: int, text: str) -> str:
    if not text.strip():
        raise _refused(f"number {at} would be empty", "leave it out instead")
    question = pending.questions[at - 1]
    return str(_masked(room, question.model_copy(update={"payload": {**question.payload, "text": text}}))["text"])


def _messages(room: Room, pending: Pending, edit: Json) -> Json:
    """The messages of one request that change, or are left out."""
    rows = {(row["source"], row["at"]): place for place, row in enumerate(pending.value)}
    out: list[Json] = []
    for row in edit if isinstance(edit, list) else [None]:
        asked: dict[str, Json] = row if isinstance(row, dict) else {}
        place, text = rows.get((asked.get("source"), asked.get("at"))), asked.get("text")
        if place is None or not isinstance(text, str | None):
            raise _refused(
                "an edit at the prompt gate lists messages with source, at and text",
                ", ".join(f"{one['source']} {one['at']}" for one in pending.value[:12]),
            )
        message = pending.messages[place]
        if text is None and (message.calls or message.call_id or message.source == "input"):
            raise _refused(f"{message.source} {asked['at']} cannot be left out", "a model is not asked without it")
        if text != message.text:
            said = None if text is None else _message_text(room, pending, place, text)
            out.append({"source": message.source, "at": asked["at"], "text": said})
    return out


def _message_text(room: Room, pending: Pending, place: int, text: str) -> str:
    """A message's new text: a person's words, looked at as such, and as a part of a prompt."""
    words = _masked(room, Question(hook="input", payload={"text": text}, session=room.facts.now()))["text"]
    message = pending.messages[place]
    asked: dict[str, Json] = {"messages": [{"role": message.role, "source": message.source, "text": words}]}
    question = Question(
        hook="prompt", subject=room.contract.model, payload=asked, origin="user", session=room.facts.now()
    )
    return str(_masked(room, question)["messages"][0]["text"])


def _arguments(room: Room, pending: Pending, edit: Json) -> Json:
    """A call's arguments; policy decides anew about them, and so does who is asked."""
    assert pending.call is not None
    if not isinstance(edit, dict):
        raise _refused("arguments are a JSON object", '{"amount": 90}')
    call = pending.call.model_copy(update={"arguments": edit, "problem": ""})
    if room.contract.spec(call.tool) is None:
        raise _refused(f"there is no tool named {call.tool}")
    if problem := room.outside.tools.problem(call):
        raise _refused(f"{call.tool} does not take that: {problem}")
    return _masked(room, about_call(room, call))["args"]


def _result(room: Room, pending: Pending, edit: Json) -> Json:
    """A result as the model reads it: typed, masked, and what policy says of it in its place where that withholds it."""
    assert pending.call is not None
    if not isinstance(edit, dict) or not set(edit) <= {"status", "output", "error"}:
        raise _refused("a result is an object with output, or with error", '{"output": {"ok": true}}')
    status, output, error = result_of(edit)
    if status not in ("done", "failed", "timed_out", "invalid", "denied", "unknown"):
        raise _refused(f"there is no status '{status}'", "done, failed or timed_out")
    if status == "done" and (problem := result_problem(pending.spec, output)):
        raise _refused(f"{pending.call.tool} does not return that: {problem}")
    question = about_result(room, pending.call, {"output": output, "error": error})
    masked, verdict = _masked(room, question), room.contract.policy.decide(question)
    if verdict.blocks:
        return {"status": "denied", "output": None, "error": verdict.why}
    return {"status": status, "output": masked["output"] if status == "done" else None, "error": masked["error"]}


def _edited_result(room: Room, pending: Pending, edit: Json) -> Json:
    made = _result(room, pending, edit)
    if pending.value["status"] in ("denied", "invalid") and made["status"] == "done":
        raise _refused("this call was not made: its error can be changed, not what came of it")
    return made


def _simulated(room: Room, pending: Pending, edit: Json) -> Json:
    if pending.gate != "tool":
        raise _refused(f"nothing can be simulated at the {pending.gate} gate", "at the result gate, edit")
    if pending.verdict is None or pending.verdict.effect == "deny":
        why = pending.value["problem"] or (pending.verdict.why if pending.verdict else "")
        raise _refused(f"this call cannot be made, so nothing can come of it: {why}", "edit it first")
    return _result(room, pending, edit)


_EDITS: dict[str, Callable[[Room, Pending, Any], Json]] = {
    "input": _text,
    "output": _text,
    "recall": _rows,
    "retrieve": _rows,
    "remember": _rows,
    "prompt": _messages,
    "tool": _arguments,
    "result": _edited_result,
}
