"""A shop to talk to: a trusted copy of the helpdesk workspace whose scripted voice does not wait."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

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
