"""The calls of a run compared with those of its tape, as the case's `match` says.

Invariant: a value that first appeared in a recorded result, and came out otherwise in the run, is followed: wherever
the tape passes it on, the run is expected to pass on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from greenroom.core.inert import inert_line
from greenroom.core.values import Frozen, Json
from greenroom.regression.expect.calls import CallExpected, Match, Tool, is_tool
from greenroom.regression.expect.matcher import literal
from greenroom.regression.expect.said import SENTENCE, counted
from greenroom.regression.expect.trajectory import SAID, Comparison, Order, compare, differences, fitting, groups_of
from greenroom.regression.tape.facts import CallFacts, TurnFacts, turns_of
from greenroom.regression.tape.tape import Line

_ID = re.compile(r"(?=\S*\d)[\w.:/@#+-]{3,200}")
_ID_KEY = re.compile(r"(?i)(?:^|_)(?:id|ref|reference|number|no|key|code|token)$")
_TOKEN = re.compile(r"\w[\w:/@#+.-]*\w|\w")
_MOST = 200
_ROUNDS = 50
"""How often what was learnt may make more calls match: the longest chain of calls that is followed within a turn."""


class CaseMatch(Frozen):
    """How near the calls of a live run must come to those of the tape, turn by turn.

    `order` is as in `tools`; `args` says by tool (`orders.*` for all that begin so, `*` for the rest) what the recorded
    arguments are compared with those passed: `exact` (what holds where nothing is said), `subset`, `superset` or
    `ignore`. A call that could not be made (`invalid`) is like a recorded one only if that could not be made either.
    """

    order: Order = "strict"
    args: dict[Tool, Match] = Field(default_factory=dict)


def trajectory_problems(match: CaseMatch | None, recorded: Sequence[Line], lines: Sequence[Line]) -> tuple[str, ...]:
    """How the calls of a run differ from those of its tape beyond what its case's `match` allows; () without one."""
    return () if match is None else problems_under(match, recorded, lines)


def problems_under(match: CaseMatch, recorded: Sequence[Line], lines: Sequence[Line]) -> tuple[str, ...]:
    """How the calls of a run differ from those recorded beyond what a `match` allows."""
    old, new = turns_of(recorded), {turn.turn: turn for turn in turns_of(lines)}
    ids = _Followed(old)
    found: list[str] = []
    for turn in old:
        now = new.pop(turn.turn, None)
        found += (
            [f"turn {turn.turn} is on the tape, and none of this run came to an end"]
            if now is None
            else _turn(match, turn, now, ids)
        )
    found += [f"turn {turn.turn} is not on the tape" for turn in new.values()]
    return tuple(inert_line(problem, SENTENCE) for problem in found)


def _turn(match: CaseMatch, turn: TurnFacts, now: TurnFacts, ids: _Followed) -> Iterator[str]:
    written, calls = list(turn.calls.values()), list(now.calls.values())
    if max(len(written), len(calls)) > _MOST:
        yield f"turn {turn.turn}: {counted(max(len(written), len(calls)), 'call')} are more than can be compared"
        return
    expected, found = _compared(match, written, now, ids)
    # What a matched call returned may be what another one passes on: as long as something new is learnt, look again.
    for _ in range(_ROUNDS):
        if not ids.learn((written[one], calls[other]) for one, other in found.pairs.items()):
            break
        expected, found = _compared(match, written, now, ids)
    if not found.holds:
        yield f"turn {turn.turn}: by its tape there are {SAID[match.order]}, but {differences(expected, calls, found)}"


def _compared(
    match: CaseMatch, written: Sequence[CallFacts], now: TurnFacts, ids: _Followed
) -> tuple[list[CallExpected], Comparison]:
    expected = [_expected(match, call, ids) for call in written]
    calls = list(now.calls.values())
    fits = fitting(match.order, expected, calls)
    return expected, compare(match.order, len(written), groups_of([now]), fits)


def _expected(match: CaseMatch, call: CallFacts, ids: _Followed) -> CallExpected:
    """A recorded call as an expectation. Unchecked: its values are the tape's own, and stand for themselves. A call that
    could not be made when the tape was recorded is expected to be none now either.
    """
    status = "invalid" if call.never_ran else None
    args = {key: literal(ids.followed(value)) for key, value in call.args.items()}
    return CallExpected.model_construct(tool=call.tool, args=args, match=_match_of(match, call.tool), status=status)


def _match_of(match: CaseMatch, tool: str) -> Match:
    """What is said of the tool itself, else of the longest beginning of its name, else of all."""
    found = [written for written in match.args if is_tool(written, tool)]
    return match.args[max(found, key=lambda written: (written == tool, len(written)))] if found else "exact"


class _Followed:
    """Ids that recorded results brought in, and what became of them in the run."""

    def __init__(self, recorded: Sequence[TurnFacts]) -> None:
        self._fresh: dict[int, dict[tuple[str | int, ...], str | int]] = {}
        self._now: dict[str | int, str | int] = {}
        seen: set[str] = set()
        for turn in recorded:
            seen |= set(_TOKEN.findall(turn.words))
            for call in turn.calls.values():
                seen |= {token for _, leaf in _leaves(call.args) for token in _TOKEN.findall(str(leaf))}
                leaves = dict(_leaves(call.output))
                self._fresh[id(call)] = {
                    path: leaf for path, leaf in leaves.items() if _is_id(path, leaf) and str(leaf) not in seen
                }
                seen |= {token for leaf in leaves.values() for token in _TOKEN.findall(str(leaf))}

    def learn(self, pairs: Iterator[tuple[CallFacts, CallFacts]]) -> bool:
        """Bind what recorded calls brought in to what the run's own calls did; whether anything was new."""
        before = len(self._now)
        for recorded, made in pairs:
            there = dict(_leaves(made.output))
            for path, leaf in self._fresh[id(recorded)].items():
                if there.get(path, leaf) != leaf:
                    self._now.setdefault(leaf, there[path])
        return len(self._now) > before

    def followed(self, value: Json) -> Json:
        """A recorded value with each bound id in it replaced by the run's own."""
        if not self._now:
            return value
        if isinstance(value, Mapping):
            return {key: self.followed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.followed(item) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        if isinstance(value, int) or value in self._now:
            return self._now.get(value, value)
        return _TOKEN.sub(lambda found: str(self._now.get(found[0], found[0])), value)


def _leaves(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str | int]]:
    """Texts and whole numbers with where they stand."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield path, value


def _is_id(path: tuple[str | int, ...], leaf: str | int) -> bool:
    """Whether a value names something: one word with a digit, or a number under a key that says so."""
    if isinstance(leaf, str):
        return _ID.fullmatch(leaf) is not None
    return bool(path) and _ID_KEY.search(str(path[-1])) is not None
