"""`greenroom test`: which fixtures it means, what it passes on to pytest, and what its exit code says to a script."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.commands.invocation import Invocation
from greenroom.commands.suite.testing import chosen, run_fixtures
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.pytest_plugin.running import copied, environment, replaced

NAMES = ["card-number-hidden", "refund-over-limit", "return-window"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copied(tmp_path / "shop")


def names(paths: list[Path]) -> list[str]:
    return [path.name.removesuffix(".tape.jsonl") for path in paths]


def greenroom(shop: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    start = "import sys; from pathlib import Path; from greenroom.workspace.layout import Workspace\n"
    start += "from greenroom.workspace.trust import trust\n"
    start += "trust(Workspace(Path('.').resolve()))\n"
    start += "from greenroom.__main__ import main; sys.argv = ['greenroom', *sys.argv[1:]]; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", start, *words], cwd=shop, env=environment(shop.parent), capture_output=True, text=True, check=False
    )  # fmt: skip


def test_a_word_is_a_name_a_pattern_a_path_or_a_tag(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    workspace = Workspace(shop)
    assert chosen(workspace, []) == [workspace.fixtures]
    assert names(chosen(workspace, ["return-window"])) == ["return-window"]
    assert names(chosen(workspace, ["re*"])) == ["refund-over-limit", "return-window"]
    assert names(chosen(workspace, ["refunds", "re*"])) == ["refund-over-limit", "return-window"]
    assert chosen(workspace, ["fixtures/return-window.tape.jsonl"]) == [Path("fixtures/return-window.tape.jsonl")]
    with pytest.raises(UsageError) as refused:
        chosen(workspace, ["refund"])
    assert "refunds" in refused.value.hint
    (shop / "fixtures/return-window.case.toml").write_text("nonsense")
    assert names(chosen(workspace, ["refunds"])) == ["refund-over-limit"]
    for half in (*workspace.fixtures.glob("*.tape.jsonl"), *workspace.fixtures.glob("*.case.toml")):
        half.unlink()
    with pytest.raises(UsageError, match="no fixtures yet"):
        chosen(workspace, [])


@pytest.mark.parametrize("name", ["model", "persona", "repeat", "usd", "from"])
def test_an_option_of_a_live_run_alone_is_refused(shop: Path, name: str) -> None:
    trust(Workspace(shop))
    with pytest.raises(UsageError, match=f"--{name} belongs to a live run"):
        run_fixtures(Invocation({"workspace": str(shop), name: 1 if name == "repeat" else "x"}))


def test_an_untrusted_workspace_runs_no_code(shop: Path) -> None:
    with pytest.raises(UsageError, match="not trusted yet"):
        run_fixtures(Invocation({"workspace": str(shop)}))


def test_what_pytest_says_is_on_stdout_and_the_exit_code_says_what_was_wrong(shop: Path) -> None:
    done = greenroom(shop, "test", "--no-color")
    assert (done.returncode, "3 passed in" in done.stdout, done.stderr) == (0, True, "")
    replaced(shop / "fixtures/refund-over-limit.case.toml", "approx = 90", "approx = 95")
    replaced(shop / "fixtures/return-window.tape.jsonl", "30 days", "40 days")
    done = greenroom(shop, "test", "refund-over-limit", "--junit", "out.xml", "--html=out.html", "-k", "over")
    assert (done.returncode, "1 failed" in done.stdout) == (1, True), done.stdout
    assert (shop / "out.xml").exists()
    assert (shop / "out.html").exists()
    done = greenroom(shop, "test", "--json")
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == 3
    assert {one["name"]: one["outcome"] for one in told["fixtures"]} == dict(
        zip(NAMES, ["passed", "failed", "broken"], strict=True)
    )
    assert "1 failed, 1 passed, 1 broken" in done.stderr


def test_what_cannot_be_run_is_a_usage_error(shop: Path) -> None:
    done = greenroom(shop, "test", "-k", "nothing-like-it")
    assert (done.returncode, "nothing was selected" in done.stderr) == (2, True)
    done = greenroom(shop, "test", "nothing-like-it")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("greenroom: no fixture, tag or path 'nothing-like-it'")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("usd", "abc", "--usd must be an amount of US dollars, 0 or more, not 'abc' (such as 0.25)"),
        ("usd", "nan", "--usd must be an amount of US dollars, 0 or more, not 'nan' (such as 0.25)"),
        ("repeat", 0, "--repeat must be from 1 to 1000, not 0"),
        ("model", "scripted/helpdsk", "scripts/helpdsk.toml: no script 'helpdsk' (did you mean 'helpdesk'?)"),
        ("model", "scripted/zzz", "scripts/zzz.toml: no script 'zzz' (known: helpdesk, outage)"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line_before_pytest_begins(
    shop: Path, capfd: pytest.CaptureFixture[str], option: str, value: object, said: str
) -> None:
    trust(Workspace(shop))
    with pytest.raises(GreenroomError) as refused:
        run_fixtures(Invocation({"workspace": str(shop), "live": True, option: value}))
    assert refused.value.line() == said
    assert capfd.readouterr() == ("", "")
