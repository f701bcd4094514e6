"""The calls of one or several turns as a whole: which there must be, in which order, and which there must never be.

Invariant: a trajectory fits exactly if some assignment of what is written to what was called obeys its order; calls of
one reply are parallel and have no order among each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from greenroom.regression.expect.calls import (
    Call,
    CallExpected,
    Tool,
    as_call,
    asked_in_vain,
    call_problem,
    is_tool,
    made,
    worded,
)
from greenroom.regression.expect.matching import Fits, assignment, in_order, strictly
from greenroom.regression.expect.said import listed
from greenroom.regression.expect.stated import Stated
from greenroom.regression.expect.written import one_of
from greenroom.regression.tape.facts import CallFacts, TurnFacts

Order = Literal["strict", "in_order", "any_order", "subset", "superset"]
_MOST = 500
_TOLD = 4
SAID: dict[str, str] = {
    "strict": "exactly these calls, in this order",
    "in_order": "these calls in this order",
    "any_order": "exactly these calls",
    "subset": "at least these calls",
    "superset": "no calls but these",
}


_EMPTY: dict[str, Any] = {
    "properties": {"calls": {"maxItems": 0}, "order": {"enum": ["in_order", "subset"]}},
    "required": ["calls", "order"],
}
"""What holds whatever is called."""


class ToolsExpected(Stated):
    """All tool calls of the turns looked at. `calls` are tools by name, or tables as `call` has them.

    `order` says what the calls written here are: `strict`: exactly those made, in this order; `in_order`: made in this
    order, with others in between; `any_order`: exactly those made, in whatever order; `subset`: made, whatever else
    was; `superset`: all that may be made. Calls of one reply are parallel: their order is never looked at. A call that
    could not be made counts only where its `status = "invalid"` is written, and as one of those that a `superset` may
    make. `never` are tools that nothing asked for, not even with a call that could not be made.
    """

    model_config = ConfigDict(json_schema_extra=one_of("calls", "never") | {"not": _EMPTY})

    order: Order = "strict"
    calls: Annotated[tuple[Call, ...], Field(max_length=200)] | None = None
    never: Annotated[tuple[Tool, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _names_a_call(self) -> ToolsExpected:
        if self.calls is None and not self.never:
            raise ValueError(
                "names no call: write 'calls' or 'never'; that they be as recorded is what 'match' of a case asks for"
            )
        if self.calls == () and self.order in ("in_order", "subset"):
            raise ValueError(
                f"no calls with order '{self.order}' hold whatever is called; 'strict' says there are none"
            )
        return self


@dataclass(frozen=True, slots=True)
class Comparison:
    """`pairs` of written and made calls by number, the written ones that are `missing`, the made ones that are
    `extra`, and pairs that are `misplaced`: both are there, in another order. It holds when the last three are empty.
    """

    pairs: dict[int, int]
    missing: tuple[int, ...] = ()
    extra: tuple[int, ...] = ()
    misplaced: tuple[tuple[int, int], ...] = ()

    @property
    def holds(self) -> bool:
        return not (self.missing or self.extra or self.misplaced)


def tools_problems(expected: ToolsExpected, turns: Sequence[TurnFacts]) -> Iterator[str]:
    """What is wrong with the calls of all these turns together."""
    place = where(turns)
    calls = [call for turn in turns for call in turn.calls.values()]
    for tool in expected.never or ():
        if forbidden := [call.tool for call in calls if is_tool(tool, call.tool)]:
            yield f"{place}: {forbidden[0]} was called, and never should be"
    if expected.calls is None:
        return
    if len(calls) > _MOST:
        yield f"{place}: {len(calls)} calls are more than can be compared ({_MOST})"
        return
    written = [as_call(one) for one in expected.calls]
    found = compare(expected.order, len(written), groups_of(turns), fitting(expected.order, written, calls))
    if not found.holds:
        yield f"{place}: expected {SAID[expected.order]}, but {differences(written, calls, found)}"


def fitting(order: Order, written: Sequence[CallExpected], calls: Sequence[CallFacts]) -> Fits:
    """Which call may be which written one. That no others be made says of none that it was: there, attempts count too."""
    return lambda one, other: not call_problem(written[one], calls[other], attempts=order == "superset")


def groups_of(turns: Sequence[TurnFacts]) -> list[list[int]]:
    """The numbers of the calls, those of one reply together."""
    groups: list[list[int]] = []
    last, number = (0, 0), 0
    for turn in turns:
        for call in turn.calls.values():
            if (turn.turn, call.reply) != last or not groups:
                groups.append([])
            groups[-1].append(number)
            last, number = (turn.turn, call.reply), number + 1
    return groups


def compare(order: Order, written: int, groups: Sequence[Sequence[int]], fits: Fits) -> Comparison:
    """So many written calls compared with those made, by number. What is in order is preferred to what only fits."""
    left, right = range(written), [number for group in groups for number in group]
    if order in ("strict", "in_order"):
        ordered = (strictly if order == "strict" else in_order)(left, groups, fits)
        if len(ordered) == written and (order == "in_order" or written == len(right)):
            return Comparison(ordered)
    pairs = assignment(left, right, fits)
    missing = () if order == "superset" else tuple(one for one in left if one not in pairs)
    taken = set(pairs.values())
    extra = () if order in ("in_order", "subset") else tuple(other for other in right if other not in taken)
    if missing or extra or order not in ("strict", "in_order"):
        return Comparison(pairs, missing, extra)
    return Comparison(pairs, misplaced=_misplaced(pairs, groups))


def _misplaced(pairs: dict[int, int], groups: Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """The first two neighbours that were called the other way round."""
    reply = {number: place for place, group in enumerate(groups) for number in group}
    ordered = sorted(pairs.items())
    for (one, first), (other, second) in pairwise(ordered):
        if reply[second] < reply[first]:
            return ((one, first), (other, second))
    return (ordered[0],)


def differences(written: Sequence[CallExpected], calls: Sequence[CallFacts], found: Comparison) -> str:
    """What is missing, extra or out of place, in words. A call of the right tool stands beside what it should be."""
    told: list[str] = []
    taken = set(found.pairs.values())
    left = [number for number in range(len(calls)) if number not in taken]
    for one in found.missing[:_TOLD]:
        near = next((number for number in left if is_tool(written[one].tool, calls[number].tool)), None)
        if near is None:
            told.append(f"{worded(written[one])} is missing")
        else:
            left.remove(near)
            told.append(_instead(written[one], calls[near]))
    if len(found.missing) > _TOLD:
        told.append(f"{len(found.missing) - _TOLD} more are missing")
    if extra := [calls[number].tool for number in found.extra if number in left]:
        told.append(f"{listed(dict.fromkeys(extra))} was called too, which is not expected")
    if found.misplaced:
        told.append(_order_of(written, calls, found))
    return "; ".join(told)


def _instead(expected: CallExpected, call: CallFacts) -> str:
    problem = call_problem(expected, call)
    but = ", but" if problem.startswith("it ") else ""
    return asked_in_vain(expected, call) or f"{call.tool} was called{but} {problem}"


def _order_of(written: Sequence[CallExpected], calls: Sequence[CallFacts], found: Comparison) -> str:
    (one, first), *rest = found.misplaced
    if not rest or calls[first].tool == calls[rest[0][1]].tool:
        return f"they were called in another order: {made(calls)}"
    return f"{written[rest[0][0]].tool} was called before {written[one].tool}; called were {made(calls)}"


def where(turns: Sequence[TurnFacts]) -> str:
    """`turn 2` or `turns 1-3`."""
    first, last = turns[0].turn, turns[-1].turn
    return f"turn {first}" if first == last else f"turns {first}-{last}"
