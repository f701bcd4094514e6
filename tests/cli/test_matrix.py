"""`fixture matrix` and `fixture trend` from the command line: what a server was asked is what was run."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.workspace.trust import trust
from tests.cli.conftest import Run
from tests.cli.suites import CASE, DEAR, RIGHT, WRONG, frozen, rows, serve, talks
from tests.models.loopback import failure, loopback
from tests.regression.live.counter import persona, script

MATRIX = ("fixture", "matrix")


def data(run: Run) -> Any:
    return json.loads(run.out)


def test_versions_and_models_are_compared_and_the_worst_comes_first(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "zz")
    case = workspace.fixtures / "zz.case.toml"
    case.write_text(case.read_text().replace("five days", "a week"))
    frozen(workspace, "0.9.0", "Be long.")
    script(workspace, "vague", 'text = "Who knows."')
    script(workspace, "week", 'text = "It takes a week, not five days."')
    trust(workspace)
    monkeypatch.chdir(workspace.root)
    code = run(
        *MATRIX, "--persona", "ada@0.9.0", "--persona", "ada", "--model", "scripted/week", "--model",
        "scripted/vague", "--repeat", "2", "--name", "first", "--csv", "cells.csv",
    )  # fmt: skip
    assert code == 1
    lines = run.out.splitlines()
    assert [line.split(" #")[0] for line in lines[:4]] == [
        "A  ada@0.9.0",
        "B  ada@0.9.0",
        "C  ada@1.0.0",
        "D  ada@1.0.0",
    ]
    assert lines[5].split() == ["FIXTURE", "A", "B", "C", "D"]
    assert [line.split()[0] for line in lines[6:] if line[:1] in "azT" and "/" in line] == ["aa", "zz", "TOTAL"]
    assert lines[6].split() == ["aa", "2/2", "^1.00", "0/2", "^0.00", "2/2", "^1.00", "0/2", "^0.00"]
    assert "4 of 4 passed in more than one column: none is best" in run.out
    assert "12/16" in run.err and "16/16" in run.err and "16/16" not in run.out
    with (workspace.root / "cells.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 12 and table[-1]["fixture"] == "TOTAL" and table[0]["passed"] == "2"


def test_a_matrix_that_was_broken_off_makes_only_the_runs_that_are_missing(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb")
    monkeypatch.chdir(workspace.root)
    with loopback([RIGHT, WRONG, failure(401, "no"), failure(401, "no"), RIGHT]) as address:
        serve(workspace, address)
        assert run(*MATRIX, "--model", "served", "--repeat", "2", "--name", "n") == 4
        assert "without verdict" in run.err and len(address.requests) == 4
        assert run(*MATRIX, "--resume", "--name", "n", "--json") == 1
        assert len(address.requests) == 6
        assert run(*MATRIX, "--resume") == 1
        assert len(address.requests) == 6
    assert {(one["fixture"], one["runs"], one["passed"], one["errors"]) for one in data_of_first(workspace, run)} == {
        ("aa", 2, 2, 0),
        ("bb", 2, 1, 0),
    }
    assert [row["kind"] for row in rows(workspace, "n")] == ["passed", "failed", "error", "error", "passed", "passed"]


def data_of_first(workspace: Any, run: Run) -> list[dict[str, Any]]:
    assert run(*MATRIX, "--resume", "--json") == 1
    cells: list[dict[str, Any]] = data(run)["cells"]
    assert cells[0]["fixture"] == "bb", "the fixture that fares worst comes first"
    return cells


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: (root / "fixtures/aa.case.toml").write_text('schema = "case/1"\n'), "fixture aa is another"),
        (lambda root: (root / "personas/ada/prompt.md").write_text("Be rude."), "persona ada has another prompt"),
        (lambda root: (root / "scripts/ada.toml").write_text((root / "scripts/ada.toml").read_text() + "\n"), "model"),
    ],
)
def test_a_suite_does_not_go_on_over_other_files(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, change: Any, said: str
) -> None:
    workspace = talks(tmp_path, "aa")
    monkeypatch.chdir(workspace.root)
    assert run(*MATRIX, "--model", "scripted/ada", "--name", "n") == 0
    change(workspace.root)
    trust(workspace)
    assert run(*MATRIX, "--resume", "--name", "n") == 2
    assert f"the suite 'n' cannot go on: {said}" in run.err


def test_a_suite_does_not_go_on_as_another_and_its_name_is_taken(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb")
    monkeypatch.chdir(workspace.root)
    assert run(*MATRIX, "--model", "scripted/ada", "--repeat", "2", "--name", "n") == 0
    assert run(*MATRIX, "--resume", "--name", "n", "--repeat", "3") == 2
    assert "fixture aa was to be run 2 times, not 3" in run.err
    assert run(*MATRIX, "aa", "--resume", "--name", "n") == 2
    assert "fixture bb is not asked for any more" in run.err
    assert run(*MATRIX, "--model", "scripted/ada", "--name", "n") == 2
    assert "there is a suite 'n' already" in run.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--name", "../../x"), "cannot be the name of a suite"),
        (("--name", "x\x1b[31m"), "cannot be the name of a suite"),
        (("--resume", "--name", "none"), "there is no suite 'none'"),
        (("--resume",), "there is no suite to go on with"),
        (("../../etc/passwd",), "no fixture '../../etc/passwd'"),
        (("--persona", "bob"), "no persona 'bob'"),
        (("--persona", "ada@9.9.9"), "has no version '9.9.9'"),
        (("--repeat", "3"), "a replay comes out the same each time"),
        (("--model", "scripted/ada", "--repeat", "0"), "so many runs cannot be made"),
        (("--model", "scripted/ada", "--repeat", "2000"), "so many runs cannot be made"),
        (("--usd", "nan"), "--usd must be an amount of US dollars"),
        (("--usd", "much"), "--usd must be an amount of US dollars"),
        (("--processes", "0"), "so many processes cannot be started"),
        (("--processes", "2", "--cluster", "local:2"), "two ways of the same"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    workspace = talks(tmp_path, "aa")
    monkeypatch.chdir(workspace.root)
    assert run(*MATRIX, *words) == 2
    assert said in run.err and run.err.count("\n") == 1 and "\x1b" not in run.err


def test_a_refused_crew_leaves_no_suite_behind(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = talks(tmp_path, "aa")
    monkeypatch.chdir(workspace.root)
    assert run(*MATRIX, "--processes", "0", "--name", "n") == 2
    assert run(*MATRIX, "--name", "n") == 0


def test_one_ceiling_holds_over_processes_and_what_is_not_run_is_said(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb", "cc")
    monkeypatch.chdir(workspace.root)
    with loopback([DEAR]) as address:
        serve(workspace, address)
        words = ("--model", "served", "--repeat", "2", "--usd", "0.9", "--processes", "2", "--name", "n")
        assert run(*MATRIX, *words, "--json") == 1
        assert len(address.requests) == 4
        assert data(run)["not_made"] == {"unpaid": 2, "skipped": {}}
        assert "2 runs not made: 0.9 USD may not suffice for more" in run.err
        assert run(*MATRIX, "--resume", "--name", "n", "--usd", "1.1") == 1
        assert len(address.requests) == 5
    assert sum(row["micro_usd"] for row in rows(workspace, "n")) == 1_050_000


def test_a_ceiling_of_nothing_runs_what_costs_nothing(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb")
    monkeypatch.chdir(workspace.root)
    assert run(*MATRIX, "--usd", "0", "--name", "replayed") == 0
    with loopback([DEAR]) as address:
        serve(workspace, address)
        words = ("--model", "served", "--model", "scripted/ada", "--usd", "0", "--processes", "2", "--name", "n")
        assert run(*MATRIX, *words, "--json") == 1
        assert address.requests == []
    assert data(run)["not_made"] == {"unpaid": 2, "skipped": {}}
    assert {row["model"] for row in rows(workspace, "n")} == {"scripted/ada"}
    assert "2 runs not made: 0 USD pays for no model that is not known to be free" in run.err


def test_a_run_that_was_cut_off_by_what_was_set_aside_for_it_is_made_again_with_more(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", words=("How long?", "Sure?"))
    monkeypatch.chdir(workspace.root)
    with loopback([RIGHT, RIGHT, DEAR]) as address:
        serve(workspace, address)
        words = ("--model", "served", "--repeat", "2", "--name", "n")
        assert run(*MATRIX, *words, "--usd", "1") == 0
        assert len(address.requests) == 5
    kinds = [(row["kind"], row["number"], row["micro_usd"] >= 210_000) for row in rows(workspace, "n")]
    assert kinds == [("passed", 1, False), ("error", 2, True), ("passed", 2, True)]
    assert "this run has cost 0.2100 USD, which leaves nothing of 0.01" in rows(workspace, "n")[1]["line"]


def test_a_workspace_that_is_stopped_or_not_trusted_runs_nothing(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb")
    monkeypatch.chdir(workspace.root)
    assert run("stop", "--reason", "enough") == 0
    with loopback([RIGHT]) as address:
        serve(workspace, address)
        assert run(*MATRIX, "--model", "served", "--repeat", "5") == 4
        assert "so 7 runs of it were not made" in run.err and "--lift" in run.err
        (workspace.tools / "till.py").write_text("raise SystemExit")
        assert run(*MATRIX, "--model", "served") == 2
        assert "not trusted" in run.err and address.requests == []


def test_a_model_that_fails_again_and_again_is_left_alone(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb")
    monkeypatch.chdir(workspace.root)
    with loopback([failure(401, "no")]) as address:
        serve(workspace, address)
        words = ("--model", "served", "--model", "scripted/ada", "--repeat", "3")
        assert run(*MATRIX, *words, "--json") == 4
        assert len(address.requests) == 3
    assert "served failed several times in a row, so 3 runs of it were not made: " in run.err
    totals = [(one["model"], one["total"]["passed"], one["total"]["errors"]) for one in data(run)["columns"]]
    assert totals == [("served", 0, 3), ("scripted/ada", 6, 0)]
    assert data(run)["best"] is None


def test_a_trend_shows_each_suite_and_live_run_newest_last(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = talks(tmp_path, "aa", "bb", case=CASE + "[live]\nruns = 3\npass_k = 2\n")
    monkeypatch.chdir(workspace.root)
    assert run("fixture", "trend") == 0
    assert run.out == "" and "nothing is kept yet" in run.err
    with loopback([*[RIGHT] * 5, WRONG, WRONG, RIGHT, WRONG]) as address:
        serve(workspace, address)
        assert run(*MATRIX, "aa", "--model", "served", "--name", "one") == 0
        persona(workspace, "Be vague.", version="1.1.0")
        trust(workspace)
        assert run(*MATRIX, "--model", "served", "--name", "two", "--json") == 1
        assert {(one["fixture"], one["passed"], one["needed"]) for one in data(run)["cells"]} == {
            ("aa", 2, 2),
            ("bb", 1, 2),
        }
    assert run("fixture", "trend") == 0
    lines = run.out.splitlines()
    assert [line.partition("  20")[0].split() for line in lines[1:]] == [
        ["aa", "ada", "openai/gpt-4o-mini", "[served]", "3/3", "2/3"],
        ["bb", "ada", "openai/gpt-4o-mini", "[served]", "1/3"],
    ]
    assert "1.0.0 #" in lines[1] and "> 1.1.0 #" in lines[1]
    assert run("fixture", "trend", "aa", "--json") == 0
    assert [(one["suite"], one["passed"], one["persona"]) for one in data(run)[0]["points"]] == [
        ("one", 3, "ada@1.0.0"),
        ("two", 2, "ada@1.1.0"),
    ]
    assert run("fixture", "trend", "none") == 2
