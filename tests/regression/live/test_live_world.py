"""What a live run looks up: the tape's passages and memories as long as the words are the recorded ones."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.assembly import open_session
from greenroom.core.events import MemoryWritten
from greenroom.regression.live import LiveRun
from greenroom.workspace.layout import Workspace
from tests.regression.live.counter import SETTINGS, counter, live, persona, recorded

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
READS = '[knowledge]\ncollections = ["pages"]\n'
REFUSE = """schema = "policy/1"
id = "counter"
version = "1.0.0"
[[rule]]
id = "no.shoes"
why = "Not today."
hook = "input"
when = ["true"]
then = "deny"
"""


def with_pages(folder: Path) -> Workspace:
    """A counter with a page about shoes, whose persona reads it."""
    workspace = counter(folder, 'text = "{passage}"')
    workspace.settings_file.write_text(SETTINGS + '[knowledge]\n[knowledge.collections]\npages = ["shoes.md"]\n')
    (workspace.knowledge / "shoes.md").write_text("# Shoes\n\nOur shoes are made of leather.\n")
    persona(workspace, extra=READS)
    return workspace


def retrieved(run: LiveRun) -> list[str]:
    """The labels of what was looked up."""
    return [label for line in run.lines if "retrieve" in line for _, label, _ in line["retrieve"]]


@pytest.mark.parametrize("name", ["refund-over-limit", "return-window", "card-number-hidden"])
def test_the_shipped_fixtures_pass_live_against_the_scripted_model(tmp_path: Path, name: str) -> None:
    shutil.copytree(HELPDESK, tmp_path / "helpdesk")
    workspace = Workspace((tmp_path / "helpdesk").resolve())
    came = live(workspace.fixtures / f"{name}.tape.jsonl", workspace)
    assert (came.outcome.kind, came.runs[0].notes) == ("passed", ())
    assert not (workspace.state / "store.db").exists() and not list(workspace.state.glob("sessions/*"))


def test_passages_are_the_tapes_while_the_words_are(tmp_path: Path) -> None:
    workspace = with_pages(tmp_path)
    tape = recorded(workspace, ["What are your shoes made of?"])
    (workspace.knowledge / "shoes.md").write_text("# Shoes\n\nOur shoes are made of rubber.\n")
    persona(workspace, "Say more.", extra=READS)
    came = live(tape, workspace)
    assert came.outcome.kind == "passed" and not came.runs[0].notes
    assert "leather" in str(came.runs[0].lines) and "rubber" not in str(came.runs[0].lines)


def test_a_persona_that_reads_no_collection_any_more_gets_none_of_it(tmp_path: Path) -> None:
    workspace = with_pages(tmp_path)
    tape = recorded(workspace, ["What are your shoes made of?"])
    persona(workspace, extra=READS.replace('"pages"', ""))
    assert retrieved(live(tape, workspace).runs[0]) == []


def test_where_the_tape_has_no_answer_todays_documents_are_read_and_that_is_said(tmp_path: Path) -> None:
    workspace = with_pages(tmp_path)
    policy = workspace.policies / "counter.toml"
    allowing = policy.read_text()
    policy.write_text(REFUSE)
    tape = recorded(workspace, ["What are your shoes made of?"])
    tape.with_name("talk.case.toml").write_text('schema = "case/1"\n', encoding="utf-8")
    policy.write_text(allowing)
    run = live(tape, workspace).runs[0]
    assert run.outcome.kind == "passed"
    assert retrieved(run) == ["shoes.md#shoes"]
    assert [note.partition(",")[0] for note in run.notes] == [
        "turn 1: memories were recalled from those of the tape and of this run",
        "turn 1: passages were looked up in today's documents",
    ]


def test_memories_of_people_are_neither_read_nor_written(tmp_path: Path) -> None:
    workspace = counter(tmp_path, 'text = "Hello."')
    tape = recorded(workspace, ["My name is Mara and I wear size 42.", "What is my size?"])
    before = sorted(path.name for path in workspace.state.rglob("*") if "live" not in path.name)

    async def remember() -> None:
        session = await open_session(workspace, instant=True, trusted=True)
        await session.turn("I wear size 38.")
        assert any(isinstance(record.event, MemoryWritten) for record in session.records)
        await session.aclose()

    came = live(tape, workspace)
    assert came.outcome.kind == "passed"
    assert sorted(path.name for path in workspace.state.rglob("*") if "live" not in path.name) == before
    asyncio.run(remember())
    again = live(tape, workspace)
    assert "38" not in str(again.runs[0].lines)
    assert any("write" in line for line in again.runs[0].lines)
