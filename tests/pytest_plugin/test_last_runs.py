"""What pytest keeps of fixtures that differ, so that they can be looked at and accepted; also with several workers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from greenroom.regression.accept.last_run import LastRuns

ROOT = Path(__file__).parents[2]
PLUGIN = () if any(one.value == "greenroom.pytest_plugin" for one in entry_points(group="pytest11")) else ("-p", "greenroom.pytest_plugin")  # fmt: skip
NAMES = ("card-number-hidden", "refund-over-limit", "return-window")


def run(folder: Path, *arguments: str) -> str:
    """pytest in `folder`; what it said."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "SYSTEMROOT", "TMPDIR")}
    home = {"HOME": str(folder.parent), "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200"}
    words = [sys.executable, "-m", "pytest", *PLUGIN, "-q", "-p", "no:cacheprovider", "--rootdir", ".", *arguments]
    done = subprocess.run(words, cwd=folder, env={**kept, **home}, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def kinds(runs: LastRuns) -> list[str]:
    """How the last run of each fixture went, where there is one."""
    found = [runs.find(name) for name in NAMES]
    return [one.kind for one in found if one is not None]


def test_what_differs_is_kept_and_let_go_when_it_passes_again(tmp_path: Path) -> None:
    left = shutil.ignore_patterns(".greenroom", "__pycache__", "outbox")
    shop = Path(shutil.copytree(ROOT / "workspaces" / "helpdesk", tmp_path / "shop", ignore=left))
    before = {path.name: path.read_bytes() for path in shop.glob("fixtures/*.*.*")}
    runs = LastRuns(shop / ".greenroom" / "last_run")
    persona, policy = shop / "personas/aria/persona.toml", shop / "policies/support.toml"
    texts = {path: path.read_text(encoding="utf-8") for path in (persona, policy)}

    assert "3 passed" in run(shop, ".")
    assert not (shop / ".greenroom").exists()

    persona.write_text(texts[persona].replace("usd        = 0.25", "usd = 0.10"), encoding="utf-8")
    said = run(shop, ".", "-n", "2")
    assert "persona aria 1.3.0: limits.usd 0.25 -> 0.1 (personas/aria/persona.toml:60); 3 fixtures" in said
    assert "greenroom fixture diff" in said and "greenroom fixture accept" in said
    assert runs.names() == NAMES
    assert kinds(runs) == ["stale"] * 3
    assert not list(runs.folder.rglob("*.new"))

    persona.write_text(texts[persona], encoding="utf-8")
    policy.write_text(texts[policy].replace('["args.amount > 100"]', '["args.amount > 200"]'), encoding="utf-8")
    run(shop, ".", "--greenroom-stale", "warn")
    assert kinds(runs) == [
        "passed",
        "diverged",
        "passed",
    ]  # two are stale and pass all the same: their tapes can be renewed

    policy.write_text(texts[policy], encoding="utf-8")
    assert "3 passed" in run(shop, ".")
    assert runs.names() == ()
    assert {path.name: path.read_bytes() for path in shop.glob("fixtures/*.*.*")} == before
