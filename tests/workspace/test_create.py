from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed, UsageError
from greenroom.workspace import create
from greenroom.workspace.create import demo, init, shipped, sources
from greenroom.workspace.find import find
from greenroom.workspace.trust import is_trusted


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf of shipped workspaces with one on it, as an earlier run left it."""
    source = tmp_path / "shelf" / "helpdesk"
    for file, text in {
        "greenroom.toml": 'schema = "workspace/1"\nid = "helpdesk"\n',
        "tools/orders.py": "ORDERS = {}\n",
        "tools/__pycache__/orders.pyc": "stale",
        ".greenroom/sessions/old.jsonl": "someone's words",
        "fixtures/.parts/abc.txt": "prompt",
        "outbox/mail-1.txt": "sent to a customer",
    }.items():
        path = source / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (source / "tools" / "orders.py").chmod(0o444)
    monkeypatch.setattr(create, "shipped", lambda: source.parent)
    return source.parent


def test_the_source_tree_ships_workspaces() -> None:
    assert shipped().name in {"workspaces", "_workspaces"}


def test_a_copy_is_whole_trusted_writable_and_holds_nothing_that_runs_left(tmp_path: Path, shelf: Path) -> None:
    workspace = init(tmp_path / "deep" / "mine")
    files = {path.relative_to(workspace.root).as_posix() for path in workspace.root.rglob("*") if path.is_file()}
    assert files == {"greenroom.toml", "tools/orders.py", "fixtures/.parts/abc.txt"}
    assert find(tmp_path / "deep" / "mine") == workspace
    assert is_trusted(workspace)
    (workspace.tools / "orders.py").write_text("changed")
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["mine"]


def test_nothing_is_ever_written_over(tmp_path: Path, shelf: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty"):
        init(tmp_path / "mine")
    with pytest.raises(UsageError, match="is not empty"):
        init(tmp_path / "mine" / "thesis.txt")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_may_become_a_workspace(tmp_path: Path, shelf: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert init(tmp_path / "mine").settings_file.is_file()


def test_an_unknown_source_is_suggested(tmp_path: Path, shelf: Path) -> None:
    assert sources() == ("helpdesk",)
    with pytest.raises(UsageError) as found:
        init(tmp_path / "mine", "helpdsk")
    assert found.value.hint == "did you mean 'helpdesk'?"


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DiskFailed, match="No space left"):
        init(tmp_path / "new" / "mine")
    assert list((tmp_path / "new").iterdir()) == []


def test_the_demo_is_a_fresh_scratch_copy_and_a_named_one_is_kept(tmp_path: Path, shelf: Path) -> None:
    first, second = demo(), demo()
    assert first.root != second.root
    kept = demo(tmp_path / "kept")
    (kept.root / "note.txt").write_text("mine")
    assert demo(tmp_path / "kept") == kept
    assert (kept.root / "note.txt").read_text() == "mine"
