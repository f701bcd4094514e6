"""A tape as a conversation people read: who said what, which rule had a say, what a person decided, what a tool gave back.

Invariant: a pure function of the tape and its case; every event but the bare ones has its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert, inert_line
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.replay.replay import Fixture
    from greenroom.regression.tape.tape import Line

_WIDE = 160
_STANDS = {"good": "this must stay so", "bad": "this must not come back", "observe": "replayed, nothing is expected"}


def story(name: str, fixture: Fixture) -> list[str]:
    """The whole of it: what it is, the conversation, the expectations.

    Raises:
        FileInvalid: a line is not of the form its kind has.
    """
    tape, case = fixture.tape, fixture.case
    head = f"{name} · {tape.header.get('persona', '')} · {tape.model} · {case.expect}: {_STANDS[case.expect]}"
    lines = [inert_line(head, _WIDE)]
    lines += [inert_line(case.why, _WIDE)] if case.why else []
    try:
        lines += conversation(tape.events, tape.persona)
    except (KeyError, TypeError, ValueError):  # lines that a replay only compares are read here for the first time
        raise FileInvalid(
            "a line is not of the form a tape has",
            where=fixture.file,
            hint="greenroom fixture check",
            code="tape.malformed",
        ) from None
    return [*lines, "", *_expected(fixture)]


def conversation(events: Sequence[Line], persona: str) -> Iterator[str]:
    """Every event of a tape that says something, in order."""
    for line in events:
        kind = next(iter(line))
        if kind == "turn":
            yield ""
            yield f"you: {inert(str(line['user']))}"
        elif kind == "release":
            yield f"{persona}: {inert(str(line['release']))}  (in the place of the model's words, {line.get('effect', '')})"
        elif kind == "reply":
            yield from _reply(line, persona)
        elif told := _aside(kind, line):
            yield f"  {kind:<8} {inert_line(told, _WIDE)}"


def _reply(line: Line, persona: str) -> Iterator[str]:
    if line.get("text"):
        yield f"{persona}: {inert(str(line['text']))}"
    for call in line.get("calls", ()):
        called = f"{call['id']} {call['tool']} {_json(call['args'])}"
        yield f"  calls    {inert_line(called, _WIDE)}"


def _aside(kind: str, line: Line) -> str:
    match kind:
        case "retrieve":
            return ", ".join(f"{label} {score}" for _, label, score in line["retrieve"])
        case "memory":
            return f"{line['memory']} in {line['segment']}: {line['text']}"
        case "write":
            return f"keeps {line['write']}" + (f" in the place of {line['superseded']}" if "superseded" in line else "")
        case "verdict":
            of = f" of {line['of']}" if "of" in line else ""
            return f"{line['verdict']}{of}: {line['effect']} by {line['rule']}"
        case "ask":
            return f"{line['ask']} waits for a person ({line['role']}), by {line['rule']}"
        case "answer":
            edited = f" to {_json(line['args'])}" if "args" in line else ""
            reason = f": {line['reason']}" if "reason" in line else ""
            return f"{line['answer']} {line['decision']}{edited}{reason}"
        case "result":
            came = line.get("error") or _json(line.get("output"))
            return f"{line['result']} {line['tool']} {'simulated' if 'simulated' in line else line['status']}: {came}"
        case "gate":
            return f"{line['gate']}: {line['action']} {_json(line.get('edit', ''))}"
        case "autonomy":
            return f"is {line['autonomy']} from here on"
        case "finish":
            reason = f": {line['reason']}" if "reason" in line else ""
            return "" if line["finish"] == "answered" else f"{line['finish']}{reason}"
        case _:
            return ""


def _expected(fixture: Fixture) -> Iterator[str]:
    from greenroom.regression.replay.check import failing

    case = fixture.case
    if not case.assert_:
        yield "expects   that everything happens again as recorded; nothing more"
        return
    failed = failing(fixture, fixture.tape, {}) if case.expect == "good" else ()
    for number, one in enumerate(case.assert_):
        said = {
            key: value for key, value in one.model_dump(mode="json", exclude_defaults=True).items() if key != "turn"
        }
        mark = "fails" if any(problem.startswith(f"assert[{number}] ") for problem in failed) else "expects"
        yield f"{mark:<9} {inert_line(f'turn {one.turn}: {_json(said)}', _WIDE)}"


def _json(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
