"""Where a person writes: several lines, enter sends, nothing that arrives meanwhile takes the draft or the cursor.

Invariant: only enter pressed here sends. Pasted text is inserted whole and never submits, and a text sent is in the
history before it leaves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from greenroom.core.inert import inert, inert_line
from greenroom.tui.sheets.editor import edit

MAX_ROWS = 6
LIMIT = 200_000
"""Characters a draft may have; a longer paste is cut, and said to be."""
_TAKEN = {"ctrl+x", "super+x", "ctrl+y", "super+y", "up", "down"}
"""Keys of `TextArea` that mean something else here: a chord's first stroke, the answer to a card, the history."""


def _bindings() -> list[BindingType]:
    """The bindings of `TextArea` without the taken keys, and ours."""
    kept: list[BindingType] = []
    for binding in TextArea.BINDINGS:
        assert isinstance(binding, Binding)
        keys = [key for key in binding.key.split(",") if key not in _TAKEN]
        if keys:
            kept.append(Binding(",".join(keys), binding.action, binding.description, show=False))
    return [*kept, Binding("ctrl+shift+z,alt+z", "redo", "Redo", show=False, id="composer.redo")]


class Composer(TextArea, inherit_bindings=False):
    """A prompt with history. Grows from one to six rows."""

    DEFAULT_CSS = """
    Composer { height: auto; max-height: 8; min-height: 3; border: round $line; background: $background;
               padding: 0 1; scrollbar-size-vertical: 1; }
    Composer:focus { border: round $primary; background: $background; }
    Composer.-slim, Composer.-slim:focus { border: none; min-height: 1; max-height: 3; }
    Composer .text-area--cursor-line { background: transparent; }
    Composer .text-area--placeholder { color: $quiet; }
    """
    BINDINGS: ClassVar[list[BindingType]] = _bindings()

    @dataclass
    class Sent(Message):
        """The person sent a text; the composer is empty again."""

        text: str

    @dataclass
    class Chorded(Message):
        """`ctrl+x` was followed by a key that is not the composer's own."""

        key: str

    @dataclass
    class Refused(Message):
        """Something could not be done; `reason` is one line for the person."""

        reason: str

    def __init__(
        self,
        *,
        placeholder: str = "",
        history: Sequence[str] = (),
        editor: Callable[[], str] = lambda: "vi",
        id: str | None = None,
    ) -> None:
        """`history` is oldest first; `editor` says what command `$EDITOR` names, when it is wanted."""
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder=Content(inert_line(placeholder)),
            id=id,
        )
        self._history = list(history)
        self._recalled: int | None = None
        self._draft = ""
        self._chord = False
        self._editor = editor

    @property
    def past(self) -> Sequence[str]:
        """The texts sent, oldest first."""
        return self._history

    async def _on_key(self, event: events.Key) -> None:
        """Decide what a key means here before `TextArea` inserts it."""
        chord, self._chord = self._chord, False
        if chord:
            self._swallow(event)
            self._finish_chord(event.key)
        elif event.key == "ctrl+x":
            self._swallow(event)
            self._chord = True
        elif event.key in ("shift+enter", "ctrl+j", "alt+enter"):
            self._swallow(event)
            self.insert("\n")
        elif event.key == "enter":
            self._swallow(event)
            self.send()
        elif event.key in ("up", "down"):
            self._swallow(event)
            self._vertical(event.key)
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Insert a paste whole: its line ends are text."""
        self._swallow(event)
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        room = LIMIT - len(self.text)
        if len(text) > room:
            self.post_message(self.Refused(f"The paste was cut to {LIMIT} characters."))
        self.replace(text[:room], *self.selection)

    @staticmethod
    def _swallow(event: events.Event) -> None:
        event.stop()
        event.prevent_default()

    def _finish_chord(self, key: str) -> None:
        if key == "ctrl+e":
            self.edit_outside()
        else:
            self.post_message(self.Chorded(key))

    def _vertical(self, key: str) -> None:
        """Up and down move the cursor, and at the edges go through the history."""
        if self._at_edge(key):
            self._recall(-1 if key == "up" else 1)
        elif key == "up":
            self.action_cursor_up()
        else:
            self.action_cursor_down()

    def _at_edge(self, key: str) -> bool:
        """Whether the cursor is on the first or last row as wrapped on screen."""
        first, last = 0, self.wrapped_document.height - 1
        row = self.wrapped_document.location_to_offset(self.cursor_location).y
        return row == (first if key == "up" else last)

    def send(self) -> None:
        """Send the draft; white space alone is not sent."""
        text = self.text
        if not text.strip():
            return
        if not self._history or self._history[-1] != text:
            self._history.append(text)
        self._recalled = None
        self.clear()
        self.post_message(self.Sent(text))

    def put(self, text: str) -> None:
        """Replace the draft, the cursor at its end."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    def _recall(self, step: int) -> None:
        """Go through what was sent; beyond the newest is the draft again."""
        if self._recalled is None:
            if step > 0 or not self._history:
                self.move_cursor(self.document.end if step > 0 else (0, 0))
                return
            self._draft, self._recalled = self.text, len(self._history)
        place = max(0, self._recalled + step)
        if place >= len(self._history):
            self._recalled = None
            self.put(self._draft)
        else:
            self._recalled = place
            self.put(self._history[place])

    def edit_outside(self) -> None:
        """Edit the draft in `$EDITOR`, the screen given up meanwhile."""
        try:
            with self.app.suspend():
                text = _edited(self._editor(), self.text)
        except Exception as error:  # noqa: BLE001  no editor, no terminal to give up, a full disk: the draft stays
            self.post_message(self.Refused(f"The editor could not be used: {inert_line(str(error), 120)}"))
            return
        self.put(text[:LIMIT])


def _edited(command: str, text: str) -> str:
    """What an editor made of a text, without the newline editors put at the end.

    Raises:
        OSError: the editor cannot be started, or the file cannot be written or read.
        subprocess.CalledProcessError: it ended with an error.
    """
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        path = Path(folder) / "draft.md"
        path.write_text(inert(text), encoding="utf-8")
        edit(command, path)
        return path.read_text(encoding="utf-8").removesuffix("\n")
