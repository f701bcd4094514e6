"""The tree of a session's forks on a sheet: what branched off where, what was changed, how it ended; enter opens one."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet
from greenroom.tui.text.runs import Run, Tint, cell
from greenroom.views.branches.lineage import Line

_OUTCOMES: dict[str, Tint] = {"answered": "quiet", "open": "wait", "empty": "quiet"}


class TreeSheet(Sheet):
    """Lines in the order of the tree. Its result is the session to open."""

    DEFAULT_CSS = """
    TreeSheet > #frame { width: 110; }
    """

    def __init__(self, lines: Sequence[Line], current: str) -> None:
        wide = max((len(line.rails) + len(line.id) for line in lines), default=12)
        entries = [_row(line, current, min(wide, 30)) for line in lines]
        super().__init__(
            "Forks of this session", entries, [Hint("enter", "open"), Hint("up down", "choose")], first=current
        )

    def choose(self, entry: Entry) -> None:
        """Open it."""
        self.dismiss(entry.id)


def _row(line: Line, current: str, wide: int) -> Entry:
    here = line.id == current
    name: Tint = "strong" if here else "person"
    head = (
        Run(line.rails, "quiet"),
        cell(line.id, max(wide - len(line.rails), 10), name),
        Run("  "),
        *((Run(f"{line.what}  ", "key"),) if line.what else ()),
        Run(line.words or "nothing said", "plain" if line.words else "quiet"),
    )
    state = "here" if here else "kept" if line.chosen else line.outcome
    return Entry(line.id, "row", head=head, beside=(cell(state, 9, _OUTCOMES.get(line.outcome, "bad"), right=True),))
