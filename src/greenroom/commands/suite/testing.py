"""Fixtures run by pytest in a process of its own: which ones, with which options, and what its end means to a script.

Invariant: what pytest reports goes to stdout as it comes, or to stderr where stdout is to hold one JSON document.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.toml_text import suggest
from greenroom.regression.case import case_path, load_case
from greenroom.regression.find import NOTHING_HERE, fitting_in, required, tapes_in
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import must_be_trusted

_LIVE = ("model", "persona", "repeat", "usd", "from")
_PASSED_ON = {
    "stale": "--greenroom-stale",
    "html": "--greenroom-html",
    "junit": "--junitxml",
    "n": "-n",
    "k": "-k",
    **{name: f"--greenroom-{name}" for name in _LIVE},
}
"""Our short forms, and pytest's options behind them."""

_NOTHING = 5
_ENDS = {0: 0, 1: 1, 2: 130, 3: 70, 4: 2, _NOTHING: 2}
"""Our exit code for each of pytest's: passed, failed, interrupted, internal error, wrong usage, nothing collected."""

_BROKEN, _UNAVAILABLE = 3, 4


def run_fixtures(asked: Invocation) -> Answer[int]:
    """Run the fixtures; the exit code is 0, 1 where one did not pass, 3 where a file is broken, 4 where a model could
    not be reached, the highest that applies.

    Raises:
        UsageError: the workspace is not trusted, there is no such fixture, an option that belongs to a live run stands
            without `--live`, or makes no sense in one.
        FileInvalid: the script of the model that is asked for is not there, or broken.
    """
    workspace = asked.workspace()
    _check(asked, workspace)
    paths = chosen(workspace, asked.words("fixture"))
    with tempfile.TemporaryDirectory(prefix="greenroom-test-") as folder:
        report = Path(folder) / "report.json"
        words = [*_options(asked), f"--greenroom-json={report}", *map(str, paths)]
        ended = _run(words, sys.stderr if asked.flag("json") else None)
        found = _read(report)
    code = max(_ENDS.get(ended, 70), _worst(found))
    notes = ["nothing was selected, so nothing was tested"] if ended == _NOTHING else []
    return answer(code, data={"exit_code": code, **found}, notes=notes, exit_code=code)


def chosen(workspace: Workspace, words: list[str]) -> list[Path]:
    """The folder of fixtures where nothing is named, else the tapes that each word means: a path, a name or pattern, a
    tag, in this order.

    Raises:
        UsageError: a word means none of them, or there are no fixtures.
    """
    if not words:
        required(workspace.fixtures)
        return [workspace.fixtures]
    every = tapes_in(workspace.fixtures)
    found: dict[Path, None] = {}
    for word in words:
        found |= dict.fromkeys(_meant(word, every))
    return list(found)


def _meant(word: str, every: dict[str, Path]) -> list[Path]:
    if fitting := fitting_in(every, word):
        return list(fitting.values())
    if Path(word).exists():
        return [Path(word)]
    if tagged := [path for path in every.values() if word in _tags(path)]:
        return tagged
    known = [*every, *sorted({tag for path in every.values() for tag in _tags(path)})]
    hint = suggest(word, known) if known else NOTHING_HERE
    raise UsageError(f"no fixture, tag or path '{word}'", hint=hint, code="fixture.unknown")


def _tags(tape: Path) -> tuple[str, ...]:
    try:
        return load_case(case_path(tape)).tags
    except FileInvalid:
        return ()


def _check(asked: Invocation, workspace: Workspace) -> None:
    must_be_trusted(workspace)
    given = [name for name in _LIVE if asked.options.get(name) is not None]
    if given and not asked.flag("live"):
        raise UsageError(f"--{given[0]} belongs to a live run", hint="add --live", code="test.live")
    if asked.text("n") and find_spec("xdist") is None:
        raise UsageError("-n needs pytest-xdist", hint="pip install pytest-xdist", code="test.xdist")
    _check_live(asked, workspace)


def _check_live(asked: Invocation, workspace: Workspace) -> None:
    """What makes no sense in a live run is said in one line before pytest begins, and once for all fixtures."""
    from greenroom.assembly.world import model_of
    from greenroom.core.clock import SystemClock
    from greenroom.regression.live.options import MOST_RUNS, money
    from greenroom.workspace.settings import load_settings

    money(asked.text("usd"))
    repeat = asked.number("repeat")
    if repeat is not None and not 1 <= repeat <= MOST_RUNS:
        raise UsageError(f"--repeat must be from 1 to {MOST_RUNS}, not {repeat}", code="live.repeat")
    if model := asked.text("model"):
        model_of(workspace, load_settings(workspace), model, SystemClock(), instant=True)


def _options(asked: Invocation) -> Iterator[str]:
    """Each as one word, so that no value can be taken for an option."""
    named = any(point.name == "greenroom" for point in entry_points(group="pytest11"))
    yield from ("-p", "greenroom" if named else "greenroom.pytest_plugin")
    if asked.flag("live"):
        yield "--greenroom-live"
    for name, option in _PASSED_ON.items():
        if (value := asked.options.get(name)) is not None:
            yield f"{option}={value}" if option.startswith("--") else f"{option}{value}"
    if asked.flag("lf"):
        yield "--lf"
    if asked.flag("no_color"):
        yield "--color=no"


def _run(words: list[str], output: IO[str] | None) -> int:
    """pytest's exit code. An interruption reaches it as well: it is waited for while it says what it has."""
    with subprocess.Popen([sys.executable, "-m", "pytest", *words], stdout=output) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


def _read(report: Path) -> dict[str, Any]:
    try:
        found = json.loads(report.read_bytes())
    except (OSError, ValueError):
        return {"counts": {}, "stale": [], "fixtures": []}
    assert isinstance(found, dict)
    return found


def _worst(found: dict[str, Any]) -> int:
    """What the outcomes mean beyond "one did not pass"."""
    counts = found["counts"]
    return max(_UNAVAILABLE if counts.get("error") else 0, _BROKEN if counts.get("broken") else 0)
