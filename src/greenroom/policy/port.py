"""What the engine asks of policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    `subject` names it for people: a tool, a passage label, a memory segment. `args_from` says of each argument whose
    words it repeats, where a rule asks for that.
    """

    hook: Hook
    subject: str = ""
    payload: dict[str, Json] = Field(default_factory=dict)
    origin: Origin = "user"
    tool: ToolSpec | None = None
    segment: str = ""
    session: SessionFacts = SessionFacts()
    args_from: dict[str, tuple[Origin, ...]] = Field(default_factory=dict)


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

    def settled(self, text: str) -> int:
        """How many characters of a reply that is still growing may be shown, each piece decided by itself."""
        ...

    def reserves(self, tool: str, arguments: Mapping[str, Json]) -> Mapping[str, float]:
        """What a permitted call adds to each sum the envelope limits, by key (`tool:args.path:session`)."""
        ...

    def watches(self, hook: Hook) -> bool:
        """Whether any rule speaks about this hook; where none does, big payloads need not be put together."""
        ...

    def uses(self, name: str) -> bool:
        """Whether any clause reads this name of the vocabulary."""
        ...

    def covers(self, question: Question, when: Sequence[str]) -> bool:
        """Whether all of these clauses hold for a call; False where one cannot be evaluated."""
        ...

    def clause_problem(self, tool: ToolSpec, when: Sequence[str]) -> str:
        """Why these clauses cannot be used about calls of a tool, or ''."""
        ...
