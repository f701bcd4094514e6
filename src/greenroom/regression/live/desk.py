"""Where a live run gets its answers about tools and from people: the tape's, each for the very call it was recorded for.

A call is looked up by its tool and its arguments as today's schema types them. Calls of one reply are unordered: each
takes the recorded call that equals it, in the order they were made. What changed something is given out once; what only
read may be read again.
Invariant: no answer is given to a call that differs from the recorded one; a call without an answer ends the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn

from greenroom.core.canonical import canonical
from greenroom.core.errors import Divergence
from greenroom.core.inert import inert_line
from greenroom.core.values import ApprovalReply, Card, Json, ToolCall, ToolResult, ToolSpec
from greenroom.regression.live.bindings import Bindings
from greenroom.regression.live.recorded import STEPPING, Recorded, RecordedAnswer, RecordedCall
from greenroom.regression.live.start import Start

_SHOWN = 300


class Desk:
    """The answers of one tape for one live run."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._specs: dict[str, ToolSpec] = {}
        self._claims: dict[str, RecordedCall] = {}
        self.bindings = Bindings()

    def typed_by(self, specs: Iterable[ToolSpec]) -> None:
        """Compare arguments as these tools take them."""
        self._specs = {spec.name: spec for spec in specs}

    def adopt(self, start: Start) -> frozenset[str]:
        """Count what lies before the live part of a run as given out; returns the ids of the calls made there."""
        for one in self._recorded.calls:
            if (one.turn, one.reply) < (start.turn, start.reply):
                one.claimed = one.used = True
                self._claims[one.id] = one
        for answer in self._recorded.answers:
            answer.used = answer.turn < start.turn or answer.call in self._claims
        return frozenset(self._claims)

    def see(self, turn: int, calls: Sequence[ToolCall]) -> None:
        """Find for each call of a live reply the recorded one that it is."""
        left = [call for call in calls if not self._claimed(turn, call, self._exact)]
        for call in left:
            self._claimed(turn, call, self.bindings.unify)
        self._group(calls)

    def counterpart(self, call_id: str) -> str:
        """The recorded id of a live call, or ''."""
        claim = self._claims.get(call_id)
        return claim.id if claim is not None else ""

    def stepped(self, turn: int, key: str) -> bool:
        """Whether the person stepped through calls when they were asked the recorded question `key`."""
        return any(
            not answer.used and (answer.turn, answer.key, answer.reason) == (turn, key, STEPPING)
            for answer in self._recorded.answers
        )

    def settle(self, call_id: str) -> None:
        """The result of a live call was given elsewhere."""
        if (claim := self._claims.get(call_id)) is not None:
            claim.used = True

    def spend(self, turn: int, key: str) -> None:
        """The answer to the recorded question `key` was given."""
        for answer in self._recorded.answers:
            answer.used = answer.used or (answer.turn, answer.key) == (turn, key)

    def result(self, turn: int, call: ToolCall) -> ToolResult:
        """What the tape has of a call.

        Raises:
            Divergence: nothing, or nothing more.
        """
        found = self._found(turn, call)
        if found is None or found.result is None:
            self._unknown(turn, call)
        found.used = True
        result = found.result
        return result.model_copy(update={"output": self.bindings.live(result.output)})

    def answer(self, turn: int, step: str, card: Card) -> ApprovalReply:
        """What a person said when the same was asked.

        Raises:
            Divergence: nobody was asked this.
        """
        key = step.partition("/ask:")[2]
        wanted = self._about(turn, key, card)
        found = next(iter(wanted), None)
        if found is None:
            _unasked(turn, card)
        found.used = True
        edited, simulated = self.bindings.live(found.reply.arguments), self.bindings.live(found.reply.result)
        return found.reply.model_copy(update={"arguments": edited, "result": simulated})

    def _about(self, turn: int, key: str, card: Card) -> list[RecordedAnswer]:
        mine = self.counterpart(card.call.id) if card.hook == "tool.call" else ""
        found = [answer for answer in self._recorded.answers if not answer.used and self._asks(answer, turn, key, card)]
        return sorted(found, key=lambda answer: (answer.turn != turn, answer.call != mine, -answer.turn))

    def _asks(self, answer: RecordedAnswer, turn: int, key: str, card: Card) -> bool:
        """Whether a recorded question is this one. A prompt is what is on trial, so it is known by its place alone."""
        if answer.hook != card.hook or answer.turn > turn:
            return False
        if card.hook == "prompt":
            return (answer.turn, answer.key) == (turn, key)
        if card.hook != "tool.call":
            return canonical(answer.args) == canonical(card.call.arguments)
        return answer.tool == card.call.tool and self._exact(
            self._typed(card.call.tool, card.call.arguments), self._typed(answer.tool, answer.args)
        )

    def _claimed(self, turn: int, call: ToolCall, same: Callable[[Json, Json], bool]) -> bool:
        mine = self._typed(call.tool, call.arguments)
        free = (one for one in self._recorded.calls if not one.claimed and (one.turn, one.tool) == (turn, call.tool))
        for one in free:
            if same(mine, self._typed(one.tool, one.asked)):
                self._claim(call, one)
                return True
        return False

    def _claim(self, call: ToolCall, one: RecordedCall) -> None:
        one.claimed = True
        self._claims[call.id] = one

    def _group(self, calls: Sequence[ToolCall]) -> None:
        """Equal calls of one reply that were equal calls of one recorded reply: their results may change places."""
        groups: dict[tuple[int, int, str, bytes], list[RecordedCall]] = {}
        for call in calls:
            if (one := self._claims.get(call.id)) is not None and one.result is not None:
                place = (one.turn, one.reply, one.tool, canonical(one.asked))
                groups.setdefault(place, []).append(one)
        for group in groups.values():
            self.bindings.add([one.result.output for one in group if one.result is not None])

    def _found(self, turn: int, call: ToolCall) -> RecordedCall | None:
        """The recorded call whose result counts for this one: its own, one not given out yet, or what may be read again."""
        mine = self._typed(call.tool, call.arguments)
        own = self._claims.get(call.id)
        fitting = [
            one
            for one in self._recorded.calls
            if one.result is not None
            and one.turn <= turn
            and one.tool == call.tool
            and self._exact(mine, self._typed(one.tool, one.ran))
        ]
        fitting.sort(key=lambda one: (one is not own, one.claimed, one.turn != turn, -one.turn))
        fresh = next((one for one in fitting if not one.used and (one is own or not one.claimed)), None)
        if fresh is not None or self._changes(call.tool):
            return fresh
        return max((one for one in fitting if one.used), key=_order, default=None)

    def _changes(self, tool: str) -> bool:
        """Whether a second call of this tool would do something a second time."""
        spec = self._specs.get(tool)
        return spec is None or spec.effects == "once"

    def _exact(self, live: Json, recorded: Json) -> bool:
        """Whether the two are the same in the tape's ids. Ids that stood for themselves do so from here on."""
        if canonical(self.bindings.recorded(live)) != canonical(recorded):
            return False
        self.bindings.unify(live, recorded)
        return True

    def _typed(self, tool: str, args: Json) -> Json:
        """Arguments as today's tool takes them: what has a default is there, whether it was given or not."""
        spec = self._specs.get(tool)
        properties = spec.parameters.get("properties") if spec is not None else None
        if spec is None or not isinstance(properties, dict) or not isinstance(args, dict):
            return args
        defaults = dict(_defaults(properties))
        needed = {*spec.parameters.get("required", ()), *defaults}
        return defaults | {key: value for key, value in args.items() if value is not None or key in needed}

    def _unknown(self, turn: int, call: ToolCall) -> NoReturn:
        same = [one for one in self._recorded.calls if one.tool == call.tool]
        mine = self._typed(call.tool, call.arguments)
        alike = [one for one in same if self._exact(mine, self._typed(one.tool, one.ran))]
        if not same:
            what, near = "and the tape has no call of it", None
        elif alike:
            what, near = _why_not(turn, alike), None
        else:
            what = "with arguments the tape has no result for"
            near = next((one for one in same if one.turn == turn and not one.used), same[0])
        rows = [f"recorded: {_shown(near.ran)}", f"live:     {_shown(call.arguments)}"] if near is not None else []
        raise Divergence(
            f"turn {turn}: {inert_line(call.tool, 80)} was called {what}; it was not run",
            step=f"t{turn}/tool:{call.id}",
            difference="\n".join(rows),
        )


def _order(one: RecordedCall) -> tuple[int, int, int]:
    return one.turn, one.reply, int(one.id[1:]) if one.id[1:].isdecimal() else 0


def _defaults(properties: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, schema in properties.items():
        if isinstance(schema, dict) and "default" in schema:
            yield name, schema["default"]


def _why_not(turn: int, alike: Sequence[RecordedCall]) -> str:
    if all(one.result is None for one in alike):
        return f"and did not run when it was recorded{f' ({inert_line(alike[0].said, 120)})' if alike[0].said else ''}"
    later = min(one.turn for one in alike)
    return f"in place of turn {later}, where it was recorded" if later > turn else "more often than it was recorded"


def _unasked(turn: int, card: Card) -> NoReturn:
    about = f"{card.call.tool} {_shown(card.call.arguments)}" if card.hook == "tool.call" else card.call.tool
    raise Divergence(
        f"turn {turn}: {card.verdict.rule} asks a person about {about}, and nobody was asked that when it was "
        "recorded; it was not approved",
        step=f"t{turn}/ask:{card.call.id}",
    )


def _shown(value: Json) -> str:
    return inert_line(json.dumps(value, ensure_ascii=False), _SHOWN)
