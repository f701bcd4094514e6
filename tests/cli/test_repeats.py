"""How often a live fixture passed, as the command line says it afterwards: all runs that were asked for, and no rate where
an early verdict left some out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.regression.live import History
from tests.cli.conftest import Run
from tests.cli.suites import CASE, RIGHT, WRONG, serve, talks
from tests.models.loopback import loopback


def test_three_of_three_and_then_two_of_three_are_seen_although_the_verdict_was_certain_after_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa")
    monkeypatch.chdir(workspace.root)
    with loopback([RIGHT, RIGHT, RIGHT, WRONG, RIGHT, RIGHT]) as address:
        serve(workspace, address)
        assert run("test", "--live", "--model", "served", "--repeat", "3") == 0
        assert run("test", "--live", "--model", "served", "--repeat", "3") == 1
        assert len(address.requests) == 6
    assert [(one.passed, one.runs, one.early) for one in History(workspace.state).entries()] == [
        (3, 3, False),
        (2, 3, False),
    ]
    assert run("fixture", "trend") == 0
    assert "3/3 2/3" in run.out and "stopped early" not in run.out + run.err


def test_an_early_verdict_is_told_as_one_and_not_as_a_rate(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", case=f"{CASE}[live]\nruns = 3\n")
    monkeypatch.chdir(workspace.root)
    with loopback([RIGHT, RIGHT, RIGHT, WRONG]) as address:
        serve(workspace, address)
        assert run("test", "--live", "--model", "served") == 0
        assert run("test", "--live", "--model", "served") == 1
        assert len(address.requests) == 4
    last = History(workspace.state).entries()[-1]
    assert (last.runs, last.asked, last.early, last.pass_k) == (1, 3, True, None)
    assert run("fixture", "trend") == 0
    assert "3/3 failed@1/3" in run.out and "stopped early, decided after 1 of 3 runs" in run.err


def test_a_live_run_keeps_no_digest_and_is_no_change_of_the_persona(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa")
    monkeypatch.chdir(workspace.root)
    with loopback([RIGHT]) as address:
        serve(workspace, address)
        assert run("test", "--live", "--model", "served") == 0
        assert run("fixture", "matrix", "--model", "served", "--name", "one") == 0
        assert run("test", "--live", "--model", "served") == 0
    assert run("fixture", "trend") == 0
    assert "1.0.0 #" in run.out and " > " not in run.out
