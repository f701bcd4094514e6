"""Which session is meant by `last`: one in which something was said, however new those are in which nothing was."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from greenroom.approval.automatic import ByPolicy
from greenroom.assembly import find_workspace, open_session
from greenroom.commands.invocation import Invocation
from greenroom.commands.session.export import export
from greenroom.commands.session.sessions import list_sessions
from greenroom.core.errors import UsageError
from greenroom.log.catalog import session_id, session_path
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.pytest_plugin.running import copied


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    workspace = find_workspace(copied(tmp_path / "shop"))
    trust(workspace)
    return workspace


def had(shop: Workspace, at: int, *words: str) -> str:
    """A session in which this was said, last written to at that second."""

    async def talk() -> str:
        session = await open_session(shop, approver=ByPolicy(), instant=True)
        try:
            for one in words:
                await session.turn(one)
            return session.id
        finally:
            await session.aclose()

    name = asyncio.run(talk())
    os.utime(session_path(shop, name), (at, at))
    return name


def test_the_last_session_is_the_latest_in_which_something_was_said(shop: Workspace) -> None:
    with pytest.raises(UsageError, match="there is no session last"):
        session_id(shop, "last")
    empty = had(shop, 1_000)
    assert session_id(shop, "last") == empty, "where nothing was said in any, it is the latest"
    had(shop, 2_000, "How long can I return shoes?")
    said = had(shop, 3_000, "Where is order 1003?")
    for second in (4_000, 5_000):
        had(shop, second)
    assert session_id(shop, "last") == said
    listed = list_sessions(Invocation({"workspace": str(shop.root)}, None)).lines
    assert listed[1].startswith(said), "as the list has it"
    session_path(shop, empty).write_bytes(b'{"words": "\\"kind\\":\\"turn_started\\""}\n')
    assert session_id(shop, "last") == said, "words that name the event are none"


def test_an_export_of_the_last_session_passes_those_by_in_which_nothing_was_said(shop: Workspace) -> None:
    had(shop, 1_000, "Where is order 1003?")
    had(shop, 2_000)
    asked = {"workspace": str(shop.root), "session": "last", "name": "order"}
    done = export(Invocation(asked, None))
    assert done.exit_code == 0 and (shop.fixtures / "order.tape.jsonl").is_file()
