"""The lines of a tape that hold something about a call because placeholders stand in its arguments.

A rule that reads an address cannot decide about `‹email#1›`. So a tape holds what every clause came to about the value that
was there (see `record.holding`); tapes of before held the verdict as a whole, and those of policies that are not made of
rules still do.
What it holds about words stands in one line for a turn and hook (see `record.holding_words`).
Invariant: such a line stands right after the one that has the arguments it is about, or after that of its turn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import get_args

from greenroom.core.canonical import canonical
from greenroom.core.events import Record, VerdictReached
from greenroom.core.values import Ask, Finding, Hook, Json, Verdict
from greenroom.engine.calls.rounds import GATE, UNKNOWN, Round, arguments_by_round, next_round
from greenroom.regression.tape.tape import Line

Key = tuple[int, str, bytes]
"""Turn, tool and arguments."""
Place = tuple[int, str, str]
"""A round with its arguments, for two lives of a turn may have edited a call in two ways. Words have their hook in the place of
a round, and no arguments.
"""

_HOOK = "tool.call"
HOOKS = tuple(hook for hook in get_args(Hook) if hook != _HOOK)
"""The hooks of words, which stand for a call in a line that holds something about words."""
_STEP = f"/verdict:{_HOOK}:"


def with_verdicts(lines: Sequence[Line], recorded: Sequence[Record], clean: Sequence[Record]) -> list[Line]:
    """The lines of a telling of `clean` with what was decided in `recorded` about calls that were changed in between."""
    return placed(lines, _verdicts(recorded, clean))


def held_again(lines: Sequence[Line], tape: Sequence[Line]) -> list[Line]:
    """The lines of another telling with what a tape holds about the same calls, beside what they hold themselves: more of
    their arguments may be placeholders now.
    """
    held, then, now = _by_place(lines), _rounds(tape), _rounds(lines)
    same = {
        old: new for decided, places in then.items() for old, new in zip(places, now.get(decided, ()), strict=False)
    }
    for place, line in _by_place(tape).items():
        if place in same:
            held[same[place]] = _both(line, held.get(same[place], {}))
    return placed([line for line in lines if "held" not in line], held)


def _rounds(lines: Sequence[Line]) -> dict[Round, list[Place]]:
    """The places at which something may be held, one after another where a round has several."""
    found: dict[Round, list[Place]] = {}
    turn = 0
    for line in lines:
        turn = int(line["turn"]) if "turn" in line else turn
        for of, arguments in _decided_after(line).items():
            found.setdefault((turn, of), []).append(place_of((turn, of), arguments))
    return found


def _by_place(lines: Sequence[Line]) -> dict[Place, Line]:
    held: dict[Place, Line] = {}
    turn = 0
    here: dict[str, Json] = {}
    for line in lines:
        turn = int(line["turn"]) if "turn" in line else turn
        here |= _decided_after(line)
        if "held" in line:
            held[place_of((turn, str(line["held"])), here.get(str(line["held"])))] = line
    return held


def _both(line: Line, other: Line) -> Line:
    """What two lines hold about one decision."""
    rows = line.get("clauses")
    if rows is None or "clauses" not in other:
        return line
    return {**line, "clauses": [*rows, *(row for row in other["clauses"] if row not in rows)]}


def held_alike(lines: Sequence[Line], held: Mapping[Key, Line]) -> list[Line]:
    """The lines of a live telling, whose calls may have other ids, with what is held about the same arguments.

    What such a telling holds already stays.
    """
    found: dict[Place, Line] = {}
    tools: dict[str, str] = {}
    turn = 0
    for line in lines:
        turn = int(line["turn"]) if "turn" in line else turn
        tools |= {str(call["id"]): str(call["tool"]) for call in line.get("calls", ())}
        for of, arguments in _decided_after(line).items():
            kept = held.get(key_of(turn, tools.get(of.partition(".")[0], ""), arguments))
            if kept is not None:
                found[place_of((turn, of), arguments)] = {"held": of, **kept}
    there = _by_place(lines)
    return placed(lines, {place: line for place, line in found.items() if place not in there})


def placed(lines: Sequence[Line], held: Mapping[Place, Line]) -> list[Line]:
    """The lines with each of `held` after the one that has its arguments; about words, after that of their turn."""
    if not held:
        return list(lines)
    out: list[Line] = []
    turn = 0
    for line in lines:
        out.append(line)
        turn = int(line["turn"]) if "turn" in line else turn
        places = [place_of((turn, of), arguments) for of, arguments in _decided_after(line).items()]
        out += [held[place] for place in places if place in held]
    return out


def key_of(turn: int, tool: str, arguments: Json) -> Key:
    """What a held decision is found by."""
    return turn, tool, canonical(arguments)


def place_of(decided: Round, arguments: Json) -> Place:
    """Where a decision about arguments is held."""
    return *decided, json.dumps(arguments, sort_keys=True)  # numbers of any size, which a tape may have


def _verdicts(recorded: Sequence[Record], clean: Sequence[Record]) -> dict[Place, Line]:
    """What was decided about arguments that are others now."""
    before: dict[Round, Json] = {}
    after: dict[Round, Json] = {}
    found: dict[Place, Line] = {}
    for old, new in zip(recorded, clean, strict=True):
        before |= arguments_by_round(old)
        after |= arguments_by_round(new)
        event = new.event
        if isinstance(event, VerdictReached) and event.hook == _HOOK:
            decided = event.turn, event.step.partition(_STEP)[2]
            if before.get(decided) != after.get(decided):
                found[place_of(decided, after[decided])] = {"held": decided[1], **says(event.verdict)}
    return found


def _decided_after(line: Line) -> dict[str, Json]:
    """The decisions whose arguments a line has, with those."""
    if "turn" in line:
        return dict.fromkeys(HOOKS)
    if "reply" in line:
        return {str(call["id"]): call["args"] for call in line.get("calls", ())}
    if _edits_call(line):
        return {f"{str(line['gate']).rpartition(':')[2]}.{GATE}": line.get("edit")}
    return {next_round(str(line["answer"])): line.get("args")} if _decides_anew(line) else {}


def _edits_call(line: Line) -> bool:
    """Whether a person gave a call other arguments at its gate."""
    return str(line.get("gate", "")).startswith("tool:") and line.get("action") == "edit"


def _decides_anew(line: Line) -> bool:
    """Whether a person gave a call other arguments when asked about it."""
    return "answer" in line and line.get("decision") == "edit" and not str(line.get("answer")).endswith(UNKNOWN)


def says(verdict: Verdict) -> Line:
    """What of a verdict a replay depends on."""
    line: Line = {"effect": verdict.effect, "rule": verdict.rule, "why": verdict.why}
    if verdict.risk:
        line["risk"] = verdict.risk
    if kinds := sorted({finding.detector for finding in verdict.findings}):
        line["found"] = kinds
    if verdict.ask is not None:
        line["role"] = verdict.ask.role
    return line


def as_recorded(verdict: Verdict, line: Line) -> Verdict:
    """A verdict as such a line has it."""
    found = tuple(Finding(detector=str(kind), path="", start=0, end=0) for kind in line.get("found", ()))
    role = line.get("role")
    return verdict.model_copy(
        update={
            "effect": line["effect"],
            "rule": line["rule"],
            "why": line["why"],
            "risk": line.get("risk", 0),
            "findings": found,
            "ask": None if role is None else Ask(role=str(role)),
        }
    )
