"""Forks, reruns, searches and comparisons that are killed or stopped in the middle: what was there is as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.approval.kill_switch import KillSwitch
from greenroom.assembly import read_session, sessions, verify_session
from greenroom.assembly.variants.lineage import session_lines
from greenroom.core.clock import SystemClock
from greenroom.core.events import RerunStarted, SessionForked, TurnFinished
from greenroom.core.values import Stop
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.hostile.attack import HELPDESK, PATIENCE_SECONDS, change, copied, greenroom, line_of
from tests.hostile.killed import KILLED, killed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")

ASKED = "What is your return policy for shoes? How many days do I have?"
STOPPED = 7


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with an older version, in which two turns were said."""
    shop = copied(tmp_path_factory.mktemp("told") / "shop")
    shutil.copytree(HELPDESK / "fixtures", shop.fixtures, dirs_exist_ok=True)
    aria, old = shop.personas / "aria", shop.personas / "aria" / "versions" / "1.2.0"
    old.mkdir(parents=True)
    for name in ("persona.toml", "prompt.md"):
        shutil.copy(aria / name, old / name)
    change(old / "persona.toml", r'(?m)^version( *)= *"1.3.0"', 'version = "1.2.0"')
    (shop.root / "in.txt").write_text("hello\nMy name is Tom\n", encoding="utf-8")
    trust(shop)
    for words in (("run", "aria", ASKED), ("run", "--session", "last", "where is my order 1001?")):
        assert greenroom(shop.root, *words).returncode == 0
    return shop.root


@pytest.fixture
def shop(told: Path, tmp_path: Path) -> Workspace:
    workspace = Workspace(Path(shutil.copytree(told, tmp_path / "shop")).resolve())
    trust(workspace)
    return workspace


def parent(shop: Workspace) -> Path:
    return min(shop.sessions.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def whole(shop: Workspace) -> list[str]:
    """The sessions that there are; each verifies, stands in the tree, and is a fork that says so or none."""
    names = [path.stem for path in shop.sessions.glob("*.jsonl")]
    assert {one.id for one in sessions(shop)} <= set(names)
    assert sorted(line.id for line in session_lines(shop)) == sorted(names)
    for name in names:
        verify_session(shop, name)
    return names


def test_a_fork_that_is_killed_is_there_whole_or_not_at_all(shop: Workspace) -> None:
    path, before = parent(shop), parent(shop).read_bytes()
    for at, after in ((1, False), (1, True), (2, True)):
        assert killed(shop.root, at, "session", "fork", path.stem, "--at", "10", after=after).returncode == KILLED
        assert path.read_bytes() == before
        for name in set(whole(shop)) - {path.stem}:
            assert isinstance(read_session(shop, name)[11].event, SessionForked)
    for draft in shop.sessions.glob(".*.new"):  # what was half written is gone with the next one
        os.utime(draft, (0, 0))
    assert greenroom(shop.root, "session", "fork", path.stem, "--at", "10").returncode == 0
    assert not list(shop.sessions.glob(".*.new"))


@pytest.mark.parametrize("at", [3, 34])
def test_a_rerun_that_is_killed_leaves_its_parent_and_a_variant_that_goes_on(shop: Workspace, at: int) -> None:
    path, before = parent(shop), parent(shop).read_bytes()
    command = ("session", "rerun", path.stem, "--since", "1", "--persona", "aria@1.2.0")
    assert killed(shop.root, at, *command, after=bool(at % 2)).returncode == KILLED
    assert path.read_bytes() == before
    (variant,) = set(whole(shop)) - {path.stem}
    if any(isinstance(r.event, RerunStarted) for r in read_session(shop, variant)):
        done = greenroom(shop.root, "session", "resume", variant)
        assert done.returncode in (0, 2), done.stderr
        assert "Traceback" not in done.stderr.decode()
        whole(shop)
    assert path.read_bytes() == before


@pytest.mark.parametrize("at", [41])
def test_a_comparison_that_is_killed_goes_on_with_what_is_missing(shop: Workspace, at: int) -> None:
    path, before = parent(shop), parent(shop).read_bytes()
    asked = ("compare", "--persona", "aria", "--persona", "aria@1.2.0", "--input", "in.txt", "--name", "one")
    assert killed(shop.root, at, *asked).returncode == KILLED
    whole(shop)
    done = greenroom(shop.root, "compare", "--resume", "--name", "one")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before
    assert not list((shop.state / "compare").glob("*.key"))


class Going:
    """A command that runs until something is done to it once it said a certain word."""

    def __init__(self, shop: Workspace, *command: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "greenroom", *command],
            cwd=shop.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1"},
        )

    def until(self, word: str, then: Callable[[subprocess.Popen[str]], object]) -> tuple[int, str]:
        """Its exit code, and all it said."""
        said: list[str] = []
        assert self._child.stderr is not None
        with self._child as child, self._child.stderr as lines:
            for line in lines:
                said.append(line)
                if word and word in line:
                    then(child)
                    word = ""
            code = child.wait(PATIENCE_SECONDS)
        assert not word, "".join(said)
        return code, "".join(said)


def bisected(shop: Workspace) -> Going:
    name = parent(shop).stem
    return Going(shop, "session", "bisect", name, "--good", "aria@1.2.0", "--bad", "aria", "--expect", "return-window")


def press(shop: Workspace) -> Callable[[object], object]:
    return lambda child: KillSwitch(shop, SystemClock()).press(Stop(scope="everything", by="mara", reason="enough"))


def slow(shop: Workspace) -> None:
    """Replies that take so long that a stop comes in the middle of one."""
    change(shop.scripts / "helpdesk.toml", r"(?m)^pace .*$", "pace = { first_ms = 2000, per_chunk_ms = 0 }")


def test_a_search_that_is_killed_leaves_everything_as_it_was(shop: Workspace) -> None:
    change(shop.personas / "aria" / "prompt.md", r"\A", "Never say a number.\n")
    path, before = parent(shop), parent(shop).read_bytes()
    there = sorted(one.name for one in shop.root.rglob("*") if one.suffix not in (".lock", ".pyc"))
    code, _ = bisected(shop).until("aria@1.2.0", lambda child: child.send_signal(signal.SIGKILL))
    assert code == KILLED
    assert path.read_bytes() == before
    assert whole(shop) == [path.stem]
    assert sorted(one.name for one in shop.root.rglob("*") if one.suffix not in (".lock", ".pyc")) == there


@pytest.mark.parametrize(
    ("what", "word"), [("bisect", "between the good"), ("rerun", "turn 1: answered"), ("compare", "1/4")]
)
def test_the_kill_switch_ends_it_and_what_was_begun_goes_on_when_it_is_lifted(
    shop: Workspace, what: str, word: str
) -> None:
    path, before = parent(shop), parent(shop).read_bytes()
    slow(shop)
    if what == "bisect":
        going = bisected(shop)
    elif what == "rerun":
        going = Going(shop, "session", "rerun", path.stem, "--since", "1", "--regenerate")
    else:
        going = Going(
            shop, "compare", "--persona", "aria", "--persona", "aria@1.2.0", "--input", "in.txt", "--name", "one"
        )
    code, said = going.until(word, press(shop))
    assert code == STOPPED, said
    assert "Traceback" not in said
    assert path.read_bytes() == before
    others = set(whole(shop)) - {path.stem}
    assert greenroom(shop.root, "stop", "--lift", "--reason", "tried").returncode == 0
    change(shop.scripts / "helpdesk.toml", r"(?m)^pace .*$", "pace = { first_ms = 0, per_chunk_ms = 0 }")
    if what == "rerun":
        (variant,) = others
        done = greenroom(shop.root, "session", "resume", variant)
        assert done.returncode == 0, done.stderr
        assert [r.event.turn for r in read_session(shop, variant) if isinstance(r.event, TurnFinished)] == [1, 2]
    elif what == "compare":
        done = greenroom(shop.root, "compare", "--resume", "--name", "one")
        assert done.returncode == 0, done.stderr
    assert line_of(greenroom(shop.root, "session", "list")) is not None
    assert path.read_bytes() == before
