"""One line of text cut to a length at a word, with `…` for what was left out.

Invariant: what is returned is no longer than asked, and is the beginning of the text; what fits is as it was.
"""

from __future__ import annotations

MORE = "…"
_LEAST = 2
"""A word that takes more than this part of the room is cut within, or next to nothing would be left."""


def at_word(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, e.g. `status = "denied" }, verdict = {…`."""
    if len(text) <= limit:
        return text
    room = max(limit - len(MORE), 0)
    head = text[:room]
    if not text[room : room + 1].isspace() and (space := head.rfind(" ")) * _LEAST > room:
        head = head[:space]
    return f"{head.rstrip()}{MORE}"[: max(limit, 0)]
