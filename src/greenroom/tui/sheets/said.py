"""What a sheet says over its rows: how far something is, or what is wrong, in up to three rows.

Invariant: what is said is harmless, and broken at words; where it is longer still its end is `…`.
"""

from __future__ import annotations

from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from greenroom.core.cut import at_word
from greenroom.core.inert import inert_line
from greenroom.tui.text.wrapping import wrap

MOST_ROWS = 3


class Said(Static):
    """One row while nothing is said or little, and as many as it takes up to three."""

    DEFAULT_CSS = """
    Said { height: auto; min-height: 1; max-height: 3; padding: 0 1; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; }
    Said.-bad { color: $error; }
    """

    class Grown(Message):
        """It takes more rows than before, or fewer."""

    def __init__(self, id: str) -> None:
        super().__init__(markup=False, id=id)
        self.said = ""
        self.taken = 1

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say this instead of what was said; '' says nothing."""
        self.said = inert_line(" ".join(text.split()))
        self.set_class(bad, "-bad")
        self._show()

    def on_resize(self, event: Resize) -> None:
        """Broken anew for another width."""
        self._show()

    def _show(self) -> None:
        rows = in_rows(self.said, self.content_region.width or self.size.width)
        self.update(Content("\n".join(rows)))
        taken = max(len(rows), 1)
        if taken != self.taken:
            self.taken = taken
            self.post_message(self.Grown())


def in_rows(text: str, width: int) -> list[str]:
    """`text` in at most `MOST_ROWS` rows of so many cells; nothing is broken where no width is known yet."""
    if not text or width < 1:
        return [text] if text else []
    rows = wrap(text, width)
    if len(rows) <= MOST_ROWS:
        return rows
    return [*rows[: MOST_ROWS - 1], at_word(" ".join(rows[MOST_ROWS - 1 :]), width)]
