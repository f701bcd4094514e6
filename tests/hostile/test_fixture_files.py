"""Links, pipes and devices where fixtures, their parts and their last runs lie: nothing hangs, leaks, or is removed elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed
from greenroom.regression.tape.parts import write_whole
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import HELPDESK, change, greenroom, line_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and devices of Unix")

PRECIOUS = "a precious line"
COMMANDS = (("status",), ("accept",), ("prune", "--yes"))


@pytest.fixture
def suite(shop: Workspace) -> Workspace:
    """A trusted copy with its fixtures."""
    shutil.copytree(HELPDESK / "fixtures", shop.fixtures)
    return shop


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder outside, with files named as Greenroom names its own."""
    folder = tmp_path / "victim"
    folder.mkdir()
    for name in ("letter.txt", "0123456789abcdef.txt", "return-window.tape.jsonl", "return-window.run.json"):
        (folder / name).write_text(PRECIOUS, encoding="utf-8")
    return folder


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.read_text(encoding="utf-8") == PRECIOUS)


@pytest.mark.parametrize(
    "place", ["fixtures/.parts", ".greenroom/last_run", ".greenroom/last_run/.parts", ".greenroom"]
)
def test_what_a_linked_folder_leads_to_is_neither_removed_nor_written(
    suite: Workspace, victim: Path, place: str
) -> None:
    before, link = left(victim), suite.root / place
    shutil.rmtree(link, ignore_errors=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(victim)
    if place == ".greenroom":
        (victim / "last_run").symlink_to(victim)
    for command in COMMANDS:
        line_of(greenroom(suite.root, "fixture", *command))
    (victim / "last_run").unlink(missing_ok=True)
    assert left(victim) == before
    assert len(list(victim.iterdir())) == len(before)


def test_a_last_run_that_is_the_fixtures_folder_removes_no_fixture(suite: Workspace) -> None:
    suite.state.mkdir()
    suite.last_run.symlink_to(suite.fixtures)
    before = sorted(path.name for path in suite.fixtures.rglob("*"))
    assert greenroom(suite.root, "fixture", "status").returncode == 0
    assert greenroom(suite.root, "fixture", "prune", "--yes").returncode == 0
    assert sorted(path.name for path in suite.fixtures.rglob("*")) == before


def test_a_part_that_is_a_link_tells_nothing_of_what_it_leads_to(suite: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2 opens the door\n", encoding="utf-8")
    for part in suite.fixtures.glob(".parts/*.txt"):
        part.unlink()
        part.symlink_to(secret)
    change(suite.personas / "aria" / "prompt.md", r"You are", "Now you are")
    for command in COMMANDS:
        done = greenroom(suite.root, "fixture", *command)
        line_of(done)
        assert b"hunter2" not in done.stdout + done.stderr, command
    assert secret.read_text(encoding="utf-8") == "hunter2 opens the door\n"


@pytest.mark.parametrize("name", ["return-window.tape.jsonl", "return-window.case.toml", "parts"])
@pytest.mark.parametrize("device", [False, True])
def test_a_pipe_or_a_device_is_one_line(suite: Workspace, name: str, device: bool) -> None:
    places = suite.fixtures.glob(".parts/*.txt") if name == "parts" else [suite.fixtures / name]
    for path in list(places):
        path.unlink()
        if device:
            path.symlink_to("/dev/zero")
        else:
            os.mkfifo(path)
    done = greenroom(suite.root, "fixture", "check")
    line_of(done)
    assert (done.returncode, b"broken   " in done.stdout) == (3, True)


def test_a_neighbour_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "x.tape.jsonl"
    victim.write_text(PRECIOUS, encoding="utf-8")
    (tmp_path / f".{path.name}.{os.getpid()}.new").symlink_to(victim)
    write_whole(path, b"new")
    assert (victim.read_text(encoding="utf-8"), path.read_bytes()) == (PRECIOUS, b"new")


def test_a_folder_in_the_neighbour_s_place_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.tape.jsonl"
    (tmp_path / f".{path.name}.{os.getpid()}.new").mkdir()
    with pytest.raises(DiskFailed, match="could not write"):
        write_whole(path, b"new")
    assert not path.exists()
