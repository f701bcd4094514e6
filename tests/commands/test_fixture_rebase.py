"""`fixture rebase`: stale fixtures run live into the queue that diff and accept read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly.fixtures import Fixtures
from greenroom.assembly.rebasing import rebase_all
from greenroom.commands.answer import Answer
from greenroom.commands.fixture_accept import accept
from greenroom.commands.fixture_rebase import rebase
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError
from greenroom.regression.accept.last_run import LastRun
from greenroom.regression.live import LiveOptions
from greenroom.regression.live.rebase import Rebased
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.models.loopback import Reply, loopback, text
from tests.regression.live.counter import counter, persona, recorded, script, served, traces

LOOK = """when = { user = "order" }
calls = [{ tool = "till.look", args = { order_id = 1001 } }]"""
LOOKED = 'when = { tool = "till.look" }\ntext = "There is {result.left} left."'
WORDS = ("Hi", "What about my order?")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One recorded fixture, and a persona that has changed since."""
    made = counter(tmp_path, LOOK, LOOKED, 'text = "Hello."')
    recorded(made, WORDS, case='[[assert]]\nturn = 2\ntext = { contains = "120" }\n')
    persona(made, "Be warm.", version="1.4.0")
    script(made, "ada", LOOK, LOOKED, 'text = "A warm hello!"')
    trust(made)
    return made


def asked(workspace: Workspace, **options: object) -> Answer[list[Rebased]]:
    return asyncio.run(rebase(Invocation({"workspace": str(workspace.root), **options})))


def test_what_is_stale_is_run_live_reviewed_and_accepted(workspace: Workspace) -> None:
    before = (workspace.fixtures / "talk.tape.jsonl").read_bytes()
    came = asked(workspace, persona="ada@1.4.0")
    assert came.exit_code == 0 and [one.name for one in came.value if one.kept] == ["talk"]
    assert (workspace.fixtures / "talk.tape.jsonl").read_bytes() == before
    fixtures = Fixtures(workspace)
    run = fixtures.runs.find("talk")
    assert run is not None and run.tape.header["persona"] == "ada@1.4.0" and not run.missing
    assert [line.get("text") for line in run.tape.events if "reply" in line] == [
        "A warm hello!",
        None,
        "There is 120 left.",
    ]
    accepted = accept(Invocation({"workspace": str(workspace.root)}))
    assert [one.refused for one in accepted.value] == [""]
    reviewed = asyncio.run(Fixtures(workspace).replayed(workspace.fixtures / "talk.tape.jsonl"))
    assert reviewed.outcome.kind == "passed"
    again = asked(workspace)
    assert again.value == [] and again.notes == ("nothing is stale, so nothing was run",)
    assert not traces(workspace)


def test_a_replay_does_not_write_over_what_was_paid_for(workspace: Workspace) -> None:
    asked(workspace)
    tape = workspace.fixtures / "talk.tape.jsonl"

    def replayed() -> LastRun:
        asyncio.run(Fixtures(workspace).replayed(tape))
        run = Fixtures(workspace).runs.find("talk")
        assert run is not None
        return run

    assert replayed().live and "warm hello" in str(replayed().tape.events)
    persona(workspace, "Be warm and quick.", version="1.5.0")
    trust(workspace)
    assert not replayed().live


def test_an_expectation_that_fails_is_looked_at_and_not_accepted(workspace: Workspace) -> None:
    script(workspace, "ada", LOOK, 'when = { tool = "till.look" }\ntext = "I may not say."', 'text = "Hello."')
    came = asked(workspace)
    assert [(one.outcome.kind, one.kept) for one in came.value] == [("failed", True)]
    accepted = accept(Invocation({"workspace": str(workspace.root)}))
    assert "an expectation fails on the new tape" in accepted.value[0].refused


def test_what_left_the_tape_is_told_and_not_kept(workspace: Workspace) -> None:
    script(workspace, "ada", LOOK.replace("1001", "7"), LOOKED, 'text = "Hello."')
    came = asked(workspace)
    assert [(one.outcome.kind, one.kept) for one in came.value] == [("diverged", False)]
    assert came.exit_code == 1 and Fixtures(workspace).runs.find("talk") is None


def test_the_ceiling_holds_for_all_of_them(workspace: Workspace) -> None:
    for name in ("other", "third"):
        for suffix in (".tape.jsonl", ".case.toml"):
            (workspace.fixtures / f"{name}{suffix}").write_bytes((workspace.fixtures / f"talk{suffix}").read_bytes())
    dear = Reply(text("There are 120 left.").deltas, usage=(1_000_000, 100_000))
    with loopback([dear]) as address:
        served(workspace, address)
        trust(workspace)
        came = asked(workspace, model="served", usd="0.5")
        assert len(address.requests) == 3
    assert [(one.name, one.kept) for one in came.value] == [("other", True), ("talk", False), ("third", False)]
    assert "which leaves nothing of 0.5" in came.value[1].outcome.line


def test_a_bad_recording_stays_as_it_is(workspace: Workspace) -> None:
    case = workspace.fixtures / "talk.case.toml"
    case.write_text('expect = "bad"\n' + case.read_text())
    assert asked(workspace).value == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"usd": "much"}, "'much' USD cannot be a ceiling"),
        ({"usd": "-1"}, "-1.0 USD cannot be a ceiling"),
        ({"persona": "ada@9.9.9"}, "persona 'ada' has no version '9.9.9'"),
        ({"name": ["nope"]}, "no fixture 'nope'"),
    ],
)
def test_what_makes_no_sense_is_refused(workspace: Workspace, options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(workspace, **options)


def test_a_frozen_version_is_not_what_fixtures_are_replayed_under(workspace: Workspace) -> None:
    frozen = workspace.personas / "ada" / "versions" / "1.2.0"
    frozen.mkdir(parents=True)
    for name in ("persona.toml", "prompt.md"):
        kept = (workspace.personas / "ada" / name).read_text().replace("1.4.0", "1.2.0")
        (frozen / name).write_text(kept)
    with pytest.raises(UsageError, match=r"is not what fixtures are replayed under, which is ada@1\.4\.0"):
        asyncio.run(rebase_all(workspace, (), LiveOptions(persona="ada@1.2.0"), trusted=True))
