"""How tired answers look: over a session, or over the last day of the workspace."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock, parse_stamp, stamp
from greenroom.core.errors import GreenroomError
from greenroom.log.file_log import read_records
from greenroom.views.fold import fold_all
from greenroom.views.people import fatigue
from greenroom.views.people.fatigue import Answered, Fatigue, measure
from greenroom.workspace.layout import Workspace


def meter(asked: Invocation) -> Answer[Fatigue]:
    """The meter, of one session or of the workspace's last 24 hours."""
    from greenroom.assembly import read_session

    workspace, name = asked.workspace(), asked.text("session")
    if name in ("", "all"):
        found = last_day(workspace, stamp(SystemClock().now()))
        return answer(found, meter_lines(found, "in 24 h") or ["no answers in 24 h"], asdict(found))
    found = measure(fold_all(fatigue.fold, fatigue.EMPTY, read_session(workspace, name)).given)
    return answer(found, meter_lines(found, "in this session") or ["no answers yet"], asdict(found))


def last_day(workspace: Workspace, now: str) -> Fatigue:
    """The meter over every answer of the workspace in the 24 hours before `now` (a stamp). Damaged sessions are passed over."""
    since = stamp(parse_stamp(now) - timedelta(days=1))
    answers: list[Answered] = []
    for path in sorted(workspace.sessions.glob("*.jsonl")):
        with suppress(GreenroomError, OSError):
            if stamp(datetime.fromtimestamp(path.stat().st_mtime, UTC)) >= since:
                answers += fold_all(fatigue.fold, fatigue.EMPTY, read_records(path)).given
    return measure(answers, since)


def meter_lines(found: Fatigue, when: str) -> list[str]:
    """The meter for people; nothing where nobody answered."""
    if not found.answers:
        return []
    share = f"{found.allowed_share:.0%} yes, {found.fast_share:.0%} yes in under {fatigue.FAST_SECONDS:.0f} s"
    line = (
        f"answers {when}: {found.answers}, at most {found.per_hour} an hour, median {found.median_seconds:.0f} s, "
        f"{share}, longest run of yes {found.longest_streak}"
    )
    if not found.warning:
        return [line]
    return [
        line,
        f"this looks like rubber-stamping: {found.warning}; a narrower rule or a grant with clauses asks less",
    ]
