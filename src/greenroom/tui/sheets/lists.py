"""The sheets: what F1 shows, the sessions there are, what a workspace would run, and the lines of a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.deeds.table import DEEDS, GROUPS, MORE, Deed
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet
from greenroom.tui.sheets.sheet_keys import KeysSheet, key_rows
from greenroom.tui.text.runs import Run, Tint, cell

if TYPE_CHECKING:
    from greenroom.log.summary import SessionSummary
    from greenroom.workspace.trust import Described

_WIDE = 120
_AROUND = 10
"""The most cells of a sheet of lines, and those of them that are not text."""
_STATES: dict[str, Tint] = {
    **dict.fromkeys(("open question", "interrupted", "unfinished"), "wait"),
    **dict.fromkeys(("closed", "empty"), "quiet"),
}
_NAME = 18
_STATE = 24
"""The most cells of a persona's name and version, and of how a session stands."""


def help_sheet() -> Sheet:
    """Every key, by what it belongs to."""
    entries: list[Entry] = []
    for group in GROUPS:
        entries.append(Entry(f"group:{group}", "section", group))
        rows = [(f"more:{keys}", keys, does) for place, keys, does in MORE if place == group]
        named = group in ("panes", "card")
        rows += [
            (f"deed:{deed.name}", _keys(deed), f"{deed.name}: {deed.does}" if named else deed.does)
            for deed in DEEDS
            if deed.group == group
        ]
        entries += [entry for row in rows for entry in key_rows(*row)]
    return KeysSheet("Keys: letters act outside text, and ^p finds everything by name", entries)


def _keys(deed: Deed) -> str:
    chord = f"ctrl+x {deed.chord}" if deed.chord else ""
    slash = f"/{deed.slash}" if deed.slash and not (deed.key or deed.letter or chord) else ""
    return "  ".join(key for key in (deed.key, deed.letter, chord, slash) if key)


class LinesSheet(Sheet):
    """What a command said; what is longer than a row goes on below it."""

    DEFAULT_CSS = """
    LinesSheet > #frame { width: 120; }
    """

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__(title, [], first="line:0")
        self._lines = tuple(lines)

    def on_mount(self) -> None:
        self._entries = self._rows()
        super().on_mount()

    def on_resize(self) -> None:
        self.replace(self._rows())

    def _rows(self) -> list[Entry]:
        room = max(min(self.size.width, _WIDE) - _AROUND, 20)
        rows = [row for line in self._lines for row in _wrapped(line, room)]
        return [Entry(f"line:{place}", "row", head=(Run(row or " "),)) for place, row in enumerate(rows)]


def _wrapped(line: str, room: int) -> list[str]:
    """A line as rows, its own indentation kept and a little more for what goes on."""
    from textwrap import wrap

    if len(line) <= room:
        return [line]
    indent = " " * min(len(line) - len(line.lstrip()) + 2, room // 2)
    return wrap(line, room, subsequent_indent=indent, break_on_hyphens=False) or [line]


class SessionsSheet(Sheet):
    """The sessions of the workspace, the branches of each below it; enter opens one."""

    DEFAULT_CSS = """
    SessionsSheet > #frame { width: 110; }
    """

    def __init__(
        self, found: Sequence[SessionSummary], current: str, *, title: str = "Sessions", does: str = "open"
    ) -> None:
        from greenroom.log.summary import said_in

        shown = said_in(found, current)
        empty = len(found) - len(shown)
        names = min(max((len(_persona(one)) for one in shown), default=0), _NAME)
        states = min(max((len(_state(one, current)) for one in shown), default=0), _STATE)
        entries = [_session_row(one, current, names, states) for one in shown]
        entries = entries or [Entry("none", "note", text="No session yet.")]
        if empty:
            said = f"{empty} in which nothing was said {'is' if empty == 1 else 'are'} left out."
            entries.append(Entry("empty", "note", text=said))
        super().__init__(title, entries, [Hint("enter", does), Hint("up down", "choose")], first=current)

    def choose(self, entry: Entry) -> None:
        """Open it."""
        if entry.kind == "row":
            self.dismiss(entry.id)


def _persona(one: SessionSummary) -> str:
    return f"{one.persona}@{one.version}" if one.persona else "?"


def _state(one: SessionSummary, current: str) -> str:
    return "here" if one.id == current else one.status


def _session_row(one: SessionSummary, current: str, names: int, states: int) -> Entry:
    line = one.place
    words = line.words if line.origin else one.words
    who = Run(line.rails, "quiet") if line.rails else cell(_persona(one), names, "persona")
    head = (
        cell((line.began or one.started)[5:16].replace("T", " "), 11, "quiet"),
        Run("  "),
        who,
        *((Run("  "),) if not line.rails else ()),
        *((Run(f"{line.branch.replace(' changed', '')}  ", "key"),) if line.origin else ()),
        Run(words or "nothing said", "plain" if words else "quiet"),
    )
    turns = f"{one.turns} turn{'s' if one.turns != 1 else ' '}"
    tint: Tint = "strong" if one.id == current else _STATES.get(one.status, "bad")
    beside = (Run(turns, "quiet"), Run("  "), cell(_state(one, current), states, tint))
    return Entry(one.id, "row", head=head, beside=beside)


class TrustSheet(Sheet):
    """What the workspace would run and reach. Its result is `trust`, or '' for read-only."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "trust", "Trust", show=False, id="trust.yes")]

    def __init__(self, root: str, described: Described) -> None:
        parts = (
            ("Python and tool files it would load", described.tools),
            ("programs it would start", described.commands),
            ("hosts it would talk to", described.hosts),
            ("secrets it would hand on", described.secrets),
        )
        entries: list[Entry] = []
        for title, items in parts:
            entries.append(Entry(f"part:{title}", "section", title, aside="" if items else "none"))
            entries += [Entry(f"item:{title}:{item}", "row", head=(Run(item),)) for item in items]
        hints = [Hint("ctrl+y", "trust, until it changes"), Hint("escape", "only look")]
        super().__init__(f"Do you trust {root}? Nothing of it has run yet.", entries, hints)

    def action_trust(self) -> None:
        """Trust it."""
        self.dismiss("trust")
