"""Whether what a tape says that a person put in at a gate has the form of that gate's edits.

Invariant: what fits can be replayed without an error; of a file that somebody else wrote nothing is taken for granted.
"""

from __future__ import annotations

from typing import get_args

from greenroom.core.values import Json, ToolResult
from greenroom.views.prompt.edited import result_of

_STATUSES = get_args(ToolResult.model_fields["status"].annotation)


def fits(gate: str, action: str, edit: Json) -> bool:
    """Whether an edit at this gate, or a simulated result, can be what `action` put in."""
    if action == "simulate" or gate == "result":
        return result_of(edit)[0] in _STATUSES
    if gate in ("input", "output"):
        return isinstance(edit, str)
    if gate == "tool":
        return isinstance(edit, dict)
    rows = edit if isinstance(edit, list) else [None]
    return all(_is_message(row) if gate == "prompt" else isinstance(row, dict) for row in rows)


def _is_message(row: Json) -> bool:
    if not isinstance(row, dict):
        return False
    place, text = (row.get("source"), row.get("at")), row.get("text")
    return isinstance(place[0], str) and isinstance(place[1], int) and (text is None or isinstance(text, str))
