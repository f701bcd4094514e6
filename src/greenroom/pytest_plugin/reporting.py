"""How fixtures show in a run's progress, counts and last lines, also where other processes ran them.

Invariant: registered only once a tape is there; what it knows came over in reports, so one process or eight say the same.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenroom.core.clock import SystemClock, stamp
from greenroom.pytest_plugin.failure import FailureText
from greenroom.pytest_plugin.told import KEY, Told, told_by

if TYPE_CHECKING:
    from greenroom.pytest_plugin.tapes import TapeItem

Status = tuple[str, str, str | tuple[str, dict[str, bool]]]

_SHOWN: dict[str, Status] = {
    "stale": ("stale", "~", ("STALE", {"yellow": True})),
    "broken": ("broken", "B", ("BROKEN", {"red": True})),
    "error": ("without verdict", "E", ("ERROR", {"red": True})),
}
"""Category, letter and word of what is neither passed nor failed: each a count of its own, none with a section that would
say the same cause once for every fixture.
"""


class Reporting:
    """The hooks of a run with fixtures. `told` is how each of them went."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._gathers = not hasattr(config, "workerinput")
        self._problem = ""
        self._clock = SystemClock()
        self._began = self._clock.monotonic()
        self.told: list[Told] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: TapeItem, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what a fixture told into its report."""
        report = yield
        if call.when == "call" and (told := getattr(item, "told", None)) is not None:
            setattr(report, KEY, told)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self) -> Generator[None, Any, Any]:
        """Give a report that came from another process its failure back, which travelled as bare text."""
        report = yield
        if (told := told_by(report)) is not None and isinstance(report.longrepr, str):
            report.longrepr = FailureText(told)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> Status | None:
        """The category a fixture is counted in."""
        told = told_by(report)
        if told is None or hasattr(report, "wasxfail"):
            return None
        if report.failed:
            return _SHOWN.get(told["kind"])
        note = _note(told)
        return ("passed", ".", (f"PASSED ({note})", {"green": True})) if note and report.passed else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember it, where the whole run is gathered."""
        if self._gathers and (told := told_by(report)) is not None:
            self.told.append(told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what was asked for beside the terminal; where that fails, the run fails and says why."""
        if not self._gathers:
            return
        self.told.sort(key=lambda one: one["nodeid"])  # with several processes they came in as they were done
        from greenroom.core.errors import GreenroomError

        try:
            self._write_files()
        except GreenroomError as error:
            self._problem = error.line()
            session.exitstatus = max(int(session.exitstatus), int(pytest.ExitCode.TESTS_FAILED))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line for each cause, however many fixtures it concerns, and annotations where a build server reads them."""
        from greenroom.pytest_plugin.summary import summarise
        from greenroom.workspace.settings import variable

        summarise(terminalreporter, self.told)
        if variable("GITHUB_ACTIONS") == "true":
            from greenroom.pytest_plugin.annotations import commands

            for row in commands(self.told, self._config.rootpath):
                terminalreporter.write_line(row)
        if self._problem:
            terminalreporter.write_line(f"greenroom: {self._problem}", red=True)
        elif path := self._config.getoption("--greenroom-html"):
            terminalreporter.write_line(f"greenroom: the page is {self._place(path)}")

    def _write_files(self) -> None:
        if path := self._config.getoption("--greenroom-json"):
            from greenroom.pytest_plugin.document import write_document

            write_document(self._place(path), self.told)
        if path := self._config.getoption("--greenroom-html"):
            from greenroom.pytest_plugin.page import Ran, write_page

            ran = Ran(stamp(self._clock.now()), self._clock.monotonic() - self._began, self._commit())
            write_page(self._place(path), self.told, ran)

    def _commit(self) -> str:
        """The commit that is checked out, '' where git has none."""
        from greenroom.assembly.variants.commits import described
        from greenroom.core.errors import UsageError
        from greenroom.workspace.layout import Workspace

        folder = Path(self.told[0]["path"]).parent if self.told else self._config.rootpath
        try:
            return described(Workspace(folder), "HEAD")
        except UsageError:
            return ""

    def _place(self, path: str) -> Path:
        return self._config.invocation_params.dir / path


def _note(told: Told) -> str:
    """What is to be known of a fixture that passed."""
    if told["changed"]:
        return "stale"
    return "observed" if told["expect"] == "observe" else ""
