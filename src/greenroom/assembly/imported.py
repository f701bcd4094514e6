"""Sessions over logs in memory whose world is a foreign conversation: everything of Greenroom runs, nothing else does.

Invariant: no tool, model, document or memory of the workspace is reached, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from greenroom.assembly.casting import cast_of
from greenroom.core.clock import FrozenClock, SystemClock
from greenroom.core.ids import CountedIds
from greenroom.detectors.masks import Masks
from greenroom.engine.contract import Contract
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy
from greenroom.regression.interop.conversation import Conversation
from greenroom.regression.interop.ports import ImportedWorld
from greenroom.regression.replay.plain_log import PlainLog
from greenroom.workspace.layout import Workspace

Stage = Callable[[Conversation], tuple[Session, ImportedWorld]]
"""The session in which a conversation can be said again, and the world that answers it."""


def imported_stage(
    workspace: Workspace, persona: str = "", model: str = "", *, trusted: bool | None = None
) -> tuple[Contract, Stage]:
    """What would govern the sessions, and the way to open one. The contract is loaded once.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona.
        FileInvalid: a persona, policy, tools or settings file is broken.
    """
    cast = cast_of(workspace, persona, model, SystemClock(), trusted=trusted)

    def open_one(conversation: Conversation) -> tuple[Session, ImportedWorld]:
        world = ImportedWorld(conversation, cast.tools, cast.contract.model)
        outside = Outside(
            model=world,
            tools=world,
            retriever=world,
            memory=world,
            approver=world,
            clock=FrozenClock(),
            ids=CountedIds(),
        )
        contract = replace(cast.contract, policy=_with_own_masks(cast.contract.policy))
        return Session(PlainLog("import"), contract, outside), world

    return cast.contract, open_one


def _with_own_masks(policy: Policy) -> Policy:
    """The same policy with no value masked yet, so that what one conversation holds is numbered from 1 in the next."""
    if not isinstance(policy, RulePolicy):
        return policy
    other = copy(policy)
    other.masks = Masks()
    other.masks.call(policy.detectors.labels)
    return other
