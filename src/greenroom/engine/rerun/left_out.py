"""Passages and memories that a person leaves out of a turn that is said again, as edits at its gates.

Invariant: what is left out is an edit like any that a person makes while stepping: the log has it, and it replays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from greenroom.core.events import GatePassed, MemoriesRecalled, PassagesRetrieved
from greenroom.core.values import Gate, Json
from greenroom.retrieval.select import choose
from greenroom.views.prompt.edited import rows_without

if TYPE_CHECKING:
    from greenroom.engine.session import Session

_GATE = re.compile(r"t(\d+)/gate:(recall|retrieve)")
BY = "rerun"


class LeftOut:
    """By turn, the ids of what does not go into its prompts."""

    def __init__(self, by_turn: Mapping[int, Collection[str]]) -> None:
        self._by_turn = {turn: frozenset(ids) for turn, ids in by_turn.items()}

    def passed(self, step: str, session: Session, edited: GatePassed | None = None) -> GatePassed | None:
        """How a gate is passed at which something found for the turn is left out; None where nothing is.

        `edited` is what a person had done there before; it is left out of that.
        """
        found = _GATE.fullmatch(step)
        turn = int(found[1]) if found else 0
        without = self._by_turn.get(turn)
        if found is None or not without:
            return None
        gate: Gate = "recall" if found[2] == "recall" else "retrieve"
        ids, chosen = (_memories if gate == "recall" else _passages)(turn, session)
        if not without & set(ids):
            return None
        rows = rows_without(ids, chosen, without)
        if edited is not None and edited.action == "edit" and isinstance(edited.edit, list):
            rows = [row for row in edited.edit if _id(row, ids) not in without]
        return GatePassed(step=step, turn=turn, gate=gate, action="edit", edit=rows, by=BY)


def _id(row: Json, ids: Sequence[str]) -> str:
    at = row.get("at") if isinstance(row, dict) else None
    return ids[at - 1] if isinstance(at, int) and 1 <= at <= len(ids) else ""


def _memories(turn: int, session: Session) -> tuple[list[str], Sequence[str]]:
    """The ids of what was recalled for the turn, and of what goes on."""
    event = next((r.event for r in reversed(session.records) if isinstance(r.event, MemoriesRecalled)), None)
    ids = [one.id for one in event.memories] if event is not None and event.turn == turn else []
    return ids, ids


def _passages(turn: int, session: Session) -> tuple[list[str], Sequence[str]]:
    """The same of passages, as selection has it."""
    event = next((r.event for r in reversed(session.records) if isinstance(r.event, PassagesRetrieved)), None)
    if event is None or event.turn != turn:
        return [], ()
    wanted = session.contract.persona.knowledge
    chosen, _ = choose(event.candidates, wanted.top_k, wanted.min_score, wanted.budget_chars)
    return [one.id for one in event.candidates], chosen
