"""Where a fork begins: at an event as it is, or just before words that can be changed there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom.core.events import Record, ReplyGenerated, ReplyReleased, TurnStarted
from greenroom.tui.conversation.talk import turn_of


@dataclass(frozen=True, slots=True)
class Point:
    """The last record to share, and what is to be changed there: the person's words, the model's reply, or nothing."""

    at: int
    turn: int
    kind: Literal["words", "reply", "event"]
    words: str = ""

    @property
    def title(self) -> str:
        """The sheet's heading."""
        return f"Fork at turn {self.turn}: {'your words' if self.kind == 'words' else 'the reply'}"

    @property
    def beneath(self) -> str:
        """What will come of it."""
        if self.kind == "words":
            return "What you say there instead. This session stays as it is."
        return "What stands in place of the model's reply. This session stays as it is."


def at_record(records: Sequence[Record], seq: int) -> Point:
    """At the event of this number; where somebody spoke there, what they said can be changed."""
    place = min(max(seq - (records[0].seq if records else 0), 0), len(records) - 1)
    event = records[place].event
    match event:
        case TurnStarted(words=words, turn=turn):
            return Point(records[place].seq - 1, turn, "words", words)
        case ReplyGenerated(text=text, turn=turn, calls=()) | ReplyReleased(text=text, turn=turn):
            return Point(records[place].seq, turn, "reply", text)
        case _:
            return Point(records[place].seq, event.turn, "event")


def at_entry(records: Sequence[Record], entry: str) -> Point:
    """At an entry of the conversation: a turn's words, or its reply; the last turn's words where none is selected."""
    started = {r.event.turn: r for r in records if isinstance(r.event, TurnStarted)}
    if not started:
        return Point(records[-1].seq, 0, "event")
    turn = turn_of(entry)
    begun = started.get(turn) or started[max(started)]
    turn = begun.event.turn
    reply = [r.event.text for r in records if isinstance(r.event, ReplyReleased) and r.event.turn == turn]
    if ":reply:" in entry and reply:
        return Point(begun.seq - 1, turn, "reply", reply[-1])
    assert isinstance(begun.event, TurnStarted)
    return Point(begun.seq - 1, turn, "words", begun.event.words)
