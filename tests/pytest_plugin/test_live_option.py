"""`pytest --greenroom-live` in processes of its own: what it prints, counts and refuses."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from tests.models.loopback import loopback, text
from tests.pytest_plugin.running import INSTALLED, environment
from tests.regression.live.counter import counter, recorded, script, served

RIGHT = 'text = "It takes five days."'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One recorded fixture."""
    made = counter(tmp_path / "counter", RIGHT)
    recorded(made, ["How long?"], case='tags = ["days"]\n[[assert]]\ntext = { contains = "five days" }\n')
    return made


def run(workspace: Workspace, *options: str) -> tuple[int, str]:
    """pytest in the workspace: its exit code and what it said."""
    plugin = [] if INSTALLED else ["-p", "greenroom.pytest_plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "fixtures", "-q", "-p", "no:cacheprovider", "-W", "error", *options],
        cwd=workspace.root, env=environment(workspace.root.parent), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def properties(path: Path) -> dict[str, str]:
    """What a JUnit file says of its one test."""
    found = ET.fromstring(path.read_text()).iter("property")
    return {one.attrib["name"]: one.attrib["value"] for one in found}


def test_three_of_three_becomes_two_of_three(workspace: Workspace) -> None:
    options = ("--greenroom-live", "--greenroom-repeat", "3", "--junitxml", "out.xml")
    assert run(workspace, *options)[0] == 0
    first = properties(workspace.root / "out.xml")
    told = ("greenroom_runs", "greenroom_passed", "greenroom_k", "greenroom_pass_k", "greenroom_usd")
    assert [first[name] for name in told] == ["3", "3", "3", "1", "0.000000"]
    assert int(first["greenroom_milliseconds"]) >= 0
    script(workspace, "ada", f"times = 2\n{RIGHT}", 'text = "Who knows."')
    code, said = run(workspace, *options)
    assert code == 1
    assert "failed: 2 of 3 runs passed (was 3 of 3), 3 of 3 needed: assert[0] turn 1: " in said
    assert properties(workspace.root / "out.xml")["greenroom_before"] == "3 of 3"


def test_a_server_is_reached_in_a_live_run_alone(workspace: Workspace) -> None:
    with loopback([text("It takes five days.")]) as address:
        served(workspace, address)
        assert run(workspace)[0] == 0
        assert not address.requests and not (workspace.state / "live.jsonl").exists()
        assert run(workspace, "--greenroom-live", "--greenroom-model", "served")[0] == 0
        assert len(address.requests) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--greenroom-model", "openai/gpt-4o"], "error: no key for openai/gpt-4o (set OPENAI_API_KEY, or use another"),
        (
            ["--greenroom-from", "t2/c1"],
            "error: 't2/c1' is no event of this tape (there are: t1, t1/reply:1, or a line",
        ),
        (["--greenroom-persona", "adda"], "error: no persona 'adda' (did you mean 'ada'?)"),
    ],
)
def test_what_cannot_be_run_is_an_error_in_one_line(workspace: Workspace, options: list[str], said: str) -> None:
    code, shown = run(workspace, "--greenroom-live", *options)
    assert code == 1 and said in shown and "Traceback" not in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--greenroom-live", "--greenroom-repeat", "0"], "so many runs cannot be made (from 1 to 1000)"),
        (["--greenroom-live", "--greenroom-usd", "nan"], "nan USD cannot be a ceiling (0 or more, such as 0.25)"),
        (["--greenroom-live", "--greenroom-usd", "abc"], "--greenroom-usd must be an amount of US dollars (0 or more"),
        (["--greenroom-live", "--greenroom-repeat", "x"], "--greenroom-repeat must be a whole number (from 1 to 1000)"),
        (["--greenroom-usd", "abc"], "--greenroom-usd is for live runs: add --greenroom-live"),
        (["--greenroom-stale", "maybe"], "--greenroom-stale 'maybe': write one of fail, warn, xfail"),
        (["--greenroom-from", "t2"], "--greenroom-from is for live runs: add --greenroom-live"),
    ],
)
def test_options_that_make_no_sense(workspace: Workspace, options: list[str], said: str) -> None:
    code, shown = run(workspace, *options)
    assert code == 4 and f"ERROR: {said}" in shown and "usage:" not in shown
