"""A cloned workspace runs nothing of its own before a person trusted it, whichever command is given."""

import shutil
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import distrust, trust
from tests.hostile.attack import greenroom, line_of

COMMANDS = (
    ("persona", "check"),
    ("persona", "list"),
    ("persona", "show", "aria"),
    ("policy", "check", "aria"),
    ("policy", "test", "aria"),
    ("policy", "explain", "aria"),
    ("doctor",),
    ("session", "list"),
    ("session", "show", "last"),
    ("session", "verify", "last"),
    ("session", "replay", "last"),
    ("session", "fork", "last", "--at", "3"),
    ("session", "export", "last", "--name", "x"),
    ("session", "resume"),
    ("approve", "list"),
    ("run", "aria", "hello"),
    ("tool", "list"),
    ("knowledge", "list"),
    ("knowledge", "add"),
    ("knowledge", "search", "returns"),
    ("memory", "list"),
    ("model", "list"),
    ("trust", "--show"),
)
NEEDS_CODE = {
    ("policy", "check"),
    ("policy", "test"),
    ("session", "replay"),
    ("session", "fork"),
    ("session", "export"),
    ("run", "aria"),
    ("tool", "list"),
}


@pytest.fixture
def cloned(shop: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with a session, whose tools leave a mark when they are imported."""
    assert greenroom(shop.root, "run", "aria", "hello").returncode == 0
    distrust(shop)
    (shop.tools / "mark.py").write_text(f'open({str(tmp_path / "mark")!r}, "w").close()\n', encoding="utf-8")
    return shop


def test_nothing_runs_before_trust(cloned: Workspace, tmp_path: Path) -> None:
    for command in COMMANDS:
        done = greenroom(cloned.root, *command)
        line = line_of(done)
        assert not (tmp_path / "mark").exists(), command
        if command[:2] in NEEDS_CODE:
            assert (done.returncode, "not trusted" in line) == (2, True), (command, line)
    trust(cloned)
    greenroom(cloned.root, "tool", "list")
    assert (tmp_path / "mark").exists()


def test_trust_does_not_travel_with_the_folder(shop: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    shutil.copytree(shop.root, other)
    assert greenroom(shop.root, "tool", "list").returncode == 0
    assert greenroom(other, "tool", "list").returncode == 2


def test_a_changed_helper_file_takes_trust_back(shop: Workspace) -> None:
    helper = shop.tools / "_shop.py"
    helper.write_text(helper.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert greenroom(shop.root, "tool", "list").returncode == 2
