"""What a model would have been given in a recorded turn, had other passages, memories or settings been there.

Invariant: no model is asked and no tool runs. Everything up to the call is the recorded session run again, policy and
selection for real, so that what is shown is what a rerun would send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.events import (
    ContextSelected,
    Event,
    GatePassed,
    MemoriesRecalled,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.inert import inert_line
from greenroom.core.messages import ModelRequest
from greenroom.core.values import Memory, Passage
from greenroom.engine.contract import Contract
from greenroom.engine.replay.again import LogRecording, live_again, say_again
from greenroom.engine.rerun.left_out import LeftOut, found_for
from greenroom.engine.session import Session
from greenroom.persona.contract import Knowledge


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is other than it was. `without` are ids of passages and memories; None leaves a setting as it was.

    Where `collections` are given, candidates are looked for anew.
    """

    without: frozenset[str] = frozenset()
    top_k: int | None = None
    min_score: float | None = None
    budget_chars: int | None = None
    collections: tuple[str, ...] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of retrieval that are other ones, by their key in the contract."""
        named = {name: getattr(self, name) for name in ("top_k", "min_score", "budget_chars", "collections")}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Given:
    """What a model call is given: the request, what was found for the turn, and what of it was chosen.

    `told` names what a person had let in or wanted left out and that is not found any more.
    """

    request: ModelRequest
    candidates: tuple[Passage, ...] = ()
    memories: tuple[Memory, ...] = ()
    chosen: ContextSelected = field(default_factory=ContextSelected)
    told: tuple[str, ...] = ()


Build = Callable[[Contract, LogRecording], Session]
"""A session over a log in memory, with every port closed but those that a search needs."""


class _Reached(GreenroomError):
    """The call was reached whose request is wanted."""


class _UpTo(LogRecording):
    """A recording that ends at one model call, with some of what was found for its turn left out."""

    def __init__(self, records: Sequence[Record], turn: int, call: int, otherwise: Otherwise) -> None:
        super().__init__(records)
        self._step = f"t{turn}/generate:{call}"
        self._turn = turn
        self._otherwise = otherwise
        self._left_out = LeftOut({turn: otherwise.without}, {turn: found_for(records, turn)})
        self.session: Session | None = None
        self.request: ModelRequest | None = None

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        if step == self._step and kind is ReplyGenerated:
            self.request = inputs
            raise _Reached("this is the call")
        if kind is PassagesRetrieved and step == f"t{self._turn}/retrieve" and self._otherwise.collections is not None:
            return None
        if kind is GatePassed and (passed := self._passed(step)) is not None:
            return passed
        return super().answer(kind, step, None)  # what a model or a search was given may differ, that is the question

    @property
    def told(self) -> tuple[str, ...]:
        """What could not be found as it was."""
        return self._left_out.told

    def holds(self, kind: type[Event], step: str) -> bool:
        return (kind is GatePassed and self._passed(step) is not None) or super().holds(kind, step)

    def _passed(self, step: str) -> GatePassed | None:
        if self.session is None:
            return None
        edited = super().answer(GatePassed, step, None) if super().holds(GatePassed, step) else None
        return self._left_out.passed(step, self.session, edited if isinstance(edited, GatePassed) else None)


async def given(
    records: Sequence[Record],
    contracts: Mapping[int, Contract],
    build: Build,
    turn: int,
    call: int = 1,
    otherwise: Otherwise = Otherwise(),
) -> Given:
    """What the model call `call` of turn `turn` (both from 1) would be given.

    Args:
        records: the session's.
        contracts: those of its `ContractLoaded` records, by number.
        build: makes the closed session.
        turn: the turn.
        call: which model call of it.
        otherwise: what is other than it was.

    Raises:
        UsageError: there is no such turn or call, a setting is none, or nothing of that id was found for the turn.
        Divergence: the session does not run again up to there.
    """
    start = _start_of(records, turn)
    for key in otherwise.without:
        named_in(records, turn, key)
    recording = _UpTo(records, turn, call, otherwise)
    governing = contracts[max(seq for seq in contracts if seq < start.seq)]
    session = recording.session = build(contracts[min(contracts)], recording)
    try:
        ended = {r.event.turn for r in records if isinstance(r.event, TurnFinished)}
        before = [r for r in records if r.seq < start.seq]
        if problem := await say_again(session, before, contracts, ended):
            raise problem
        session.reload(_with(governing, otherwise))
        await _reach(session, start.event)
        if recording.request is None:
            raise UsageError(f"turn {turn} has no model call {call}", code="what_if.call")
        return Given(recording.request, *_found_in(session.records, turn), recording.told)
    finally:
        await session.aclose()


def _start_of(records: Sequence[Record], turn: int) -> Record:
    starts = [r for r in records if isinstance(r.event, TurnStarted)]
    found = [r for r in starts if r.event.turn == turn]
    if not found:
        raise UsageError(f"there is no turn {turn}", hint=f"this session has {len(starts)}", code="what_if.turn")
    return found[-1]


def named_in(records: Sequence[Record], turn: int, word: str) -> str:
    """The id of the passage or memory of a turn that a person means: its id, its label, or `2` as it was cited.

    Raises:
        UsageError: nothing, or more than one thing, is called so.
    """
    passages, memories, chosen = _found_in(records, turn)
    if word.strip("[]").isdigit() and 0 < (place := int(word.strip("[]"))) <= len(chosen.passages):
        return chosen.passages[place - 1]
    known = {*(one.id for one in passages), *(one.id for one in memories)}
    named = [word] if word in known else [one.id for one in passages if one.label == word]
    if len(named) != 1:
        what = "nothing" if not named else "more than one thing"
        said = f"{what} that was found for turn {turn} is called '{inert_line(word, 60)}'"
        raise UsageError(said, hint=_called(word, [one.id for one in passages], chosen), code="what_if.unknown")
    return named[0]


def _called(word: str, known: list[str], chosen: ContextSelected) -> str:
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"its id, its label, or 1 to {len(chosen.passages)} as cited"


def _found_in(records: Sequence[Record], turn: int) -> tuple[tuple[Passage, ...], tuple[Memory, ...], ContextSelected]:
    """What was found for a turn, and what of it was chosen; the last of each counts."""
    candidates: tuple[Passage, ...] = ()
    memories: tuple[Memory, ...] = ()
    chosen = ContextSelected()
    for record in records:
        match record.event:
            case PassagesRetrieved(turn=at) as event if at == turn:
                candidates = event.candidates
            case MemoriesRecalled(turn=at) as event if at == turn:
                memories = event.memories
            case ContextSelected(turn=at) as event if at == turn:
                chosen = event
            case _:
                pass
    return candidates, memories, chosen


def _with(contract: Contract, otherwise: Otherwise) -> Contract:
    """The contract with other settings of retrieval."""
    if not otherwise.settings:
        return contract
    knowledge = other_settings(contract.persona.knowledge, otherwise.settings)
    return replace(contract, persona=contract.persona.model_copy(update={"knowledge": knowledge}))


def other_settings(knowledge: Knowledge, settings: Mapping[str, Any]) -> Knowledge:
    """The settings of retrieval with some in the place of its own.

    Raises:
        UsageError: one is unknown or out of its bounds.
    """
    try:
        return Knowledge.model_validate({**dict(knowledge), **settings})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        hint = f"of: {', '.join(dict(knowledge))}"
        raise UsageError(f"{where}: {first['msg']}", hint=hint, code="what_if.setting") from None


async def _reach(session: Session, started: Event) -> None:
    assert isinstance(started, TurnStarted)
    with suppress(_Reached):
        await live_again(session, started.words, started.origin)
