"""One session under fire: calls side by side, answers good and bad, reloads, deadlines, stops, kills and resumes, by a seed.

Invariant: a seed is a story. Nothing but the seed decides what happens: the loop's time, the order of tasks and every
choice follow from it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any

from greenroom.core.clock import stamp
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Event, Record
from greenroom.core.values import ApprovalReply, GateReply, Stop, StopScope
from greenroom.engine.contract import Contract
from greenroom.engine.session import Session
from tests.engine.chaos_world import AMOUNTS, LEVEL, LIFE, World, contract, policies, ticks
from tests.engine.oracle import Case

TRIES = 5
"""How often a person goes on with a turn before they give it up."""


class Story:
    """What one seed does to one session."""

    def __init__(
        self, seed: int, deeds: Mapping[Callable[[Story], Any], int] | None = None, world: World | None = None
    ) -> None:
        self.deeds = DEEDS if deeds is None else deeds
        self.world = world or World(random.Random(seed))
        if Story.kill not in self.deeds:  # a calm story: its tools work, and nobody steps through it
            self.world.modes, self.world.brittle = ("run",), 0.0
        self.process = self.world.life()
        self.told: list[str] = []
        self.steps: list[tuple[str, Any]] = []

    async def run(self) -> Case:
        await self._live()
        await self.process.die()
        laws = {law.digest: law for law, _ in policies().values()}
        return Case(self.world.kept, self.world.ran, laws, LEVEL, "s1")

    async def _live(self) -> None:
        for _ in range(LIFE):
            await self._keep_busy()
            await ticks(self.world.dice.choice((0, 1, 1, 2, 3, 8, 12)))
            deed = self.world.dice.choices(list(self.deeds), list(self.deeds.values()))[0]
            self.told.append(deed.__name__)
            result = deed(self)
            if result is not None:
                await result
            self._pass_gate()
            self._note_questions()

    async def finish(self) -> list[Record]:
        """The same to the end of the turn that is open then: nothing is stopped any more, every question gets a no."""
        await self._live()
        self.world.pressed.clear()
        process = self.process
        begun = 0
        while process.session.open_turn() is not None:
            if not process.busy:
                await process.quiet()
                begun += 1
                if begun > TRIES:  # its prompt or tools are others now, so it cannot go on
                    process.session.abandon("it cannot go on")
                    continue
                process.begin(_forgiven(process.session, self.world.words))
            while process.busy:
                await ticks(1)
                for step, _ in list(self._open()):
                    self._give(step, ApprovalReply(decision="deny", reason="not now"))
                if gate := process.session.waiting_gate():
                    process.session.pass_gate(gate, GateReply(action="continue"))
        await process.quiet()
        return list(process.log.records)

    async def _keep_busy(self) -> None:
        """Have a turn under way, now and then after a moment of rest."""
        process = self.process
        if process.busy or self.world.dice.random() < 0.2:
            return
        if process.work is not None:
            await process.quiet()
        process.begin(_forgiven(process.session, self.world.words))

    def _pass_gate(self) -> None:
        """What a person who steps does at a gate, if one waits, and if they are quick."""
        gate = self.process.session.waiting_gate()
        if gate and self.world.dice.random() < 0.7:
            with suppress(UsageError):
                self.process.session.pass_gate(gate, _at_gate(self.world.dice, gate))

    def _note_questions(self) -> None:
        for record in self.process.log.records[-12:]:
            if isinstance(record.event, ApprovalRequested):
                self.steps.append((record.event.step, record.event.card))
        del self.steps[:-20]

    def _open(self) -> Iterator[tuple[str, Any]]:
        """Questions without an answer, by the log."""
        last: dict[str, Any] = {}
        for record in self.process.log.records:
            event = record.event
            if isinstance(event, ApprovalRequested):
                last[event.step] = event.card
            elif isinstance(event, ApprovalGiven):
                last.pop(event.step, None)
        yield from last.items()

    def answer(self) -> None:
        found = list(self._open())
        if found:
            step, card = self.world.dice.choice(found[-3:])
            reply = _reply(self.world.dice)
            if card.hook != "tool.call" and reply.decision == "edit":
                reply = reply.model_copy(update={"arguments": {"text": "Done, in other words."}})
            self._give(step, reply)

    def answer_twice(self) -> None:
        found = list(self._open())
        if found:
            reply = _reply(self.world.dice)
            for one in (reply, reply, _ALLOW):
                self._give(found[-1][0], one)

    def answer_something_else(self) -> None:
        """An answer to a question that was answered, was never put, or stood on an older card."""
        steps = ["t1/ask:c99", "t9/ask:c1", "", *(step for step, _ in self.steps)]
        self._give(self.world.dice.choice(steps), _ALLOW)
        if self.steps:
            step, card = self.world.dice.choice(self.steps)
            self.process.mailbox.answer(step, card, _ALLOW) if not self._waits(step, card) else None

    def _waits(self, step: str, card: Any) -> bool:
        """Whether this very question is open, so that an answer would be none to an older one."""
        return (step, card) in list(self._open())

    def _give(self, step: str, reply: ApprovalReply) -> None:
        with suppress(UsageError):
            self.process.session.answer(step, reply)

    def reload(self) -> None:
        self.world.policy = self.world.dice.choice([name for name in policies() if name != self.world.policy])
        self.process.session.reload(self.beside())

    def beside(self) -> Contract:
        """What stands beside another policy where only that is read."""
        return contract(self.world.policy)

    def reload_and_answer(self) -> None:
        self.reload()
        self.answer()

    def answer_and_reload(self) -> None:
        self.answer()
        self.reload()

    def spend_elsewhere(self) -> None:
        self.world.spend_elsewhere(self.world.dice.choice((50, 500, 1000)))

    def wait(self) -> None:
        self.world.clock.advance(self.world.dice.choice((1, 30, 300, 601, 1900)))

    def sleep_over(self) -> None:
        self.world.clock.advance(50_000)

    def press(self) -> None:
        dice = self.world.dice
        turn = dice.randint(1, 3)
        what: tuple[tuple[StopScope, str], ...] = (
            ("everything", ""),
            ("turn", f"s1/t{turn}"),
            ("tool", dice.choice(("orders.refund", "orders.*", "*note"))),
            ("call", f"s1/t{turn}/tool:c{dice.randint(1, 5)}"),
        )
        scope, target = dice.choice(what)
        self.world.pressed.append(Stop(scope=scope, target=target, by="kim", at=stamp(self.world.clock.now())))

    def lift(self) -> None:
        self.world.pressed.clear()

    def cancel(self) -> None:
        self.process.session.cancel()

    async def kill(self) -> None:
        await self.process.die()
        if Story.reload in self.deeds and self.world.dice.random() < 0.3:
            self.world.policy = self.world.dice.choice(list(policies()))
        self.process = self.world.life()

    async def close(self) -> None:
        await self.process.session.aclose()
        await self.process.quiet()
        self.world.kept = list(self.process.log.records)
        self.process = self.world.life()

    def autonomy(self) -> None:
        level = self.world.dice.choice((0, 1, 2, 3, 4, 4, 4, 4))
        seconds = self.world.dice.choice((20, 500, None))
        with suppress(UsageError):  # a raise has an end
            self.process.session.set_autonomy(level, "kim", "test", "a reason", seconds)

    def revoke(self) -> None:
        given = [r.event.step for r in self.process.log.records if _is_leave(r.event)]
        if given:
            with suppress(UsageError):
                self.process.session.revoke(self.world.dice.choice(given), "kim")

    def step_mode(self) -> None:
        self.process.session.set_mode(self.world.dice.choice(("run", "tools")))

    def abandon(self) -> None:
        with suppress(UsageError):
            self.process.session.abandon("enough")

    async def ask_again(self) -> None:
        session = self.process.session
        if self.process.busy or session.open_turn() is not None or not self.steps:
            return
        await self.process.quiet()
        step = self.world.dice.choice(self.steps)[0]
        self.process.begin(_forgiven_of(lambda: session.ask_again(step)))


def _is_leave(event: Event) -> bool:
    return isinstance(event, ApprovalGiven) and event.scope != "once"


async def _forgiven(session: Session, words: Callable[[], str]) -> None:
    """Go on with the open turn, or say something; how it ends is in the log."""
    open_turn = session.open_turn() is not None
    await _forgiven_of(session.resume if open_turn else lambda: session.turn(words()))


async def _forgiven_of(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    with suppress(GreenroomError, RuntimeError, BaseExceptionGroup):
        await work()


_ALLOW = ApprovalReply(decision="allow", approver="kim", established="test")


def _reply(dice: random.Random) -> ApprovalReply:
    kind = dice.choices(("allow", "leave", "deny", "edit", "simulate", "stop"), (8, 6, 2, 4, 1, 1))[0]
    if kind == "leave":
        more = {
            "scope": dice.choice(("turn", "session")),
            "when": (f"args.{dice.choice(('amount', 'order_id'))} <= {dice.choice((1, 2, 100, 150, 300))}",),
            "valid_seconds": dice.choice((None, 60, 3600)),
        }
        return _ALLOW.model_copy(update=more)
    if kind == "edit":
        arguments = {"order_id": dice.randint(1, 3), "amount": dice.choice((*AMOUNTS, "many", -1))}
        return ApprovalReply(decision="edit", approver="kim", arguments=arguments)
    return _ALLOW.model_copy(update={"decision": kind, "result": "paid" if kind == "simulate" else None})


def _at_gate(dice: random.Random, gate: str) -> GateReply:
    deed = dice.choices(("continue", "edit", "simulate", "skip", "abandon"), (12, 3, 1, 1, 0.3))[0]
    edit: Any = {"output": "made up"}
    if deed == "edit" and "gate:tool" in gate:
        edit = {"order_id": dice.randint(1, 3), "amount": dice.choice(AMOUNTS)}
    return GateReply.model_validate({"action": deed, "edit": edit, "by": "kim", "established": "test"})


DEEDS: dict[Callable[[Story], Any], int] = {
    Story.answer: 40,
    Story.answer_twice: 4,
    Story.answer_something_else: 5,
    Story.reload: 4,
    Story.reload_and_answer: 3,
    Story.answer_and_reload: 3,
    Story.wait: 6,
    Story.sleep_over: 1,
    Story.spend_elsewhere: 2,
    Story.press: 2,
    Story.lift: 4,
    Story.cancel: 4,
    Story.kill: 8,
    Story.close: 2,
    Story.autonomy: 4,
    Story.revoke: 4,
    Story.step_mode: 1,
    Story.abandon: 1,
    Story.ask_again: 2,
}


class Steady(asyncio.SelectorEventLoop):
    """A loop whose time counts its own questions and whose tasks have numbers, so that two runs are the same run."""

    def __init__(self) -> None:
        super().__init__()
        self._told = 0.0
        self._made = 0
        self.set_task_factory(self._numbered)

    def time(self) -> float:
        self._told += 1e-6
        return self._told

    def _numbered(self, loop: Any, coro: Any, **more: Any) -> asyncio.Task[Any]:
        self._made += 1
        return Numbered(self._made, coro, loop=loop, **more)


class Numbered(asyncio.Task):  # type: ignore[type-arg]  # generic only for type checkers
    """A task that sets are ordered by, the same way in every run."""

    def __init__(self, number: int, coro: Any, **more: Any) -> None:
        self._number = number
        super().__init__(coro, **more)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


def told(seed: int, runner: asyncio.Runner) -> tuple[Story, Case]:
    """One story to its end, and what there is to judge it by."""

    async def scene() -> tuple[Story, Case]:
        story = Story(seed)
        return story, await story.run()

    return runner.run(scene())
