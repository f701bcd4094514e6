"""The Prompt pane: the exact messages a turn's last model call is made of, by source, with an estimate of their size.

Invariant: the messages are those `views/transcript.compose` gives the engine; nothing is shortened when unfolded.
"""

from __future__ import annotations

import json

from greenroom.core.inert import inert_line
from greenroom.core.messages import Message, ModelRequest
from greenroom.engine.contract import Contract
from greenroom.engine.generating import request_for
from greenroom.tui.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.runs import Line, Run, Tint, cell, named
from greenroom.views.fold import Turns

_TINTS: dict[str, Tint] = {
    "system": "persona",
    "voice": "persona",
    "memory": "key",
    "passages": "key",
    "input": "person",
    "tool": "wait",
    "history": "quiet",
}
_BAR = 8


def entries(folds: Folds, turn: int, contract: Contract | None) -> list[Entry]:
    """What the model is given in turn `turn` (from 1) as the log stands; nothing without a contract."""
    if contract is None:
        return []
    request = request_at(folds, turn, contract)
    if not request.messages:
        return []
    tools = [json.dumps(spec.model_dump(mode="json"), indent=2, ensure_ascii=False) for spec in request.tools]
    sizes = [size(_whole(message)) for message in request.messages]
    total = sum(sizes) + sum(map(size, tools))
    rows = [Entry("head", "section", f"{len(sizes)} messages", aside=f"about {total} tokens")]
    rows += [_row(place, message, sizes[place], total) for place, message in enumerate(request.messages)]
    if tools:
        body = tuple((Run(line),) for tool in tools for line in tool.split("\n"))
        names = ", ".join(spec.name for spec in request.tools)
        beside = _beside(sum(map(size, tools)), total)
        rows.append(Entry("tools", "row", head=(cell("tools", 10, "quiet"), Run(names)), beside=beside, body=body))
    rows.append(Entry("model", "row", head=named("model", f"{request.model} {_params(request)}", "quiet", room=9)))
    return rows


def request_at(folds: Folds, turn: int, contract: Contract) -> ModelRequest:
    """The request of a turn: the prompt as it was when that turn was the open one."""
    turns = folds.transcript.all()
    state = Turns(turns[: turn - 1], turns[turn - 1]) if 0 < turn <= len(turns) else Turns()
    return request_for(contract, state)


def size(text: str) -> int:
    """Tokens, estimated: four characters each."""
    return (len(text) + 3) // 4


def _row(place: int, message: Message, tokens: int, total: int) -> Entry:
    text = _whole(message)
    head = (cell(message.source, 10, _TINTS.get(message.source, "plain")), Run(inert_line(text, 120), "quiet"))
    who = "" if message.role in message.source else f"as {message.role}"
    body: list[Line] = [named("role", message.role, "quiet")] if who else []
    body += [(Run(line or " "),) for line in text.split("\n")]
    return Entry(f"message:{place}", "row", head=head, beside=_beside(tokens, total), body=tuple(body))


def _beside(tokens: int, total: int) -> Line:
    filled = round(_BAR * tokens / total) if total else 0
    return (Run("▪" * filled, "persona"), Run("·" * (_BAR - filled), "quiet"), Run(f"{tokens:>6}", "quiet"))


def _whole(message: Message) -> str:
    calls = [f"→ {call.tool} {json.dumps(call.arguments, ensure_ascii=False)}" for call in message.calls]
    return "\n".join(part for part in (message.text, *calls) if part)


def _params(request: ModelRequest) -> str:
    return " ".join(f"{name}={value}" for name, value in request.params.items())
