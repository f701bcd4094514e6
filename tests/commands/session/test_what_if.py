"""What a turn would have had otherwise, said of real sessions of the helpdesk without asking a model."""

import asyncio
import shutil
from collections.abc import Awaitable, Sequence
from pathlib import Path

import pytest

from greenroom.assembly import ingest_knowledge, open_session, read_session, replay_builder
from greenroom.assembly.past.recorded import recorded_build, recorded_contract, recorded_contracts, recorded_session
from greenroom.assembly.past.what_if import WhatIf
from greenroom.assembly.variants.rerunning import Change, rerun_session
from greenroom.commands.answer import Answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.session.what_if import what_if
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import Record
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.engine.replay.again import replay
from greenroom.models.port import OnFailure, OnText
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.replay.replay import Fixture, replay_fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.what_if import Otherwise, given
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
WORDS = ("What is your return policy for shoes? How many days do I have?", "Where is my order 1001?", "My size is 42")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ModelRequest]]:
    root = tmp_path_factory.mktemp("shop") / "helpdesk"
    shutil.copytree(HELPDESK, root, ignore=shutil.ignore_patterns(".greenroom"))
    workspace = Workspace(root)
    ingest_knowledge(workspace)
    with pytest.MonkeyPatch.context() as monkeypatch:
        return root, asyncio.run(_talk(workspace, monkeypatch))


async def _talk(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[ModelRequest]:
    session = await open_session(workspace, persona="aria", instant=True, trusted=True)
    await session.warm()
    outside = session._room.outside
    really, requests = outside.model.generate, list[ModelRequest]()

    def hear(request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> Awaitable[ModelReply]:
        requests.append(request)
        return really(request, on_text, on_failure)

    monkeypatch.setattr(outside.model, "generate", hear)
    for words in WORDS:
        await session.turn(words)
    await session.aclose()
    return requests


@pytest.fixture
def shop(recorded: tuple[Path, list[ModelRequest]], tmp_path: Path) -> Workspace:
    shutil.copytree(recorded[0], tmp_path / "helpdesk")
    workspace = Workspace(tmp_path / "helpdesk")
    trust(workspace)
    return workspace


def ask(shop: Workspace, **options: object) -> Answer[WhatIf]:
    return asyncio.run(what_if(Invocation({"workspace": str(shop.root), "session": "last", **options})))


def test_with_nothing_otherwise_it_is_what_the_model_was_really_given(
    recorded: tuple[Path, list[ModelRequest]],
) -> None:
    records = read_session(Workspace(recorded[0]), "last")
    contracts = recorded_contracts(records)
    calls = [(1, 1), (2, 1), (2, 2), (3, 1)]
    assert len(calls) == len(recorded[1])
    for (turn, call), request in zip(calls, recorded[1], strict=True):
        assert sent(asyncio.run(given(records, contracts, recorded_build(records), turn, call)).request) == sent(
            request
        )
    same = asyncio.run(given(records, contracts, recorded_build(records), 1, otherwise=Otherwise(top_k=6)))
    assert sent(same.request) == sent(recorded[1][0])


@pytest.mark.parametrize(
    ("otherwise", "change"),
    [
        (Otherwise(without=frozenset({"returns/returns.md:0"})), Change(without={1: ["returns/returns.md:0"]})),
        (Otherwise(top_k=3), Change(knowledge={"top_k": 3})),
        (
            Otherwise(without=frozenset({"returns/returns.md:0"}), top_k=3, min_score=0.05),
            Change(without={1: ["returns/returns.md:0"]}, knowledge={"top_k": 3, "min_score": 0.05}),
        ),
    ],
)
def test_a_rerun_sends_the_very_prompt_that_was_shown_and_is_a_session_like_any(
    shop: Workspace, otherwise: Otherwise, change: Change
) -> None:
    shown = ask_with(shop, otherwise)
    records = asyncio.run(rerun(shop, change))
    variant = asyncio.run(given(records, recorded_contracts(records), recorded_build(records), 1))
    assert sent(variant.request) == sent(shown)
    contracts = recorded_contracts(records)
    same = asyncio.run(replay(recorded_session(records, contracts), records, contracts))
    assert same.difference == ""
    made = record(records, recorded_contract(records).policy)
    fixture = Fixture("variant", made.tape, Case(schema="case/1"), Parts(shop.fixtures, made.texts))
    found = asyncio.run(replay_fixture(fixture, replay_builder(shop)))
    # Settings that no file has are on the tape: it replays under what the variant was made with.
    assert made.tape.own == (("knowledge",) if change.knowledge else ())
    assert found.kind == "passed", found.detail


def ask_with(shop: Workspace, otherwise: Otherwise) -> ModelRequest:
    records = read_session(shop, "last")
    return asyncio.run(
        given(records, recorded_contracts(records), recorded_build(records), 1, otherwise=otherwise)
    ).request


async def rerun(shop: Workspace, change: Change) -> Sequence[Record]:
    done = await rerun_session(shop, "last", change, since=1, until=1, instant=True)
    await done.session.aclose()
    return tuple(done.session.records)


def sent(request: ModelRequest) -> object:
    """A request as a model is told it."""
    return request.model_dump(mode="json")


def test_without_a_passage_it_is_gone_and_none_takes_its_place(shop: Workspace) -> None:
    before = (shop.root / ".greenroom").stat().st_mtime_ns
    found = ask(shop, turn=1, without=["2"])
    was, would = found.value.before.chosen.passages, found.value.after.chosen.passages
    assert would == (was[0], *was[2:])
    assert found.exit_code == 1
    assert found.notes == ("no model was asked",)
    assert f"-  [2]  -         {was[1]}" in "\n".join(found.lines)
    assert isinstance(found.data, dict)
    old, new = found.data["was"], found.data["would_be"]
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    assert new["messages"] != old["messages"]
    assert (shop.root / ".greenroom").stat().st_mtime_ns == before


def test_other_settings_choose_anew_and_other_collections_are_searched(shop: Workspace) -> None:
    assert len(ask(shop, turn=1, top_k=2).value.after.chosen.passages) == 2
    more = ask(shop, turn=1, top_k=9, min_score="0.05").value
    assert set(more.before.chosen.passages) <= {one.id for one in more.after.candidates}
    assert len(more.after.chosen.passages) == 9
    products = ask(shop, turn=1, collection=["products"], min_score="0").value.after
    assert products.chosen.passages
    assert {one.collection for one in products.candidates} == {"products"}


def test_verdicts_under_another_policy_are_counted_and_named(shop: Workspace) -> None:
    assert "verdicts: 0 of" in ask(shop).lines[-1]
    policy = shop.policies / "support.toml"
    policy.write_text(
        policy.read_text()
        + '\n[[rule]]\nid = "no.orders"\nwhy = "Not today."\nhook = "tool.call"\ntools = ["orders.get"]\nthen = "deny"\n'
    )
    found = ask(shop)
    assert "turn 2 tool.call orders.get: allow" in found.lines[-1]
    assert found.lines[-1].endswith("deny no.orders (stricter)")
    assert found.exit_code == 1
    policy.write_text("broken")
    assert "could not be compared" in ask(shop).lines[-1]
    with pytest.raises(FileInvalid):
        ask(shop, policy=str(policy))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"turn": 9}, "no turn 9"),
        ({"turn": 1, "call": 3}, "no model call 3"),
        ({"turn": 1, "without": ["returns/returns.md:99"]}, "nothing that was found"),
        ({"top_k": 0}, "top_k"),
        ({"min_score": "much"}, "no score"),
        ({"min_score": "7"}, "min_score"),
        ({"budget_chars": 1}, "budget_chars"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(shop: Workspace, options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ask(shop, **options)
