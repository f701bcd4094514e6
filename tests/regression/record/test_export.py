"""What an export writes, what it replaces on the way, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from greenroom.core.errors import CheckFailed, UsageError
from greenroom.core.events import Record
from greenroom.core.values import Passage, Verdict
from greenroom.policy.port import Question
from greenroom.regression.case import load_case
from greenroom.regression.record.record import export, record
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.tape import write
from tests.engine.stage import AmountPolicy, OnePassage, says, stage
from tests.regression.taped import builder, recorded_session, replayed


class _Exporting(AmountPolicy):
    """Also rules at the export hook."""

    def __init__(self, effect: str) -> None:
        super().__init__()
        self.effect = effect

    def decide(self, question: Question) -> Verdict:
        if question.hook != "export":
            return super().decide(question)
        if "Likes trails" not in str(question.payload):
            return Verdict(effect="allow", rule="default", why="")
        if self.effect == "deny":
            return Verdict(effect="deny", rule="export.no", why="Customers are not exported.", policy="support@1.0.0")
        memories = [{**memory, "text": "‹taste#1›"} for memory in question.payload["memories"]]
        return Verdict(effect="redact", rule="export.mask", why="", payload={**question.payload, "memories": memories})


def test_secrets_and_personal_data_become_numbered_placeholders_that_still_match(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    made = stage(
        says("I wrote to mara@post.example.", ("orders.get", {"note": "mara@post.example"})),
        says("Sent to mara@post.example."),
    )

    async def run() -> list[Record]:
        session = made.session()
        await session.turn(f"Write to mara@post.example and eve@post.example, my token is {token}")
        return list(session.records)

    kept = record(asyncio.run(run()), made.policy)
    data = write(kept.tape).decode()
    assert "post.example" not in data
    assert token not in data
    assert data.count("‹email#1›") >= 4
    assert "‹email#2›" in data
    assert {(r.turn, r.kind) for r in kept.redactions} >= {(1, "personal.email"), (1, "secret.token")}
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_the_export_hook_may_mask_or_forbid(tmp_path: Path) -> None:
    _, records = recorded_session()
    masked = write(record(records, _Exporting("redact")).tape).decode()
    assert "Likes trails" not in masked
    assert "‹taste#1›" in masked
    with pytest.raises(CheckFailed, match="Customers are not exported"):
        record(records, _Exporting("deny"))


def test_passages_keep_published_addresses() -> None:
    shop = OnePassage(
        (Passage(id="a", source="contact.md", text="Write to help@northwind.example.", score=1.0, lexical=3.0),)
    )
    made = stage(says("See [1]."), retriever=shop)

    async def run() -> Sequence[Record]:
        session = made.session()
        await session.turn("Where do I write to?")
        return session.records

    kept = record(list(asyncio.run(run())), made.policy)
    assert "Write to help@northwind.example." in kept.texts.values()


def test_export_writes_three_kinds_of_files_and_never_over_a_persons_work(tmp_path: Path) -> None:
    made, records = recorded_session()
    folder = tmp_path / "fixtures"
    contract = made.session().contract
    done = export(records, contract, folder, "refund", why='Never "alone".', tags=["refunds"])
    assert done.command == f"pytest {done.tape}"
    assert done.case.read_text().startswith("# What is expected of refund.tape.jsonl.")
    case = load_case(done.case)
    assert (case.why, case.expect, case.tags) == ('Never "alone".', "good", ("refunds",))
    assert len(case.assert_) >= 4
    assert asyncio.run(replay_fixture(load_fixture(done.tape), builder(made))).kind == "passed"
    with pytest.raises(UsageError, match="exists"):
        export(records, contract, folder, "refund")
    done.case.write_text('schema = "case/1"  # mine\n')
    again = export(records, contract, folder, "refund", replace=True)
    assert (again.case_kept, done.case.read_text()) == (True, 'schema = "case/1"  # mine\n')
    assert again.parts == ()
    assert sorted(path.name for path in folder.iterdir()) == [".parts", "refund.case.toml", "refund.tape.jsonl"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "A B", "x" * 90])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    made, records = recorded_session()
    with pytest.raises(UsageError, match="cannot be a fixture's name"):
        export(records, made.session().contract, tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_session_without_an_ended_turn_is_not_exported() -> None:
    made = stage()
    with pytest.raises(UsageError, match="no turn"):
        record(list(made.session().records), made.policy)


def test_a_session_under_two_policies_is_not_exported() -> None:
    made = stage(says("One."), says("Two."))

    async def run() -> list[Record]:
        session = made.session()
        await session.turn("One")
        made.policy = AmountPolicy(limit=7)
        again = made.session(session.log)
        await again.turn("Two")
        return list(again.records)

    with pytest.raises(UsageError, match="contract changed during this session"):
        record(asyncio.run(run()), made.policy)


def test_a_missing_or_changed_passage_is_a_broken_fixture(tmp_path: Path) -> None:
    made, records = recorded_session()
    done = export(records, made.session().contract, tmp_path, "refund")
    parts = [path for path in done.parts if "Refunds take" in path.read_text()]
    parts[0].write_text("Refunds take a year.")
    outcome = asyncio.run(replay_fixture(load_fixture(done.tape), builder(made)))
    assert outcome.kind == "broken"
    assert ".parts/" in outcome.line
    parts[0].unlink()
    assert "is missing" in asyncio.run(replay_fixture(load_fixture(done.tape), builder(made))).line
