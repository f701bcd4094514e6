"""`session disk` and `persona diff`: what ran, or one version, against another; with the exit codes of a diff."""

import shutil
from pathlib import Path
from typing import Any

from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def data(run: Run) -> dict[str, Any]:
    found = run.json()
    assert isinstance(found, dict)
    return found


def test_what_a_session_ran_under_is_set_against_the_disk(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    assert run("session", "disk", "last") == 0
    assert "on disk as it ran" in run.out
    change(shop.personas / "aria" / "prompt.md", "small shop", "tiny shop")
    change(shop.policies / "support.toml", "args.amount > 100", "args.amount > 90")
    assert run("session", "disk", "last") == 1
    assert "[-small-]{+tiny+}" in run.out
    assert "rule refund.large: when args.amount > 100 → args.amount > 90" in run.out
    assert run("session", "disk", "last", "--json") == 1
    found = data(run)
    assert not found["same"]
    assert [one["part"] for one in found["parts"]] == ["prompt", "policy"]
    assert found["ran"]["mark"] != found["disk"]["mark"]
    change(shop.policies / "support.toml", "args.amount > 90", "args.amont > 90")
    assert run("session", "disk", "last") == 3
    assert "policies/support.toml:20" in run.err


def test_code_nobody_trusted_does_not_run_for_it(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    tools = shop.tools / "orders.py"
    tools.write_text(f"{tools.read_text()}\nraise SystemExit\n", encoding="utf-8")
    assert run("session", "disk", "last") == 0
    assert "tools were not looked at" in run.err
    change(shop.personas / "aria" / "prompt.md", "small shop", "tiny shop")
    assert run("session", "disk", "last", "--json") == 1
    assert [one["part"] for one in data(run)["parts"]] == ["prompt"]


def test_another_model_than_the_contracts_is_no_difference(shop: Workspace, run: Run) -> None:
    shutil.copy(shop.scripts / "helpdesk.toml", shop.scripts / "other.toml")
    assert run("run", "aria", "hello", "--model", "scripted/other") == 0
    assert run("session", "disk", "last") == 0


def test_versions_of_a_persona_are_set_beside_one_another_without_running_anything(
    untrusted: Workspace, run: Run
) -> None:
    working = untrusted.personas / "aria"
    assert run("persona", "diff", "aria") == 2
    assert "no version of 'aria' was frozen" in run.err
    for version in ("1.9.0", "1.10.0"):
        frozen = working / "versions" / version
        frozen.mkdir(parents=True)
        for name in ("persona.toml", "prompt.md"):
            shutil.copy(working / name, frozen / name)
        change(frozen / "persona.toml", 'version = "1.3.0"', f'version = "{version}"')
    change(working / "versions" / "1.10.0" / "prompt.md", "small shop", "tiny shop")
    assert run("persona", "diff", "aria") == 1
    assert run.out.startswith("aria@1.10.0 → aria (aria@1.3.0)")
    assert "[-tiny-]{+small+}" in run.out
    assert run("persona", "diff", "aria@1.9.0", "aria@1.10.0", "--json") == 1
    assert [one["part"] for one in data(run)["parts"]] == ["persona", "prompt"]
    assert run("persona", "diff", "aria@1.9.0", "aria@1.9.0") == 0
    assert run("persona", "diff", "aria@1.8.0") == 2
