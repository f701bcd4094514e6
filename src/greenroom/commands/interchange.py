"""Other tools' files as draft fixtures, and fixtures as other tools' files; what cannot be expressed is always listed.

Invariant: nothing is written over, and an import that could take nothing over is exit 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import CheckFailed, ServiceUnavailable, UsageError, WaitingForPerson
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.assembly.imported import Stage
    from greenroom.engine.contract import Contract
    from greenroom.engine.session import Session
    from greenroom.regression.interop.conversation import Conversation, Losses
    from greenroom.regression.interop.draft import Draft
    from greenroom.regression.interop.taped import Taped

_TAPE = ".tape.jsonl"


@dataclass(slots=True)
class Imported:
    """What came of an import: the drafts, and the names of those that first need a reply."""

    drafts: list[Draft] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Import:
    """What every conversation of one import shares."""

    workspace: Workspace
    asked: Invocation
    contract: Contract
    stage: Stage
    source: str
    losses: Losses

    @property
    def dry(self) -> bool:
        return self.asked.flag("dry_run")


async def import_file(asked: Invocation) -> Answer[Imported]:
    """Write a draft fixture for every conversation of a foreign file.

    Raises:
        FileInvalid: the file cannot be read, or is of no format known here; one line with file and line.
        UsageError: no such persona, or the workspace is not trusted.
    """
    from greenroom.assembly.imported import imported_stage
    from greenroom.regression.interop.conversation import Losses
    from greenroom.regression.interop.detect import read_source
    from greenroom.regression.interop.draft import free_name

    workspace, path = asked.workspace(), Path(asked.text("file"))
    contract, stage = imported_stage(workspace, asked.text("persona"), asked.text("model"))
    found = read_source(path, asked.text("format") or "auto", (contract.persona.id, contract.persona.name))
    made, taken = Imported(), dict[str, int]()
    shared = _Import(workspace, asked, contract, stage, f"{path.name} ({found.format})", Losses(found.losses))
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
    conversation = own_tools(conversation, shared.contract.tools, shared.losses)
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
            write_draft(draft, shared.workspace.fixtures)
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


def _wanted(prefix: str, path: Path, conversation: Conversation, number: int, *, single: bool) -> str:
    own = conversation.name or ("" if single else str(number))
    first = prefix or ("" if conversation.name else path.name.partition(".")[0])
    return "-".join(part for part in (first, own) if part)


def _told(shared: _Import, format: str, made: Imported) -> Answer[Imported]:
    from greenroom.regression.interop.conversation import folded

    fixtures = shared.workspace.fixtures
    rows = [
        f"{shared.workspace.shown(fixtures / f'{draft.name}{_TAPE}')}  {draft.expect}"
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
    }
    nothing = not made.drafts and not (shared.dry and shared.asked.flag("record") and made.unrecorded)
    return answer(made, [*rows, head + rest], data, notes=folded(shared.losses), exit_code=1 if nothing else 0)


def _draft_data(shared: _Import, draft: Draft) -> Json:
    return {
        "name": draft.name,
        "tape": str(shared.workspace.fixtures / f"{draft.name}{_TAPE}"),
        "expect": draft.expect,
        "findings": list(draft.findings),
        "redactions": len(draft.recorded.redactions),
    }


def export_fixtures(asked: Invocation) -> Answer[int]:
    """Write fixtures as another tool's file. The tapes are read, which were redacted when they were made.

    Raises:
        UsageError: no such fixture, none at all, or the file exists.
        FileInvalid: a tape or case is broken.
        DiskFailed: the file could not be written; none is half there.
    """
    from greenroom.regression.interop.conversation import Losses, folded
    from greenroom.regression.interop.detect import BY_NAME
    from greenroom.regression.parts import write_whole

    workspace, out = asked.workspace(), Path(asked.text("out"))
    form = BY_NAME[asked.text("format")]
    if form.write is None:
        raise UsageError(f"{form.about} are read, not written", code="interop.format")
    if out.exists() and not asked.flag("replace"):
        raise UsageError(f"{out} exists", hint="choose another file, or --replace", code="export.exists")
    left = Losses()
    tapes = [taped for name in _chosen(workspace, asked.words("names")) for taped in _taped(workspace, name, left)]
    if not tapes:
        raise CheckFailed("none of these fixtures has a turn that came to its end", code="export.empty")
    text, losses = form.write(tapes)
    write_whole(out, text.encode())
    left += losses
    data: Json = {
        "format": form.name,
        "out": str(out),
        "fixtures": [taped.name for taped in tapes],
        "losses": [loss._asdict() for loss in left],
    }
    return answer(len(tapes), [f"{counted(len(tapes), 'fixture')} written to {out}"], data, notes=folded(left))


def _chosen(workspace: Workspace, names: list[str]) -> list[str]:
    known = sorted(path.name.removesuffix(_TAPE) for path in workspace.fixtures.glob(f"*{_TAPE}"))
    for name in names:
        if name not in known:
            hint = suggest(name, known) if known else "there are none yet"
            raise UsageError(f"there is no fixture '{name}'", hint=hint)
    if not known:
        raise UsageError("there are no fixtures yet", hint="greenroom session export last --name NAME")
    return list(dict.fromkeys(names)) or known


def _taped(workspace: Workspace, name: str, losses: Losses) -> list[Taped]:
    """A fixture as a conversation; none where no turn came to its end."""
    from greenroom.regression.interop.taped import taped_of
    from greenroom.regression.replay import load_fixture

    fixture = load_fixture(workspace.fixtures / f"{name}{_TAPE}")
    taped = taped_of(name, fixture.tape, fixture.case, fixture.parts)
    if not taped.conversation.turns:
        losses.note(name, "a fixture", "none of its turns came to its end")
        return []
    return [taped]
