"""The context of a range of turns, taken over as it was recorded where other files governed it.

Nothing of it is decided again: what the tape has of it is put down as what happened, and from that come history, taint,
sums and counts, as they do when a session is resumed.
Invariant: the turns under test begin with what they began with in the session, whatever governs them now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.events import (
    AutonomyChanged,
    ContextSelected,
    DaySumsRead,
    Event,
    GatePassed,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryWritten,
    PassagesRetrieved,
    ReplyGenerated,
    ReplyReleased,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.values import Json, Memory
from greenroom.regression.replay.answers import memory_of
from greenroom.regression.replay.world import MALFORMED, World
from greenroom.regression.tape.days import day_of
from greenroom.regression.tape.given_up import ABANDONED, BEGUN
from greenroom.regression.tape.tape import Line, Tape
from greenroom.regression.tape.under_test import context_length

_DERIVED = ("verdict", "ask", "answer", "held")
"""What nothing later depends on: facts, leave within the range and the transcript are made without them."""


def context_of(tape: Tape, world: World, file: str) -> list[Event]:
    """The events of the context, in order.

    Raises:
        FileInvalid: a line is not what its kind says.
    """
    length = context_length(tape.events, tape.first_turn)
    taker = _Taker(world)
    if world.days > 1:  # whatever was spent before the first look at the sums was spent on the first day
        taker.events.append(DaySumsRead(step="t1/day:c0", turn=1, day=day_of(1)))
    for index, line in enumerate(tape.events[:length]):
        try:
            taker.take(line)
        except MALFORMED:
            raise FileInvalid(
                f"this '{next(iter(line))}' line is not of the form a tape has",
                where=f"{file}:{tape.line_number(index)}",
                hint="restore it from git, or export the session again",
                code="tape.malformed",
            ) from None
    return taker.events


def put_in(reply: Event, events: Iterable[Event]) -> Json:
    """What a person put into the prompt of a reply of the context; None if they put nothing in."""
    gate = reply.step.replace("/generate:", "/gate:prompt:")
    passed = (one for one in events if isinstance(one, GatePassed) and one.step == gate and one.action == "edit")
    return next((one.edit for one in passed), None)


class _Taker:
    """Goes over the lines once. What a telling leaves out, because it follows, is put back."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._memories: dict[str, Memory] = {}
        self.events: list[Event] = []
        self._turn = 0
        self._begin(0)

    def _begin(self, turn: int) -> None:
        self._turn = turn
        self._reply = ""
        self._tools: dict[str, dict[str, Any]] = {}
        self._looked = self._selected = self._released = self._proposed = False

    def take(self, line: Line) -> None:
        kind = next(iter(line))
        if kind not in _DERIVED:
            getattr(self, f"_{kind}_line")(line)

    def _put(self, kind: type[Event], step: str = "", **values: Any) -> None:
        where = {"step": f"t{self._turn}/{step}"} if step else {}
        self.events.append(kind.model_validate({**where, "turn": self._turn, **values}))

    def _known(self, kind: type[Event], step: str) -> None:
        self.events.append(self._world.events[kind, f"t{self._turn}/{step}"])

    def _turn_line(self, line: Line) -> None:
        self._begin(int(line["turn"]))
        self._put(TurnStarted, words=line["user"], origin="tape")

    def _gate_line(self, line: Line) -> None:
        if line["action"] != "waited":
            self._known(GatePassed, f"gate:{line['gate']}")

    def _memory_line(self, line: Line) -> None:
        self._memories[line["memory"]] = memory_of(line)

    def _recall_line(self, line: Line) -> None:
        self._known(MemoriesRecalled, "recall")

    def _retrieve_line(self, line: Line) -> None:
        self._looked = True
        self._known(PassagesRetrieved, "retrieve")

    def _select_line(self, line: Line) -> None:
        self._selected = True
        self._put(ContextSelected, "select", passages=line["select"], memories=line.get("memories", ()))

    def _reply_line(self, line: Line) -> None:
        self._select_nothing()
        self._reply = line.get("text", "")
        self._tools |= {call["id"]: call for call in line.get("calls", ())}
        self._known(ReplyGenerated, f"generate:{line['reply']}")

    def _result_line(self, line: Line) -> None:
        call, step = line["result"], f"tool:{line['result']}"
        if not line.get("ran"):
            values = {key: line[key] for key in ("tool", "status", "simulated", "output", "error") if key in line}
            self._put(ToolReturned, step, call=call, **values)
            return
        arguments = line["args"] if "args" in line else self._tools[call]["args"]
        self._put(ToolStarted, step, call=call, tool=line["tool"], effects="once", arguments=arguments)
        self._known(ToolReturned, step)

    def _release_line(self, line: Line) -> None:
        self._select_nothing()
        self._released = True
        self._put(ReplyReleased, "release", text=line["release"], effect=line["effect"], changed=True)

    def _propose_line(self, line: Line) -> None:
        self._release_reply()
        memories = tuple(self._memories[name] for name in line["propose"])
        self._put(MemoriesProposed, "propose", memories=memories)

    def _write_line(self, line: Line) -> None:
        name = line["write"]
        memory = self._memories[name]
        if "text" in line:
            memory = memory.model_copy(update={"text": str(line["text"])})
        about = {"memory_id": name, "segment": memory.segment, "superseded": line.get("superseded", "")}
        self._put(MemoryWritten, f"write:{name}", memory=memory, **about)

    def _finish_line(self, line: Line) -> None:
        outcome = line["finish"]
        if outcome == ABANDONED:
            self._never_back(line)
            self._put(TurnAbandoned, reason=line.get("reason", ""))
            return
        self._select_nothing()
        if outcome != "stopped":
            self._release_reply()
        self._put(TurnFinished, "finish", outcome=outcome)

    def _never_back(self, line: Line) -> None:
        """What had been started when the turn was given up counts, though nothing came of it."""
        for call, starts in line.get(BEGUN, {}).items():
            asked, last = self._tools[call], starts[-1]
            arguments = last[1] if isinstance(last, list) else asked["args"]
            step = f"tool:{call}"
            self._put(ToolStarted, step, call=call, tool=asked["tool"], effects="once", arguments=arguments)

    def _autonomy_line(self, line: Line) -> None:
        if "of" in line:
            self._known(AutonomyChanged, f"autonomy:{line['of']}")
        else:
            self.events.append(self._world.level_set(line))

    def _day_line(self, line: Line) -> None:
        self._known(DaySumsRead, f"day:{line['of']}")

    def _select_nothing(self) -> None:
        """Where nothing was chosen a tape has no line for it; that words were let in shows in what came after."""
        if self._looked and not self._selected:
            self._selected = True
            self._put(ContextSelected, "select")

    def _release_reply(self) -> None:
        """A reply that was released as the model wrote it has no line of its own."""
        if not self._released:
            self._released = True
            self._put(ReplyReleased, "release", text=self._reply)
