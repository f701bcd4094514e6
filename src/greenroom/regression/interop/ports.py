"""A foreign conversation as the world of a session: its replies answer for the model, its results for the tools.

Invariant: nothing outside is reached and no tool runs; what the conversation does not say is empty, never invented.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import ApprovalReply, Card, Memory, ToolCall, ToolResult, ToolSpec, Usage
from greenroom.memory.port import MemoryQuery
from greenroom.models.port import OnFailure, OnText
from greenroom.regression.interop.conversation import Call, Conversation, Reply
from greenroom.retrieval.port import Found, PassageQuery
from greenroom.tools.port import Tools

APPROVER = "imported"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that policy would have put to a person, and that the foreign log answered by what happened in it."""

    turn: int
    subject: str
    rule: str
    decision: str


class ImportedWorld:
    """Model, tools, retriever, memory and approver at once. Call `begin` before each turn.

    `asked` are the questions so far; a call that the source says was refused is refused here, all others are allowed.
    """

    def __init__(self, conversation: Conversation, tools: Tools, model: str) -> None:
        self._tools = tools
        self._model = model
        self._turns = conversation.turns
        self._turn = 0
        self._replies: deque[Reply] = deque()
        self._calls: dict[str, Call] = {}
        self.asked: list[Asked] = []

    @property
    def name(self) -> str:
        return self._model

    def begin(self, turn: int) -> None:
        """From here on the replies are those of this turn, from 1."""
        self._turn = turn
        self._replies = deque(self._turns[turn - 1].replies)

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The next reply; one without words where the source has no more."""
        reply = self._replies.popleft() if self._replies else Reply()
        calls = tuple(self._called(call) for call in reply.calls)
        read, written = reply.tokens
        return ModelReply(
            model=self._model,
            text=reply.text,
            reasoning=reply.reasoning,
            calls=calls,
            finish="calls" if calls else "stop",
            usage=Usage(input_tokens=read, output_tokens=written),
        )

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._tools.specs()

    def problem(self, call: ToolCall) -> str:
        return self._tools.problem(call)

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        """What the source says came of it; nothing where it does not say."""
        known = self._calls.get(call.vendor_id)
        result = known.result if known is not None else None
        if result is None:
            return ToolResult(status="done")
        return ToolResult(status=result.status, output=result.output, error=result.error)

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """The answer that the source implies: what ran was allowed."""
        known = self._calls.get(card.call.vendor_id)
        refused = known is not None and known.result is not None and known.result.status == "denied"
        reply = ApprovalReply(
            decision="deny" if refused else "allow",
            approver=APPROVER,
            established="imported",
            reason=known.result.error if refused and known is not None and known.result is not None else "",
        )
        self.asked.append(Asked(self._turn, card.call.tool, card.verdict.rule, reply.decision))
        return reply

    async def retrieve(self, query: PassageQuery) -> Found:
        return Found()

    async def warm(self) -> None:
        """Nothing starts."""

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        return ()

    async def write(self, memory: Memory) -> str:
        return ""

    async def forget(self, memory_id: str) -> bool:
        return False

    async def aclose(self) -> None:
        """Nothing is held."""

    def _called(self, call: Call) -> ToolCall:
        """The call with a name of its own, by which its result is found again whatever the engine numbers it."""
        key = f"imported-{len(self._calls) + 1}"
        self._calls[key] = call
        return ToolCall(id="", tool=call.tool, arguments=call.args, vendor_id=key)
