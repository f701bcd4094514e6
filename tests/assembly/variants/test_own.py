"""What a variant was made with stays with it: reopened, reloaded, forked and varied again, until a person lets go of it."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.assembly import cast_again, disk_contract, find_workspace, fork_session, open_session, read_session
from greenroom.assembly.past.recorded import recorded_contracts, recorded_session
from greenroom.assembly.variants.own import Own, own_cast, recorded_own
from greenroom.assembly.variants.rerunning import AS_ON_DISK, Change, rerun_session
from greenroom.commands.session.own import let_go, told
from greenroom.core.clock import SystemClock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded
from greenroom.engine.contract import Contract
from greenroom.engine.replay.again import replay
from greenroom.engine.session import Session
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
STRICT = """schema = "policy/1"
id = "strict"
version = "9.0.0"
[[rule]]
id   = "no.cards"
why  = "Not even masked."
hook = "output"
find = ["personal.card"]
then = "deny"
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a frozen older version, in which one turn was said."""
    target = tmp_path_factory.mktemp("own") / "shop"
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__", "fixtures"))
    aria = target / "personas" / "aria"
    old = aria / "versions" / "1.2.0"
    old.mkdir(parents=True)
    contract = (aria / "persona.toml").read_text(encoding="utf-8")
    version = next(line for line in contract.splitlines() if line.startswith("version"))
    (old / "persona.toml").write_text(contract.replace(version, 'version = "1.2.0"'), encoding="utf-8")
    (old / "prompt.md").write_text("You are Aria as she was. {{shop}}\n", encoding="utf-8")
    (target / "other.md").write_text("Another prompt.\n", encoding="utf-8")
    (target / "strict.toml").write_text(STRICT, encoding="utf-8")
    shutil.copy(target / "scripts" / "helpdesk.toml", target / "scripts" / "second.toml")

    async def talk() -> None:
        session = await open_session(find_workspace(target), instant=True, trusted=True)
        await session.turn("hi there")
        await session.aclose()

    asyncio.run(talk())
    return target


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Workspace:
    workspace = find_workspace(shutil.copytree(recorded, tmp_path / "shop"))
    trust(workspace)
    return workspace


def change_of(shop: Workspace, what: str) -> Change:
    return {
        "persona": Change(persona="aria@1.2.0"),
        "prompt": Change(prompt=shop.root / "other.md"),
        "model": Change(model="scripted/second"),
        "policy": Change(policy=(shop.root / "strict.toml",)),
        "parameters": Change(parameters={"top_k": 40}),
        "knowledge": Change(knowledge={"top_k": 1}),
    }[what]


async def varied(shop: Workspace, change: Change = AS_ON_DISK, session: str = "last") -> str:
    done = await rerun_session(shop, session, change, instant=True, trusted=True)
    await done.session.aclose()
    return done.session.id


async def opened(shop: Workspace, name: str, persona: str = "") -> Session:
    return await open_session(shop, session=name, persona=persona, instant=True, trusted=True)


def governs(contract: Contract) -> object:
    return dict(contract.digests), contract.model, contract.system, contract.persona.model.params


def asked_on(shop: Workspace, name: str, words: str = "and now?") -> tuple[Session, list[ContractLoaded]]:
    async def go_on() -> Session:
        session = await opened(shop, name)
        await session.turn(words)
        await session.aclose()
        return session

    session = asyncio.run(go_on())
    return session, [r.event for r in read_session(shop, name) if isinstance(r.event, ContractLoaded)]


@pytest.mark.parametrize("what", ["persona", "prompt", "model", "policy", "parameters", "knowledge"])
def test_a_reopened_variant_goes_on_under_what_it_was_made_with(shop: Workspace, what: str) -> None:
    name = asyncio.run(varied(shop, change_of(shop, what)))
    made = [r.event for r in read_session(shop, name) if isinstance(r.event, ContractLoaded)][-1]
    for gone in ("other.md", "strict.toml"):  # what the log has is enough
        (shop.root / gone).unlink()
    shutil.rmtree(shop.personas / "aria" / "versions")
    session, loaded = asked_on(shop, name)
    assert what in session.contract.own
    assert loaded[-1] == made, "nothing else came into force"
    assert told(shop, session).startswith("goes on under what it was made with: ")


def test_it_is_told_in_the_words_people_use_and_only_what_differs(shop: Workspace) -> None:
    change = Change(model="scripted/second", prompt=shop.root / "other.md", parameters={"top_k": 40})
    session, _ = asked_on(shop, asyncio.run(varied(shop, change)))
    assert "prompt, parameters temperature=0.2 top_k=40, model scripted/second; all else as on disk" in told(
        shop, session
    )
    shutil.copy(shop.root / "other.md", shop.personas / "aria" / "prompt.md")  # it was liked, and saved
    assert "made with: parameters" in told(shop, session)


def test_what_it_has_not_of_its_own_is_as_on_disk(shop: Workspace) -> None:
    name = asyncio.run(varied(shop, Change(parameters={"top_k": 40})))
    prompt = shop.personas / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe kind.\n", encoding="utf-8")
    session, loaded = asked_on(shop, name)
    assert "Be kind." in session.contract.system
    assert session.contract.persona.model.params["top_k"] == 40
    assert loaded[-1].own == ("parameters",)


def test_a_variant_under_what_is_on_disk_follows_the_disk(shop: Workspace) -> None:
    name = asyncio.run(varied(shop))
    prompt = shop.personas / "aria" / "prompt.md"
    prompt.write_text("Another one on disk.\n", encoding="utf-8")
    session, _ = asked_on(shop, name)
    assert session.contract.system == "Another one on disk.\n"
    assert (session.contract.own, told(shop, session)) == ((), "")


def test_a_save_under_an_open_variant_leaves_it_what_it_has(shop: Workspace) -> None:
    name = asyncio.run(varied(shop, Change(prompt=shop.root / "other.md", parameters={"top_k": 40})))

    async def reloaded() -> Contract:
        session = await opened(shop, name)
        (shop.personas / "aria" / "prompt.md").write_text("Saved meanwhile.\n", encoding="utf-8")
        contract = cast_again(shop, session).contract
        await session.aclose()
        return contract

    contract = asyncio.run(reloaded())
    assert (contract.system, contract.persona.model.params["top_k"]) == ("Another prompt.\n", 40)


def test_a_fork_and_a_rerun_of_a_variant_keep_it_and_a_named_persona_lets_go(shop: Workspace) -> None:
    name = asyncio.run(varied(shop, Change(prompt=shop.root / "other.md")))
    again = asyncio.run(varied(shop, Change(parameters={"top_k": 40}), name))

    async def contracts() -> list[tuple[str, ...]]:
        fork = await fork_session(shop, again, len(read_session(shop, again)) - 1, trusted=True)
        await fork.aclose()
        plain = await opened(shop, again, persona="aria")
        await plain.aclose()
        return [fork.contract.own, plain.contract.own]

    assert asyncio.run(contracts()) == [("prompt", "parameters"), ()]
    assert asyncio.run(opened_after(shop, again)).own == (), "naming one was a choice, which the log has"


async def opened_after(shop: Workspace, name: str) -> Contract:
    session = await opened(shop, name)
    await session.aclose()
    return session.contract


def test_letting_go_is_in_the_log_and_the_whole_still_replays(shop: Workspace) -> None:
    name = asyncio.run(varied(shop, Change(prompt=shop.root / "other.md", model="scripted/second")))
    asked_on(shop, name)

    async def let() -> tuple[str, Contract]:
        session = await opened(shop, name)
        done = await let_go(shop, session)
        assert governs(session.contract) == governs(disk_contract(shop, session))
        with pytest.raises(UsageError, match="nothing of its own"):
            await let_go(shop, session)
        await session.turn("and as on disk?")
        await session.aclose()
        return done.lines[0], session.contract

    line, _ = asyncio.run(let())
    assert line.endswith("let go of prompt, model scripted/second")
    session, loaded = asked_on(shop, name)
    assert [one.own for one in loaded] == [(), ("prompt", "model"), ()]
    assert told(shop, session) == ""
    records = read_session(shop, name)
    contracts = recorded_contracts(records)
    assert asyncio.run(replay(recorded_session(records, contracts), records, contracts)).same


def test_a_variant_whose_own_prompt_was_erased_says_so(shop: Workspace) -> None:
    name = asyncio.run(varied(shop, Change(prompt=shop.root / "other.md")))
    records = read_session(shop, name)
    own = recorded_own(records)
    gone = replace(own, texts={part: text for part, text in own.texts.items() if part != "prompt"})
    with pytest.raises(FileInvalid, match="the prompt of this session: is not kept any more"):
        own_cast(shop, gone, SystemClock(), trusted=True)
    assert own_cast(shop, Own(), SystemClock(), trusted=True).contract.own == ()


def test_own_settings_stay_within_the_ceilings_of_today(shop: Workspace) -> None:
    name = asyncio.run(varied(shop, Change(persona="aria@1.2.0")))
    settings = shop.settings_file.read_text(encoding="utf-8").replace("tool_calls = 8", "tool_calls = 1")
    shop.settings_file.write_text(settings, encoding="utf-8")
    assert asyncio.run(opened_after(shop, name)).persona.limits.tool_calls == 1
