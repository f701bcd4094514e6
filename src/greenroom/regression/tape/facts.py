"""What a tape says happened in each turn, in the terms expectations are written in.

Invariant: a pure function of tape lines, so an expectation says the same of a recording and of its replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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


@dataclass(frozen=True, slots=True)
class MemoryFacts:
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
    labels: dict[str, str] = {}
    texts: dict[str, MemoryFacts] = {}
    turns: list[TurnFacts] = []
    for line in lines:
        if "turn" in line:
            turns.append(TurnFacts(int(line["turn"]), words=str(line["user"])))
        elif "retrieve" in line:
            labels.update({str(name): str(label) for name, label, _ in line["retrieve"]})
        elif "memory" in line:
            texts[line["memory"]] = MemoryFacts(str(line.get("key", "")), str(line["segment"]), str(line["text"]))
        elif turns:
            _see(turns[-1], line, labels, texts)
    return turns


def _see(turn: TurnFacts, line: Line, labels: dict[str, str], texts: dict[str, MemoryFacts]) -> None:
    match next(iter(line)):
        case "verdict":
            turn.verdicts.append((line["verdict"], line["effect"], line["rule"]))
        case "select":
            turn.passages = [labels.get(name, name) for name in line["select"]]
        case "recall":
            names = [found if isinstance(found, str) else found[0] for found in line["recall"]]
            turn.recalled = [texts.get(name, _UNTOLD) for name in names]
        case "reply":
            _see_reply(turn, line)
        case "ask" | "answer" | "result":
            _see_call(turn, line)
        case "release":
            turn.text = str(line["release"])
        case "gate" if line["gate"] == "output" and isinstance(line.get("edit"), str):
            turn.text = line["edit"] or turn.text
        case "write":
            kept = texts.get(line["write"], MemoryFacts(str(line["write"]), "", ""))
            turn.memories.append(replace(kept, text=str(line.get("text", kept.text))))
        case "finish":
            turn.finish = str(line["finish"])
        case _:
            pass


def _see_reply(turn: TurnFacts, line: Line) -> None:
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


def _see_call(turn: TurnFacts, line: Line) -> None:
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
