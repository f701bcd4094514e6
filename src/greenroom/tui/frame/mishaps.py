"""What fails on the screen without ending it: the details go to the crash log, and a line stands where it was.

Invariant: no line repeats the words of an error, which may be a customer's; the same failure is kept and told once.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from greenroom.core.errors import GreenroomError
from greenroom.tui.conversation.entries import Entry

Work = Coroutine[object, object, None]
Failed = Callable[[str, Exception], Entry]
"""Makes the entry that stands in the place of what failed, from its name."""


def failed(what: str, error: Exception, place: str = "") -> Entry:
    """`The Policy pane cannot be shown (TypeError). Details: .greenroom/crash.log`."""
    details = f" Details: {place}" if place else ""
    text = f"{what[:1].upper()}{what[1:]} cannot be shown ({type(error).__name__}).{details}"
    return Entry(f"failed:{what}", "note", text=text, tone="bad")


class Mishaps:
    """The failures of one screen over the workspace at `root`. `tell` takes a line for the person."""

    def __init__(self, root: Path, tell: Callable[[str], None]) -> None:
        self._root = root
        self._tell = tell
        self._places: dict[tuple[str, str, int], str] = {}
        self.seen: list[Exception] = []

    def keep(self, error: Exception) -> tuple[str, bool]:
        """The crash log ('' if it cannot be written), and whether this failure is a new one."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ("", 0)
        key = (type(error).__name__, *where)
        fresh = key not in self._places
        if fresh:
            from greenroom.workspace.crash_log import keep

            self.seen.append(error)
            self._places[key] = keep(error, str(self._root))
        return self._places[key], fresh

    def entry(self, what: str, error: Exception) -> Entry:
        """What stands in the place of `what`."""
        return failed(what, error, self.keep(error)[0])

    def told(self, what: str, error: Exception) -> None:
        """Say once that `what` failed, and that the screen goes on."""
        place, fresh = self.keep(error)
        if fresh:
            self._tell(f"{what} failed ({type(error).__name__}), the rest goes on. {_details(place)}")

    @contextmanager
    def survived(self, what: str) -> Iterator[None]:
        """Whatever fails inside is told, and what comes after goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  one broken view must not take the question beside it away
            self.told(what, error)

    def through(self, work: Work | Callable[[], Work]) -> Awaitable[None]:
        """See work through, or what a function begins; an error that nobody foresaw becomes a line too."""
        return _Through(work, self._through)

    async def _through(self, work: Work) -> None:
        try:
            await work
        except GreenroomError as error:
            self._tell(error.line())
        except Exception as error:  # noqa: BLE001  a worker that fails would end the whole screen
            self.told("what was asked for", error)

    def last_words(self, error: BaseException | None, session: str) -> str:
        """The one line of a screen that could not go on: where the details are, and how to go on with the session."""
        from greenroom.workspace.crash_log import keep

        place = keep(error, str(self._root)) if error is not None else ""
        there = shlex.quote(str(self._root))
        kept = f" Session {session} is kept; go on with: greenroom open {there} --session {session}" if session else ""
        return f"greenroom: the screen failed ({type(error).__name__}). {_details(place)}.{kept}"


class _Through(Awaitable[None]):
    """Work to be seen through. A screen that is left before its turn came lets it go without a word."""

    def __init__(self, work: Work | Callable[[], Work], through: Callable[[Work], Work]) -> None:
        self._work = work
        self._see = through
        self._begun = False

    def __await__(self) -> Generator[object, object, None]:
        self._begun = True
        return self._see(self._work if isinstance(self._work, Coroutine) else self._work()).__await__()

    def __del__(self) -> None:
        if not self._begun and isinstance(self._work, Coroutine):
            self._work.close()


def _details(place: str) -> str:
    return f"Details: {place}" if place else "Details could not be written anywhere"
