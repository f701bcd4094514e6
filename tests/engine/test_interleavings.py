"""No tool with effects runs without a matching, unexpired, unconsumed approval where one was required, whatever happens.

Each seed is one story (`chaos`), judged by its log and by what the tools really did (`oracle`). 1 000 by default;
`--interleavings 10000` tells as many as wanted. To look at one: `--interleavings 1` and the seed in `SEEDS_FROM`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from greenroom.core.events import ApprovalGiven, TurnInterrupted
from greenroom.core.values import ApprovalReply
from greenroom.engine import standing
from greenroom.engine.asking import question as asking
from greenroom.engine.asking.deadlines import Stage
from greenroom.engine.calls import carry_out as calls
from greenroom.engine.calls import running
from greenroom.engine.calls.decided import Decided, Reply
from greenroom.views.people.grants import Grants
from tests.engine.chaos import told

BLOCKS = 10
SEEDS_FROM = 0


@pytest.mark.parametrize("block", range(BLOCKS))
def test_nothing_runs_without_the_approval_it_needs(
    block: int, runner: asyncio.Runner, pytestconfig: pytest.Config
) -> None:
    seeds = range(SEEDS_FROM + block, SEEDS_FROM + int(pytestconfig.getoption("interleavings")), BLOCKS)
    wrong: list[str] = []
    broken: Counter[str] = Counter()
    for seed in seeds:
        _, case = told(seed, runner)
        wrong += [f"seed {seed}: {one}" for one in case.violations()]
        broken.update(
            r.event.problem for r in case.records if isinstance(r.event, TurnInterrupted) and _internal(r.event)
        )
    assert wrong == []
    assert set(broken) <= {"RuntimeError: the tool broke"}


def _internal(event: TurnInterrupted) -> bool:
    return event.cause == "internal"


def test_a_seed_is_a_story(runner: asyncio.Runner) -> None:
    for seed in (3, 17, 40):
        once, again = (told(seed, runner) for _ in range(2))
        assert once[0].told == again[0].told
        assert [r.hash for r in once[1].records] == [r.hash for r in again[1].records]
        assert once[1].ran == again[1].ran


def test_the_stories_reach_what_they_are_about(runner: asyncio.Runner) -> None:
    """Every kind of answer decides something, and tools run for each reason there is."""
    met: Counter[str] = Counter()
    for seed in range(150):
        _, case = told(seed, runner)
        met.update(record.event.kind for record in case.records)
        met.update(_how(record.event) for record in case.records if isinstance(record.event, ApprovalGiven))
        met["unknown outcome"] += sum(record.event.step.endswith(".unknown") for record in case.records)
        met["ran"] += len(case.ran)
    wanted = {
        *("allow", "leave", "deny", "edit", "simulate", "stop", "deadline", "kill switch", "grant", "unknown outcome"),
        *("approval_passed_on", "grant_revoked", "autonomy_changed", "turn_resumed", "turn_abandoned", "tool_started"),
    }
    assert wanted - {name for name, count in met.items() if count >= 3} == set()
    assert met["ran"] > 300


def _how(event: ApprovalGiven) -> str:
    if event.approver == "deadline":
        return "deadline"
    if event.established.startswith(("grant", "kill switch")):
        return event.established.partition(" t")[0]
    return "leave" if event.scope != "once" else event.decision


async def _run_again(among: Reply, call: Any, item: Decided) -> None:
    await running.run(among.room, among.turn, call, item.step, again=True)


async def _edits_are_approvals(*args: Any, **more: Any) -> Any:
    reply = await asking.ask(*args, **more)
    if isinstance(reply, ApprovalReply) and reply.decision == "edit":
        return reply.model_copy(update={"decision": "allow"})
    return reply


async def _answers_are_not_needed(room: Any, turn: int, key: str, card: Any, **more: Any) -> Any:
    asking.request(room, turn, f"t{turn}/ask:{key}", card)
    return ApprovalReply(decision="allow")


def _no_stage(room: Any, step: str, card: Any) -> Stage:
    return Stage(0, "operator", None)


@pytest.mark.parametrize(
    ("where", "name", "instead", "says"),
    [
        pytest.param(calls, "ask", _answers_are_not_needed, "has no answer", id="unanswered"),
        pytest.param(calls, "ask", _edits_are_approvals, "was edit", id="edits as approvals"),
        pytest.param(calls, "settle_unknown", _run_again, "a second time", id="unknown outcomes run again"),
        pytest.param(
            calls, "as_decided_now", lambda room, turn, item, moment: item, "last verdict is not by", id="old verdicts"
        ),
        pytest.param(asking, "_outdated", lambda room, card: False, "another policy", id="answers outlive a reload"),
        pytest.param(asking, "bind", lambda *parts: "b", "binds to something else", id="answers bind to nothing"),
        pytest.param(asking, "stage_of", _no_stage, "the deadline was", id="deadlines are overlooked"),
        pytest.param(running, "stop_of", lambda *parts: None, "was pressed", id="stops of tools are overlooked"),
        pytest.param(running, "must_go_on", lambda *parts: None, "was pressed", id="stops of turns are overlooked"),
        pytest.param(Grants, "in_force", lambda self, now: self.all, "leave t", id="leave has no end"),
        pytest.param(standing, "raise_is_over", lambda room: False, "autonomy 3", id="raised autonomy has no end"),
    ],
)
def test_the_oracle_sees_an_engine_that_is_broken(
    where: Any, name: str, instead: Any, says: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, instead)
    for seed in range(1_000):
        if any(says in one for one in told(seed, runner)[1].violations()):
            return
    pytest.fail(f"1 000 stories of an engine without {name}, and nobody noticed")
