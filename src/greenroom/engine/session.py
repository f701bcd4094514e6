"""A session: one log, the turns run against it, and what a face may ask of it.

Invariant: at most one turn is open; whatever ends a run, the log says how, and the session can go on from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from greenroom.core.canonical import clean_text
from greenroom.core.errors import DiskFailed, GreenroomError, UsageError, WaitingForPerson
from greenroom.core.events import (
    ApprovalGiven,
    Event,
    MemoryForgotten,
    Record,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    TurnStarted,
)
from greenroom.core.messages import ModelRequest
from greenroom.core.values import ApprovalReply, Breakpoint, GateReply, StepMode
from greenroom.engine import standing
from greenroom.engine.asking.question import TurnStopped
from greenroom.engine.bus import Bus, Stream
from greenroom.engine.contract import Contract
from greenroom.engine.facts import Facts
from greenroom.engine.gates.edits import admitted
from greenroom.engine.gates.stepping import Gates, NotPassed, TurnGivenUp
from greenroom.engine.kept import kept
from greenroom.engine.limits import Budget
from greenroom.engine.model_call.generating import request_for
from greenroom.engine.opening import begin
from greenroom.engine.outside import Outside, Renewed
from greenroom.engine.replay.governed import Governed
from greenroom.engine.rerun.memories import choose, go_on_with
from greenroom.engine.room import Room
from greenroom.engine.steps import Recording, Steps
from greenroom.engine.turn import run_turn
from greenroom.log.port import Log
from greenroom.policy.port import Question
from greenroom.views.fold import fold_all
from greenroom.views.people.dead_letters import AGAIN
from greenroom.views.prompt import transcript

Anchor = Callable[[str, int, str], None]
"""Called with session, record number and hash where the ledger should know the log's head."""


class Session:
    """The one object faces hold."""

    def __init__(
        self,
        log: Log,
        contract: Contract,
        outside: Outside,
        *,
        workspace: str = "",
        mode: StepMode = "run",
        recording: Recording | None = None,
        anchor: Anchor | None = None,
    ) -> None:
        self.log = log
        self.bus = Bus()
        self._anchor = anchor or (lambda session, seq, head: None)
        self._running: asyncio.Task[TurnFinished] | None = None
        self._next: tuple[Contract, Renewed] | None = None
        self._steps = Steps(log, self.bus, recording)
        facts = Facts(contract.persona.policy.autonomy, contract.policy.reserves, contract.untrusted)
        self._room = Room(contract, outside, self._steps, facts, Gates(self._steps, mode))
        self._rewind(len(log.records) - 1)
        self._steps.read_by(self._room.see)
        self._steps.read_by(self._anchor_answers)
        begin(self._room, workspace)

    @property
    def id(self) -> str:
        return self.log.session

    @property
    def records(self) -> Sequence[Record]:
        return self.log.records

    @property
    def contract(self) -> Contract:
        return self._room.contract

    @property
    def mode(self) -> StepMode:
        return self._room.gates.mode

    @property
    def running(self) -> bool:
        """Whether a turn is being worked on in this process."""
        return self._running is not None

    def open_turn(self) -> Record | None:
        """The record that began the turn which has not ended, or None."""
        for record in reversed(self.records):
            if isinstance(record.event, TurnFinished | TurnAbandoned):
                return None
            if isinstance(record.event, TurnStarted):
                return record
        return None

    async def turn(self, words: str, origin: str = "person") -> TurnFinished:
        """Say something and carry the turn to its end. Who goes on with a variant has chosen it.

        Raises:
            UsageError: another turn is open, or the words are too large to be looked at; nothing of them is kept.
            WaitingForPerson, ServiceUnavailable, KillSwitchThrown, Divergence, DiskFailed: the turn stays open; see
                `resume`.
        """
        if self.running or self.open_turn() is not None:
            raise UsageError("a turn is still open", hint="resume or abandon it first", code="turn.open")
        standing.take_on_left_behind(self._room)
        number = 1 + sum([type(record.event) is TurnStarted for record in self.records])
        await choose(self._room, number)
        question = Question(
            hook="input", payload={"text": clean_text(words)}, origin="user", session=self._room.facts.now()
        )
        looked = kept(self._room, question)
        if looked is None:
            raise UsageError(
                "that is too large to be checked, so it was not taken in", hint="send it in parts", code="turn.unread"
            )
        event = self._steps.note(TurnStarted(turn=number, words=str(looked["text"]), origin=origin))
        return await self._carry(event.turn, event.words)

    async def ask_again(self, step: str) -> TurnFinished:
        """Put the call of a dead letter once more, in a turn of its own: policy decides anew, and so does a person.

        Raises:
            UsageError: no call was asked about or made at `step`; else as `turn`.
        """
        call = standing.letter_call(self.records, step)
        return await self.turn(standing.words_of(call), origin=f"{AGAIN}{step}")

    async def resume(self) -> TurnFinished | None:
        """Go on with the open turn from what the log has; None if there is none.

        Raises:
            UsageError: the turn is being worked on right now; else as `turn`.
        """
        self._must_rest()
        record = self.open_turn()
        if record is None or not isinstance(record.event, TurnStarted):
            return None
        self._steps.note(TurnResumed(turn=record.event.turn))
        self._rewind(record.seq)
        standing.level_set_meanwhile(self._room, record.seq)
        finished = await self._carry(record.event.turn, record.event.words)
        self._rewind(len(self.records) - 1)  # not every round of a call came again, and what it knew counts on
        return finished

    def abandon(self, reason: str) -> None:
        """Give the open turn up; nothing of it goes into later prompts.

        Raises:
            UsageError: the turn is being worked on right now.
        """
        self._must_rest()
        record = self.open_turn()
        if record is not None:
            standing.level_set_meanwhile(self._room, record.seq)
            self._steps.note(TurnAbandoned(turn=record.event.turn, reason=self.masked(reason)), sync=True)
            self._rewind(len(self.records) - 1)
            self._anchor_head()
            self._take_over()

    async def prefer(self, over: Sequence[str], by: str) -> None:
        """A person goes on with this session and not with `over`, the sessions it was set beside.

        Raises:
            UsageError: a turn is being worked on right now.
        """
        self._must_rest()
        await go_on_with(self._room, over, by)

    def masked(self, words: str) -> str:
        """A person's words, or an error's, as they may be kept and shown."""
        return standing.masked(self._room, words)

    def answer(self, step: str, reply: ApprovalReply) -> None:
        """Answer an open question. Raises as `standing.answer`."""
        standing.answer(self._room, step, reply)

    def revoke(self, step: str, by: str, reason: str = "") -> None:
        """Take back the leave for later calls that was given at `step`. Raises as `standing.revoke`."""
        standing.revoke(self._room, step, by, reason)

    def set_autonomy(
        self, level: int, by: str, established: str, reason: str = "", valid_seconds: int | None = None
    ) -> None:
        """Have the persona act at another level, for `valid_seconds`; in a running turn, from its next call on.

        Raises as `standing.autonomy_at`.
        """
        event = standing.autonomy_at(self._room, level, by, established, reason, valid_seconds)
        turn_open = self.open_turn() is not None  # one that is over may still be on its way back to who said it
        standing.take_on(self._room, event, running=self.running and turn_open, turn_open=turn_open)

    def govern_again(self, recorded: Sequence[Record], contracts: Mapping[int, Contract]) -> Callable[[], None]:
        """In a replay: have what came to govern in the middle of a turn come in where it did. What is returned ends it."""
        self._steps.governed = governed = Governed(recorded, contracts, partial(standing.govern, self._room))
        return self._steps.read_by(governed.see)

    def repeat(self, event: Event) -> None:
        """In a replay, between turns: put down something as it was recorded, such as a level that was set."""
        self._steps.note(event)

    @property
    def autonomy(self) -> tuple[int, str | None]:
        """The level that counts, before taint lowers it, and when it falls back (a stamp)."""
        return self._room.facts.autonomy, self._room.facts.raised_until

    def discard_letter(self, step: str, by: str, reason: str = "") -> None:
        """Let a dead letter be. Raises as `standing.discard_letter`."""
        standing.discard_letter(self._room, step, by, reason)

    def reload(self, contract: Contract, renewed: Renewed | None = None) -> bool:
        """Work under another contract, with what was made anew for it. While a turn is open only its policy counts, and
        an open question is void.

        Returns whether all of it counts now; the rest does when the open turn has ended.
        """
        turn_open = self.open_turn() is not None
        self._next = standing.reload(self._room, contract, renewed or Renewed(), turn_open=turn_open)
        return self._next is None

    @property
    def awaited(self) -> Contract:
        """What governs once no turn is open."""
        return self._next[0] if self._next is not None else self.contract

    @property
    def outside(self) -> Outside:
        """What stands behind the ports."""
        return self._room.outside

    def pass_gate(self, step: str, reply: GateReply) -> None:
        """Let a waiting gate go on. What a person puts in is looked at like anything else that comes in.

        Raises:
            UsageError: that cannot be done at this gate; it still waits.
        """
        if (pending := self.gates.waiting(step)) is not None:
            self.gates.answer(step, admitted(self._room, pending, reply))

    @property
    def gates(self) -> Gates:
        """Where it stops: what waits there, who passes it, and the breakpoints."""
        return self._room.gates

    def waiting_gate(self) -> str:
        """The step of the gate that waits, or ''."""
        pending = self.gates.waiting()
        return pending.step if pending is not None else ""

    def set_breakpoints(self, wanted: Iterable[Breakpoint]) -> None:
        """Stop at exactly these from here on.

        Raises:
            UsageError: a condition cannot be used; nothing has changed.
        """
        self._room.gates.breakpoints.replace(wanted, self.records)

    def set_mode(self, mode: StepMode) -> None:
        """Step differently from here on."""
        self._room.gates.set_mode(mode)

    def request_now(self) -> ModelRequest:
        """What the model would be given at this moment, for the Prompt pane."""
        state = fold_all(transcript.fold, transcript.EMPTY, self.records)
        return request_for(self.contract, state)

    async def forget(self, memory_id: str, by: str) -> bool:
        """Remove a memory from the store and say so in the log."""
        gone = await self._room.outside.memory.forget(memory_id)
        if gone:
            self._steps.note(MemoryForgotten(memory_id=memory_id, by=by))
        return gone

    def stand_in(self, replies: Mapping[str, str]) -> None:
        """Have a person's words stand in the place of a model's, by the step of the reply."""
        self._room.stand_in.update(replies)

    async def warm(self) -> None:
        """Start what is slow to start; faces call it after their first paint."""
        await self._room.outside.retriever.warm()

    def watch(self) -> Stream:
        """Records and signals from this call on."""
        return self.bus.stream()

    def cancel(self) -> None:
        """Interrupt the running turn; the log stays legal and the turn can be resumed."""
        if self._running is not None:
            self._running.cancel()

    async def aclose(self) -> None:
        """Stop working and let go of everything. An open question stays open."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        await self._room.outside.aclose()
        self.log.close()
        self._steps.let_go()

    def _must_rest(self) -> None:
        if self.running:
            raise UsageError("the turn is being worked on", hint="interrupt it first", code="turn.running")

    def _rewind(self, seq: int) -> None:
        """Know the log up to and including record `seq`; what comes after is met again step by step."""
        self._room.rewind(self.records[: seq + 1])
        self._steps.rewind(seq)

    async def _carry(self, turn: int, words: str) -> TurnFinished:
        standing.put_again(self._room, self.open_turn())
        budget = Budget(self.contract.persona.limits)
        stop = self._steps.read_by(budget.see)
        run = asyncio.ensure_future(run_turn(self._room, turn, words, budget))
        self._running = run
        try:
            return await run
        except BaseException as error:  # noqa: BLE001  # whatever ended the turn, the log says so before it goes up
            return self._end_early(turn, _first(error), budget)
        finally:
            stop()
            self._running = None
            self._anchor_head()
            self._take_over()

    def _take_over(self) -> None:
        """Once no turn is open: what was reloaded meanwhile, and the autonomy that no call waited for."""
        if self.open_turn() is not None:
            return
        if self._next is not None:
            self.reload(*self._next)
        if self._room.autonomy_next is not None:
            self._steps.note(self._room.autonomy_next, sync=True)
            self._room.autonomy_next = None

    def _end_early(self, turn: int, error: BaseException, budget: Budget) -> TurnFinished:
        """Put into the log why a turn did not come to its own end, and pass the reason on."""
        match error:
            case TurnStopped():
                self._steps.must_come(TurnFinished, f"t{turn}/finish")
                finished = TurnFinished(
                    turn=turn, outcome="stopped", usage=budget.usage, milliseconds=budget.milliseconds
                )
                finished = self._steps.note(finished, sync=True)
                self._rewind(len(self.records) - 1)  # what was permitted and then not run counts for nothing
                return finished
            case TurnGivenUp():
                self._steps.must_come(TurnAbandoned, f"t{turn}/abandon")  # a life that broke off before it was
                self._steps.note(TurnAbandoned(turn=turn, reason=error.message), sync=True)
                self._rewind(len(self.records) - 1)
            case WaitingForPerson() | NotPassed() | DiskFailed():
                pass  # the question is the last thing in the log already; a full disk takes no more
            case GreenroomError():
                error.message = self.masked(error.message)  # a provider may repeat what it was sent
                self._interrupted(turn, error.code, error.message, error.hint)
            case asyncio.CancelledError():
                self._interrupted(turn, "cancelled", "interrupted by a person", "")
            case _:
                self._interrupted(turn, "internal", self.masked(f"{type(error).__name__}: {error}"), "")
        raise error

    def _interrupted(self, turn: int, cause: str, problem: str, hint: str) -> None:
        self._steps.note(TurnInterrupted(turn=turn, cause=cause, problem=problem, hint=hint), sync=True)

    def _anchor_answers(self, record: Record) -> None:
        """Anchor an answer before anything is done about it."""
        if type(record.event) is ApprovalGiven and record is self.records[-1]:
            self._anchor(self.id, record.seq, record.hash)

    def _anchor_head(self) -> None:
        if self.records:
            head = self.records[-1]
            self.log.sync()  # an anchor must never know more than the disk does
            self._anchor(self.id, head.seq, head.hash)


def _first(error: BaseException) -> BaseException:
    """The reason inside an exception group: the one a person can act on, if there is one."""
    while isinstance(error, BaseExceptionGroup):
        inner = error.exceptions
        error = next((e for e in inner if not isinstance(e, asyncio.CancelledError)), inner[0])
    return error
