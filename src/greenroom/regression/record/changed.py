"""Turns in the middle of which the policy changed: which of them a fixture, that knows one policy, can hold.

Invariant: none is let through whose tape goes otherwise under the policy that it names; where nobody can say, none in
which something was decided under another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded, Record, VerdictReached
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.regression.record.governing import changed_within, given_up_otherwise, stretches
from greenroom.regression.tape.under_test import Stretch, written

_TURN = re.compile(r"turn ([0-9]+): ")


def changed_in(records: Sequence[Record], by_turn: Mapping[int, ContractLoaded], wanted: Stretch) -> set[int]:
    """The turns of a range in the middle of which another contract came into force, or that were given up under another
    than the range ended under.
    """
    inside = [turn for turn in by_turn if wanted[0] <= turn <= wanted[1]]
    given_up = given_up_otherwise(records, by_turn[max(inside)]) if inside else set[int]()
    found = {turn for turn in changed_within(records) if turn in by_turn} | given_up
    return {turn for turn in found if wanted[0] <= turn <= wanted[1]}


def require_own(
    records: Sequence[Record],
    by_turn: Mapping[int, ContractLoaded],
    changed: Collection[int],
    loaded: ContractLoaded,
    otherwise: str | None = None,
) -> None:
    """Nothing, if what came of the `changed` turns comes of them under what was `loaded`, which a tape of them names.

    `otherwise` is how it went otherwise when the tape was replayed under that, '' if it did not. None if nobody can say:
    then all of it must have been decided under it. That a policy changed while a question was open is no matter, for it
    was decided anew; a call that was over by then was not, and a replay, which knows one policy, might decide it otherwise.

    Raises:
        UsageError: it does not; says why, and which turns can be exported.
    """
    if otherwise is None:
        turn, why = _decided_before(records, changed, loaded)
    else:
        turn, why = _goes_otherwise(changed, otherwise)
    if not turn:
        return
    part = _last_without(by_turn, changed)
    without = f"without it: --turns {written(part)}; with it: " if part else ""
    where = f"in the middle of turn {turn}" if turn in by_turn else f"around turn {turn}, which was given up"
    raise UsageError(
        f"the policy changed {where}{why}",
        hint=f"{without}greenroom session rerun, then export what that made",
        code="export.changed",
    )


def _last_without(by_turn: Mapping[int, ContractLoaded], changed: Collection[int]) -> Stretch | None:
    """The last turns that ran under one contract with none of the `changed` among them."""
    parts = stretches({turn: one for turn, one in by_turn.items() if turn not in changed})
    if not parts:
        return None
    first, last = parts[-1]
    between = max((turn for turn in changed if first < turn < last), default=0)
    return max(first, min(turn for turn in by_turn if turn > between)), last


def _goes_otherwise(changed: Collection[int], otherwise: str) -> tuple[int, str]:
    if not otherwise:
        return 0, ""
    found = _TURN.match(otherwise)
    turn, said = (int(found[1]), otherwise[found.end() :]) if found is not None else (min(changed), otherwise)
    if turn not in changed:  # what a changed turn left behind is seen in a later one
        turn, said = max((one for one in changed if one < turn), default=min(changed)), otherwise
    return turn, f", and replayed under the later one it goes otherwise: {said}"


def _decided_before(records: Sequence[Record], changed: Collection[int], loaded: ContractLoaded) -> tuple[int, str]:
    """The first turn in which something was decided under another policy than its last, and what; 0 if there is none."""
    verdicts = {
        r.event.step: r.event for r in records if isinstance(r.event, VerdictReached) and r.event.turn in changed
    }
    for step, event in verdicts.items():
        plain = (event.effect, event.rule) == ("allow", "default") or UNKNOWN in step
        if not plain and event.policy_digest != loaded.digests.get("policy"):
            return event.turn, f", after {_about(event)} had been decided"
    return 0, ""


def _about(event: VerdictReached) -> str:
    of = event.step.partition(f"verdict:{event.hook}")[2].removeprefix(":")
    return (
        of if event.hook == "tool.call" else f"the {event.hook}" + (f" of {of}" if event.hook == "tool.result" else "")
    )
