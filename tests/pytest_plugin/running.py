"""pytest in a process of its own over a copy of the helpdesk, as a team meets it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from greenroom.regression.tape.tape import Tape, read, write
from tests.hygiene.source import ROOT

SOURCE = ROOT / "src"
HELPDESK = ROOT / "workspaces" / "helpdesk"
INSTALLED = any(point.value == "greenroom.pytest_plugin" for point in entry_points(group="pytest11"))
TAPE = "fixtures/refund-over-limit.tape.jsonl"


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a child sees: this source tree, a home of its own, no keys."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "SYSTEMROOT", "TMPDIR")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PYTHONPATH": str(SOURCE),
        "COLUMNS": "220",
        **more,
    }


def copied(target: Path, source: Path = HELPDESK) -> Path:
    """A fresh copy of a workspace."""
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__")))


def run(folder: Path, *arguments: str, code: str = "", cache: bool = False, **more: str) -> tuple[int, str]:
    """pytest in `folder`: its exit code and what it said. `more` goes into the environment."""
    kept = [] if cache else ["-p", "no:cacheprovider"]
    plugin = [] if INSTALLED else ["-p", "greenroom.pytest_plugin"]
    # Code that imports Greenroom before pytest does makes pytest say so, which is not what these tests are about.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"] if code else []
    start = ["-c", f"{code}\nimport sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"] if code else ["-m", "pytest"]
    done = subprocess.run(
        [sys.executable, *start, *plugin, "-q", *kept, "-W", "error", *quiet, *arguments],
        cwd=folder, env=environment(folder, **more), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def rewritten(shop: Path, kind: str, number: int, tape: str = TAPE, **values: object) -> None:
    """Edit the nth line of a kind and recompute the digest, as someone who knows how would."""
    path = shop / tape
    found = read(path.read_bytes(), path.name)
    place = [i for i, line in enumerate(found.events) if next(iter(line)) == kind][number]
    events = [{**line, **values} if i == place else line for i, line in enumerate(found.events)]
    path.write_bytes(write(Tape(found.header, tuple(events))))


def replaced(path: Path, old: str, new: str) -> None:
    """Edit a file where it says `old`, which it must."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
