"""What a tape says happened in each turn, in the terms expectations are written in.

Invariant: a pure function of tape lines, so an expectation says the same of a recording and of its replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from greenroom.core.values import Json
from greenroom.regression.tape.tape import Line


@dataclass(slots=True)
class CallFacts:
    """One tool call: the arguments it ended with, which roles were asked, what was decided, how it went.

    `reply` is the number of the reply it stands in; calls of one reply are parallel.
    """

    tool: str
    args: dict[str, Json]
    status: str = ""
    asked: bool = False
    decisions: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    output: Json = None
    reply: int = 0


@dataclass(slots=True)
class TurnFacts:
    """One turn. `text` is what the person read, `passages` are labels in rank order, `memories` (those written) and
    `recalled` are texts by key, or by segment where there is none. `questions` are those about no call, by hook.
    """

    turn: int
    words: str = ""
    text: str = ""
    calls: dict[str, CallFacts] = field(default_factory=dict)
    verdicts: list[tuple[str, str, str]] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    memories: dict[str, str] = field(default_factory=dict)
    recalled: dict[str, str] = field(default_factory=dict)
    questions: dict[str, CallFacts] = field(default_factory=dict)
    model_calls: int = 0
    tokens: int = 0
    micro_usd: int = 0
    finish: str = ""


def turns_of(lines: Sequence[Line]) -> list[TurnFacts]:
    """The facts of every turn that came to its own end."""
    labels: dict[str, str] = {}
    texts: dict[str, tuple[str, str]] = {}
    turns: list[TurnFacts] = []
    for line in lines:
        if "turn" in line:
            turns.append(TurnFacts(int(line["turn"]), words=str(line["user"])))
        elif "retrieve" in line:
            labels.update({str(name): str(label) for name, label, _ in line["retrieve"]})
        elif "memory" in line:
            texts[line["memory"]] = (str(line.get("key", "")) or str(line["segment"]), str(line["text"]))
        elif turns:
            _see(turns[-1], line, labels, texts)
    return [turn for turn in turns if turn.finish not in ("", "abandoned")]


def _see(turn: TurnFacts, line: Line, labels: dict[str, str], texts: dict[str, tuple[str, str]]) -> None:
    match next(iter(line)):
        case "verdict":
            turn.verdicts.append((line["verdict"], line["effect"], line["rule"]))
        case "select":
            turn.passages = [labels.get(name, name) for name in line["select"]]
        case "recall":
            for found in line["recall"]:
                key, text = texts.get(found if isinstance(found, str) else found[0], ("", ""))
                turn.recalled[key] = text
        case "reply":
            _see_reply(turn, line)
        case "ask" | "answer" | "result":
            _see_call(turn, line)
        case "release":
            turn.text = str(line["release"])
        case "gate" if line["gate"] == "output" and isinstance(line.get("edit"), str):
            turn.text = line["edit"] or turn.text
        case "write":
            key, text = texts.get(line["write"], (str(line["write"]), ""))
            turn.memories[key] = str(line.get("text", text))
        case "finish":
            turn.finish = str(line["finish"])
        case _:
            pass


def _see_reply(turn: TurnFacts, line: Line) -> None:
    turn.text = str(line.get("text", ""))
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
    if "args" in line and (kind != "answer" or line["decision"] == "edit"):
        call.args = line["args"]
