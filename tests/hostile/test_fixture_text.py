"""Tapes that somebody signed again after putting hostile values in every kind of place: one line each, and nothing obeyed."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.regression.tape.tape import Tape, read, sealed, write
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import EVIL, HELPDESK, RAW, greenroom, line_of
from tests.pytest_plugin.running import run

NAME = "refund-over-limit"
VALUES = (EVIL, -1, [EVIL], {EVIL: EVIL}, None, 2**63, 1e308)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value has something that is no table or list."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield from places(item, (*path, key))
    if not isinstance(value, dict | list):
        yield path


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = value.copy()
    changed[path[0]] = put(value[path[0]], path[1:], new)
    return changed


def spoiled(tape: Tape) -> Iterator[Tape]:
    """One tape for each kind of place and value."""
    seen: set[tuple[Any, ...]] = set()
    for path in places(tape.header):
        yield from (sealed(put(tape.header, path, new), tape.events) for new in VALUES[:3])
    for at, line in enumerate(tape.events):
        for path in places(line):
            kind = (next(iter(line)), *("#" if isinstance(part, int) else part for part in path))
            if kind not in seen:
                seen.add(kind)
                yield from (Tape(tape.header, put(list(tape.events), (at, *path), new)) for new in VALUES)


@pytest.fixture
def suite(shop: Workspace) -> Workspace:
    shop.fixtures.mkdir()
    shutil.copytree(HELPDESK / "fixtures" / ".parts", shop.fixtures / ".parts")
    data = (HELPDESK / "fixtures" / f"{NAME}.tape.jsonl").read_bytes()
    case = HELPDESK / "fixtures" / f"{NAME}.case.toml"
    for number, tape in enumerate(spoiled(read(data, NAME)), 1):
        (shop.fixtures / f"x{number}.tape.jsonl").write_bytes(write(Tape(tape.header, tuple(tape.events))))
        shutil.copyfile(case, shop.fixtures / f"x{number}.case.toml")
    return shop


def test_every_command_says_its_lines_and_no_more(suite: Workspace) -> None:
    out = suite.root / "out"
    commands = [("list",), ("check",), ("status",), ("diff",), ("coverage",)]
    exports = [("export", "--replace", "--out", str(out), "--format", name) for name in ("promptfoo", "openai")]
    for command in (*commands, *exports):
        done = greenroom(suite.root, "fixture", *command)
        line_of(done)
        assert done.returncode in (0, 1, 3), command
        assert not RAW.search(done.stdout + done.stderr), command


def test_pytest_and_its_reports_too(suite: Workspace) -> None:
    code, said = run(suite.root, "fixtures", "--junitxml=j.xml", "--greenroom-html=r.html", "--greenroom-json=r.json")
    assert code == 1
    assert "Traceback" not in said
    assert not RAW.search(said.encode())
    ET.parse(suite.root / "j.xml")
    for report in ("j.xml", "r.html", "r.json"):
        assert not RAW.search((Path(suite.root) / report).read_bytes()), report
