"""What came of one turn, in the words a test asserts in.

Invariant: a pure function of the session's records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from greenroom.core.events import Record, ReplyReleased, TurnFinished
from greenroom.core.values import Json, Memory, Passage, Usage
from greenroom.views.fold import fold_all
from greenroom.views.turns import memory, retrieval, tools, verdicts


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: the arguments it ended with, how it went (`done`, `denied`, `failed` ...), what it returned; the
    verdict that decided about it, that verdict's rule, and a person's answer ('' where nobody was asked).
    """

    tool: str
    args: dict[str, Json]
    status: str
    output: Json = None
    error: str = ""
    effect: str = ""
    rule: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict: at which hook, what came of it, by which rule and why."""

    hook: str
    effect: str
    rule: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One turn. `text` is what the person got to read, `outcome` how the turn ended (`answered`, `refused`, `limited`,
    `stopped`), `passages` those that reached the prompt in rank order, `memories` those that were kept, `recalled`
    those that were remembered. `turn` is its number and `records` the log up to it, for `expect(reply)`.
    """

    text: str
    outcome: str
    calls: tuple[Call, ...]
    verdicts: tuple[Decision, ...]
    passages: tuple[Passage, ...]
    memories: tuple[Memory, ...]
    recalled: tuple[Memory, ...]
    usage: Usage
    turn: int = 1
    records: Sequence[Record] = field(default=(), repr=False, compare=False)


def reply_of(records: Sequence[Record], finished: TurnFinished) -> Reply:
    """The reply of the turn that `finished`."""
    here = [record for record in records if record.event.turn == finished.turn]
    called = fold_all(tools.fold, tools.EMPTY, here).last()
    decided = fold_all(verdicts.fold, verdicts.EMPTY, here).last()
    found = fold_all(retrieval.fold, retrieval.EMPTY, here).last()
    kept = fold_all(memory.fold, memory.EMPTY, here).last()
    cited = [hit for hit in (found.hits if found else ()) if hit.cited is not None]
    return Reply(
        text=next((r.event.text for r in reversed(here) if isinstance(r.event, ReplyReleased)), ""),
        outcome=finished.outcome,
        calls=tuple(map(_call, called.calls)) if called else (),
        verdicts=tuple(
            Decision(one.hook, one.verdict.effect, one.verdict.rule, one.verdict.why) for one in decided.decided
        )
        if decided
        else (),
        passages=tuple(hit.passage for hit in sorted(cited, key=lambda hit: hit.cited or 0)),
        memories=tuple(one.memory for one in kept.proposed if one.fate == "kept") if kept else (),
        recalled=tuple(one.memory for one in kept.recalled if one.fate == "recalled") if kept else (),
        usage=finished.usage,
        turn=finished.turn,
        records=tuple(records),
    )


def _call(view: tools.CallView) -> Call:
    return Call(
        tool=view.call.tool,
        args=view.call.arguments if view.ran_with is None else view.ran_with,
        status=view.status,
        output=view.output,
        error=view.error,
        effect=view.verdict,
        rule=view.rule,
        answer=view.answer,
    )
