"""What a turn costs beside its model: one tool call, six passages, a policy of 25 rules (DESIGN section 18: 10 ms).

Run: `pytest tests/benchmarks/test_turn_speed.py`. Nothing asserts a time.
"""

from __future__ import annotations

import asyncio
from typing import Any

from greenroom.core.values import Passage, ToolCall, ToolResult
from greenroom.log.memory_log import MemoryLog
from greenroom.policy.load import PolicySource, builtin_source, compile_policies
from greenroom.policy.verdict.bounds import Role
from tests.engine.stage import LOOK, REFUND, CountingTools, OnePassage, Stage, persona, says, stage

RULES = 'schema = "policy/1"\nid = "many"\nversion = "1.0.0"\n' + "\n".join(
    f'[[rule]]\nid = "r{n}"\nwhy = "Because."\nhook = "tool.call"\ntools = ["orders.refund"]\n'
    f'when = ["args.amount > {1000 + n}"]\nthen = "deny"\n'
    for n in range(25)
)
PASSAGES = tuple(
    Passage(
        id=f"p{n}", source=f"doc{n}.md", text=f"Passage {n}. " + "Plain words of a shop. " * 25, lexical=0.9 - n / 50
    )
    for n in range(6)
)


def done(call: ToolCall) -> ToolResult:
    return ToolResult(status="done", output={"ok": True})


def prepared(turns: int) -> Stage:
    replies = [
        reply
        for _ in range(turns)
        for reply in (says("One moment.", ("orders.get", {"order_id": 1})), says("It is on its way. " * 20))
    ]
    who = persona(policy={"autonomy": 4})
    role = Role.of(who)
    play = stage(*replies, tools=CountingTools(act=done), retriever=OnePassage(PASSAGES), persona=who)
    play.policy = compile_policies(  # type: ignore[assignment]  # the real policy in place of the stage's double
        [builtin_source(), PolicySource("many.toml", RULES)], (LOOK, REFUND), role
    )
    return play


def test_a_turn_beside_its_model(benchmark: Any) -> None:
    rounds = 60
    play = prepared(rounds + 5)
    with asyncio.Runner() as runner:

        def one() -> None:
            session = play.session(MemoryLog("s", play.clock, play.ids))
            runner.run(session.turn("where is my parcel?"))

        benchmark.pedantic(one, rounds=rounds, warmup_rounds=3)
