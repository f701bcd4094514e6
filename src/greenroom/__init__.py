"""Greenroom: a terminal workbench for production-grade AI personas. Importing it stays free of heavy modules."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "open_workspace": "greenroom.assembly",
    "open_session": "greenroom.assembly",
    "GreenroomError": "greenroom.core.errors",
}


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use, so that `import greenroom` costs nothing."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'greenroom' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
