"""The words by which autonomy is set, and what a reload says in its one line."""

from pathlib import Path

import pytest

from greenroom.assembly import load_contract
from greenroom.commands.control.live import level_of
from greenroom.commands.live.reloading import changes
from greenroom.core.errors import UsageError
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import copied


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("3 30m the queue is long", (3, 1_800, "the queue is long")),
        ("0 nothing runs now", (0, None, "nothing runs now")),
        ("2 5 people wait", (2, None, "5 people wait")),
        ("  4   90s   go  ", (4, 90, "go")),
    ],
)
def test_a_level_a_time_and_a_reason(words: str, meant: tuple[int, int | None, str]) -> None:
    assert tuple(level_of(words)) == meant


@pytest.mark.parametrize("words", ["", "5 1m x", "-1 x", "two x", "3", "3 30m", "3 30m   ", "² x", "3 99999999999d x"])
def test_no_level_or_no_reason_changes_nothing(words: str) -> None:
    with pytest.raises(UsageError):
        level_of(words)


def rewrite(workspace: Workspace, old: str, new: str) -> None:
    file = workspace.policies / "support.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


EXCEPTION = """[[exception]]
rule = "refund.large"
owner = "kim"
expires = 2999-01-01
why = "Goodwill."
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("args.amount > 100", "args.amount > 90", "refund.large changed"),
        ('id    = "refund.large"', 'id    = "refund.big"', "refund.big added, refund.large removed"),
        ("calls_per_turn = 6", "calls_per_turn = 5", ": bounds changed"),
        ('version = "2.3.0"', 'version = "2.3.0"\nmode = "observe"', ", mode changed"),
        ('mask    = "gift_card"', 'mask    = "gift"', ": detectors changed"),
        ("[[detector]]", EXCEPTION + "[[detector]]", "support 2.3.0: refund.large changed, 1 exception added"),
    ],
)
def test_every_rule_that_is_another_one_is_named(tmp_path: Path, old: str, new: str, line: str) -> None:
    workspace = copied(tmp_path / "shop")
    before = load_contract(workspace, trusted=True)
    rewrite(workspace, old, new)
    assert line in changes(before, load_contract(workspace, trusted=True))


def test_a_comment_is_no_change(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "shop")
    before = load_contract(workspace, trusted=True)
    rewrite(workspace, "# What a person decides", "# What people decide")
    assert changes(before, load_contract(workspace, trusted=True)) == ""


def test_versions_the_prompt_and_the_persona_are_named(tmp_path: Path) -> None:
    workspace = copied(tmp_path / "shop")
    before = load_contract(workspace, trusted=True)
    rewrite(workspace, 'version = "2.3.0"', 'version = "2.4.0"')
    prompt = next((workspace.personas / "aria").glob("*.md"))
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe brief.\n", encoding="utf-8")
    assert changes(before, load_contract(workspace, trusted=True)) == (
        "policy support 2.3.0 → 2.4.0: no rule changed; prompt changed"
    )
