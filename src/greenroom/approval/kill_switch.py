"""The kill switch of a workspace: the file `.greenroom/stop.json`, which every session of it looks at.

Invariant: what cannot be read stops everything. A stop holds from the moment its file is written, and only lifting it,
by somebody and for a reason that the ledger has, ends it.
"""

from __future__ import annotations

import os
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import DiskFailed, GreenroomError, UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Frozen, Stop, StopScope
from greenroom.detectors import Masks, mask_all
from greenroom.ledger.ledger import Ledger
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import read_own, write_own

STOP_FILE = "stop.json"
MOST_STOPS = 1_000
_LOCK_SECONDS = 5.0
_LARGEST = 1_000_000
_LONGEST_NAME = 1_000
"""Characters of a target or a person that the ledger has; the stop itself is by all of them."""
_PRIVATE = ("personal.card", "personal.iban")
_EMPTY = Stop(scope="everything", reason="the file stop.json is there and empty")


class StopFile(Frozen):
    """What the file holds (schema stop/1)."""

    schema_: Literal["stop/1"] = Field(alias="schema")
    stops: tuple[Stop, ...] = Field(default=(), max_length=MOST_STOPS)


class KillSwitch:
    """A `Brake` that people press and lift from the screen, from another process, or by making the file by hand."""

    def __init__(self, workspace: Workspace, clock: Clock | None = None) -> None:
        self._workspace = workspace
        self._clock = clock or SystemClock()
        self._path = workspace.state / STOP_FILE
        self._lock = FileLock(workspace.state / "stop.lock", mode=0o600, timeout=_LOCK_SECONDS)
        self._known: tuple[tuple[int, ...], tuple[Stop, ...]] | None = None

    def stops(self) -> tuple[Stop, ...]:
        """What is stopped now; one `stat` as long as the file stays the same. Never raises.

        A file that is empty, malformed or not to be read is one stop of everything, with the reason.
        """
        try:
            found = os.lstat(self._path)
        except FileNotFoundError:
            return ()
        except OSError as error:
            return (_unreadable(error),)
        mark = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if self._known is None or self._known[0] != mark:
            try:
                self._known = (mark, _parsed(read_own(self._path)))
            except FileNotFoundError:
                return ()
            except OSError as error:  # not remembered: it may be readable the next time
                return (_unreadable(error),)
        return self._known[1]

    def press(self, stop: Stop) -> tuple[Stop, ...]:
        """Stop something from here on; what is stopped already stays so. Returns all stops in force.

        If the stop cannot be written as it is, everything is stopped instead. Secrets and card numbers in the reason
        are masked, here and when lifting.

        Raises:
            DiskFailed: not even that could be done, or the stop holds but the ledger could not record it.
        """
        stop = stop.model_copy(update={"reason": _masked(stop.reason)})
        if not self._path.is_symlink():  # a link in place of the file stops everything, and is replaced here
            self._workspace.make_state()
        try:
            with self._lock:
                others = tuple(one for one in self.stops() if (one.scope, one.target) != (stop.scope, stop.target))
                self._write(StopFile(schema="stop/1", stops=(*others, stop)))
        except (OSError, Timeout, ValidationError):
            self._stop_everything()
        try:
            self._ledger("stop_pressed", stop, stop.by, stop.reason)
        except GreenroomError as error:
            raise DiskFailed(
                f"the stop is in force, but the ledger could not record it: {error.message}", hint=error.hint
            ) from None
        return self.stops()

    def lift(self, scope: StopScope | Literal["all"], target: str = "", *, by: str, reason: str) -> tuple[Stop, ...]:
        """End the stops of this scope and target, or with "all" every one; the ledger has it before it counts.

        A file that could not be read counts as a stop of everything; lifting that, or all, takes the file away.

        Raises:
            UsageError: without a reason, or nothing of the kind is stopped.
            DiskFailed: the ledger or the file could not be written; the stop holds.
        """
        if not reason.strip():
            raise UsageError(
                "lifting a stop needs a reason", hint="--reason 'the order is put right'", code="stop.reason"
            )
        try:
            with self._lock:
                now = self.stops()
                lifted = tuple(one for one in now if scope == "all" or (one.scope, one.target) == (scope, target))
                if not lifted:
                    raise UsageError(
                        f"no such stop is in force: {spoken(scope, target)}",
                        hint="greenroom stop --list",
                        code="stop.none",
                    )
                for one in lifted:
                    self._ledger("stop_lifted", one, by, _masked(reason))
                self._keep(tuple(one for one in now if one not in lifted))
        except Timeout:
            raise DiskFailed("another process holds the lock of the kill switch", hint="try again") from None
        except OSError as error:
            raise DiskFailed(f"could not write {STOP_FILE}: {error.strerror or error}; the stop holds") from None
        return lifted

    def _ledger(self, kind: Literal["stop_pressed", "stop_lifted"], stop: Stop, by: str, reason: str) -> None:
        ledger = Ledger.of(self._workspace, self._clock)
        ledger.note(kind, scope=stop.scope, target=stop.target[:_LONGEST_NAME], by=by[:_LONGEST_NAME], reason=reason)

    def _keep(self, stops: tuple[Stop, ...]) -> None:
        if stops:
            self._write(StopFile(schema="stop/1", stops=stops))
        elif self._path.is_dir() and not self._path.is_symlink():
            self._path.rmdir()
        else:
            self._path.unlink(missing_ok=True)

    def _write(self, file: StopFile) -> None:
        write_own(self._path, file.model_dump_json(by_alias=True, indent=1).encode())

    def _stop_everything(self) -> None:
        """The last resort: an empty file needs no room on a full disk and no lock that somebody holds."""
        try:
            write_own(self._path, b"")
        except OSError as error:
            if any(one.scope == "everything" for one in self.stops()):  # by what stands there instead of the file
                return
            raise DiskFailed(
                f"the stop could not be written: {error.strerror or error}",
                hint=f"touch {self._path}, or end the processes",
            ) from None


def spoken(scope: StopScope | Literal["all"], target: str) -> str:
    """`everything`, or `tool orders.refund`."""
    return f"{scope} {target}".rstrip()


def lifted_line(stop: Stop, by: str, reason: str) -> str:
    """`lifted: tool orders.refund (by mara: the order is put right)`."""
    return inert_line(f"lifted: {spoken(stop.scope, stop.target)} (by {by}: {_masked(reason)})", 400)


def _masked(reason: str) -> str:
    """A person's words as they may be kept outside any session, where no policy is loaded."""
    masked = mask_all({"text": reason}, lambda kind: kind.startswith("secret.") or kind in _PRIVATE, Masks())
    return str(masked["text"])


def _unreadable(error: OSError) -> Stop:
    return Stop(scope="everything", reason=f"stop.json cannot be read: {error.strerror or error}")


def _parsed(data: bytes) -> tuple[Stop, ...]:
    if not data.strip():
        return (_EMPTY,)
    try:
        if len(data) > _LARGEST:
            raise ValueError
        return StopFile.model_validate_json(data).stops
    except ValueError:  # what pydantic raises is one
        return (Stop(scope="everything", reason="stop.json is malformed"),)
