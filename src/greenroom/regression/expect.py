"""Expectations judged against what happened; every failure is one sentence a newcomer understands.

Invariant: pure; the same lines and the same case give the same sentences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.regression.case import (
    ApprovalExpected,
    Assertion,
    CallExpected,
    Case,
    Lines,
    MemoryExpected,
    Never,
    PassagesExpected,
    TextExpected,
    VerdictExpected,
)
from greenroom.regression.facts import CallFacts, TurnFacts, turns_of
from greenroom.regression.tape import Line


def failures(case: Case, lines: Sequence[Line]) -> tuple[str, ...]:
    """What does not hold, each with the assertion's number; () when the case is content."""
    turns = turns_of(lines)
    found = [
        f"assert[{number}] {problem}"
        for number, assertion in enumerate(case.assert_)
        for problem in _judge(assertion, turns)
    ]
    if case.expect == "observe":
        return ()
    if case.expect == "bad":
        return () if found or not case.assert_ else ("what was recorded as bad happened again",)
    return tuple(found)


def _judge(expected: Assertion, turns: list[TurnFacts]) -> list[str]:
    covered = [turn for turn in turns if expected.covers(turn.turn)]
    if not covered:
        return [f"there is no turn {expected.turn}: the recording has {len(turns)}"]
    out = list(_positive(expected, covered))
    if expected.never is not None:
        out += [f"turn {turn.turn}: {problem}" for turn in covered for problem in _never(expected.never, turn)]
    return out + list(_limits(expected, covered))


def _positive(expected: Assertion, turns: list[TurnFacts]) -> list[str]:
    """The problems of the turn that comes nearest to what is expected."""
    tried = [(list(_turn_problems(expected, turn)), turn) for turn in turns]
    problems, turn = min(tried, key=lambda pair: len(pair[0]))
    return [f"turn {turn.turn}: {problem}" for problem in problems]


def _turn_problems(expected: Assertion, turn: TurnFacts) -> Iterator[str]:
    calls = list(turn.calls.values())
    if expected.call is not None:
        calls = [call for call in calls if not _call_problem(expected.call, call)]
        if not calls:
            yield _no_call(expected.call, turn)
            return
    if expected.approval is not None:
        yield from _approval(expected.approval, calls)
    if expected.verdict is not None and not any(_is_verdict(expected.verdict, v) for v in turn.verdicts):
        seen = ", ".join(f"{effect} by {rule}" for _, effect, rule in turn.verdicts) or "none but the default"
        yield f"no verdict {_words(expected.verdict.model_dump(exclude_none=True))}; there was: {seen}"
    if expected.text is not None:
        yield from _text(expected.text, turn.text)
    if expected.passages is not None:
        yield from _passages(expected.passages, turn.passages)
    if expected.memory is not None:
        yield from _memory(expected.memory, turn.memories)


def _no_call(expected: CallExpected, turn: TurnFacts) -> str:
    same_tool = [call for call in turn.calls.values() if call.tool == expected.tool]
    if same_tool:
        return f"{expected.tool} was called, but {_call_problem(expected, same_tool[0])}"
    others = ", ".join(call.tool for call in turn.calls.values()) or "no tool"
    return f"{expected.tool} was not called; there was {others}"


def _call_problem(expected: CallExpected, call: CallFacts) -> str:
    """Why a call is not the expected one, or ''."""
    if call.tool != expected.tool:
        return f"it is {call.tool}"
    if expected.match == "exact" and (extra := call.args.keys() - expected.args.keys()):
        return f"with more arguments: {', '.join(sorted(extra))}"
    for name, value in expected.args.items():
        if name not in call.args:
            return f"without the argument {name}"
        if not fits(value, call.args[name]):
            return f"with {name} = {_shown(call.args[name])}, expected {_shown(value)}"
    if expected.status is not None and call.status != expected.status:
        return f"it ended as {call.status or 'nothing'}, expected {expected.status}"
    return ""


def fits(expected: Json, value: Json) -> bool:
    """Whether a value is the expected one; 90 and 90.0 are the same, `{approx: 90, within: 1}` is a number near 90."""
    if isinstance(expected, Mapping):
        if "approx" in expected and expected.keys() <= {"approx", "within"}:
            return _near(expected, value)
        same = isinstance(value, Mapping) and expected.keys() == value.keys()
        return same and all(fits(item, value[key]) for key, item in expected.items())
    if isinstance(expected, list | tuple):
        same = isinstance(value, list | tuple) and len(expected) == len(value)
        return same and all(fits(one, other) for one, other in zip(expected, value, strict=True))
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    return bool(expected == value)


def _near(expected: Mapping[str, Json], value: Json) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    about = expected["approx"]
    within = expected.get("within", abs(about) * 1e-6)
    return bool(abs(value - about) <= within)


def _approval(expected: ApprovalExpected, calls: list[CallFacts]) -> Iterator[str]:
    asked = any(call.asked for call in calls)
    if expected.asked is not None and asked != expected.asked:
        yield "nobody was asked" if expected.asked else "a person was asked, and none should be"
    decisions = [decision for call in calls for decision in call.decisions]
    if expected.decision is not None and expected.decision not in decisions:
        yield f"the decision was {', '.join(decisions) or 'not made'}, expected {expected.decision}"


def _is_verdict(expected: VerdictExpected, verdict: tuple[str, str, str]) -> bool:
    hook, effect, rule = verdict
    wanted = (expected.hook or hook, expected.effect or effect, expected.rule or rule)
    return wanted == verdict


def _text(expected: TextExpected, text: str) -> Iterator[str]:
    for part in _each(expected.contains):
        if part not in text:
            yield f"the reply does not contain {_shown(part)}: {_shown(text)}"
    for part in _each(expected.absent):
        if part in text:
            yield f"the reply contains {_shown(part)}: {_shown(text)}"
    if expected.regex is not None and not _matches(expected.regex, text):
        yield f"the reply does not match {_shown(expected.regex)}: {_shown(text)}"


def _matches(pattern: str, text: str) -> bool:
    import re2  # type: ignore[import-untyped]  # ships no types; on use, for most cases have no pattern

    return re2.search(pattern, text) is not None


def _passages(expected: PassagesExpected, labels: list[str]) -> Iterator[str]:
    for wanted in _each(expected.includes):
        ranks = [rank for rank, label in enumerate(labels, 1) if wanted in (label, label.partition("#")[0])]
        if not ranks:
            yield f"the passage {wanted} is not in the prompt; there: {', '.join(labels) or 'none'}"
        elif expected.at_most_rank is not None and ranks[0] > expected.at_most_rank:
            yield f"the passage {wanted} has rank {ranks[0]}, expected at most {expected.at_most_rank}"


def _memory(expected: MemoryExpected, memories: Mapping[str, str]) -> Iterator[str]:
    for key, text in expected.write.items():
        if key not in memories:
            yield f"no memory '{key}' was written; there: {', '.join(memories) or 'none'}"
        elif text not in memories[key]:
            yield f"the memory '{key}' is {_shown(memories[key])}, expected {_shown(text)}"


def _never(expected: Never, turn: TurnFacts) -> Iterator[str]:
    if expected.tool is not None and any(call.tool == expected.tool for call in turn.calls.values()):
        yield f"{expected.tool} was called, and never should be"
    if expected.verdict is not None and any(_is_verdict(expected.verdict, v) for v in turn.verdicts):
        yield f"a verdict {_words(expected.verdict.model_dump(exclude_none=True))} was reached, and never should be"
    if expected.text is not None and not list(_text(expected.text, turn.text)):
        yield f"the reply is one that must never come: {_shown(turn.text)}"


def _limits(expected: Assertion, turns: list[TurnFacts]) -> Iterator[str]:
    limits = expected.limits
    if limits is None:
        return
    used = {
        "model_calls": (sum(turn.model_calls for turn in turns), limits.model_calls),
        "tool_calls": (sum(len(turn.calls) for turn in turns), limits.tool_calls),
        "tokens": (sum(turn.tokens for turn in turns), limits.tokens),
        "usd": (sum(turn.micro_usd for turn in turns) / 1_000_000, limits.usd),
    }
    for name, (value, most) in used.items():
        if most is not None and value > most:
            yield f"{value:g} {name.replace('_', ' ')} were used, at most {most:g} expected"


def _each(lines: Lines) -> tuple[str, ...]:
    return (lines,) if isinstance(lines, str) else lines


def _words(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _shown(value: Json) -> str:
    return inert_line(json.dumps(value, ensure_ascii=False), 160)
