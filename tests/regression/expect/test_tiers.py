"""What each tier knows beside the run: the shipped fixtures, checked and replayed for real with other cases."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.assembly import load_contract, replay_builder
from greenroom.regression.expect import failures
from greenroom.regression.replay.check import check_file
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.tape import Line
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("expect") / "helpdesk"
    shutil.copytree(HELPDESK, root, ignore=shutil.ignore_patterns(".greenroom", "__pycache__"))
    (root / "schemas").mkdir()
    (root / "schemas" / "reply.json").write_text('{"type": "object"}')
    return Workspace(root)


def both(workspace: Workspace, name: str, assertion: str) -> list[Outcome]:
    """A shipped tape under another case: checked, and replayed."""
    path = workspace.fixtures / f"{name}.tape.jsonl"
    path.with_name(f"{name}.case.toml").write_text(f'schema = "case/1"\n[[assert]]\n{assertion}\n')
    contract = load_contract(workspace, trusted=True)
    checked = check_file(path, contract.digests, contract.texts)
    replayed = asyncio.run(replay_fixture(load_fixture(path), replay_builder(workspace, trusted=True)))
    return [checked, replayed]


@pytest.mark.parametrize(
    "assertion",
    [
        "voice = { never = true }",
        "text = { similar = 1.0 }",
        "limits = { milliseconds = 1 }",
        "not = { limits = { milliseconds = 1 } }",
        'tools = { calls = ["orders.get", "orders.refund"] }',
    ],
)
def test_what_holds_passes_in_both_and_milliseconds_are_nobodys(workspace: Workspace, assertion: str) -> None:
    assert [one.kind for one in both(workspace, "refund-over-limit", assertion)] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ("not = { voice = { never = true } }", "turn 1: this must not hold, and does: voice = { never = true }"),
        ("not = { text = { similar = 1.0 } }", "turn 1: this must not hold, and does: text = { similar = 1.0 }"),
        ('text = { json = { schema = "schemas/reply.json" } }', "turn 1: the reply is not JSON"),
        (
            'tools = { calls = ["orders.refund"] }',
            "turn 1: expected exactly these calls, in this order, but orders.get",
        ),
    ],
)
def test_what_does_not_hold_fails_in_both_with_one_sentence(workspace: Workspace, assertion: str, said: str) -> None:
    checked, replayed = both(workspace, "refund-over-limit", assertion)
    assert (checked.kind, replayed.kind) == ("failed", "failed")
    assert checked.line == replayed.line
    assert checked.line.startswith(f"assert[0] {said}")


def test_a_check_knows_the_voice_by_the_persona_that_was_kept_and_else_leaves_it_to_the_replay(
    workspace: Workspace,
) -> None:
    path = workspace.fixtures / "return-window.tape.jsonl"
    path.with_name("return-window.case.toml").write_text(
        'schema = "case/1"\n[[assert]]\nnot = { voice = { never = true } }\n'
    )
    assert check_file(path).kind == "failed"
    fixture = load_fixture(path)
    assert failures(fixture.case, fixture.tape.events) == ()


@pytest.mark.parametrize("tape", sorted(HELPDESK.glob("fixtures/*.tape.jsonl")), ids=lambda path: path.stem)
def test_the_shipped_cases_hold_and_would_notice_a_reply_gone(tape: Path) -> None:
    fixture = load_fixture(tape)
    assert fixture.case.assert_
    assert failures(fixture.case, fixture.tape.events) == ()
    silent: list[Line] = [{"turn": 1, "user": "x"}, {"finish": "answered"}]
    assert failures(fixture.case, silent) != ()
