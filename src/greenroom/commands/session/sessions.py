"""Sessions on disk: listed and shown. Nothing here continues one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.live.narrate import told
from greenroom.core.events import Record, RerunStarted, SessionForked, SessionOpened
from greenroom.views.timeline import row

if TYPE_CHECKING:
    from greenroom.assembly import SessionSummary


def list_sessions(asked: Invocation) -> Answer[tuple[SessionSummary, ...]]:
    """Every session of the workspace with how it stands; those that comparisons made only where all are wanted."""
    from greenroom.assembly import sessions
    from greenroom.log.catalog import compared

    workspace, everything = asked.workspace(), asked.flag("all")
    found = sessions(workspace, compared=everything)
    rows = [
        (
            one.id,
            f"{one.persona}@{one.version}" if one.persona else "?",
            one.started[:19],
            one.turns,
            one.status,
            one.words,
        )
        for one in found
    ]
    data = [
        {
            "id": one.id,
            "persona": one.persona,
            "version": one.version,
            "started": one.started,
            "turns": one.turns,
            "status": one.status,
            "words": one.words,
        }
        for one in found
    ]
    notes = [] if found else ["there is no session yet; greenroom run or the workbench makes one"]
    if not everything and (hidden := compared(workspace)):
        notes.append(f"{counted(hidden, 'session')} of comparisons not listed; --all lists them too")
    return answer(
        found, table(("session", "persona", "started", "turns", "status", "first words"), rows, 30), data, notes=notes
    )


def conversation(records: list[Record]) -> list[str]:
    """What was said and what was done about it, as plain lines."""
    lines: list[str] = []
    name = "persona"
    for record in records:
        if isinstance(record.event, SessionOpened | SessionForked):
            name = record.event.persona if isinstance(record.event, SessionOpened) else name
            lines.append(f"{record.event.session} · {row(record).text} · {record.at[:19]}")
        elif isinstance(record.event, RerunStarted):
            lines.append(f"\nsaid again from here: {row(record).text}")
        elif said := told(record):
            lines.append({"you": f"\nyou: {said.text}", "reply": f"{name}: {said.text}"}.get(said.voice, said.text))
    return lines


def timeline(records: list[Record]) -> list[str]:
    """Every event in one line."""
    rows = [row(record) for record in records]
    return [f"{one.seq:>5}  {one.at[11:23]}  t{one.turn:<3} {one.kind:<20} {one.text}".rstrip() for one in rows]
