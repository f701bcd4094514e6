"""What a replay is made of: a workspace's contract as it is on disk, and sessions that a recording answers.

Invariant: nothing here opens a log, a store or a model; a workspace nobody trusted runs no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from greenroom.assembly.casting import Cast
from greenroom.assembly.variants.own import of_texts, own_cast
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.ids import Ids, RandomIds
from greenroom.engine.contract import Contract
from greenroom.engine.session import Session
from greenroom.workspace.find import require
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.engine.steps import Recording


class Build(Protocol):
    """Makes a session that is answered by a recording and reaches nothing outside."""

    def __call__(
        self,
        recording: Recording,
        *,
        persona: str = "",
        model: str = "",
        clock: Clock | None = None,
        ids: Ids | None = None,
        own: Mapping[str, str] = {},
    ) -> Session: ...


def find_workspace(path: Path | None = None) -> Workspace:
    """The nearest workspace at or above `path` (the current folder when None).

    Raises:
        UsageError: there is none.
    """
    return require(path or Path.cwd())


def load_contract(
    workspace: Workspace,
    persona: str = "",
    model: str = "",
    *,
    trusted: bool | None = None,
    own: Mapping[str, str] = {},
) -> Contract:
    """What would govern a session now. `persona` may carry a version (`aria@1.2.0`), `own` has a tape's own texts.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona.
        FileInvalid: a persona, policy, tools or settings file is broken.
    """
    mine = of_texts(own, persona)
    return own_cast(workspace, mine, SystemClock(), persona=persona, model=model, trusted=trusted).contract


def replay_builder(workspace: Workspace, *, trusted: bool | None = None, scripts: bool = True) -> Build:
    """Builds sessions over a log in memory with every port closed. Contracts are loaded once for each persona and model,
    and for what a tape has of its own.

    `trusted` is what a caller knows already (pytest runs the code of its folder anyway); None asks the trust file.
    `scripts` says whether those that a persona names have to be there, though a replay asks no model.
    """
    from greenroom.assembly.fixture.scripts import require_scripts
    from greenroom.regression.replay.closed_session import closed_session

    casts: dict[tuple[object, ...], Cast] = {}

    def build(
        recording: Recording,
        *,
        persona: str = "",
        model: str = "",
        clock: Clock | None = None,
        ids: Ids | None = None,
        own: Mapping[str, str] = {},
    ) -> Session:
        clock, ids = clock or SystemClock(), ids or RandomIds()
        key = (persona, model, *own.items())
        if key not in casts:
            mine = of_texts(own, persona)
            fresh = own_cast(workspace, mine, clock, persona=persona, model=model, trusted=trusted)
            if scripts:
                require_scripts(workspace, fresh.contract)
            casts[key] = fresh
        cast = casts[key]
        return closed_session(cast.contract, cast.tools, recording, clock, ids)

    return build
