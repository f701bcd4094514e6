"""The deeds that open a sheet or change what is behind the screen: help, export, sessions, trust, themes, listings.

Invariant: as in `doing`: every method returns at once, and an error becomes a line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from greenroom.commands.table import COMMANDS
from greenroom.core.errors import GreenroomError
from greenroom.tui.rehearsal import Rehearsal, Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.commands.answer import Answer
    from greenroom.tui.conversation.entries import Tone
    from greenroom.tui.sheets.export_sheet import ExportSheet
    from greenroom.tui.workbench import Workbench


class SheetDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    @property
    def rehearsal(self) -> Rehearsal:
        """The session behind the screen."""
        return self.bench.rehearsal

    def help(self) -> None:
        """Every key; over a sheet, those of the sheet."""
        from greenroom.tui.sheets.lists import help_sheet
        from greenroom.tui.sheets.sheet_keys import KeysSheet, keys_of

        top = self.bench.screen
        if isinstance(top, KeysSheet):
            top.action_leave()
        else:
            self.bench.push_screen(keys_of(top) or help_sheet())

    def export(self, words: str = "") -> None:
        """Preview and write a fixture; `words` may say its name and more, as at the prompt."""
        session = self.rehearsal.session
        if session is None:
            self.bench.tell("nothing is open that could be exported", "warning")
            return
        from greenroom.commands.session.export import in_words
        from greenroom.tui.sheets.export_name import free_name
        from greenroom.tui.sheets.export_sheet import ExportSheet

        try:
            name, wanted = in_words(words)
        except GreenroomError as error:
            self.bench.tell(error.line(), "warning")
            return
        name = name or free_name(self.bench.workspace, session.records)
        sheet = ExportSheet(self.bench.workspace, session.records, session.contract, name, wanted)
        self.bench.push_screen(sheet, lambda command: self.exported(command, sheet))

    def exported(self, command: str | None, sheet: ExportSheet) -> None:
        """An export sheet was left; `command` replays what it wrote."""
        from greenroom.tui.compare.sheet import CompareSheet

        if command:
            self.bench.exported.append(command)
            tone: Tone = "good" if sheet.went_well else "bad"
            self.bench.feed.note(f"Exported as {sheet.where}; {sheet.said}\nReplay it with: {command}", tone)
            self.bench.tell(f"written: {sheet.where}")
            for screen in self.bench.screen_stack[1:]:
                if isinstance(screen, CompareSheet):
                    screen.tell(f"written: {sheet.where}; {sheet.said}")

    def review(self) -> None:
        """How the fixtures go, and what to accept."""
        from greenroom.tui.sheets.editor import edit, own_editor
        from greenroom.tui.sheets.review_sheet import ReviewSheet

        def opened(path: Path) -> None:
            self.bench.outside(lambda: edit(own_editor(), path))

        self.bench.push_screen(ReviewSheet(self.bench.workspace, opened))

    def verify(self) -> None:
        """Check the log of this session."""
        from greenroom.commands.session.verify import verified

        session = self.rehearsal.session
        if session is not None:
            id = session.id
            self._work(self._lines("The log", lambda: verified(self.bench.workspace, id)), "lines")

    def sessions(self) -> None:
        """The sessions there are."""
        self._work(self._sessions(), "lines")

    async def _sessions(self) -> None:
        from greenroom.assembly import sessions
        from greenroom.tui.sheets.lists import SessionsSheet

        found = await asyncio.to_thread(sessions, self.bench.workspace)
        current = self.rehearsal.session.id if self.rehearsal.session else ""
        self.bench.push_screen(SessionsSheet(found, current), self._chosen_session)

    def _chosen_session(self, id: str | None) -> None:
        if id and self.rehearsal.session and id == self.rehearsal.session.id:
            self.bench.arrangement.write()
        elif id:
            self.bench.doing.begin(Wanted(session=id, mode=self.bench.step_mode, latest=False))

    def new_session(self) -> None:
        """Begin again."""
        wanted = self.bench.wanted
        self.bench.doing.begin(Wanted(wanted.persona, wanted.model, "", self.bench.step_mode, latest=False))

    def trust(self) -> None:
        """What the workspace would run, and whether to trust it."""
        from greenroom.tui.sheets.lists import TrustSheet
        from greenroom.workspace.trust import describe

        described = describe(self.bench.workspace)
        self.bench.push_screen(TrustSheet(str(self.bench.workspace.root), described), self._trusted)

    def _trusted(self, said: str | None) -> None:
        if said:
            self._work(self._trust(), "trust")

    async def _trust(self) -> None:
        from greenroom.workspace.trust import trust

        try:
            await asyncio.to_thread(trust, self.bench.workspace)
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
            return
        self.bench.tell("trusted, until what it would run changes")  # in the place of what said that nothing runs
        if self.rehearsal.session is None:
            self.bench.doing.begin(self.bench.wanted)
        else:
            await self.bench.watching.reload()  # trusted again while it was open: what was held back is taken over

    async def load_themes(self) -> None:
        """Register every theme that came with Greenroom; a broken one is told."""
        bench = self.bench
        if bench.own_themes:
            return
        from greenroom.tui.frame.theme import DEFAULT, themes

        try:
            found = await asyncio.to_thread(themes)
        except GreenroomError as error:
            bench.tell(error.line(), "error")
            return
        for theme in found.values():
            bench.register_theme(theme.textual())
        bench.own_themes = tuple(sorted(found))
        if bench.theme not in found:
            bench.theme = DEFAULT

    def theme(self, name: str = "") -> None:
        """The next theme, or the one named."""
        from greenroom.core.toml_text import suggest

        names = sorted(self.bench.own_themes)
        if name and name not in names:
            self.bench.tell(f"there is no theme '{name}': {suggest(name, names)}", "warning")
            return
        self.bench.theme = name or names[(names.index(self.bench.theme) + 1) % len(names)]
        self.bench.tell(f"theme {self.bench.theme}")

    def list_command(self, slash: str, rest: str) -> None:
        """Show what a listing command of the table says."""
        from greenroom.commands.dispatch import call
        from greenroom.commands.invocation import Invocation

        command = next(command for command in COMMANDS if command.slash == slash)
        options: dict[str, object] = {argument.name.lstrip("-"): argument.default for argument in command.arguments}
        options["workspace"] = str(self.bench.workspace.root)
        if command.arguments and rest:
            options[command.arguments[0].name] = rest.split() if command.arguments[0].nargs in ("*", "+") else rest
        title = command.name.capitalize()
        self._work(self._lines(title, lambda: call(command, Invocation(options))), "lines")

    async def _lines(self, title: str, act: Callable[[], Answer[Any]]) -> None:
        from greenroom.tui.sheets.lists import LinesSheet

        try:
            done = await asyncio.to_thread(act)
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
            return
        self.bench.push_screen(LinesSheet(title, [*done.lines, *done.notes] or ["nothing to show"]))

    def _work(self, work: Coroutine[object, object, None], group: str) -> None:
        self.bench.run_worker(self.bench.mishaps.through(work), group=group, exclusive=True)
