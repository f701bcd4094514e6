"""Which session was forked from which, and where: found in the logs without reading the rest of them.

Invariant: nothing here changes a session; a log that cannot be read has no place in the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import orjson

from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import read_own

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
            for line in _speaking(read_own(path)):
                if (fork := _fork(line)) is not None and fork.session == path.stem:
                    found[fork.session] = fork
    return found


def _speaking(data: bytes) -> Iterator[bytes]:
    """The lines of a log that speak of a fork; most logs have none, and to take them apart would cost all of them."""
    at = data.find(_MARK)
    while at >= 0:
        start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        end = end if end >= 0 else len(data)
        yield data[start:end]
        at = data.find(_MARK, end)


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
