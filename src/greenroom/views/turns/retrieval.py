"""What was looked up for each turn: every candidate with its scores, kept or dropped and why.

Invariant: nothing counts as kept or dropped before the selection is in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from greenroom.core.events import (
    ContextSelected,
    GatePassed,
    PassagesRetrieved,
    Record,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.values import Passage
from greenroom.views.fold import Turns, by_turn
from greenroom.views.prompt.edited import in_place


@dataclass(frozen=True, slots=True)
class Hit:
    """A candidate passage. `cited` is its number in the prompt (from 1), None when it was dropped for `reason`."""

    rank: int
    passage: Passage
    cited: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RetrievalTurn:
    """A turn's query, the legs that answered it, and its hits in order of score.

    Of its hits some are kept when they are `chosen`; a turn that was `left` before that gave none to a model.
    """

    turn: int
    query: str = ""
    legs: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    stage: Literal["found", "chosen", "left"] = "found"


Retrieval = Turns[RetrievalTurn]
EMPTY: Retrieval = Turns()


def _start(record: Record, event: TurnStarted) -> RetrievalTurn:
    return RetrievalTurn(event.turn)


def _grow(state: RetrievalTurn, record: Record) -> RetrievalTurn:
    match record.event:
        case PassagesRetrieved(query=query, legs=legs, candidates=candidates):
            hits = tuple(Hit(rank, passage) for rank, passage in enumerate(candidates, 1))
            return replace(state, query=query, legs=legs, hits=hits)
        case GatePassed(gate="retrieve") as passed:
            passages = in_place([hit.passage for hit in state.hits], passed)
            return replace(
                state, hits=tuple(replace(hit, passage=one) for hit, one in zip(state.hits, passages, strict=True))
            )
        case ContextSelected(passages=kept, dropped=dropped):
            place = {key: number for number, key in enumerate(kept, 1)}
            hits = tuple(
                Hit(hit.rank, hit.passage, place.get(hit.passage.id), dropped.get(hit.passage.id, ""))
                for hit in state.hits
            )
            return replace(state, hits=hits, stage="chosen")
        case TurnFinished() | TurnAbandoned() if state.stage == "found":
            return replace(state, stage="left")
        case _:
            return state


fold = by_turn(_start, _grow, ContextSelected, GatePassed, PassagesRetrieved, TurnAbandoned, TurnFinished)
