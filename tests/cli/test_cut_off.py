"""A session whose last turn was cut off: by a fork in the middle of it here, as it would be by a crash."""

from __future__ import annotations

from greenroom.assembly import read_session
from greenroom.core.events import SessionOpened, TurnFinished
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run


def test_a_turn_that_was_cut_off_right_before_its_end_replays(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", stdin="hello\nMy name is Mara\n") == 0
    records = read_session(shop, "last")
    (opened,) = (r.event for r in records if isinstance(r.event, SessionOpened))
    started = next(r.seq for r in records if r.event.turn == 2)
    for at in range(started, records[-1].seq):
        assert run("session", "fork", opened.session, "--at", str(at)) == 0, run.err
        assert [r.event.turn for r in read_session(shop, "last") if isinstance(r.event, TurnFinished)] == [1]
        assert run("session", "replay", "last") == 0, (at, run.out)
