"""What waits at a gate as a list: memories and passages to keep, leave out, reorder and edit; messages to edit.

Invariant: nothing goes on from here but what the gate takes; what is not changed goes on as it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from greenroom.core.inert import inert, inert_line
from greenroom.tui.card.form import Start
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.hints import Hint
from greenroom.tui.gates.text import TextSheet
from greenroom.tui.sheets.sheet import Sheet, SheetList
from greenroom.tui.text.runs import Line, Run, Tint, cell

if TYPE_CHECKING:
    from greenroom.core.values import Json
    from greenroom.engine.gates.pending import Pending

_BODY = 40
"""Lines of a text that unfold under its row."""
_NAME = 30
"""The most cells of an item's name."""
_TITLES = {
    "prompt": "The messages of this one call",
    "recall": "What was recalled",
    "retrieve": "What was found",
    "remember": "What would be kept",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One item: its number at the gate (of its source, for a message), whether it goes on, and its text as it is now."""

    at: int
    name: str
    text: str
    kept: bool = True
    was: str = ""
    source: str = ""
    fixed: bool = False

    @property
    def id(self) -> str:
        return f"{self.source}:{self.at}"

    @property
    def changed(self) -> bool:
        """Whether the person put other words there."""
        return self.text != self.was


def rows_of(pending: Pending) -> list[Row]:
    """The items of a gate: what goes on first, in its order."""
    rows = [_row(pending, place, one) for place, one in enumerate(pending.value)]
    if pending.gate == "prompt":
        return rows
    return [*(rows[place] for place in pending.chosen), *(row for row in rows if not row.kept)]


def _row(pending: Pending, place: int, one: dict[str, Json]) -> Row:
    text = inert(one["text"])
    if pending.gate != "prompt":
        return Row(one["at"], one.get("label") or one.get("key") or one["segment"], text, one["kept"], text)
    message = pending.messages[place]
    fixed = bool(message.calls or message.call_id) or message.source == "input"
    return Row(one["at"], one["source"], text, True, text, one["source"], fixed)


def edit_of(pending: Pending, rows: list[Row]) -> Json:
    """The edit that the rows stand for, in the form the gate takes."""
    if pending.gate == "prompt":
        changed = [row for row in rows if row.changed or not row.kept]
        return [{"source": row.source, "at": row.at, "text": row.text if row.kept else None} for row in changed]
    kept = [row for row in rows if row.kept]
    return [{"at": row.at, "text": row.text} if row.changed else {"at": row.at} for row in kept]


class RowList(SheetList):
    """The rows. Space keeps one or leaves it out, shift with an arrow moves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "screen.switch", "On, off", show=False, id="gate.toggle"),
        Binding("shift+up,K", "screen.move(-1)", "Up", show=False, id="gate.up"),
        Binding("shift+down,J", "screen.move(1)", "Down", show=False, id="gate.down"),
        Binding("e", "screen.edit", "Edit", show=False, id="gate.edit"),
    ]


class RowsSheet(Sheet):
    """Stays until what is chosen is taken. `take` says why an edit cannot be, or takes it and says nothing."""

    LIST = RowList
    ABOVE = 1
    DEFAULT_CSS = """
    RowsSheet > #frame { width: 110; }
    RowsSheet #sheet-title { margin: 0; }
    RowsSheet #gate-problem { height: 1; padding: 0 1; color: $error; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y", "take", "Go on", show=False, priority=True, id="gate.take-rows"),
    ]

    def __init__(self, pending: Pending, take: Callable[[Json], str]) -> None:
        self._pending = pending
        self._take = take
        self._rows = rows_of(pending)
        move = () if pending.gate == "prompt" else (Hint("shift+↑↓", "move"),)
        hints = [
            Hint("ctrl+y", "go on with these"),
            Hint("space", "keep or leave out"),
            Hint("e", "edit"),
            *move,
            Hint("enter", "unfold"),
        ]
        first = self._rows[0].id if self._rows else ""
        super().__init__(_TITLES[pending.gate], entries(self._rows), hints, first=first)

    def above(self) -> ComposeResult:
        """What is wrong."""
        yield Static(markup=False, id="gate-problem")

    def tell(self, problem: str) -> None:
        """Say what is wrong."""
        self.query_one("#gate-problem", Static).update(Content(inert_line(problem, 300)))

    def _place(self) -> int | None:
        chosen = self.list.selected
        return next((place for place, row in enumerate(self._rows) if chosen and row.id == chosen.id), None)

    def _put(self, place: int, row: Row) -> None:
        self._rows[place] = row
        self._draw(row)

    def _draw(self, row: Row) -> None:
        self.tell("")
        self.replace(entries(self._rows))
        self.list.select(row.id)

    def action_switch(self) -> None:
        """Keep the row, or leave it out."""
        place = self._place()
        if place is None:
            return
        row = self._rows[place]
        if row.fixed:
            self.tell(f"{row.name} cannot be left out: a model is not asked without it")
        else:
            self._put(place, replace(row, kept=not row.kept))

    def action_move(self, by: int) -> None:
        """Move the row among the others."""
        place = self._place()
        if place is None or self._pending.gate == "prompt" or not 0 <= place + by < len(self._rows):
            return
        row = self._rows.pop(place)
        self._rows.insert(place + by, row)
        self._draw(row)

    def action_edit(self) -> None:
        """Edit the row's text on a sheet of its own."""
        place = self._place()
        if place is None:
            return
        row = self._rows[place]

        def back(text: str | None) -> None:
            if text:
                self._put(place, replace(row, text=text, kept=True))

        def empty(text: str) -> str:
            return "" if text.strip() else "there is nothing left of it: leave it out instead"

        self.app.push_screen(TextSheet(row.name, Start(row.text), empty, does="keep this"), back)

    def edit_outside(self) -> None:
        """ctrl+x ctrl+e edits the row, as e does; the editor is one more key from there."""
        self.action_edit()

    def action_take(self) -> None:
        """Go on with what is chosen, if the gate takes it."""
        edit = edit_of(self._pending, self._rows)
        if problem := self._take(edit):
            self.tell(problem)
        else:
            self.dismiss(json.dumps(edit))


def entries(rows: list[Row]) -> list[Entry]:
    """The rows as the list shows them; what goes on is marked and numbered."""
    out = []
    number = 0
    names = min(max((len(row.name) for row in rows), default=0), _NAME)
    for row in rows:
        number += row.kept
        mark = Run(f"{number:>2} ", "good") if row.kept else Run(" – ", "quiet")
        tint: Tint = "strong" if row.kept else "quiet"
        head: Line = (
            mark,
            cell(row.name, names, tint),
            Run("  "),
            Run(inert_line(row.text, 200), "plain" if row.kept else "quiet"),
        )
        beside: Line = (Run("edited", "wait"),) if row.changed else ()
        lines = row.text.splitlines()
        more = [f"… {len(lines) - _BODY} more lines"] if len(lines) > _BODY else []
        body = tuple((Run(line or " "),) for line in [*lines[:_BODY], *more])
        out.append(Entry(row.id, "row", head=head, beside=beside, body=body))
    return out or [Entry("none", "note", text="Nothing is here; ctrl+y goes on.")]
