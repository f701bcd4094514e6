"""A trusted workspace with several fixtures of one short talk, for suites of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.models.loopback import Reply, text
from tests.regression.live.counter import counter, persona, recorded, served

CASE = '[[assert]]\ntext = { contains = "five days" }\n'
RIGHT, WRONG = text("It takes five days."), text("Who knows.")
DEAR = Reply(RIGHT.deltas, usage=(1_000_000, 100_000))
"""0.21 USD by the price list that comes with litellm."""


def talks(folder: Path, *names: str, case: str = CASE, words: tuple[str, ...] = ("How long?",)) -> Workspace:
    """A workspace with fixtures of these names."""
    workspace = counter(folder, 'text = "It takes five days."')
    tape = recorded(workspace, words, case=case)
    for name in names:
        shutil.copy(tape, workspace.fixtures / f"{name}.tape.jsonl")
        shutil.copy(workspace.fixtures / "talk.case.toml", workspace.fixtures / f"{name}.case.toml")
    for path in workspace.fixtures.glob("talk.*"):
        path.unlink()
    trust(workspace)
    return workspace


_LOADED = """
import multiprocessing, os, threading
from pathlib import Path as _Path
_root = _Path(__file__).parents[1]
if multiprocessing.parent_process() is not None:
    with (_root / "loads").open("ab") as _loads:
        _loads.write(b"x")
        _loads.flush()
        _number = _loads.tell()
    if (_root / "dies").exists():
        (_root / "dies").unlink()
        os._exit(3)
    if _number > {most}:
        threading.Event().wait()
"""


def counting(workspace: Workspace, most: int = 1_000) -> None:
    """Have each run in a process of its own be counted in `loads`: those after `most` hang, and one dies if `dies` is there."""
    tools = workspace.tools / "till.py"
    tools.write_text(tools.read_text() + _LOADED.format(most=most))
    (workspace.root / "loads").write_bytes(b"")
    trust(workspace)


def serve(workspace: Workspace, address: str) -> None:
    """Have `served` stand for the model at an address, in a workspace that is trusted with it."""
    served(workspace, address)
    trust(workspace)


def frozen(workspace: Workspace, version: str, prompt: str = "Be brief.") -> None:
    """Keep a version of the persona beside the one under work."""
    persona(workspace, prompt, version=version)
    target = workspace.personas / "ada" / "versions" / version
    target.mkdir(parents=True)
    for name in ("persona.toml", "prompt.md"):
        shutil.copy(workspace.personas / "ada" / name, target / name)
    persona(workspace)
    trust(workspace)


def rows(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """What a suite's journal has below its header."""
    lines = (workspace.state / "suites" / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]
