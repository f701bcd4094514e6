"""The events in which a person has a say: questions and answers, what they leave standing, gates, stepping, autonomy.

Invariant: each names who acted as far as that is known, inside what the hash covers.
"""

from __future__ import annotations

from typing import Literal

from greenroom.core.event import Content, Event, Words
from greenroom.core.values import Card, Gate, GateDeed, Hook, Json, Scope, StepMode


class ApprovalRequested(Event):
    """A person is asked. The commitment of `card` is part of what an answer binds to."""

    kind: Literal["approval_requested"] = "approval_requested"
    call: str
    tool: str
    rule: str
    policy_digest: str = ""
    role: str = "operator"
    deadline: str | None = None
    hook: Hook = "tool.call"
    card: Content[Card]


class ApprovalGiven(Event):
    """A person (or a named automatic approver) answered. `binds` ties it to one card, policy and set of tools."""

    kind: Literal["approval_given"] = "approval_given"
    call: str
    decision: Literal["allow", "deny", "edit", "simulate", "stop"]
    approver: str = ""
    established: str = ""
    binds: str = ""
    reason: Words = ""
    arguments: Content[dict[str, Json] | None] = None
    result: Content[Json] = None
    scope: Scope = "once"
    when: Content[tuple[str, ...]] = ()
    expires: str | None = None
    kept_from: int | None = None


class ApprovalPassedOn(Event):
    """A deadline went by without an answer: somebody else was told, or is asked from here on until `deadline`."""

    kind: Literal["approval_passed_on"] = "approval_passed_on"
    call: str
    action: Literal["notify", "escalate"]
    role: str
    deadline: str | None = None


class GrantRevoked(Event):
    """An approval that covered later calls covers none from here on. `grant` is the step it was given at."""

    kind: Literal["grant_revoked"] = "grant_revoked"
    grant: str
    by: str = ""
    reason: Words = ""


class DeadLetterDiscarded(Event):
    """A person looked at a question that nobody answered in time, or a call of unknown outcome, and let it be."""

    kind: Literal["dead_letter_discarded"] = "dead_letter_discarded"
    letter: str
    by: str = ""
    reason: Words = ""


class AutonomyChanged(Event):
    """The persona's autonomy is another from here on; a raised one falls back after `expires`.

    With `from_next_call` it was set while a turn ran, and counts once the turn's next call says so by an event of its own.
    `moment` says at which look at that call, as it does of a verdict.
    """

    kind: Literal["autonomy_changed"] = "autonomy_changed"
    level: int
    by: str = ""
    established: str = ""
    reason: Words = ""
    expires: str | None = None
    from_next_call: bool = False
    moment: str = ""


class GatePaused(Event):
    """The session stopped at a gate and waits for a person. `cause` says why (`mode`, `step`, `rerun` or `breakpoint`, whose
    `condition` held), `about` in one line what is about to happen.
    """

    kind: Literal["gate_paused"] = "gate_paused"
    gate: Gate
    cause: str = ""
    condition: Words = ""
    about: Words = ""


class GatePassed(Event):
    """A person let the session go on: as it stood, with an edit, with a simulated result, or without what was to happen."""

    kind: Literal["gate_passed"] = "gate_passed"
    gate: Gate
    action: GateDeed
    edit: Content[Json] = None
    kept_from: int | None = None
    by: str = ""
    established: str = ""


class ModeChanged(Event):
    """The step mode is another from here on."""

    kind: Literal["mode_changed"] = "mode_changed"
    mode: StepMode
