"""Markdown source cut into blocks that can be rendered one by one, while it is still arriving.

Invariant: the blocks depend on the whole text only, never on how it was cut into pieces; joined in order they hold
every character of it but blank lines and repeated fence lines. No block grows without bound, save a table.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONG = 2_400
"""Characters after which a list or code block is continued in the next block."""
ENDLESS = 6_000
"""Characters after which a paragraph, or one line of it, is cut at a space."""

_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})([^`]*)$")
_ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s|$)")


class Block(NamedTuple):
    """A piece of Markdown. `gap` asks for a blank row before it; a continued block has none."""

    source: str
    gap: bool = True


class BlockSplitter:
    """Takes text as it arrives; gives each block back once nothing that follows can change it."""

    def __init__(self) -> None:
        self._partial = ""
        self._open: list[str] = []
        self._size = 0
        self._fence = ""
        self._fence_line = ""
        self._blank = False
        self._continued = False
        self._settled: list[Block] = []

    @property
    def rest(self) -> str:
        """What has arrived and is not settled yet."""
        return "\n".join([*self._open, self._partial]) if self._open else self._partial

    @property
    def rest_gap(self) -> bool:
        """Whether the rest starts a block of its own, with a blank row before it."""
        return not self._continued

    def feed(self, piece: str) -> list[Block]:
        """Take the next piece and return the blocks it settled."""
        *lines, self._partial = (self._partial + piece).split("\n")
        for line in lines:
            self._line(line)
        self._cut_partial()
        return self._take()

    def finish(self) -> list[Block]:
        """The text is over: settle what is left."""
        if self._partial:
            line, self._partial = self._partial, ""
            self._line(line)
        self._flush()
        return self._take()

    def _take(self) -> list[Block]:
        settled, self._settled = self._settled, []
        return settled

    def _line(self, line: str) -> None:
        if self._fence:
            self._in_fence(line)
            return
        line = self._cut(line)
        if not line.strip():
            self._blank_line()
            return
        is_list = bool(self._open) and bool(_ITEM.match(self._open[0]))
        if self._blank and not (is_list and (line.startswith(("  ", "\t")) or _ITEM.match(line))):
            self._flush()
            is_list = False
        self._blank = False
        fence = _FENCE.match(line)
        if fence and not (is_list and fence.group(1)):
            self._flush()
            self._fence, self._fence_line = fence.group(2), line
            self._push(line)
        elif _HEADING.match(line):
            self._flush()
            self._push(line)
            self._flush()
        else:
            self._continue(line, is_list=is_list)

    def _continue(self, line: str, *, is_list: bool) -> None:
        """A line of the open paragraph, list or table."""
        if is_list:
            full = self._size > LONG and line[0] != " " and bool(_ITEM.match(line))
        else:
            full = self._size > ENDLESS and not self._open[0].lstrip().startswith("|")
        if full:
            self._flush(continued=True)
        self._push(line)

    def _in_fence(self, line: str) -> None:
        self._push(line)
        closing = line.strip()
        if closing.startswith(self._fence) and not closing.strip(self._fence[0]):
            self._fence = ""
            self._flush()
        elif self._size > LONG:
            self._push(self._fence)
            self._flush(continued=True)
            self._push(self._fence_line)

    def _blank_line(self) -> None:
        if not self._open:
            return
        if _ITEM.match(self._open[0]):
            self._push("")
            self._blank = True
        else:
            self._flush()

    def _push(self, line: str) -> None:
        self._open.append(line)
        self._size += len(line) + 1

    def _flush(self, *, continued: bool = False) -> None:
        if source := "\n".join(self._open).strip("\n"):
            self._settled.append(Block(source, not self._continued))
            self._continued = continued
        self._open = []
        self._size = 0
        self._blank = False
        if not continued:
            self._continued = False

    def _cut_partial(self) -> None:
        if not self._fence:
            self._partial = self._cut(self._partial)

    def _cut(self, line: str) -> str:
        """Settle the head of an endless line; only whole windows are cut, so the way it arrived does not matter."""
        while len(line) > ENDLESS:
            place = line.rfind(" ", 1, ENDLESS) + 1 or ENDLESS
            self._cut_off(line[:place])
            line = line[place:]
        return line

    def _cut_off(self, head: str) -> None:
        if self._blank:
            self._flush()
        self._push(head.rstrip(" "))
        self._flush(continued=True)


def split_blocks(text: str) -> list[Block]:
    """The blocks of a whole text."""
    splitter = BlockSplitter()
    return splitter.feed(text) + splitter.finish()


def code_blocks(text: str) -> list[str]:
    """The contents of the fenced code blocks of a text, in order."""
    found: list[str] = []
    fence, lines = "", list[str]()
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                found.append("\n".join(lines))
                fence = ""
            else:
                lines.append(line)
        elif mark:
            fence, lines = mark.group(2), []
    return [*found, "\n".join(lines)] if fence else found
