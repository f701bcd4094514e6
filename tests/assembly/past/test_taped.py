"""A session whose policy is edited and reloaded while a person is asked: exported where its tape goes as it went, and refused
by name where it does not.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.assembly import find_workspace, load_contract, open_session, read_session, reloaded_contract
from greenroom.assembly.past.taped import goes_otherwise
from greenroom.commands.session.export import Wanted, written
from greenroom.core.errors import UsageError
from greenroom.core.events import ApprovalRequested, ContractLoaded, Record
from greenroom.core.values import ApprovalReply
from greenroom.engine.bus import Stream
from greenroom.regression.record.record import record
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
REFUND = "I want a refund of 120 EUR for order 1001"
WORDS = "A refund of nothing or less is a mistake.", "Nothing cannot be paid back."
TOOLS = '["orders.find", "orders.get", ', '["orders.find", '
ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    made = find_workspace(tmp_path / "shop")
    trust(made)
    return made


def edited_while_asked(shop: Workspace, before: str, after: str) -> list[Record]:
    """Two turns; in the first one a policy is edited and read again while a question is open."""
    policy = shop.policies / "support.toml"

    async def talk() -> str:
        session = await open_session(shop, instant=True)
        stream = session.watch()
        turn = asyncio.ensure_future(session.turn(REFUND))
        asked = await _question(stream)
        assert before in policy.read_text()
        policy.write_text(policy.read_text().replace(before, after))
        trust(shop)
        session.reload(reloaded_contract(shop, session))
        session.answer(asked if asked == await _question(stream) else "", ALLOW)
        await turn
        await session.turn("Thank you!")
        await session.aclose()
        return session.id

    return read_session(shop, asyncio.run(talk()))


async def _question(stream: Stream) -> str:
    async for one in stream:
        if isinstance(one, Record) and isinstance(one.event, ApprovalRequested):
            return one.event.step
    raise AssertionError("nobody was asked")


def test_a_turn_goes_through_where_the_edit_changes_nothing_that_was_decided(shop: Workspace) -> None:
    records = edited_while_asked(shop, *WORDS)
    contract = load_contract(shop)
    with pytest.raises(UsageError, match="after c1 had been decided"):
        record(records, contract.policy)  # where nobody can replay it
    done = written(shop, records, contract, "edited", Wanted())
    assert done.exit_code == 0
    assert done.value.tape.exists()


def test_a_turn_is_refused_by_name_where_the_edit_changes_what_was_decided(shop: Workspace) -> None:
    records = edited_while_asked(shop, *TOOLS)
    contract = load_contract(shop)
    with pytest.raises(UsageError) as caught:
        written(shop, records, contract, "edited", Wanted())
    assert caught.value.code == "export.changed"
    assert caught.value.message == (
        "the policy changed in the middle of turn 1, and replayed under the later one it goes otherwise: "
        "verdict tool.call of c1: effect allow -> deny; rule autonomy -> envelope"
    )
    assert caught.value.hint.startswith("without it: --turns 2; with it: greenroom session rerun")
    assert not (shop.fixtures / "edited.tape.jsonl").exists()
    assert written(shop, records, contract, "after", Wanted(turns="2")).exit_code == 0


def test_a_log_whose_texts_are_gone_cannot_be_said_to_go_as_it_went(shop: Workspace) -> None:
    records = edited_while_asked(shop, *WORDS)
    gone = [
        one.model_copy(update={"event": one.event.model_copy(update={"texts": {}})})
        if isinstance(one.event, ContractLoaded)
        else one
        for one in records
    ]
    with pytest.raises(UsageError, match="after c1 had been decided"):
        record(gone, load_contract(shop).policy, replays=goes_otherwise)
