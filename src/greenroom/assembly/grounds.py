"""What mutants are made of: each persona's contract as it is loaded for a replay, with the tools and texts behind it.

Invariant: a workspace nobody trusted runs no code, and each contract is loaded once.
"""

from __future__ import annotations

from greenroom.assembly.casting import cast_of, policy_text, workspace_tools
from greenroom.core.clock import SystemClock
from greenroom.policy.files.bundle import parted
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.suite import GroundOf
from greenroom.regression.replay.wall import walled
from greenroom.workspace.layout import Workspace


def grounds(workspace: Workspace, *, trusted: bool | None = None) -> GroundOf:
    """From a persona and a model to what their replays run on.

    Raises, when it is called: as `load_contract`.
    """
    known: dict[tuple[str, str], Ground] = {}
    clock = SystemClock()

    def ground_of(persona: str, model: str) -> Ground:
        key = (persona, model)
        if key not in known:
            with walled():
                cast = cast_of(workspace, persona, model, clock, trusted=trusted)
                sources = parted(policy_text(workspace, cast.contract.persona.policy.files))
                specs = workspace_tools(workspace, clock).specs()
            known[key] = Ground(cast.contract, cast.tools, specs, sources, clock)
        return known[key]

    return ground_of
