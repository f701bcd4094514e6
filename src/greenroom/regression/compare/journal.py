"""What a comparison was asked, and which session each of its runs is, in `.greenroom/compare/<name>.jsonl`.

Invariant: a row is on the disk before the next run is paid for. No words of a conversation are kept here: they are in the
sessions' own logs. One process at a time goes on with a comparison.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

import orjson
from pydantic import Field

from greenroom.core.errors import DiskFailed, FileInvalid, UsageError
from greenroom.core.values import Frozen
from greenroom.regression.suite import rows_file
from greenroom.workspace.own_file import read_own, write_own

FOLDER = "compare"
MOST_RUNS = 100_000
_KEY_BYTES = 32
_NOUN = "comparison"
Outcome = Literal["done", "error", "cut"]
"""A run that was carried to its end; one that a model, tool or disk kept from it; one that the budget ended."""


class Combination(Frozen):
    """What an input is said to. `persona`, `model` and `policy` are the words it was asked for with, '' for what is usual.

    `label` is the persona with its version, `name` the model's full name, `digests` the components as they were.
    """

    persona: str
    model: str = ""
    policy: str = ""
    label: str = ""
    name: str = ""
    digests: dict[str, str] = Field(default_factory=dict)

    @property
    def shown(self) -> str:
        """`aria@1.2.0 on scripted/helpdesk with strict.toml`."""
        return f"{self.label} on {self.name}{f' with {Path(self.policy).name}' if self.policy else ''}"


class Run(NamedTuple):
    """One run: the number of the input, the place of the combination, and which of its repeats, from 1."""

    input: int
    combination: int
    repeat: int


class Header(Frozen):
    """The first line. `file` is where the inputs are, `inputs` what is kept of each by number: see `same_inputs`."""

    v: Literal[1, 2] = 2
    name: str
    at: str
    file: str
    inputs: tuple[str, ...]
    combinations: tuple[Combination, ...]
    repeat: int = Field(default=1, ge=1)
    approve: Literal["deny", "policy"] = "deny"
    usd: float | None = None

    def runs(self) -> Iterator[Run]:
        """Every run; the first repeat of everything before the second of anything, so that a part compares evenly."""
        for repeat in range(1, self.repeat + 1):
            for number in range(1, len(self.inputs) + 1):
                for place in range(len(self.combinations)):
                    yield Run(number, place, repeat)


class Row(Frozen):
    """One run that ended, and the session it is. `line` says what was in its way."""

    input: int
    combination: int
    repeat: int
    outcome: Outcome
    session: str = ""
    line: str = ""
    at: str
    micro_usd: int = Field(default=0, ge=0)

    @property
    def run(self) -> Run:
        return Run(self.input, self.combination, self.repeat)


class Journal(rows_file.Held[Header, Row]):
    """One comparison's journal, held for as long as it runs: `with Journal.begin(...) as journal`."""

    @classmethod
    def begin(cls, state: Path, header: Header, key: str = "") -> Journal:
        """A new journal; with the `key` that its inputs are kept under.

        Raises:
            UsageError: the name is none, or taken; there is too much to run.
            DiskFailed: it cannot be written.
        """
        if len(header.inputs) * len(header.combinations) * header.repeat > MOST_RUNS:
            raise UsageError(f"more than {MOST_RUNS} runs", hint="fewer inputs or repeats", code="compare.size")
        path = rows_file.path_of(state / FOLDER, header.name, _NOUN)
        lock = rows_file.locked(path, _NOUN)
        try:
            if path.exists() or path.is_symlink():
                raise UsageError(
                    f"there is a comparison '{header.name}' already",
                    hint=f"greenroom compare --resume --name {header.name} goes on with it; or take another name",
                    code="comparison.name",
                )
            _keep(path, key)
            rows_file.append(path, header)
        except BaseException:
            lock.release()
            raise
        return cls(path, header, (), lock)

    @classmethod
    def resume(cls, state: Path, name: str = "") -> Journal:
        """The journal of a comparison that is to go on: the latest one, or that of a name.

        Raises:
            UsageError: there is none, or another process goes on with it.
            FileInvalid: it cannot be read.
        """
        known = rows_file.names(state / FOLDER)
        if not name and known:
            name = max(known, key=lambda one: rows_file.path_of(state / FOLDER, one, _NOUN).stat().st_mtime_ns)
        if name not in known:
            said = f"there is no comparison '{name}'" if name else "there is no comparison to go on with"
            hint = f"there are: {', '.join(known[-5:])}" if known else ""
            raise UsageError(said, hint=hint, code="comparison.name")
        path = rows_file.path_of(state / FOLDER, name, _NOUN)
        lock = rows_file.locked(path, _NOUN)
        try:
            return cls(path, *read(path), lock)
        except BaseException:
            lock.release()
            raise

    def key(self) -> str:
        """The key that its inputs are kept under, '' where it is gone or is none."""
        try:
            text = read_own(_key_of(self._path)).decode("ascii").strip()
            return text if len(a2b_base64(text, strict_mode=True)) == _KEY_BYTES else ""
        except (OSError, ValueError):  # what is no base64 or no ASCII is a ValueError
            return ""

    def forget_key(self) -> None:
        """Nothing is missing: what is kept of the inputs says nothing any more."""
        with suppress(OSError):
            _key_of(self._path).unlink()

    def begin_again(self, header: Header, key: str) -> None:
        """Put another first line in the place of this one, whole or not at all.

        Raises:
            DiskFailed: it could not be written.
        """
        _keep(self._path, key)
        try:
            rest = read_own(self._path).partition(b"\n")[2]
            write_own(self._path, rows_file.written(header) + rest)
        except OSError as error:
            raise DiskFailed(f"could not write {self._path.name}: {error.strerror or error}") from None
        self.header = header

    def missing(self) -> list[Run]:
        """The runs that were not carried to their end, in the order they are to be made."""
        done = {row.run for row in self.rows if row.outcome == "done"}
        return [run for run in self.header.runs() if run not in done]

    def settled(self) -> dict[Run, Row]:
        """What each run came to last; a run that was done stays done."""
        found: dict[Run, Row] = {}
        for row in self.rows:
            if row.run not in found or found[row.run].outcome != "done":
                found[row.run] = row
        return found


def _key_of(path: Path) -> Path:
    return path.with_suffix(".key")


def _keep(path: Path, key: str) -> None:
    """Put a key down beside its journal, before anything is kept under it."""
    if not key:
        return
    try:
        write_own(_key_of(path), key.encode("ascii"))
    except OSError as error:
        raise DiskFailed(f"could not write {_key_of(path).name}: {error.strerror or error}") from None


def read(path: Path) -> tuple[Header, tuple[Row, ...]]:
    """A journal's header and rows.

    Raises:
        FileInvalid: it cannot be read, or does not begin with a header.
    """
    first, rest = rows_file.lines_of(path)
    try:
        header = Header.model_validate(orjson.loads(first))
    except (ValueError, RecursionError):
        raise FileInvalid(
            "does not say what was asked", where=f"{FOLDER}/{path.name}:1", hint="remove it, and begin again"
        ) from None
    return header, tuple(_rows(rest, set(header.runs())))


def _rows(lines: list[bytes], asked: set[Run]) -> Iterator[Row]:
    """What can be read and was asked for; a torn line is passed over."""
    for line in lines:
        try:
            row = Row.model_validate(orjson.loads(line))
        except (ValueError, RecursionError):
            continue
        if row.run in asked:
            yield row
