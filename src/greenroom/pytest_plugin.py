"""Exported sessions as pytest items: every `fixtures/*.tape.jsonl` of a workspace is replayed offline.

Invariant: until a tape is collected nothing of Greenroom but this file is imported; a replay cannot reach the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import asyncio

    from greenroom.regression.case import Case
    from greenroom.regression.outcome import Outcome
    from greenroom.regression.parts import Parts
    from greenroom.regression.replay import Build

_SUFFIX = ".tape.jsonl"
_SETTINGS = "greenroom.toml"
_WHAT_NEXT = (
    "what now: --greenroom-stale=warn replays them under what holds today; where that is right, export them again "
    "(greenroom session export SESSION --name NAME --replace)"
)
_OUTCOME, _CAUSE = "greenroom_outcome", "greenroom_stale"


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
    return TapeFile.from_parent(parent, path=file_path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the event loop that the replays shared."""
    if (bench := config.stash.get(_BENCH, None)) is not None:
        bench.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each cause of staleness, however many fixtures it concerns."""
    causes: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _CAUSE and getattr(report, "when", "") == "call":
                    causes[value] = causes.get(value, 0) + 1
    if causes:
        terminalreporter.section("greenroom: stale recordings", sep="-")
        for cause, count in sorted(causes.items()):
            terminalreporter.write_line(f"{cause}; {count} fixture{'s' if count > 1 else ''}")
        terminalreporter.write_line(_WHAT_NEXT)


class TapeFailed(Exception):
    """A fixture did not pass; the outcome says how."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.line)
        self.outcome = outcome


class TapeFile(pytest.File):
    """A tape on disk. It holds one item, so that the case's tags can be its markers."""

    def collect(self) -> Iterator[TapeItem]:
        """The fixture, named as its file, marked with its case's tags."""
        from greenroom.core.errors import FileInvalid
        from greenroom.regression.case import case_path, load_case

        item = TapeItem.from_parent(self, name=self.path.name.removesuffix(_SUFFIX))
        item.add_marker("greenroom")
        try:
            item.case = load_case(case_path(self.path))
        except FileInvalid:
            item.case = None  # running the item says what is wrong with the file
        for tag in item.case.tags if item.case else ():
            self.config.addinivalue_line("markers", f"{tag}: tag of a replayed session")
            item.add_marker(tag)
        yield item


class TapeItem(pytest.Item):
    """One fixture as a test. `case` is what collecting it read."""

    case: Case | None = None

    def runtest(self) -> None:
        """Replay it.

        Raises:
            TapeFailed: it failed, diverged, is stale or broken.
        """
        stale = str(self.config.getoption("--greenroom-stale"))
        outcome = _bench(self.config).replay(self.path, stale, self.case)
        self.user_properties.append((_OUTCOME, outcome.kind))
        if outcome.kind == "stale" or outcome.good:
            self.user_properties.extend((_CAUSE, reason) for reason in outcome.reasons)
        if not outcome.good:
            raise TapeFailed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The outcome in words; a traceback only for what is Greenroom's own fault."""
        if isinstance(excinfo.value, TapeFailed):
            return FailureText(self.path, excinfo.value.outcome)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the fixture is; its first line, for where it fails is not known before it ran."""
        return self.path, 0, f"fixture {self.name}"


class FailureText:
    """What pytest shows of a fixture that did not pass, and in one line in its summary."""

    def __init__(self, path: Path, outcome: Outcome) -> None:
        self.outcome = outcome
        self.where = f"{path}:{outcome.tape_line}"
        self.reprcrash = _Crash(str(path), outcome.tape_line, f"{outcome.kind}: {outcome.line}")

    def __str__(self) -> str:
        detail = f"\n{self.outcome.detail}" if self.outcome.detail not in ("", self.outcome.line) else ""
        return f"{self.outcome.kind}: {self.outcome.line}{detail}\n{self.where}"

    def toterminal(self, tw: Any) -> None:
        """Write it as pytest asks."""
        for row in str(self).splitlines():
            tw.line(row, red=row.startswith("- "), green=row.startswith("+ "))


class _Crash:
    """The part of a failure that pytest's summary and JUnit file read."""

    def __init__(self, path: str, lineno: int, message: str) -> None:
        self.path = path
        self.lineno = lineno
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


class _Bench:
    """What all replays of one run share: the event loop, each workspace's contract, each folder's parts."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._builds: dict[Path, Build] = {}
        self._parts: dict[Path, Parts] = {}

    def replay(self, tape: Path, stale: str, case: Case | None = None) -> Outcome:
        """How the fixture goes. What is wrong with files is an outcome, never raised."""
        import asyncio

        from greenroom.core.errors import FileInvalid, GreenroomError
        from greenroom.regression.outcome import outcome
        from greenroom.regression.replay import line_in, load_fixture, replay_fixture

        try:
            fixture = load_fixture(tape, self._parts_of(tape.parent), case=case)
            build = self._build_of(tape)
        except FileInvalid as error:
            return outcome("broken", error.line(), tape_line=line_in(error.where) if tape.name in error.where else 1)
        except GreenroomError as error:
            return outcome("broken", error.line())
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.get_loop()
        with _offline():
            return self._runner.run(replay_fixture(fixture, build, stale=stale))

    def close(self) -> None:
        """Let go of the event loop."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _parts_of(self, folder: Path) -> Parts:
        from greenroom.regression.parts import Parts

        return self._parts.setdefault(folder, Parts(folder))

    def _build_of(self, tape: Path) -> Build:
        from greenroom.assembly import replay_builder
        from greenroom.workspace.find import require

        workspace = require(tape)
        if workspace.root not in self._builds:
            self._builds[workspace.root] = replay_builder(workspace, trusted=True)
        return self._builds[workspace.root]


_BENCH: pytest.StashKey[_Bench] = pytest.StashKey()


def _bench(config: pytest.Config) -> _Bench:
    return config.stash.setdefault(_BENCH, _Bench())


def _in_workspace(path: Path) -> bool:
    return path.parent.name == "fixtures" and (path.parent.parent / _SETTINGS).is_file()


@contextmanager
def _offline() -> Iterator[None]:
    """Refuse every connection while a fixture is replayed."""
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("a replay tried to use the network; everything it needs must be on the tape")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto", "sendmsg"):
            patch.setattr(socket.socket, name, refuse, raising=False)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield
