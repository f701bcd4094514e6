"""The conversation as a person reads it: what repeats is told once."""

from __future__ import annotations

from greenroom.core.events import AnyEvent, AttemptFailed, Record, TurnInterrupted, TurnResumed, TurnStarted
from greenroom.views.fold import fold_all
from greenroom.views.turns import conversation

AT = "2026-11-20T10:00:00.000000Z"


def test_attempts_that_failed_alike_stand_in_one_line_with_what_came_of_them() -> None:
    def told(*events: AnyEvent) -> list[str]:
        every = (TurnStarted(turn=1, words="hello"), *events)
        records = [Record(seq=seq, at=AT, event=event, prev="", hash="") for seq, event in enumerate(every)]
        [turn] = fold_all(conversation.fold, conversation.EMPTY, records).all()
        return [line.text for line in turn.lines[1:]]

    def failed(attempt: int, message: str) -> AttemptFailed:
        return AttemptFailed(turn=1, model="m", attempt=attempt, problem="model.away", message=message)

    away = [failed(number, "nobody is there") for number in (1, 2, 3)]
    stopped = TurnInterrupted(turn=1, cause="service", problem="nobody is there", hint="call again")
    assert told(*away) == ["attempts 1 to 3: nobody is there"]
    assert told(*away, stopped) == ["attempts 1 to 3: nobody is there (call again)"]
    assert told(away[0], stopped) == ["nobody is there (call again)"]
    assert told(away[0], failed(2, "busy"), failed(3, "busy")) == [
        "attempt 1: nobody is there",
        "attempts 2 to 3: busy",
    ]
    assert told(failed(1, "busy"), stopped) == ["attempt 1: busy", "nobody is there (call again)"]
    again: list[AnyEvent] = [*away, stopped, TurnResumed(turn=1), failed(1, "nobody is there")]
    assert told(*again)[-1] == "attempt 1: nobody is there"
