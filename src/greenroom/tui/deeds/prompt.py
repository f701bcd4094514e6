"""The deeds of the Prompt pane: another call of the turn, what it is set against, and its request on the clipboard.

Invariant: as in `doing`: every method returns at once. Nothing is sent to anybody, and no key is copied.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.panes.side import Side

if TYPE_CHECKING:
    from greenroom.assembly.past.sent import Sent
    from greenroom.core.messages import ModelRequest
    from greenroom.tui.panes.prompt import Prompt
    from greenroom.tui.workbench import Workbench


class PromptDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def call(self, by: str) -> None:
        """The call before or after, and its turn's neighbours no further."""
        prompt = self._prompt()
        numbers = [one.number for one in self._calls(prompt)]
        if not numbers:
            self.bench.tell("no model was asked in this turn")
            return
        at = numbers.index(prompt.call) if prompt.call in numbers else len(numbers) - 1
        prompt.call = numbers[min(max(at + int(by), 0), len(numbers) - 1)]
        self._show()

    def against(self) -> None:
        """Set the call against the one before it, then against the disk, then look at it alone again."""
        from greenroom.tui.panes.prompt import AGAINST

        prompt = self._prompt()
        prompt.on_disk = lambda: self.bench.watching.disk.contract
        prompt.against = AGAINST[(AGAINST.index(prompt.against) + 1) % len(AGAINST)]
        self._show()

    def copy(self, how: str) -> None:
        """Put the request on the clipboard, as JSON or as a curl command."""
        prompt = self._prompt()
        chosen = prompt.chosen(self._calls(prompt))
        if chosen is None:
            self.bench.tell("no model was asked in this turn")
            return
        self.bench.tell("one moment: the request is put together as it goes over the wire")
        work = self._copied(chosen.request, chosen.table, how)
        self.bench.run_worker(self.bench.mishaps.through(work), group="copy", exclusive=True)

    async def _copied(self, request: ModelRequest, table: str, how: str) -> None:
        from greenroom.assembly.past.wire import must_lead_somewhere, wire
        from greenroom.models.curl import curl, pretty_json

        try:
            found = await asyncio.to_thread(wire, self.bench.workspace, request, table=table)
            text = pretty_json(found.body) if how == "json" else curl(must_lead_somewhere(found))
        except GreenroomError as error:
            self.bench.tell(error.line(), "warning")
            return
        self.bench.copy_to_clipboard(text)
        self.bench.tell(
            f"copied: the request as {'JSON' if how == 'json' else 'a curl command'}, {len(text)} characters"
        )

    def _prompt(self) -> Prompt:
        return self.bench.query_one(Side).panes.prompt

    def _calls(self, prompt: Prompt) -> tuple[Sent, ...]:
        return prompt.calls(self.bench.scrub.folds, self.bench.turn_shown, self.bench.rehearsal.contract)

    def _show(self) -> None:
        """Bring the pane up, and draw it."""
        side = self.bench.query_one(Side)
        if any(slot.shown == "Prompt" for slot in side.slots) and self.bench.arrangement.panes_shown:
            self.bench.redraw()
        else:
            self.bench.doing.pane("Prompt")
