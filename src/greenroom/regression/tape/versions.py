"""Tapes of earlier formats, read as tapes of today's: one step for each format, from it to the next.

Invariant: a step keeps one event for each event, so that every line stays where its file has it; what did not agree with
its header before does not agree with it after; what is written is always of today's format.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenroom.core.errors import FileInvalid
from greenroom.regression.tape.given_up import with_places
from greenroom.regression.tape.sealed import SESSION, session_digest

if TYPE_CHECKING:
    from greenroom.regression.tape.tape import Line

VERSION = 3
"""The format that is written. Whoever raises it adds the step from the one before to `UPGRADES`."""
SEALED_SINCE = 2
"""The first format whose header states its own seal."""

Step = Callable[["Line", "list[Line]"], "tuple[Line, list[Line]]"]
"""From header and events of one format to those of the next."""

UPGRADES: dict[int, Step] = {
    1: lambda header, events: (header, events),
    2: lambda header, events: (header, with_places(events)),
}
"""The steps by the format they start from."""


def require_known(version: int, file: str) -> None:
    """Nothing, if a tape of this format can be read.

    Raises:
        FileInvalid: it is of a later format, or of one that no step leads on from (`tape.version`).
    """
    if version == VERSION or (1 <= version < VERSION and all(one in UPGRADES for one in range(version, VERSION))):
        return
    hint = "upgrade Greenroom" if version > VERSION else "export the session again"
    raise FileInvalid(f"tape format {version} is not known here", where=f"{file}:1", hint=hint, code="tape.version")


def upgraded(version: int, header: Line, events: list[Line], file: str) -> tuple[Line, list[Line]]:
    """Header and events of a tape of an earlier format, as today's has them; its seal is made anew by whoever asked.

    Raises:
        FileInvalid: they are not what their own format has (`tape.malformed`).
    """
    before = events
    for one in range(version, VERSION):
        try:
            header, fresh = UPGRADES[one](header, events)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise FileInvalid(
                f"not a tape of format {one}, as it says",
                where=f"{file}:1",
                hint="restore it from git",
                code="tape.malformed",
            ) from None
        assert len(fresh) == len(events), "a step keeps every event in its place"
        events = fresh
    return (header if events == before else _of_these(header, before, events)), events


def _of_these(header: Line, before: list[Line], events: list[Line]) -> Line:
    """The header with the digest of the lines as they are now; one that was not that of the lines before stays wrong."""
    digests = header.get("digests")
    if not isinstance(digests, dict) or digests.get(SESSION) != session_digest(before):
        return header
    return {**header, "digests": {**digests, SESSION: session_digest(events)}}
