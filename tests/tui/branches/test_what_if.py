"""What a turn would have had otherwise, on the screen: looking changes nothing, and one key says it again so."""

import shutil
from pathlib import Path

import pytest

from greenroom.assembly import ingest_knowledge
from greenroom.core.events import GatePassed, RerunStarted
from greenroom.tui.branches.what_if_sheet import WhatIfSheet
from greenroom.tui.compare.sheet import CompareSheet
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

WORDS = "What is your return policy for shoes? How many days do I have?"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = helpdesk(tmp_path_factory.mktemp("stocked"))
    ingest_knowledge(shop)
    return shop.root


@pytest.fixture
def workspace(stocked: Path, tmp_path: Path) -> Workspace:
    workspace = Workspace(shutil.copytree(stocked, tmp_path / "helpdesk").resolve())
    trust(workspace)  # what the policies on disk say of past verdicts is asked of a trusted workspace alone
    return workspace


async def opened(hands: Rehearsing) -> WhatIfSheet:
    await hands.say(WORDS)
    hands.bench.doing.variants.instant = True
    await hands.pilot.press("ctrl+x", "W")
    await hands.until(lambda: isinstance(hands.bench.screen, WhatIfSheet), "the sheet is open")
    sheet = hands.bench.screen
    assert isinstance(sheet, WhatIfSheet)
    await hands.until(lambda: "0 of" in rows(sheet), "verdicts and prompt were looked at")
    return sheet


def rows(sheet: WhatIfSheet) -> str:
    return "\n".join(f"{entry.plain} {entry.aside}" for entry in sheet.list.entries)


def test_a_passage_left_out_is_shown_at_once_and_nothing_is_written(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands)
        path = workspace.sessions / f"{hands.session.id}.jsonl"
        before = path.read_bytes()
        await hands.pilot.press("space")
        await hands.until(lambda: "~  passages" in rows(sheet), "the prompt differs")
        assert len(sheet.otherwise.without) == 1
        await hands.pilot.press("minus", "minus")
        await hands.until(lambda: "count: 4 better ones" in rows(sheet), "two passages fewer")
        await hands.pilot.press("0")
        await hands.until(lambda: "~  passages" not in rows(sheet), "as it was")
        assert path.read_bytes() == before
        assert len(list(workspace.sessions.glob("*.jsonl"))) == 1

    rehearse(workspace, scene)


def test_r_says_the_turn_again_so_and_sets_both_beside_one_another(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands)
        await hands.pilot.press("space", "minus")
        (gone,) = sheet.otherwise.without
        await hands.pilot.press("r")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        (started,) = [event for event in hands.events("rerun_started") if isinstance(event, RerunStarted)]
        assert started.changed == ("knowledge", f"without {gone}")
        passed = [event for event in hands.events("gate_passed") if isinstance(event, GatePassed)]
        assert [(event.gate, event.action) for event in passed] == [("retrieve", "edit")]

    rehearse(workspace, scene)


def test_before_anything_was_said_there_is_nothing_to_ask(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.pilot.press("ctrl+x", "W")
        await hands.pilot.pause()
        assert not isinstance(hands.bench.screen, WhatIfSheet)

    rehearse(workspace, scene)
