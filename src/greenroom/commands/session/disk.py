"""What a session ran under set against what is on disk now: `session disk`, and its parts for other faces.

Invariant: no code runs that nobody trusted: then tools are left out, and that is said.
"""

from __future__ import annotations

import asyncio
import tomllib
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.persona.diff import reading_of
from greenroom.commands.persona.difference_lines import data_of, lines_of
from greenroom.commands.session.own import let_go
from greenroom.core.errors import UsageError
from greenroom.regression.stale.contract_difference import Reading, Section, difference
from greenroom.views import governing
from greenroom.views.fold import fold_all
from greenroom.views.governing import mark

if TYPE_CHECKING:
    from greenroom.core.events import ContractLoaded
    from greenroom.engine.contract import Contract
    from greenroom.views.governing import Governing
    from greenroom.workspace.layout import Workspace

_OF_TOOLS = ("tools", "other_tools")


async def disk(asked: Invocation) -> Answer[tuple[Section, ...]] | Answer[str]:
    """What differs between what the last turn of a session ran under and the disk; exit 0 where nothing does, else 1.

    With `--take` the session goes on as on disk from here on, whatever it was made with.

    Raises:
        UsageError: there is no such session or persona, or the session's log names none.
        FileInvalid: what is on disk is broken.
        LogDamaged: the log does not verify.
    """
    return await _taken(asked) if asked.flag("take") else await asyncio.to_thread(_compared, asked)


async def _taken(asked: Invocation) -> Answer[str]:
    from greenroom.assembly import open_session

    session = await open_session(asked.workspace(), session=asked.text("session"))
    try:
        return await let_go(asked.workspace(), session)
    finally:
        await session.aclose()


def _compared(asked: Invocation) -> Answer[tuple[Section, ...]]:
    from greenroom.assembly import read_session, session_id

    workspace = asked.workspace()
    name = session_id(workspace, asked.text("session"))
    state = fold_all(governing.fold, governing.EMPTY, read_session(workspace, name))
    ran = state.ran or state.now
    if ran is None:
        raise UsageError("this session's log names no persona", code="recorded.contract")
    before = ran_reading(state, ran)
    after, version, notes = _on_disk(workspace, ran, before)
    found = difference(before, after)
    sides = (_side(ran.version, before), _side(version, after))
    head = (
        f"{ran.persona}: ran {sides[0]['version']} #{sides[0]['mark']} · disk {sides[1]['version']} #{sides[1]['mark']}"
    )
    lines = [head, *lines_of(found)] if found else [f"{ran.persona} {ran.version}: on disk as it ran"]
    data = {"session": name, "persona": ran.persona, "ran": sides[0], "disk": sides[1], **data_of(found)}
    return answer(found, lines, data, notes=notes, exit_code=1 if found else 0)


def ran_reading(state: Governing, ran: ContractLoaded) -> Reading:
    """What a turn ran under, with the texts the log still holds."""
    texts = {part: state.texts[digest] for part, digest in ran.digests.items() if digest in state.texts}
    return Reading(ran.digests, texts, ran.model)


def contract_reading(contract: Contract) -> Reading:
    """A contract as it was put together."""
    return Reading(contract.digests, contract.texts, contract.model)


def _on_disk(workspace: Workspace, ran: ContractLoaded, before: Reading) -> tuple[Reading, str, list[str]]:
    """What is on disk, its version, and what has to be said of it."""
    from greenroom.assembly import load_contract

    model = _override(workspace, ran, before)
    try:
        contract = load_contract(workspace, ran.persona, model)
    except UsageError as error:
        if error.code != "trust.missing":
            raise
    else:
        return contract_reading(contract), contract.persona.version, []
    read, version = reading_of(workspace, ran.persona, model)
    same = {part: before.digests[part] for part in _OF_TOOLS if part in before.digests}
    if read.text("policy") == before.text("policy"):
        same["policy"] = before.digests.get("policy", "")
    texts = {**read.texts, **{part: before.text(part) for part in _OF_TOOLS}}
    note = "tools were not looked at: what this workspace runs is not trusted (greenroom trust)"
    return Reading({**read.digests, **same}, texts, read.model), version, [note]


def _override(workspace: Workspace, ran: ContractLoaded, before: Reading) -> str:
    """The model where it was another than the contract's own, which the disk is to be compared with too."""
    from greenroom.workspace.settings import load_settings

    try:
        own = str(tomllib.loads(before.text("persona")).get("model", {}).get("use", ""))
    except (tomllib.TOMLDecodeError, AttributeError, RecursionError):
        return ""
    return "" if not own or load_settings(workspace).model_name(own) == ran.model else ran.model


def _side(version: str, reading: Reading) -> dict[str, str]:
    return {"version": version, "model": reading.model, "mark": mark(reading.digests, reading.model)}
