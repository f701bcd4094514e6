"""What the REPL prints: a session told as it happens, replies as they stream.

Invariant: every piece passes `inert` where it is written; a reply is shown once, and what policy released is always the last word.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from greenroom.commands.live.narrate import told
from greenroom.core.errors import GreenroomError
from greenroom.core.events import GatePaused, Record, ReplyGenerated, ReplyReleased, TurnStarted
from greenroom.core.inert import inert, inert_line
from greenroom.core.signals import Noted, Signal, TextArrived


class Out:
    """Writes to whatever stdout is at that moment, so that an open prompt can keep its place below."""

    def __init__(self, name: str) -> None:
        self._name = inert_line(name, 60)
        self._streamed = ""
        self._fresh_line = True

    def lines(self, lines: Iterable[str]) -> None:
        """Whole lines that are harmless already."""
        self._end_line()
        self._write("".join(f"{line}\n" for line in lines))

    def error(self, error: GreenroomError) -> None:
        """The one line of an error."""
        self.lines([f"! {inert_line(error.line())}"])

    def follow(self, item: Record | Signal) -> None:
        """Something happened in the session."""
        match item:
            case Record(event=ReplyReleased(text=text)):
                self._released(text)
            case Record(event=ReplyGenerated()):
                self._end_line()
            case Record(event=TurnStarted()):
                self._streamed = ""
            case Record(event=GatePaused()):
                self._end_line()  # what waits there is shown with the question
            case Record():
                said = told(item)
                if said is not None and said.voice == "aside":
                    self.lines([said.text])
            case TextArrived(text=text, reasoning=False):
                self._stream(text)
            case Noted(text=text, level=level):
                self.lines([f"  {level:<8} {inert_line(text)}"])
            case _:
                pass

    def _stream(self, text: str) -> None:
        if self._fresh_line:
            self._streamed = ""
            self._write(f"{self._name}: ")
        self._streamed += text
        # A return character that ends a piece may be half of a line end.
        self._write(inert(text.removesuffix("\r")))
        self._fresh_line = False

    def _released(self, text: str) -> None:
        """The reply as it may be read; printed unless exactly this has just been streamed."""
        self._end_line()
        if text.strip() != self._streamed.strip():
            self._write(f"{self._name}: {inert(text)}\n")
        self._streamed = ""

    def _end_line(self) -> None:
        if not self._fresh_line:
            self._write("\n")
            self._fresh_line = True

    def _write(self, text: str) -> None:
        sys.stdout.write(inert(text))
        sys.stdout.flush()
