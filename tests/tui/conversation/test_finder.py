"""Searching from the transcript with the keyboard alone."""

import asyncio

from textual.app import ComposeResult

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.finder import Finder
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.text.guard import GuardedApp


class Desk(GuardedApp[None]):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int]] = []

    def compose(self) -> ComposeResult:
        transcript = Transcript()
        yield transcript
        yield Finder(transcript)

    def on_transcript_search_wanted(self) -> None:
        self.query_one(Finder).open()

    def on_finder_found(self, message: Finder.Found) -> None:
        self.found.append((message.term, message.entries))


def test_slash_types_enter_keeps_escape_forgets() -> None:
    async def run() -> None:
        desk = Desk()
        async with desk.run_test(size=(60, 10)) as pilot:
            transcript, finder = desk.query_one(Transcript), desk.query_one(Finder)
            transcript.set_entries([Entry(str(n), "person", text=f"message {n % 10} {'x' * n}") for n in range(40)])
            transcript.focus()
            await pilot.press("slash", "e", "space", "7")
            assert finder.has_focus
            assert desk.found[-1] == ("e 7", 4)
            await pilot.press("enter", "N")
            assert transcript.has_focus
            assert finder.styles.display == "none"
            assert transcript.selected is not None
            assert transcript.selected.id == "27"
            await pilot.press("slash", "escape")
            assert transcript.search("") == 0
            assert finder.value == ""

    asyncio.run(run())
