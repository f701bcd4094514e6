"""A session said again: what is kept of it and what is not, that its parent stays as it is, and that the child is whole."""

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.approval.automatic import RERUN, ByPolicy, DenyAll, LeaveOpen
from greenroom.assembly import find_workspace, load_contract, open_session, read_session, replay_builder, verify_session
from greenroom.assembly.past.recorded import recorded_contracts, recorded_session
from greenroom.assembly.variants.lineage import beside
from greenroom.assembly.variants.rerunning import AS_ON_DISK, Change, Rerun, rerun_session
from greenroom.core.clock import SystemClock
from greenroom.core.errors import FileInvalid, UsageError, WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    MemoriesRecalled,
    ReplyGenerated,
    RerunStarted,
    ToolStarted,
    TurnStarted,
)
from greenroom.core.ids import RandomIds
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.engine.session import Session
from greenroom.regression.record.record import export
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.views.branches.rerun import branch
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
RULE = """
[[rule]]
id   = "no.cards"
why  = "Not even masked."
hook = "output"
find = ["personal.card"]
then = "deny"
"""
REFUND = "please refund 20 euro of order 1001, it arrived broken"
TALK = ("hi, my name is Tom", "how long does a refund take?", "where is my order 1001?")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which three turns were said; each test varies a copy of it."""
    target = tmp_path_factory.mktemp("recorded") / "shop"
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    asyncio.run(talked(find_workspace(target), *TALK))
    return target


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Workspace:
    return find_workspace(shutil.copytree(recorded, tmp_path / "shop"))


@pytest.fixture
def name(shop: Workspace) -> str:
    return next(path.stem for path in shop.sessions.glob("*.jsonl"))


async def talked(shop: Workspace, *words: str) -> str:
    session = await open_session(shop, instant=True, trusted=True)
    for one in words:
        await session.turn(one)
    await session.aclose()
    return session.id


async def rerun(
    shop: Workspace, name: str, change: Change = AS_ON_DISK, *, since: int | None = None, until: int | None = None
) -> Rerun:
    done = await rerun_session(shop, name, change, since=since, until=until, instant=True, trusted=True)
    await done.session.aclose()
    return done


def test_what_did_not_change_is_kept_and_the_parent_keeps_its_bytes(shop: Workspace, name: str) -> None:
    path = shop.sessions / f"{name}.jsonl"
    before = path.read_bytes()
    done = asyncio.run(rerun(shop, name))
    assert path.read_bytes() == before
    assert [one.step for one in done.kept] == [
        "t3/recall",
        "t3/retrieve",
        "t3/generate:1",
        "t3/tool:c1",
        "t3/generate:2",
    ]
    assert done.redone == ()
    parent = read_session(shop, name)
    assert all(
        parent[one.kept_from or 0].event.step == one.step for one in done.kept
    )  # each names the record that it was


def test_a_changed_prompt_on_disk_asks_the_model_anew_and_keeps_tools_and_passages(shop: Workspace, name: str) -> None:
    prompt = shop.root / "personas" / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe even briefer.\n", encoding="utf-8")
    done = asyncio.run(rerun(shop, name))
    assert [one.what for one in done.redone] == ["reply", "reply"]
    assert [one.what for one in done.kept] == ["memories", "passages", "orders.get"]
    found = branch(read_session(shop, done.session.id))
    assert found is not None
    assert found.line == f"fork of {name} at turn 3: prompt changed"


def test_a_variant_verifies_and_replays_under_what_governed_it(shop: Workspace, name: str) -> None:
    change = Change(parameters={"temperature": 0}, words={2: "do you ship to France?"})
    done = asyncio.run(rerun(shop, name, change, since=2))
    records = read_session(shop, done.session.id)
    assert verify_session(shop, done.session.id).records == len(records)
    contracts = recorded_contracts(records)
    assert asyncio.run(replay(recorded_session(records, contracts), records, contracts)).same
    words = [r.event.words for r in records if isinstance(r.event, TurnStarted)]
    assert words == [TALK[0], "do you ship to France?", TALK[2]]


def test_a_variant_with_nothing_changed_replays_under_the_files_on_disk(shop: Workspace, name: str) -> None:
    done = asyncio.run(rerun(shop, name, since=1))
    records = read_session(shop, done.session.id)
    assert asyncio.run(replay(replay_builder(shop, trusted=True)(LogRecording(records)), records)).same


def test_a_turn_before_another_one_is_said_to_the_turn_asked_for(shop: Workspace, name: str) -> None:
    done = asyncio.run(rerun(shop, name, since=1, until=2))
    records = read_session(shop, done.session.id)
    assert next(r.event for r in records if isinstance(r.event, RerunStarted)).turns == (1, 2)
    assert [r.event.words for r in records if isinstance(r.event, TurnStarted)] == list(TALK[:2])


def test_words_in_the_place_of_the_models_are_what_the_turn_goes_on_from(shop: Workspace, name: str) -> None:
    done = asyncio.run(rerun(shop, name, Change(replies={2: "Five days. My card is 4111 1111 1111 1111."}), since=2))
    replies = [r.event for r in done.session.records if isinstance(r.event, ReplyGenerated) and r.event.turn == 2]
    assert [one.model for one in replies] == ["a person"]
    assert replies[0].text.startswith("Five days.")
    assert "4111" not in replies[0].text


def test_another_policy_is_named_and_changes_no_reply_that_it_lets_through(
    shop: Workspace, name: str, tmp_path: Path
) -> None:
    policy = tmp_path / "other.toml"
    text = (shop.root / "policies" / "support.toml").read_text(encoding="utf-8")
    policy.write_text(f"{text}{RULE}", encoding="utf-8")
    done = asyncio.run(rerun(shop, name, Change(policy=(policy,)), since=1))
    found = branch(done.session.records)
    assert found is not None
    assert found.changed == ("policy",)
    assert done.redone == ()


@pytest.mark.parametrize(
    ("how", "said"),
    [({"since": 9}, "no turn 9"), ({"since": 3, "until": 2}, "before turn 3"), ({"until": 0}, "no turn 0")],
)
def test_a_turn_that_is_not_there_is_one_line(shop: Workspace, name: str, how: dict[str, int], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asyncio.run(rerun(shop, name, since=how.get("since"), until=how.get("until")))


def test_a_broken_prompt_makes_no_session(shop: Workspace, name: str, tmp_path: Path) -> None:
    broken = tmp_path / "prompt.md"
    broken.write_text("Hello {{ nobody }}", encoding="utf-8")
    with pytest.raises(FileInvalid):
        asyncio.run(rerun(shop, name, Change(prompt=broken)))
    assert len(list(shop.sessions.glob("*.jsonl"))) == 1


@pytest.mark.parametrize(
    "change",
    [
        AS_ON_DISK,
        Change(words={2: "do you ship to France?"}),
        Change(replies={3: "A colleague will look at it."}),
        Change(words={3: REFUND}),
    ],
    ids=["nothing", "words", "reply", "refused"],
)
def test_a_variant_exported_as_a_fixture_replays(shop: Workspace, name: str, tmp_path: Path, change: Change) -> None:
    done = asyncio.run(rerun(shop, name, change, since=2))
    records = read_session(shop, done.session.id)
    written = export(records, load_contract(shop, "aria", trusted=True), shop.fixtures, "variant")
    found = asyncio.run(replay_fixture(load_fixture(written.tape), replay_builder(shop, trusted=True)))
    assert found.kind == "passed", found.detail


def test_a_variant_that_broke_off_is_resumed_as_the_rerun_that_it_is(shop: Workspace, name: str) -> None:
    async def scene() -> None:
        opened: list[Session] = []
        with pytest.raises(WaitingForPerson):
            await rerun_session(
                shop,
                name,
                Change(words={3: REFUND}),
                approver=LeaveOpen(),
                on_open=opened.append,
                instant=True,
                trusted=True,
            )
        again = await open_session(shop, session=opened[0].id, approver=DenyAll(), instant=True, trusted=True)
        await again.resume()
        asked = [r.event for r in again.records if isinstance(r.event, ApprovalRequested)]
        assert [one.card.reason for one in asked] == [RERUN]
        assert not [r for r in again.records if isinstance(r.event, ToolStarted) and r.event.effects == "once"]
        await again.aclose()
        assert verify_session(shop, again.id).records == len(again.records)

    asyncio.run(scene())


def test_what_a_variant_remembers_is_held_over_closing_and_opening(shop: Workspace, name: str) -> None:
    async def remembered() -> list[str]:
        from greenroom.memory.store_memory import StoreMemory
        from greenroom.store.store import Store

        store = Store.open(shop.state)
        try:
            return [one.text for one in await StoreMemory(store, SystemClock(), RandomIds()).every()]
        finally:
            store.close()

    async def scene() -> None:
        assert await remembered() == ["Name: Tom"]
        done = await rerun(shop, name, Change(words={1: "hi, my name is Bob"}), since=1)
        assert await remembered() == ["Name: Tom"]
        again = await open_session(shop, session=done.session.id, instant=True, trusted=True)
        assert await remembered() == ["Name: Tom"]
        await again.turn("thanks")
        recalled = [r.event for r in again.records if isinstance(r.event, MemoriesRecalled)][-1]
        assert [one.text for one in recalled.memories] == ["Name: Bob"]
        await again.aclose()
        assert await remembered() == ["Name: Bob"]

    asyncio.run(scene())


def test_a_variant_of_a_variant_stands_beside_it_and_says_what_its_steps_were_kept_from(
    shop: Workspace, name: str
) -> None:
    first = asyncio.run(rerun(shop, name, Change(words={3: "where is my order 1002?"})))
    second = asyncio.run(rerun(shop, first.session.id))
    assert (second.parent, second.redone) == (first.session.id, ())
    found = branch(second.session.records)
    assert found is not None
    assert (found.parent, found.turn) == (name, 3)
    varied = read_session(shop, first.session.id)
    assert all(varied[one.kept_from or 0].event.step == one.step for one in second.kept)
    assert beside(shop, second.session.id)[1] == (name, first.session.id, second.session.id)


def test_a_document_that_changed_is_looked_for_anew(shop: Workspace, name: str) -> None:
    document = next(shop.knowledge.glob("*.md"))
    document.write_text(f"{document.read_text(encoding='utf-8')}\nNew.\n", encoding="utf-8")
    done = asyncio.run(rerun(shop, name))
    assert "passages" in [one.what for one in done.redone]


def test_a_script_that_changed_is_another_model(shop: Workspace, name: str) -> None:
    script = shop.scripts / "helpdesk.toml"
    script.write_text(f"{script.read_text(encoding='utf-8')}\n# another line\n", encoding="utf-8")
    done = asyncio.run(rerun(shop, name))
    assert [one.what for one in done.redone] == ["reply", "reply"]


def test_an_answer_that_was_kept_is_told_as_such(shop: Workspace, name: str) -> None:
    from greenroom.log.said import who

    async def scene() -> list[str]:
        session = await open_session(shop, session=name, approver=ByPolicy(), instant=True, trusted=True)
        await session.turn(REFUND)
        await session.aclose()
        done = await rerun(shop, name)
        return [who(r.event) for r in done.session.records if isinstance(r.event, ApprovalGiven)]

    said = asyncio.run(scene())
    assert len(said) == 1
    assert said[0].startswith("--approve policy via command line, kept by a rerun from record ")


def test_an_unfinished_variant_goes_on_under_what_it_was_begun_under(
    shop: Workspace, name: str, tmp_path: Path
) -> None:
    prompt = tmp_path / "prompt.md"
    prompt.write_text("You are Aria, and brief.", encoding="utf-8")

    async def scene() -> None:
        opened: list[Session] = []
        change = Change(prompt=prompt, parameters={"temperature": 0}, words={3: REFUND})
        with pytest.raises(WaitingForPerson):
            await rerun_session(
                shop, name, change, approver=LeaveOpen(), on_open=opened.append, instant=True, trusted=True
            )
        again = await open_session(shop, session=opened[0].id, approver=DenyAll(), instant=True, trusted=True)
        assert again.contract.system == "You are Aria, and brief."
        assert again.contract.persona.model.params["temperature"] == 0
        await again.resume()
        await again.aclose()

    asyncio.run(scene())


def test_words_of_a_turn_that_is_not_said_again_are_refused(shop: Workspace, name: str) -> None:
    with pytest.raises(UsageError, match="turn 1 is not said again"):
        asyncio.run(rerun(shop, name, Change(words={1: "hello"})))
    assert len(list(shop.sessions.glob("*.jsonl"))) == 1
