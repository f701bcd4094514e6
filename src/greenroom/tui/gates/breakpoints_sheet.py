"""The breakpoints on a sheet: what is set, what is off, what is kept with the workspace; added, switched and removed.

Invariant: the sheet shows what holds; a condition that cannot be used is said to be wrong and stays to be corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from greenroom.core.inert import inert_line
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet, SheetList
from greenroom.tui.text.runs import Run

if TYPE_CHECKING:
    from greenroom.core.values import Breakpoint

Found = Sequence[tuple["Breakpoint", bool]]
"""Each with whether it is kept with the workspace."""
Wish = Literal["add", "toggle", "remove"]
_HINTS = (Hint("enter", "add"), Hint("tab", "list"), Hint("space", "on, off"), Hint("d", "remove"))
_EXAMPLES = (
    'tool.name == "orders.refund"',
    'verdict.effect == "deny"',
    "passages.top_similarity < 0.4",
    "turn == 3",
    "usage.usd > 0.05",
)


class BreakList(SheetList):
    """The list. Space switches a breakpoint instead of turning the page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "screen.wish('toggle')", "On, off", show=False, id="break.toggle"),
        Binding("d,delete", "screen.wish('remove')", "Remove", show=False, id="break.remove"),
    ]


class BreakSheet(Sheet):
    """Stays until it is left. `do` does what is wished and says how things stand then, and what was wrong with it."""

    LIST = BreakList
    ABOVE = 2
    DEFAULT_CSS = """
    BreakSheet Input { border: none; height: 1; padding: 0 1; background: $panel; }
    BreakSheet Input:focus { border: none; }
    BreakSheet #break-problem { height: 1; margin: 0 0 1 0; padding: 0 1; color: $error; text-wrap: nowrap; text-overflow: ellipsis; }
    BreakSheet.-slim #break-problem { margin: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", "Other", show=False, priority=True, id="break.other"),
    ]

    def __init__(self, found: Found, do: Callable[[Wish, str], tuple[Found, str]]) -> None:
        super().__init__("Breakpoints: stop where one of these holds", rows(found), _HINTS)
        self._do = do

    def above(self) -> ComposeResult:
        """A new condition, and what is wrong."""
        yield Input(placeholder='a condition, such as tool.name == "orders.refund"', id="break-when")
        yield Static(markup=False, id="break-problem")

    def _start(self) -> None:
        super()._start()
        self.query_one(Input).focus()

    def wish(self, wish: Wish, when: str) -> None:
        """Have it done, and show how things stand; with a problem what was typed stays."""
        chosen = self.list.selected
        found, problem = self._do(wish, when)
        self.replace(rows(found))
        self.tell(problem)
        if chosen is not None:
            self.list.select(chosen.id)
        if wish == "add" and not problem:
            self.query_one(Input).value = ""

    def tell(self, problem: str) -> None:
        """Say what is wrong."""
        self.query_one("#break-problem", Static).update(Content(inert_line(problem, 300)))

    def action_wish(self, wish: Wish) -> None:
        """Switch or remove the selected one."""
        chosen = self.list.selected
        if chosen is not None and chosen.id.startswith("break:"):
            self.wish(wish, chosen.id.removeprefix("break:"))

    def choose(self, entry: Entry) -> None:
        """Enter on an example takes it over; on a breakpoint it switches it."""
        if entry.id.startswith("example:"):
            field = self.query_one(Input)
            field.value = entry.id.removeprefix("example:")
            field.focus()
        else:
            self.action_wish("toggle")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.wish("add", event.value.strip())

    def action_other(self) -> None:
        """Between the condition and the list."""
        field = self.query_one(Input)
        self.set_focus(self.list if self.focused is field else field)


def rows(found: Found) -> list[Entry]:
    """What is set, each with whether it is kept with the workspace; examples where there is none."""
    if not found:
        shown = [Entry(f"example:{one}", "row", head=(Run("   "), Run(one, "quiet"))) for one in _EXAMPLES]
        return [Entry("examples", "section", "for example"), *shown]
    return [
        Entry(
            f"break:{one.when}",
            "row",
            head=(
                Run("● " if one.on else "○ ", "bad" if one.on else "quiet"),
                Run(one.when, "plain" if one.on else "quiet"),
            ),
            beside=(Run("" if kept else "this session", "quiet"), Run("" if one.on else "  off", "quiet")),
        )
        for one, kept in found
    ]
