"""Writing: what sends, what does not, and what is remembered."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot

from greenroom.tui.conversation.composer import LIMIT, Composer, _edited
from greenroom.tui.text.guard import GuardedApp

Scene = Callable[[Composer, Pilot[None]], Awaitable[None]]


class Desk(GuardedApp[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def compose(self) -> ComposeResult:
        yield Composer(placeholder="[/] Write", history=["older", "newer"])

    def on_composer_sent(self, message: Composer.Sent) -> None:
        self.heard.append(f"sent {message.text}")

    def on_composer_chorded(self, message: Composer.Chorded) -> None:
        self.heard.append(f"chord {message.key}")

    def on_composer_refused(self, message: Composer.Refused) -> None:
        self.heard.append(message.reason)


def play(scene: Scene) -> list[str]:
    desk = Desk()

    async def run() -> None:
        async with desk.run_test(size=(40, 14)) as pilot:
            composer = desk.query_one(Composer)
            composer.focus()
            await pilot.pause()
            await scene(composer, pilot)
            await pilot.pause()

    asyncio.run(run())
    return desk.heard


def test_enter_sends_and_ctrl_j_and_shift_enter_do_not() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c", "enter")
        assert composer.text == ""
        await pilot.press("space", "enter")

    assert play(scene) == ["sent a\nb\nc"]


def test_a_paste_never_submits() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        composer.post_message(events.Paste("one\r\ntwo\rthree\n"))
        await pilot.pause()
        assert composer.text == "one\ntwo\nthree\n"

    assert play(scene) == []


def test_a_paste_without_end_is_cut_and_said_to_be() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        composer.post_message(events.Paste("x" * (LIMIT + 5)))
        await pilot.pause()
        assert len(composer.text) == LIMIT

    assert play(scene) == [f"The paste was cut to {LIMIT} characters."]


def test_history_keeps_the_draft_and_moves_only_at_the_edges() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        composer.put("draft\nsecond")
        await pilot.press("up")
        assert composer.text == "draft\nsecond"
        await pilot.press("up")
        assert composer.text == "newer"
        await pilot.press("up", "up", "up")
        assert composer.text == "older"
        await pilot.press("down")
        assert composer.text == "newer"
        await pilot.press("down")
        assert composer.text == "draft\nsecond"
        composer.send()
        assert composer.past[-1] == "draft\nsecond"

    play(scene)


def test_it_grows_to_six_rows() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        assert composer.content_size.height == 1
        composer.put("\n".join("abcd"))
        await pilot.pause()
        assert composer.content_size.height == 4
        composer.put("\n".join("abcdefghij"))
        await pilot.pause()
        assert composer.content_size.height == 6

    play(scene)


def test_a_chord_neither_cuts_nor_deletes() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        composer.put("keep me")
        await pilot.press("home", "ctrl+x", "ctrl+k")
        assert composer.text == "keep me"
        await pilot.press("ctrl+y")
        assert composer.text == "keep me"

    assert play(scene) == ["chord ctrl+k"]


def test_an_editor_that_is_not_there_costs_nothing() -> None:
    async def scene(composer: Composer, pilot: Pilot[None]) -> None:
        composer.put("keep me")
        await pilot.press("ctrl+x", "ctrl+e")
        assert composer.text == "keep me"

    heard = play(scene)
    assert len(heard) == 1
    assert heard[0].startswith("The editor could not be used")


def test_an_editor_changes_the_draft(tmp_path: Path) -> None:
    script = tmp_path / "edit it.sh"
    script.write_text('#!/bin/sh\nprintf "%s and more\\n" "$(cat "$1")" > "$1.new" && mv "$1.new" "$1"\n')
    script.chmod(0o700)
    assert _edited(f"'{script}'", "draft") == "draft and more"
