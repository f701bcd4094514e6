"""Variants side by side: what was said, answered, done and decided on each, and which one to go on with.

Invariant: looking changes nothing; what is picked or kept is handed to whoever opened the sheet. Comparing runs in a
thread, so that the screen never waits for a long session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.containers import Vertical
from textual.content import Content, Span
from textual.screen import ModalScreen
from textual.widgets import Static

from greenroom.commands.answer import counted
from greenroom.core.inert import inert_line
from greenroom.tui.compare.heads import changes_of, head_lines
from greenroom.tui.compare.lines import Look, places_for, turn_lines
from greenroom.tui.compare.rows import CompareRows
from greenroom.tui.frame.hints import Hint, Hints
from greenroom.tui.text.runs import Line, Run
from greenroom.views.comparison.comparison import Comparison, Side, compare

_HINTS = (
    Hint("left right", "side"),
    Hint("up down", "turn"),
    Hint("p", "keep this one"),
    Hint("x", "fixture"),
    Hint("d", "plain"),
    Hint("j k", "scroll"),
    Hint("escape", "back"),
)

_LAID_OUT = 16
_TOLD = 12.0
"""Seconds that a line stands in the place of the keys."""


class CompareSheet(ModalScreen[str]):
    """Its result is the session of the side that was picked, '' where none was.

    `here` is the session that is open; `fixture` opens an export of a side; `turn` is the first side's turn to begin at,
    without it the first that differs.
    """

    DEFAULT_CSS = """
    CompareSheet { background: $background; }
    CompareSheet > #compare-frame { width: 100%; height: 100%; background: $surface; padding: 0 1; }
    CompareSheet #compare-title { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    CompareSheet #compare-heads { height: auto; background: $panel; margin: 0 0 1 0; }
    CompareSheet.-slim #compare-heads { margin: 0; }
    CompareSheet #compare-body { height: 1fr; background: $surface; scrollbar-background: $surface; scrollbar-size-vertical: 1; }
    CompareSheet Hints { background: $surface; }
    """
    AUTO_FOCUS = "#compare-body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", show=False, id="compare.leave"),
        Binding("f1", "leave", "Back", show=False),
        Binding("left", "side(-1)", "Previous side", show=False, id="compare.left"),
        Binding("right,tab", "side(1)", "Next side", show=False, id="compare.right"),
        Binding("up", "turn(-1)", "Previous turn", show=False, id="compare.up"),
        Binding("down", "turn(1)", "Next turn", show=False, id="compare.down"),
        Binding("d", "marks", "Diff, plain", show=False, id="compare.marks"),
        Binding("enter,p", "pick", "Keep this one", show=False, id="compare.pick"),
        Binding("x", "fixture", "Keep as a fixture", show=False, id="compare.fixture"),
    ]

    def __init__(
        self,
        sides: Sequence[Side],
        *,
        here: str = "",
        turn: int | None = None,
        chosen: int = 0,
        fixture: Callable[[Side], None] = lambda side: None,
    ) -> None:
        super().__init__()
        self._sides = tuple(sides)
        self._here, self._first, self._fixture = here, turn, fixture
        self._compared: Comparison | None = None
        self._changes: tuple[str, ...] = ()
        self._at = 0
        self._chosen = min(chosen, len(self._sides) - 1)
        self._marked = True
        self._shown: tuple[int, int] = (-1, -1)
        self._laid: LRUCache[tuple[int, Look], list[Line]] = LRUCache(_LAID_OUT)

    def compose(self) -> ComposeResult:
        with Vertical(id="compare-frame"):
            yield Static(Content("Comparing"), id="compare-title")
            yield CompareRows(id="compare-heads")
            yield CompareRows(id="compare-body")
            yield Hints(_HINTS)

    def on_mount(self) -> None:
        self.run_worker(self._compare(), group="compare", exclusive=True)

    async def _compare(self) -> None:
        compared = await asyncio.to_thread(compare, self._sides)
        self._changes = await asyncio.to_thread(changes_of, compared)
        self._compared = compared
        self._at = self._beginning(compared)
        self._draw()

    def _beginning(self, compared: Comparison) -> int:
        for place, turn in enumerate(compared.turns):
            numbers = [facts.turn for facts in turn.turns[:1] if facts]
            if (self._first in numbers) if self._first is not None else turn.differs:
                return place
        return 0

    @property
    def chosen(self) -> Side:
        """The side that a key picks."""
        return self._sides[self._chosen]

    def on_resize(self) -> None:
        self.set_class(self.size.height < 20, "-slim")
        self._draw()

    def _draw(self) -> None:
        compared = self._compared
        if compared is None or not self.is_attached:
            return
        heads = self.query_one("#compare-heads", CompareRows)
        body = self.query_one("#compare-body", CompareRows)
        width = max(self.size.width - 4, 20)
        letters = tuple(chr(ord("A") + place) for place in range(len(self._sides)))
        look = Look(width, letters, places_for(width, len(self._sides), self._chosen), self._chosen, self._marked)
        heads.show(head_lines(compared, self._changes, look, self._here, self._at))
        lines = self._laid_out(compared, look)
        place = (self._at, self._chosen if look.stacked else -1)
        body.show(lines, from_top=place != self._shown)
        self._shown = place
        self._title(compared)

    def _laid_out(self, compared: Comparison, look: Look) -> list[Line]:
        """The turn at a look, laid out once: going back and forth between sides of long texts costs nothing."""
        if not compared.turns:
            return [(Run("  nothing was said after what they share", "quiet"),)]
        if (self._at, look) not in self._laid:
            self._laid[self._at, look] = turn_lines(compared.turns[self._at], look)
        return self._laid[self._at, look]

    def _title(self, compared: Comparison) -> None:
        total = len(compared.turns)
        parts = ["Compare"]
        if total:
            turn = compared.turns[self._at]
            differing = sum(one.differs for one in compared.turns)
            parts.append(f"turn {turn.here[0].turn} {'differs' if turn.differs else 'is the same'}")
            parts += [f"{self._at + 1} of {total}, {differing} of them differ"] if total > 1 else []
        parts += [f"{counted(compared.shared, 'turn')} before shared"] if compared.shared else []
        text = " · ".join(parts)
        shown = inert_line(text, 200)
        self.query_one("#compare-title", Static).update(Content(shown, [Span(0, 7, "$primary bold")]))

    def action_side(self, step: int) -> None:
        """The next side, round the ends."""
        self._chosen = (self._chosen + step) % len(self._sides)
        self._draw()

    def action_turn(self, step: int) -> None:
        """The turn before or after."""
        last = len(self._compared.turns) - 1 if self._compared else 0
        self._at = min(max(self._at + step, 0), max(last, 0))
        self._draw()

    def action_marks(self) -> None:
        """Mark what differs, or do not."""
        self._marked = not self._marked
        self.query_one(Hints).show(
            Hint(h.key, "plain" if self._marked else "marks") if h.key == "d" else h for h in _HINTS
        )
        self._draw()

    def action_pick(self) -> None:
        """Go on with the chosen side."""
        if self._compared is not None:
            self.dismiss(self.chosen.session)

    def action_fixture(self) -> None:
        """Keep the chosen side as a fixture; the sheet stays."""
        if self._compared is not None:
            self._fixture(self.chosen)

    def tell(self, text: str) -> None:
        """One line for the person, in the place of the keys for a while."""
        self.query_one(Hints).tell(text, seconds=_TOLD)

    def action_leave(self) -> None:
        """Back, with nothing picked."""
        self.dismiss("")
