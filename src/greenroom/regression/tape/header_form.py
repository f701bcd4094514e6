"""The form of a tape's first line: what each key that it may have holds.

Invariant: a first line that is taken says which components governed, each by a text; one of another form is never read as
saying less than it does.
"""

from __future__ import annotations

from greenroom.core.inert import inert_line
from greenroom.core.values import Json

_TEXTS = ("persona", "model", "table", "turns", "context", "seal")


def wrong_form(header: dict[str, Json]) -> tuple[str, str] | None:
    """The first key whose value has another form than it must, and what that is; None if all have theirs."""
    for key in _TEXTS:
        if key in header and not isinstance(header[key], str):
            return f"'{key}'", "a text"
    own = header.get("own", [])
    if not (isinstance(own, list) and all(isinstance(part, str) for part in own)):
        return "'own'", "a list of names"
    digests = header.get("digests", {})
    if not isinstance(digests, dict):
        return "'digests'", "a table of components"
    for component, value in digests.items():
        if not isinstance(value, str):
            return f"'digests.{inert_line(component, 40)}'", "a digest"
    return None
