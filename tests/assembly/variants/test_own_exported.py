"""A variant that somebody likes, exported as a fixture: it brings along what no file has, and pytest's replay passes."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import find_workspace, load_contract, read_session, replay_builder
from greenroom.assembly.fixture.fixtures import Fixtures
from greenroom.assembly.fixture.live import LiveSessions
from greenroom.assembly.variants.rerunning import Change
from greenroom.engine.session import Session
from greenroom.regression.live.budget import Budget
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.run import run_live
from greenroom.regression.record.record import Exported, export
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.tape import read
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.assembly.variants.variant_shop import HELPDESK, WHAT, change_of, varied

EVERYTHING = ("persona", "prompt", "parameters", "knowledge", "policy")


def exported(shop: Workspace, change: Change, name: str = "liked") -> Exported:
    records = read_session(shop, asyncio.run(varied(shop, change)))
    return export(records, load_contract(shop, "aria", trusted=True), shop.fixtures, name)


def replayed(shop: Workspace, name: str = "liked") -> Outcome:
    fixture = load_fixture(shop.fixtures / f"{name}.tape.jsonl")
    return asyncio.run(replay_fixture(fixture, replay_builder(shop, trusted=True)))


@pytest.mark.parametrize("what", WHAT)
def test_it_replays_in_a_clone_that_has_none_of_it(own_shop: Workspace, tmp_path: Path, what: str) -> None:
    exported(own_shop, change_of(own_shop, what))
    clone = tmp_path / "clone"
    shutil.copytree(HELPDESK, clone, ignore=shutil.ignore_patterns(".greenroom", "outbox", "fixtures"))
    shutil.copy(
        own_shop.scripts / "second.toml", clone / "scripts"
    )  # a model is code that speaks: it is named, not kept
    shutil.copytree(own_shop.fixtures, clone / "fixtures")
    there = find_workspace(clone)
    trust(there)
    assert replayed(there).kind == "passed"
    assert Fixtures(there).checked(there.fixtures / "liked.tape.jsonl")[0].kind == "passed"


def test_its_first_line_and_the_export_name_what_it_brings_along(own_shop: Workspace) -> None:
    change = Change(prompt=own_shop.root / "other.md", parameters={"top_k": 40}, model="scripted/second")
    done = exported(own_shop, change)
    assert read(done.tape.read_bytes(), "it").own == ("prompt", "parameters")
    assert done.own == "the variant's own prompt and parameters"


def test_all_else_is_still_compared_with_the_disk(own_shop: Workspace) -> None:
    exported(own_shop, Change(parameters={"top_k": 40}))
    prompt = own_shop.personas / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe kind.\n", encoding="utf-8")
    found = replayed(own_shop)
    assert (found.kind, found.line) == ("stale", found.line)
    assert "prompt" in found.line
    assert "top_k" not in found.detail


def test_without_its_parts_it_is_broken_and_says_what_is_missing(own_shop: Workspace) -> None:
    done = exported(own_shop, Change(prompt=own_shop.root / "other.md"))
    for part in done.parts:
        part.unlink()
    found = replayed(own_shop)
    assert found.kind == "broken"
    assert "the variant's own prompt is not beside it" in found.line


def test_a_part_that_was_edited_is_not_what_was_recorded(own_shop: Workspace) -> None:
    done = exported(own_shop, Change(prompt=own_shop.root / "other.md"))
    part = next(one for one in done.parts if one.read_text(encoding="utf-8") == "Another prompt.\n")
    part.write_text("A friendlier prompt.\n", encoding="utf-8")
    assert replayed(own_shop).kind in ("stale", "broken")


def test_a_live_run_speaks_under_it_and_a_named_persona_does_not(own_shop: Workspace) -> None:
    exported(own_shop, Change(prompt=own_shop.root / "other.md", parameters={"top_k": 40}))
    fixture = load_fixture(own_shop.fixtures / "liked.tape.jsonl")
    asked: list[tuple[str, object]] = []

    class Watched(LiveSessions):
        def __call__(self, *parts: Any, **more: Any) -> Session:
            session = super().__call__(*parts, **more)
            asked.append((session.contract.system, session.contract.persona.model.params.get("top_k")))
            return session

    def live(persona: str) -> None:
        options = LiveOptions(persona=persona, model="scripted/helpdesk", repeat=1)
        asyncio.run(run_live(fixture, Watched(own_shop, trusted=True), options, Budget(None, "this run")))

    live("")
    live("aria")
    assert asked[0] == ("Another prompt.\n", 40)
    assert asked[1][1] is None
