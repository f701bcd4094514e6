"""What is imported for replays is looked through once; what tests leave behind is found as ever."""

from __future__ import annotations

from pathlib import Path

from tests.pytest_plugin.running import copied, run

CONFTEST = """
import gc
import weakref

gc.disable()  # so that only who asks for it finds the knot


class Knot:
    def __init__(self):
        self.own = self


before = weakref.ref(Knot())
"""
TESTS = """
import gc
import weakref

import conftest


def test_knots_are_found():
    made = weakref.ref(conftest.Knot())
    gc.collect()
    assert (made(), conftest.before()) == (None, None)


def test_the_search_is_as_it_was_set():
    assert not gc.isenabled()
    print("kept out of sight:", gc.get_freeze_count() > 0)
"""


def shop_with_knots(target: Path) -> Path:
    shop = copied(target)
    (shop / "conftest.py").write_text(CONFTEST)
    (shop / "test_knots.py").write_text(TESTS)
    return shop


def test_garbage_is_found_beside_fixtures(tmp_path: Path) -> None:
    code, said = run(shop_with_knots(tmp_path / "shop"), "-s", "fixtures", "test_knots.py")
    assert (code, "kept out of sight: True" in said) == (0, True), said


def test_a_run_without_fixtures_is_left_alone(tmp_path: Path) -> None:
    code, said = run(shop_with_knots(tmp_path / "shop"), "-s", "test_knots.py")
    assert (code, "kept out of sight: False" in said) == (0, True), said
