"""Folders for the files of commits: gone when a search ends, and cleared by the next one where it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.assembly.variants.laid_out import clear_leftovers, laid_out
from greenroom.core.errors import DiskFailed

_SEARCH = """
import sys
from greenroom.assembly.variants.laid_out import laid_out
with laid_out() as folder:
    (folder / "tools").mkdir()
    (folder / "tools" / "orders.py").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where such folders are made in this test, here and in processes of it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@contextmanager
def searching() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that has laid out a commit, and the folder of it."""
    child = subprocess.Popen(
        [sys.executable, "-c", _SEARCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert child.stdout is not None
    try:
        yield child, Path(child.stdout.readline().strip()).parent
    finally:
        child.kill()
        child.communicate()


def test_nothing_is_left_whatever_ends_it(temporary: Path) -> None:
    with laid_out() as folder:
        (folder / "a" / "b").mkdir(parents=True)
        assert folder.parent.parent == temporary.resolve() and folder.parent.stat().st_mode & 0o77 == 0
    with pytest.raises(OSError, match="its own"), laid_out():
        raise OSError("its own")
    assert not list(temporary.iterdir())


def test_the_folder_of_a_process_that_was_killed_is_cleared_and_no_other(temporary: Path) -> None:
    with searching() as (child, dead), searching() as (_, alive), laid_out() as own:
        assert clear_leftovers() == 0
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert (dead / "files" / "tools" / "orders.py").exists(), "it is left behind"
        assert clear_leftovers() == 1
        assert not dead.exists()
        assert (alive / "files" / "tools" / "orders.py").exists() and own.is_dir()
        assert clear_leftovers() == 0


def _open_to_others(folder: Path) -> None:
    folder.chmod(0o770)


def _without_a_lock(folder: Path) -> None:
    (folder / "running.lock").unlink()


def _with_a_link_for_a_lock(folder: Path) -> None:
    (folder / "running.lock").rename(folder / "other")
    (folder / "running.lock").symlink_to(folder / "other")


def _a_link(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to(folder.parent / "elsewhere")


def _otherwise_named(folder: Path) -> None:
    folder.rename(folder.parent / "greenroom-demo-x")


@pytest.mark.parametrize(
    "made",
    [_open_to_others, _without_a_lock, _with_a_link_for_a_lock, _a_link, _otherwise_named],
    ids=lambda one: one.__name__,
)
def test_what_is_not_surely_a_searchs_own_stays(temporary: Path, made: Callable[[Path], None]) -> None:
    folder = temporary / "greenroom-bisect-abc"
    (folder / "files").mkdir(parents=True)
    folder.chmod(0o700)
    (folder / "files" / "kept").write_text("x")
    (folder / "running.lock").touch(0o600)
    made(folder)
    before = sorted(temporary.rglob("*"))
    assert clear_leftovers() == 0
    assert sorted(temporary.rglob("*")) == before


def test_a_link_inside_leads_to_nothing_that_is_removed(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    folder = temporary / "greenroom-bisect-abc"
    (folder / "files").mkdir(parents=True)
    folder.chmod(0o700)
    (folder / "files" / "out").symlink_to(tmp_path)
    (folder / "running.lock").touch(0o600)
    assert clear_leftovers() == 1
    assert not folder.exists() and (tmp_path / "mine").read_text() == "x"


def test_where_no_folder_can_be_made_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert clear_leftovers() == 0
    with pytest.raises(DiskFailed, match="no folder can be made"), laid_out():
        pass
