"""What a turn would have had otherwise: leave out a passage or memory, turn a setting, see prompt and verdicts at once.

Invariant: nothing is run or written while one looks; only the key that runs it does, in a new session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from greenroom.core.errors import GreenroomError
from greenroom.core.inert import inert_line
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.assembly.past.what_if import WhatIf
    from greenroom.core.events import Record
    from greenroom.persona.contract import Knowledge
    from greenroom.regression.flips import Flips
    from greenroom.regression.what_if import Otherwise

_STEP = 0.05
_HINTS = (
    Hint("space", "leave out"),
    Hint("r", "run it"),
    Hint("+ -", "how many"),
    Hint(", .", "least score"),
    Hint("enter", "read"),
    Hint("0", "as it was"),
    Hint("escape", "back"),
)


class WhatIfSheet(Sheet):
    """Over turn `turn` of a session. `run` begins a rerun of it with what is other here."""

    DEFAULT_CSS = """
    WhatIfSheet > #frame { width: 120; }
    WhatIfSheet #what-if { height: 1; padding: 0 1; color: $accent; text-wrap: nowrap; text-overflow: ellipsis; }
    WhatIfSheet #what-if.-bad { color: $error; }
    """
    ABOVE = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "leave_out", "Leave out", show=False, priority=True, id="what_if.leave_out"),
        Binding("plus,equals_sign", "top(1)", "One passage more", show=False, id="what_if.more"),
        Binding("minus", "top(-1)", "One passage fewer", show=False, id="what_if.fewer"),
        Binding("comma", "score(-1)", "A lower least score", show=False, id="what_if.lower"),
        Binding("full_stop", "score(1)", "A higher least score", show=False, id="what_if.higher"),
        Binding("0", "reset", "As it was", show=False, id="what_if.reset"),
        Binding("r,ctrl+r", "run", "Run it", show=False, priority=True, id="what_if.run"),
    ]

    def __init__(
        self,
        workspace: Workspace,
        records: Sequence[Record],
        turn: int,
        knowledge: Knowledge,
        run: Callable[[int, Otherwise], None],
    ) -> None:
        from greenroom.regression.what_if import Otherwise

        super().__init__(f"What if, in turn {turn}: no model is asked", (), _HINTS)
        self._workspace = workspace
        self._records = records
        self._turn = turn
        self._knowledge = knowledge
        self._run = run
        self._found: WhatIf | None = None
        self._flips: Flips | None = None
        self.otherwise = Otherwise()

    def above(self) -> ComposeResult:
        """What it comes to, in a line."""
        yield Static(markup=False, id="what-if")

    def on_mount(self) -> None:
        super().on_mount()
        self._say("looking …")
        self._ask()
        self.run_worker(self._judge(), group="flips")

    async def _judge(self) -> None:
        from greenroom.commands.session.what_if import flips_under

        try:
            self._flips = await asyncio.to_thread(flips_under, self._workspace, self._records)
        except GreenroomError as error:
            self._say(error.line(), bad=True)
        self._show()

    def _ask(self) -> None:
        self.run_worker(self._asking(), group="what-if", exclusive=True)

    async def _asking(self) -> None:
        from greenroom.assembly.past.what_if import what_if

        try:
            self._found = await what_if(self._workspace, self._records, self._turn, 1, self.otherwise)
        except GreenroomError as error:
            self._say(error.line(), bad=True)
            return
        self._show()

    def _show(self) -> None:
        from greenroom.tui.branches.what_if_rows import ITEM, rows, state_line

        if not self.is_attached or self._found is None:
            return
        unfolded = {entry.id for entry in self.list.entries if entry.open}
        selected = self.list.selected
        self.replace(rows(self._found, self._flips, self.otherwise, unfolded))
        if selected is None:
            first = next((entry.id for entry in self.list.entries if entry.id.startswith(ITEM)), "")
            self.list.select(first)
        self._say(state_line(self._found, self.otherwise))

    def action_leave_out(self) -> None:
        """The selected passage or memory out of the prompt, or back in."""
        from greenroom.tui.branches.what_if_rows import ITEM

        selected = self.list.selected
        if selected is None or not selected.id.startswith(ITEM):
            return
        self.otherwise = replace(self.otherwise, without=self.otherwise.without ^ {selected.id.removeprefix(ITEM)})
        self._ask()

    def action_top(self, more: int) -> None:
        """One passage more or fewer."""
        now = self.otherwise.top_k or self._knowledge.top_k
        self._set(top_k=min(max(now + more, 1), 100))

    def action_score(self, more: int) -> None:
        """A passage's least score, up or down."""
        now = self._knowledge.min_score if self.otherwise.min_score is None else self.otherwise.min_score
        self._set(min_score=min(max(round(now + more * _STEP, 2), 0.0), 1.0))

    def _set(self, **settings: float) -> None:
        """Turn settings; one that is as the contract has it is none."""
        own = {name: None if getattr(self._knowledge, name) == value else value for name, value in settings.items()}
        self.otherwise = replace(self.otherwise, **own)  # type: ignore[arg-type]  # the two settings that keys turn
        self._ask()

    def action_reset(self) -> None:
        """Everything as it was."""
        from greenroom.regression.what_if import Otherwise

        self.otherwise = Otherwise()
        self._ask()

    def action_run(self) -> None:
        """Say the turn again so, in a new session."""
        self.dismiss("run")
        self._run(self._turn, self.otherwise)

    def _say(self, text: str, *, bad: bool = False) -> None:
        if self.is_attached:
            line = self.query_one("#what-if", Static)
            line.set_class(bad, "-bad")
            line.update(Content(inert_line(text, 300)))
