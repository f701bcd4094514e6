"""What was decided about a private value holds in a live run too, where a placeholder stands in its place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly.fixture.fixtures import Fixtures
from greenroom.assembly.fixture.rebasing import rebase_all
from greenroom.core.values import ApprovalReply
from greenroom.regression.live import LiveOptions
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.regression.live.counter import counter, live, persona, recorded, script

MAIL = "mara@post.example"
ALLOW = ApprovalReply(decision="allow", approver="kim")
POLICY = """schema = "policy/1"
id = "counter"
version = "1.0.0"
[[rule]]
id = "ticket.home"
why = "A person looks at tickets of customers."
hook = "tool.call"
tools = ["till.ticket"]
when = ['args.subject.endsWith("@post.example")']
then = "require_approval"
[[rule]]
id = "ticket.away"
why = "Nobody else has a ticket."
hook = "tool.call"
tools = ["till.ticket"]
when = ['!args.subject.endsWith("@post.example")']
then = "deny"
"""
DONE = 'when = { tool = "till.ticket" }\ntext = "Done."'


def opens(subject: str) -> str:
    return f'when = {{ user = "order" }}\ncalls = [{{ tool = "till.ticket", args = {{ subject = "{subject}" }} }}]'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A ticket that a person allowed, about an address that became a placeholder."""
    made = counter(tmp_path, opens(MAIL), DONE)
    (made.policies / "counter.toml").write_text(POLICY)
    recorded(made, ["An order please"], [ALLOW])
    script(made, "ada", opens("‹email#1›"), DONE)
    trust(made)
    return made


def test_a_live_run_goes_by_what_is_held(workspace: Workspace) -> None:
    tape = workspace.fixtures / "talk.tape.jsonl"
    assert MAIL not in tape.read_text() and '"held":"c1"' in tape.read_text()
    assert live(tape, workspace).outcome.line == "1 of 1 run passed"


def test_what_is_told_anew_holds_it_still(workspace: Workspace) -> None:
    persona(workspace, "Be warm.", version="1.4.0")
    trust(workspace)
    (one,) = asyncio.run(rebase_all(workspace, (), LiveOptions()))
    assert (one.kept, one.outcome.kind) == (True, "passed")
    run = Fixtures(workspace).runs.find("talk")
    assert run is not None and [line["held"] for line in run.tape.events if "held" in line] == ["c1"]


def test_about_anything_else_the_policy_decides(workspace: Workspace) -> None:
    script(workspace, "ada", opens("‹email#2›"), DONE)
    came = live(workspace.fixtures / "talk.tape.jsonl", workspace)
    verdicts = [line["rule"] for run in came.runs for line in run.lines if line.get("verdict") == "tool.call"]
    assert verdicts == ["ticket.away"]


def test_nobody_is_asked_about_words_that_were_never_said(tmp_path: Path) -> None:
    made = counter(tmp_path, opens(MAIL), DONE)
    (made.policies / "counter.toml").write_text(POLICY)
    recorded(made, [f"An order of {MAIL}"], [ALLOW])
    trust(made)
    tape = made.fixtures / "talk.tape.jsonl"
    came = live(tape, made)
    assert came.outcome.kind == "error"
    assert came.outcome.line.startswith("turn 1 says ‹email#1›, which stands for what the person said")
    assert not came.runs
    persona(made, "Be warm.", version="1.4.0")
    trust(made)
    (one,) = asyncio.run(rebase_all(made, (), LiveOptions()))
    assert (one.kept, one.outcome.kind) == (False, "error")
    assert one.outcome.line.endswith(
        "so a live run cannot say it (whatever the model; record it anew with words in which nothing is to be masked)"
    )
    assert "--from" in came.outcome.line
