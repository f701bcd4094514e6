"""What is typed goes to the composer after every deed that begins or opens a session, wherever the person was before."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from greenroom.tui.branches.tree_sheet import TreeSheet
from greenroom.tui.compare.sheet import CompareSheet
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.hints import Hints
from greenroom.tui.panes.side import Pane, Side
from greenroom.tui.rehearsal import open_real
from greenroom.tui.sheets.lists import SessionsSheet, TrustSheet
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

SENTENCE = "fans of x say"
"""Letters that are keys outside the composer: fork, sessions, export, the events before and after."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    trust(found)
    return found


async def from_a_pane(hands: Rehearsing) -> None:
    hands.bench.doing.do("pane", "Trace")
    await hands.pilot.pause()
    hands.bench.query_one(Side).active.pane.focus()
    await hands.until(lambda: isinstance(hands.bench.focused, Pane), "the person looks at a pane")


async def typed(hands: Rehearsing) -> None:
    await hands.until(lambda: not hands.bench.opening and not hands.bench.doing.variants.branching, "it is open")
    keys = ["space" if sign == " " else sign for sign in SENTENCE]
    await hands.pilot.press(*keys)
    assert hands.bench.query_one(Composer).text == SENTENCE
    assert len(hands.bench.screen_stack) == 1
    assert hands.bench.query_one("#conversation", Transcript).region.height > 0, "the conversation is in view"


async def begin_again(hands: Rehearsing) -> None:
    await hands.pilot.press("ctrl+x", "n")


async def another_session(hands: Rehearsing) -> None:
    before = hands.session.id
    hands.bench.doing.do("new_session")
    await hands.until(lambda: not hands.bench.opening and hands.session.id != before, "a new one is open")
    await from_a_pane(hands)
    await hands.pilot.press("ctrl+x", "s")
    await hands.until(lambda: isinstance(hands.bench.screen, SessionsSheet), "the sessions are listed")
    await hands.pilot.pause()
    assert isinstance(hands.bench.screen, SessionsSheet)
    hands.bench.screen.list.select(before)
    await hands.pilot.press("enter")
    await hands.until(lambda: not hands.bench.opening and hands.session.id == before, "the old one is open")


async def the_same_session(hands: Rehearsing) -> None:
    await hands.pilot.press("ctrl+x", "s")
    await hands.until(lambda: isinstance(hands.bench.screen, SessionsSheet), "the sessions are listed")
    await hands.pilot.pause()
    await hands.pilot.press("enter")


async def fork(hands: Rehearsing) -> None:
    before = hands.session.id
    hands.bench.query_one(Side).active.pane.select(f"event:{hands.session.records[-1].seq}")
    await hands.pilot.press("f")
    await hands.until(lambda: hands.session.id != before, "the branch is open")


async def tree(hands: Rehearsing) -> None:
    before = hands.session.id
    await fork(hands)
    await from_a_pane(hands)
    await hands.pilot.press("ctrl+x", "T")
    await hands.until(lambda: isinstance(hands.bench.screen, TreeSheet), "the tree is shown")
    await hands.pilot.pause()
    assert isinstance(hands.bench.screen, TreeSheet)
    hands.bench.screen.list.select(before)
    await hands.pilot.press("enter")
    await hands.until(lambda: not hands.bench.opening and hands.session.id == before, "the trunk is open")


async def rerun(hands: Rehearsing) -> None:
    hands.bench.doing.variants.instant = True
    await hands.pilot.press("ctrl+r")
    await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "the variants are compared")
    await hands.pilot.press("escape")
    await hands.until(lambda: len(hands.bench.screen_stack) == 1, "the sheet is left")


DEEDS = (begin_again, another_session, the_same_session, fork, tree, rerun)


@pytest.mark.parametrize(
    ("deed", "size"), [*((deed, (140, 40)) for deed in DEEDS), (begin_again, (80, 24)), (fork, (80, 24))]
)
def test_what_is_typed_after_a_deed_that_opens_a_session_goes_to_the_composer(
    workspace: Workspace, deed: Callable[[Rehearsing], Awaitable[None]], size: tuple[int, int]
) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        await from_a_pane(hands)
        await deed(hands)
        await typed(hands)

    rehearse(workspace, scene, size=size)


def test_words_typed_while_the_session_is_still_opened_are_kept(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await from_a_pane(hands)
        before = hands.session
        await hands.pilot.press("ctrl+x", "n", *"sfx")
        assert hands.bench.query_one(Composer).text == "sfx"
        await hands.until(lambda: hands.bench.rehearsal.session not in (None, before), "it is open")

    rehearse(workspace, scene)


def test_going_from_variant_to_variant_stays_in_the_conversation(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("What is your return policy for shoes?")
        first = hands.session.id
        await rerun(hands)
        await hands.until(lambda: len(hands.bench.doing.variants.beside) > 1, "there are variants")
        hands.bench.query_one("#conversation", Transcript).focus()
        await hands.pilot.press("left")
        await hands.until(lambda: not hands.bench.opening and hands.session.id == first, "the first is open")
        assert isinstance(hands.bench.focused, Transcript)

    rehearse(workspace, scene)


def test_once_trusted_nothing_says_that_nothing_runs(workspace: Workspace) -> None:
    (workspace.root / "tools" / "more.py").write_text("", encoding="utf-8")
    bench = Workbench(workspace, opener=open_real)

    async def run() -> None:
        async with bench.run_test(size=(80, 24)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: isinstance(bench.screen, TrustSheet) and not bench.opening, "trust is asked for")
            assert "nothing of this workspace runs" in bench.query_one(Hints).render().plain
            await pilot.press("ctrl+y")
            await hands.until(lambda: bench.rehearsal.session is not None, "it is open")
            await pilot.pause()
            assert "nothing of this workspace runs" not in bench.query_one(Hints).render().plain
            await pilot.press(*"sfx")
            assert bench.query_one(Composer).text == "sfx"
            bench.doing.do("quit")
            await hands.until(lambda: bench.rehearsal.session is None, "closed")

    asyncio.run(asyncio.wait_for(run(), 60))
