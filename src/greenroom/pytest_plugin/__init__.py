"""Exported sessions as pytest items: every `fixtures/*.tape.jsonl` of a workspace is replayed offline.

Invariant: until a tape is collected nothing of Greenroom but this file is imported; a replay cannot reach the network.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from greenroom.pytest_plugin.tapes import TapeFile

_SUFFIX = ".tape.jsonl"
_SETTINGS = "greenroom.toml"
_LIVE_OPTIONS = tuple(f"--greenroom-{name}" for name in ("model", "persona", "repeat", "usd", "from"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("greenroom", "replayed sessions")
    group.addoption(
        "--greenroom-stale",
        choices=("fail", "warn"),
        default="fail",
        help="what a fixture is whose persona, prompt, policy or tools changed since: a failure, or a line in the summary",
    )
    live = parser.getgroup("greenroom live", "sessions run live: a model is asked and may cost money")
    live.addoption("--greenroom-live", action="store_true", help="ask the model, with the person's words from the tape")
    live.addoption("--greenroom-model", metavar="MODEL", help="this model in place of the persona's")
    live.addoption("--greenroom-persona", metavar="ID[@VERSION]", help="this persona or version in place of the tape's")
    live.addoption("--greenroom-repeat", metavar="N", type=int, help="so many runs of each, in place of the case's")
    live.addoption("--greenroom-usd", metavar="USD", type=float, help="the most that all of them may cost")
    live.addoption("--greenroom-from", metavar="EVENT", help="the tape up to this event (t2, t2/c1, a line), then live")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that all fixtures carry."""
    config.addinivalue_line("markers", "greenroom: a recorded session that is replayed")
    if config.getoption("--greenroom-live"):
        from greenroom.pytest_plugin.live import open_live

        open_live(config)
    elif given := [name for name in _LIVE_OPTIONS if config.getoption(name) is not None]:
        raise pytest.UsageError(f"{given[0]} is for live runs: add --greenroom-live")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TapeFile | None:
    """Take a tape that lies in a workspace, or that was named on the command line."""
    if not file_path.name.endswith(_SUFFIX):
        return None
    if not _in_workspace(file_path) and not parent.session.isinitpath(file_path):
        return None
    from greenroom.pytest_plugin.tapes import TapeFile

    return TapeFile.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What is stale, if any tape was replayed: here, or in a worker whose reports came over."""
    if any(_told(report) for reports in terminalreporter.stats.values() for report in reports):
        from greenroom.pytest_plugin.summary import summarise

        summarise(terminalreporter)


def _told(report: object) -> bool:
    """Whether a report carries a property of ours."""
    return any(name.startswith("greenroom_") for name, _ in getattr(report, "user_properties", ()))


def _in_workspace(path: Path) -> bool:
    return path.parent.name == "fixtures" and (path.parent.parent / _SETTINGS).is_file()
