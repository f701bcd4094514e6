"""What the engine asks of policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import Field

from greenroom.core.values import Frozen, Hook, Json, Origin, ToolSpec, Verdict


class SessionFacts(Frozen):
    """What rules may know of the session. `taint` are the origins its text carries; sums are per `tool:args.path`."""

    turn: int = 0
    taint: tuple[Origin, ...] = ()
    calls_this_turn: int = 0
    counts: dict[str, int] = Field(default_factory=dict)
    sums: dict[str, float] = Field(default_factory=dict)
    autonomy: int = 2


class Question(Frozen):
    """What is decided about. `payload` holds every string of it: text under `text`, arguments under `args`, metadata beside.

    `subject` names it for people: a tool, a passage label, a memory segment.
    """

    hook: Hook
    subject: str = ""
    payload: dict[str, Json] = Field(default_factory=dict)
    origin: Origin = "user"
    tool: ToolSpec | None = None
    segment: str = ""
    session: SessionFacts = SessionFacts()


class Policy(Protocol):
    """Decides. Pure: the same question gives the same verdict."""

    @property
    def digest(self) -> str: ...

    def decide(self, question: Question) -> Verdict:
        """Never raises: what cannot be evaluated restricts."""
        ...

    def may_deny(self, hook: Hook) -> bool:
        """Whether any rule could block at this hook; then streamed text is held back until the verdict."""
        ...

    def reserves(self, tool: str, arguments: Mapping[str, Json]) -> Mapping[str, float]:
        """What a permitted call adds to each sum the envelope limits, by key (`tool:args.path:session`)."""
        ...
