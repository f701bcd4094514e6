"""Turns in the middle of which the policy changed: which of them a fixture, that knows one policy, can hold.

Invariant: none is let through whose tape goes otherwise under the policy that it names; where nobody can say, none in
which something was decided under another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded, Record, VerdictReached
from greenroom.regression.record.governing import changed_within, stretches
from greenroom.regression.record.lives import UNKNOWN
from greenroom.regression.tape.under_test import Stretch, written

_TURN = re.compile(r"turn ([0-9]+): ")


def changed_in(records: Sequence[Record], by_turn: Mapping[int, ContractLoaded], wanted: Stretch) -> set[int]:
    """The turns of a range that came to their own end, and in the middle of which another contract came into force."""
    return {turn for turn in changed_within(records) if wanted[0] <= turn <= wanted[1] and turn in by_turn}


def require_own(
    records: Sequence[Record],
    by_turn: Mapping[int, ContractLoaded],
    changed: Collection[int],
    otherwise: str | None = None,
) -> None:
    """Nothing, if what came of the `changed` turns comes of them under the policy that a tape of them names.

    `otherwise` is how it went otherwise when the tape was replayed under that, '' if it did not. None if nobody can say:
    then all of it must have been decided under it. That a policy changed while a question was open is no matter, for it
    was decided anew; a call that was over by then was not, and a replay, which knows one policy, might decide it otherwise.

    Raises:
        UsageError: it does not; says why, and which turns can be exported.
    """
    if otherwise is None:
        turn, why = _decided_before(records, by_turn, changed)
    else:
        turn, why = _goes_otherwise(changed, otherwise)
    if not turn:
        return
    parts = stretches({place: one for place, one in by_turn.items() if place not in changed})
    without = f"without it: --turns {written(parts[-1])}; with it: " if parts else ""
    raise UsageError(
        f"the policy changed in the middle of turn {turn}{why}",
        hint=f"{without}greenroom session rerun, then export what that made",
        code="export.changed",
    )


def _goes_otherwise(changed: Collection[int], otherwise: str) -> tuple[int, str]:
    if not otherwise:
        return 0, ""
    found = _TURN.match(otherwise)
    turn, said = (int(found[1]), otherwise[found.end() :]) if found is not None else (min(changed), otherwise)
    if turn not in changed:  # what a changed turn left behind is seen in a later one
        turn, said = max((one for one in changed if one < turn), default=min(changed)), otherwise
    return turn, f", and replayed under the later one it goes otherwise: {said}"


def _decided_before(
    records: Sequence[Record], by_turn: Mapping[int, ContractLoaded], changed: Collection[int]
) -> tuple[int, str]:
    """The first turn in which something was decided under another policy than its last, and what; 0 if there is none."""
    verdicts = {
        r.event.step: r.event for r in records if isinstance(r.event, VerdictReached) and r.event.turn in changed
    }
    for step, event in verdicts.items():
        plain = (event.effect, event.rule) == ("allow", "default") or UNKNOWN in step
        if not plain and event.policy_digest != by_turn[event.turn].digests.get("policy"):
            return event.turn, f", after {_about(event)} had been decided"
    return 0, ""


def _about(event: VerdictReached) -> str:
    of = event.step.partition(f"verdict:{event.hook}")[2].removeprefix(":")
    return (
        of if event.hook == "tool.call" else f"the {event.hook}" + (f" of {of}" if event.hook == "tool.result" else "")
    )
