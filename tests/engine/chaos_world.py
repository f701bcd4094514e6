"""What a story under fire happens to: policies, time, a disk that can lose what was not synced, and lives of one session.

Invariant: what a dead process does counts for nothing, and what outlives it is what a crash leaves.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from greenroom.approval.mailbox import Mailbox
from greenroom.core.canonical import digest
from greenroom.core.clock import FrozenClock, stamp
from greenroom.core.events import Event, Record
from greenroom.core.ids import CountedIds
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import StepMode, Stop, ToolCall, ToolResult, ToolSpec
from greenroom.detectors.masks import Masks
from greenroom.engine.contract import Contract
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.models.port import OnFailure, OnText
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource, compile_policies
from greenroom.policy.verdict.bounds import Role
from tests.engine.chaos_rules import RULES
from tests.engine.oracle import Law, Ran
from tests.engine.stage import ListMemory, OnePassage, persona

AMOUNTS = (20, 60, 90, 120, 150, 300, 700)
LEVEL = 3
"""The contract's autonomy: notes run, refunds are asked about unless a person raised it."""

LIFE = 40
"""How many things happen in one story."""

REFUND = ToolSpec(
    name="orders.refund",
    description="Pay money back.",
    parameters={"type": "object", "properties": {"order_id": {"type": "integer"}, "amount": {"type": "number"}}},
    effects="once",
)
NOTE = ToolSpec(
    name="orders.note",
    description="Write a note.",
    parameters={"type": "object", "properties": {"order_id": {"type": "integer"}}},
    effects="repeatable",
    reversible=True,
)
LOOK = ToolSpec(name="orders.get", description="Look.", parameters={"type": "object"}, effects="none")
TOOLS = (LOOK, NOTE, REFUND)

_TEXT = """
schema  = "policy/1"
id      = "{name}"
version = "1.0.0"
[envelope.persona]
limits = {{ sum = {{ "args.amount" = {{ session = {most}, day = 2500 }} }} }}
[[rule]]
id = "reply.mail"
why = "w"
hook = "output"
find = ["personal.email"]
then = "require_approval"
ask = {{ role = "operator", deadline = "10m" }}
[[rule]]
id = "refund.large"
why = "w"
hook = "tool.call"
tools = ["orders.refund"]
when = ["args.amount > {asks}"]
then = "require_approval"
ask = {{ role = "operator", deadline = "10m", then = {then} }}
[[rule]]
id = "refund.huge"
why = "w"
hook = "tool.call"
tools = ["orders.refund"]
when = ["args.amount > {denies}"]
then = "deny"
"""
_NOTES = """
[[rule]]
id = "note.asked"
why = "w"
hook = "tool.call"
tools = ["orders.note"]
then = "require_approval"
"""
_SHAPES: tuple[tuple[str, float, float, float, bool, str], ...] = (
    ("usual", 100, 500, 1000, False, '["notify:lead", "escalate:boss", "deny"]'),
    ("strict", 50, 130, 400, True, '["deny"]'),
    ("lax", 200, 800, 2000, False, '["escalate:lead"]'),
    ("closed", 0, 10, 10, True, '["deny"]'),
)


@cache
def policies(knows: bool = False, more: str = "") -> dict[str, tuple[Law, RulePolicy]]:
    """The policies a story changes between, each in the oracle's numbers and as the real thing."""
    made = {}
    role = Role.of(_persona(knows=knows))
    for name, asks, denies, most, notes, then in _SHAPES:
        text = (
            _TEXT.format(name=name, asks=asks, denies=denies, most=most, then=then) + (_NOTES if notes else "") + more
        )
        policy = compile_policies([PolicySource(f"{name}.toml", text)], TOOLS, role, clock=FrozenClock())
        made[name] = (Law(name, policy.digest, asks, denies, most, notes), policy)
    return made


@cache
def _persona(level: int = LEVEL, replies: int = 6, knows: bool = False) -> Any:
    about = ["customer"] if knows else []
    return persona(
        knowledge={"collections": ["returns"] if knows else [], "top_k": 2},
        memory={"read": about, "write": about},
        tools={"allow": [tool.name for tool in TOOLS]},
        policy={"files": [], "autonomy": level},
        limits={"tool_calls": 9, "replies": replies, "tokens": 10_000_000, "seconds": 100_000},
    )


@dataclass(frozen=True)
class Rest:
    """What a contract has beside its policy."""

    system: str = "You are Aria."
    level: int = LEVEL
    replies: int = 6
    tools: tuple[ToolSpec, ...] = TOOLS
    knows: bool = False


RESTS: dict[str, Rest] = {
    "first": Rest(),
    "prompt": Rest(system="You are Aria, and brief."),
    "careful": Rest(level=2, replies=4),
    "no notes": Rest(tools=(LOOK, REFUND)),
    "trusting": Rest(level=4, system="You are Aria, who knows."),
}
"""What a story changes between when all of it is reloaded, as if somebody had written the files."""


WHOLE = "whole"
"""The rest of a contract that looks things up and remembers."""

KNOWING = {
    WHOLE: Rest(knows=True),
    **{f"{WHOLE}, {name}": replace(RESTS[name], knows=True) for name in list(RESTS)[1:]},
}
"""The same for such a contract."""


def contract(name: str, rest: str = "first") -> Contract:
    return _contract(rest, name, *_policies(rest)[name])


def opened_anew(contract: Contract) -> Contract:
    """The same for a process that has given out no mask yet."""
    assert isinstance(contract.policy, RulePolicy)
    return replace(contract, policy=contract.policy.apart(Masks()))


def _contract(rest: str, name: str, law: Law, policy: RulePolicy) -> Contract:
    made = rest_of(rest)
    digests = {"policy": law.digest, "tools": f"tools-{len(made.tools) - 2}", "prompt": digest(made.system)}
    if rest != "first":
        digests["rest"] = rest
    return Contract(
        persona=_persona(made.level, made.replies, made.knows),
        system=made.system,
        voice="",
        policy=policy,
        tools=made.tools,
        model="chaos",
        texts={"policy": name, "prompt": made.system},
        digests=digests,
    )


def rest_of(name: str) -> Rest:
    """The rest of a contract by its name, also that of rules at the hooks of texts."""
    return KNOWING[WHOLE] if name in RULES else {**RESTS, **KNOWING}[name]


def _policies(rest: str) -> dict[str, tuple[Law, RulePolicy]]:
    return policies(rest_of(rest).knows, RULES.get(rest, ""))


def contract_of(digests: Mapping[str, str]) -> Contract:
    """The contract that a log says was brought in; its policy may have come in before the rest that was written with it."""
    made = {
        law.digest: (name, law, policy)
        for rest in ("first", WHOLE, *RULES)
        for name, (law, policy) in _policies(rest).items()
    }
    return _contract(digests.get("rest", "first"), *made[digests["policy"]])


class Disk(MemoryLog):
    """A log that knows what a crash cannot take: everything up to the last record that was synced."""

    def __init__(self, session: str, clock: FrozenClock, ids: CountedIds, records: list[Record]) -> None:
        super().__init__(session, clock, ids, records)
        self.synced = len(records)
        self.dead = False

    def append(self, event: Event, *, derived: dict[str, object] | None = None, sync: bool = False) -> Record:
        if self.dead:
            raise asyncio.CancelledError  # the process is gone, and with it whoever writes
        record = super().append(event, derived=derived, sync=sync)
        if sync:
            self.sync()
        return record

    def sync(self) -> None:
        self.synced = len(self.records)


@dataclass
class World:
    """What outlives a process: time, the disk, what tools did, and what people pressed."""

    dice: random.Random
    clock: FrozenClock = field(default_factory=FrozenClock)
    ids: CountedIds = field(default_factory=CountedIds)
    kept: list[Record] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    pressed: list[Stop] = field(default_factory=list)
    elsewhere: dict[str, float] = field(default_factory=dict)
    policy: str = "usual"
    rest: str = "first"
    session: str = "s1"
    brittle: float = 0.05
    modes: tuple[StepMode, ...] = ("run", "run", "run", "tools")

    def life(self) -> Process:
        """A process that goes on with what is kept."""
        return Process(self)

    def words(self) -> str:
        """What a person says next."""
        return "refund, please"

    def beside(self, dice: random.Random, session: str) -> World:
        """The same world for another session, which nothing has happened to yet."""
        return replace(self, dice=dice, session=session, kept=[], ran=[], pressed=[], elsewhere=dict(self.elsewhere))

    def stops(self) -> tuple[Stop, ...]:
        return tuple(self.pressed)

    def sums(self, day: str) -> Mapping[str, float]:
        """What other sessions paid on a day."""
        return {"orders.refund:args.amount:day": self.elsewhere[day]} if day in self.elsewhere else {}

    def spend_elsewhere(self, amount: float) -> None:
        """Another session pays something today."""
        day = stamp(self.clock.now())[:10]
        self.elsewhere[day] = self.elsewhere.get(day, 0.0) + amount

    def turn_to_spend(self) -> AbstractContextManager[object]:
        return nullcontext()


class Shelf:
    """The tools as they are known, whoever runs them."""

    def specs(self) -> tuple[ToolSpec, ...]:
        return TOOLS

    def problem(self, call: ToolCall) -> str:
        amount = call.arguments.get("amount")
        good = isinstance(amount, int | float) and not isinstance(amount, bool)
        return "amount must be a number" if call.tool == "orders.refund" and not good else ""

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        raise AssertionError("nobody runs it here")

    async def aclose(self) -> None:
        """Nothing is held."""


class Process(Shelf):
    """One life of the session. It is its own model and tools, so that what a dead one does counts for nothing."""

    name = "chaos"

    def __init__(self, world: World) -> None:
        self.world = world
        self.log = Disk(world.session, world.clock, world.ids, list(world.kept))
        self.mailbox = Mailbox()
        outside = Outside(
            model=self,
            tools=self,
            retriever=self.documents(),
            memory=self.memory(),
            approver=self.mailbox,
            clock=world.clock,
            ids=world.ids,
            brake=world,
            day=world,
        )
        self.session = Session(
            self.log, contract(world.policy, world.rest), outside, mode=world.dice.choice(world.modes)
        )
        self.work: asyncio.Task[Any] | None = None

    def documents(self) -> OnePassage:
        """What it looks things up in."""
        return OnePassage()

    def memory(self) -> ListMemory:
        """What it remembers in."""
        return ListMemory()

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        dice = self.world.dice
        await ticks(dice.randrange(3))
        if len(request.messages) > 40 or dice.random() < 0.3:
            return ModelReply(model="chaos", text=dice.choice(("Done.", "Done. Write to mara.lindt@post.example.")))
        return ModelReply(
            model="chaos", text="", calls=tuple(_call(dice) for _ in range(dice.randint(1, 4))), finish="calls"
        )

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        if self.log.dead:
            raise asyncio.CancelledError
        world = self.world
        if call.tool != "orders.get":
            stops = tuple((stop.scope, stop.target) for stop in world.pressed)
            seen = len(self.log.records)
            world.ran.append(Ran(call.tool, dict(call.arguments), idempotency_key, seen, self.log.synced, stops))
        await ticks(world.dice.randrange(6))
        if world.dice.random() < world.brittle:
            raise RuntimeError("the tool broke")
        return ToolResult(status="done", output={"ok": True})

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        self.work = asyncio.ensure_future(work)

    @property
    def busy(self) -> bool:
        return self.work is not None and not self.work.done()

    async def die(self) -> None:
        """Power off: of what was not synced, the disk has some first part."""
        self.log.dead = True
        records = list(self.log.records)
        self.world.kept = kept = records[: self.world.dice.randint(min(self.log.synced, len(records)), len(records))]
        self.world.ran = [replace(one, seen=min(one.seen, len(kept))) for one in self.world.ran]
        await self.quiet()

    async def quiet(self) -> None:
        """Let the work end, however it ends."""
        if self.work is not None:
            self.work.cancel()
            await asyncio.wait({self.work})
            if not self.work.cancelled():
                self.work.exception()
            self.work = None


def _call(dice: random.Random) -> ToolCall:
    tool = dice.choice(("orders.refund", "orders.refund", "orders.refund", "orders.note", "orders.get"))
    arguments: dict[str, Any] = {"order_id": dice.randint(1, 3)}
    if tool == "orders.refund":
        arguments["amount"] = dice.choice(AMOUNTS)
    return ToolCall(id="", tool=tool, arguments=arguments)


async def ticks(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
