"""A run of mutants: the same each time, what it says of hollow fixtures, what an interruption keeps, what a limit draws."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.regression.case import Case
from greenroom.regression.mutation.mutant import KINDS, Kind
from greenroom.regression.mutation.report import Report, data, report
from greenroom.regression.mutation.run import Run, run
from greenroom.regression.mutation.suite import Suite, chosen
from greenroom.workspace.layout import Workspace
from tests.regression.mutation.suites import ran, recorded, shop, suite

GOVERNED: tuple[Kind, ...] = ("persona", "policy", "tools")
OBSERVE = Case(schema="case/1", expect="observe")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = shop(tmp_path_factory.mktemp("desk"))
    recorded(workspace, "greeting", "hello", expect="observe")
    return workspace


def reported(made: Suite, found: Run, *, whole: bool = True) -> Report:
    return report(found, made.fixtures, GOVERNED, whole=whole)


def some(made: Suite, number: int = 30) -> Run:
    """A run of some mutants of each kind that governs."""
    return asyncio.run(run(made, chosen(made.mutants(GOVERNED), number, 3)[0]))


def test_two_runs_come_to_the_same(desk: Workspace) -> None:
    first, second = (data(reported(made, some(made))) for made in (suite(desk), suite(desk)))
    assert first == second
    assert {row["state"] for row in first["mutants"]} >= {"caught", "survived"}


def test_a_fixture_that_nothing_can_fail_is_hollow(desk: Workspace) -> None:
    made = suite(desk)
    found = reported(made, some(made, 60))
    (one,) = found.hollow
    assert one.fixture == "greeting.tape.jsonl"
    assert one.why.split("; ") == [
        "no rule, tool, passage or memory has a part in it",
        "no change of persona, policy or tools fails it",
        "it only observes",
    ]
    assert found.run.kills["refund-over-limit.tape.jsonl"] > 0


def test_observing_is_not_hollow_by_itself(desk: Workspace) -> None:
    """What happened is compared although nothing is expected."""
    made = suite(desk, "refund-over-limit", case=OBSERVE)
    found = reported(made, ran(made, "policy", only="refund.large: then"))
    assert (found.hollow, found.observed, found.unjudged) == ((), ("refund-over-limit.tape.jsonl",), "")


def test_a_run_that_left_something_out_calls_no_fixture_unfailing(desk: Workspace) -> None:
    made = suite(desk, "greeting", "return-window")
    few = [aimed for aimed in made.mutants(GOVERNED) if "refund.large" in aimed[0].name]
    found = reported(made, asyncio.run(run(made, few)), whole=False)
    assert found.unjudged == "mutants were left out"
    assert [one.why for one in found.hollow] == [
        "no rule, tool, passage or memory has a part in it; it only observes",
    ]


def test_a_limit_draws_evenly_from_the_kinds_and_by_the_seed(desk: Workspace) -> None:
    every = list(suite(desk).mutants(KINDS))
    names = [[mutant.name for mutant, _ in chosen(every, 50, seed)[0]] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2]
    kinds = [mutant.kind for mutant, _ in chosen(every, 50, 1)[0]]
    assert {kind: kinds.count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 10)
    order = [mutant.name for mutant, _ in every]
    assert sorted(names[0], key=order.index) == names[0]
    assert chosen(iter(every), 10**30, 1) == (every, len(every))
    assert chosen([], 5, 1) == ([], 0)


def test_an_interruption_keeps_what_there_is(desk: Workspace) -> None:
    made = suite(desk, "refund-over-limit")
    mutants = list(made.mutants(("persona",)))

    async def interrupted() -> Run:
        task = asyncio.current_task()
        assert task is not None

        def at_five(done: int, so_far: Run) -> None:
            if done == 5:
                task.cancel()

        found = await run(made, mutants, at_five)
        await asyncio.sleep(0)  # the cancellation is used up
        return found

    found = asyncio.run(interrupted())
    assert found.interrupted
    assert (len(found.results), found.untried) == (5, len(mutants) - 5)
    assert reported(made, found).hollow == ()


def test_mutants_that_come_to_the_same_are_run_once(desk: Workspace) -> None:
    made = suite(desk, "refund-over-limit")
    few = [aimed for aimed in made.mutants(("policy",)) if "refund.large: dropped" in aimed[0].name]
    found = asyncio.run(run(made, [*few, *few]))
    assert (len(found.results), found.equal) == (1, 1)


def test_nothing_is_written(desk: Workspace, tmp_path: Path) -> None:
    def tree() -> dict[str, bytes]:
        found = sorted(path for path in desk.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path): path.read_bytes() for path in found}

    before = tree()
    made = suite(desk)
    asyncio.run(run(made, chosen(made.mutants(KINDS), 100, 0)[0]))
    assert tree() == before
