"""What a life of a turn decided that counts no more, because a later one was answered otherwise.

Invariant: whether it came to that before it was cut off is a matter of milliseconds, so neither a log nor a tape compares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from greenroom.core.events import ApprovalGiven, Record, VerdictReached

_ROUND = re.compile(r"(t\d+)/verdict:tool\.call:(c\d+)\.(\d+)")
"""The verdict on a call as a person edited it: `t1/verdict:tool.call:c2.1` after the first time."""


def overtaken_rounds(records: Iterable[Record]) -> set[str]:
    """The verdicts on edited calls whose edit is none any more: the same question was put once more and got another answer."""
    given: dict[str, str] = {}
    decided: set[str] = set()
    for record in records:
        match record.event:
            case ApprovalGiven(step=step, decision=decision):
                given[step] = decision
            case VerdictReached(hook="tool.call", step=step):
                decided.add(step)
            case _:
                pass
    return {step for step in decided if _is_overtaken(step, given)}


def _is_overtaken(step: str, given: dict[str, str]) -> bool:
    if (found := _ROUND.fullmatch(step)) is None:
        return False
    turn, call, edits = found[1], found[2], int(found[3])
    before = (f"{call}.{edits - 1}",) if edits > 1 else (call, f"{call}.gate")
    answers = {given[asked] for asked in (f"{turn}/ask:{key}" for key in before) if asked in given}
    return bool(answers) and "edit" not in answers
