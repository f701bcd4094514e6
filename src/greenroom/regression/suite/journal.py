"""What a suite was asked and what each of its runs came to, in `.greenroom/suites/<name>.jsonl`.

Invariant: a row is a whole line, on the disk before the next run is paid for; a torn last line is passed over and
destroys no other. One process at a time goes on with a suite. No words of a conversation but an outcome's one line are
kept here, and no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, ValidationError

from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.values import Frozen
from greenroom.regression.replay.outcome import Kind
from greenroom.regression.suite import rows_file
from greenroom.regression.suite.matrix import Cell, Matrix, Run
from greenroom.regression.suite.rows_file import SUFFIX, written

__all__ = ["FOLDER", "Header", "Journal", "Row", "kept", "names", "path_of", "read", "written"]

FOLDER = "suites"
_NOUN = "suite"


class Header(Frozen):
    """The first line: what was asked, when, and under which ceiling. `at` is a stamp."""

    v: Literal[1] = 1
    suite: str
    at: str
    matrix: Matrix
    usd: float | None = None


class Row(Frozen):
    """One run that ended. `persona` and `model` are the words that were asked with; `number` counts a cell's runs.

    `passed` and the other verdicts count; an `error` or a `broken` file is none, and such a run is made again.
    """

    fixture: str
    persona: str
    model: str
    number: int = Field(ge=1)
    kind: Kind
    line: str = ""
    at: str
    milliseconds: int = Field(default=0, ge=0)
    micro_usd: int = Field(default=0, ge=0)
    tokens: int = Field(default=0, ge=0)

    @property
    def run(self) -> Run:
        """Which run of the matrix it is."""
        return Run(Cell(self.fixture, self.persona, self.model), self.number)

    @property
    def judged(self) -> bool:
        """Whether it came to a verdict on the persona."""
        return self.kind not in ("error", "broken")


class Journal(rows_file.Held[Header, Row]):
    """One suite's journal, held for as long as the suite runs: `with Journal.begin(...) as journal`."""

    @classmethod
    def begin(cls, state: Path, header: Header) -> Journal:
        """A new journal, which is on the disk once it was started.

        Raises:
            UsageError: the name is none, or a suite has it already.
            DiskFailed: its folder cannot be made.
        """
        path = path_of(state, header.suite)
        lock = rows_file.locked(path, _NOUN)
        if path.exists() or path.is_symlink():
            lock.release()
            raise UsageError(
                f"there is a suite '{header.suite}' already",
                hint=f"greenroom fixture matrix --resume --name {header.suite} goes on with it; or take another name",
                code="suite.name",
            )
        return cls(path, header, (), lock)

    @classmethod
    def resume(cls, state: Path, name: str) -> Journal:
        """The journal of a suite that is to go on.

        Raises:
            UsageError: there is none, or another process goes on with it.
            FileInvalid: it cannot be read.
        """
        path = path_of(state, name)
        if not path.is_file():
            known = ", ".join(names(state)[-5:])
            raise UsageError(
                f"there is no suite '{name}'", hint=f"there are: {known}" if known else "", code="suite.name"
            )
        lock = rows_file.locked(path, _NOUN)
        try:
            return cls(path, *read(path), lock)
        except FileInvalid:
            lock.release()
            raise

    def start(self) -> None:
        """Put down what was asked, where that is not there yet.

        Raises:
            DiskFailed: it could not be written.
        """
        if not self._path.exists():
            rows_file.append(self._path, self.header)

    def missing(self) -> list[Run]:
        """The runs without a verdict, in the order they are to be made."""
        done = {row.run for row in self.rows if row.judged}
        return [run for run in self.header.matrix.runs() if run not in done]


def path_of(state: Path, name: str) -> Path:
    """Where the journal of the suite `name` lies.

    Raises:
        UsageError: that is no name.
    """
    return rows_file.path_of(state / FOLDER, name, _NOUN)


def names(state: Path) -> list[str]:
    """The suites kept in a workspace, by name."""
    return rows_file.names(state / FOLDER)


def kept(state: Path) -> list[tuple[Header, tuple[Row, ...]]]:
    """Every suite that can be read, oldest first."""
    found = []
    for name in names(state):
        try:
            found.append(read(path_of(state, name)))
        except FileInvalid:
            continue
    return sorted(found, key=lambda one: (one[0].at, one[0].suite))


def read(path: Path) -> tuple[Header, tuple[Row, ...]]:
    """A journal's header and its rows.

    Raises:
        FileInvalid: it cannot be read, or does not begin with a header.
    """
    shown = f"{FOLDER}/{path.name}"
    first, rest = rows_file.lines_of(path)
    try:
        header = Header.model_validate(orjson.loads(first))
    except (ValueError, RecursionError):
        raise FileInvalid(
            "does not say what was asked", where=f"{shown}:1", hint="remove it, and run the suite again"
        ) from None
    if header.suite != path.name.removesuffix(SUFFIX):
        raise FileInvalid(f"is the journal of the suite '{header.suite}'", where=f"{shown}:1", hint="name it so again")
    return header, tuple(_rows(rest, header))


def _rows(lines: Iterable[bytes], header: Header) -> Iterator[Row]:
    """Rows of the matrix; what is torn, or of a later Greenroom, or was never asked, is passed over."""
    asked = set(header.matrix.cells())
    for line in lines:
        try:
            row = Row.model_validate(orjson.loads(line))
        except (ValueError, ValidationError, RecursionError):
            continue
        if row.run.cell in asked and row.number <= header.matrix.fixtures[row.fixture].runs:
            yield row
