"""`fixture matrix` over fixtures whose words hold a placeholder: each is named once before anything runs, and is nobody's failure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from greenroom.regression.suite.journal import Journal, read
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run
from tests.cli.suites import CASE, rows, talks
from tests.regression.live.counter import recorded

MATRIX = ("fixture", "matrix", "--model", "scripted/ada")
SAYS = "turn 1 says ‹email#1›, which stands for what the person said and is in no file, so a live run cannot say it"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Three talks that can be said, and between them one that cannot, which its case wants to be run four times."""
    workspace = talks(tmp_path, "aa", "cc", "dd")
    recorded(workspace, ("I am mara@post.example",), case=CASE + "[live]\nruns = 4\npass_k = 4\n")
    for suffix in ("tape.jsonl", "case.toml"):
        shutil.move(workspace.fixtures / f"talk.{suffix}", workspace.fixtures / f"bb.{suffix}")
    trust(workspace)
    monkeypatch.chdir(workspace.root)
    return workspace


def test_it_is_named_once_and_the_others_run(desk: Workspace, run: Run) -> None:
    assert run(*MATRIX, "--name", "n") == 0
    assert run.err.startswith(f"bb left out: {SAYS} (whatever the model; record it anew")
    assert "--from" not in run.err
    assert "--resume" not in run.err
    assert run.err.count(SAYS) == 1
    assert "3/3" in run.err
    assert run.out.splitlines()[-1] == "1 fixture left out, as no live run can say the words of it: bb"
    assert [(row["fixture"], row["kind"]) for row in rows(desk, "n")] == [
        (name, "passed") for name in ("aa", "cc", "dd")
    ]
    assert run(*MATRIX, "--json") == 0
    data = json.loads(run.out)
    assert data["broken"] == []
    assert [one["fixture"] for one in data["unsayable"]] == ["bb"]


def test_its_tape_is_replayed_like_any_other(desk: Workspace, run: Run) -> None:
    assert run("fixture", "matrix", "--name", "n") == 0
    assert "left out" not in run.out + run.err
    assert [row["fixture"] for row in rows(desk, "n")] == ["aa", "bb", "cc", "dd"]


def test_where_it_is_the_only_one_it_is_the_error(desk: Workspace, run: Run) -> None:
    assert run(*MATRIX, "bb") == 2
    assert run.err.startswith(f"greenroom: {SAYS}")
    assert run.err.count("\n") == 1


def test_a_suite_that_began_with_it_says_why_it_cannot_go_on(desk: Workspace, run: Run) -> None:
    assert run("fixture", "matrix", "--name", "old") == 0
    path = desk.state / "suites" / "old.jsonl"
    header, _ = read(path)
    assert run(*MATRIX, "--name", "n") == 0
    live, _ = read(desk.state / "suites" / "n.jsonl")
    fixtures = {**live.matrix.fixtures, "bb": header.matrix.fixtures["bb"]}
    began = live.model_copy(update={"suite": "w", "matrix": live.matrix.model_copy(update={"fixtures": fixtures})})
    with Journal.begin(desk.state, began) as journal:
        journal.start()
    assert run("fixture", "matrix", "--resume", "--name", "w") == 2
    assert f"the suite 'w' cannot go on: bb cannot be run live: {SAYS} (begin a new one" in run.err
