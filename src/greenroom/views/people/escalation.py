"""What a person gets to read when a question is passed up to them: the whole case in one value.

Invariant: a pure function of the records; nothing in it has to be looked up elsewhere to decide.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from greenroom.core.events import ApprovalPassedOn, Record, SessionForked, SessionOpened, TurnStarted
from greenroom.core.values import Card, Json, Memory, Passage
from greenroom.views.fold import Turns, fold_all
from greenroom.views.people.approvals import Asked
from greenroom.views.turns import memory, retrieval, tools
from greenroom.views.turns.tools import CallView, ToolsView

T = TypeVar("T")

_DEEDS = {
    "input": "take these words in",
    "memory.read": "use this memory",
    "retrieval": "use this passage",
    "prompt": "send this prompt",
    "tool.result": "read this result",
    "memory.write": "remember this",
    "output": "send this reply",
}


@dataclass(frozen=True, slots=True)
class Package:
    """An escalated question.

    `words` are the last the user said, `because` says how it came to be escalated, `passages` and `memories` are those
    the model was given in this turn, `tried` the turn's other calls with what came of them, `earlier` the calls of the
    same tool in the turns before (turn and call), `question` what is open, in one sentence. `runbook` is a document's
    path or a sentence, as the rule has it.
    """

    session: str
    persona: str
    version: str
    turn: int
    words: str
    role: str
    because: str
    card: Card
    passages: tuple[Passage, ...]
    memories: tuple[Memory, ...]
    tried: tuple[CallView, ...]
    earlier: tuple[tuple[int, CallView], ...]
    question: str
    runbook: str


def package(records: Sequence[Record], asked: Asked) -> Package | None:
    """The package of an open question; None for one that was not escalated."""
    because = _because(records, asked)
    if not because:
        return None
    session, persona, version = _who(records)
    words = next(
        (r.event.words for r in records if isinstance(r.event, TurnStarted) and r.event.turn == asked.turn), ""
    )
    passages = _of_turn(fold_all(retrieval.fold, retrieval.EMPTY, records), asked.turn)
    memories = _of_turn(fold_all(memory.fold, memory.EMPTY, records), asked.turn)
    turns = fold_all(tools.fold, tools.EMPTY, records)
    calls = _of_turn(turns, asked.turn)
    ask = asked.card.verdict.ask
    return Package(
        session=session,
        persona=persona,
        version=version,
        turn=asked.turn,
        words=words,
        role=asked.role,
        because=because,
        card=asked.card,
        passages=tuple(hit.passage for hit in passages.hits if hit.cited) if passages else (),
        memories=tuple(one.memory for one in memories.recalled if one.fate == "recalled") if memories else (),
        tried=tuple(one for one in calls.calls if one.call.id != asked.card.call.id) if calls else (),
        earlier=_earlier(turns, asked),
        question=open_question(persona, asked.card),
        runbook=ask.runbook if ask else "",
    )


def _earlier(turns: ToolsView, asked: Asked) -> tuple[tuple[int, CallView], ...]:
    """The same tool's calls before this turn: what a rule that counts has counted, and what was refused."""
    before = (one for one in turns.all() if one.turn < asked.turn)
    return tuple((one.turn, call) for one in before for call in one.calls if call.call.tool == asked.card.call.tool)


def open_question(persona: str, card: Card) -> str:
    """`May aria run orders.refund (amount 120, order_id 1001), which cannot be undone?`"""
    if card.hook != "tool.call":
        return f"May {persona} {_DEEDS.get(card.hook, 'go on with this')}?"
    arguments = ", ".join(f"{name} {_shown(value)}" for name, value in sorted(card.call.arguments.items()))
    lasting = "" if card.spec.effects == "none" or card.spec.reversible else ", which cannot be undone"
    return f"May {persona} run {card.call.tool}{f' ({arguments})' if arguments else ''}{lasting}?"


def _shown(value: Json) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else json.dumps(value, ensure_ascii=False)


def _because(records: Sequence[Record], asked: Asked) -> str:
    """How it came to be escalated; the last reason counts."""
    passed = [
        record.event
        for record in records[asked.seq :]
        if isinstance(record.event, ApprovalPassedOn)
        and record.event.step == asked.step
        and record.event.action == "escalate"
    ]
    if passed:
        first = asked.card.verdict.ask.role if asked.card.verdict.ask else "operator"
        return f"no {passed[-2].role if len(passed) > 1 else first} answered in time"
    return f"rule {asked.card.verdict.rule} escalates it" if asked.card.verdict.effect == "escalate" else ""


def _who(records: Sequence[Record]) -> tuple[str, str, str]:
    session = persona = version = ""
    for record in records:
        match record.event:
            case SessionOpened() as event:
                session, persona, version = event.session, event.persona, event.version
            case SessionForked(session=fork):
                session = fork
            case _:
                pass
    return session, persona, version


def _of_turn(state: Turns[T], turn: int) -> T | None:
    return next((one for one in state.all() if getattr(one, "turn", 0) == turn), None)
