"""What a verdict was about, put together again from the views: the text that a finding's span counts in, and its origin.

Invariant: the paths are those of the engine's questions; what the views no longer hold is left out, never made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.core.events import GatePassed, ReplyGenerated, ToolReturned
from greenroom.engine.model_call.generating import request_for
from greenroom.views.prompt.provenance import provenance, sources

if TYPE_CHECKING:
    from greenroom.core.values import Json, Memory, Origin, Passage, ToolCall
    from greenroom.engine.contract import Contract
    from greenroom.tui.folds import Folds
    from greenroom.views.turns.verdicts import Decided


def payload_of(folds: Folds, turn: int, one: Decided, contract: Contract | None = None) -> dict[str, Json]:
    """The payload of a verdict of turn `turn`, as far as the log holds it; {} where it does not."""
    match one.hook:
        case "input":
            now = folds.transcript.number(turn)
            return {"text": now.words} if now else {}
        case "output":
            return _edited(folds, turn, one, "output") or _generated(folds, turn, one)
        case "tool.call":
            call = call_of(folds, turn, one)
            return {"args": _edited(folds, turn, one, call.id) or call.arguments} if call else {}
        case "prompt":
            return _prompt(folds, turn, contract)
        case "tool.result":
            return _returned(folds, turn, one)
        case "retrieval":
            passage = _passage(folds, turn, one)
            return passage.model_dump(include={"text", "source", "heading", "collection"}) if passage else {}
        case "memory.read" | "memory.write":
            memory = _memory(folds, turn, one)
            return memory.model_dump(include={"text", "key", "segment"}) if memory else {}
        case _:
            return {}


def origin_of(folds: Folds, turn: int, one: Decided) -> str:
    """Whose text it was: `user`, `model`, `passage` ...; '' where it is not known."""
    match one.hook:
        case "input":
            return "user"
        case "output" | "tool.call":
            return "model"
        case "tool.result":
            return "tool"
        case "retrieval":
            passage = _passage(folds, turn, one)
            return passage.origin if passage else "passage"
        case "memory.read" | "memory.write":
            return "memory"
        case _:
            return ""


def provenance_of(folds: Folds, turn: int, one: Decided, contract: Contract | None) -> dict[str, tuple[Origin, ...]]:
    """Whose words each argument of a call repeats: as its card says, else as the log stands."""
    call = call_of(folds, turn, one)
    if call is None or contract is None or one.hook != "tool.call":
        return {}
    for asked in (*folds.approvals.open, *folds.approvals.answered):
        if asked.card.call.id == call.id and asked.card.verdict == one.verdict and asked.card.provenance:
            return asked.card.provenance
    state = folds.transcript.until(turn)
    strangers = frozenset(spec.name for spec in contract.tools if spec.untrusted)
    arguments = _edited(folds, turn, one, call.id) or call.arguments
    return provenance(arguments, sources(state, contract.system, strangers))


def call_of(folds: Folds, turn: int, one: Decided) -> ToolCall | None:
    """The call that a verdict at `tool.call` or `tool.result` is about."""
    now = folds.tools.number(turn)
    key = _key(one).partition(".")[0]
    return next((view.call for view in now.calls if view.call.id == key), None) if now else None


def _key(one: Decided) -> str:
    """What tells the verdicts of a hook apart: `c1.1` of `t1/verdict:tool.call:c1.1`."""
    return one.step.rpartition(f"{one.hook}:")[2]


def _edited(folds: Folds, turn: int, one: Decided, asked_as: str) -> dict[str, Json]:
    """What the edit before this verdict put in place: `t1/verdict:tool.call:c1.2` follows the second, `c1.gate` the
    one at the gate; {} without one.
    """
    rounds = one.step.rpartition(".")[2]
    if rounds == "gate":
        return _at_gate(folds, turn, asked_as)
    if not rounds.isdigit():
        return {}
    edits = [
        asked.given.arguments
        for asked in folds.approvals.answered
        if asked.turn == turn and asked.card.call.id == asked_as and asked.given and asked.given.decision == "edit"
    ]
    place = int(rounds) - 1
    return (edits[place] if place < len(edits) else None) or {}


def _at_gate(folds: Folds, turn: int, call: str) -> dict[str, Json]:
    """The arguments a person gave a call at its gate."""
    for record in folds.turn_records.get(turn, ()):
        event = record.event
        if isinstance(event, GatePassed) and event.action == "edit" and event.step.endswith(f"gate:tool:{call}"):
            return event.edit if isinstance(event.edit, dict) else {}
    return {}


def _prompt(folds: Folds, turn: int, contract: Contract | None) -> dict[str, Json]:
    """The messages of the turn's last prompt: those of an earlier one are its beginning."""
    if contract is None:
        return {}
    messages = request_for(contract, folds.transcript.until(turn)).messages
    return {"messages": [{"role": one.role, "source": one.source, "text": one.text} for one in messages]}


def _generated(folds: Folds, turn: int, one: Decided) -> dict[str, Json]:
    """The reply the verdict looked at: the last one before it."""
    for record in reversed(folds.turn_records.get(turn, [])):
        if record.seq < one.seq and isinstance(record.event, ReplyGenerated):
            return {"text": record.event.text}
    return {}


def _returned(folds: Folds, turn: int, one: Decided) -> dict[str, Json]:
    key = _key(one).partition(".")[0]
    for record in folds.turn_records.get(turn, []):
        if isinstance(record.event, ToolReturned) and record.event.call == key:
            return {"output": record.event.output, "error": record.event.error}
    return {}


def _passage(folds: Folds, turn: int, one: Decided) -> Passage | None:
    now = folds.retrieval.number(turn)
    key = _key(one)
    return next((hit.passage for hit in now.hits if hit.passage.id == key), None) if now else None


def _memory(folds: Folds, turn: int, one: Decided) -> Memory | None:
    now = folds.memory.number(turn)
    if now is None:
        return None
    key = _key(one).partition(".")[0]
    items = now.recalled if one.hook == "memory.read" else now.proposed
    return next((item.memory for item in items if item.memory.id == key), None)
