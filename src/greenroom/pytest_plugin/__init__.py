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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("greenroom", "replayed sessions")
    group.addoption(
        "--greenroom-stale",
        choices=("fail", "warn"),
        default="fail",
        help="what a fixture is whose persona, prompt, policy or tools changed since: a failure, or a line in the summary",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that all fixtures carry."""
    config.addinivalue_line("markers", "greenroom: a recorded session that is replayed")


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
