"""Sessions on disk: listed and shown. Nothing here continues one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, AsIs, answer, counted, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.live.narrate import told
from greenroom.core.events import Record, RerunStarted, SessionForked, SessionOpened
from greenroom.core.inert import inert_line
from greenroom.views.timeline import row

if TYPE_CHECKING:
    from greenroom.assembly import SessionSummary
    from greenroom.core.values import Json


def list_sessions(asked: Invocation) -> Answer[tuple[SessionSummary, ...]]:
    """The sessions of the workspace with how each stands, its branches below it.

    Those in which nothing was said, and those that comparisons made, only where all are wanted.
    """
    from greenroom.assembly import sessions
    from greenroom.log.catalog import compared
    from greenroom.log.summary import said_in

    workspace, everything = asked.workspace(), asked.flag("all")
    known = sessions(workspace, compared=everything)
    found = known if everything else said_in(known)
    notes = [] if found else ["there is no session yet; greenroom run or the workbench makes one"]
    hidden = [] if everything else _hidden(len(known) - len(found), compared(workspace))
    if hidden:
        notes.append(f"not listed: {' and '.join(hidden)}; --all lists them too")
    heads = ("session", "persona", "began", "turns", "status", "branch", "first words")
    return answer(found, table(heads, [_row(one) for one in found], 30), [_data(one) for one in found], notes=notes)


def _hidden(empty: int, compared: int) -> list[str]:
    found = [f"{counted(empty, 'session')} in which nothing was said"] if empty else []
    return found + ([f"{counted(compared, 'session')} of comparisons"] if compared else [])


def _row(one: SessionSummary) -> tuple[object, ...]:
    line = one.place
    return (
        AsIs(f"{line.rails}{inert_line(one.id, 40)}"),
        f"{one.persona}@{one.version}" if one.persona else "?",
        (line.began or one.started)[:19],
        one.turns,
        one.status,
        line.branch,
        line.words if line.origin else one.words,
    )


def _data(one: SessionSummary) -> dict[str, Json]:
    line = one.place
    return {
        "id": one.id,
        "persona": one.persona,
        "version": one.version,
        "started": one.started,
        "began": line.began or one.started,
        "turns": one.turns,
        "status": one.status,
        "words": one.words,
        "parent": line.origin.parent if line.origin else None,
        "turn": line.origin.turn if line.origin else None,
        "changed": list(line.origin.changed) if line.origin else [],
        "said_again": bool(line.origin and line.origin.rerun),
        "kept": line.chosen,
        "own_words": line.words,
    }


def conversation(records: list[Record]) -> list[str]:
    """What was said and what was done about it, as plain lines."""
    lines: list[str] = []
    name = "persona"
    for record in records:
        if isinstance(record.event, SessionOpened):
            name = record.event.persona
            lines.append(f"{record.event.session} · {row(record).text} · {record.at[:19]}")
        elif isinstance(record.event, SessionForked):
            lines.append(f"\n{row(record).text} · {record.at[:19]}")
        elif isinstance(record.event, RerunStarted):
            lines.append(f"\nsaid again from here: {row(record).text}")
        elif said := told(record):
            lines.append({"you": f"\nyou: {said.text}", "reply": f"{name}: {said.text}"}.get(said.voice, said.text))
    return lines


def timeline(records: list[Record]) -> list[str]:
    """Every event in one line."""
    rows = [row(record) for record in records]
    return [f"{one.seq:>5}  {one.at[11:23]}  t{one.turn:<3} {one.kind:<20} {one.text}".rstrip() for one in rows]
