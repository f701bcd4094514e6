"""The files under a live session: what a look takes over, what it says, and that `run` looks between its turns."""

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.assembly import open_session, read_session
from greenroom.commands.live.actions import Live
from greenroom.commands.live.watching import Disk, against
from greenroom.commands.run import carry
from greenroom.core.events import ContractLoaded, TurnFinished
from greenroom.engine.session import Session
from greenroom.views import governing
from greenroom.views.fold import fold_all
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import HELPDESK


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom", "__pycache__"))
    found = Workspace((tmp_path / "shop").resolve())
    trust(found)
    return found


def add_to(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


class Beside:
    """A face that keeps its notes, and adds to the prompt when the first turn ends."""

    interactive = False

    def __init__(self, prompt: Path) -> None:
        self.prompt = prompt
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def follow(self, item: object) -> None:
        event = getattr(item, "event", None)
        if isinstance(event, TurnFinished) and event.turn == 1:
            add_to(self.prompt, "\nBe brief.\n")
            (self.prompt.parent / "persona.toml").chmod(0o644)
            broken = self.prompt.parents[2] / "policies" / "support.toml"
            add_to(broken, "\n[[rule]\n")


def test_a_run_of_several_lines_takes_over_between_its_turns_what_is_sound(shop: Workspace) -> None:
    face = Beside(shop.personas / "aria" / "prompt.md")

    async def scene() -> Session:
        session = await open_session(shop, instant=True)
        await carry(session, face, ["hello", "hello"], workspace=shop)  # type: ignore[arg-type]  # the half that is used
        return session

    session = asyncio.run(scene())
    (said,) = [note for note in face.notes if note.startswith("  disk")]
    assert "not reloaded, what was read before still holds: policies/support.toml:" in said
    loaded = [r for r in read_session(shop, session.id) if isinstance(r.event, ContractLoaded)]
    assert len(loaded) == 1, "a contract is whole or not at all: its policy is part of it"


def test_a_look_reads_only_what_rests_and_says_once_what_is_wrong(shop: Workspace) -> None:
    prompt, policy = shop.personas / "aria" / "prompt.md", shop.policies / "support.toml"

    async def scene() -> None:
        session = await open_session(shop, instant=True)
        disk = Disk(Live(shop, session))
        assert await disk.look(settle=True) is None
        add_to(prompt, "\nBe brief.\n")
        assert await disk.look(settle=True) is None, "it may still be written"
        add_to(prompt, "\nBe kind.\n")
        assert await disk.look(settle=True) is None, "as it was"
        news = await disk.look(settle=True)
        assert news is not None
        assert news.lines() == ["reloaded: prompt changed"]
        assert "Be kind." in session.contract.system
        assert await disk.look(settle=True) is None
        sound = policy.read_text(encoding="utf-8")
        add_to(policy, "\n[[rule]\n")
        add_to(shop.personas / "aria" / "persona.toml", "\nnot toml\n")
        news = await disk.look()
        assert news is not None
        assert len(news.lines()) == 2
        assert "\x1b" not in str(news.lines())
        policy.write_text(sound + "\n[[rule]\n\x1b[31m\n", encoding="utf-8")
        news = await disk.look()
        assert news is not None
        assert "\x1b" not in str(news.lines())
        assert [one.partition(":")[0] for one in disk.problems] == [
            "personas/aria/persona.toml",
            "policies/support.toml",
        ]
        await session.aclose()

    asyncio.run(scene())


def test_a_session_of_a_frozen_version_stays_with_it(shop: Workspace) -> None:
    working = shop.personas / "aria"
    frozen = working / "versions" / "1.3.0"
    frozen.mkdir(parents=True)
    for name in ("persona.toml", "prompt.md"):
        shutil.copy(working / name, frozen / name)
    text = (working / "persona.toml").read_text(encoding="utf-8")
    (working / "persona.toml").write_text(text.replace('version = "1.3.0"', 'version = "1.4.0"'), encoding="utf-8")

    async def scene() -> None:
        session = await open_session(shop, persona="aria@1.3.0", instant=True)
        disk = Disk(Live(shop, session))
        await disk.look()
        add_to(working / "prompt.md", "\nBe brief.\n")
        news = await disk.look()
        assert news is not None
        assert news.lines() == []
        assert session.contract.persona.version == "1.3.0"
        add_to(frozen / "prompt.md", "\nBe kind.\n")
        await disk.look()
        assert "Be kind." in session.contract.system
        await session.aclose()

    asyncio.run(scene())


def test_a_model_changed_in_the_contract_is_the_one_that_answers(shop: Workspace) -> None:
    persona = shop.personas / "aria" / "persona.toml"
    script = shop.scripts / "other.toml"
    script.write_text(
        'schema = "script/1"\nid = "other"\n[[rule]]\nid = "all"\ntext = "I am the other one."\n', encoding="utf-8"
    )

    async def scene() -> list[str]:
        session = await open_session(shop, instant=True)
        disk = Disk(Live(shop, session))
        await disk.look()
        text = persona.read_text(encoding="utf-8")
        persona.write_text(text.replace('"scripted/helpdesk"', '"scripted/other"'), encoding="utf-8")
        news = await disk.look()
        assert news is not None
        assert "model scripted/helpdesk → scripted/other" in news.done.line
        await session.turn("hello")
        await session.aclose()
        return [r.event.text for r in session.records if r.event.kind == "reply_released"]

    assert asyncio.run(scene()) == ["I am the other one."]


def test_what_a_turn_ran_under_is_set_against_the_disk(shop: Workspace) -> None:
    async def scene() -> None:
        session = await open_session(shop, instant=True)

        def said() -> str:
            state = fold_all(governing.fold, governing.EMPTY, session.records)
            return against(state.ran, session.awaited)

        disk = Disk(Live(shop, session))
        await disk.look()
        assert said() == "", "no turn ran yet"
        await session.turn("hello")
        assert said() == ""
        add_to(shop.personas / "aria" / "prompt.md", "\nBe brief.\n")
        await disk.look()
        first = said()
        assert first.startswith("ran 1.3.0 #")
        add_to(shop.personas / "aria" / "prompt.md", "\nBe kind.\n")
        await disk.look()
        assert said().split(" · ")[0] == first.split(" · ")[0]
        assert said() != first
        await session.turn("hello")
        assert said() == ""
        await session.aclose()

    asyncio.run(scene())
