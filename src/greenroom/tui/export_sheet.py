"""Exporting a session: a name, why, what it stands for, and a preview of what would be expected and replaced.

Invariant: nothing is written before the person says so, and the preview is made by the code that writes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content, Span
from textual.widgets import Input, Static

from greenroom.core.errors import GreenroomError
from greenroom.core.events import ApprovalRequested, Record, ToolStarted
from greenroom.tui.entries import Entry
from greenroom.tui.hints import Hint
from greenroom.tui.runs import Line, Run
from greenroom.tui.sheet import Sheet
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract

Expect = Literal["good", "bad", "observe"]
_EXPECTS: tuple[Expect, ...] = ("good", "bad", "observe")
_MEANS: dict[Expect, str] = {
    "good": "this must stay so",
    "bad": "this must not come back",
    "observe": "replay only, expect nothing",
}

_LONG = 60
"""Characters from which an expectation can be unfolded."""


class ExportSheet(Sheet):
    """Asks, previews, writes. Its result is the pytest line, or '' when nothing was written."""

    DEFAULT_CSS = """
    ExportSheet Input { border: none; height: 1; padding: 0 1; background: $panel; margin: 0 0 1 0; }
    ExportSheet Input:focus { border: none; }
    ExportSheet.-slim Input { margin: 0; }
    ExportSheet #export-expect, ExportSheet #export-problem { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ExportSheet #export-problem { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+e", "expect", "Expect", show=False, priority=True, id="export.expect"),
        Binding("ctrl+y", "write", "Write", show=False, priority=True, id="export.write"),
    ]

    def __init__(self, workspace: Workspace, records: Sequence[Record], contract: Contract, name: str) -> None:
        hints = [Hint("ctrl+y", "write it"), Hint("ctrl+e", "good, bad, observe"), Hint("tab", "next")]
        super().__init__("Export this session as a fixture that pytest replays", [], hints)
        self._workspace = workspace
        self._records = list(records)
        self._contract = contract
        self._name = name
        self._expect: Expect = "good"

    def above(self) -> ComposeResult:
        """The three things asked."""
        yield Input(self._name, placeholder="name, such as refund-over-limit", id="export-name")
        yield Input(placeholder="why it exists; shown when it fails", id="export-why")
        yield Static(markup=False, id="export-expect")
        yield Static(markup=False, id="export-problem")

    def on_mount(self) -> None:
        super().on_mount()
        self._show_expect()
        self.query_one("#export-name", Input).focus()
        self.run_worker(self._preview(), group="preview", exclusive=True)

    def _show_expect(self) -> None:
        text = f"expect  {self._expect}: {_MEANS[self._expect]}"
        spans = [Span(0, 7, "$quiet"), Span(8, 8 + len(self._expect), "$accent bold")]
        self.query_one("#export-expect", Static).update(Content(text, spans))

    def action_expect(self) -> None:
        """The next of the three."""
        self._expect = _EXPECTS[(_EXPECTS.index(self._expect) + 1) % len(_EXPECTS)]
        self._show_expect()
        self.run_worker(self._preview(), group="preview", exclusive=True)

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    async def _preview(self) -> None:
        try:
            entries = await asyncio.to_thread(_preview, self._records, self._contract, self._expect)
        except GreenroomError as error:
            self._problem(error.line())
            return
        self.replace(entries)

    def _problem(self, text: str) -> None:
        self.query_one("#export-problem", Static).update(Content(" ".join(text.split())))

    def action_write(self) -> None:
        """Write tape and case."""
        self.run_worker(self._write(), group="write", exclusive=True)

    async def _write(self) -> None:
        from greenroom.commands.export import written

        name, why = (self.query_one(f"#export-{part}", Input).value.strip() for part in ("name", "why"))
        try:
            done = await asyncio.to_thread(
                written, self._workspace, self._records, self._contract, name, expect=self._expect, why=why
            )
        except GreenroomError as error:
            self._problem(error.line())
            return
        self.dismiss(done.value.command)


def free_name(workspace: Workspace, records: Sequence[Record]) -> str:
    """A name no fixture has yet, after the first tool a person was asked about, else the last that ran.

    What people said never gets into it: it leaves the machine, and nothing masks a file's name.
    """
    asked = [one.event.card.call.tool for one in records if isinstance(one.event, ApprovalRequested)]
    ran = [one.event.tool for one in records if isinstance(one.event, ToolStarted)]
    words = re.findall(r"[a-z0-9]+", (asked[:1] or ran[-1:] or ["session"])[0].lower())
    name = "-".join(words)[:40].strip("-") or "session"
    taken = {path.name.partition(".")[0] for path in workspace.fixtures.glob("*.tape.jsonl")}
    return next(one for one in chain([name], (f"{name}-{place}" for place in count(2))) if one not in taken)


def _preview(records: Sequence[Record], contract: Contract, expect: Expect) -> list[Entry]:
    """What would be expected, and what would be replaced before anything leaves.

    Raises:
        GreenroomError: the session cannot be exported.
    """
    from greenroom.regression.proposing import case_text
    from greenroom.regression.record import record

    made = record(records, contract.policy)
    text = case_text("fixture", "", expect, (), made.tape.events)
    proposed = text.partition("\n[[assert]]")[2]
    blocks = proposed.split("\n[[assert]]") if proposed else []
    entries = [
        Entry(
            "expectations",
            "section",
            f"{len(blocks)} expectation{'' if len(blocks) == 1 else 's'} proposed",
            aside="yours to edit later",
        )
    ]
    for place, block in enumerate(blocks):
        turn, *rest = [line for line in block.strip().split("\n") if line] or [""]
        entries += [_expectation(f"{place}:{row}", turn if not row else "", line) for row, line in enumerate(rest)]
    entries.append(Entry("redactions", "section", "what is replaced before it leaves"))
    entries += [
        Entry(
            f"redaction:{place}",
            "row",
            head=(Run(f"turn {one.turn:<3}", "quiet"), Run(f"{one.count} × {one.kind} in {one.event}")),
        )
        for place, one in enumerate(made.redactions)
    ] or [Entry("redaction", "row", head=(Run("nothing private was found", "quiet"),))]
    return entries


def _expectation(id: str, turn: str, line: str) -> Entry:
    number = turn.partition("=")[2].strip()
    head: Line = (Run(f"{f'turn {number}' if number else '':<8}", "quiet"), Run(line))
    body = ((Run(line),),) if len(line) > _LONG else ()
    return Entry(f"expectation:{id}", "row", head=head, body=body)
