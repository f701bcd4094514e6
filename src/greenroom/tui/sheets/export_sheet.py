"""Exporting a session: which turns, as what, and a preview of what would be expected and replaced, to be chosen from.

Invariant: nothing is written before the person says so, the preview is made by the code that writes, and nothing that was
typed, switched or edited is lost by an error.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content, Span
from textual.widgets import Input, Static

from greenroom.commands.session.export import EXPECTS, Expect, Wanted
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.core.events import Record
from greenroom.core.inert import inert_line
from greenroom.tui.frame.hints import Hint, Hints
from greenroom.tui.sheets.said import Said
from greenroom.tui.sheets.sheet import Sheet, SheetList
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract
    from greenroom.tui.sheets.export_draft import Draft

_MEANS: dict[Expect, str] = {
    "good": "this must stay so",
    "bad": "this must not come back",
    "observe": "replay only, expect nothing",
}
_FIELDS = ("name", "turns", "why", "tags")
_ANYWHERE = (Hint("ctrl+y", "write"), Hint("ctrl+e", "good, bad, observe"), Hint("tab", "next"))
_IN_FIELDS = (*_ANYWHERE, Hint("ctrl+x ctrl+e", "edit"), Hint("escape", "back"))
_IN_LIST = (
    Hint("ctrl+y", "write"),
    Hint("space", "on, off"),
    Hint("l", "looser"),
    Hint("e", "edit"),
    Hint("enter", "TOML"),
    Hint("ctrl+e", "good, bad, observe"),
    Hint("tab", "next"),
    Hint("escape", "back"),
)
_WHEN_EDITED = (
    Hint("ctrl+y", "write"),
    Hint("e", "edit"),
    Hint("u", "undo the edits"),
    Hint("tab", "next"),
    Hint("escape", "back"),
)


class ExpectationList(SheetList):
    """The preview. Space switches an expectation instead of turning the page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "screen.switch", "On, off", show=False, id="export.toggle"),
    ]


class ExportSheet(Sheet):
    """Asks, previews, writes. Its result is the pytest line, '' when nothing was written; `where` it lies, `said` how it replays."""

    LIST = ExpectationList
    ABOVE = 5
    DEFAULT_CSS = """
    ExportSheet > #frame { width: 104; }
    ExportSheet Horizontal { height: 1; }
    ExportSheet .name { width: 7; color: $quiet; padding: 0 0 0 1; }
    ExportSheet Input { border: none; height: 1; padding: 0 1; background: $panel; width: 1fr; }
    ExportSheet Input:focus { border: none; }
    ExportSheet Input:disabled { background: $surface; }
    ExportSheet .short { width: 28; }
    ExportSheet.-slim .short { width: 14; }
    ExportSheet #export-expect { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+e", "expect", "Expect", show=False, priority=True, id="export.expect"),
        Binding("ctrl+y", "write", "Write", show=False, priority=True, id="export.write"),
        Binding("l", "loosen", "Looser", show=False, id="export.loosen"),
        Binding("e", "edit", "Edit", show=False, id="export.edit"),
        Binding("u", "unedit", "Undo the edits", show=False, id="export.unedit"),
    ]

    def __init__(
        self,
        workspace: Workspace,
        records: Sequence[Record],
        contract: Contract,
        name: str,
        wanted: Wanted | None = None,
    ) -> None:
        super().__init__("Export this session as a fixture that pytest replays", [], _IN_FIELDS)
        self._workspace = workspace
        self._records = list(records)
        self._contract = contract
        self._offered = name
        self._wanted = wanted or Wanted()
        self._expect: Expect = self._wanted.expect
        self._draft: Draft | None = None
        self._unread = ""
        self._line = 0
        self.said = ""
        self.where = ""
        self.went_well = True

    def above(self) -> ComposeResult:
        """What is asked, on two rows, what the fixture stands for, and what is wrong."""
        from greenroom.tui.sheets.export_draft import first_range

        turns = self._wanted.turns or first_range(self._records)
        with Horizontal():
            yield from self._field("name", self._offered, "such as refund-over-limit")
            yield from self._field("turns", turns, "all, or 3, or 2-4", "short")
        with Horizontal():
            yield from self._field("why", self._wanted.why, "why it exists; shown when it fails")
            yield from self._field("tags", "", "pytest -m TAG", "short")
        yield Static(markup=False, id="export-expect")
        yield Said("export-problem")

    def _field(self, name: str, value: str, placeholder: str, kind: str = "") -> ComposeResult:
        yield Static(Content(name), classes="name")
        yield Input(value, placeholder=placeholder, id=f"export-{name}", classes=kind)

    def on_mount(self) -> None:
        super().on_mount()
        self._show_expect()
        self._input("name").focus()
        self._preview_soon()

    def on_descendant_focus(self) -> None:
        self._show_hints()

    def _select_first(self) -> None:
        """The first row that is no heading, seen from the top."""
        self.list.select(next(entry.id for entry in self.list.entries if entry.kind == "row"))
        self.list.to_top()

    def _input(self, name: str) -> Input:
        return self.query_one(f"#export-{name}", Input)

    def _value(self, name: str) -> str:
        return self._input(name).value.strip()

    def _show_hints(self) -> None:
        edited = self._draft is not None and bool(self._draft.text or self._unread)
        in_list = isinstance(self.focused, SheetList)
        self.query_one(Hints).show(_WHEN_EDITED if edited and in_list else _IN_LIST if in_list else _IN_FIELDS)

    def _show_expect(self) -> None:
        text = f"expect  {self._expect}: {_MEANS[self._expect]}"
        spans = [Span(0, 7, "$quiet"), Span(8, 8 + len(self._expect), "$accent bold")]
        self.query_one("#export-expect", Static).update(Content(text, spans))

    def _problem(self, text: str) -> None:
        self.query_one(Said).say(text, bad=True)

    # what is previewed ---------------------------------------------------------------------------------------------

    def _preview_soon(self) -> None:
        self.run_worker(self._preview(), group="preview", exclusive=True)

    async def _preview(self) -> None:
        from greenroom.regression.tape.under_test import stretch
        from greenroom.tui.sheets.export_draft import draft_of

        try:
            turns = stretch(self._value("turns"))
            kinds = self._wanted.kinds
            draft = await asyncio.to_thread(draft_of, self._records, self._contract, turns, self._draft, kinds)
        except GreenroomError as error:
            self._problem(error.line())
            return
        self._problem("")
        self._show(draft)

    def _show(self, draft: Draft) -> None:
        from greenroom.tui.sheets.export_draft import entries

        first, self._draft = self._draft is None, draft
        self.replace(entries(draft, self._expect))
        if first:
            self._select_first()
        self._show_hints()

    @on(Input.Changed, "#export-turns")
    def _other_turns(self) -> None:
        if self._draft is not None:
            self._preview_soon()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    # what is chosen ------------------------------------------------------------------------------------------------

    def action_expect(self) -> None:
        """The next of the three."""
        if self._draft is not None and self._draft.text:
            self._problem("it is edited: change `expect` there (e), or undo the edits (u)")
        else:
            self._expect = EXPECTS[(EXPECTS.index(self._expect) + 1) % len(EXPECTS)]
            self._show_expect()
            if self._draft is not None:
                self._show(self._draft)

    def action_switch(self) -> None:
        """Expect the selected line, or do not."""
        self._choose(loosen=False)

    def action_loosen(self) -> None:
        """Say the selected line more loosely."""
        self._choose(loosen=True)

    def _choose(self, *, loosen: bool) -> None:
        selected = self.list.selected
        found = self._draft.item(selected.id) if self._draft is not None and selected is not None else None
        if self._draft is None or found is None:
            edited = self._draft is not None and bool(self._draft.text)
            self._problem("it is edited: change it there (e), or undo the edits (u)" if edited else "")
            return
        proposal, at, item = found
        self._problem("")
        self._show(self._draft.with_item(proposal, at, item.loosened() if loosen else item.toggled()))

    # what is edited ------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """The same as ctrl+x ctrl+e, where no text is typed."""
        self.edit_outside()

    def edit_outside(self) -> None:
        """The whole case in `$EDITOR`, at the expectation that is looked at; what comes back is kept, and counts if it is a
        case.
        """
        if self._draft is None:
            return
        tags = self._value("tags").split()
        text = self._unread or self._draft.as_case(self._value("name"), self._value("why"), self._expect, tags)
        selected = self.list.selected
        line = self._line or (self._draft.line_of(selected.id, text) if selected is not None else 0)
        try:
            with self.app.suspend():
                back = _edited(text, line)
        except Exception as error:  # noqa: BLE001  no editor, no terminal to give up, a full disk: what there was stays
            self._problem(f"the editor could not be used: {error}")
            return
        if back != text or self._unread:
            self.take_edited(back)

    def take_edited(self, text: str) -> None:
        """Take the case as an editor left it; where it is none, say so, and keep it to be edited on."""
        from greenroom.tui.sheets.export_draft import problem_line

        if self._draft is None:
            return
        try:
            draft = self._draft.edited(text)
        except FileInvalid as error:
            self._unread, self._line = text, problem_line(error)
            self._problem(f"{error.line()} · e opens it there, u undoes the edits")
            self._show_hints()
            return
        self._unread, self._line = "", 0
        self._from_case(draft)
        self._show(draft)
        self._select_first()
        self._problem(f"not so in this recording: {held}" if (held := draft.unheld()) else "")

    def _from_case(self, draft: Draft) -> None:
        """Have the fields say what the edited case says; they are changed there from now on."""
        assert draft.case is not None
        self._expect = draft.case.expect
        self._show_expect()
        for name, value in (("why", draft.case.why), ("tags", " ".join(draft.case.tags))):
            with self.prevent(Input.Changed):
                self._input(name).value = inert_line(value)
        for name in ("why", "tags"):
            self._input(name).disabled = True

    def action_unedit(self) -> None:
        """Back to what was proposed, switched and loosened as it was."""
        from dataclasses import replace

        if self._draft is None or not (self._draft.text or self._unread):
            return
        self._unread, self._line = "", 0
        for name in ("why", "tags"):
            self._input(name).disabled = False
        self._problem("")
        self._show(replace(self._draft, text="", case=None))

    # what is written -----------------------------------------------------------------------------------------------

    def action_write(self) -> None:
        """Write tape and case, and replay them."""
        if self._unread:
            self._problem("what you edited is no case yet: e opens it, u undoes the edits")
            return
        self.run_worker(self._write(), group="write", exclusive=True)

    async def _write(self) -> None:
        from greenroom.commands.session.export import written

        if self._draft is None:
            return
        name, why, tags = self._value("name"), self._value("why"), self._value("tags").split()
        case = self._draft.as_case(name, why, self._expect, tags)
        wanted = Wanted(self._expect, why=why, tags=tags, turns=self._value("turns"), case=case)
        try:
            done = await asyncio.to_thread(written, self._workspace, self._records, self._contract, name, wanted)
        except GreenroomError as error:
            self._problem(error.line())
            return
        self.where = done.lines[0]
        self.said = next((line for line in done.lines if line.startswith("replays: ")), "")
        self.went_well = done.exit_code == 0
        self.dismiss(done.value.command)


def _edited(text: str, line: int) -> str:
    """What an editor made of a case.

    Raises:
        OSError: the editor cannot be started, or the file cannot be written or read.
        subprocess.CalledProcessError: it ended with an error.
        UnicodeDecodeError: it is no UTF-8 any more.
    """
    from greenroom.tui.sheets.editor import edit, own_editor

    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        path = Path(folder) / "case.toml"
        path.write_text(text, encoding="utf-8")
        edit(own_editor(), path, line)
        return path.read_text(encoding="utf-8")
