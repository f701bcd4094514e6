"""A tape's conversation as rows of a page: who said what, which passages were read, what policy and people decided.

Invariant: every text is escaped here, once, with what a reader would not see made visible; no row holds a live link.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from greenroom.core.inert import inert
from greenroom.regression.replay.difference import title
from greenroom.regression.replay.left_out import DROPPED, left_out
from greenroom.regression.replay.placeholders.known import CAME

Line = dict[str, Any]
_LONG = 4_000
_DECIDED = {"allow": "passed", "deny": "failed", "stop": "failed"}


def escaped(value: object) -> str:
    """Text as it may stand in a page."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > _LONG:
        text = f"{text[:_LONG]} … ({len(text) - _LONG} more characters)"
    return html.escape(inert(text))


def conversation(lines: Sequence[Line], here: Collection[int] = ()) -> Iterator[str]:
    """The rows of a tape; the events at the places `here` are marked as those that it is about."""
    names: dict[str, str] = {}
    for place, line in enumerate(lines):
        kind = next(iter(line), "")
        if kind == "retrieve":
            names.update({str(name): f"{label} ({score})" for name, label, score in line["retrieve"]})
        if kind == "memory":
            names[str(line["memory"])] = f"{line.get('key') or line.get('segment')}: {line.get('text')}"
        for who, what, style in _ROWS.get(kind, _other)(line, names):
            if who == "turn":
                yield f'<div class="turn">{what}</div>'
                continue
            mark = " here" if place in here else ""
            yield f'<div class="row {style}{mark}"><div class="who">{who}</div><div class="what">{what}</div></div>'


Rows = Iterator[tuple[str, str, str]]
"""Who, what (both escaped), style."""


def _turn(line: Line, names: dict[str, str]) -> Rows:
    yield "turn", f"Turn {escaped(line['turn'])}", ""
    yield "person", escaped(line.get("user", "")), "said user"


def _passages(line: Line, names: dict[str, str]) -> Rows:
    if kept := [names.get(str(name), str(name)) for name in line["select"]]:
        left = f"; left out: {escaped(left_out(line[DROPPED]))}" if line.get(DROPPED) else ""
        yield "passages", ", ".join(map(escaped, kept)) + left, "small"


def _recall(line: Line, names: dict[str, str]) -> Rows:
    if recalled := [item if isinstance(item, str) else str(item[0]) for item in line["recall"]]:
        yield "remembers", escaped("; ".join(names.get(name, name) for name in recalled)), "small"


def _verdict(line: Line, names: dict[str, str]) -> Rows:
    style = _DECIDED.get(str(line.get("effect")), "stale")
    of = f" of {escaped(line['of'])}" if "of" in line else ""
    rule = f" by <b>{escaped(line['rule'])}</b>" if line.get("rule") else ""
    said = f'<b class="{style}">{escaped(line.get("effect", ""))}</b>'
    yield "verdict", f"{escaped(line['verdict'])}{of}: {said}{rule}", "small"


def _reply(line: Line, names: dict[str, str]) -> Rows:
    if line.get("text"):
        yield "persona", escaped(line["text"]), "said"
    if line.get("reasoning"):
        yield "thought", escaped(line["reasoning"]), "small"
    for call in line.get("calls", ()):
        yield f"calls {escaped(call.get('id', ''))}", _called(call.get("tool", ""), call.get("args")), "small"


def _ask(line: Line, names: dict[str, str]) -> Rows:
    args = f" with {_code(line['args'])}" if "args" in line else ""
    yield (
        "asks",
        f"a person about {escaped(line['ask'])}{args}, by rule <b>{escaped(line.get('rule', ''))}</b>",
        "small",
    )


def _answer(line: Line, names: dict[str, str]) -> Rows:
    style = _DECIDED.get(str(line.get("decision")), "stale")
    reason = f": {escaped(line['reason'])}" if line.get("reason") else ""
    args = f" to {_code(line['args'])}" if "args" in line else ""
    said = f'<b class="{style}">{escaped(line.get("decision", ""))}</b>'
    yield "approval", f"{said} {escaped(line['answer'])}{args}{reason}", "small"


def _result(line: Line, names: dict[str, str]) -> Rows:
    what = line["output"] if "output" in line else line.get("error", "")
    status = str(line.get("status", ""))
    said = f'<b class="{"passed" if status == "done" else "failed"}">{escaped(status)}</b>'
    yield f"result {escaped(line['result'])}", f"{escaped(line.get('tool', ''))} {said} {_code(what)}", "small"


def _release(line: Line, names: dict[str, str]) -> Rows:
    yield "released", escaped(line["release"]), "said"


def _write(line: Line, names: dict[str, str]) -> Rows:
    yield "keeps", escaped(names.get(str(line["write"]), line["write"])), "small"


def _propose(line: Line, names: dict[str, str]) -> Rows:
    yield (
        "proposes",
        "to keep " + escaped("; ".join(names.get(str(name), str(name)) for name in line["propose"])),
        "small",
    )


def _finish(line: Line, names: dict[str, str]) -> Rows:
    if line["finish"] != "answered":
        yield "end", escaped(line["finish"]), "small"


def _held(line: Line, names: dict[str, str]) -> Rows:
    """What is known of a value that became a placeholder; on older tapes only what was decided."""
    call = escaped(line["held"])
    for _, outcome, text, *_ in line.get("clauses", ()):
        yield "held", f"{call} {CAME[outcome]}: {_code(text)}", "small"
    if "clauses" not in line:
        yield (
            "held",
            f"{call} as decided then: {escaped(line.get('effect', ''))} by {escaped(line.get('rule', ''))}",
            "small",
        )


def _silent(line: Line, names: dict[str, str]) -> Rows:
    yield from ()


def _other(line: Line, names: dict[str, str]) -> Rows:
    rest = dict(list(line.items())[1:])
    kind = next(iter(line), "")
    what = title(line).removeprefix(kind).strip()
    yield escaped(kind), " ".join([*([escaped(what)] if what else []), *([_code(rest)] if rest else [])]), "small"


def _called(tool: object, args: object) -> str:
    return f"<b>{escaped(tool)}</b> {_code(args)}"


def _code(value: object) -> str:
    return f"<code>{escaped(value)}</code>"


_ROWS: dict[str, Callable[[Line, dict[str, str]], Rows]] = {
    "turn": _turn,
    "retrieve": _silent,
    "select": _passages,
    "memory": _silent,
    "recall": _recall,
    "verdict": _verdict,
    "held": _held,
    "reply": _reply,
    "ask": _ask,
    "answer": _answer,
    "result": _result,
    "release": _release,
    "write": _write,
    "propose": _propose,
    "finish": _finish,
}
