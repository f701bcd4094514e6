"""A tape that says a person put something in at a gate which no gate takes: one line, whatever it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from greenroom.assembly import replay_builder
from greenroom.regression.replay.replay import load_fixture, replay_tape
from greenroom.regression.tape.parts import Parts
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run
from tests.regression.taped import edited

UNFIT: dict[str, tuple[str, list[Any]]] = {
    "tool": ("order_id=1002", [1, "x", None, [], ["x"]]),
    "result": ('{"status": "failed", "error": "no"}', [{"status": "donex"}, {"status": ["x"]}, {"status": {"a": 1}}]),
    "retrieve": ("1", [1, "x", [None], [[]]]),
    "prompt": ('[{"source": "input", "at": 1, "text": "Where is 1001?"}]', [1, [1], [{}], [{"source": [], "at": 1}]]),
    "output": ("It is there.", [1, None, {}, []]),
}


@pytest.mark.parametrize("gate", UNFIT)
def test_what_no_gate_takes_makes_a_broken_file_and_no_error(shop: Workspace, run: Run, gate: str) -> None:
    edit, unfit = UNFIT[gate]
    assert run("run", "aria", "where is order 1001", "--break", f'gate == "{gate}"') == 6
    assert run("session", "resume", "last", "--edit", edit, "--approve", "policy") == 0, run.err
    assert run("session", "export", "last", "--name", "edited") == 0, run.out
    fixture = load_fixture(shop.fixtures / "edited.tape.jsonl")
    build, parts = replay_builder(shop, trusted=True), Parts(shop.fixtures)
    place = next(i for i, line in enumerate(x for x in fixture.tape.events if "gate" in x) if "edit" in line)
    for value in unfit:
        other = edited(fixture.tape, "gate", place, edit=value)
        assert asyncio.run(replay_tape(other, fixture.case, build, parts)).kind == "broken", value
