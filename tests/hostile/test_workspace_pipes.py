"""Pipes and devices in the place of what a workspace is made of: each is one line, and nobody waits for it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.models.script_file import load_script
from greenroom.regression.judge.rubric import read_rubric
from greenroom.repl.history import MaskedHistory
from greenroom.retrieval.ingest import read_document
from greenroom.tools.load import load_functions
from greenroom.tui.frame.theme import read_theme
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings
from greenroom.workspace.trust import describe
from tests.hostile.attack import greenroom, line_of

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of Unix")

READ: dict[str, Callable[[Workspace], object]] = {
    "greenroom.toml": load_settings,
    "tools/orders.py": lambda shop: load_functions([shop.tools / "orders.py"]),
    "tools/_shop.py": describe,
    "scripts/helpdesk.toml": lambda shop: load_script(shop.scripts / "helpdesk.toml"),
    "knowledge/returns.md": lambda shop: read_document(shop.knowledge / "returns.md", "returns.md"),
    "rubric.md": lambda shop: read_rubric(shop.root, "rubric.md"),
    "theme.toml": lambda shop: read_theme(shop.root / "theme.toml"),
}


def put(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("name", "kind"), [(name, "pipe") for name in READ] + [(name, "device") for name in READ if name != "rubric.md"]
)
def test_what_a_workspace_is_made_of_is_not_read_from_a_pipe_or_a_device(
    stranger: Workspace, name: str, kind: str
) -> None:
    put(stranger.root / name, kind)
    with pytest.raises(FileInvalid, match="regular file"):
        READ[name](stranger)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("tools/sub/more.py", ("trust",)),
        ("tools/orders.py", ("trust", "--show")),
        ("scripts/helpdesk.toml", ("run", "hi")),
    ],
)
def test_commands_say_it_in_a_line(shop: Workspace, name: str, command: tuple[str, ...]) -> None:
    (shop.tools / "sub").mkdir()
    put(shop.root / name, "pipe")
    try:
        done = greenroom(shop.root, *command)
    except subprocess.TimeoutExpired:
        pytest.fail(f"greenroom {command[0]} waits for {name}")
    assert done.returncode == 3
    assert name in line_of(done)


def test_a_history_that_is_a_pipe_is_neither_read_nor_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "history")
    history = MaskedHistory(tmp_path / "history")
    history.keep("words")
    assert list(history.load_history_strings()) == []
