"""A variant opened again on the screen: what it goes on under is said, and one word lets go of it."""

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import open_session, read_session
from greenroom.assembly.variants.rerunning import Change, rerun_session
from greenroom.core.events import ContractLoaded
from greenroom.tui.deeds.table import by_slash
from greenroom.tui.rehearsal import Wanted
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    shop = helpdesk(tmp_path)
    trust(shop)
    return shop


async def varied(workspace: Workspace) -> str:
    session = await open_session(workspace, instant=True, trusted=True)
    await session.turn("hi there")
    await session.aclose()
    done = await rerun_session(workspace, session.id, Change(parameters={"top_k": 40}), instant=True, trusted=True)
    await done.session.aclose()
    return done.session.id


def test_it_says_what_it_goes_on_under_and_let_go_is_in_the_log(workspace: Workspace) -> None:
    name = asyncio.run(varied(workspace))

    async def scene(hands: Rehearsing) -> None:
        await hands.until(lambda: "goes on under what it was made with" in hands.conversation, "it is said")
        assert "top_k=40" in hands.conversation
        hands.bench.doing.do("let_go")
        await hands.until(lambda: "Goes on as on disk: aria@1.3.0" in hands.conversation, "it was let go")
        assert hands.session.contract.own == ()
        assert by_slash("let-go") is not None

    rehearse(workspace, scene, wanted=Wanted(session=name, latest=False))
    loaded = [r.event for r in read_session(workspace, name) if isinstance(r.event, ContractLoaded)]
    assert [one.own for one in loaded] == [(), ("parameters",), ()]
