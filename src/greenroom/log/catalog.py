"""The sessions of a workspace: found by id, listed, read and verified, without taking their locks.

Invariant: nothing here changes a session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import GreenroomError, LogDamaged, UsageError
from greenroom.core.events import Record, ToolStarted, TurnStarted
from greenroom.ledger.ledger import Ledger
from greenroom.log.audit import Audit, audit
from greenroom.log.chain import Anchors, Scan, Verified, read_log, verify, walk
from greenroom.log.codec import decode
from greenroom.log.file_log import read_records
from greenroom.log.summary import SessionSummary, by_family, summarise
from greenroom.workspace.layout import Workspace

Mark = tuple[int, int, int]
"""What tells a file that grew from one that did not: inode, bytes, nanoseconds."""

COMPARED = "cmp"
"""How the ids of sessions begin that a comparison made; those of a person's own begin with `s`."""
_LONGEST_NAME = 200
_TURN = f'"kind":"{TurnStarted.model_fields["kind"].default}"'.encode()
_NO_SESSION = "no such session"
"""A file that no session has: without an ending."""


def session_path(workspace: Workspace, name: str) -> Path:
    """Where the log of a session lies. A log may name another by words that are no session's: that one is never there."""
    plain = name == Path(name).name and "\0" not in name and len(name.encode()) <= _LONGEST_NAME
    return workspace.sessions / (f"{name}.jsonl" if plain else _NO_SESSION)


def sessions(workspace: Workspace, *, compared: bool = False) -> tuple[SessionSummary, ...]:
    """Every session of a workspace, newest first, each with its forks below it; those of comparisons only if `compared`.

    A damaged one is listed as such, and so is one whose file is gone.

    Raises:
        LogDamaged: the ledger itself is damaged.
    """
    if not workspace.sessions.is_dir():
        return ()
    anchors = Ledger(workspace.ledger, SystemClock()).all_anchors()
    wanted = [path for path in workspace.sessions.glob("*.jsonl") if compared or not _compared(path.stem)]
    found = [_summary(path, anchors.pop(path.stem, {})) for path in wanted]
    lost = {
        name: held
        for name, held in anchors.items()
        if not session_path(workspace, name).exists() and (compared or not _compared(name))
    }
    found += [SessionSummary(id=name, status=f"damaged: {_gone(held).message}") for name, held in lost.items()]
    return by_family(sorted(found, key=lambda one: one.started, reverse=True))


def compared(workspace: Workspace) -> int:
    """How many sessions of a workspace comparisons made."""
    return sum(1 for _ in workspace.sessions.glob(f"{COMPARED}*.jsonl"))


def _compared(session: str) -> bool:
    return session.startswith(COMPARED)


def session_id(workspace: Workspace, word: str) -> str:
    """The session a person means by an id, a unique prefix, or `last`: the latest in which something was said and that no
    comparison made.

    Raises:
        UsageError: none or several fit.
    """
    names = sorted(path.stem for path in workspace.sessions.glob("*.jsonl"))
    if word == "last" and names:
        return _last(workspace, [name for name in names if not _compared(name)] or names)
    fitting = [word] if word in names else [name for name in names if word and name.startswith(word)]
    if len(fitting) == 1:
        return fitting[0]
    said = f"several sessions begin with {word}" if fitting else f"there is no session {word}"
    raise UsageError(said, hint="greenroom session list shows them", code="session.unknown")


def _last(workspace: Workspace, names: Sequence[str]) -> str:
    """The one that was written to last of those in which something was said, as the list shows them; else of all."""
    latest = sorted(names, key=lambda name: _written(workspace, name), reverse=True)
    return next((name for name in latest if _said_in(session_path(workspace, name))), latest[0])


def _written(workspace: Workspace, name: str) -> int:
    try:
        return session_path(workspace, name).stat().st_mtime_ns
    except FileNotFoundError:  # erased meanwhile
        return 0


def _said_in(path: Path) -> bool:
    """Whether a turn began in a log, by its bytes: before one, no line holds words of anybody that could say so too."""
    with suppress(OSError):
        return _TURN in path.read_bytes()
    return False


def read_session(workspace: Workspace, session: str) -> list[Record]:
    """A session's records, verified against themselves and the ledger; takes no lock.

    Raises:
        UsageError: there is no such session.
        LogDamaged: it does not verify.
    """
    name = session_id(workspace, session)
    return read_records(session_path(workspace, name), Ledger(workspace.ledger, SystemClock()).anchors(name))


def verify_session(workspace: Workspace, session: str) -> Verified:
    """Check a session's chain, contents and anchors.

    Raises:
        UsageError: there is no such session.
        LogDamaged: what is wrong, with the line; also when the ledger knows a session whose file is gone.
    """
    name, anchors = _anchored(workspace, session, Ledger(workspace.ledger, SystemClock()).all_anchors())
    return verify(session_path(workspace, name), anchors)


def audit_session(workspace: Workspace, session: str, all_anchors: Mapping[str, Anchors]) -> Audit:
    """What a session proves, checked against the anchors of the ledger.

    Raises:
        UsageError: there is no such session.
        LogDamaged: as `verify_session`; also when a text is not the one that its digest names.
    """
    name, anchors = _anchored(workspace, session, all_anchors)
    return audit(session_path(workspace, name), anchors)


def unanchored(workspace: Workspace, all_anchors: Mapping[str, Anchors]) -> dict[str, str]:
    """The sessions that hold what is anchored as soon as it is written, and the ledger does not; with what it is.

    A session that does not verify is among them, with what is wrong with it. One that is being written meanwhile is
    held against the ledger of that moment.
    """
    paths = sorted(workspace.sessions.glob("*.jsonl"))
    first = {path: said for path in paths if (said := _unanchored(path, all_anchors))}
    ledger = Ledger(workspace.ledger, SystemClock())
    return {path.stem: said for path in first if (said := _unanchored(path, ledger.all_anchors()))}


def _unanchored(path: Path, all_anchors: Mapping[str, Anchors]) -> str:
    try:
        due = audit(path, all_anchors.get(path.stem, {})).due
    except FileNotFoundError:
        return ""
    except GreenroomError as error:
        return f"damaged: {error.message}"
    more = f" and {len(due) - 3} more" if len(due) > 3 else ""
    return f"{'; '.join(told.said for told in due[:3])}{more}"


def touched_on(workspace: Workspace, day: str, but: str = "") -> Iterator[tuple[Path, Mark]]:
    """The log of every session `but` one that was written to on a day (`2026-11-20`, UTC) or later, with its mark."""
    for path in sorted(workspace.sessions.glob("*.jsonl")):
        with suppress(FileNotFoundError):  # erased meanwhile
            found = path.stat()
            if path.stem != but and stamp(datetime.fromtimestamp(found.st_mtime, UTC)) >= day:
                yield path, (found.st_ino, found.st_size, found.st_mtime_ns)


def started_on(path: Path, day: str) -> tuple[ToolStarted, ...]:
    """Every tool call of a log that began on a day. Of a damaged one, what stands before the damage."""
    found: list[ToolStarted] = []
    with suppress(GreenroomError, FileNotFoundError):
        records = map(decode, walk(read_log(path), {}, Scan()))
        found.extend(r.event for r in records if isinstance(r.event, ToolStarted) and r.at.startswith(day))
    return tuple(found)


def _anchored(workspace: Workspace, session: str, all_anchors: Mapping[str, Anchors]) -> tuple[str, Anchors]:
    """The session a person means, with its anchors."""
    if (held := all_anchors.get(session)) and not session_path(workspace, session).exists():
        raise _gone(held)
    name = session_id(workspace, session)
    return name, all_anchors.get(name, {})


def _gone(held: Anchors) -> LogDamaged:
    return LogDamaged(f"its file is gone, the ledger anchors record {max(held)}", code="log.gone")


def _summary(path: Path, anchors: Anchors) -> SessionSummary:
    try:
        return summarise(path.stem, read_records(path, anchors))
    except GreenroomError as error:
        return SessionSummary(id=path.stem, status=f"damaged: {error.message}")
