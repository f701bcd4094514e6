"""Links, pipes and folders that a cloned workspace puts where Greenroom keeps its own files, or into its documents."""

import os
import sys
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from tests.hostile.attack import change, greenroom, line_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")

PRECIOUS = b"a precious line without its end"
COMMANDS = (
    ("run", "aria", "hello"),
    ("session", "verify", "last"),
    ("memory", "list"),
)


def tried(shop: Workspace) -> list[int]:
    """The exit codes of everything that touches the state folder; each ends, and says one line at most as an error."""
    done = [greenroom(shop.root, *command) for command in COMMANDS]
    for one in done:
        line_of(one)
    return [one.returncode for one in done]


@pytest.mark.parametrize("name", ["ledger.jsonl", "store.db", "crash.log", "sessions/s1.jsonl"])
def test_a_link_in_the_place_of_a_file_leads_nowhere(shop: Workspace, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(PRECIOUS)
    (shop.state / name).parent.mkdir(parents=True)
    (shop.state / name).symlink_to(victim)
    assert set(tried(shop)) <= {0, 1, 2, 5, 70}
    if name.startswith("sessions"):
        assert greenroom(shop.root, "run", "--session", "s1", "hello").returncode == 5
    assert victim.read_bytes() == PRECIOUS


@pytest.mark.parametrize("name", ["", "chroma", "sessions"])
def test_a_link_in_the_place_of_a_folder_leads_nowhere(shop: Workspace, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    (victim / "inner").mkdir(parents=True)
    (victim / "inner" / "letter.txt").write_bytes(PRECIOUS)
    victim.chmod(0o755)
    place = shop.state / name if name else shop.state
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(victim)
    done = greenroom(shop.root, "run", "aria", "hello")
    assert (done.returncode, done.stdout) == (70, b"")
    assert "is a symbolic link, which Greenroom does not follow" in line_of(done)
    tried(shop)
    assert [path.name for path in sorted(victim.rglob("*"))] == ["inner", "letter.txt"]
    assert victim.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["ledger.jsonl", "store.db", "sessions/s1.jsonl"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_folder_ends_in_one_line(shop: Workspace, name: str, make: object) -> None:
    assert callable(make)
    (shop.state / name).parent.mkdir(parents=True)
    make(shop.state / name)
    assert set(tried(shop)) <= {0, 1, 2, 5, 70}


def test_a_store_that_names_a_folder_elsewhere_removes_nothing(shop: Workspace, tmp_path: Path) -> None:
    import sqlite3

    assert greenroom(shop.root, "knowledge", "search", "returns").returncode == 0
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "letter.txt").write_bytes(PRECIOUS)
    with sqlite3.connect(shop.store) as connection:
        connection.execute("update derived set folder = ?", (os.path.relpath(victim, shop.chroma),))
    connection.close()
    assert greenroom(shop.root, "run", "aria", "How long can I return shoes?").returncode == 0
    assert [path.name for path in victim.iterdir()] == ["letter.txt"]


def test_documents_and_scripts_stay_inside(shop: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("# Returns\n\nreturns: the secret of another folder\n", encoding="utf-8")
    (shop.knowledge / "returns.md").unlink()
    (shop.knowledge / "returns.md").symlink_to(outside)
    done = greenroom(shop.root, "knowledge", "add")
    assert done.returncode == 3
    assert "knowledge/returns.md: the document leads out of the workspace" in line_of(done)
    assert b"another folder" not in greenroom(shop.root, "knowledge", "search", "secret").stdout
    (tmp_path / "evil.toml").write_text('schema = "script/1"\n', encoding="utf-8")
    done = greenroom(shop.root, "run", "aria", "hi", "--model", "scripted/../../evil")
    assert done.returncode == 3
    change(shop.root / "greenroom.toml", r'"returns\.md"', '"../greenroom.toml"')
    assert greenroom(shop.root, "knowledge", "add").returncode == 3


@pytest.mark.parametrize("word", ["../../x", "*", "\n"])
def test_a_session_s_id_is_never_a_path(shop: Workspace, word: str) -> None:
    (shop.root / "x.jsonl").write_bytes(PRECIOUS)
    for command in (("verify",), ("export", "--name", "x")):
        done = greenroom(shop.root, "session", command[0], word, *command[1:])
        assert (done.returncode, done.stdout) == (2, b"")
        line_of(done)
    assert (shop.root / "x.jsonl").read_bytes() == PRECIOUS


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil"])
def test_a_fixture_s_name_is_never_a_path(shop: Workspace, name: str) -> None:
    assert greenroom(shop.root, "run", "aria", "hello").returncode == 0
    done = greenroom(shop.root, "session", "export", "last", "--name", name)
    assert done.returncode == 2
    assert "cannot be a fixture's name" in line_of(done)
