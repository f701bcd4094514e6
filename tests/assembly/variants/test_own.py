"""What a variant was made with stays with it: reopened, reloaded, forked and varied again, until a person lets go of it."""

import asyncio
import shutil
from dataclasses import replace

import pytest

from greenroom.assembly import cast_again, disk_contract, fork_session, read_session
from greenroom.assembly.past.recorded import recorded_contracts, recorded_session
from greenroom.assembly.variants.own import Own, own_cast, recorded_own
from greenroom.assembly.variants.rerunning import Change
from greenroom.commands.session.own import let_go, told
from greenroom.core.clock import SystemClock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded
from greenroom.engine.contract import Contract
from greenroom.engine.replay.again import replay
from greenroom.engine.session import Session
from greenroom.workspace.layout import Workspace
from tests.assembly.variants.variant_shop import WHAT, change_of, opened, varied


def governs(contract: Contract) -> object:
    return dict(contract.digests), contract.model, contract.system, contract.persona.model.params


def asked_on(own_shop: Workspace, name: str, words: str = "and now?") -> tuple[Session, list[ContractLoaded]]:
    async def go_on() -> Session:
        session = await opened(own_shop, name)
        await session.turn(words)
        await session.aclose()
        return session

    session = asyncio.run(go_on())
    return session, [r.event for r in read_session(own_shop, name) if isinstance(r.event, ContractLoaded)]


@pytest.mark.parametrize("what", WHAT)
def test_a_reopened_variant_goes_on_under_what_it_was_made_with(own_shop: Workspace, what: str) -> None:
    name = asyncio.run(varied(own_shop, change_of(own_shop, what)))
    made = [r.event for r in read_session(own_shop, name) if isinstance(r.event, ContractLoaded)][-1]
    for gone in ("other.md", "strict.toml"):  # what the log has is enough
        (own_shop.root / gone).unlink()
    shutil.rmtree(own_shop.personas / "aria" / "versions")
    session, loaded = asked_on(own_shop, name)
    assert what in session.contract.own
    assert loaded[-1] == made, "nothing else came into force"
    assert told(own_shop, session).startswith("goes on under what it was made with: ")


def test_it_is_told_in_the_words_people_use_and_only_what_differs(own_shop: Workspace) -> None:
    change = Change(model="scripted/second", prompt=own_shop.root / "other.md", parameters={"top_k": 40})
    session, _ = asked_on(own_shop, asyncio.run(varied(own_shop, change)))
    assert "prompt, parameters temperature=0.2 top_k=40, model scripted/second; all else as on disk" in told(
        own_shop, session
    )
    shutil.copy(own_shop.root / "other.md", own_shop.personas / "aria" / "prompt.md")  # it was liked, and saved
    assert "made with: parameters" in told(own_shop, session)


def test_what_it_has_not_of_its_own_is_as_on_disk(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop, Change(parameters={"top_k": 40})))
    prompt = own_shop.personas / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe kind.\n", encoding="utf-8")
    session, loaded = asked_on(own_shop, name)
    assert "Be kind." in session.contract.system
    assert session.contract.persona.model.params["top_k"] == 40
    assert loaded[-1].own == ("parameters",)


def test_a_variant_under_what_is_on_disk_follows_the_disk(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop))
    prompt = own_shop.personas / "aria" / "prompt.md"
    prompt.write_text("Another one on disk.\n", encoding="utf-8")
    session, _ = asked_on(own_shop, name)
    assert session.contract.system == "Another one on disk.\n"
    assert (session.contract.own, told(own_shop, session)) == ((), "")


def test_a_save_under_an_open_variant_leaves_it_what_it_has(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop, Change(prompt=own_shop.root / "other.md", parameters={"top_k": 40})))

    async def reloaded() -> Contract:
        session = await opened(own_shop, name)
        (own_shop.personas / "aria" / "prompt.md").write_text("Saved meanwhile.\n", encoding="utf-8")
        contract = cast_again(own_shop, session).contract
        await session.aclose()
        return contract

    contract = asyncio.run(reloaded())
    assert (contract.system, contract.persona.model.params["top_k"]) == ("Another prompt.\n", 40)


def test_a_fork_and_a_rerun_of_a_variant_keep_it_and_a_named_persona_lets_go(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop, Change(prompt=own_shop.root / "other.md")))
    again = asyncio.run(varied(own_shop, Change(parameters={"top_k": 40}), name))

    async def contracts() -> list[tuple[str, ...]]:
        fork = await fork_session(own_shop, again, len(read_session(own_shop, again)) - 1, trusted=True)
        await fork.aclose()
        plain = await opened(own_shop, again, persona="aria")
        await plain.aclose()
        return [fork.contract.own, plain.contract.own]

    assert asyncio.run(contracts()) == [("prompt", "parameters"), ()]
    assert asyncio.run(opened_after(own_shop, again)).own == (), "naming one was a choice, which the log has"


async def opened_after(own_shop: Workspace, name: str) -> Contract:
    session = await opened(own_shop, name)
    await session.aclose()
    return session.contract


def test_letting_go_is_in_the_log_and_the_whole_still_replays(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop, Change(prompt=own_shop.root / "other.md", model="scripted/second")))
    asked_on(own_shop, name)

    async def let() -> tuple[str, Contract]:
        session = await opened(own_shop, name)
        done = await let_go(own_shop, session)
        assert governs(session.contract) == governs(disk_contract(own_shop, session))
        with pytest.raises(UsageError, match="nothing of its own"):
            await let_go(own_shop, session)
        await session.turn("and as on disk?")
        await session.aclose()
        return done.lines[0], session.contract

    line, _ = asyncio.run(let())
    assert line.endswith("let go of prompt, model scripted/second")
    session, loaded = asked_on(own_shop, name)
    assert [one.own for one in loaded] == [(), ("prompt", "model"), ()]
    assert told(own_shop, session) == ""
    records = read_session(own_shop, name)
    contracts = recorded_contracts(records)
    assert asyncio.run(replay(recorded_session(records, contracts), records, contracts)).same


def test_a_variant_whose_own_prompt_was_erased_says_so(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop, Change(prompt=own_shop.root / "other.md")))
    records = read_session(own_shop, name)
    own = recorded_own(records)
    gone = replace(own, texts={part: text for part, text in own.texts.items() if part != "prompt"})
    with pytest.raises(FileInvalid, match="the prompt of this session: is not kept any more"):
        own_cast(own_shop, gone, SystemClock(), trusted=True)
    assert own_cast(own_shop, Own(), SystemClock(), trusted=True).contract.own == ()


def test_own_settings_stay_within_the_ceilings_of_today(own_shop: Workspace) -> None:
    name = asyncio.run(varied(own_shop, Change(persona="aria@1.2.0")))
    settings = own_shop.settings_file.read_text(encoding="utf-8").replace("tool_calls = 8", "tool_calls = 1")
    own_shop.settings_file.write_text(settings, encoding="utf-8")
    assert asyncio.run(opened_after(own_shop, name)).persona.limits.tool_calls == 1
