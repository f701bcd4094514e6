"""The kill switch on a sheet: what is stopped, what can be stopped, a line for the reason.

Invariant: pressing needs no reason and one key; lifting needs one. What the sheet shows is read from the switch itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from greenroom.core.values import Stop, StopScope
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet
from greenroom.tui.text.runs import Run, Tint, cell

if TYPE_CHECKING:
    from greenroom.tui.folds import Folds

_HINTS = (Hint("enter", "stop or lift it"), Hint("up down", "choose"), Hint("tab", "reason"), Hint("escape", "back"))


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be stopped, and what it is called."""

    scope: StopScope
    target: str
    name: str


def targets(session: str, folds: Folds, tools: Sequence[str], turn: int) -> list[Target]:
    """What can be stopped now: everything, this turn and its calls (`turn` 0: none is under way), each tool."""
    found = [Target("everything", "", "every session of this workspace")]
    if turn:
        found.append(Target("turn", f"{session}/t{turn}", f"turn {turn} of this session"))
        calls = folds.tools.number(turn)
        going = [view for view in calls.calls if view.status in _GOING] if calls else []
        found += [
            Target("call", f"{session}/t{turn}/tool:{view.call.id}", f"{view.call.tool} ({view.call.id})")
            for view in going
        ]
    return [*found, *(Target("tool", tool, tool) for tool in tools)]


_GOING = ("asked for", "waits for a person", "running")


class StopSheet(Sheet):
    """Lists stops in force, then what can be stopped; the sheet stays until it is left."""

    DEFAULT_CSS = """
    StopSheet > #frame { border-left: thick $error; }
    StopSheet Input { border: none; height: 1; padding: 0 1; background: $panel; margin: 0 0 1 0; }
    StopSheet Input:focus { border: none; }
    StopSheet.-slim Input { margin: 0; }
    StopSheet #stop-problem { height: 1; padding: 0 1; color: $error; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    ABOVE = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", "Other", show=False, priority=True, id="stop.other")
    ]

    @dataclass
    class Pressed(Message):
        """Stop this."""

        target: Target
        reason: str

    @dataclass
    class Lifted(Message):
        """End this stop."""

        ended: Stop
        reason: str

    def __init__(self, stops: Sequence[Stop], targets: Sequence[Target]) -> None:
        first = "stop:0" if stops else "target:0"
        super().__init__("Kill switch", (), _HINTS, first=first)
        self._stops = tuple(stops)
        self._targets = tuple(targets)
        self._wanted = first
        self._entries = self._rows()

    def above(self) -> ComposeResult:
        """The reason, and what is wrong."""
        yield Input(placeholder="why; needed to lift, and kept", id="stop-reason")
        yield Static(markup=False, id="stop-problem")

    def show(self, stops: Sequence[Stop]) -> None:
        """Show what is stopped by now."""
        if tuple(stops) != self._stops:
            self._stops = tuple(stops)
            self.replace(self._rows())

    def tell(self, problem: str) -> None:
        """Say what is wrong."""
        self.query_one("#stop-problem", Static).update(Content(" ".join(problem.split())))

    def _rows(self) -> list[Entry]:
        force = Entry("force", "section", "stopped now", aside="enter lifts it" if self._stops else "nothing")
        rows = [force, *(_stopped(place, stop) for place, stop in enumerate(self._stops))]
        rows.append(Entry("can", "section", "can be stopped", aside="enter stops it"))
        held = {(stop.scope, stop.target) for stop in self._stops}
        for place, one in enumerate(self._targets):
            tint: Tint = "quiet" if (one.scope, one.target) in held else "plain"
            rows.append(Entry(f"target:{place}", "row", head=(cell(one.scope, 12, "bad"), Run(one.name, tint))))
        return rows

    def choose(self, entry: Entry) -> None:
        """Stop or lift what was chosen."""
        kind, _, place = entry.id.partition(":")
        self._wanted = entry.id
        reason_line = self.query_one("#stop-reason", Input)
        reason = reason_line.value.strip()
        if kind == "target":
            self.tell("")
            self.post_message(self.Pressed(self._targets[int(place)], reason))
        elif kind == "stop" and reason:
            self.tell("")
            self.post_message(self.Lifted(self._stops[int(place)], reason))
        elif kind == "stop":
            self.tell("say why it is lifted; enter lifts it then")
            self.set_focus(reason_line)
            return
        reason_line.value = ""
        self.set_focus(self.list)

    @on(Input.Submitted)
    def _reasoned(self, event: Input.Submitted) -> None:
        event.stop()
        chosen = self.list.selected or next((one for one in self.list.entries if one.id == self._wanted), None)
        if chosen is not None:
            self.choose(chosen)

    def action_other(self) -> None:
        """Between the list and the reason."""
        reason = self.query_one("#stop-reason", Input)
        self.set_focus(self.list if self.focused is reason else reason)  # at once: the next key is meant for it


def _stopped(place: int, stop: Stop) -> Entry:
    what = stop.target or "every session of this workspace"
    since = f"since {stop.at[11:16]} UTC" if stop.at else ""
    head = (cell("STOPPED", 9, "bad"), cell(stop.scope, 12, "strong"), Run(what))
    beside = (Run(f"{stop.by}  {since}".strip(), "quiet"),)
    # The reason stands in the row itself: a row that unfolds could not be chosen.
    reason = (Run(f"  {stop.reason}", "wait"),) if stop.reason else ()
    return Entry(f"stop:{place}", "row", head=(*head, *reason), beside=beside)
