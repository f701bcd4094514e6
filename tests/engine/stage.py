"""A small stage for engine tests: doubles that say what they do, and a session put together from them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom.approval.mailbox import Mailbox
from greenroom.approval.port import Approver, Brake, NoBrake
from greenroom.core.canonical import digest
from greenroom.core.clock import FrozenClock
from greenroom.core.events import ApprovalRequested, GatePaused, Record
from greenroom.core.ids import CountedIds
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import (
    ApprovalReply,
    Ask,
    Card,
    Effect,
    GateReply,
    Hook,
    Json,
    Memory,
    Passage,
    ToolCall,
    ToolResult,
    ToolSpec,
    Verdict,
)
from greenroom.detectors.stream import settled
from greenroom.detectors.walk import rewrite
from greenroom.engine.contract import Contract
from greenroom.engine.outside import DayBook, NoDayBook, Outside
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.log.memory_log import MemoryLog
from greenroom.log.port import Log
from greenroom.memory.port import MemoryQuery
from greenroom.models.port import OnFailure, OnText
from greenroom.persona.contract import Persona
from greenroom.policy.port import Question
from greenroom.retrieval.port import Found, PassageQuery

REFUND = ToolSpec(
    name="orders.refund",
    description="Pay money back.",
    parameters={"type": "object", "properties": {"order_id": {"type": "integer"}, "amount": {"type": "number"}}},
    effects="once",
)
LOOK = ToolSpec(name="orders.get", description="Look an order up.", parameters={"type": "object"}, effects="none")


def persona(**changes: Any) -> Persona:
    """A small persona with two tools and memory."""
    values: dict[str, Any] = {
        "schema": "persona/1",
        "id": "aria",
        "version": "1.0.0",
        "name": "Aria",
        "story": {"as_a": "helper", "i_want": "to help", "so_that": "it is done"},
        "model": {"use": "listed/replies"},
        "knowledge": {"collections": ["returns"], "top_k": 2},
        "memory": {"read": ["customer"], "write": ["customer"]},
        "tools": {"allow": ["orders.get", "orders.refund"]},
        **changes,
    }
    return Persona.model_validate(values)


class AmountPolicy:
    """Refunds above `limit` ask, above ten times that are denied; `blocked` words are denied at their hook, words of
    `asking` asked about, by the rules of `ask` where it is given.
    """

    def __init__(
        self,
        limit: float = 100,
        blocked: Mapping[Hook, str] | None = None,
        asking: Mapping[Hook, str] | None = None,
        ask: Ask | None = None,
        reserved: str = "session",
    ) -> None:
        self.limit = limit
        self.blocked = dict(blocked or {})
        self.asking = dict(asking or {})
        self.ask = ask
        self.reserved = reserved
        self.digest = f"amount-{limit}-{sorted(self.blocked.items())}-{sorted(self.asking.items())}"
        self.asked: list[Question] = []

    def decide(self, question: Question) -> Verdict:
        self.asked.append(question)
        effect: Effect = "allow"
        rule = "default"
        if question.hook == "tool.call" and question.subject == "orders.refund":
            spent = question.session.sums.get(f"orders.refund:amount:{self.reserved}", 0)
            asked = question.payload["args"].get("amount", 0)
            amount = spent + (asked if isinstance(asked, int | float) else 0)
            effect = "deny" if amount > 10 * self.limit else "require_approval" if amount > self.limit else "allow"
            rule = "refund.large" if effect != "allow" else "default"
        word = self.blocked.get(question.hook)
        if word and word in str(question.payload):
            effect, rule = "deny", "blocked"
        word = self.asking.get(question.hook)
        if word and word in str(question.payload):
            effect, rule = "require_approval", "asking"
        payload = None
        if question.hook != "tool.call" and "4111" in str(question.payload):
            payload = rewrite(question.payload, lambda path, text: text.replace("4111", "‹card#1›"))
            effect = "redact" if effect == "allow" else effect
        return Verdict(
            effect=effect,
            rule=rule,
            why=f"{rule} says {effect}",
            policy_digest=self.digest,
            payload=payload,
            autonomy=question.session.autonomy,
            ask=self.ask if effect == "require_approval" else None,
        )

    def may_deny(self, hook: Hook) -> bool:
        return hook in self.blocked

    def watches(self, hook: Hook) -> bool:
        return hook in self.blocked or hook in self.asking

    def uses(self, name: str) -> bool:
        return False

    def covers(self, question: Question, when: Sequence[str]) -> bool:
        """Clauses of this double are `amount <= N`; any other holds."""
        bounds = [re.fullmatch(r"amount <= (\d+)", one) for one in when]
        amount = question.payload["args"].get("amount")
        return bool(when) and all(bound is None or amount <= float(bound[1]) for bound in bounds)

    def clause_problem(self, tool: ToolSpec, when: Sequence[str]) -> str:
        return "" if when else "leave for later calls needs a clause that says which"

    def settled(self, text: str) -> int:
        return settled(text)

    def reserves(self, tool: str, arguments: Mapping[str, Json]) -> Mapping[str, float]:
        amount = arguments.get("amount")
        return {f"{tool}:amount:{self.reserved}": float(amount)} if isinstance(amount, int | float) else {}


@dataclass
class ListedModel:
    """Answers with the listed replies in order; an exception in the list is raised. Keeps what it was asked."""

    replies: list[ModelReply | Exception]
    requests: list[ModelRequest] = field(default_factory=list)
    name: str = "listed/replies"

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        self.requests.append(request)
        await asyncio.sleep(0)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        for word in reply.text.split(" "):
            on_text(word + " ", False)
        return reply

    async def aclose(self) -> None:
        """Nothing is held."""


@dataclass
class CountingTools:
    """Runs nothing and counts; `act` may do something for real or fail."""

    ran: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    act: Callable[[ToolCall], ToolResult] | None = None

    def specs(self) -> tuple[ToolSpec, ...]:
        return (LOOK, REFUND)

    def problem(self, call: ToolCall) -> str:
        bad = call.tool == "orders.refund" and not isinstance(call.arguments.get("amount"), int | float)
        return "amount must be a number" if bad else ""

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        self.ran.append((call.tool, dict(call.arguments), idempotency_key))
        await asyncio.sleep(0)
        return self.act(call) if self.act else ToolResult(status="done", output={"ok": True, **call.arguments})

    async def aclose(self) -> None:
        """Nothing was started."""


@dataclass
class OnePassage:
    """Finds the same passages whatever is asked."""

    passages: tuple[Passage, ...] = (
        Passage(
            id="p1", source="returns.md", heading="refunds", text="Refunds take five days.", score=0.9, lexical=4.0
        ),
        Passage(id="p2", source="internal.md", text="secret margin", score=0.5, lexical=2.0),
    )

    async def retrieve(self, query: PassageQuery) -> Found:
        return Found(candidates=self.passages, legs=("lexical",))

    async def warm(self) -> None:
        """Always ready."""

    async def aclose(self) -> None:
        """Nothing is held."""


@dataclass
class ListMemory:
    """Memories in a list."""

    kept: list[Memory] = field(default_factory=list)

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        return tuple(m for m in self.kept if m.segment in query.segments)

    async def write(self, memory: Memory) -> str:
        if all(m.id != memory.id for m in self.kept):
            self.kept.append(memory)
        return ""

    async def forget(self, memory_id: str) -> bool:
        before = len(self.kept)
        self.kept = [m for m in self.kept if m.id != memory_id]
        return len(self.kept) < before

    async def aclose(self) -> None:
        """Nothing is held."""


@dataclass
class ListedApprover:
    """Gives the listed answers in order to whatever it is really asked, and keeps the steps."""

    replies: list[ApprovalReply]
    asked: list[str] = field(default_factory=list)

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        self.asked.append(step)
        await asyncio.sleep(0)
        return self.replies.pop(0)


@dataclass
class Stage:
    """What a test needs hold of."""

    model: ListedModel
    tools: CountingTools = field(default_factory=CountingTools)
    policy: AmountPolicy = field(default_factory=AmountPolicy)
    memory: ListMemory = field(default_factory=ListMemory)
    retriever: OnePassage = field(default_factory=OnePassage)
    approver: Approver = field(default_factory=Mailbox)
    clock: FrozenClock = field(default_factory=FrozenClock)
    ids: CountedIds = field(default_factory=CountedIds)
    brake: Brake = field(default_factory=NoBrake)
    day: DayBook = field(default_factory=NoDayBook)
    persona: Persona = field(default_factory=persona)

    def session(self, log: Log | None = None, recording: Recording | None = None, **options: Any) -> Session:
        specs = json.dumps([spec.model_dump(mode="json") for spec in self.tools.specs()])
        contract = Contract(
            persona=self.persona,
            system="You are Aria.",
            voice="",
            policy=self.policy,
            tools=self.tools.specs(),
            model=self.model.name,
            texts={"prompt": "You are Aria.", "policy": self.policy.digest, "tools": specs},
            digests={"prompt": "d1", "policy": self.policy.digest, "tools": digest(specs)},
        )
        outside = Outside(
            model=self.model,
            tools=self.tools,
            retriever=self.retriever,
            memory=self.memory,
            approver=self.approver,
            clock=self.clock,
            ids=self.ids,
            brake=self.brake,
            day=self.day,
        )
        log = log or MemoryLog("s1", self.clock, self.ids)
        return Session(log, contract, outside, workspace="test", recording=recording, **options)


def says(text: str, *calls: tuple[str, dict[str, Any]]) -> ModelReply:
    """A reply with calls."""
    made = tuple(ToolCall(id="", tool=tool, arguments=arguments) for tool, arguments in calls)
    return ModelReply(model="listed/replies", text=text, calls=made, finish="calls" if made else "stop")


def stage(*replies: ModelReply | Exception, **parts: Any) -> Stage:
    """A stage whose model gives these replies."""
    return Stage(ListedModel(list(replies)), **parts)


def answering(session: Session, *replies: ApprovalReply, gates: Mapping[str, GateReply] | None = None) -> None:
    """Answer the session's questions in order as they come up, and pass its gates: as `gates` has it by step, or on."""
    waiting = list(replies)
    deeds = gates or {}

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested) and waiting:
            session.answer(item.event.step, waiting.pop(0))
        elif isinstance(item, Record) and isinstance(item.event, GatePaused):
            session.pass_gate(item.event.step, deeds.get(item.event.step, GateReply(action="continue")))

    session.bus.subscribe(watch)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something to be so, and fail rather than hang."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110  # what happens is in the log, which tells nobody by itself
            await asyncio.sleep(0.001)


def kinds(records: Sequence[Record]) -> list[str]:
    """The events by kind, without the verdicts that merely allow."""
    return [
        r.event.kind for r in records if getattr(r.event, "effect", "") != "allow" or r.event.kind != "verdict_reached"
    ]
