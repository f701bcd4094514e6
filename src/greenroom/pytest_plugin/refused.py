"""What pytest shows of a Python test that Greenroom refused to go on with: the line of the test, what is wrong, what to do.

Invariant: no line of Greenroom's own is shown, no path of a copy that is gone when it is read, and a cause that many tests
share is named once more at the end with their number.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from greenroom.pytest_plugin.failure import Crash
from greenroom.pytest_plugin.told import harmless

KEY = "greenroom_refused"
"""The attribute of a report: path, line, the line's text and what is wrong."""


class RefusedText:
    """The words in place of a traceback."""

    def __init__(self, path: str, line: int, source: str, said: str) -> None:
        self.rows = [*([f"> {source}"] if source else []), f"E {said}", f"{path}:{line}"]
        self.reprcrash = Crash(path, line, said)

    def __str__(self) -> str:
        return "\n".join(self.rows)

    def toterminal(self, tw: Any) -> None:
        """Write it as pytest asks."""
        for row in self.rows:
            tw.line(row, **({"red": True, "bold": True} if row.startswith("E ") else {}))


def tell(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put it into the report of a test that ended in one of Greenroom's errors; any other report is left as it is."""
    from greenroom.core.errors import GreenroomError

    error = call.excinfo.value if call.excinfo is not None else None
    if not isinstance(error, GreenroomError) or not report.failed or call.excinfo is None:
        return
    path, line, source = _place(item, call.excinfo)
    told = (path, line, source, _said(item, error.line()))
    setattr(report, KEY, list(told))
    text: Any = RefusedText(*told)  # pytest shows whatever can write itself, and its types say less
    report.longrepr = text


def restore(report: Any) -> None:
    """Give a report that came from another process its text back."""
    if (told := getattr(report, KEY, None)) is not None and isinstance(report.longrepr, str):
        report.longrepr = RefusedText(*told)


def shared(reports: Iterable[Any]) -> list[str]:
    """One line for each cause that several tests ended in."""
    found = Counter(told[3] for report in reports if (told := getattr(report, KEY, None)) is not None)
    return [harmless(f"{said}; {number} tests") for said, number in found.most_common() if number > 1]


def _place(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> tuple[str, int, str]:
    """The last line of the test's own file on the way to the error; the test's first line if there is none."""
    own = [entry for entry in excinfo.traceback if Path(entry.path) == item.path]
    shown = _from(item.config.invocation_params.dir, item.path)
    if not own:
        return shown, (item.reportinfo()[1] or 0) + 1, ""
    statement = " ".join(str(own[-1].statement).split())
    return shown, own[-1].lineno + 1, statement[:200]


def _said(item: pytest.Item, line: str) -> str:
    """What is wrong, with paths as a person reads them from where pytest was started."""
    from greenroom.core.inert import inert_line

    sessions = getattr(item, "funcargs", {}).get("greenroom")
    here = item.config.invocation_params.dir
    for copy, original in sessions.roots() if sessions is not None else ():
        line = line.replace(f"{copy}{os.sep}", f"{_from(here, original)}{os.sep}".removeprefix(f".{os.sep}"))
    if sessions is not None and (sessions.workspace / line.partition(":")[0]).is_file() and not line.startswith(os.sep):
        line = f"{_from(here, sessions.workspace)}{os.sep}{line}".removeprefix(f".{os.sep}")
    return harmless(inert_line(line, 600))


def _from(here: Path, path: Path) -> str:
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
