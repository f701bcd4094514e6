"""What the replays of one run share: a bench in this process, over the fixtures that the helpdesk ships."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.pytest_plugin import bench as benches
from greenroom.pytest_plugin.bench import Bench
from greenroom.pytest_plugin.garbage import uncollected
from tests.pytest_plugin.running import HELPDESK, copied, run

TAPES = sorted((HELPDESK / "fixtures").glob("*.tape.jsonl"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench("fail")
    yield made
    made.close()


@pytest.fixture
def collected_by_hand() -> Iterator[None]:
    """Python's own search for cycles is off, so that every one of them is counted by `gc.collect`."""
    before = gc.isenabled()
    gc.disable()
    yield
    (gc.enable if before else gc.disable)()


@pytest.mark.usefixtures("collected_by_hand")
def test_a_replay_leaves_no_cycles_so_none_are_looked_for_while_it_runs(bench: Bench) -> None:
    def replay_all() -> None:
        assert [bench.play(tape).outcome.kind for tape in TAPES] == ["passed"] * len(TAPES)

    replay_all()  # what is imported and compiled for the first one stays
    gc.collect()
    replay_all()
    assert not [one for one in _in_cycles() if type(one).__module__.startswith("greenroom")]


def _in_cycles() -> list[object]:
    """What only a search for cycles frees; threads of other tests may have left something too."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return list(gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.usefixtures("collected_by_hand")
def test_the_search_for_cycles_is_left_as_it_was(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled() is enabled


def test_a_fixture_that_changed_under_the_run_is_replayed_as_it_is_now(bench: Bench, tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    tape = shop / "fixtures/refund-over-limit.tape.jsonl"
    case = shop / "fixtures/refund-over-limit.case.toml"
    assert bench.play(tape).outcome.kind == "passed"
    case.write_text(case.read_text().replace("approx = 90", "approx = 95"))
    assert bench.play(tape).outcome.kind == "failed"
    tape.write_bytes(tape.read_bytes().replace(b"refund", b"refumd", 1))
    assert bench.play(tape).outcome.kind == "broken"


def test_the_network_is_open_again_after_a_replay(bench: Bench) -> None:
    before = [vars(owner).get(name) for owner, name in benches._DOORS]
    assert bench.play(TAPES[0]).outcome.kind == "passed"
    assert [vars(owner).get(name) for owner, name in benches._DOORS] == before


def test_no_case_is_kept_from_collecting_to_a_fixtures_turn(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    (shop / "conftest.py").write_text(
        "import gc\n\n\ndef pytest_collection_finish(session):\n"
        "    from greenroom.regression.case import Case\n\n"
        "    print(len(session.items), 'items,', sum(type(one) is Case for one in gc.get_objects()), 'cases')\n"
    )
    code, said = run(shop, "-s", "fixtures")
    assert (code, f"{len(TAPES)} items, 0 cases" in said) == (0, True), said
