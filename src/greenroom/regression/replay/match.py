"""The tape as the answers to a replay: by step, tool, arguments and what was added to the prompt; never by position alone.

Invariant: an answer is given only to the question it was recorded for; anything else is a divergence that says what differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from greenroom.core.errors import Divergence
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    DaySumsRead,
    Event,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryWritten,
    PassagesRetrieved,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
)
from greenroom.core.inert import inert_line
from greenroom.core.messages import Message
from greenroom.core.values import Json, Memory, ToolCall, Verdict
from greenroom.engine.replay.lives import ByLife, LifeOver, given_up, turn_of
from greenroom.regression.replay.added import Added, told_apart
from greenroom.regression.replay.not_reached import came_behind, not_reached
from greenroom.regression.replay.placeholders.held import key_of
from greenroom.regression.replay.world import World
from greenroom.regression.tape.days import day_of
from greenroom.regression.tape.replaced import masks_in
from greenroom.regression.tape.tape import Line

_CLOSED = frozenset({MemoriesRecalled, PassagesRetrieved, ReplyGenerated, ToolReturned, ApprovalGiven, MemoryWritten})
_INTERVENTIONS = frozenset({ApprovalGiven, GatePassed, AutonomyChanged, DaySumsRead})
_KNOWN_BY_LIFE = frozenset(
    {
        ApprovalGiven,
        ApprovalRequested,
        AutonomyChanged,
        DaySumsRead,
        GatePassed,
        ReplyGenerated,
        ToolReturned,
        ToolStarted,
        TurnAbandoned,
    }
)
"""Of which a tape says in what life it happened. What a turn begins and ends with needs none: it comes to it either way."""
_SHOWN = 300
_PLACES = {"generate": "reply", "tool": "call", "ask": "question about"}
"""What a step is called where people read of it; the others are called what they are."""


class TapeRecording(ByLife):
    """An `engine.steps.Recording` over a tape. From turn `one_life_from` on it answers as if no turn had been cut off."""

    def __init__(self, world: World, one_life_from: float = inf) -> None:
        self._world = world
        self._one_life_from = one_life_from
        self._several_lives = world.lives.any_several(one_life_from)
        self._cut_off = self._several_lives or bool(world.abandoned)
        self._added = Added()
        self._dated = False
        self._composed: tuple[str, Sequence[Message]] = ("", ())

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        """The recorded answer; None for a step that is done for real.

        Raises:
            Divergence: it is not on the tape, or was recorded for something else.
            LifeOver: the turn was cut off, or given up, before it came here.
        """
        if kind is MemoriesProposed:
            return self._proposed(step, *inputs)
        line = self.line(kind, step, inputs)
        event = self._event(kind, step)
        if self._cut_off:
            self._world.lives.take(kind, step)
        if kind is DaySumsRead and not self._dated:
            self._dated = True
            return event or self._first_day(step)
        if line is None:
            if kind in _CLOSED:
                if self._by_life(step) and self._world.lives.ended(step):
                    raise LifeOver(step, self)
                raise Divergence(f"{place_of(step)} is not on the tape", step=step)
            return None
        if inputs is not None:
            self.check(kind, step, line, inputs)
        if kind is MemoryWritten:
            return written_again(step, line, inputs)
        return event

    def _proposed(self, step: str, words: str, segment: str) -> Event | None:
        """What was proposed to be remembered of words of which a part is a placeholder now: of that nothing can be."""
        self.must_come(MemoriesProposed, step)
        if not masks_in(words) & self._world.known.placeholders:
            return None
        memories = self._world.proposed_at.get(step, ())
        own = tuple(memory.model_copy(update={"segment": segment}) for memory in memories)
        return MemoriesProposed(step=step, turn=_turn_of(step), memories=own)

    def anew(self, kind: type[Event], step: str) -> bool:
        return self._by_life(step) and self._world.lives.anew(kind, step)

    def unasked(self, step: str, asked: str) -> bool:
        lives = self._world.lives
        stopped = step in self._world.stopped and lives.here(ToolReturned, step) is not None
        return stopped and lives.left(turn_of(step)) and not lives.anew(ApprovalGiven, asked)

    def comes_to(self, step: str) -> bool:
        return not self._by_life(step) or came_behind(self._world, step)

    def at_once(self, step: str) -> bool:
        if self._by_life(step):
            here = self._world.lives.here(ApprovalGiven, step)
            return here is not None and "at_once" in here[0]
        return "at_once" in self._world.lines.get((ApprovalGiven, step), {})

    def must_come(self, kind: type[Event], step: str, after: int = -1) -> None:
        lives = self._world.lives
        if kind is TurnFinished:
            if self._by_life(step) and not lives.in_last(turn_of(step)):
                raise LifeOver(step, self)
            if turn_of(step) in self._world.abandoned:
                raise given_up(step)
        if self._by_life(step) and lives.ended(step) and not_reached(self._world, kind, step):
            raise LifeOver(step, self)
        if kind not in _KNOWN_BY_LIFE or not self._by_life(step) or not lives.ended(step):
            return
        if self._lifeless(kind, step) and (kind, step) in self._world.events:
            return
        turn = turn_of(step)
        if kind is ToolStarted and turn in self._world.unsaid and lives.in_last(turn):
            return  # whether it was started nobody knows
        if lives.here(kind, step) is None:
            raise LifeOver(step, self)

    def next_life(self, turn: int) -> bool:
        return self._world.lives.next_life(turn)

    def judged(self, turn: int, memory: Memory) -> str | None:
        line = self._world.writes.get((turn, memory.segment, memory.key))
        return None if line is None else str(line["text"])

    def _by_life(self, step: str) -> bool:
        if not self._cut_off:
            return False
        turn = turn_of(step)
        cut_off = self._world.lives.several(turn) or turn in self._world.abandoned
        return cut_off and turn < self._one_life_from

    def _known_by_life(self, kind: type[Event], step: str) -> bool:
        return kind in _KNOWN_BY_LIFE and self._by_life(step) and not self._lifeless(kind, step)

    def _lifeless(self, kind: type[Event], step: str) -> bool:
        """Whether it is all one in which life this happened: a gate that nothing waited for, passed so that it goes on."""
        if kind is not GatePassed or "/gate:tool:" in step:
            return False
        line = self._world.lines.get((kind, step), {})
        return not ("/gate:result:" in step and line.get("action") == "abandon")

    def _lived(self, kind: type[Event], step: str) -> tuple[Line, Event | None] | None:
        """What the tape says of a step in the life that the replay is in; or, in a turn's last life, of an earlier one."""
        here = self._world.lives.here(kind, step)
        if here is None and kind in _CLOSED | {ToolStarted}:
            self.must_come(kind, step)
            here = self._world.lives.latest(kind, step)
        return here

    def _event(self, kind: type[Event], step: str) -> Event | None:
        if self._known_by_life(kind, step):
            lived = self._lived(kind, step)
            return lived[1] if lived is not None else None
        return self._world.events.get((kind, step))

    @property
    def resumes(self) -> bool:
        return self._several_lives

    def decided(self, call: ToolCall) -> bool:
        """Whether this very call was decided about when its arguments had no placeholders yet, so that it fits its tool."""
        return any(key[1:] == key_of(0, call.tool, call.arguments)[1:] for key in self._world.held)

    def take_over(self, messages: Iterable[Message]) -> None:
        """What was asked of the model last, and the day it was, in a context that is not asked about again."""
        self._added.since(messages)
        self._dated = True

    def masked(self, step: str) -> Iterable[Verdict]:
        return ()  # a tape does not say what was masked

    def composed(self, step: str, messages: Sequence[Message]) -> None:
        self._composed = step, messages

    def _first_day(self, step: str) -> DaySumsRead | None:
        """Of a tape that goes past midnight, the day it begins on: nothing was spent elsewhere, so no line says it."""
        return None if self._world.days == 1 else DaySumsRead(step=step, turn=_turn_of(step), day=day_of(1))

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether a person stepped in here: at a gate, with a level, at a call that no rule asked about, or by ending the
        turn while this call waited for them.
        """
        if kind is ToolReturned:
            here = step in self._world.unstarted or self._world.lives.here(ToolReturned, step) is not None
            return here and step in self._world.stopped
        if kind is ApprovalRequested:
            return step in self._world.reruns
        if kind is ToolStarted:
            return step in self._world.unstarted
        if self._by_life(step) and not self._lifeless(kind, step):
            return self._holds_here(kind, step)
        if kind is ApprovalGiven and step in self._world.ruled:
            return False  # where no rule asks any more, nobody is asked
        return kind in _INTERVENTIONS and (kind, step) in self._world.lines

    def _holds_here(self, kind: type[Event], step: str) -> bool:
        """The same of the life that the replay is in."""
        lives = self._world.lives
        if kind is GatePaused:
            return lives.ended(step) and lives.here(kind, step) is not None
        put = lives.here(ApprovalRequested, step) if kind is ApprovalGiven else None
        if put is not None and not put[0].get("reason"):
            return False
        asked = put is not None and lives.ended(step)
        return asked or (kind in _INTERVENTIONS and lives.here(kind, step) is not None)

    def line(self, kind: type[Event], step: str, inputs: Any) -> Line | None:
        """What the tape says of a step. A memory is found by what it is about: its id is another in every session."""
        if kind is MemoryWritten:
            line = self._world.writes.get((_turn_of(step), inputs.segment, inputs.key))
            if line is not None and self._by_life(step) and self._world.lives.before(_turn_of(step), line.get("in", 1)):
                raise LifeOver(step, self)
            return line
        if self._known_by_life(kind, step):
            lived = self._lived(kind, step)
            return None if lived is None or (kind is ToolReturned and lived[1] is None) else lived[0]
        return self._world.lines.get((kind, step))

    def check(self, kind: type[Event], step: str, line: Line, inputs: Any) -> None:
        """Hold what was asked to what it was recorded for.

        Raises:
            Divergence: it is something else.
        """
        if kind is MemoriesRecalled or kind is PassagesRetrieved:
            self._check_query(kind, step, inputs)
        elif kind is ReplyGenerated:
            self._check_prompt(step, line, inputs)
        elif kind is ToolStarted:
            _check_call(step, line, inputs)
        elif kind is MemoryWritten and inputs.text != line["text"]:
            raise _differs(step, "another text was about to be kept", line["text"], inputs.text)

    def _check_query(self, kind: type[Event], step: str, inputs: Any) -> None:
        found = self._world.events[kind, step]
        query = getattr(found, "query", "")
        if inputs["text"] != query:
            raise _differs(step, "looked for other words", query, inputs["text"])
        among, places = _looked_among(found, inputs)
        if other := sorted(places - set(among)):
            raise _differs(step, "looked in other places than where this was found", other, sorted(among))

    def _check_prompt(self, step: str, line: Line, inputs: Any) -> None:
        # A tape tells what was composed. What a rule masked of that is told by its verdict, and gets other numbers here.
        watched, messages = self._composed
        now = self._added.since(messages if watched == step else inputs.messages)
        recorded = line.get("added")
        if recorded != now:
            was = recorded if isinstance(recorded, list) else []
            raise _differs(step, f"the prompt is not the recorded one: {told_apart(was, now)}", recorded, now)


def _looked_among(found: Event | None, inputs: Any) -> tuple[tuple[str, ...], set[str]]:
    """The segments or collections that were looked in, and those of what is said to have been found there."""
    if isinstance(found, MemoriesRecalled):
        return inputs["segments"], {memory.segment for memory in found.memories}
    if isinstance(found, PassagesRetrieved):
        return inputs["collections"], {one.collection for one in found.candidates if one.collection}
    return (), set()


def _check_call(step: str, line: Line, inputs: Any) -> None:
    tool, arguments = inputs
    if [tool, arguments] != [line["tool"], line["args"]]:
        raise _differs(step, f"{tool} was about to run with other arguments", line["args"], arguments)


def written_again(step: str, line: Line, memory: Memory) -> MemoryWritten:
    """A memory as kept; what it superseded is what the tape says."""
    return MemoryWritten(
        step=step,
        turn=_turn_of(step),
        memory_id=memory.id,
        segment=memory.segment,
        superseded=str(line.get("superseded", "")),
        memory=memory,
    )


def _turn_of(step: str) -> int:
    return int(step[1:].partition("/")[0])


def _differs(step: str, what: str, recorded: Json, now: Json) -> Divergence:
    difference = f"recorded: {shown_value(recorded)}\nreplayed: {shown_value(now)}"
    return Divergence(f"{place_of(step)}: {what}", step=step, difference=difference)


def shown_value(value: Json) -> str:
    """A value in one harmless line."""
    return inert_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _SHOWN)


def place_of(step: str) -> str:
    """`turn 2, reply 1` for `t2/generate:1`."""
    turn, _, rest = step.partition("/")
    kind, _, number = rest.partition(":")
    return f"turn {turn[1:]}, {_PLACES.get(kind, kind)} {number}".rstrip()
