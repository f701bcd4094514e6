"""A tape on disk as a pytest item, and what pytest says of one that did not pass.

Invariant: a fixture's own trouble is told in words; a traceback is only for what is Greenroom's own fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.pytest_plugin.bench import bench_of
from greenroom.regression.case import Case, case_path, load_case
from greenroom.regression.outcome import Outcome

SUFFIX = ".tape.jsonl"
OUTCOME, CAUSE = "greenroom_outcome", "greenroom_stale"
"""Names of the properties a report carries: how it went, and what is stale."""


_TAGS: pytest.StashKey[set[str]] = pytest.StashKey()


class TapeFailed(Exception):
    """A fixture did not pass; the outcome says how."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.line)
        self.outcome = outcome


class TapeFile(pytest.File):
    """A tape on disk. It holds one item, so that the case's tags can be its markers."""

    def collect(self) -> Iterator[TapeItem]:
        """The fixture, named as its file, marked with its case's tags."""
        item = TapeItem.from_parent(self, name=self.path.name.removesuffix(SUFFIX))
        item.add_marker("greenroom")
        try:
            item.case = load_case(case_path(self.path))
        except FileInvalid:
            item.case = None  # running the item says what is wrong with the file
        for tag in item.case.tags if item.case else ():
            known = self.config.stash.setdefault(_TAGS, set())
            if tag not in known:
                known.add(tag)
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
        live = self.config.getoption("--greenroom-live")
        outcome = self._live() if live else bench_of(self.config).replay(self.path, stale, self._case_once())
        self.user_properties.append((OUTCOME, outcome.kind))
        if outcome.kind == "stale" or outcome.good:
            self.user_properties.extend((CAUSE, reason) for reason in outcome.reasons)
        if not outcome.good:
            raise TapeFailed(outcome)

    def _case_once(self) -> Case | None:
        """The case, which is then let go: a thousand of them would be kept to the end of the run."""
        case, self.case = self.case, None
        return case

    def _live(self) -> Outcome:
        from greenroom.pytest_plugin.live import live_of, properties_of

        played = bench_of(self.config).live(self.path, live_of(self.config), self.case)
        self.user_properties.extend(properties_of(played))
        return played.outcome

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
