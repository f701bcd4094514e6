"""What a tape holds, line by line, as the events that answer a replay.

Invariant: every answer was read and checked before the replay begins; a line of another form is one error with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import isfinite
from typing import Any

from pydantic import ValidationError

from greenroom.approval.automatic import RERUN
from greenroom.core.errors import FileInvalid
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContextSelected,
    DaySumsRead,
    Event,
    GatePassed,
    GatePaused,
    MemoriesRecalled,
    PassagesRetrieved,
    ReplyGenerated,
    ReplyReleased,
    ToolReturned,
    ToolStarted,
    VerdictReached,
)
from greenroom.core.inert import inert_line
from greenroom.core.values import Memory, Passage, Verdict
from greenroom.engine.calls.results import STOPPED
from greenroom.engine.replay.courses import AT_ONCE
from greenroom.engine.replay.lives import Lives
from greenroom.regression.replay.answers import (
    Answers,
    Key,
    call_of,
    generated,
    life_begun,
    life_of,
    memory_of,
    recalled,
    retrieved,
    tells_lives,
    texts_of,
)
from greenroom.regression.replay.placeholders.decided import decided
from greenroom.regression.replay.placeholders.held import HOOKS, key_of
from greenroom.regression.replay.placeholders.held import Key as HeldKey
from greenroom.regression.replay.placeholders.known import Known
from greenroom.regression.replay.put_in import fits
from greenroom.regression.tape.candidates import listed
from greenroom.regression.tape.days import day_of, numbered
from greenroom.regression.tape.forms import require_form
from greenroom.regression.tape.given_up import ABANDONED, AFTER, BEGUN, wrong_ending
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, Tape

_PUTTING_IN = frozenset({"edit", "simulate"})
"""What a person does at a gate by which something else goes on from it than came to it."""
_AS_TOLD = "9999-12-31T23:59:59.999999Z"
"""When a level that was set falls back by itself: never in a replay, where the tape says when it did."""
MALFORMED = (ValidationError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class World:
    """The recorded world of one tape.

    `events` are the answers by kind and step, `lines` what the tape says of each, `writes` the memories kept by turn,
    segment and key. `turns` are the person's words in order, `abandoned` the turns that were given up, `unsaid` those
    of them of which it does not say what had been started and never came back, `proposed` the
    names of the memories that were proposed, `proposed_at` those by step, `stopped` the calls that waited when a person ended the turn, `unstarted`
    all that never ran, `ruled` the questions that a rule or the level asked, and nothing else, `reruns` those that a
    rerun asked, `autonomy` the levels set between turns with how
    many turns were over, `days` how many days it spans as far as that mattered, `held` what is held about
    calls with placeholders, `known` all of that by what it is about, `lives` lines and events once more, by the life of the turn they belong to.

    Raises on construction:
        FileInvalid: a line is not what its kind says, or a passage's text is missing.
    """

    def __init__(self, tape: Tape, parts: Parts, file: str) -> None:
        self.parts = parts
        self._model = tape.model
        self._turn = 0
        self._words = ""
        self._cut_off = 0
        self._memories: dict[str, Memory] = {}
        self.events = Answers()
        self.lines: dict[Key, Line] = {}
        self.writes: dict[tuple[int, str, str], Line] = {}
        self.turns: list[tuple[int, str]] = []
        self.abandoned: set[int] = set()
        self.unsaid: set[int] = set()
        self._given_up = False
        self.proposed: list[str] = []
        self.proposed_at: dict[str, tuple[Memory, ...]] = {}
        self.stopped: set[str] = set()
        self.unstarted: set[str] = set()
        self.autonomy: list[tuple[int, AutonomyChanged]] = []
        self.days = 1
        self._read: list[Line] = []
        self.held: dict[HeldKey, Line] = {}
        self.known = Known(tape)
        self.ruled: set[str] = set()
        self.lives: Lives[tuple[Line, Event | None]] = Lives()
        self.reruns: set[str] = set()
        self._lives_told = tells_lives(tape.events)
        self._take_all(tape, file)
        self._settle_days()
        if self._given_up and (wrong := wrong_ending(tape.events)) is not None:
            raise FileInvalid(
                wrong[1],
                where=f"{file}:{tape.line_number(wrong[0])}",
                hint="restore it from git, or export the session again",
                code="tape.tampered",
            )

    def _take_all(self, tape: Tape, file: str) -> None:
        for index, line in enumerate(tape.events):
            kind = next(iter(line), "")
            take = _TAKERS.get(kind)
            if take is None:
                raise FileInvalid(
                    f"a tape has no '{inert_line(kind, 20)}' lines",
                    where=f"{file}:{tape.line_number(index)}",
                    hint="a newer Greenroom may have written it",
                    code="tape.malformed",
                )
            try:
                require_form(kind, line)
                take(self, line)
            except MALFORMED:
                raise FileInvalid(
                    f"this '{kind}' line is not of the form a tape has",
                    where=f"{file}:{tape.line_number(index)}",
                    hint="restore it from git, or export the session again",
                    code="tape.malformed",
                ) from None

    def hold(self, line: Line) -> None:
        """A decision that is held, by the arguments it was about: those of the call, or of the edit before it. About words
        by themselves.
        """
        of = str(line["held"])
        if of in HOOKS:
            self.known.take_clauses(line)
            return
        tool, arguments = decided(of, self._turn, self.lines, self.events)
        if "clauses" in line:
            self.known.take(line, tool, arguments)
        else:
            Verdict(
                effect=line["effect"], rule=line["rule"], why=line["why"], risk=line.get("risk", 0)
            )  # of the form it has
            self.known.mask_all(arguments)
        self.held[key_of(self._turn, tool, arguments)] = {key: line[key] for key in line if key != "held"}

    def judged(self, line: Line) -> None:
        """A verdict, which a replay reaches by itself: that it was reached is what a life that was cut off is held to."""
        self.lines[VerdictReached, f"t{self._turn}/verdict:{line['verdict']}:{line.get('of', '')}".rstrip(":")] = line

    def _put(self, event: Event, line: Line) -> None:
        self._keep(type(event), event.step, line, event)

    def _keep(self, kind: type[Event], step: str, line: Line, event: Event | Callable[[], Event]) -> None:
        """Keep an event, or how to make it of values that were looked at: a check asks for none, and need not wait."""
        self.events.put(kind, step, event)
        self.lines[kind, step] = line
        if self._lives_told:
            self._lived(kind, step, line, self.events[kind, step])

    def _lived(self, kind: type[Event], step: str, line: Line, event: Event | None = None) -> None:
        """Keep what happened at a step by its life too, where turns may have had several: nobody asks otherwise."""
        if not self._lives_told:
            return
        life = life_of(line.get("life", 1))
        self.lives.lived(self._turn, life)
        self.lives.put(kind, step, life, (line, event))

    def turn(self, line: Line) -> None:
        self._settle_days()
        self._turn, self._words, self._cut_off = int(line["turn"]), str(line["user"]), 0
        self.turns.append((self._turn, self._words))

    def gate(self, line: Line) -> None:
        step, edit = f"t{self._turn}/gate:{line['gate']}", line.get("edit")
        gate = str(line["gate"]).partition(":")[0]
        if line["action"] == "waited":  # and was cut off there
            self._lived(GatePaused, step, line)
            self._cut_off = life_of(line.get("life", 1)) if gate == "result" else self._cut_off
            return
        if ("edit" in line) != (line["action"] in _PUTTING_IN) or (line["action"] == "simulate" and gate != "tool"):
            raise ValueError(step)
        if "edit" in line and not fits(gate, line["action"], edit):
            raise ValueError(f"{line['action']} at {line['gate']}")
        if gate == "input" and isinstance(edit, str) and edit:
            self._words = edit
        event = GatePassed.model_validate(
            {"step": step, "turn": self._turn, "gate": gate, "action": line["action"], "edit": edit}
        )
        if event.action == "abandon":
            self.lives.leave(self._turn, life_of(line.get("life", 1)))
        self._put(event, line)

    def memory(self, line: Line) -> None:
        self._memories[str(line["memory"])] = memory_of(line)

    def recall(self, line: Line) -> None:
        found: list[tuple[Memory, float | None]] = []
        for item in line["recall"]:
            name, score = (item, None) if isinstance(item, str) else item
            found.append((self._memories[name], score))
        step, query = f"t{self._turn}/recall", line.get("query", self._words)
        self._keep(MemoriesRecalled, step, line, partial(recalled, step, self._turn, query, found))

    def retrieve(self, line: Line) -> None:
        """The candidates from their listing, which must agree with what the tape shows of them."""
        candidates: Mapping[str, Passage] = {}
        if "candidates" in line:
            candidates = self.parts.candidates(str(line["candidates"]), lambda text: listed(text, self.parts))
        for name, label, score in line["retrieve"]:
            passage = candidates[name]
            if passage.score != score or passage.label != label:
                raise ValueError(name)
        step, query = f"t{self._turn}/retrieve", line.get("query", self._words)
        make = partial(retrieved, step, self._turn, query, texts_of(line, "legs"), candidates.values())
        self._keep(PassagesRetrieved, step, line, make)

    def reply(self, line: Line) -> None:
        calls = tuple([call_of(call) for call in line.get("calls", ())])
        read, written = line["tokens"]
        if type(read) is not int or type(written) is not int:
            raise TypeError(line)
        texts_of(line, "added")
        step = f"t{self._turn}/generate:{line['reply']}"
        self._keep(ReplyGenerated, step, line, partial(generated, step, self._turn, self._model, calls, line))
        for call in calls:
            step = f"t{self._turn}/tool:{call.id}"
            self.lines[ToolStarted, step] = {"tool": call.tool, "args": call.arguments}

    def ask(self, line: Line) -> None:
        self._lived(ApprovalRequested, f"t{self._turn}/ask:{line['ask']}", line)
        if not line.get("reason"):
            self.ruled.add(f"t{self._turn}/ask:{line['ask']}")
        elif line["reason"] == RERUN:
            self.reruns.add(f"t{self._turn}/ask:{line['ask']}")

    def answer(self, line: Line) -> None:
        event = ApprovalGiven(
            step=f"t{self._turn}/ask:{line['answer']}",
            turn=self._turn,
            call=str(line["answer"]).partition(".")[0],
            decision=line["decision"],
            approver="tape",
            established=AT_ONCE if line.get("at_once") else "",
            reason=line.get("reason", ""),
            arguments=line.get("args"),
            result=line.get("result"),
            scope=line.get("scope", "once"),
            when=tuple(line.get("when", ())),
        )
        self._put(event, line)

    def set_autonomy(self, line: Line) -> None:
        if "of" not in line:
            self.autonomy.append((len(self.turns), self.level_set(line)))
            return
        step = f"t{self._turn}/autonomy:{line['of']}"
        self._put(AutonomyChanged(step=step, turn=self._turn, level=line["autonomy"], expires=_AS_TOLD), line)

    def level_set(self, line: Line) -> AutonomyChanged:
        """A level that was set between two turns."""
        return AutonomyChanged(level=line["autonomy"], expires=_AS_TOLD)

    def day(self, line: Line) -> None:
        if not all(isfinite(float(amount)) for amount in line["day"].values()):
            raise ValueError(line["of"])
        day_of(line.get("on", 1))
        self._read.append(line)

    def _settle_days(self) -> None:
        """Keep what was read of a turn's days, by the day it was read on."""
        for line, number in numbered(self._read, self.days):
            self.days = max(self.days, number)
            step = f"t{self._turn}/day:{line['of']}"
            self._put(DaySumsRead(step=step, turn=self._turn, day=day_of(number), sums=line["day"]), line)
        self._read = []

    def result(self, line: Line) -> None:
        step = f"t{self._turn}/tool:{line['result']}"
        asked = self.lines.get((ToolStarted, step))
        if asked is not None and asked["tool"] != line["tool"]:
            raise ValueError(step)
        if "args" in line:
            self.lines[ToolStarted, step] = {"tool": line["tool"], "args": line["args"]}
        self._starts(step, line)
        if line.get("error") == STOPPED and line.get("life", 1) not in map(life_begun, line.get("begun", ())):
            self.stopped.add(step)
        if not line.get("ran"):
            self._unrun(step, line)
            return
        event = ToolReturned(
            step=step,
            turn=self._turn,
            call=line["result"],
            tool=line["tool"],
            status=line["status"],
            output=line.get("output"),
            error=line.get("error", ""),
            milliseconds=line.get("milliseconds", 0),
            simulated=bool(line.get("simulated")),  # a person said what came of it, for nobody knew
        )
        self._put(event, line)

    def _starts(self, step: str, line: Line) -> None:
        """The lives in which a call was started: that in which it came back, unless the line says otherwise."""
        self._begun(step, line.get("begun", (line.get("life", 1),) if line.get("ran") else ()))

    def _never_back(self, line: Line) -> None:
        """The calls that had been started when a turn was given up; a tape of before does not say which."""
        if BEGUN not in line:
            self.unsaid.add(self._turn)
        for call, lives in line.get(BEGUN, {}).items():
            self._begun(f"t{self._turn}/tool:{call}", lives)

    def _begun(self, step: str, lives: Iterable[Any]) -> None:
        for begun in lives if self._lives_told else ():
            other = {"args": begun[1]} if isinstance(begun, list) else {}
            more = {**other, "life": life_begun(begun)}
            self._lived(ToolStarted, step, {**self.lines.get((ToolStarted, step), {}), **more})

    def _unrun(self, step: str, line: Line) -> None:
        """A call that came to its end without a run, or not by the one that it had."""
        self._lived(ToolReturned, step, line)
        self.lines.pop((ToolStarted, step), None)
        if "begun" not in line:
            self.unstarted.add(step)

    def select(self, line: Line) -> None:
        self.lines[ContextSelected, f"t{self._turn}/select"] = line

    def release(self, line: Line) -> None:
        self.lines[ReplyReleased, f"t{self._turn}/release"] = line

    def propose(self, line: Line) -> None:
        memories = tuple(self._memories[name] for name in line["propose"])
        self.proposed += [memory.id for memory in memories]
        self.proposed_at[f"t{self._turn}/propose"] = memories

    def write(self, line: Line) -> None:
        memory = self._memories[str(line["write"])]
        if "in" in line:
            self.lives.lived(self._turn, life_of(line["in"]))
        full = {"segment": memory.segment, "key": memory.key, "text": line.get("text", memory.text)}
        self.writes[self._turn, memory.segment, memory.key] = {**line, **full}

    def finish(self, line: Line) -> None:
        if line["finish"] == ABANDONED:
            self.abandoned.add(self._turn)
            self.lives.give_up(self._turn)
            self.lives.lived(self._turn, life_of(line.get("lives", 1)))
            self._never_back(line)
        elif self._cut_off or "lives" in line:  # nobody passed that gate, so the turn came to its end in a later life
            self.lives.lived(self._turn, life_of(line.get("lives", self._cut_off + 1)))
        self._given_up = self._given_up or line["finish"] == ABANDONED or AFTER in line


_TAKERS: dict[str, Callable[[World, Line], None]] = {
    "turn": World.turn,
    "held": World.hold,
    "gate": World.gate,
    "memory": World.memory,
    "recall": World.recall,
    "retrieve": World.retrieve,
    "select": World.select,
    "verdict": World.judged,
    "reply": World.reply,
    "ask": World.ask,
    "answer": World.answer,
    "result": World.result,
    "release": World.release,
    "propose": World.propose,
    "write": World.write,
    "finish": World.finish,
    "autonomy": World.set_autonomy,
    "day": World.day,
}
