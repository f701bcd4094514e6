"""fixture mutate and fixture coverage, as a person types them."""

from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.commands.answer import Answer
from greenroom.commands.coverage import coverage
from greenroom.commands.invocation import Invocation
from greenroom.commands.mutate import mutate
from greenroom.core.errors import CheckFailed, FileInvalid, UsageError
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.regression.mutation.suites import HELPDESK, recorded, shop


@pytest.fixture
def desk(tmp_path: Path) -> Workspace:
    return shop(tmp_path)


def call(handler: Any, root: Path, **options: Any) -> Answer[Any]:
    found = handler(Invocation({"workspace": str(root), **options}))
    done = asyncio.run(found) if inspect.iscoroutine(found) else found
    assert isinstance(done, Answer)
    return done


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and path.suffix != ".pyc"
    }


def test_survivors_come_first_and_scores_last(desk: Workspace) -> None:
    before = tree(desk.root)
    done = call(mutate, desk.root, name=["refund-over-limit"], kinds="persona,prompt")
    assert tree(desk.root) == before
    assert done.lines[0] == "would be noticed by a fixture in which orders.find is called:"
    assert done.lines[1] == "  survived: persona aria: tools.allow: orders.find dropped"
    assert next(line for line in done.lines if line.startswith("KIND")).split()[:4] == [
        "KIND",
        "CAUGHT",
        "SURVIVED",
        "SCORE",
    ]
    assert any(line.split()[:3] == ["persona", "8", "22"] for line in done.lines), done.lines
    assert any("reaches only the model" in line for line in done.lines)
    assert done.exit_code == 0
    rows = json.loads(json.dumps(done.data))["mutants"]
    assert {row["state"] for row in rows if row["kind"] == "prompt"} == {"digest"}
    caught = next(row for row in rows if row["change"] == "policy.autonomy: 2 -> 1")
    assert (caught["state"], caught["fixture"], caught["how"]) == ("caught", "refund-over-limit.tape.jsonl", "diverged")
    assert "turn 1: verdict tool.call of c1" in caught["line"]


def test_a_limit_says_what_it_left_out(desk: Workspace) -> None:
    done = call(mutate, desk.root, limit=7, seed=3)
    assert len(done.data["mutants"]) + done.data["invalid"] == 7
    assert any(note.startswith("7 of ") and "--limit" in note for note in done.notes)
    assert done.data == call(mutate, desk.root, limit=7, seed=3).data


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": ["refunds-over-limit"]}, "no fixture 'refunds-over-limit'"),
        ({"name": ["../secret"]}, "no fixture '../secret'"),
        ({"kinds": "polices"}, "'polices' is not a kind of mutant"),
        ({"limit": 0}, "--limit 0 leaves nothing to run"),
        ({"limit": -5}, "--limit -5 leaves nothing to run"),
    ],
)
def test_what_makes_no_sense_is_one_line(desk: Workspace, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        call(mutate, desk.root, **options)
    assert caught.value.line().startswith(said)
    assert "\n" not in caught.value.line()


def test_a_limit_beyond_everything_runs_everything(desk: Workspace) -> None:
    done = call(mutate, desk.root, name=["return-window"], kinds="prompt", limit=10**30, seed=-(10**30))
    assert len(done.data["mutants"]) == 37


def test_a_fixture_that_fails_or_is_broken_is_left_out_and_said(desk: Workspace) -> None:
    case = desk.fixtures / "return-window.case.toml"
    case.write_text(case.read_text().replace("30 days", "31 days"), encoding="utf-8")
    tape = desk.fixtures / "refund-over-limit.tape.jsonl"
    tape.write_bytes(tape.read_bytes()[:-40])
    done = call(mutate, desk.root, kinds="prompt", limit=3)
    assert any(note.startswith("left out: return-window.tape.jsonl failed") for note in done.notes)
    assert any(note.startswith("left out: refund-over-limit.tape.jsonl:") for note in done.notes)
    assert {row["stale_fixtures"] for row in done.data["mutants"]} == {1}


def test_without_a_fixture_that_passes_there_is_nothing_to_measure(desk: Workspace) -> None:
    (desk.policies / "support.toml").write_text(
        "schema = 'policy/1'\nid = 'support'\nversion = '3'\n", encoding="utf-8"
    )
    trust(desk)
    with pytest.raises(CheckFailed, match="no fixture passes"):
        call(mutate, desk.root)
    for path in desk.fixtures.glob("*.tape.jsonl"):
        path.unlink()
    with pytest.raises(UsageError, match="no fixtures"):
        call(mutate, desk.root)


def test_a_workspace_nobody_trusted_runs_nothing(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(HELPDESK, tmp_path / "desk", ignore=shutil.ignore_patterns(".greenroom", "outbox"))
    (tmp_path / "desk" / "tools" / "evil.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    for handler in (mutate, coverage):
        with pytest.raises(UsageError, match="not trusted"):
            call(handler, tmp_path / "desk")


def things(done: Answer[Any], kind: str) -> dict[str, list[str]]:
    return {one["name"]: one["fixtures"] for one in done.data["things"] if one["kind"] == kind}


def test_coverage_names_what_no_fixture_touches(desk: Workspace) -> None:
    before = tree(desk.root)
    done = call(coverage, desk.root)
    assert tree(desk.root) == before
    rules = things(done, "rule")
    assert rules["support: refund.large"] == ["refund-over-limit"]
    assert rules["support: card.in"] == ["card-number-hidden"]
    assert rules["support: refund.finance"] == []
    assert things(done, "tool")["orders.refund"] == ["refund-over-limit"]
    assert things(done, "tool")["mail.send"] == []
    assert things(done, "acceptance")["aria: return-window-cited"] == ["return-window"]
    assert things(done, "collection")["shipping"] == []
    assert things(done, "document")["returns.md"] == ["return-window"]
    assert "return-window" in things(done, "passage")["returns.md#thirty-days-to-return"]
    assert things(done, "segment") == {"customer (read)": [], "session (read)": [], "customer (write)": []}
    assert things(done, "hook")["tool.call"] == ["refund-over-limit"]
    assert ["tool", "6", "2", "4"] in [line.split() for line in done.lines]
    assert "untouched tool: mail.send, orders.change_address, orders.find, tickets.create" in done.lines


def test_a_fixture_that_fails_covers_nothing(desk: Workspace) -> None:
    case = desk.fixtures / "refund-over-limit.case.toml"
    case.write_text(case.read_text().replace("within = 0.01", "within = 0.01, ").replace("approx = 90", "approx = 91"))
    case.write_text(case.read_text().replace(",  }", " }"))
    done = call(coverage, desk.root)
    assert things(done, "rule")["support: refund.large"] == []
    assert things(done, "acceptance")["aria: refund-needs-approval"] == []
    assert any(note.startswith("does not count: refund-over-limit.tape.jsonl failed") for note in done.notes)


def test_memories_exceptions_and_a_second_turn(desk: Workspace) -> None:
    file = desk.policies / "support.toml"
    said = '[[exception]]\nrule = "refund.large"\nowner = "kim"\nexpires = 2999-01-01\nwhy = "Fair."\nwhen = ["args.amount < 130"]\n'
    file.write_text(f"{file.read_text()}\n{said}", encoding="utf-8")
    trust(desk)
    recorded(desk, "named", "My name is Mara.", "I want a refund of 120 EUR for order 1001")
    done = call(coverage, desk.root)
    assert things(done, "segment")["customer (write)"] == ["named"]
    assert things(done, "exception") == {"support: refund.large (kim, until 2999-01-01)": ["named"]}


def test_coverage_can_fail_a_build(desk: Workspace) -> None:
    assert call(coverage, desk.root, fail_under=40).exit_code == 0
    short = call(coverage, desk.root, fail_under=90)
    assert short.exit_code == 1
    assert any("is under 90 %" in note for note in short.notes)
    for number in (-1, 101):
        with pytest.raises(UsageError, match="not a percentage"):
            call(coverage, desk.root, fail_under=number)


def test_a_broken_document_is_one_line(desk: Workspace) -> None:
    (desk.knowledge / "returns.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileInvalid) as caught:
        call(coverage, desk.root)
    assert caught.value.line().startswith("returns.md")
