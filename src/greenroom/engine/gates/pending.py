"""What is about to happen at a gate: for a person to look at and change, and for breakpoints to ask about.

Invariant: made only where a gate may stop, and of what was admitted already: it holds no text that the log may not.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.core.messages import Message
from greenroom.core.values import Gate, Json, Memory, Passage, ToolCall, ToolSpec, Verdict
from greenroom.policy.files.rules import EFFECTS
from greenroom.policy.port import Policy, Question

FACTS = ("taint", "autonomy", "calls_this_turn", "counts", "sums")
OF_SESSION = ("persona", "model", "usage.usd", "usage.tokens", *(f"session.{name}" for name in FACTS))
"""Words that take a look at the whole session, and so are found out only where a condition asks."""
_VERDICT = ("verdict.effect", "verdict.rule", "verdict.risk", "verdict.findings")


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits at a gate. `value` is what is about to happen in the form an edit of it has, `about` the same in one
    line; `questions` are what policy will be asked about it, one for each of `items` where there are several, of
    which `chosen` (by index) go on if nobody says otherwise. `cause` and `condition` say why it stopped.
    """

    step: str
    gate: Gate
    turn: int
    value: Json
    about: str
    policy: Policy
    words: Mapping[str, Any]
    session: Callable[[], Mapping[str, Any]]
    questions: tuple[Question, ...] = ()
    items: tuple[Memory, ...] | tuple[Passage, ...] = ()
    chosen: tuple[int, ...] = ()
    messages: tuple[Message, ...] = ()
    call: ToolCall | None = None
    spec: ToolSpec | None = None
    verdict: Verdict | None = None
    cause: str = ""
    condition: str = ""
    results: tuple[Json, ...] = ()

    def known(self, wanted: Container[str]) -> dict[str, Any]:
        """The words of a breakpoint that have a value at this gate, of those that are wanted."""
        found: dict[str, Any] = {"gate": self.gate, "turn": self.turn, **self.words}
        if any(name in wanted for name in _VERDICT):
            found |= self._verdict_words()
        if any(name in wanted for name in OF_SESSION):
            found |= self.session()
        return {name: value for name, value in found.items() if name in wanted}

    def strictest(self) -> Verdict | None:
        """What policy says of it, the strictest word where it is about several; None where policy is not asked."""
        if self.verdict is not None:
            return self.verdict
        asked = [self.questions[at] for at in self.chosen] if self.items else self.questions
        verdicts = [self.policy.decide(question) for question in asked]
        return max(verdicts, key=lambda one: EFFECTS.index(one.effect), default=None)

    def _verdict_words(self) -> dict[str, Any]:
        verdict = self.strictest()
        if verdict is None:
            return {}
        kinds = sorted({finding.detector for finding in verdict.findings})
        return {
            "verdict.effect": verdict.effect,
            "verdict.rule": verdict.rule,
            "verdict.risk": verdict.risk,
            "verdict.findings": kinds,
        }
