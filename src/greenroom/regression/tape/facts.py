"""What a tape says happened in each turn, in the terms expectations are written in.

Invariant: a pure function of tape lines, so an expectation says the same of a recording and of its replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from greenroom.core.values import Json
from greenroom.regression.tape.given_up import ABANDONED
from greenroom.regression.tape.tape import Line


@dataclass(slots=True)
class CallFacts:
    """One tool call: the arguments it ended with, which roles were asked, what was decided, how it went.

    `reply` is the number of the reply it stands in; calls of one reply are parallel. `error` is what the model read of
    a call that came to no result.
    """

    tool: str
    args: dict[str, Json]
    status: str = ""
    asked: bool = False
    decisions: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    output: Json = None
    error: str = ""
    reply: int = 0

    @property
    def never_ran(self) -> bool:
        """Whether it was asked for and could not be called: there is no such tool, or none that takes such arguments."""
        return self.status == "invalid"


class MemoryFacts(NamedTuple):
    """A memory that was written or recalled: its `key` ('' where it has none), `segment` and text."""

    key: str
    segment: str
    text: str

    @property
    def name(self) -> str:
        """What an expectation names it by."""
        return self.key or self.segment


@dataclass(slots=True)
class TurnFacts:
    """One turn. `text` is its final answer as it was released, `remarks` is what the person got to read before that,
    beside calls; `passages` are labels in rank order, `memories` those written. `questions` are those about no call, by
    hook. `finish` is '' while the turn is open.
    """

    turn: int
    words: str = ""
    text: str = ""
    remarks: list[str] = field(default_factory=list)
    calls: dict[str, CallFacts] = field(default_factory=dict)
    verdicts: list[tuple[str, str, str]] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    memories: list[MemoryFacts] = field(default_factory=list)
    recalled: list[MemoryFacts] = field(default_factory=list)
    questions: dict[str, CallFacts] = field(default_factory=dict)
    model_calls: int = 0
    tokens: int = 0
    micro_usd: int = 0
    finish: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """Every text the person got to read, in order; '' alone where there was none."""
        return (*self.remarks, self.text) if self.text or not self.remarks else tuple(self.remarks)


_UNTOLD = MemoryFacts("", "", "")


def turns_of(lines: Sequence[Line]) -> list[TurnFacts]:
    """The facts of every turn that came to its own end."""
    return [turn for turn in turns_begun(lines) if turn.finish not in ("", ABANDONED)]


def turns_over(lines: Sequence[Line]) -> list[TurnFacts]:
    """The same with turns that were given up: what was said and done in one was said and done."""
    return [turn for turn in turns_begun(lines) if turn.finish]


def turns_begun(lines: Sequence[Line]) -> list[TurnFacts]:
    """The facts of every turn, one that is still open too."""
    told = _Told({}, {})
    turns: list[TurnFacts] = []
    for line in lines:
        kind = next(iter(line))
        if kind == "turn":
            turns.append(TurnFacts(int(line["turn"]), words=str(line["user"])))
        elif kind == "retrieve":
            told.labels.update({str(name): str(label) for name, label, _ in line["retrieve"]})
        elif kind == "memory":
            told.texts[line["memory"]] = MemoryFacts(str(line.get("key", "")), str(line["segment"]), str(line["text"]))
        elif turns and (see := _SEEN.get(kind)) is not None:
            see(turns[-1], line, told)
    return turns


class _Told(NamedTuple):
    """What names stand for: the labels of passages, and memories."""

    labels: dict[str, str]
    texts: dict[str, MemoryFacts]


def _see_verdict(turn: TurnFacts, line: Line, _: _Told) -> None:
    turn.verdicts.append((line["verdict"], line["effect"], line["rule"]))


def _see_select(turn: TurnFacts, line: Line, told: _Told) -> None:
    turn.passages = [told.labels.get(name, name) for name in line["select"]]


def _see_recall(turn: TurnFacts, line: Line, told: _Told) -> None:
    names = [found if isinstance(found, str) else found[0] for found in line["recall"]]
    turn.recalled = [told.texts.get(name, _UNTOLD) for name in names]


def _see_release(turn: TurnFacts, line: Line, _: _Told) -> None:
    turn.text = str(line["release"])


def _see_gate(turn: TurnFacts, line: Line, _: _Told) -> None:
    if line["gate"] == "output" and isinstance(line.get("edit"), str):
        turn.text = line["edit"] or turn.text


def _see_write(turn: TurnFacts, line: Line, told: _Told) -> None:
    kept = told.texts.get(line["write"]) or MemoryFacts(str(line["write"]), "", "")
    turn.memories.append(kept._replace(text=str(line["text"])) if "text" in line else kept)


def _see_finish(turn: TurnFacts, line: Line, _: _Told) -> None:
    turn.finish = str(line["finish"])


def _see_reply(turn: TurnFacts, line: Line, _: _Told) -> None:
    said = str(line.get("text", ""))
    if line.get("calls"):
        turn.text = ""
        turn.remarks += [said] if said else []
    else:
        turn.text = said
    turn.model_calls += 1
    turn.tokens += sum(line.get("tokens", ()))
    turn.micro_usd += line.get("micro_usd", 0)
    for call in line.get("calls", ()):
        turn.calls[call["id"]] = CallFacts(call["tool"], call["args"], reply=turn.model_calls)


def _see_call(turn: TurnFacts, line: Line, _: _Told) -> None:
    kind = next(iter(line))
    name = str(line[kind])
    call = turn.calls.get(name.partition(".")[0])
    if call is None and kind == "result":
        return
    if call is None:
        call = turn.questions.setdefault(name, CallFacts(name, {}))
    if kind == "ask":
        call.asked = True
        call.roles.append(str(line.get("role", "")))
    elif kind == "answer":
        call.decisions.append(str(line["decision"]))
    else:
        call.status = str(line["status"])
        call.output = line.get("output")
        call.error = str(line.get("error", ""))
    if "args" in line and (kind != "answer" or line["decision"] == "edit"):
        call.args = line["args"]


_SEEN: Mapping[str, Callable[[TurnFacts, Line, _Told], None]] = {
    "verdict": _see_verdict,
    "select": _see_select,
    "recall": _see_recall,
    "reply": _see_reply,
    "ask": _see_call,
    "answer": _see_call,
    "result": _see_call,
    "release": _see_release,
    "gate": _see_gate,
    "write": _see_write,
    "finish": _see_finish,
}
"""What is seen of each kind of line."""
