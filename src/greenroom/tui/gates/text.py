"""A text on a sheet of its own, to be put in the place of what waits at a gate: a message, a passage, arguments, a result.

Invariant: it is left with what was written only where that is taken; what is wrong with it stands under it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content, Span
from textual.widgets import Static, TextArea

from greenroom.core.inert import inert, inert_line
from greenroom.tui.card.form import Start
from greenroom.tui.frame.hints import Hint, Hints
from greenroom.tui.sheets.sheet import Sheet

_CHROME = 7
_EARLIER = (Hint("alt+down", "earlier results"),)


class GateText(TextArea):
    """Where it is written."""

    DEFAULT_CSS = """
    GateText { border: none; padding: 0 1; background: $panel; height: auto; min-height: 3; scrollbar-size-vertical: 1; }
    GateText:focus { border: none; }
    GateText .text-area--cursor-line { background: transparent; }
    """


class TextSheet(Sheet):
    """Asks for a text. `take` says why it cannot be, or takes it and says nothing; the sheet's result is the text.

    `check` says while it is written what is wrong; `earlier` are texts that can be put there with one key.
    """

    DEFAULT_CSS = """
    TextSheet SheetList { display: none; }
    TextSheet #gate-problem { height: auto; max-height: 3; padding: 0 1; color: $error; }
    TextSheet #gate-about { height: auto; max-height: 3; padding: 0 1; color: $quiet; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y", "take", "Go on", show=False, priority=True, id="gate.take"),
        Binding("escape", "leave", "Back", show=False, priority=True, id="gate.leave"),
        Binding("alt+down", "earlier(1)", "Earlier", show=False, priority=True, id="gate.earlier"),
        Binding("alt+up", "earlier(-1)", "Later", show=False, priority=True, id="gate.later"),
    ]

    def __init__(
        self,
        title: str,
        start: Start,
        take: Callable[[str], str],
        *,
        about: str = "",
        check: Callable[[str], Sequence[str]] = lambda text: (),
        earlier: Sequence[str] = (),
        does: str = "go on with this",
    ) -> None:
        hints = [Hint("ctrl+y", does), Hint("ctrl+x ctrl+e", "$EDITOR"), *(_EARLIER if earlier else ())]
        super().__init__(title, [], hints)
        self._start_text = start
        self._take = take
        self._about = about
        self._check = check
        self._earlier = tuple(earlier)
        self._shown = -1

    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield Static(Content(self._title, [Span(0, len(self._title), "$primary bold")]), id="sheet-title")
            if self._about:
                yield Static(Content(inert_line(self._about, 300)), id="gate-about")
            yield GateText(inert(self._start_text.text), soft_wrap=True, tab_behavior="focus", id="gate-text")
            yield Static(markup=False, id="gate-problem")
            yield self.LIST()  # a sheet has one; here it is out of sight
            yield Hints(self._hints)

    @property
    def area(self) -> GateText:
        """Where it is written."""
        return self.query_one(GateText)

    def _start(self) -> None:
        self.area.focus()
        if self._start_text.begin != self._start_text.end:
            self.area.selection = type(self.area.selection)(self._start_text.begin, self._start_text.end)
        else:
            self.area.move_cursor(self.area.document.end)

    def _fit(self) -> None:
        """As tall as what is written, at most the screen."""
        self.set_class(self.size.height < 16 or self.size.width < 60, "-slim")
        if areas := self.query(GateText):
            areas.first().styles.max_height = max(self.size.height * 9 // 10 - _CHROME, 3)

    @on(TextArea.Changed)
    def _written(self, event: TextArea.Changed) -> None:
        event.stop()
        self.tell("; ".join(self._check(self.area.text)))

    def tell(self, problem: str) -> None:
        """Say what is wrong."""
        self.query_one("#gate-problem", Static).update(Content(inert_line(problem, 400)))

    def action_take(self) -> None:
        """Go on with what is written, if it is taken."""
        text = self.area.text
        found = "; ".join(self._check(text)) or self._take(text)
        if found:
            self.tell(found)
        else:
            self.dismiss(text)

    def action_earlier(self, by: int) -> None:
        """Put another of the earlier texts there."""
        if self._earlier:
            self._shown = min(max(self._shown + by, 0), len(self._earlier) - 1)
            self.area.load_text(inert(self._earlier[self._shown]))

    def edit_outside(self) -> None:
        """What is written, in `$EDITOR`."""
        from greenroom.tui.sheets.editor import edited

        try:
            with self.app.suspend():
                back = edited(self.area.text, "gate.txt")
        except Exception as error:  # noqa: BLE001  # no editor, no terminal to give up: what there was stays
            self.tell(f"the editor could not be used: {error}")
            return
        self.area.load_text(inert(back))
