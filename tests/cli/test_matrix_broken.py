"""`fixture matrix` over fixtures some of which are broken: those are named in one line each, and the others run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greenroom.regression.tape.tape import read, sealed, write
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run
from tests.cli.suites import CASE, rows, talks

MATRIX = ("fixture", "matrix")
TYPO = '[[assert]]\ntext = { contain = "five days" }\n'
UNKNOWN = '[[assert]]\ntools = { never = ["till.lok"] }\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = talks(tmp_path, "aa", "bb", "cc", "dd")
    monkeypatch.chdir(workspace.root)
    return workspace


def edit(workspace: Workspace, file: str, old: str, new: str) -> None:
    path = workspace.fixtures / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("model", [(), ("--model", "scripted/ada")], ids=["replayed", "live"])
def test_a_broken_tape_and_a_broken_case_are_named_and_the_others_run(
    desk: Workspace, run: Run, model: tuple[str, ...]
) -> None:
    edit(desk, "bb.tape.jsonl", "How long?", "How far?")
    edit(desk, "cc.case.toml", CASE, TYPO)
    assert run(*MATRIX, *model, "--name", "n") == 3
    lines = run.out.splitlines()
    told = [line for line in lines if line.startswith("broken")]
    assert told[0].startswith("broken   bb: bb.tape.jsonl:2: changed after it was recorded")
    assert told[1].startswith("broken   cc: cc.case.toml:") and "unknown key 'contain'" in told[1]
    assert len(told) == 2 and lines[-2:] == told and lines[-3] == "" and lines[-4] != ""
    assert [row["fixture"] for row in rows(desk, "n")] == ["aa", "dd"]
    assert "2 fixtures left out, being broken" in run.err and "2/2" in run.err
    assert run(*MATRIX, *model, "--json") == 3
    data = json.loads(run.out)
    assert [one["fixture"] for one in data["broken"]] == ["bb", "cc"]
    assert data["broken"][1]["line"] == told[1].removeprefix("broken   cc: ")
    assert {cell["fixture"]: cell["passed"] for cell in data["cells"]} == {"aa": 1, "dd": 1}


def test_where_nothing_is_left_the_first_is_the_error(desk: Workspace, run: Run) -> None:
    for name in ("bb", "cc"):
        edit(desk, f"{name}.case.toml", CASE, TYPO)
    assert run(*MATRIX, "bb", "cc", "--name", "n") == 3
    assert run.err.startswith("greenroom: bb.case.toml:") and run.err.count("\n") == 1 and not run.out
    assert not (desk.state / "suites" / "n.jsonl").exists()


def test_what_many_share_is_told_once_and_the_other_persona_is_run(desk: Workspace, run: Run) -> None:
    """Fixtures of a persona that cannot be read, or is gone, are as broken as with `fixture check`."""
    for name in ("cc", "dd"):
        path = desk.fixtures / f"{name}.tape.jsonl"
        tape = read(path.read_bytes(), path.name)
        path.write_bytes(write(sealed({**tape.header, "persona": "eve@1.0.0"}, tape.events)))
    assert run(*MATRIX, "--persona", "eve") == 2
    assert run(*MATRIX, "cc", "dd") == 2 and "no persona 'eve'" in run.err
    assert run(*MATRIX, "--name", "n") == 3
    assert run.out.splitlines()[-2:] == ["broken   no persona 'eve' (known: ada); 2 fixtures", "         cc, dd"]
    assert [row["fixture"] for row in rows(desk, "n")] == ["aa", "bb"]
    (desk.personas / "eve").mkdir()
    (desk.personas / "eve" / "persona.toml").write_text("x\n")
    trust(desk)
    assert run(*MATRIX) == 3
    assert run.out.splitlines()[-2].startswith("broken   personas/eve/persona.toml:1: not TOML")


def test_a_suite_goes_on_without_what_it_left_out_but_not_without_what_broke_since(desk: Workspace, run: Run) -> None:
    edit(desk, "bb.case.toml", CASE, TYPO)
    assert run(*MATRIX, "--name", "n") == 3
    assert run(*MATRIX, "--resume", "--name", "n") == 0
    assert run(*MATRIX, "*", "--resume", "--name", "n") == 3 and "broken   bb: " in run.out
    edit(desk, "cc.case.toml", CASE, TYPO)
    assert run(*MATRIX, "--resume", "--name", "n") == 3
    assert run.err.startswith("greenroom: cc.case.toml:") and run.err.count("\n") == 1


@pytest.mark.parametrize("model", [(), ("--model", "scripted/ada")], ids=["replayed", "live"])
def test_a_case_that_names_what_nobody_knows_has_no_verdict_in_a_live_run_either(
    desk: Workspace, run: Run, model: tuple[str, ...]
) -> None:
    edit(desk, "bb.case.toml", CASE, UNKNOWN)
    assert run(*MATRIX, *model, "--name", "n") == 3
    said = [line for line in run.out.splitlines() if line.startswith("A  bb: broken: bb.case.toml:")]
    assert len(said) == 1 and "there is no tool 'till.lok' (did you mean 'till.look'?)" in said[0]
    assert [row["kind"] for row in rows(desk, "n")].count("passed") == 3
