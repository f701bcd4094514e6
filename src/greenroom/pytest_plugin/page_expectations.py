"""What a failed fixture's case expects, each expectation with whether it holds, and the event that a failing one is about.

Invariant: the case is shown as its file says it, escaped; one that cannot be read leaves the reasons alone, and no error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.pytest_plugin.page_conversation import Line, escaped
from greenroom.pytest_plugin.place import CASE, TAPE
from greenroom.pytest_plugin.told import Told
from greenroom.regression.case import Case, load_case
from greenroom.regression.expect.assertion import Assertion
from greenroom.workspace.own_file import read_written

_FAILING = re.compile(r"assert\[([0-9]{1,4})\]\S*\s*(.*)", re.DOTALL)
_BEGINS = "[[assert]]"
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "text": ("words", "release"),
    "voice": ("words", "release"),
    "call": ("calls", "result"),
    "tools": ("calls", "result"),
    "verdict": ("verdict",),
    "approval": ("ask", "answer"),
    "passages": ("select",),
    "memory": ("write", "propose", "recall"),
    "finish": ("words", "finish"),
    "limits": ("words", "finish"),
}
"""By key of an expectation, the events it looks at; a reply is one of `words`, of `calls`, or of both."""


def expectations(told: Told) -> Iterator[str]:
    """All that the case of a failed fixture expects, the failing marked and said why."""
    failing, others = _failing(told)
    blocks = _blocks(Path(told["path"].removesuffix(TAPE) + CASE))
    shown = told["shown"].removesuffix(TAPE) + CASE
    if not blocks and not others:
        return
    yield '<h3>Expected</h3><ul class="expected">'
    for place, (line, text) in enumerate(blocks):
        why = "".join(f'<p class="why">{escaped(reason)}</p>' for reason in failing.get(place, ()))
        kind, word = ("failed", "fails") if why else ("passed", "holds" if told["expect"] == "good" else "")
        where = f'<span class="soft mono">{escaped(shown)}:{line}</span>'
        yield f'<li class="{kind}"><b>{word}</b> {where}<pre>{escaped(text)}</pre>{why}</li>'
    for reason in others:
        yield f'<li class="failed"><b>fails</b> <p class="why">{escaped(reason)}</p></li>'
    yield "</ul>"


def failing_events(told: Told, lines: Sequence[Line]) -> set[int]:
    """The places of the events that the failing expectations are about, one each."""
    case = _case(told)
    if case is None:
        return set()
    failing, _ = _failing(told)
    found = (_event(case.assert_[at], lines) for at in failing if at < len(case.assert_))
    return {place for place in found if place >= 0}


def _failing(told: Told) -> tuple[dict[int, list[str]], list[str]]:
    """The reasons by the place of the expectation they are about, and those that are about none."""
    by_place: dict[int, list[str]] = {}
    others = []
    for reason in told["reasons"]:
        if found := _FAILING.fullmatch(reason):
            by_place.setdefault(int(found[1]), []).append(found[2])
        else:
            others.append(reason)
    return by_place, others


def _case(told: Told) -> Case | None:
    try:
        return load_case(Path(told["path"].removesuffix(TAPE) + CASE))
    except FileInvalid:
        return None


def _blocks(case: Path) -> list[tuple[int, str]]:
    """Where each expectation begins, from 1, and its lines as they stand there, without the comments around it."""
    try:
        rows = read_written(case).splitlines()
    except (OSError, ValueError):
        return []
    begun = [at for at, row in enumerate(rows) if row.startswith(_BEGINS)]
    return [
        (at + 1, "\n".join(row for row in rows[at + 1 : end] if row.strip() and not row.startswith("#")))
        for at, end in zip(begun, [*begun[1:], len(rows)], strict=True)
    ]


def _event(one: Assertion, lines: Sequence[Line]) -> int:
    """The last event of the kind that it looks at in its turns, else the words that began the last of them; -1: none."""
    kinds = {kind for key in _keys(one) for kind in _ABOUT.get(key, ())}
    wanted, turn, begun, found = _turns(one.turn), 0, -1, -1
    tool = one.call.tool if one.call is not None and isinstance(one.call.tool, str) else ""
    for place, line in enumerate(lines):
        kind = next(iter(line), "")
        turn = int(line["turn"]) if kind == "turn" else turn
        if turn not in wanted:
            continue
        begun = place if kind == "turn" else begun
        if _concerns(line, kind, kinds, tool):
            found = place
    return found if found >= 0 else begun


def _keys(one: Assertion) -> set[str]:
    nested = [*([one.not_] if one.not_ else []), *(one.any_of or ())]
    never = one.never.model_fields_set if one.never else ()
    also = {"tools" if key == "tool" else key for key in never}
    return set(one.model_fields_set) | also | {key for inner in nested for key in _keys(inner)}


def _concerns(line: Line, kind: str, kinds: Collection[str], tool: str) -> bool:
    """Whether an event is of these kinds, and about that tool where one is named."""
    if kind == "reply":
        called = [str(call.get("tool", "")) for call in line.get("calls", ())]
        return bool("words" in kinds and line.get("text")) or (
            "calls" in kinds and bool(called) and tool in (*called, "")
        )
    if line.get(kind) in ([], "answered"):
        return False  # the page has no row for it
    return kind in kinds and (kind != "result" or tool in (line.get("tool"), ""))


def _turns(turn: Any) -> range:
    first, _, last = str(turn).partition("-")
    return range(int(first), int(last or first) + 1) if first.isdigit() else range(1, 1_000_000)
