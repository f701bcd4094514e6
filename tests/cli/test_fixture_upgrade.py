"""`fixture upgrade`: old tapes are looked at first, and written anew only where they pass, each whole or not at all."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from greenroom.regression.tape.tape import read, write
from greenroom.regression.tape.versions import VERSION
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import HELPDESK, Run
from tests.regression.taped import edited, written_as

REFUND, CARD, WINDOW = "refund-over-limit", "card-number-hidden", "return-window"
AGES = {CARD: 1, REFUND: 2, WINDOW: VERSION}


def tape(shop: Workspace, name: str) -> Path:
    return shop.fixtures / f"{name}.tape.jsonl"


def files(shop: Workspace) -> dict[str, bytes]:
    found = (path for path in shop.fixtures.rglob("*.*") if path.is_file())
    return {str(path.relative_to(shop.fixtures)): path.read_bytes() for path in found}


@pytest.fixture
def old(shop: Workspace) -> dict[str, bytes]:
    """Fixtures of three formats; returns the files as they would be written today."""
    shutil.copytree(HELPDESK / "fixtures", shop.fixtures)
    today = files(shop)
    for name, version in AGES.items():
        if version < VERSION:
            tape(shop, name).write_bytes(written_as(version, read(tape(shop, name).read_bytes(), name)))
    return today


def test_a_look_writes_nothing_and_then_they_are_written_as_today(
    run: Run, shop: Workspace, old: dict[str, bytes]
) -> None:
    before = files(shop)
    assert run("fixture", "upgrade") == 0
    assert run.out.splitlines() == [
        f"ready     {CARD}: tape 1 -> {VERSION}",
        f"ready     {REFUND}: tape 2 -> {VERSION}",
    ]
    assert run.err.splitlines() == ["2 tapes can be written anew: greenroom fixture upgrade --yes"]
    assert files(shop) == before
    assert run("fixture", "upgrade", "--yes", "--json") == 0
    assert run.json() == [
        {"name": CARD, "state": "upgraded", "tape": 1, "why": ""},
        {"name": REFUND, "state": "upgraded", "tape": 2, "why": ""},
        {"name": WINDOW, "state": "today's", "tape": VERSION, "why": ""},
    ]
    assert files(shop) == old  # cases and parts are what they were, and nothing else lies there
    assert run("fixture", "status") == 0
    assert run.out.splitlines() == ["3 fixtures: 3 passed"]
    assert run("fixture", "upgrade", "--yes") == 0
    assert (run.out, run.err) == ("", f"nothing to upgrade: 3 tapes of format {VERSION}, today's\n")


def test_names_narrow_it(run: Run, shop: Workspace, old: dict[str, bytes]) -> None:
    before = files(shop)
    assert run("fixture", "upgrade", "refund-*", "--yes") == 0
    now = files(shop)
    assert {name for name in now if now[name] != before[name]} == {f"{REFUND}.tape.jsonl"}
    assert run("fixture", "upgrade", "no-such") == 2
    assert "no fixture 'no-such'" in run.err


def test_what_does_not_pass_is_left_as_it_is(run: Run, shop: Workspace, old: dict[str, bytes]) -> None:
    changed = edited(read(tape(shop, REFUND).read_bytes(), REFUND), "verdict", rule="refund.huge")
    tape(shop, REFUND).write_bytes(written_as(2, changed))
    cut = tape(shop, CARD).read_bytes()[:-9]
    tape(shop, CARD).write_bytes(cut)
    before = files(shop)
    assert run("fixture", "upgrade", "--yes") == 3
    first, second = run.out.splitlines()
    assert first.startswith(f"refused   {CARD}: broken: {CARD}.tape.jsonl:")
    assert second.startswith(
        f"refused   {REFUND}: diverged: turn 1: verdict tool.call of c1: rule refund.huge -> autonomy"
    )
    assert run.err.startswith("2 tapes left alone: an old tape is written anew only where it passes its replay")
    assert files(shop) == before


def test_what_is_stale_is_for_accept(
    run: Run, shop: Workspace, old: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    policy = shop.policies / "support.toml"
    policy.write_text(policy.read_text().replace("base = 40", "base = 41", 1))
    before = files(shop)
    assert run("fixture", "upgrade", "--yes") == 1
    assert run.out.splitlines()[0].startswith(f"refused   {CARD}: stale: policy: rule refund.large: risk.base 40 -> 41")
    assert files(shop) == before
    assert run("fixture", "accept") == 0
    assert all(path.read_bytes().startswith(b'{"tape":%d,' % VERSION) for path in shop.fixtures.glob("*.tape.jsonl"))


def test_a_full_disk_costs_no_tape(
    run: Run, shop: Workspace, old: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, replace = files(shop), Path.replace

    def full(self: Path, target: Any) -> Path:
        if CARD in str(target):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    assert run("fixture", "upgrade", "--yes") == 70
    first, second = run.out.splitlines()
    assert first.startswith(f"refused   {CARD}: could not write ") and "No space left" in first
    assert second == f"upgraded  {REFUND}: tape 2 -> {VERSION}"
    now = files(shop)
    assert now == {**before, f"{REFUND}.tape.jsonl": now[f"{REFUND}.tape.jsonl"]}


def test_a_tape_that_is_written_meanwhile_is_not_written_over(
    run: Run, shop: Workspace, old: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from greenroom.assembly.fixture.fixtures import Fixtures

    replayed = Fixtures.replayed
    theirs = write(edited(read(tape(shop, CARD).read_bytes(), CARD), "turn", user="Hello"))

    def put(path: Path) -> None:
        if path == tape(shop, CARD):
            path.write_bytes(theirs)

    async def while_somebody_writes(self: Fixtures, path: Path) -> Any:
        found = await replayed(self, path)
        put(path)
        return found

    monkeypatch.setattr(Fixtures, "replayed", while_somebody_writes)
    assert run("fixture", "upgrade", CARD, "--yes") == 1
    assert run.out.startswith(f"refused   {CARD}: {CARD}.tape.jsonl changed while it was replayed")
    assert tape(shop, CARD).read_bytes() == theirs


def test_a_link_and_a_later_format_are_left_alone(run: Run, shop: Workspace, old: dict[str, bytes]) -> None:
    elsewhere = shop.root / "elsewhere.jsonl"
    tape(shop, CARD).rename(elsewhere)
    tape(shop, CARD).symlink_to(elsewhere)
    tape(shop, REFUND).write_bytes(tape(shop, REFUND).read_bytes().replace(b'{"tape":2,', b'{"tape":99,', 1))
    kept = elsewhere.read_bytes()
    assert run("fixture", "upgrade", "--yes") == 3
    first, second = run.out.splitlines()
    assert first.startswith(f"refused   {CARD}: {CARD}.tape.jsonl: cannot be written anew: it is a symbolic link")
    assert second.startswith(f"refused   {REFUND}: {REFUND}.tape.jsonl:1: tape format 99 is not known here")
    assert (tape(shop, CARD).is_symlink(), elsewhere.read_bytes()) == (True, kept)


def test_nothing_runs_where_nobody_trusted_it(run: Run, untrusted: Workspace) -> None:
    shutil.copytree(HELPDESK / "fixtures", untrusted.fixtures)
    assert run("fixture", "upgrade") == 2
    assert "not trusted" in run.err


def test_without_fixtures_that_is_said(run: Run, shop: Workspace) -> None:
    assert run("fixture", "upgrade") == 0
    assert "this workspace has no fixtures yet" in run.err
