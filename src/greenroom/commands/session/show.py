"""A session shown: the conversation, its events, a pane or the waterfall, as things stand or as they stood at an event.

Invariant: showing reads the log and writes nothing; what is shown as of an event is worked out of the records until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.session.as_data import as_data
from greenroom.commands.session.sessions import conversation, timeline
from greenroom.core.errors import UsageError
from greenroom.core.events import Record
from greenroom.views.travel.finding import FIELDS, Query, wanting
from greenroom.views.travel.moments import place_of

_FILTERS = tuple(name for name in FIELDS if name != "turn")


def show(asked: Invocation) -> Answer[Any]:
    """The conversation with verdict, tool and approval lines; `--events` every event, `--pane` a pane, `--waterfall`
    the times of every turn; `--at` as things stood when that event was the last. JSON of conversation and events is
    every record.

    Raises:
        FileInvalid: there is no such session.
        LogDamaged: it does not verify.
        UsageError: there is no such event or turn, or two things are asked for at once.
    """
    from greenroom.assembly import read_session

    whole = read_session(asked.workspace(), asked.text("session"))
    records, notes = _until(whole, asked.text("at"))
    turn, sought = asked.number("turn"), _sought(asked)
    wanted = [name for name in ("events", "pane", "waterfall") if asked.options.get(name)]
    if len(wanted) > 1:
        raise UsageError(f"--{wanted[0]} and --{wanted[1]} are two things", hint="ask for one of them")
    if asked.text("pane"):
        shown = _pane(asked.text("pane"), records, turn)
    elif asked.flag("waterfall"):
        shown = _waterfall(records, turn)
    else:
        kept = [record for record in records if turn is None or record.event.turn == turn]
        shown = _records(kept, sought, events=asked.flag("events"))
    return answer(shown.value, shown.lines, shown.data, notes=(*notes, *shown.notes), stream=shown.stream)


def _until(whole: list[Record], at: str) -> tuple[list[Record], list[str]]:
    """The records until the moment that is asked for, and what to say of that."""
    if not at:
        return whole, []
    last = whole[place_of(whole, at)]
    turn = f", turn {last.event.turn}" if last.event.turn else ""
    return whole[: whole.index(last) + 1], [f"as of event {last.seq} of {whole[-1].seq}{turn}: {last.event.kind}"]


def _sought(asked: Invocation) -> Query:
    return wanting(asked.words("grep"), **{name: asked.words(name) for name in _FILTERS})


def _records(records: Sequence[Record], sought: Query, *, events: bool) -> Answer[list[Record]]:
    """Events where they are asked for or looked for, else the conversation."""
    found = [record for record in records if sought.holds(record)]
    lines = timeline(found) if events or sought.parts else conversation(found)
    notes = [f"{len(found)} of {len(records)} events"] if sought.parts else []
    return answer(found, lines, [as_data(record) for record in found], notes=notes, stream=True)


def _pane(name: str, records: Sequence[Record], turn: int | None) -> Answer[Any]:
    from greenroom.assembly.past.recorded import recorded_contract
    from greenroom.commands.live.panes import pane

    return pane(name, records, turn, lambda: recorded_contract(records))


def _waterfall(records: Sequence[Record], turn: int | None) -> Answer[Any]:
    from greenroom.commands.session.waterfall import waterfalls

    return waterfalls(records, turn)
