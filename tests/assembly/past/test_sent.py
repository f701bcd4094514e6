"""Requests composed again from a log are the very ones the model was given, whatever happened in between."""

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.approval.automatic import DenyAll
from greenroom.assembly import open_session, read_session, reloaded_contract
from greenroom.assembly.past.sent import Parts, Sent, all_sent
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import GateReply, Json
from greenroom.engine.outside import Renewed
from greenroom.engine.session import Session
from greenroom.models.port import Model, OnFailure, OnText
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import HELPDESK

MASKING = (
    '[[rule]]\nid = "mailless"\nwhy = "No addresses."\nhook = "prompt"\nfind = ["personal.email"]\nthen = "redact"\n'
)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom", "__pycache__"))
    found = Workspace((tmp_path / "shop").resolve())
    trust(found)
    return found


class Noting:
    """A model that notes what it was given, and has another answer."""

    def __init__(self, model: Model, given: list[ModelRequest]) -> None:
        self._model = model
        self._given = given

    @property
    def name(self) -> str:
        return self._model.name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        self._given.append(request)
        return await self._model.generate(request, on_text, on_failure)

    async def aclose(self) -> None:
        await self._model.aclose()


async def noting(shop: Workspace) -> tuple[Session, list[ModelRequest]]:
    session = await open_session(shop, instant=True, approver=DenyAll())
    given: list[ModelRequest] = []
    session.outside.renew(Renewed(model=Noting(session.outside.model, given)))
    return session, given


def calls(shop: Workspace, session: Session) -> list[Sent]:
    return [one for turn in all_sent(read_session(shop, session.id)) for one in turn]


def add_to(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize("masked", [False, True])
def test_every_request_is_the_one_the_model_was_given(shop: Workspace, masked: bool) -> None:
    if masked:
        add_to(shop.policies / "support.toml", f"\n{MASKING}")

    async def scene() -> tuple[Session, list[ModelRequest]]:
        session, given = await noting(shop)
        for words in ("my size is 42", "where is my order 1001?"):
            await session.turn(words)
        add_to(shop.personas / "aria" / "prompt.md", "\nBe brief.\n")
        session.reload(reloaded_contract(shop, session))
        for words in ("what is the return window?", "it is for mara@post.example: where is my order 1002?"):
            await session.turn(words)
        await session.aclose()
        return session, given

    session, given = asyncio.run(scene())
    found = calls(shop, session)
    assert [one.request.model_dump() for one in found] == [one.model_dump() for one in given]
    assert all(one.exact for one in found)
    assert [(one.turn, one.number) for one in found] == [(1, 1), (2, 1), (2, 2), (3, 1), (4, 1), (4, 2)]
    assert ("mara@post.example" in given[-1].messages[-3].text) is not masked
    assert "Be brief." in given[-1].messages[0].text
    assert "Be brief." not in given[0].messages[0].text


def test_a_prompt_that_a_person_changed_at_its_gate_is_the_one_that_was_sent(shop: Workspace) -> None:
    async def scene() -> tuple[Session, list[ModelRequest]]:
        session, given = await noting(shop)
        session.set_mode("step")
        turn = asyncio.ensure_future(session.turn("hello"))
        while not turn.done():
            await asyncio.sleep(0)
            if step := session.waiting_gate():
                edit: Json = [{"source": "system", "at": 1, "text": "Be kind."}] if "/gate:prompt" in step else None
                session.pass_gate(step, GateReply(action="edit" if edit else "continue", edit=edit))
        await session.aclose()
        return session, given

    session, given = asyncio.run(scene())
    (one,) = calls(shop, session)
    assert one.request.messages == given[0].messages
    assert one.request.messages[0].text == "Be kind."
    assert one.exact


def test_what_a_call_would_have_been_given_by_another_contract(shop: Workspace) -> None:
    async def scene() -> Session:
        session, _ = await noting(shop)
        await session.turn("where is my order 1001?")
        add_to(shop.personas / "aria" / "prompt.md", "\nBe brief.\n")
        await session.aclose()
        return session

    session = asyncio.run(scene())
    one = calls(shop, session)[-1]
    other = one.under(Parts.of(reloaded_contract(shop, session)))
    assert other.messages[1:] == one.request.messages[1:]
    assert "Be brief." in other.messages[0].text


def test_a_request_that_was_changed_since_is_not_called_exact(shop: Workspace) -> None:
    async def scene() -> Session:
        session, _ = await noting(shop)
        await session.turn("hello")
        await session.aclose()
        return session

    session = asyncio.run(scene())
    records = read_session(shop, session.id)
    started = next(place for place, record in enumerate(records) if record.event.kind == "turn_started")
    event = records[started].event.model_copy(update={"words": "something else"})
    records[started] = records[started].model_copy(update={"event": event})
    (one,) = next(iter(all_sent(records)))
    assert one.exact is False


def test_a_call_that_waits_is_due(shop: Workspace) -> None:
    async def scene() -> tuple[int, ...]:
        session, _ = await noting(shop)
        await session.turn("hello")
        records = [one for one in session.records if one.event.kind not in ("reply_generated", "turn_finished")]
        await session.aclose()
        return tuple(one.number for one in next(iter(all_sent(records))) if one.reply is None)

    assert asyncio.run(scene()) == (1,)
