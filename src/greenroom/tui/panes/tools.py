"""The Tools pane: each call with its arguments, what was decided, how it went, what it gave and how long it took.

Invariant: arguments that a person changed are shown beside those the model asked for.
"""

from __future__ import annotations

import json
from typing import Any

from greenroom.core.values import Json
from greenroom.policy.explain import value_text
from greenroom.tui.conversation.entries import Entry, Tone
from greenroom.tui.folds import Folds
from greenroom.tui.text.runs import Line, Run, Tint, named
from greenroom.views.turns.tools import CallView

STATUS: dict[str, Tone] = {
    "done": "good",
    "failed": "bad",
    "timed_out": "bad",
    "invalid": "bad",
    "denied": "bad",
    "unknown": "wait",
    "waits for a person": "wait",
    "running": "wait",
}
_WORDS = {"timed_out": "timed out", "waits for a person": "waits for you"}


def entries(folds: Folds, turn: int) -> list[Entry]:
    """The calls of turn `turn` (from 1)."""
    now = folds.tools.number(turn)
    if now is None or not now.calls:
        return []
    count = len(now.calls)
    return [Entry("head", "section", f"{count} call{'s' if count > 1 else ''}"), *map(_row, now.calls)]


def status(view: CallView) -> str:
    """How a call stands, in a word or two."""
    words = "simulated" if view.simulated else _WORDS.get(view.status, view.status)
    return f"{words}, edited" if view.edited else words


def tone(view: CallView) -> Tone:
    """How it stands, as a colour."""
    return "wait" if view.simulated or view.edited else STATUS.get(view.status, "quiet")


def arguments(view: CallView) -> str:
    """`order_id=1001 amount=90`: those it ran with, else those asked for."""
    given = view.ran_with if view.ran_with is not None else view.call.arguments
    return " ".join(f"{name}={value_text(value)}" for name, value in given.items())


def lines_of(value: Any) -> list[str]:
    """A result as lines: text as it is, anything else as indented JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text.split("\n")


def _row(view: CallView) -> Entry:
    tint: Tint = tone(view)
    beside = [Run(status(view), tint)]
    if view.status == "done" and not view.simulated:
        beside.append(Run(f"{view.milliseconds:>6} ms", "quiet"))
    head = (Run(f"{view.call.tool}  ", "strong"), Run(arguments(view), "quiet"))
    return Entry(f"call:{view.call.id}", "row", head=head, beside=tuple(beside), body=tuple(_body(view)))


def _body(view: CallView) -> list[Line]:
    lines = [*_table("asked", view.call.arguments)]
    if view.ran_with is not None and view.ran_with != view.call.arguments:
        lines += _table("ran with", view.ran_with, "wait")
    if view.verdict:
        lines.append(named("verdict", f"{view.verdict} by {view.rule}"))
    if view.answer:
        lines.append(named("person", view.answer, "person"))
    if view.edited:
        lines.append(named("edited", f"the result, by {view.edited}", "person"))
    if view.call.problem:
        lines.append(named("problem", view.call.problem, "bad"))
    if view.error:
        lines.append(named("error", view.error, "bad"))
    elif view.output is not None:
        lines += _labelled("result", lines_of(view.output))
    return lines


def _table(name: str, given: dict[str, Json], tint: Tint = "plain") -> list[Line]:
    texts = [f"{key} = {value_text(value)}" for key, value in given.items()]
    return _labelled(name, texts or ["no arguments"], tint)


def _labelled(name: str, texts: list[str], tint: Tint = "plain") -> list[Line]:
    return [named(name if not place else "", text, tint) for place, text in enumerate(texts)]
