"""A tape of before holds the verdict as a whole: it is gone by while what governed that decision is what governs it now."""

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import replay_builder
from greenroom.core.values import ApprovalReply
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.replaced import REPLACED
from greenroom.regression.tape.tape import Line, read, sealed, write
from greenroom.workspace.layout import Workspace
from tests.regression.live.counter import counter, persona, recorded

MAIL = "mara@post.example"
TICKET = """[[rule]]
id = "ticket.home"
why = "A person looks at tickets of customers."
hook = "tool.call"
tools = ["till.ticket"]
when = ['args.subject.endsWith("@post.example")']
then = "require_approval"
risk = { base = 20 }
"""
PAY = '[[rule]]\nid = "pay"\nwhy = "Money."\nhook = "tool.call"\ntools = ["till.pay"]\nwhen = ["args.amount > 9"]\nthen = "deny"\n'
CALLS = f'when = {{ user = "order" }}\ncalls = [{{ tool = "till.ticket", args = {{ subject = "{MAIL}" }} }}]'
HELD: Line = {
    "held": "c1",
    "effect": "require_approval",
    "rule": "ticket.home",
    "why": "A person looks at tickets of customers.",
    "risk": 20,
    "found": ["personal.email"],
    "role": "operator",
}


def govern(workspace: Workspace, *rules: str) -> None:
    text = "\n".join(['schema = "policy/1"\nid = "counter"\nversion = "1.0.0"', *rules])
    (workspace.policies / "counter.toml").write_text(text)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A ticket that a person allowed, on a tape as it was written before clauses were held."""
    made = counter(tmp_path, CALLS, 'when = { tool = "till.ticket" }\ntext = "Done."')
    govern(made, TICKET, PAY)
    recorded(made, ["An order please"], [ApprovalReply(decision="allow", approver="kim")])
    path = made.fixtures / "talk.tape.jsonl"
    tape = read(path.read_bytes(), path.name)
    digests = {part: digest for part, digest in tape.digests.items() if part != "session"}
    header = {**{key: value for key, value in tape.header.items() if key != REPLACED}, "digests": digests}
    path.write_bytes(write(sealed(header, [HELD if "held" in line else line for line in tape.events])))
    return made


def replayed(workspace: Workspace) -> Outcome:
    fixture = load_fixture(workspace.fixtures / "talk.tape.jsonl")
    return asyncio.run(replay_fixture(fixture, replay_builder(workspace, trusted=True), stale="warn"))


def test_nothing_changed_nothing_differs(workspace: Workspace) -> None:
    assert replayed(workspace) == replayed(workspace)
    assert replayed(workspace).kind == "passed"


def test_a_rule_about_another_tool_is_no_matter(workspace: Workspace) -> None:
    govern(workspace, TICKET, PAY.replace("> 9", "> 10"))
    assert replayed(workspace).kind == "passed"
    govern(workspace, PAY, TICKET)
    assert replayed(workspace).kind == "passed"


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (TICKET.replace("require_approval", "deny"),),
        (TICKET.replace("endsWith", "startsWith"),),
        (TICKET, '[[exception]]\nrule = "ticket.home"\nowner = "kim"\nexpires = 2999-01-01\nwhy = "Goodwill"\n'),
        (TICKET, "[envelope.persona]\nhosts = []\n"),
        (TICKET, TICKET.replace("ticket.home", "a.new")),
    ],
)
def test_a_rule_about_the_tool_that_changed_leaves_it_undecided(workspace: Workspace, rules: tuple[str, ...]) -> None:
    govern(workspace, *rules)
    found = replayed(workspace)
    assert found.kind == "diverged"
    assert found.line.startswith(
        "turn 1, till.ticket: rules about it changed, and the tape keeps only ‹email#1› and what"
    )


def test_another_autonomy_leaves_it_undecided(workspace: Workspace) -> None:
    persona(workspace)
    file = workspace.personas / "ada" / "persona.toml"
    file.write_text(file.read_text().replace("autonomy = 4", "autonomy = 3"))
    assert replayed(workspace).line.startswith("turn 1, till.ticket: rules about it changed")


def test_without_the_texts_of_then_nothing_is_taken_for_the_same(workspace: Workspace) -> None:
    govern(workspace, TICKET)
    assert replayed(workspace).kind == "passed"
    tape = read((workspace.fixtures / "talk.tape.jsonl").read_bytes(), "x")
    (workspace.fixtures / ".parts" / f"{tape.digests['policy']}.txt").unlink()
    found = replayed(workspace)
    assert (found.kind, "the recorded policy is missing" in found.line) == ("broken", True)
