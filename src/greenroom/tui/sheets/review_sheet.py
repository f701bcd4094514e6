"""The review of fixtures: how all of them go today, by cause, with keys to accept what was meant.

Invariant: replaying runs in a thread and ends when the sheet is left or escape is pressed; nothing is accepted without a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from greenroom.commands.fixture.new_parts import told_new
from greenroom.core.errors import GreenroomError
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.hints import Hints
from greenroom.tui.sheets.review_hints import hints_of
from greenroom.tui.sheets.review_rows import acceptable, grouped, rows
from greenroom.tui.sheets.review_words import not_accepted, said_of_cause, said_of_one
from greenroom.tui.sheets.said import Said
from greenroom.tui.sheets.sheet import Sheet
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.assembly.fixture.fixtures import Reviewed
    from greenroom.commands.fixture.accept import Taken

_AROUND = 8
"""Cells of the sheet that are not its rows'."""


class ReviewSheet(Sheet):
    """Replays on opening, lists, accepts. `edit` opens a file in the person's editor."""

    DEFAULT_CSS = """
    ReviewSheet > #frame { width: 120; }
    #review-state { display: none; }
    #review-state.-said { display: block; }
    """
    ABOVE = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept", show=False, id="review.accept"),
        Binding("A", "accept_cause", "Accept all of this cause", show=False, id="review.accept_cause"),
        Binding("e", "edit", "Edit the case", show=False, id="review.edit"),
        Binding("r", "replay", "Replay again", show=False, id="review.replay"),
    ]

    def __init__(self, workspace: Workspace, edit: Callable[[Path], None]) -> None:
        super().__init__("Fixtures: recorded sessions, replayed under what holds today", (), hints_of(None, (), ()))
        self._workspace = workspace
        self._edit = edit
        self._found: list[Reviewed] = []
        self._accepted: dict[str, str] = {}
        self._cancelled = Event()
        self._replaying = False

    def above(self) -> ComposeResult:
        """How far the replay is and how it went; below it what a key came to, as long as there is something to say."""
        yield Said("review-counts")
        yield Said("review-state")

    def above_rows(self) -> int:
        """The row of what a key came to is there only while something is said in it."""
        return super().above_rows() + bool(self.query_one("#review-state", Said).said)

    def on_mount(self) -> None:
        super().on_mount()
        self.action_replay()

    def on_unmount(self) -> None:
        """Whoever leaves does not wait for the rest."""
        self._cancelled.set()

    def action_leave(self) -> None:
        """Stop replaying; else go back."""
        if self._replaying:
            self._cancelled.set()
        else:
            super().action_leave()

    def action_replay(self) -> None:
        """Replay all of them again."""
        if not self._replaying:
            self._start_replay(())

    def _start_replay(self, names: Sequence[str]) -> None:
        self._replaying = True
        self._cancelled = Event()
        self.run_worker(self._replay(names, self._cancelled), group="review", exclusive=True)

    async def _replay(self, names: Sequence[str], cancelled: Event) -> None:
        from greenroom.assembly.fixture.fixtures import Fixtures, review

        loop = asyncio.get_running_loop()

        def on_done(done: int, of: int) -> None:
            with suppress(RuntimeError):  # the screen is gone
                loop.call_soon_threadsafe(self._count, f"replaying {done} of {of}; esc stops")

        def run() -> list[Reviewed]:
            return asyncio.run(review(Fixtures(self._workspace), names, on_done, cancelled.is_set))

        self._say("")
        self._count("replaying; esc stops")
        try:
            found = await asyncio.to_thread(run)
        except GreenroomError as error:
            self._replaying = False
            self._count("")
            self._say(error.line(), bad=True)
            return
        self._replaying = False
        self._take_in(found, all_of_them=not names)
        self._count(f"{'stopped after ' if cancelled.is_set() else ''}{_counts(self._found, self._accepted)}")

    def _take_in(self, found: list[Reviewed], *, all_of_them: bool) -> None:
        fresh = {one.name for one in found}
        kept = [] if all_of_them else [one for one in self._found if one.name not in fresh]
        self._found = sorted([*kept, *found], key=lambda one: one.name)
        self._accepted = {name: said for name, said in self._accepted.items() if name not in fresh}
        self._show()

    @property
    def _width(self) -> int:
        """The cells that a row has, at most the sheet's."""
        return min(self.size.width, 120) - _AROUND

    def on_resize(self) -> None:
        super().on_resize()
        if self._found:
            self._show()

    def _show(self) -> None:
        if not self.is_attached:
            return
        unfolded = {entry.id for entry in self.list.entries if entry.open}
        selected = self.list.selected
        self.replace(rows(self._found, self._accepted, unfolded, self._width))
        if selected is None:
            first = next((entry.id for entry in self.list.entries if entry.id.startswith("fixture:")), "")
            self.list.select(first)
            self.call_after_refresh(self._from_the_top, first)
        self._show_hints()

    def _from_the_top(self, first: str) -> None:
        """Show the first heading, which says what changed, and as much below it as has room; the first fixture in any case."""
        if self.list.selected is not None and self.list.selected.id == first:
            self.list.select(self.list.entries[0].id)
            self.list.select(first)

    @on(Transcript.Selected)
    def _show_hints(self) -> None:
        """The keys that do something to the row that is looked at."""
        self.query_one(Hints).show(hints_of(self._chosen(), self._group(), self._accepted))

    def action_accept(self) -> None:
        """Accept the one that is selected."""
        one = self._chosen()
        if one is not None and one.name in self._accepted:
            self._say(f"{one.name} is accepted already")
        elif one is not None and one.run is None:
            self._say(not_accepted(one), bad=not one.outcome.good)
        elif one is not None:
            self._accept([one], ())

    def action_accept_cause(self) -> None:
        """Accept all that stand under the same cause and can be, and no others."""
        group = self._group()
        ready = [one for one in group if acceptable(one, self._accepted)]
        if ready:
            self._accept(ready, group)
        elif group:
            said = said_of_cause(group, self._found, self._accepted, ())
            self._say(said, bad=any(one.name not in self._accepted and not one.outcome.good for one in group))

    def action_edit(self) -> None:
        """Open the case of the selected one in the editor, then replay it."""
        from greenroom.regression.case import case_path

        one = self._chosen()
        if one is not None and not self._replaying:
            self._edit(case_path(one.path))
            self._start_replay((one.name,))

    def _chosen(self) -> Reviewed | None:
        selected = self.list.selected
        name = selected.id.partition(":")[2] if selected is not None else ""
        return next((one for one in self._found if one.name == name), None)

    def _group(self) -> list[Reviewed]:
        """Those under the heading that is looked at: that of the selected fixture, or a row of the heading itself."""
        selected = self.list.selected
        name = selected.id.split(":")[1] if selected is not None and ":" in selected.id else ""
        return next((group for _, group in grouped(self._found) if any(one.name == name for one in group)), [])

    def _accept(self, chosen: Sequence[Reviewed], group: Sequence[Reviewed]) -> None:
        if not self._replaying:
            self.run_worker(self._accepting(chosen, group), group="accept", exclusive=True)

    async def _accepting(self, chosen: Sequence[Reviewed], group: Sequence[Reviewed]) -> None:
        before = frozenset(self._accepted)
        try:
            taken = await asyncio.to_thread(_take, self._workspace, chosen)
        except GreenroomError as error:
            self._say(error.line(), bad=True)
            return
        done = frozenset(one.name for one in taken if one.done is not None)
        self._accepted |= dict.fromkeys(done, "accepted")
        self._show()
        self._count(_counts(self._found, self._accepted))
        refused = [one.refused for one in taken if one.refused]
        said = said_of_cause(group, self._found, before, done) if group else "accepted: the new tape is on disk"
        new = told_new(self._workspace, [path for one in taken if one.done for path in one.done.parts])
        self._say(refused[0] if refused else "; ".join([said, *new]), bad=bool(refused))

    def choose(self, entry: Entry) -> None:
        """Enter on a row without anything below it: how that one stands."""
        one = self._chosen() if entry.id.startswith("fixture:") else None
        if one is not None:
            self._say(said_of_one(one, self._accepted), bad=not one.outcome.good and one.name not in self._accepted)

    def _count(self, text: str) -> None:
        if self.is_attached:
            self.query_one("#review-counts", Said).say(text)

    def _say(self, text: str, *, bad: bool = False) -> None:
        if self.is_attached:
            said = self.query_one("#review-state", Said)
            said.set_class(bool(text), "-said")
            said.say(text, bad=bad)
            self._fit()


def _take(workspace: Workspace, chosen: Sequence[Reviewed]) -> list[Taken]:
    """Take over the last runs, under the contract as it is on disk now.

    Raises:
        CheckFailed: on a build server.
    """
    from greenroom.assembly.fixture.fixtures import Fixtures
    from greenroom.commands.fixture.accept import must_be_read, take
    from greenroom.regression.accept.tape_diff import ASPECTS

    must_be_read()
    fixtures = Fixtures(workspace)
    return [take(fixtures, one.run, ASPECTS, force=False) for one in chosen if one.run is not None]


def _counts(found: Sequence[Reviewed], accepted: Collection[str]) -> str:
    """How they went; one that was accepted since counts as that, for how it went is over."""
    from greenroom.commands.answer import counted
    from greenroom.commands.fixture.show import tally

    rest = [one.outcome.kind for one in found if one.name not in accepted]
    taken = [f"{len(found) - len(rest)} accepted"] if len(rest) < len(found) else []
    return f"{counted(len(found), 'fixture')}: {', '.join([*taken, *([tally(rest)] if rest or not taken else [])])}"
