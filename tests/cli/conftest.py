"""A shop to talk to, a trusted copy of the helpdesk workspace whose scripted voice does not wait; and a way to run
commands in it.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from greenroom.cli import app
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"


def copied(target: Path) -> Workspace:
    """A copy without what runs left behind."""
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "__pycache__", "outbox", "fixtures"))
    script = target / "scripts" / "helpdesk.toml"
    pace = "pace   = { first_ms = 0, per_chunk_ms = 0, chunk_words = 99 }"
    script.write_text(re.sub(r"(?m)^pace .*$", pace, script.read_text(), count=1))
    return Workspace(target.resolve())


@pytest.fixture
def untrusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = copied(tmp_path / "shop")
    monkeypatch.chdir(workspace.root)
    return workspace


@pytest.fixture
def shop(untrusted: Workspace) -> Workspace:
    trust(untrusted)
    return untrusted


class Run:
    """Runs a command line in this process and keeps what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = ""
        self.err = ""

    def __call__(self, *arguments: str, stdin: str = "") -> int:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = app.run(list(arguments))
        self.out, self.err = self._capsys.readouterr()
        assert "Traceback" not in self.err
        return code

    def __repr__(self) -> str:
        """What a failed assertion shows: what the command said to a person."""
        return f"<it said {self.err[-1_000:]!r}>"

    def json(self) -> object:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(capsys, monkeypatch)
