"""The second guard, at the last line before the terminal: what is painted holds no character a terminal would obey.

Invariant: every strip that leaves `GuardedApp` has only printable text and no terminal link, whichever widget drew it
and whatever it was given. The first guard is `core.inert`, where text becomes content; this one does not trust it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, InlineUpdate, LayoutUpdate
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip

from greenroom.tui.frame.first_look import VARIABLE_DEFAULTS

R = TypeVar("R")

INTERNAL = 70
"""The exit code of an error that is Greenroom's own (as on the command line)."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def safe_text(text: str) -> str:
    """Text with every control, bidi, tag and surrogate code point replaced by one visible cell."""
    if text.isascii() and text.isprintable():
        return text
    return _OBEYED.sub(REPLACEMENT, text)


def safe_strip(strip: Strip) -> Strip:
    """The strip itself where it is safe, else one of the same width without what a terminal would obey."""
    for text, style, control in strip:
        if control or (style is not None and style.link) or not _is_safe(text):
            return _cleaned(strip)
    return strip


class GuardedApp(App[R], Generic[R]):
    """An app whose every painted strip passes the guard. `blocked` counts the strips that had to be cleaned."""

    blocked = 0
    _words = ""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Values of our own variables until a theme gives them."""
        return dict(VARIABLE_DEFAULTS)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Clean the update and hand it on; anything but a compositor's update is not painted at all."""
        match renderable:
            case LayoutUpdate():
                lines: list[Iterable[Strip]] = [[self._guard(strip) for strip in line] for line in renderable.strips]
                super()._display(screen, LayoutUpdate(lines, renderable.region))
            case ChopsUpdate():
                chops: list[Mapping[int, Strip | None]] = [
                    {x: None if strip is None else self._guard(strip) for x, strip in line.items()}
                    for line in renderable.chops
                ]
                super()._display(screen, ChopsUpdate(chops, renderable.spans, renderable.chop_ends))
            case InlineUpdate():
                strips = [self._guard(strip) for strip in renderable.strips]
                super()._display(screen, InlineUpdate(strips, renderable.clear))
            case CompositorUpdate() | None:
                super()._display(screen, None)
            case _:
                super()._display(screen, None)

    def _guard(self, strip: Strip) -> Strip:
        safe = safe_strip(strip)
        if safe is not strip:
            self.blocked += 1
        return safe

    def survives(self, error: Exception) -> bool:
        """Whether the app goes on after a handler of its own failed; it has told the person then."""
        return False

    async def _dispatch_message(self, message: Message) -> None:
        """The one door of the app's own handlers, timers and keys."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not self.survives(error):
                raise

    def last_words(self, error: BaseException | None) -> str:
        """The one line that is printed where the app could not go on; an error's own words may be a customer's."""
        return f"the screen failed ({type(error).__name__})"

    def _handle_exception(self, error: Exception) -> None:
        """End the app without Textual's report, which shows the values of variables."""
        self._return_code = INTERNAL
        if self._exception is None:
            self._words = self.last_words(error)
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Print what remains after the screen is gone with the same guard."""
        console = self.error_console
        if self._words:
            console.file.write(safe_text(self._words) + "\n")
            self._words = ""
        for renderable in self._exit_renderables:
            for line in console.render_lines(renderable, pad=False):
                console.file.write(safe_text("".join(segment.text for segment in line)).rstrip() + "\n")
        self._exit_renderables.clear()


def _is_safe(text: str) -> bool:
    return (text.isascii() and text.isprintable()) or _OBEYED.search(text) is None


def _cleaned(strip: Strip) -> Strip:
    """Same cells, harmless: a wide or narrow difference is evened out at the end of the line."""
    segments = [Segment(safe_text(text), _unlinked(style)) for text, style, _ in strip]
    return Strip(segments).adjust_cell_length(strip.cell_length)


def _unlinked(style: Style | None) -> Style | None:
    return style.update_link(None) if style is not None and style.link else style
