"""What a person did about a call at its gate, done again for the same call of a live run."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.regression.live import History
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run
from tests.regression.live.counter import counter, script, traces

PAY = 'when = { user = "refund" }\ncalls = [{ tool = "till.pay", args = { order_id = 1001, amount = 120.0 } }]'
TOLD = 'when = { tool = "till.pay" }\ntext = "Done, see {result.reference}."'
OTHER = PAY.replace("120.0", "90.0")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = counter(tmp_path, PAY, TOLD)
    script(workspace, "other", OTHER, TOLD)
    trust(workspace)
    monkeypatch.chdir(workspace.root)
    return workspace


def _stepped(run: Run, shop: Workspace, gate: str, *deed: str, says: str = "") -> None:
    """Stop at a gate of the payment, do this there, and keep the session as a fixture that expects the reply to say so."""
    assert run("run", "ada", "a refund please", "--break", f'gate == "{gate}" && tool.name == "till.pay"') == 6, run.err
    assert run("session", "resume", "last", *deed) == 0, run.err
    assert run("session", "export", "last", "--name", "stepped", "--expect", "trajectory") == 0, run.err
    case = shop.fixtures / "stepped.case.toml"
    case.write_text(f'{case.read_text()}\n[[assert]]\ntext = {{ contains = "{says}" }}\n')
    assert run("test", "stepped") == 0
    for name in traces(shop):
        (shop.root / name).unlink()


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        (("--simulate", '{"paid": 120, "reference": "R-9"}'), "R-9"),
        (("--skip",), "Done"),
        (("--edit", '{"order_id": 1001, "amount": 20.0}'), "R-1"),
    ],
)
def test_a_call_that_was_simulated_skipped_or_edited_is_so_again_and_nobody_is_asked(
    shop: Workspace, run: Run, deed: tuple[str, ...], says: str
) -> None:
    if deed == ("--skip",):
        script(shop, "ada", PAY, TOLD.replace(", see {result.reference}", ""))
    _stepped(run, shop, "tool", *deed, says=says)
    assert run("test", "--live", "stepped") == 0
    assert traces(shop) == []


def test_a_result_that_was_edited_is_so_again(shop: Workspace, run: Run) -> None:
    script(shop, "ada", OTHER, TOLD)
    _stepped(run, shop, "result", "--edit", '{"paid": 90, "reference": "R-7"}', says="R-7")
    assert run("test", "--live", "stepped") == 0
    assert traces(shop) == []


def test_another_call_is_not_answered_with_what_was_simulated(shop: Workspace, run: Run) -> None:
    _stepped(run, shop, "tool", "--simulate", '{"paid": 120, "reference": "R-9"}', says="R-9")
    assert run("test", "--live", "stepped", "--model", "scripted/other") == 1
    assert History(shop.state).entries()[-1].outcome == "diverged" and traces(shop) == []
