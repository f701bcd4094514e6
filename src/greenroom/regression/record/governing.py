"""What governed each turn of a session, and which of its turns ran under one and the same contract.

Invariant: only turns that came to their own end count; one that was given up is in no prompt and binds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded, Record, TurnAbandoned, TurnFinished, TurnStarted
from greenroom.regression.tape.under_test import Stretch, named, written


def governing(records: Sequence[Record]) -> dict[int, ContractLoaded]:
    """By turn, what governed it when it ended."""
    found: dict[int, ContractLoaded] = {}
    last: ContractLoaded | None = None
    for item in records:
        if isinstance(item.event, ContractLoaded):
            last = item.event
        elif isinstance(item.event, TurnFinished) and last is not None:
            found[item.event.turn] = last
    return found


def changed_within(records: Sequence[Record]) -> set[int]:
    """The turns in the middle of which another contract came into force."""
    found: set[int] = set()
    turn = 0
    for item in records:
        match item.event:
            case TurnStarted():
                turn = item.event.turn
            case TurnFinished() | TurnAbandoned():
                turn = 0
            case ContractLoaded() if turn:
                found.add(turn)
            case _:
                pass
    return found


def given_up_otherwise(records: Sequence[Record], loaded: ContractLoaded) -> set[int]:
    """The turns that a person gave up, and in which at any time another contract was in force than `loaded`."""
    found, inside = set[int](), list[ContractLoaded]()
    last: ContractLoaded | None = None
    for item in records:
        match item.event:
            case TurnStarted():
                inside = [last] if last is not None else []
            case ContractLoaded() as event:
                last = event
                inside.append(event)
            case TurnAbandoned(turn=turn) if not all(same(one, loaded) for one in inside):
                found.add(turn)
            case _:
                pass
    return found


def same(one: ContractLoaded, other: ContractLoaded) -> bool:
    """Whether two are one contract."""
    return (one.model, one.table, one.digests, one.own) == (other.model, other.table, other.digests, other.own)


def stretches(by_turn: Mapping[int, ContractLoaded]) -> list[Stretch]:
    """The longest ranges of turns that each ran under one contract, in order."""
    found: list[Stretch] = []
    before: ContractLoaded | None = None
    for turn in sorted(by_turn):
        if before is not None and same(before, by_turn[turn]):
            found[-1] = (found[-1][0], turn)
        else:
            found.append((turn, turn))
        before = by_turn[turn]
    return found


def one_contract(by_turn: Mapping[int, ContractLoaded], wanted: Stretch) -> ContractLoaded:
    """What governed every turn of a range.

    Raises:
        UsageError: it was not the same for all of them; says which turns share one.
    """
    inside = {turn: event for turn, event in by_turn.items() if wanted[0] <= turn <= wanted[1]}
    parts = stretches(inside)
    if len(parts) == 1:
        return inside[parts[0][0]]
    if not parts:
        raise UsageError(f"no turn of {written(wanted)} came to its own end", code="export.empty")
    (_, before), (after, _) = parts[0], parts[1]
    changed = ", ".join(_changed(inside[before], inside[after]))
    whole = parts[-1]
    raise UsageError(
        f"the contract changed during this session: {changed}, before turn {after}",
        hint=f"{' and '.join(named(part) for part in parts[-3:])} each ran under one: --turns {written(whole)}",
        code="export.mixed",
    )


def _changed(before: ContractLoaded, after: ContractLoaded) -> list[str]:
    """The components that are another, e.g. `prompt`; the policy's own digest is covered by its name."""
    names = sorted(before.digests.keys() | after.digests.keys())
    found = [name.replace("_", " ") for name in names if before.digests.get(name) != after.digests.get(name)]
    named = [*(["model"] if (before.model, before.table) != (after.model, after.table) else []), *found]
    if named:
        return named
    let_go, put_in = set(before.own) - set(after.own), set(after.own) - set(before.own)
    return [f"{name} (as on disk from then on)" for name in sorted(let_go)] + [
        f"{name} (the session's own from then on)" for name in sorted(put_in)
    ]
