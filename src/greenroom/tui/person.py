"""Who sits at this screen, and how that is known."""

from __future__ import annotations

import getpass

ESTABLISHED = "local terminal"


def person() -> str:
    """The name the operating system has."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
