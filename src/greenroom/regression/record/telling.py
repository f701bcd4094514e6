"""A session's records told as tape lines: what happened, by stable names, without times, random ids or costs of time.

Invariant: two runs that did the same are told alike, whichever of two parallel calls came back first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContextSelected,
    DaySumsRead,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryWritten,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ReplyReleased,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import Json, Memory, ToolCall
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.regression.record.forks import one_life
from greenroom.regression.record.latest import POLICY, chosen, latest, ran, timed
from greenroom.regression.record.lives import ToldLives, told_lives
from greenroom.regression.record.never_back import Out
from greenroom.regression.record.order import by_call
from greenroom.regression.replay.added import Added
from greenroom.regression.tape.candidates import listing
from greenroom.regression.tape.days import days_by_number
from greenroom.regression.tape.given_up import ABANDONED, AFTER, before
from greenroom.regression.tape.names import Names
from greenroom.regression.tape.parts import text_name
from greenroom.regression.tape.tape import Line, sorted_json
from greenroom.views.prompt import transcript
from greenroom.views.prompt.edited import edited_messages

_CALL = re.compile(r"/(?:tool|ask|autonomy|day|verdict:tool\.(?:call|result)|gate:(?:tool|result)):c(\d+)")


def tell(
    records: Iterable[Record], model: str, replayed: Iterable[str] | None = None, *, added: bool | None = None
) -> tuple[list[Line], dict[str, str]]:
    """The lines of all turns that ended, and the passages' texts by part name.

    `model` is the one the header names; a reply says which it is from only if it is another. `replayed` are the names of the memories a tape has as proposed, when these are the records of its replay. Such a
    telling holds a turn that broke off too, and leaves out what was `added` to each prompt unless that is asked for:
    the recording checked it.
    """
    records = tuple(records) if replayed is not None else one_life(records)
    lives = told_lives(records, replayed=replayed is not None)
    told = latest(records, lives, open_too=replayed is not None)
    full = Added() if added or (added is None and replayed is None) else None
    days = days_by_number(r.event.day for r in told if isinstance(r.event, DaySumsRead))
    teller = _Teller(model, Names(replayed), full, chosen(told), timed(told), ran(told), lives, days)
    for record in told:
        teller.see(record)
    return teller.lines(), teller.texts


class _Teller:
    """Goes over the records once, keeping what later lines refer to."""

    def __init__(
        self,
        model: str,
        names: Names,
        added: Added | None,
        chosen: dict[int, set[str]],
        timed: set[int],
        ran: set[tuple[int, str]],
        lives: ToldLives,
        days: dict[str, int],
    ) -> None:
        self._model = model
        self._chosen = chosen
        self._timed = timed
        self._ran = ran
        self._lives = lives
        self._life = 1
        self.texts: dict[str, str] = {}
        self._lines: list[tuple[int, Line]] = []
        self._names = names
        self._shown: dict[str, Line] = {}
        self._added = added
        self._transcript = transcript.EMPTY
        self._words = ""
        self._reply = ""
        self._calls: dict[str, ToolCall] = {}
        self._started: dict[str, Json] = {}
        self._proposed: dict[str, str] = {}
        self._days = days
        self._day_read = self._spent = False
        self._out = Out()
        self._prompts: dict[str, Json] = {}

    def see(self, record: Record) -> None:
        self._life = self._lives.of(record)
        if lines := _TELLERS[type(record.event)](self, record.event):
            step = record.event.step
            match = _CALL.search(step) if ":c" in step else None
            call = int(match[1]) if match else 0
            lines[-1] |= self._lives.more(record)
            if self._life > 1:
                lines[-1]["life"] = self._life
            self._lines += [(call, line) for line in lines]
        if self._added is not None:
            self._transcript = transcript.fold(self._transcript, record)

    def lines(self) -> list[Line]:
        """The lines, each run of tool lines in the order of the calls."""
        out: list[Line] = []
        run: list[tuple[int, Line]] = []
        held: list[Line] = []
        turn = 0
        for call, line in [*self._lines, (0, {})]:
            if call:
                run.append((call, line))
                continue
            if str(line.get("gate")).startswith("prompt:"):  # a later life may have stopped at results before it
                held.append(line)
                continue
            out += by_call(run, by_life=turn in self._lives.turns) + held
            run, held = [], []
            turn = int(line.get("turn", turn))
            if line.get("finish") == ABANDONED:
                line[AFTER] = before(out, len(out))
            out.append(line)
        return out[:-1]

    def turn_started(self, event: TurnStarted) -> list[Line]:
        self._words, self._prompts, self._out = event.words, {}, Out()
        return [{"turn": event.turn, "user": event.words}]

    def gate_passed(self, event: GatePassed) -> list[Line]:
        passed = event.action in ("continue", "step")
        if passed and not (event.gate == "tool" and event.turn in self._lives.unsteady):
            return []
        if event.gate == "input" and isinstance(event.edit, str) and event.edit:
            self._words = event.edit
        if event.gate == "prompt" and event.action == "edit":
            self._prompts[event.step.rpartition(":")[2]] = event.edit
        edit = {"edit": sorted_json(event.edit)} if event.edit is not None else {}
        return [{"gate": event.step.partition("gate:")[2], "action": "continue" if passed else event.action, **edit}]

    def gate_paused(self, event: GatePaused) -> list[Line]:
        if not self._lives.waited(event, self._life):
            return []
        return [{"gate": event.step.partition("gate:")[2], "action": "waited"}]

    def recalled(self, event: MemoriesRecalled) -> list[Line]:
        out: list[Line] = []
        found: list[Json] = []
        for memory in event.memories:
            name = self._memory(memory, out)
            found.append(name if memory.score is None else [name, memory.score])
        return [*out, {"recall": found, **self._query(event.query)}]

    def retrieved(self, event: PassagesRetrieved) -> list[Line]:
        chosen = self._chosen.get(event.turn, {passage.id for passage in event.candidates})
        shown = [passage for passage in event.candidates if passage.id in chosen]
        names = {passage.id: self._names.passage(passage.id) for passage in shown}
        line: Line = {"retrieve": [[names[passage.id], passage.label, passage.score] for passage in shown]}
        if self._added is not None and event.candidates:
            full = listing(event.candidates, names, self.texts)
            line["candidates"] = text_name(full)
            self.texts[text_name(full)] = full
        if event.legs:
            line["legs"] = list(event.legs)
        return [line | self._query(event.query)]

    def selected(self, event: ContextSelected) -> list[Line]:
        dropped: dict[str, Any] = {}
        for key, why in event.dropped.items():
            if why.startswith(POLICY):
                dropped.setdefault(why, []).append(self._names.of(key))
            else:
                kind = why.partition(":")[0]
                dropped[kind] = dropped.get(kind, 0) + 1
        if not (event.passages or event.memories or dropped):
            return []
        line: Line = {"select": [self._names.of(key) for key in event.passages]}
        if event.memories:
            line["memories"] = [self._names.of(key) for key in event.memories]
        if dropped:
            line["dropped"] = dict(sorted(dropped.items()))
        return [line]

    def judged(self, event: VerdictReached) -> list[Line]:
        if event.effect == "allow" and event.rule == "default":
            return []
        of = event.step.partition(f"verdict:{event.hook}")[2].removeprefix(":")
        if of.endswith(UNKNOWN) and event.turn not in self._lives.turns:
            return []
        if event.hook == "tool.result" and of in self._withheld:
            return []
        line: Line = {"verdict": event.hook}
        if of:
            line["of"] = self._names.of(of)
        line |= {"effect": event.effect, "rule": event.rule}
        if event.verdict.risk:
            line["risk"] = event.verdict.risk
        if kinds := sorted({finding.detector for finding in event.verdict.findings}):
            line["found"] = kinds
        return [line]

    def replied(self, event: ReplyGenerated) -> list[Line]:
        self._reply = event.text
        self._calls |= {call.id: call for call in event.calls}
        self._out.ask(event.calls)
        line: Line = {"reply": int(event.step.rpartition(":")[2] or 0)}
        if event.model != self._model:
            line["model"] = event.model
        if event.text:
            line["text"] = event.text
        if event.reasoning:
            line["reasoning"] = event.reasoning
        if event.calls:
            line["calls"] = [_call(call) for call in event.calls]
        if event.finish not in ("stop", "calls"):
            line["finish"] = event.finish
        line["tokens"] = [event.usage.input_tokens, event.usage.output_tokens]
        if event.usage.micro_usd:
            line["micro_usd"] = event.usage.micro_usd
        line |= self._time(event)
        if self._added is not None:
            messages = transcript.compose(self._transcript, "", "")
            edit = self._prompts.get(event.step.rpartition(":")[2])
            line["added"] = self._added.since(edited_messages(messages, edit))
        return [line]

    def asked(self, event: ApprovalRequested) -> list[Line]:
        if event.step.endswith(UNKNOWN) and event.turn not in self._lives.turns:
            return []
        line: Line = {"ask": event.step.partition("ask:")[2], "rule": event.rule, "role": event.role}
        if event.card.reason:
            line["reason"] = event.card.reason
        if event.hook == "prompt":
            return [line]  # what it is made of is on the tape, each message once
        return [line | self._if_other(event.call, event.card.call.arguments)]

    def answered(self, event: ApprovalGiven) -> list[Line]:
        asked = event.step.partition("ask:")[2]
        if asked.endswith(UNKNOWN) and event.turn not in self._lives.turns:
            if event.decision != "stop":
                return []
            asked = f"{event.call}{UNKNOWN}"
        line: Line = {"answer": asked, "decision": event.decision}
        if event.reason:
            line["reason"] = event.reason
        if event.scope != "once":
            line |= {"scope": event.scope, "when": list(event.when)}
        if event.arguments is not None:
            line["args"] = sorted_json(event.arguments)
        if event.decision == "simulate":
            line["result"] = sorted_json(event.result)
        return [line]

    def autonomy(self, event: AutonomyChanged) -> list[Line]:
        if event.from_next_call:
            return []
        return [{"autonomy": event.level} | _of(event.step, "autonomy:")]

    def day(self, event: DaySumsRead) -> list[Line]:
        first, number, less = not self._day_read, self._days[event.day], self._spent and not event.sums
        self._day_read, self._spent = True, bool(event.sums)
        if not event.sums and number == 1 and not less and (first or self._life == 1):
            return []  # a later life begins with what was known before its turn, so there it is told
        return [{"day": dict(event.sums)} | _of(event.step, "day:") | ({"on": number} if number > 1 else {})]

    def started(self, event: ToolStarted) -> list[Line]:
        self._started[event.call] = event.arguments
        self._out.start(event)
        return []

    def returned(self, event: ToolReturned) -> list[Line]:
        self._out.come_back(event)
        line: Line = {"result": event.call, "tool": event.tool, "status": event.status}
        if event.simulated:
            line["simulated"] = True
        ran = (event.turn, event.call) in self._ran
        if ran:
            line["ran"] = True
        line |= self._lives.starts(event, self._life, ran=ran)
        if ran or "begun" in line:
            line |= self._if_other(event.call, self._started[event.call])
        if event.output is not None:
            line["output"] = sorted_json(event.output)
        if event.error:
            line["error"] = event.error
        return [line | self._time(event)]

    def released(self, event: ReplyReleased) -> list[Line]:
        if event.text == self._reply and not event.changed:
            return []
        return [{"release": event.text, "effect": event.effect}]

    def proposed(self, event: MemoriesProposed) -> list[Line]:
        out: list[Line] = []
        names: list[Json] = [self._memory(memory, out) for memory in event.memories]
        self._proposed |= {memory.id: memory.text for memory in event.memories}
        return [*out, {"propose": names}] if names else []

    def written(self, event: MemoryWritten) -> list[Line]:
        line: Line = {"write": self._names.memory(event.memory_id)}
        if event.memory.text != self._proposed.get(event.memory_id):
            line["text"] = event.memory.text
        if event.superseded:
            line["superseded"] = self._names.memory(event.superseded)
        return [line]

    def finished(self, event: TurnFinished) -> list[Line]:
        return [{"finish": event.outcome, **self._lives.last_of(event.turn, self._lines)}]

    def abandoned(self, event: TurnAbandoned) -> list[Line]:
        reason = {"reason": event.reason} if event.reason else {}
        last = {"lives": self._lives.last[event.turn]} if event.turn in self._lives.last else {}
        return [{"finish": ABANDONED, **reason, **self._out.told(event.turn, self._lives), **last}]

    @property
    def _withheld(self) -> set[str]:
        """Calls that ran and whose result policy kept back: the log has the verdict's reason in the result's place."""
        return {str(line["result"]) for _, line in self._lines if line.get("ran") and line.get("status") == "denied"}

    def _time(self, event: ReplyGenerated | ToolReturned) -> Line:
        return {"milliseconds": event.milliseconds} if event.turn in self._timed else {}

    def _query(self, query: str) -> Line:
        return {} if query == self._words else {"query": query}

    def _if_other(self, call: str, arguments: Json) -> Line:
        """The arguments, where they are not those the model gave."""
        asked = self._calls.get(call)
        return {} if asked is not None and asked.arguments == arguments else {"args": sorted_json(arguments)}

    def _memory(self, memory: Memory, out: list[Line]) -> str:
        name = self._names.memory(memory.id)
        line: Line = {"memory": name, "segment": memory.segment}
        if memory.key:
            line["key"] = memory.key
        line["text"] = memory.text
        if memory.confidence != 1.0:
            line["confidence"] = memory.confidence
        return self._declare(name, line, out)

    def _declare(self, name: str, line: Line, out: list[Line]) -> str:
        """Say what a name stands for, the first time and whenever it is something else."""
        if self._shown.get(name) != line:
            self._shown[name] = line
            out.append(line)
        return name


def _call(call: ToolCall) -> Line:
    line: Line = {"id": call.id, "tool": call.tool, "args": sorted_json(call.arguments)}
    return line | ({"problem": call.problem} if call.problem else {})


def _of(step: str, kind: str) -> Line:
    """Which decision a line belongs to, where it came in the middle of a turn."""
    of = step.partition(kind)[2]
    return {"of": of} if of else {}


_TELLERS: dict[type, Callable[[_Teller, Any], list[Line]]] = {
    AutonomyChanged: _Teller.autonomy,
    DaySumsRead: _Teller.day,
    TurnStarted: _Teller.turn_started,
    GatePaused: _Teller.gate_paused,
    GatePassed: _Teller.gate_passed,
    MemoriesRecalled: _Teller.recalled,
    PassagesRetrieved: _Teller.retrieved,
    ContextSelected: _Teller.selected,
    VerdictReached: _Teller.judged,
    ReplyGenerated: _Teller.replied,
    ApprovalRequested: _Teller.asked,
    ApprovalGiven: _Teller.answered,
    ToolStarted: _Teller.started,
    ToolReturned: _Teller.returned,
    ReplyReleased: _Teller.released,
    MemoriesProposed: _Teller.proposed,
    MemoryWritten: _Teller.written,
    TurnFinished: _Teller.finished,
    TurnAbandoned: _Teller.abandoned,
}
