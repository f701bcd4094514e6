"""One run of a comparison: a session of its own in which an input is said, under one combination of persona, model, policy.

Invariant: no tool that does something to the world runs unless policy was made the approver; what a run would remember
stays in its own log, so that runs do not see one another and the workspace's memories stay as they were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from greenroom.approval.automatic import ByPolicy, DenyAll
from greenroom.assembly.casting import Cast, cast_of
from greenroom.assembly.day_book import LogDayBook
from greenroom.assembly.variants.changing import with_policies
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import GreenroomError, KillSwitchThrown, UsageError
from greenroom.core.events import Record, ReplyGenerated
from greenroom.core.ids import Ids, RandomIds
from greenroom.core.values import ToolCall, ToolSpec
from greenroom.engine.rerun.memories import HeldMemory
from greenroom.engine.session import Session
from greenroom.engine.steps import NothingRecorded
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import COMPARED, session_path
from greenroom.log.file_log import FileLog
from greenroom.models.port import Model
from greenroom.regression.compare.journal import Combination
from greenroom.regression.live.budget import Budget, BudgetSpent, Meter, MeteredModel
from greenroom.workspace.free_models import free_by_name
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings

Approve = Literal["deny", "policy"]


class Cut(Exception):
    """The run reached what it may cost."""


class AskFirst(NothingRecorded):
    """Has every call of a tool with effects asked about, whatever policy says: then nobody can answer yes by silence."""

    def __init__(self, specs: Sequence[ToolSpec]) -> None:
        self._quiet = {spec.name for spec in specs if spec.effects == "none"}

    def must_ask(self, step: str, call: ToolCall) -> bool:
        return call.tool not in self._quiet


def combination(workspace: Workspace, persona: str, model: str, policy: str) -> Combination:
    """What is asked for, with the digests of today.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona or version.
        FileInvalid: something that a person wrote is broken.
    """
    from greenroom.assembly.world import model_of

    clock = SystemClock()
    contract = _cast(workspace, persona, model, policy, clock).contract
    model_of(
        workspace, load_settings(workspace), contract.reached_by, clock, instant=True
    )  # a broken script is said at once
    label = f"{contract.persona.id}@{contract.persona.version}"
    return Combination(
        persona=persona, model=model, policy=policy, label=label, name=contract.model, digests=dict(contract.digests)
    )


async def carry(
    workspace: Workspace,
    asked: Combination,
    turns: Sequence[str],
    comparison: str,
    *,
    approve: Approve = "deny",
    micro_usd: int | None = None,
    began: Callable[[str], None] = lambda session: None,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> int:
    """Say the turns in a new session; returns what they cost in millionths of a dollar.

    Args:
        comparison: its name, which stands in the log as the origin of what was said.
        approve: `deny` answers every question with no, and asks about every tool with effects; `policy` as `run` has it.
        micro_usd: the most it may cost; looked at before each call of a model that is not known to be free.
        began: called with the session's id before anything is said.

    Raises:
        UsageError: the combination is another than it was asked for as.
        GreenroomError: a model, tool or disk kept a turn from its end; the session is there as far as it came.
        Cut: nothing is left for the next turn or call.
    """
    clock, ids = clock or SystemClock(), ids or RandomIds()
    cast = await asyncio.to_thread(_cast, workspace, asked.persona, asked.model, asked.policy, clock)
    if dict(cast.contract.digests) != asked.digests:
        raise UsageError(
            f"{asked.label} is not what it was when this comparison began",
            hint="begin a new one",
            code="compare.changed",
        )
    session = await _opened(workspace, cast, approve, micro_usd, clock, ids)
    try:
        began(session.id)
        await session.warm()
        for words in turns:
            if micro_usd is not None and spent(session.records) >= micro_usd and not _free(workspace, cast):
                raise Cut("it reached what it may cost")  # before words are said that nobody would answer
            await session.turn(words, origin=f"compare {comparison}")
        return spent(session.records)
    except BudgetSpent as error:
        raise Cut(error.line() if micro_usd == 0 else "it reached what it may cost") from None
    finally:
        await session.aclose()


def spent(records: Sequence[Record]) -> int:
    """What the models of a session cost so far, in millionths of a dollar."""
    return sum(record.event.usage.micro_usd for record in records if isinstance(record.event, ReplyGenerated))


def stops_all(error: GreenroomError) -> bool:
    """Whether no other run can go better."""
    return isinstance(error, KillSwitchThrown) or error.code == "compare.changed"


def _free(workspace: Workspace, cast: Cast) -> bool:
    return free_by_name(load_settings(workspace), cast.contract.reached_by)


class _Paid:
    """Has every model of a run paid from one purse, where there is a ceiling; `models` are those behind it."""

    def __init__(self, micro_usd: int | None) -> None:
        self._meter = None if micro_usd is None else Meter(Budget(micro_usd / 1_000_000, "this run"))
        self.models: list[Model] = []

    def __call__(self, model: Model, free: bool) -> Model:
        if self._meter is None:
            return model
        self.models.append(model)
        return MeteredModel(model, self._meter, free=free)


def _cast(workspace: Workspace, persona: str, model: str, policy: str, clock: Clock) -> Cast:
    cast = cast_of(workspace, persona, model, clock, trusted=None)
    return with_policies(cast, [Path(policy)], clock) if policy else cast


async def _opened(
    workspace: Workspace, cast: Cast, approve: Approve, micro_usd: int | None, clock: Clock, ids: Ids
) -> Session:
    from greenroom.assembly.world import outside_of

    workspace.make_state()
    ledger = Ledger.of(workspace, clock)
    paid = _Paid(micro_usd)
    outside = await outside_of(
        workspace, cast, DenyAll() if approve == "deny" else ByPolicy(), clock, ids, instant=False, paid=paid
    )
    try:
        outside.left += paid.models
        outside.memory = HeldMemory(outside.memory, (), ())
        log = FileLog.create(session_path(workspace, ids.name(COMPARED)), clock, ids)
        ledger.policy_loaded(log.session, cast.contract.persona.id, cast.contract.policy.digest, cast.policy)
        session = Session(
            log,
            cast.contract,
            outside,
            workspace=load_settings(workspace).id,
            recording=AskFirst(cast.contract.tools) if approve == "deny" else None,
            anchor=ledger.anchor,
        )
    except BaseException:
        await outside.aclose()
        raise
    outside.day = LogDayBook(workspace, log, lambda: session.contract.policy.reserves)
    return session
