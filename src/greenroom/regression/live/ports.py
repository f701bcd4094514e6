"""The ports of a live run that the tape stands behind: tools, people, memory.

Invariant: no tool runs, nobody is asked, and the memories of real people are neither read nor written; only the model
is real, and documents where the tape has no answer.
"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.core.values import ApprovalReply, Card, ToolCall, ToolResult, ToolSpec
from greenroom.regression.live.desk import Desk
from greenroom.tools.port import Tools


class TapeTools:
    """A `Tools` with today's schemas and the tape's results. `decided` knows calls that had no problem when recorded."""

    def __init__(self, tools: Tools, desk: Desk, decided: Callable[[ToolCall], bool] = lambda call: False) -> None:
        self._tools = tools
        self._desk = desk
        self._decided = decided
        desk.typed_by(tools.specs())

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._tools.specs()

    def problem(self, call: ToolCall) -> str:
        problem = self._tools.problem(call)
        return "" if problem and self._decided(call) else problem

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        """The recorded result.

        Raises:
            Divergence: there is none; the tool is not run.
        """
        return self._desk.result(_turn_in(idempotency_key.partition("/")[2]), call)

    async def aclose(self) -> None:
        """Nothing is held."""


class TapeApprover:
    """An `Approver` that answers as the person on the tape did."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The recorded answer.

        Raises:
            Divergence: nobody was asked this; it is not approved.
        """
        return self._desk.answer(_turn_in(step), step, card)


def _turn_in(step: str) -> int:
    return int(step[1:].partition("/")[0])
