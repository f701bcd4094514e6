"""What pytest shows of a fixture that did not pass: in its failures, in one line of its summary, in its JUnit file.

Invariant: nothing of Greenroom is imported here; no text of a fixture can act as a command of a build server.
"""

from __future__ import annotations

from typing import Any

from greenroom.pytest_plugin.place import CASE, TAPE, place_of, placed_line, placed_rows_of
from greenroom.pytest_plugin.told import Told, harmless

_SIGNS = {"- ": "red", "+ ": "green"}


class FailureText:
    """The words in place of a traceback."""

    def __init__(self, told: Told) -> None:
        self.kind = told["kind"]
        self.rows = _rows(told)
        self.reprcrash = Crash(*place_of(told), harmless(f"{told['kind']}: {placed_line(told, told['line'])}"))

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
    rest = [one for row in detail.splitlines() for one in placed_rows_of(told, _whole(row, told["reasons"]))]
    text = harmless("\n".join([*_first(told), *rest]))
    rows = [row for row in text.splitlines() if row.strip()]
    if told["kind"] == "failed":
        case, line = place_of(told)
        at = f":{line}" if case.endswith(CASE) else ""
        rows.append(f"expected in {told['shown'].removesuffix(TAPE)}{CASE}{at}")
    return [*rows, f"{told['shown']}:{told['tape_line']}"]


def _first(told: Told) -> list[str]:
    """What it is, and of several causes for which it is stale the first: the others stand below."""
    if told["kind"] == "stale" and told["changed"]:
        return placed_rows_of(told, f"stale: {told['changed'][0]}")
    return [f"{told['kind']}: {placed_line(told, _whole(told['line'], told['reasons']))}"]


def _whole(row: str, reasons: list[str]) -> str:
    """A row that was cut for a line, as the reason it is the beginning of."""
    if not row.endswith("…"):
        return row
    begun = row.removesuffix("…").rstrip()
    return next((reason for reason in reasons if reason.startswith(begun) and len(reason) > len(row)), row)
