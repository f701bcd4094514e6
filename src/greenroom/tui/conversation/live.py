"""A reply while it arrives: pieces in, parts out, with every settled block drawn only once.

Invariant: when the reply is over, the parts are those of the whole text; no piece is ever lost or shown raw.
"""

from __future__ import annotations

from greenroom.core.inert import inert
from greenroom.tui.conversation.entries import Entry, Kind, Part, parts_of, prose, tail
from greenroom.tui.conversation.markdown_blocks import Block, BlockSplitter


class LiveReply:
    """The streaming end of one entry. `take` only collects; `parts` does the work, so that many pieces cost as one."""

    def __init__(self, entry: Entry, previous: Kind | None) -> None:
        self.entry = entry
        self._head = parts_of(entry, previous)[:1]
        self._splitter = BlockSplitter()
        self._blocks: list[Block] = []
        self._waiting: list[str] = []
        self._text: list[str] = []
        if entry.text:
            self.take(entry.text)

    @property
    def text(self) -> str:
        """All that has arrived, as it arrived."""
        return "".join(self._text)

    @property
    def pending(self) -> bool:
        """Whether something arrived since `parts` was last asked."""
        return bool(self._waiting)

    def take(self, piece: str) -> None:
        """Keep a piece for the next look."""
        self._waiting.append(piece)
        self._text.append(piece)

    def parts(self) -> list[Part]:
        """The entry as it stands now: speaker, settled blocks, the open end as plain text."""
        piece = "".join(self._waiting)
        self._waiting = ["\r"] if piece.endswith("\r") else []
        safe = inert(piece[:-1] if self._waiting else piece)
        self._blocks.extend(self._splitter.feed(safe))
        gap = bool(self._blocks) and self._splitter.rest_gap
        rest = self._splitter.rest.lstrip("\n")
        return [*self._head, *prose(self._blocks, first_gap=False), tail(rest, gap=gap)]
