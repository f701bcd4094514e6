"""Where in a session the screen looks: at now, or at how things stood when an earlier event was the last.

Invariant: looking back only reads. The session goes on meanwhile, what it adds is counted, and the view stays where it
is until the person moves it; a deed that would act on the session is refused until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.travel.bar import Position, ScrubBar

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.engine.contract import Contract
    from greenroom.tui.folds import Folds
    from greenroom.tui.workbench import Workbench

LOOKS = frozenset(
    (
        *("help", "quit", "interrupt", "write", "theme", "sessions", "new_session", "verify", "edit_rule", "edit_file"),
        *("panes", "maximise", "pane", "turn", "search", "event", "event_at", "go_to", "now", "seek", "waterfall"),
        *(
            "stop",
            "lift",
            "fork",
            "rerun",
            "rerun_with",
            "what_if",
            "tree",
            "compare",
            "disk",
            "prompt_call",
            "prompt_against",
            "prompt_copy",
        ),
    )
)
"""The deeds that do no harm while the screen shows the past: those that only look, that leave it or branch off, and the kill switch."""


class Scrub:
    """The place of one workbench in its session."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._past: Folds | None = None
        self._known = 0
        self._contracts: dict[frozenset[tuple[str, str]], Contract | None] = {}

    @property
    def past(self) -> bool:
        """Whether the screen shows another moment than now."""
        return self._past is not None

    @property
    def folds(self) -> Folds:
        """The views of the session as the screen shows it."""
        return self._past if self._past is not None else self._bench.rehearsal.folds

    @property
    def contract(self) -> Contract | None:
        """What governed the session at the moment that is shown; None where its log does not hold that any more."""
        now = self._bench.rehearsal.contract
        loaded = self._past.contract if self._past is not None else None
        if self._past is None or loaded is None or now is None or loaded.digests == now.digests:
            return now
        key = frozenset(loaded.digests.items())
        if key not in self._contracts:
            self._contracts[key] = _recorded(self._past.records)
        return self._contracts[key]

    @property
    def at(self) -> int:
        """The place of the last record that is shown; -1 where there is none."""
        return self.folds.count - 1

    def go(self, place: int) -> None:
        """Show the session as of the record at `place`, as near as there is one."""
        whole = self._bench.rehearsal.folds
        if not whole.count:
            self._bench.tell("nothing has happened yet")
            return
        if not self.past:
            self._known = whole.count
        self._past = whole.as_of(min(max(place, 0), whole.count - 1))
        self._bench.select_turn(None)
        self._bench.feed.look_back(self._past)
        self._shown()

    def step(self, by: int) -> None:
        """So many events back or on; on from the last one is now."""
        if not self.past and by > 0:
            self._bench.tell("this is now: [ goes one event back")
        elif self.past and self.at + by >= self._bench.rehearsal.folds.count:
            self.now()
        else:
            self.go(self.at + by)

    def now(self) -> None:
        """Back to how things stand."""
        if not self.past:
            return
        self._past = None
        self._bench.select_turn(None)
        self._bench.feed.look_now()
        self._shown()

    def forget(self) -> None:
        """Another session: it is looked at as it stands."""
        self._past, self._contracts = None, {}
        self.show()

    def refuses(self, deed: str) -> str:
        """Why a deed is not done now: '' where it may be."""
        if not self.past or deed in LOOKS:
            return ""
        return "this is the past: ctrl+x N goes back to now, ctrl+x F forks here, ctrl+r says it again"

    def show(self) -> None:
        """Draw the bar."""
        whole = self._bench.rehearsal.folds
        last, newest = self.folds.last, whole.last
        if self._past is None or last is None or newest is None:
            self._bench.query_one(ScrubBar).show(None)
            return
        question = whole.approvals.question() is not None
        self._bench.query_one(ScrubBar).show(
            Position(
                seq=last.seq,
                last=newest.seq,
                turn=self._past.turns,
                kind=last.event.kind,
                fresh=whole.count - self._known,
                asks=question,
            )
        )

    def _shown(self) -> None:
        self.show()
        self._bench.show_question()
        self._bench.redraw()


def _recorded(records: Sequence[Record]) -> Contract | None:
    """What the records say governed them last."""
    from greenroom.assembly.past.recorded import recorded_contract

    try:
        return recorded_contract(records)
    except GreenroomError:
        return None
