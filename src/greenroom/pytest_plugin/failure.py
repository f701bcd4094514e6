"""What pytest shows of a fixture that did not pass: in its failures, in one line of its summary, in its JUnit file.

Invariant: nothing of Greenroom is imported here; no text of a fixture can act as a command of a build server.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from greenroom.pytest_plugin.told import Told, harmless
from greenroom.workspace.own_file import read_written

_TAPE, _CASE = ".tape.jsonl", ".case.toml"
_ASSERT = re.compile(r"assert\[([0-9]{1,4})\]")
_SIGNS = {"- ": "red", "+ ": "green"}


class FailureText:
    """The words in place of a traceback."""

    def __init__(self, told: Told) -> None:
        self.kind = told["kind"]
        self.rows = _rows(told)
        self.reprcrash = Crash(told["path"], told["tape_line"], harmless(f"{told['kind']}: {told['line']}"))

    def __str__(self) -> str:
        return "\n".join(self.rows)

    def toterminal(self, tw: Any) -> None:
        """Write it as pytest asks: the finding in bold, what went in red, what came in green."""
        for place, row in enumerate(self.rows):
            colour = _SIGNS.get(row[:2], "")
            tw.line(row, bold=place == 0, **({colour: True} if colour else {}))


class Crash:
    """The part of a failure that pytest's summary and JUnit file read."""

    def __init__(self, path: str, lineno: int, message: str) -> None:
        self.path = path
        self.lineno = lineno
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


def _rows(told: Told) -> list[str]:
    detail = told["detail"] if told["detail"] != told["line"] else ""
    text = harmless(f"{told['kind']}: {told['line']}\n{detail}")
    rows = [row for row in text.splitlines() if row.strip()]
    if told["kind"] == "failed":
        rows.append(f"expected in {told['shown'].removesuffix(_TAPE)}{_CASE}{_line_in_case(told)}")
    return [*rows, f"{told['shown']}:{told['tape_line']}"]


def _line_in_case(told: Told) -> str:
    """`:20`, the line at which the expectation that the failure names begins; '' where that cannot be told."""
    named = _ASSERT.match(told["line"])
    try:
        lines = read_written(Path(told["path"].removesuffix(_TAPE) + _CASE)).splitlines()
    except (OSError, ValueError):
        return ""
    begun = [number for number, line in enumerate(lines, 1) if line.startswith("[[assert]]")]
    return f":{begun[int(named[1])]}" if named and int(named[1]) < len(begun) else ""
