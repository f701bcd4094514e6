"""What happened to a tape that cannot be read, where its bytes show it: a merge, changed line ends, a line that is cut.

Invariant: looked at only where reading failed already; a tape that can be read is never called damaged here.
"""

from __future__ import annotations

import orjson

from greenroom.core.errors import FileInvalid

_CONFLICT = (b"<<<<<<< ", b"=======", b"||||||| ", b">>>>>>> ")
_VERSION, _CHANGED = "tape.version", "tape.tampered"


def told_better(data: bytes, file: str, error: FileInvalid) -> FileInvalid:
    """The same refusal in the words of its cause; `error` itself where no cause shows."""
    if error.code == _VERSION:
        return error
    rows = data.split(b"\n")
    found = _conflict(rows, file) or _line_ends(rows, file)
    return found or (_no_json(rows, file) if error.code == _CHANGED else None) or error


def _conflict(rows: list[bytes], file: str) -> FileInvalid | None:
    at = next((at for at, row in enumerate(rows, 1) if row.startswith(_CONFLICT)), 0)
    if not at:
        return None
    return FileInvalid(
        "a merge conflict was left in it; a tape is made whole and cannot be merged by lines",
        where=f"{file}:{at}",
        hint="take one side whole (git checkout --ours or --theirs), or export the session again",
        code="tape.malformed",
    )


def _line_ends(rows: list[bytes], file: str) -> FileInvalid | None:
    at = next((at for at, row in enumerate(rows, 1) if row.endswith(b"\r")), 0)
    if not at:
        return None
    return FileInvalid(
        "its line ends were changed to CRLF after it was recorded; nothing else has to be wrong with it",
        where=f"{file}:{at}",
        hint="write '*.tape.jsonl -text' into .gitattributes, and check it out again",
        code="tape.tampered",
    )


def _no_json(rows: list[bytes], file: str) -> FileInvalid | None:
    """The first line that is none of JSON: cut short, or written into."""
    last = len(rows) - 1 if not rows[-1] else len(rows)
    for at, row in enumerate(rows[:last], 1):
        try:
            orjson.loads(row)
        except orjson.JSONDecodeError as problem:
            return FileInvalid(
                f"not a line of JSON from its column {problem.colno} on",
                where=f"{file}:{at}",
                hint="restore it from git, or export the session again",
                code="tape.malformed",
            )
    return None
