"""What may still come after the event at which a replay stopped, because its tape had no answer there: all of it as recorded.

Invariant: what was decided before it stopped stays as it was decided today. So an expectation that fails even on these
lines fails for what is otherwise already, and not for what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from greenroom.regression.tape.tape import Line

_DECIDED = ("verdict", "held")
_OF_CALL = ("ask", "answer", "result")


def with_rest(told: Sequence[Line], recorded: Sequence[Line], step: str) -> tuple[Line, ...] | None:
    """The lines that were told up to `step`, and what was recorded after it. None where that cannot be told: a replay
    that stopped at something else than a call, or at a reply that was not recorded.
    """
    kind, _, of = step.partition("/")[2].partition(":")
    call = of.partition(".")[0]
    after = _after_reply_with(recorded, call) if kind in ("tool", "ask") and call else None
    if after is None:
        return None
    decided = {str(line.get("of", line.get("held"))) for line in told if _is(line, _DECIDED)} | {of}
    over = {call} if kind == "tool" else set()
    known = [line for line in told if _is(line, _OF_CALL)]
    return (*told, *(line for line in after if line not in known and not _is_over(line, decided, over)))


def _after_reply_with(recorded: Sequence[Line], call: str) -> Sequence[Line] | None:
    """What comes after the reply in which a call stands; None where there is none."""
    for at, line in enumerate(recorded):
        if any(one["id"] == call for one in line.get("calls") or ()):
            return recorded[at + 1 :]
    return None


def _is_over(line: Line, decided: Collection[str], calls: Collection[str]) -> bool:
    """Whether a recorded line is about what was decided anew, or about a call that has begun."""
    if _is(line, _DECIDED):
        of = str(line.get("of", line.get("held")))
        return of in decided or of.partition(".")[0] in calls
    return _is(line, _OF_CALL) and str(line[next(iter(line))]).partition(".")[0] in calls


def _is(line: Line, kinds: Collection[str]) -> bool:
    return next(iter(line), "") in kinds
