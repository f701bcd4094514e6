"""A gate in plain text, and what a person types at it.

Invariant: only a whole word does anything; what cannot be read is one line of error, and the gate still waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from greenroom.commands.tool.arguments import arguments_of
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert, inert_line
from greenroom.core.values import Gate, GateReply, Json

if TYPE_CHECKING:
    from greenroom.engine.gates.pending import Pending

_ROW = 100
_LEFT_OUT = 3
_EDITS: dict[Gate, str] = {
    "input": "edit TEXT",
    "recall": "edit 2 1 | skip",
    "retrieve": "edit 3 1 | skip",
    "prompt": "edit NUMBER TEXT",
    "tool": "edit NAME=VALUE ... | simulate JSON or #N | skip",
    "result": "edit JSON, error TEXT or #N",
    "output": "edit TEXT",
    "remember": "edit 1 | skip",
}


def choices(gate: Gate) -> str:
    """What can be typed at a gate."""
    return f"continue | step | {_EDITS[gate]} | abandon"


def why(pending: Pending) -> str:
    """Why it stopped there: `breakpoint turn == 3`, `step mode`, or ''."""
    if pending.cause == "breakpoint":
        return f"breakpoint {inert_line(pending.condition, _ROW)}"
    return {"mode": "step mode", "step": "the next gate"}.get(pending.cause, "")


def gate_lines(pending: Pending) -> list[str]:
    """Where it waits and why, then what is about to happen."""
    because = why(pending)
    head = f"-- paused at {pending.gate}, turn {pending.turn}{f': {because}' if because else ''} --"
    return [head, *_what(pending)]


def _what(pending: Pending) -> Iterator[str]:
    match pending.gate:
        case "input" | "output":
            yield from (f"  {line}" for line in inert(pending.value).splitlines())
        case "prompt":
            for number, row in enumerate(pending.value, 1):
                yield f"  {number} {row['source']}: {inert_line(row['text'], _ROW)}"
        case "tool":
            yield f"  {inert_line(pending.about, 400)}"
            yield from _earlier(pending)
        case "result":
            yield f"  {inert_line(pending.about, 400)}"
            yield from _earlier(pending)
        case _:
            yield from _rows(pending)


def _rows(pending: Pending) -> Iterator[str]:
    """What goes on first, and a few of those that are left out; all have their number."""
    inside = [pending.value[place] for place in pending.chosen]
    outside = [row for row in pending.value if not row["kept"]]
    for row in [*inside, *outside[:_LEFT_OUT]]:
        said = f"{row.get('label') or row.get('key') or row.get('segment')}: {row['text']}"
        yield f"  {row['at']:>2} {'' if row['kept'] else 'left out: '}{inert_line(said, _ROW)}"
    if len(outside) > _LEFT_OUT:
        yield f"  and {len(outside) - _LEFT_OUT} more that are left out"
    if not pending.value:
        yield "  nothing"


def _earlier(pending: Pending) -> Iterator[str]:
    for number, result in enumerate(pending.results, 1):
        yield f"  #{number} it returned earlier: {inert_line(_json(result), _ROW)}"


def deed_of(text: str, pending: Pending) -> GateReply:
    """What a person's line means at this gate. An empty line is nothing.

    Raises:
        UsageError: it is no deed, or cannot be read.
    """
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    match word.lower():
        case "continue" | "c":
            return GateReply(action="continue")
        case "step" | "s":
            return GateReply(action="step")
        case "skip":
            return GateReply(action="skip")
        case "abandon":
            return GateReply(action="abandon")
        case "edit":
            return GateReply(action="edit", edit=edit_of(rest, pending))
        case "simulate":
            return GateReply(action="simulate", edit=_result(rest, pending, "simulate"))
        case _:
            raise UsageError("that is nothing that can be done here", hint=choices(pending.gate))


def edit_of(text: str, pending: Pending) -> Json:
    """An edit as it is typed: plain words for a text, numbers for rows, NAME=VALUE for arguments; JSON for anything.

    Raises:
        UsageError: it cannot be read so.
    """
    if not text:
        raise UsageError("say what to put there", hint=_EDITS[pending.gate].partition(" |")[0])
    match pending.gate:
        case "input" | "output":
            return text
        case "tool" if pending.call is not None and pending.spec is not None:
            if text.startswith("{"):
                return _read(text, '{"amount": 90}')
            return {**pending.call.arguments, **arguments_of([text], pending.spec)}
        case "result":
            return _result(text, pending, "edit")
        case "prompt":
            return _read(text, "") if text.startswith("[") else _message(text, pending)
        case _:
            return _read(text, '[{"at": 1}]') if text.startswith("[") else _numbers(text)


def _numbers(text: str) -> Json:
    words = text.replace(",", " ").split()
    if not all(word.isascii() and word.isdigit() for word in words):
        raise UsageError("say by number what goes on, in its order", hint="edit 3 1")
    return [{"at": int(word)} for word in words]


def _message(text: str, pending: Pending) -> Json:
    number, _, words = text.partition(" ")
    place = int(number) if number.isascii() and number.isdigit() else 0
    if not 1 <= place <= len(pending.value) or not words.strip():
        raise UsageError("say which message, and its new text", hint="edit 1 You are Aria.")
    row = pending.value[place - 1]
    return [{"source": row["source"], "at": row["at"], "text": words.strip()}]


def _result(text: str, pending: Pending, word: str) -> Json:
    """`{"ok": true}` is an output, `error over the limit` an error, `#2` what the tool returned earlier."""
    if not text:
        raise UsageError("say what the tool would have returned", hint=f'{word} {{"ok": true}}')
    if text.startswith("#"):
        number = int(text[1:]) if text[1:].isascii() and text[1:].isdigit() else 0
        if not 1 <= number <= len(pending.results):
            raise UsageError(f"there is no earlier result {text[:20]}", hint=f"there are {len(pending.results)}")
        return {"output": pending.results[number - 1]}
    if text.startswith("error "):
        return {"error": text.removeprefix("error ").strip()}
    return {"output": _read(text, f'{word} {{"ok": true}}') if text[0] in '{["0123456789-tfn' else text}


def _read(text: str, example: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        if text[0] in "{[":
            raise UsageError("that is not JSON", hint=example) from None
        return text


def _json(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
