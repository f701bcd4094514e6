"""Replayed fixtures against their numbers (DESIGN section 18): one replay, one check, whole pytest runs, the plugin's tax.

Run: `pytest -s tests/benchmarks/test_replay_speed.py`. Figures are printed, beside those of a bare pytest test in the same
run, for machines differ and are shared; nothing asserts a time. A fixture is a recorded helpdesk session of 5 turns, 7 model
calls and 2 tool calls; a suite is copies of eight such sessions.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import replay_builder
from greenroom.detectors.find import _remembered, _remembered_flat
from greenroom.regression.replay.check import check_file
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.parts import Parts
from greenroom.retrieval.select import _alike, _words
from greenroom.workspace.find import require
from tests.benchmarks import recording
from tests.benchmarks.children import Cost, cost, least_of_each

QUIET = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".")
PLUGIN = ("-p", "greenroom.pytest_plugin")
Runner = Callable[[], None]
BARE_TESTS = 400
LIBRARIES = """
import asyncio, hashlib
import orjson, pydantic, re2, rfc8785, rtoml
from cel_expr_python import cel

class Model(pydantic.BaseModel):
    a: int

rtoml.loads("a = 1")
environment = cel.NewEnv(variables={"a": cel.Type.STRING})
clause = environment.compile('a == "x" && a.startsWith("y")')
clause.eval(environment.Activation({"a": "x"}))
re2.compile("a+").search("baaa")
asyncio.new_event_loop().run_until_complete(asyncio.sleep(0))
"""
"""A conftest that loads what a replay stands on, and uses each once: no replay can be smaller than a run with it."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with eight recorded fixtures, recorded by a process of its own."""
    folder = tmp_path_factory.mktemp("recorded")
    cost([recording.__file__, str(folder)], folder)
    return folder / "shop0"


def suite(shop: Path, target: Path, count: int) -> Path:
    """A copy of the workspace with `count` fixtures."""
    fixtures = target / "fixtures"
    shutil.copytree(shop, target, ignore=shutil.ignore_patterns(".greenroom", "talk-*"))
    tapes = cycle(sorted((shop / "fixtures").glob("talk-*.tape.jsonl")))
    for number, tape in zip(range(count), tapes, strict=False):
        shutil.copy(tape, fixtures / f"talk-{number}.tape.jsonl")
        case = tape.name.replace(".tape.jsonl", ".case.toml")
        shutil.copy(tape.with_name(case), fixtures / f"talk-{number}.case.toml")
    return target


@pytest.fixture
def replay_next(shop: Path) -> Iterator[Runner]:
    """Reads the next of the eight fixtures from disk and replays it, as the plugin does."""
    tapes = cycle(sorted((shop / "fixtures").glob("talk-*.tape.jsonl")))
    build = replay_builder(require(shop), trusted=True)
    parts = Parts(shop / "fixtures")

    async def one() -> None:
        outcome = await replay_fixture(load_fixture(next(tapes), parts), build)
        assert outcome.kind == "passed", outcome

    with asyncio.Runner() as runner:
        yield lambda: runner.run(one())


def test_one_replay(benchmark: Any, replay_next: Runner) -> None:
    benchmark.pedantic(replay_next, rounds=200, warmup_rounds=16)


def test_one_replay_of_texts_never_looked_at_before(benchmark: Any, replay_next: Runner) -> None:
    def forget() -> None:
        _remembered.cache_clear()
        _remembered_flat.cache_clear()
        _words.cache_clear()
        _alike.cache_clear()

    benchmark.pedantic(replay_next, setup=forget, rounds=200, warmup_rounds=16)


def checker(shop: Path) -> Runner:
    """Reads the next of the eight fixtures from disk and checks it."""
    tapes = cycle(sorted((shop / "fixtures").glob("talk-*.tape.jsonl")))
    parts = Parts(shop / "fixtures")

    def one() -> None:
        assert check_file(next(tapes), parts=parts).kind == "passed"

    return one


def test_one_check(benchmark: Any, shop: Path) -> None:
    benchmark.pedantic(checker(shop), rounds=200, warmup_rounds=16)


def test_a_check_beside_a_bare_test(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processor time of a check over a bare test's: DESIGN's 0.1 ms beside the 0.33 of the machine it was measured on."""
    one = checker(shop)
    times = []
    for _ in range(1_000):
        started = time.thread_time()
        one()
        times.append(time.thread_time() - started)
    usual, least_of_all = sorted(times)[len(times) // 2], min(times)
    bare_each = (bare(tmp_path / "many", BARE_TESTS).cpu - bare(tmp_path / "one", 1).cpu) / (BARE_TESTS - 1)
    with capsys.disabled():
        print(
            f"\na check: {usual * 1000:.2f} ms CPU (at the least {least_of_all * 1000:.2f}), a bare test "
            f"{bare_each * 1000:.2f} (ratio {usual / bare_each:.2f}, at the least {least_of_all / bare_each:.2f})"
        )


@pytest.mark.parametrize("count", [200, 1_000])
def test_a_whole_run(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    """Processor time for each fixture over a run of one, beside a bare pytest test, and the most memory."""
    one = cost([*QUIET, *PLUGIN, "fixtures"], suite(shop, tmp_path / "one", 1))
    many = cost([*QUIET, *PLUGIN, "fixtures"], suite(shop, tmp_path / "many", count))
    assert f"{count} passed" in many.said
    bare_one, bare_many = bare(tmp_path / "bare_one", 1), bare(tmp_path / "bare_many", count)
    libraries = bare(tmp_path / "libraries", count, LIBRARIES)
    each = (many.cpu - one.cpu) / (count - 1)
    bare_each = (bare_many.cpu - bare_one.cpu) / (count - 1)
    with capsys.disabled():
        print(
            f"\n{count} fixtures: {each * 1000:.2f} ms CPU each, a bare test {bare_each * 1000:.2f} "
            f"(ratio {each / bare_each:.1f}); whole run {many.cpu:.2f} s, of one fixture {one.cpu:.2f} s\n"
            f"{many.rss:.0f} MiB at the most (of one fixture {one.rss:.0f}); bare tests {bare_many.rss:.0f} "
            f"(ratio {many.rss / bare_many.rss:.2f}), bare tests with the libraries alone {libraries.rss:.0f} "
            f"(ratio {many.rss / libraries.rss:.2f})"
        )


def bare(folder: Path, count: int, conftest: str = "") -> Cost:
    """A pytest run of as many files, each with one test that does nothing."""
    folder.mkdir()
    (folder / "conftest.py").write_text(conftest)
    for number in range(count):
        (folder / f"test_bare_{number}.py").write_text("def test_nothing():\n    assert True\n")
    cost([*QUIET, "."], folder)  # compiles
    return cost([*QUIET, "."], folder)


def test_the_tax_on_an_unrelated_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test_other.py").write_text("def test_nothing():\n    assert True\n")
    unrelated = ([*QUIET, "test_other.py"], [*QUIET, *PLUGIN, "test_other.py"])
    without, loaded = least_of_each(unrelated, tmp_path)
    with capsys.disabled():
        print(
            f"\nan unrelated run: {without.cpu * 1000:.0f} ms CPU without the plugin, {loaded.cpu * 1000:.0f} with it "
            f"(tax {(loaded.cpu - without.cpu) * 1000:.1f} ms); {loaded.rss - without.rss:.1f} MiB more"
        )
