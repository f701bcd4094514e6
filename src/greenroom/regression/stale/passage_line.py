"""The line of a document at which it says something else than a recorded passage that came from it.

Invariant: a line of the document as it is, or 0 where nobody can tell; a long document is not searched for what is nearly
alike.
"""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches

_MOST_LINES = 3_000
_ALIKE = 0.6


def line_of_change(passage: str, document: str) -> int:
    """From 1. The lines that both have say where the passage stood; a passage without any by its most similar line."""
    recorded, today = passage.splitlines(), document.splitlines()
    if not recorded or not today or len(today) > _MOST_LINES:
        return 0
    same = SequenceMatcher(None, recorded, today, autojunk=False).find_longest_match()
    if not same.size or not any(line.strip() for line in recorded[same.a : same.a + same.size]):
        near = get_close_matches(recorded[0], today, 1, _ALIKE)
        return today.index(near[0]) + 1 if near else 0
    if same.a + same.size < len(recorded):  # what comes after those lines is other
        return min(same.b + same.size, len(today) - 1) + 1
    return max(same.b, 1)
