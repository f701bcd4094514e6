"""The third kind of recording: a tape behind a live run.

Up to the start everything comes from the tape, as in a replay. From there on the model is asked; the tape still says
what the person did and what was looked up, as long as it is looked up with the same words.
Invariant: what comes from the tape is for the very step and words it was recorded for; nothing else is answered here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from greenroom.core.events import (
    ApprovalGiven,
    AutonomyChanged,
    DaySumsRead,
    Event,
    GatePassed,
    MemoriesRecalled,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
)
from greenroom.core.messages import Message
from greenroom.core.signals import Signal
from greenroom.core.values import Memory, ToolCall, Verdict
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.engine.model_call.generating import AGAIN
from greenroom.engine.replay.lives import ByLife, judging
from greenroom.regression.live.desk import Desk
from greenroom.regression.live.recorded import recorded_of
from greenroom.regression.live.start import Start
from greenroom.regression.replay.match import TapeRecording
from greenroom.regression.replay.world import World
from greenroom.regression.tape.tape import Tape

_STEP = re.compile(r"t(\d+)/(\w+)(?::(.*))?")
_STEPPED_IN = ("edit", "simulate", "skip")
_ON_TRIAL = ("prompt", "output", "remember")
"""Gates at which a person changes what the persona is given to say, says, or keeps: that is what a live run is about."""
_RAISED = (".stop", UNKNOWN)
"""How the keys of questions end that a kill switch or a crash raised: neither comes again, and what was said does."""
_CALL_GATE = re.compile(r"gate:(?:tool|result):(c\d+)")
_FOUND_GATES = ("gate:recall", "gate:retrieve")
"""Where a person changes what was found for a turn: it is done again where the very same was found."""
_CALL = re.compile(r"(?:(?:tool|result):)?(c\d+)(?:\..*)?")


class LiveRecording(ByLife):
    """An `engine.steps.Recording` for a live run that begins at `start`.

    `notes` says in one line each what was looked up for real, and what a person had done that is not done again. `desk`
    answers about tools and for people. `documents` says which ones are not what the tape's passages came from: then they are
    looked into.

    Raises on construction:
        FileInvalid: a line of the tape is not what its kind says.
    """

    def __init__(
        self, tape: Tape, world: World, start: Start, file: str = "tape", documents: Sequence[str] = ()
    ) -> None:
        self.world = world
        self.start = start
        self.desk = Desk(recorded_of(tape, file))
        self.notes: list[str] = []
        self._tape = TapeRecording(world, one_life_from=start.turn)
        self._last = 0
        self._taken = self.desk.adopt(start)
        self._found: set[str] = set()
        self._documents = tuple(documents)
        self.notes += self._unrepeated()

    @property
    def memories(self) -> tuple[Memory, ...]:
        """What was known before the tape's first turn, as far as the tape says: all that was recalled and not written."""
        written = {line["write"] for line in self.world.writes.values()}
        recalled = (event for event in self.world.events.values() if isinstance(event, MemoriesRecalled))
        found = {memory.id: memory for event in recalled for memory in event.memories}
        return tuple(memory for name, memory in found.items() if name not in written)

    def see(self, item: Record | Signal) -> None:
        """Watch the session: the calls of a live reply are matched with the recorded ones as soon as it is there."""
        if not isinstance(item, Record) or not isinstance(event := item.event, ReplyGenerated):
            return
        self._last = max([self._last, *(int(call.id[1:]) for call in event.calls)])
        if not self.before(event.step):
            self.desk.see(event.turn, event.calls)

    def decided(self, call: ToolCall) -> bool:
        """Whether this very call was decided about before placeholders stood in it, so that it fits its tool."""
        return self._tape.decided(call)

    def words(self, words: str) -> str:
        """What the person says, in the live run's ids."""
        return str(self.desk.bindings.live(words))

    def before(self, step: str) -> bool:
        """Whether a step lies before the start, where the tape answers for everything."""
        found = _STEP.fullmatch(step)
        if found is None or int(found[1]) != self.start.turn or self.start.reply == 1:
            return found is not None and int(found[1]) < self.start.turn
        kind, rest = found[2], found[3] or ""
        if kind == "generate" or rest.startswith("prompt:"):
            return int(re.sub(r"\D", "", rest) or 0) < self.start.reply
        if (call := _CALL.fullmatch(rest)) is not None:
            return call[1] in self._taken
        return kind in ("recall", "retrieve") or rest.partition(":")[0] in _EARLY

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        """What the tape has for a step; None where the live run goes its own way.

        Raises:
            Divergence: before the start, something else happened than was recorded.
        """
        if self.before(step):
            return self._tape.answer(kind, step, inputs)
        if kind is MemoriesRecalled:
            return self._recalled(step, inputs)
        if kind is PassagesRetrieved:
            return self._retrieved(step, inputs)
        if kind is ReplyGenerated:
            return self._again(step)
        if kind is GatePassed:
            return self._gate(step)
        if kind is ApprovalGiven:
            return self._given(step)
        if kind is ToolReturned:
            return self._settled(step)
        if kind is DaySumsRead or kind is AutonomyChanged:
            return self._as_recorded(kind, step)
        return None

    def judged(self, turn: int, memory: Memory) -> str | None:
        return self._tape.judged(turn, memory) if self.before(judging(turn, memory)) else None

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether a person stepped in here, and does so again."""
        if self.before(step):
            return self._tape.holds(kind, step)
        if kind is GatePassed:
            return self._gate(step) is not None
        recorded = self._recorded_step(step)
        if kind is ApprovalGiven and not step.endswith(_RAISED):
            return self.desk.stepped(_turn_of(step), recorded.partition("/ask:")[2])
        return self._tape.holds(kind, recorded)

    def masked(self, step: str) -> Iterable[Verdict]:
        return ()

    def composed(self, step: str, messages: Sequence[Message]) -> None:
        if self.before(step):
            self._tape.composed(step, messages)

    @property
    def resumes(self) -> bool:
        return self._tape.resumes

    def anew(self, kind: type[Event], step: str) -> bool:
        return self.before(step) and self._tape.anew(kind, step)

    def comes_to(self, step: str) -> bool:
        return not self.before(step) or self._tape.comes_to(step)

    def unasked(self, step: str, asked: str) -> bool:
        return self.before(step) and self._tape.unasked(step, asked)

    def at_once(self, step: str) -> bool:
        return self.before(step) and self._tape.at_once(step)

    def must_come(self, kind: type[Event], step: str, after: int = -1) -> None:
        if self.before(step):
            self._tape.must_come(kind, step, after)

    def next_life(self, turn: int) -> bool:
        return self._tape.next_life(turn)

    def _recalled(self, step: str, inputs: Any) -> Event | None:
        event = self.world.events.get((MemoriesRecalled, step))
        if not isinstance(event, MemoriesRecalled) or event.query != inputs["text"]:
            self._note(step, "memories were recalled from those of the tape and of this run")
            return None
        self._found.add(step)
        kept = tuple(memory for memory in event.memories if memory.segment in inputs["segments"])
        return event.model_copy(update={"memories": kept})

    def _retrieved(self, step: str, inputs: Any) -> Event | None:
        if not inputs["collections"]:
            return None
        event = self.world.events.get((PassagesRetrieved, step))
        if not isinstance(event, PassagesRetrieved) or event.query != inputs["text"]:
            self._note(step, "passages were looked up in today's documents")
            return None
        if self._documents:
            why = f"because what was recorded is not what they say: {self._documents[0]}"
            self.notes.append(f"turn {_turn_of(step)}: passages were looked up in today's documents, {why}")
            return None
        self._found.add(step)
        kept = tuple(passage for passage in event.candidates if passage.collection in inputs["collections"])
        return event.model_copy(update={"candidates": kept})

    def _note(self, step: str, what: str) -> None:
        self.notes.append(f"turn {_turn_of(step)}: {what}, because the words looked for are not the recorded ones")
        if (event := self._stepped_in(step.replace("/", "/gate:", 1))) is not None:
            self.notes.append(_undone(event, "something else was found"))

    def _unrepeated(self) -> Iterator[str]:
        for (kind, step), event in self.world.events.items():
            if kind is not GatePassed or not isinstance(event, GatePassed) or self.before(step):
                continue
            if event.gate in _ON_TRIAL and event.action in _STEPPED_IN and event.turn not in self.world.abandoned:
                yield _undone(event, "a live run is to go without")

    def _again(self, step: str) -> ReplyGenerated | None:
        """A call that a person had put once more stands in a model's place, under the next number of this run."""
        event = self.world.events.get((ReplyGenerated, step))
        if not isinstance(event, ReplyGenerated) or event.model != AGAIN:
            return None
        calls = [call.model_copy(update={"id": f"c{self._last + n}"}) for n, call in enumerate(event.calls, 1)]
        return event.model_copy(update={"calls": tuple(calls)})

    def _gate(self, step: str) -> GatePassed | None:
        """What a person did at a gate of their own words, of a recorded call or its result, or of what was found for the
        turn. Elsewhere they changed what is on trial.
        """
        turn, place = _turn_of(step), step.partition("/")[2]
        if _CALL_GATE.fullmatch(place):
            return self._call_gate(step)
        if place in _FOUND_GATES and f"t{turn}/{place.partition(':')[2]}" in self._found:
            return self._stepped_in(step)
        if place != "gate:input":
            return None
        if turn in self.world.abandoned:
            return GatePassed(step=step, turn=turn, gate="input", action="abandon")
        event = self.world.events.get((GatePassed, step))
        return event if isinstance(event, GatePassed) else None

    def _call_gate(self, step: str) -> GatePassed | None:
        """What a person did about the recorded call that a live call is: skipped it, made up what comes of it, or changed
        its arguments or its result.
        """
        place, _, call = step.rpartition(":")
        event = self._stepped_in(f"{place}:{self.desk.counterpart(call)}")
        if event is None:
            return None
        if event.gate == "tool" and event.action != "edit":
            self.desk.settle(call)
        return event.model_copy(update={"step": step, "edit": self.desk.bindings.live(event.edit)})

    def _stepped_in(self, step: str) -> GatePassed | None:
        event = self.world.events.get((GatePassed, step))
        return event if isinstance(event, GatePassed) and event.action in _STEPPED_IN else None

    def _given(self, step: str) -> ApprovalGiven | None:
        """What a person said of the recorded call that a live call is, before any leave they gave answers for them:
        when leave ended, or was taken back, no tape says.
        """
        event = self.world.events.get((ApprovalGiven, self._recorded_step(step)))
        if not isinstance(event, ApprovalGiven) or not _CALL.fullmatch(step.partition("/ask:")[2]):
            return None
        self.desk.spend(event.turn, event.step.partition("/ask:")[2])
        call = step.partition("/ask:")[2].partition(".")[0]
        live = self.desk.bindings.live
        changes = {"arguments": live(event.arguments), "result": live(event.result)}
        return event.model_copy(update={"step": step, "call": call, **changes})

    def _settled(self, step: str) -> ToolReturned | None:
        """What came of a call that a crash had cut off, and about which a person was asked then."""
        recorded = self._recorded_step(step)
        event = self.world.events.get((ToolReturned, recorded))
        asked = (ApprovalGiven, f"{recorded.replace('/tool:', '/ask:')}{UNKNOWN}") in self.world.events
        if not isinstance(event, ToolReturned) or not (asked or event.simulated):
            return None
        call = step.partition("/tool:")[2]
        self.desk.settle(call)
        return event.model_copy(update={"step": step, "call": call})

    def _as_recorded(self, kind: type[Event], step: str) -> Event | None:
        """What else counted when the recorded call was decided that a live call is."""
        event = self._tape.answer(kind, self._recorded_step(step), None)
        return event.model_copy(update={"step": step}) if event is not None else None

    def _recorded_step(self, step: str) -> str:
        """The step of the recorded call that a live call is: `t2/day:c3.1` may be `t2/day:c2.1` on the tape."""
        place, colon, rest = step.partition(":")
        call, dot, suffix = rest.partition(".")
        return f"{place}{colon}{self.desk.counterpart(call)}{dot}{suffix}"


_EARLY = ("input", "recall", "retrieve", "retrieval", "memory.read")
"""Questions and gates that come before a turn's first reply."""


def _undone(event: GatePassed, why: str) -> str:
    did = f"{event.action} at the {event.gate} gate"
    return f"turn {event.turn}: what a person did ({did}) was not done again: {why}"


def _turn_of(step: str) -> int:
    return int(step[1:].partition("/")[0])
