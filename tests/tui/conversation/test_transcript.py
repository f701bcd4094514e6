"""The conversation on screen, driven with a pilot."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.text.runs import Run

Scene = Callable[[Transcript, Pilot[None]], Awaitable[None]]


class Stage(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []

    def compose(self) -> ComposeResult:
        yield Transcript(placeholder="Nothing yet")

    def on_transcript_copied(self, message: Transcript.Copied) -> None:
        self.heard.append((message.what, message.text))

    def on_transcript_folded(self, message: Transcript.Folded) -> None:
        self.heard.append((message.entry, message.open))


def play(scene: Scene, size: tuple[int, int] = (60, 12)) -> Stage:
    stage = Stage()

    async def run() -> None:
        async with stage.run_test(size=size) as pilot:
            transcript = stage.query_one(Transcript)
            transcript.focus()
            await pilot.pause()
            await scene(transcript, pilot)

    asyncio.run(run())
    return stage


def talk(count: int) -> list[Entry]:
    return [
        Entry(
            str(n),
            "person" if n % 2 else "persona",
            "Aria",
            f"Message {n}\n\n- one\n- two" if n % 3 else f"Message {n}",
        )
        for n in range(count)
    ]


def seen(transcript: Transcript) -> list[str]:
    return [transcript.render_line(y).text.strip() for y in range(transcript.size.height)]


def test_the_view_starts_at_the_end_and_follows() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries(talk(50))
        assert "Message 49" in "\n".join(transcript.lines)
        transcript.append(Entry("new", "person", text="Message 50"))
        assert transcript.lines[-1].strip().endswith("Message 50")
        assert transcript.following

    play(scene)


def test_a_view_that_is_scrolled_up_stays_when_things_change_above_and_below() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries(talk(60))
        for _ in range(3):
            await pilot.press("pageup")
        before = transcript.lines
        assert not transcript.following
        transcript.append(Entry("new", "person", text="below"))
        assert transcript.lines == before
        transcript.update_entry(replace(transcript.entries[2], text="Message 2\n\n" + "longer\n\n" * 30))
        assert transcript.lines == before
        transcript.set_entries([*transcript.entries, Entry("newer", "note", text="more")])
        assert transcript.lines == before

    play(scene)


def test_a_resize_keeps_the_entry_at_the_top() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries(talk(40))
        transcript.select("10")
        await pilot.press("up", "up", "up", "up", "up", "up")
        top = next(line for line in transcript.lines if "Message" in line).strip("▌ ")
        await pilot.resize_terminal(44, 12)
        await pilot.pause()
        assert any(top.split()[-1] in line for line in transcript.lines)
        assert all(len(line) <= 44 for line in transcript.lines)

    play(scene)


def test_following_outlives_every_resize() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries(talk(20))
        for size in ((40, 1), (40, 9), (60, 3), (40, 1), (30, 12), (80, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert transcript.following
            assert "two" in transcript.lines[-1]
        await pilot.press("pageup")
        assert not transcript.following
        transcript.scroll_to(y=3, animate=False)
        assert transcript.scroll_offset.y == 3
        transcript.scroll_to(y=10_000, animate=False)
        assert transcript.following

    play(scene)


def test_a_stream_is_shown_plainly_and_settles_to_the_same_text_once() -> None:
    text = "Some **bold** words.\n\n1. one\n2. two\n\n```python\nx = 1\n```\n\nThe end."

    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        for place in range(0, len(text), 3):
            transcript.stream("r", text[place : place + 3], title="Aria")
        transcript._flush()
        live = [line.strip() for line in transcript.lines]
        assert live[-1] == "The end.▍"
        assert "Some bold words." in live
        transcript.update_entry(Entry("r", "persona", "Aria", text))
        settled = [line.strip() for line in transcript.lines]
        assert settled == [*live[:-1], "The end."]
        assert len(transcript.entries) == 1

    play(scene, (60, 20))


def test_a_stream_ends_also_where_everything_is_laid_out_anew() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries([Entry("a", "person", text="Who?")])
        transcript.stream("r", "My card is 4111.", title="Aria")
        transcript._flush()
        between = [Entry("a", "person", text="Who?"), Entry("v", "verdict", "redact output")]
        transcript.set_entries([*between, Entry("r", "persona", "Aria")])
        assert "My card is 4111.▍" in seen(transcript), "it goes on streaming below what came between"
        transcript.set_entries(
            [between[0], Entry("w", "note", text="x"), Entry("r", "persona", "Aria", "My card is ‹card#1›.")]
        )
        shown = "\n".join(seen(transcript))
        assert "My card is ‹card#1›." in shown
        assert "4111" not in shown
        assert "▍" not in shown

    play(scene, (60, 20))


def test_pieces_of_a_stream_are_painted_together() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        flushes = 0
        flush = transcript._flush

        def counted() -> None:
            nonlocal flushes
            flushes += 1
            flush()

        transcript._flush = counted  # type: ignore[method-assign]  # counts repaints
        for _ in range(500):
            transcript.stream("r", "word ")
        assert flushes == 0
        while not flushes:
            await pilot.pause(0.02)
        assert flushes == 1
        assert "word word" in "\n".join(transcript.lines)

    play(scene)


def test_a_carriage_return_cut_from_its_newline_is_not_shown() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        for piece in ("one\r", "\ntwo\r", "\n"):
            transcript.stream("r", piece)
            transcript._flush()
        assert "\\x0d" not in "\n".join(transcript.lines)

    play(scene)


def test_cards_fold_by_key_and_by_click_and_stay_folded() -> None:
    card = Entry("t", "tool", "orders.refund", detail=("amount: 90",), aside="allow")

    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries([card])
        await pilot.press("down", "enter")
        assert "amount: 90" in "\n".join(transcript.lines)
        transcript.set_entries([replace(card, aside="done")])
        assert "amount: 90" in "\n".join(transcript.lines)
        await pilot.click(Transcript, offset=(4, 0))
        await pilot.pause()
        assert "amount: 90" not in "\n".join(transcript.lines)

    assert play(scene).heard == [("t", True), ("t", False)]


def test_copying_gives_the_text_without_what_a_terminal_would_obey() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries([Entry("r", "persona", "Aria", "See \x1b[2J\n```\na\n```\n\n```\nb\n```")])
        await pilot.press("down", "c", "C", "C", "C")
        await pilot.pause()

    heard = play(scene).heard
    assert heard[0] == ("entry", "See \\x1b[2J\n```\na\n```\n\n```\nb\n```")
    assert heard[1:] == [("code block 1 of 2", "a"), ("code block 2 of 2", "b"), ("code block 1 of 2", "a")]


def test_search_finds_marks_and_walks_round() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        entries = talk(40)
        entries[5] = Entry("5", "tool", "find", detail=("the NEEDLE is here",))
        entries[30] = Entry("30", "person", text="a needle too")
        transcript.set_entries(entries)
        assert transcript.search("needle") == 2
        assert transcript.selected is not None
        assert transcript.selected.id == "30"
        await pilot.press("n")
        assert transcript.selected.id == "5"
        assert "NEEDLE" in "\n".join(transcript.lines)
        row = next(y for y, line in enumerate(transcript.lines) if "NEEDLE" in line)
        marked = [segment.text for segment in transcript.render_line(row) if segment.style and segment.style.bgcolor]
        assert "NEEDLE" in marked
        assert transcript.search("absent") == 0
        transcript.search("")

    play(scene)


def test_markup_links_and_html_are_only_text() -> None:
    hostile = "[bold]x[/] [/] [@click=app.quit]y[/] <b>z</b> [name](http://evil.test) ![alt](http://img.test)"

    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries(
            [Entry("1", "persona", "[/]", hostile), Entry("2", "person", text=hostile), Entry("3", "tool", hostile)]
        )
        shown = " ".join("\n".join(transcript.lines).split())
        for part in ("[@click=app.quit]y[/]", "<b>z</b>", "http://evil.test", "http://img.test"):
            assert part in shown
        for y in range(transcript.size.height):
            for segment in transcript.render_line(y):
                assert segment.style is None or not segment.style.link
                assert segment.style is None or "@click" not in segment.style.meta

    play(scene, (100, 24))


def test_hidden_characters_are_shown_and_counted() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries([Entry("1", "persona", "Aria", "pay\u202eevil\u200b")])
        shown = "\n".join(transcript.lines)
        assert "2 hidden characters shown" in shown
        assert "\\u202eevil\\u200b" in shown

    play(scene)


def test_dragging_the_mouse_selects_text_without_the_gutter() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        transcript.set_entries([Entry("1", "persona", "Aria", "first words\n\nsecond words")])
        await pilot.mouse_down(Transcript, offset=(2, 1))
        await pilot.hover(Transcript, offset=(8, 3))
        await pilot.mouse_up(Transcript, offset=(8, 3))
        await pilot.pause()
        chosen = transcript.screen.get_selected_text()
        assert chosen is not None
        assert chosen.startswith("first words\n\nsecon")

    play(scene)


def test_an_empty_transcript_says_what_to_do() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        assert "Nothing yet" in seen(transcript)
        await pilot.press("down", "enter", "c", "n", "home", "end", "pageup")

    play(scene)


def test_an_entry_that_is_taller_than_the_view_is_shown_from_its_start() -> None:
    async def scene(transcript: Transcript, pilot: Pilot[None]) -> None:
        tall = Entry("tall", "row", head=(Run("the head"),), body=tuple((Run(f"row {n}"),) for n in range(40)))
        short = [Entry(f"s{n}", "row", head=(Run(f"short {n}"),)) for n in range(6)]
        transcript.set_entries([*short, tall, Entry("last", "row", head=(Run("the last"),))])
        transcript.select("tall")
        await pilot.press("enter")
        transcript.select("s0")
        await pilot.pause()
        transcript.select("tall")
        assert "the head" in seen(transcript)[0] and "row 0" in seen(transcript)[1]

    play(scene)
