"""What waits at each kind of gate, put together for a person and for breakpoints.

Invariant: each is a pure function of what the turn holds at that point; making one changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from greenroom.core.events import ToolReturned
from greenroom.core.inert import inert_line
from greenroom.core.messages import ModelRequest
from greenroom.core.values import Gate, Json, Memory, Passage, ToolCall, ToolResult, ToolSpec, Verdict
from greenroom.engine.gates.pending import FACTS, Pending
from greenroom.engine.room import Room, about_call, about_result, spec_of
from greenroom.policy.port import Question, SessionFacts
from greenroom.views.fold import fold_all
from greenroom.views.turns import usage

_ROW = 200


def of_text(room: Room, step: str, turn: int, gate: Gate, question: Question) -> Pending:
    """Words on their way in or out."""
    text = str(question.payload["text"])
    return _pending(
        room, step, turn, gate, text, inert_line(text, _ROW), {"text.length": len(text)}, questions=(question,)
    )


def of_memories(
    room: Room, step: str, turn: int, gate: Gate, memories: tuple[Memory, ...], questions: tuple[Question, ...]
) -> Pending:
    """What was recalled, or what would be kept."""
    rows = [
        {"at": at, "segment": one.segment, "key": one.key, "text": one.text, "kept": True}
        for at, one in enumerate(memories, 1)
    ]
    said = "; ".join(one.text for one in memories) or "nothing"
    about = inert_line(f"{_counted(len(memories), 'memory', 'memories')}: {said}", _ROW)
    words = {"memories.count": len(memories), "memories.keys": [one.key for one in memories]}
    everything = tuple(range(len(memories)))
    return _pending(room, step, turn, gate, rows, about, words, questions=questions, items=memories, chosen=everything)


def of_passages(
    room: Room,
    step: str,
    turn: int,
    passages: tuple[Passage, ...],
    chosen: tuple[str, ...],
    questions: tuple[Question, ...],
) -> Pending:
    """The candidates that were found; `chosen` are the ids of those that go in if nobody says otherwise."""
    rows = [
        {"at": at, "label": one.label, "score": one.score, "text": one.text, "kept": one.id in chosen}
        for at, one in enumerate(passages, 1)
    ]
    by_id = {one.id: at for at, one in enumerate(passages)}
    inside = [passages[by_id[key]] for key in chosen]
    labels = ", ".join(one.label for one in inside) or "none"
    about = inert_line(f"{len(inside)} of {_counted(len(passages), 'passage', 'passages')}: {labels}", _ROW)
    similar = [one.vector for one in passages if one.vector is not None]
    words: dict[str, Any] = {
        "passages.count": len(inside),
        "passages.found": len(passages),
        "passages.sources": list(dict.fromkeys(one.source for one in inside)),
        "passages.top_score": max((float(one.score) for one in passages), default=0.0),
    }
    if similar or not passages:
        words["passages.top_similarity"] = max((float(one) for one in similar), default=0.0)
    places = tuple(by_id[key] for key in chosen)
    return _pending(
        room, step, turn, "retrieve", rows, about, words, questions=questions, items=passages, chosen=places
    )


def of_prompt(room: Room, step: str, turn: int, number: int, request: ModelRequest, question: Question) -> Pending:
    """One request to a model."""
    seen: dict[str, int] = {}
    rows = []
    for one in request.messages:
        seen[one.source] = seen.get(one.source, 0) + 1
        rows.append({"source": one.source, "at": seen[one.source], "role": one.role, "text": one.text})
    length = sum(len(one.text) for one in request.messages)
    about = f"call {number} to {request.model}: {len(rows)} messages, {length} characters"
    words = {"prompt.call": number, "prompt.messages": len(rows), "text.length": length}
    asked = (question,) if room.contract.policy.watches("prompt") else ()
    return _pending(
        room, step, turn, "prompt", rows, inert_line(about, _ROW), words, questions=asked, messages=request.messages
    )


def of_call(room: Room, step: str, turn: int, call: ToolCall, verdict: Verdict | None, problem: str) -> Pending:
    """A call that would be asked about or made next; `verdict` is None where it cannot be made, `problem` says why."""
    spec = spec_of(room, call.tool)
    said = " ".join(f"{name}={_short(value)}" for name, value in sorted(call.arguments.items()))
    note = problem or ("" if verdict is None or verdict.effect == "allow" else f"{verdict.effect} by {verdict.rule}")
    about = inert_line(f"{call.tool} {said}{f' · {note}' if note else ''}", _ROW)
    value = {"tool": call.tool, "arguments": call.arguments, "problem": problem}
    asked = () if verdict is None else (about_call(room, call),)
    return _pending(
        room, step, turn, "tool", value, about, _call_words(call, spec), questions=asked, call=call, spec=spec,
        verdict=verdict, results=earlier_results(room, call.tool),
    )  # fmt: skip


def of_result(room: Room, step: str, turn: int, call: ToolCall, result: ToolResult, more: Mapping[str, Any]) -> Pending:
    """How a call ended, before the model reads it."""
    spec = spec_of(room, call.tool)
    value = {"status": result.status, "output": result.output, "error": result.error}
    came = _short(result.output) if result.status == "done" else f"{result.status}: {result.error}"
    words = {**_call_words(call, spec), "result.status": result.status, **more}
    if result.output is not None:
        words["result.output"] = result.output
    question = about_result(room, call, {"output": result.output, "error": result.error})
    return _pending(
        room, step, turn, "result", value, inert_line(f"{call.tool} came back: {came}", _ROW), words,
        questions=(question,), call=call, spec=spec, results=earlier_results(room, call.tool),
    )  # fmt: skip


def earlier_results(room: Room, tool: str) -> tuple[Json, ...]:
    """What a tool returned in this session before, the latest first and each once."""
    found: list[Json] = []
    for record in reversed(room.steps.log.records):
        event = record.event
        if (
            isinstance(event, ToolReturned)
            and (event.tool, event.status) == (tool, "done")
            and event.output not in found
        ):
            found.append(event.output)
    return tuple(found)


def _call_words(call: ToolCall, spec: ToolSpec) -> dict[str, Any]:
    return {
        "tool.name": call.tool,
        "tool.effects": spec.effects,
        "tool.reversible": spec.reversible,
        "tool.outbound": spec.outbound,
        "tool.sensitivity": spec.sensitivity,
        "args": call.arguments,
    }


def _pending(
    room: Room, step: str, turn: int, gate: Gate, value: Json, about: str, words: Mapping[str, Any], **more: Any
) -> Pending:
    return Pending(step, gate, turn, value, about, room.contract.policy, words, lambda: _session_words(room), **more)


def _session_words(room: Room) -> dict[str, Any]:
    facts: SessionFacts = room.facts.now()
    spent = usage.total(fold_all(usage.fold, usage.EMPTY, room.steps.log.records))
    return {
        "persona": room.contract.persona.id,
        "model": room.contract.model,
        "usage.usd": float(spent.usd),
        "usage.tokens": spent.tokens,
        **{f"session.{name}": _plain(getattr(facts, name)) for name in FACTS},
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _short(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
