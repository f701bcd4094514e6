from __future__ import annotations

import stat
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed, UsageError
from greenroom.workspace.find import find, require
from greenroom.workspace.layout import Workspace


def workspace_at(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "greenroom.toml").write_text('schema = "workspace/1"\nid = "shop"\n')
    return path


def test_the_nearest_workspace_upward_is_found_from_a_folder_and_from_a_file(tmp_path: Path) -> None:
    workspace_at(tmp_path / "outer")
    inner = workspace_at(tmp_path / "outer" / "inner")
    document = inner / "knowledge" / "returns.md"
    document.parent.mkdir()
    document.write_text("30 days")
    assert find(document) == Workspace(inner.resolve())
    assert find(tmp_path / "outer" / "elsewhere") == Workspace((tmp_path / "outer").resolve())


def test_a_folder_named_like_the_settings_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "greenroom.toml").mkdir()
    assert find(tmp_path) is None


def test_no_workspace_and_no_folder_each_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no greenroom\.toml") as nothing:
        require(tmp_path)
    assert "greenroom demo" in nothing.value.hint
    with pytest.raises(UsageError, match="there is no folder"):
        require(tmp_path / "missing")


@pytest.mark.parametrize("named", ['"shop"', '["nowhere", "shop"]', '"nowhere shop"'])
def test_the_workspace_that_a_repository_names_for_pytest_is_found_from_its_root(tmp_path: Path, named: str) -> None:
    shop, sources = workspace_at(tmp_path / "shop"), tmp_path / "src"
    sources.mkdir()
    (tmp_path / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\ngreenroom_workspace = {named}\n")
    assert find(tmp_path) == find(sources) == Workspace(shop.resolve())
    inner = workspace_at(tmp_path / "src" / "other")
    assert find(inner) == Workspace(inner.resolve())


@pytest.mark.parametrize(
    "text", ["", "not toml", "tool = 1", "[tool.pytest.ini_options]\ngreenroom_workspace = 3", "a" * 2_000_000]
)
def test_a_pyproject_that_names_no_workspace_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert find(tmp_path) is None
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    assert find(tmp_path) is None


def test_state_is_private_and_ignores_itself(tmp_path: Path) -> None:
    workspace = Workspace(workspace_at(tmp_path / "shop"))
    workspace.state.mkdir(mode=0o755)
    workspace.make_state()
    assert (workspace.state / ".gitignore").read_text() == "*\n"
    (workspace.state / ".gitignore").write_text("*\n!keep\n")
    workspace.make_state()
    assert stat.S_IMODE(workspace.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(workspace.sessions.stat().st_mode) == 0o700
    assert (workspace.state / ".gitignore").read_text() == "*\n!keep\n"


def test_everything_a_run_leaves_behind_is_under_state(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for path in (workspace.sessions, workspace.store, workspace.chroma, workspace.ledger, workspace.last_run):
        assert path.is_relative_to(workspace.state)


def test_a_state_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".greenroom").write_text("a file in the way")
    with pytest.raises(DiskFailed, match="cannot write"):
        Workspace(tmp_path).make_state()


def test_paths_are_shown_from_the_root(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert workspace.shown(workspace.personas / "aria" / "persona.toml") == "personas/aria/persona.toml"
    assert workspace.shown(Path("/elsewhere/x")) == "/elsewhere/x"
