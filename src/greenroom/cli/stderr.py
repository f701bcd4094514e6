"""The one place that writes to stderr: notes, questions and the one line of an error.

Invariant: every line passes `inert` first; colour only where a person looks and does not mind.
"""

from __future__ import annotations

import sys

_colour = True
_LONGEST = 2_000
"""Characters of an error line; a person's own words, echoed, can be of any length."""


def without_colour() -> None:
    """No colour from here on."""
    global _colour  # noqa: PLW0603  one process has one stderr
    _colour = False


def note(text: str) -> None:
    """A line, or several, beside the result."""
    from greenroom.core.inert import inert

    sys.stderr.write(inert(text) + "\n")
    sys.stderr.flush()


def prompt(text: str) -> None:
    """A question without a line end."""
    from greenroom.core.inert import inert

    sys.stderr.write(inert(text))
    sys.stderr.flush()


def error(line: str) -> None:
    """The one line of an error."""
    from greenroom.core.inert import inert_line

    name = "\x1b[31mgreenroom:\x1b[0m" if _colour and sys.stderr.isatty() else "greenroom:"
    sys.stderr.write(f"{name} {inert_line(line, _LONGEST)}\n")
    sys.stderr.flush()
