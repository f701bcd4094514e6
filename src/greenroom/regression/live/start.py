"""Where a live run leaves its tape, by the names people see: `t2`, `t2/reply:1`, `t2/c1`, or a line of the file.

Invariant: every place that is accepted has at least one recorded turn from there on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.regression.tape.tape import Line, Tape

_LINE = re.compile(r"[1-9][0-9]{0,8}")
_TOLD = 12


@dataclass(frozen=True, slots=True, order=True)
class Start:
    """The first model reply that is not taken from the tape: number `reply` of turn `turn`."""

    turn: int = 0
    reply: int = 1


EVERYTHING = Start()
"""Before the first turn: nothing is taken over, the whole conversation is live."""


def start_at(tape: Tape, event: str) -> Start:
    """The start that `event` names; '' is the first turn under test, before which stands its context.

    A turn or a reply is itself the first that is live. A call is made as recorded, and what the model makes of its
    result is live. So is a line: what it says still counts unless it is a turn or a reply.

    Raises:
        UsageError: there is no such event, or nothing comes after it; the hint says what there is.
    """
    if not event:
        return Start(tape.first_turn) if tape.first_turn > 1 else EVERYTHING
    names, places = _events(tape)
    found = places.get(int(event)) if _LINE.fullmatch(event) else names.get(event)
    if found is None:
        told = _known(event, names, places)
        raise UsageError(f"'{inert_line(event, 60)}' is no event of this tape", hint=told, code="live.start")
    if tape.takes_over and found < Start(tape.first_turn):
        raise UsageError(
            f"'{inert_line(event, 60)}' lies in the context, which ran under other files and is only taken over",
            hint=f"begin with t{tape.first_turn} or later",
            code="live.start",
        )
    if found != EVERYTHING and found.turn not in {int(line["turn"]) for line in tape.events if "turn" in line}:
        raise UsageError(f"nothing comes after '{inert_line(event, 60)}', so nothing would be live", code="live.start")
    return found


def _events(tape: Tape) -> tuple[dict[str, Start], dict[int, Start]]:
    """Starts by event name and by line of the file; a long text's own lines belong to the event above them."""
    names: dict[str, Start] = {}
    places: dict[int, Start] = {1: EVERYTHING}
    now, last = Start(0, 1), 2
    for index, line in enumerate(tape.events):
        number = tape.line_number(index) if tape.line_numbers else index + 2
        places |= dict.fromkeys(range(last, number), places[last - 1])
        now, here = _past(line, now, names)
        places[number] = here
        last = number + 1
    return names, places


def _past(line: Line, now: Start, names: dict[str, Start]) -> tuple[Start, Start]:
    """The start right after an event, and the one the event itself names."""
    kind = next(iter(line))
    if kind == "turn":
        now = names[f"t{line['turn']}"] = Start(int(line["turn"]), 1)
        return now, now
    if kind == "reply":
        here = names[f"t{now.turn}/reply:{line['reply']}"] = Start(now.turn, _number(line["reply"]))
        after = Start(here.turn, here.reply + 1)
        names |= {f"t{now.turn}/{call['id']}": after for call in line.get("calls", ())}
        return after, here
    if kind == "finish":
        return Start(now.turn + 1, 1), Start(now.turn + 1, 1)
    return now, now


def _number(value: Json) -> int:
    """The number of a reply; 1 for what is none, which no step will have."""
    return value if type(value) is int else 1


def _known(event: str, names: dict[str, Start], places: dict[int, Start]) -> str:
    if _LINE.fullmatch(event):
        return f"its lines with events are 1 to {max(places)}"
    shown = ", ".join(list(names)[:_TOLD])
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"there are: {shown}{more}, or a line number from 1 to {max(places)}"
