"""What is left out of a turn is what was meant, wherever it stands now; what a person did and is not so again is told."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import find_workspace, load_contract, open_session, read_session
from greenroom.assembly.fixture.live import live_builder
from greenroom.assembly.past.what_if import what_if
from greenroom.assembly.variants.rerunning import Change, Rerun, rerun_session
from greenroom.core.events import ContextSelected, GatePassed, PassagesRetrieved, Record
from greenroom.core.values import GateReply, Json, Passage
from greenroom.engine.gates.stepping import paused
from greenroom.engine.session import Session
from greenroom.regression.live.budget import Budget
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.run import run_live
from greenroom.regression.record.record import export
from greenroom.regression.replay.replay import load_fixture
from greenroom.regression.what_if import Otherwise
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.assembly.variants.variant_shop import HELPDESK

ASKED = "how long does a refund take?"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("asked") / "shop"
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))

    async def talk() -> None:
        session = await open_session(find_workspace(target), instant=True, trusted=True)
        await session.turn(ASKED)
        await session.aclose()

    asyncio.run(talk())
    return target


@pytest.fixture
def shop(asked: Path, tmp_path: Path) -> Workspace:
    workspace = find_workspace(shutil.copytree(asked, tmp_path / "shop"))
    trust(workspace)
    return workspace


def found(records: Sequence[Record]) -> dict[str, Passage]:
    return {one.id: one for one in [r.event for r in records if isinstance(r.event, PassagesRetrieved)][-1].candidates}


def inside(records: Sequence[Record]) -> list[str]:
    """The texts of the passages in the prompt."""
    chosen = [r.event for r in records if isinstance(r.event, ContextSelected)][-1].passages
    return [found(records)[key].text for key in chosen]


def first(shop: Workspace) -> Passage:
    records = read_session(shop, "last")
    chosen = next(r.event for r in records if isinstance(r.event, ContextSelected)).passages
    return found(records)[chosen[0]]


async def again(shop: Workspace, change: Change, session: str = "last") -> Rerun:
    done = await rerun_session(shop, session, change, instant=True, trusted=True)
    await done.session.aclose()
    return done


def test_a_passage_is_left_out_where_it_stands_now(shop: Workspace) -> None:
    meant = first(shop)
    document = shop.knowledge / meant.source
    text = document.read_text(encoding="utf-8")
    document.write_text("# Before all else\n\nA new section about refunds and how long they take.\n\n" + text, "utf-8")
    done = asyncio.run(again(shop, Change(without={1: [meant.id]})))
    now = next(one for one in found(done.session.records).values() if one.text == meant.text)
    assert now.id != meant.id, "its number is another one"
    assert meant.text not in inside(done.session.records)
    assert meant.id in found(done.session.records), "and what has its number now is another text"
    assert done.told == ()


def test_a_passage_that_says_something_else_now_is_not_left_out_in_its_place(shop: Workspace) -> None:
    meant = first(shop)
    document = shop.knowledge / meant.source
    line = next(line for line in meant.text.splitlines() if len(line) > 30)
    document.write_text(document.read_text(encoding="utf-8").replace(line, f"{line} And more."), "utf-8")
    done = asyncio.run(again(shop, Change(without={1: [meant.id]})))
    assert done.told == (f"turn 1: {meant.label} was not left out, because it is not the text it was",)
    assert any("And more." in text for text in inside(done.session.records))


def test_a_passage_that_is_gone_is_said_by_name(shop: Workspace) -> None:
    meant = first(shop)
    document = shop.knowledge / meant.source
    document.write_text("# Nothing of it\n\nThis page was taken down.\n", "utf-8")
    done = asyncio.run(again(shop, Change(without={1: [meant.label if meant.heading else meant.id]})))
    assert [line for line in done.told if meant.label in line]
    assert meant.text not in inside(done.session.records)


async def stepped(shop: Workspace, edit: Json) -> str:
    """The turn again in a new session, with an edit at the gate of what was looked up."""
    session = await open_session(shop, instant=True, trusted=True, mode="step")

    def keep(item: object) -> None:
        if (pause := paused(session.records)) is not None and isinstance(item, Record) and item.event is pause:
            gate = pause.step.endswith("gate:retrieve")
            session.pass_gate(
                pause.step, GateReply(action="edit" if gate else "continue", edit=edit if gate else None, by="ann")
            )

    session.bus.subscribe(keep)
    await session.turn(ASKED)
    await session.aclose()
    return session.id


def test_an_edit_of_passages_counts_for_these_passages_under_other_settings(shop: Workspace) -> None:
    places = list(found(read_session(shop, "last")).values())
    at = next(at for at, one in enumerate(places, 1) if one.collection == "returns" and _others(places[: at - 1]))
    name = asyncio.run(stepped(shop, [{"at": at, "text": "Ten days."}, {"at": 1}]))
    meant, records = places[at - 1], read_session(shop, name)
    seen = asyncio.run(what_if(shop, records, 1, 1, Otherwise(collections=("returns",)))).after
    assert seen.candidates[at - 1].id != meant.id, "another passage has its place"
    prompt = "\n".join(message.text for message in seen.request.messages)
    assert "Ten days." in prompt
    assert meant.text not in prompt
    assert seen.candidates[at - 1].text not in prompt, "which had been left out, or was not looked at"


def _others(passages: Sequence[Passage]) -> bool:
    return any(one.collection != "returns" for one in passages)


def test_an_edit_at_a_gate_that_is_not_repeated_is_told(shop: Workspace) -> None:
    name = asyncio.run(stepped(shop, [{"at": 2}]))
    same = asyncio.run(again(shop, Change(), name))
    assert same.told == ()
    assert [r.event.by for r in same.session.records if isinstance(r.event, GatePassed) and r.event.kept_from] == [
        "ann"
    ]
    other = asyncio.run(again(shop, Change(knowledge={"top_k": 1}), name))
    assert other.told == (
        "turn 1: what ann edited at the retrieve gate was not repeated, because something else waited there, or nothing",
    )


def test_what_a_person_left_out_is_left_out_of_a_live_run_too(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    name = asyncio.run(stepped(shop, [{"at": 2}]))
    export(read_session(shop, name), load_contract(shop, "aria", trusted=True), shop.fixtures, "edited")
    fixture = load_fixture(shop.fixtures / "edited.tape.jsonl")
    options = LiveOptions(model="scripted/helpdesk", repeat=1)
    build = live_builder(shop, trusted=True)
    made: list[Session] = []
    built = type(build).__call__

    def kept(self: Any, *given: Any, **named: Any) -> Session:
        made.append(built(self, *given, **named))
        return made[-1]

    monkeypatch.setattr(type(build), "__call__", kept)
    done = asyncio.run(run_live(fixture, build, options, Budget(None, "this run")))
    assert done.runs[0].notes == ()
    assert inside(made[0].records) == inside(read_session(shop, name))
