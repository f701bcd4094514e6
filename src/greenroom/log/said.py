"""Records as people read them when it is said what a log proves.

Invariant: who acted, and how that was established, is always named, even if only as nobody.
"""

from __future__ import annotations

from typing import NamedTuple

from greenroom.core.events import (
    ApprovalGiven,
    AutonomyChanged,
    DeadLetterDiscarded,
    GrantRevoked,
    Record,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    VariantChosen,
)


class Told(NamedTuple):
    """A record of a kind, in words."""

    seq: int
    kind: str
    said: str


def said(record: Record) -> Told:
    """A record as people read it."""
    match record.event:
        case ApprovalGiven() as given:
            text = f"approval at {record.seq} by {who(given)}"
        case TurnFinished(turn=turn):
            text = f"turn {turn} ended at {record.seq}"
        case TurnAbandoned(turn=turn):
            text = f"turn {turn} given up at {record.seq}"
        case TurnInterrupted(turn=turn):
            text = f"turn {turn} interrupted at {record.seq}"
        case AutonomyChanged(level=level, by=by, established=established, expires=expires):
            until = f" until {expires}" if expires else ""
            text = f"autonomy {level}{until} by {_named(by)} via {established or 'no stated way'}"
        case GrantRevoked(grant=grant, by=by):
            text = f"leave given at {grant} taken back by {_named(by)}"
        case DeadLetterDiscarded(letter=letter, by=by):
            text = f"{letter} let be by {_named(by)}"
        case VariantChosen(over=over, by=by) if over:
            text = f"preferred to {', '.join(over)} by {_named(by)}"
        case event:
            return plain(record.seq, event.kind)
    return Told(record.seq, record.event.kind, text)


def plain(seq: int, kind: str) -> Told:
    return Told(seq, kind, f"{kind.replace('_', ' ')} at {seq}")


def who(given: ApprovalGiven) -> str:
    """Who answered, and how that was established."""
    kept = (
        "" if given.kept_from is None else f", kept by a rerun from record {given.kept_from} of the session it varies"
    )
    return f"{_named(given.approver)} via {given.established or 'no stated way'}{kept}"


def _named(person: str) -> str:
    return person or "nobody named"
