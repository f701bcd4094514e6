"""A digest of everything that happened, which a tape's header states: the last words of a recording, what they cost and
why somebody agreed are in no later prompt that would tell if they were edited.

Invariant: it guards against accidents, as the tape's last line does, and not against somebody who makes both anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from greenroom.core.canonical import digest
from greenroom.regression.tape.parts import part_name

if TYPE_CHECKING:
    from greenroom.regression.tape.tape import Line, Tape

SESSION = "session"
"""The component by this name."""


def session_digest(lines: Sequence[Line]) -> str:
    """Over the lines as a tape has them, whose keys have a fixed order: a canonical form would cost a replay too much."""
    return part_name(hashlib.sha256(orjson.dumps(lines)).hexdigest())


def recorded_digests(lines: Sequence[Line]) -> dict[str, str]:
    """Digests of the recorded world: `corpus` over the candidates, `memory` over what was recalled and not written,
    `session` over everything.
    """
    passages: list[str] = []
    memories: list[Line] = []
    written = set[object]()
    for line in lines:
        if "candidates" in line:
            passages.append(str(line["candidates"]))
        elif "memory" in line:
            memories.append(line)
        elif "write" in line:
            written.add(line["write"])
    recalled = sorted(
        [str(line["segment"]), str(line.get("key", "")), str(line["text"])]
        for line in memories
        if line["memory"] not in written
    )
    return {
        "corpus": part_name(digest(passages)),
        "memory": part_name(digest(recalled)),
        SESSION: session_digest(lines),
    }


def broken_seal(tape: Tape) -> str:
    """`the recorded session is not what the header says`, or ''; a header that states no such digest is content."""
    stated = tape.digests.get(SESSION, "")
    return "the recorded session is not what the header says" if stated not in ("", session_digest(tape.events)) else ""
