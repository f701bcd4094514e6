"""Suites in several processes and on a cluster: what dies, is stopped or is killed costs only what was under way."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run
from tests.cli.suites import counting, rows, talks

LIVE = ("fixture", "matrix", "--model", "scripted/ada", "--name", "n")
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals are a Unix thing")
scale = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the scale extra is not installed")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = talks(tmp_path, "aa", "bb")
    monkeypatch.chdir(workspace.root)
    return workspace


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`greenroom` in a process of its own, which does not outlive a test that fails."""
    command = [sys.executable, "-m", "greenroom", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    if not any(words in line for line in process.stderr):
        raise AssertionError(f"it ended without {words!r}")


@unix
def test_ctrl_c_keeps_what_there_is_and_says_how_to_go_on(room: Workspace) -> None:
    counting(room, 2)
    with started(*LIVE, "--repeat", "2", "--processes", "2") as process:
        wait_for(process, "2/4")
        process.send_signal(signal.SIGINT)
        out, said = process.communicate()
    assert process.returncode == 130 and out == "" and "Traceback" not in said
    assert "stopped: 2 of 4 runs have a verdict; go on with: greenroom fixture matrix --resume --name n" in said
    assert [row["kind"] for row in rows(room, "n")] == ["passed", "passed"]


@unix
def test_a_killed_suite_loses_only_what_was_under_way(room: Workspace, run: Run) -> None:
    counting(room, 3)
    with started(*LIVE, "--repeat", "4", "--processes", "2") as process:
        wait_for(process, "3/8")
        assert run("fixture", "matrix", "--resume", "--name", "n") == 2
        assert "another process runs the suite 'n'" in run.err
        process.kill()
        process.communicate()  # ends when the last worker has let go of the streams too
    journal = room.state / "suites" / "n.jsonl"
    assert len(rows(room, "n")) == 3
    journal.write_bytes(journal.read_bytes() + b'{"fixture":"aa","persona":"ada","mod')
    assert run("fixture", "matrix", "--resume", "--name", "n") == 0
    whole = [line for line in journal.read_bytes().splitlines()[1:] if line.endswith(b"}")]
    assert len(whole) == 8 and len({(json.loads(one)["fixture"], json.loads(one)["number"]) for one in whole}) == 8
    assert "8/8" in run.out


@pytest.mark.parametrize("crew", [("--processes", "2"), pytest.param(("--cluster", "local:2"), marks=scale)])
def test_a_worker_that_dies_is_an_error_of_its_run_and_the_others_go_on(room: Workspace, crew: tuple[str, str]) -> None:
    counting(room)
    (room.root / "dies").touch()
    with started(*LIVE, "--repeat", "2", *crew, "--json") as process:
        out, said = process.communicate()
    assert process.returncode == 4, said
    found = json.loads(out)
    assert sum(cell["passed"] for cell in found["cells"]) == 3
    assert [(one["outcome"], one["line"]) for one in found["noted"]] == [
        ("error", "the process that made this run died")
    ]
    assert (room.root / "loads").stat().st_size == 4, "a run that died is not made twice"
    with started("fixture", "matrix", "--resume", *crew, "--json") as process:
        out, said = process.communicate()
    assert process.returncode == 0, said
    assert [cell["passed"] for cell in json.loads(out)["cells"]] == [2, 2]
    assert (room.root / "loads").stat().st_size == 5


@scale
def test_a_cluster_comes_to_what_one_process_comes_to(room: Workspace, run: Run) -> None:
    with started("fixture", "matrix", "--cluster", "local:2", "--json") as process:
        out, said = process.communicate()
    assert process.returncode == 0, said
    assert run("fixture", "matrix", "--json") == 0
    assert json.loads(out)["cells"] == json.loads(run.out)["cells"]


@scale
@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("local:none", 2, "is not a cluster"),
        ("local:0", 2, "is not a cluster"),
        ("http://there", 2, "is not a cluster"),
    ],
)
def test_an_address_of_no_cluster_is_one_line(room: Workspace, run: Run, address: str, code: int, said: str) -> None:
    assert run("fixture", "matrix", "--cluster", address, "--name", "n") == code
    assert said in run.err and run.err.count("\n") == 1
    assert not (room.state / "suites" / "n.jsonl").exists()


def test_without_dask_a_person_is_told_what_to_install(
    room: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run("fixture", "matrix", "--cluster", "local:2") == 2
    assert "pip install 'greenroom[scale]'" in run.err and run.err.count("\n") == 1
