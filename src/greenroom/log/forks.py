"""Which session was forked from which, and where: found in the logs without reading the rest of them.

Invariant: nothing here changes a session; a log that cannot be read has no place in the tree.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import orjson

from greenroom.workspace.layout import Workspace

_MARK = b'"session_forked"'


class Fork(NamedTuple):
    """`session` shares all records of `parent` up to number `at`, the one with `hash`."""

    session: str
    parent: str
    at: int
    hash: str
    made: str = ""
    """When, as a stamp."""


def forks(workspace: Workspace) -> dict[str, Fork]:
    """Every session of a workspace that was forked, with where it last parted."""
    found: dict[str, Fork] = {}
    for path in sorted(workspace.sessions.glob("*.jsonl")):
        with suppress(OSError):
            for line in path.read_bytes().splitlines():
                if _MARK in line and (fork := _fork(line)) is not None and fork.session == path.stem:
                    found[fork.session] = fork
    return found


def _fork(line: bytes) -> Fork | None:
    """The fork that a line of a log is about; a line that only speaks of one is none."""
    try:
        record = orjson.loads(line)
        event = record["event"]
        if event["kind"] != "session_forked":
            return None
        return Fork(
            str(event["session"]),
            str(event["parent"]),
            int(event["parent_seq"]),
            str(event["parent_hash"]),
            str(record["at"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
