"""Other tools' files as draft fixtures; what cannot be expressed is always listed.

Invariant: nothing is written over, and an import that could take nothing over is exit 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, from_here
from greenroom.commands.fixture.new_parts import told_new
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import CheckFailed, ServiceUnavailable, UsageError, WaitingForPerson
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.assembly.fixture.imported import Stage
    from greenroom.engine.contract import Contract
    from greenroom.engine.session import Session
    from greenroom.regression.interop.conversation import Conversation, Losses
    from greenroom.regression.interop.draft import Draft

_TAPE = ".tape.jsonl"


@dataclass(slots=True)
class Imported:
    """What came of an import: the drafts, the names of those that first need a reply, and the parts that were written."""

    drafts: list[Draft] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    parts: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Import:
    """What every conversation of one import shares."""

    workspace: Workspace
    asked: Invocation
    contract: Contract
    stage: Stage
    source: str
    losses: Losses
    tools: dict[str, str]

    @property
    def dry(self) -> bool:
        return self.asked.flag("dry_run")


async def import_file(asked: Invocation) -> Answer[Imported]:
    """Write a draft fixture for every conversation of a foreign file.

    Raises:
        FileInvalid: the file cannot be read, or is of no format known here; one line with file and line.
        UsageError: no such persona, or the workspace is not trusted.
    """
    from greenroom.assembly.fixture.imported import imported_stage
    from greenroom.regression.interop.conversation import Losses
    from greenroom.regression.interop.detect import read_source
    from greenroom.regression.interop.private import free_name

    workspace, path = asked.workspace(), Path(asked.text("file"))
    contract, stage = imported_stage(workspace, asked.text("persona"), asked.text("model"))
    tools = _tools(asked.words("tool"), contract)
    found = read_source(path, asked.text("format") or "auto", (contract.persona.id, contract.persona.name))
    made, taken = Imported(), dict[str, int]()
    shared = _Import(workspace, asked, contract, stage, f"{path.name} ({found.format})", Losses(found.losses), tools)
    single = len(found.conversations) == 1
    for number, conversation in enumerate(found.conversations, 1):
        name = free_name(_wanted(asked.text("name"), path, conversation, number, single=single), taken, contract.policy)
        if (workspace.fixtures / f"{name}{_TAPE}").exists() or (workspace.fixtures / f"{name}.case.toml").exists():
            shared.losses.note(
                conversation.where, "a conversation", f"a fixture named {name} exists; choose another --name"
            )
        elif not conversation.recorded and not asked.flag("record"):
            made.unrecorded.append(name)
            shared.losses.note(
                conversation.where, "a test without a reply", "--record has the persona's model answer it"
            )
        else:
            await _take_over(shared, name, conversation, made)
    return _told(shared, found.format, made)


async def _take_over(shared: _Import, name: str, conversation: Conversation, made: Imported) -> None:
    """One conversation to its draft, or to a loss that says why not."""
    from greenroom.regression.interop.draft import draft_of, own_tools, write_draft

    if shared.dry and not conversation.recorded:
        made.unrecorded.append(name)
        return
    conversation = own_tools(conversation, shared.contract.tools, shared.losses, shared.tools)
    try:
        if conversation.recorded:
            session = await _played(shared, conversation)
        else:
            session = await _recorded(shared, conversation)
        records, policy = tuple(session.records), session.contract.policy
        draft = draft_of(
            name, conversation, records, policy, shared.source, shared.losses, played=conversation.recorded
        )
        if not shared.dry:
            write_draft(draft, shared.workspace.fixtures, made.parts)
    except (CheckFailed, UsageError, ServiceUnavailable, WaitingForPerson) as error:
        shared.losses.note(conversation.where, "a conversation", error.line())
        return
    made.drafts.append(draft)


async def _played(shared: _Import, conversation: Conversation) -> Session:
    """The session in which the conversation was said again, answered by itself."""
    from greenroom.regression.interop.draft import play

    session, world = shared.stage(conversation)
    try:
        await play(conversation, session, world)
    finally:
        await session.aclose()
    losses, where = shared.losses, conversation.where
    losses.note(
        where, "memories and passages", "the file does not hold what this persona would have recalled and found"
    )
    for one in world.asked:
        losses.note(
            where,
            f"who answered about {one.subject} (rule {one.rule})",
            f"the file implies {one.decision}: approver imported",
        )
    return session


async def _recorded(shared: _Import, conversation: Conversation) -> Session:
    """A session like any other, in which the persona's model answered."""
    from greenroom.approval.automatic import ByPolicy
    from greenroom.assembly import open_session
    from greenroom.regression.interop.draft import play

    if any(turn.replies for turn in conversation.turns):
        shared.losses.note(
            conversation.where, "replies before the last turn", "with --record the model gives all of them anew"
        )
    persona, model = shared.asked.text("persona"), shared.asked.text("model")
    session = await open_session(shared.workspace, persona=persona, model=model, approver=ByPolicy())
    try:
        await session.warm()
        await play(conversation, session, None)
    finally:
        await session.aclose()
    return session


def _tools(pairs: list[str], contract: Contract) -> dict[str, str]:
    """Their names of tools with ours, from `THEIRS=OURS`.

    Raises:
        UsageError: a pair is not one, or the persona has no such tool.
    """
    known = [spec.name for spec in contract.tools]
    found = {}
    for pair in pairs:
        theirs, equals, ours = pair.partition("=")
        if not equals or not theirs:
            raise UsageError(f"'{pair}' names no two tools", hint="such as --tool orders_get=orders.get")
        if ours not in known:
            raise UsageError(f"{contract.persona.id} has no tool '{ours}'", hint=suggest(ours, known))
        found[theirs] = ours
    return found


def _wanted(prefix: str, path: Path, conversation: Conversation, number: int, *, single: bool) -> str:
    own = conversation.name or ("" if single else str(number))
    first = prefix or ("" if conversation.name else path.name.partition(".")[0])
    return "-".join(part for part in (first, own) if part)


def _told(shared: _Import, format: str, made: Imported) -> Answer[Imported]:
    from greenroom.regression.interop.conversation import folded

    fixtures = shared.workspace.fixtures
    rows = [
        f"{from_here(shared.workspace, fixtures / f'{draft.name}{_TAPE}')}  {draft.expect}"
        + (f": {draft.findings[0]}" if draft.findings else "")
        for draft in made.drafts
    ]
    verb = "would be written" if shared.dry else "written"
    head = f"{counted(len(made.drafts), 'draft')} {verb} from {shared.source}"
    rest = f"; {counted(len(made.unrecorded), 'test')} without a reply" if made.unrecorded else ""
    data: Json = {
        "format": format,
        "dry_run": shared.dry,
        "drafts": [_draft_data(shared, draft) for draft in made.drafts],
        "unrecorded": list(made.unrecorded),
        "losses": [loss._asdict() for loss in shared.losses],
        "new_files": [str(path) for path in made.parts],
    }
    nothing = not made.drafts and not (shared.dry and shared.asked.flag("record") and made.unrecorded)
    lines = [*rows, head + rest, *told_new(shared.workspace, made.parts)]
    return answer(made, lines, data, notes=folded(shared.losses), exit_code=1 if nothing else 0)


def _draft_data(shared: _Import, draft: Draft) -> Json:
    return {
        "name": draft.name,
        "tape": str(shared.workspace.fixtures / f"{draft.name}{_TAPE}"),
        "expect": draft.expect,
        "findings": list(draft.findings),
        "redactions": len(draft.recorded.redactions),
    }
