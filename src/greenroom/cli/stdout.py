"""The one place that writes to stdout: result lines, or JSON and nothing else.

Invariant: JSON is pure ASCII without DEL, so that no text in it can reach a terminal as a command.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from greenroom.core.errors import DiskFailed


def write_lines(lines: Iterable[str]) -> None:
    """Print result lines at once; their makers have made them harmless."""
    text = "".join(f"{line}\n" for line in lines)
    if text:
        _write(_encodable(text))


def write_json(value: Any, *, pretty: bool = False) -> None:
    """Print one JSON document, or one line of JSON Lines, at once."""
    _write(as_json(value, pretty=pretty) + "\n")


def as_json(value: Any, *, pretty: bool = False) -> str:
    """JSON as it may stand on a terminal."""
    text = json.dumps(value, ensure_ascii=True, indent=2 if pretty else None, default=str)
    return text.replace("\x7f", "\\u007f")


def close_quietly() -> None:
    """The reader of a pipe has gone: nothing more can be said, and Python must not complain about it at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())


def _write(text: str) -> None:
    """Write and flush.

    Raises:
        BrokenPipeError: the reader has gone.
        DiskFailed: what stdout leads to is full or broken.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        close_quietly()
        raise DiskFailed(
            f"could not write the result: {error.strerror or error}", hint="what was done is in the log all the same"
        ) from None


def _encodable(text: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
