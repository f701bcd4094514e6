"""Start-up stays light: what is not needed is not imported. Each case runs in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.hygiene.source import ROOT

HEAVY = ("litellm", "chromadb", "mcp", "textual", "numpy", "onnxruntime")
HELPDESK = ROOT / "workspaces" / "helpdesk"

RUN = """
import json, sys
from greenroom.__main__ import main
sys.argv = ["greenroom", *{words!r}]
try:
    code = main()
except SystemExit as left:
    code = left.code
json.dump({{"code": code or 0, "modules": sorted({{name.partition(".")[0] for name in sys.modules}})}}, open({report!r}, "w"))
"""
IMPORT = """
import json, sys
before = set(sys.modules)
import greenroom.pytest_plugin
json.dump({{"code": 0, "modules": sorted(set(sys.modules) - before)}}, open({report!r}, "w"))
"""
REPLAY = """
import json, sys, pytest
code = pytest.main([*{words!r}, "-q", "-p", "no:cacheprovider"])
json.dump({{"code": int(code), "modules": sorted({{name.partition(".")[0] for name in sys.modules}})}}, open({report!r}, "w"))
"""


WHOLE_NAMES = REPLAY.replace('name.partition(".")[0]', "name")
ONLY_WHERE_IT_DIFFERS = (
    "greenroom.assembly.opening",
    "greenroom.ledger",
    "greenroom.log.catalog",
    "greenroom.regression.accept.consequence",
    "greenroom.regression.record.record",
    "greenroom.regression.stale.telling",
    "greenroom.views.comparison.comparison",
)
"""What opens sessions of a person's own, exports them, and tells of differences: memory that no fixture that passes needs."""


def modules_after(program: str, words: list[str], folder: Path, where: Path) -> set[str]:
    """The modules a program has imported when it is done; the test fails if the program does."""
    report = folder / "report.json"
    text = program.format(words=words, report=str(report))
    ran = subprocess.run(
        [sys.executable, "-c", text], cwd=where, capture_output=True, text=True, timeout=120, check=False
    )
    assert report.exists(), ran.stderr
    found = json.loads(report.read_text())
    assert found["code"] == 0, ran.stdout + ran.stderr
    return set(found["modules"])


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy_not_even_pydantic(tmp_path: Path, word: str) -> None:
    assert modules_after(RUN, [word], tmp_path, tmp_path).isdisjoint({*HEAVY, "pydantic", "prompt_toolkit", "rich"})


def test_persona_check_imports_nothing_heavy(tmp_path: Path) -> None:
    shutil.copytree(HELPDESK, tmp_path / "helpdesk", ignore=shutil.ignore_patterns(".greenroom"))
    words = ["persona", "check", "aria"]
    assert modules_after(RUN, words, tmp_path, tmp_path / "helpdesk").isdisjoint({*HEAVY, "prompt_toolkit", "rich"})


def test_the_pytest_plugin_costs_an_unrelated_run_next_to_nothing(tmp_path: Path) -> None:
    new = modules_after(IMPORT, [], tmp_path, tmp_path)
    assert {name for name in new if name.startswith("greenroom")} == {"greenroom", "greenroom.pytest_plugin"}
    assert new.isdisjoint({*HEAVY, "pydantic", "orjson"})


def test_a_replay_imports_no_model_index_or_screen(tmp_path: Path) -> None:
    assert modules_after(REPLAY, fixtures(), tmp_path, ROOT).isdisjoint({"litellm", "chromadb", "mcp", "textual"})


def test_a_replay_that_passes_loads_nothing_that_opens_sessions_or_tells_of_differences(tmp_path: Path) -> None:
    found = modules_after(WHOLE_NAMES, fixtures(), tmp_path, ROOT)
    assert "greenroom.regression.replay.replay" in found
    assert found.isdisjoint(ONLY_WHERE_IT_DIFFERS)


def fixtures() -> list[str]:
    """The words for a pytest run of the helpdesk's fixtures."""
    plugin = [] if entry_points(group="pytest11", name="greenroom") else ["-p", "greenroom.pytest_plugin"]
    return [str(HELPDESK / "fixtures"), *plugin]
