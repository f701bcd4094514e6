"""What is kept of a view, and what is not painted again, shows in nothing: the screen is the one painted anew."""

import asyncio
import random

import pytest
from textual.app import ComposeResult
from textual.strip import Strip

from greenroom.tui.conversation.entries import Entry, Kind
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.text.guard import GuardedApp
from greenroom.tui.travel.event_pane import EventPane

WORDS = ("walk to the **river**", "- one\n- two", "a `mill`", "seven routes " * 12, "```python\nx = 1\n```")


class Stage(GuardedApp[None]):
    def compose(self) -> ComposeResult:
        yield EventPane()


def painted(stage: Stage) -> list[str]:
    """Every row of the screen with its styles."""
    return [repr(list(strip)) for line in stage.screen._compositor.render_full_update().strips for strip in line]


def entry(chance: random.Random, number: int) -> Entry:
    kind: Kind = chance.choice(("person", "persona", "tool", "note"))
    return Entry(str(number), kind, "Aria", chance.choice(WORDS), detail=("a: 1", "b: 2") if kind == "tool" else ())


def act(chance: random.Random, pane: EventPane, made: list[Entry]) -> None:
    """Something that changes what a view shows."""
    deed = chance.randrange(9)
    if deed == 0 or not made:
        made.append(entry(chance, len(made)))
        pane.append(made[-1])
    elif deed == 1:
        pane.action_select_by(chance.choice((-1, 1)))
    elif deed == 2:
        pane.action_page(chance.choice((-1, 1)))
    elif deed == 3:
        pane.action_fold()
    elif deed == 4:
        pane.search(chance.choice(("", "river", "route")))
    elif deed == 5:
        made[-1] = Entry(made[-1].id, made[-1].kind, "Aria", chance.choice(WORDS))
        pane.update_entry(made[-1])
    elif deed == 6:
        pane.put_events(made, chance.randrange(len(made)), past=chance.random() < 0.7, fresh=False)
    elif deed == 7:
        pane.action_edge(chance.choice((-1, 1)))
    else:
        pane.mark_found([chance.randrange(len(made))], (chance.choice(("mill", "two")),))


@pytest.mark.parametrize("seed", range(3))
def test_the_screen_is_the_one_painted_anew(seed: int) -> None:
    async def scene() -> None:
        chance, made = random.Random(seed), list[Entry]()
        stage = Stage()
        async with stage.run_test(size=(60, 16)) as pilot:
            pane = stage.query_one(EventPane)
            pane.focus()
            for number in range(30):
                made.append(entry(chance, number))
            pane.set_entries(made)
            for step in range(40):
                act(chance, pane, made)
                await pilot.pause()
                kept = painted(stage)
                pane._kept.under(None)
                pane.refresh()
                await pilot.pause()
                assert painted(stage) == kept, step

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_what_looks_the_same_is_not_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        stage = Stage()
        async with stage.run_test(size=(60, 16)) as pilot:
            pane = stage.query_one(EventPane)
            entries = [Entry(str(number), "note", text=f"note {number}") for number in range(40)]
            pane.set_entries(entries)
            await pilot.pause()
            rows = list[int]()
            drawn = Transcript.render_line

            def counted(self: Transcript, y: int) -> Strip:
                rows.append(y)
                return drawn(self, y)

            monkeypatch.setattr(Transcript, "render_line", counted)
            pane.set_entries(list(entries))
            await pilot.pause()
            assert rows == []
            pane.update_entry(Entry("38", "note", text="another"))
            await pilot.pause()
            assert rows == [14]

    asyncio.run(asyncio.wait_for(scene(), 30))
