"""What a card offers and says around its text: the question, the chords, the title, the clock.

Invariant: an option is offered only where the engine takes it, and the clock never promises anything but a denial.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content, Span

from greenroom.core.inert import inert_line
from greenroom.tui.card.form import Option, Scope

if TYPE_CHECKING:
    from greenroom.core.values import Card
    from greenroom.views.people.approvals import Asked

CHORDS: dict[Option, str] = {
    "deny": "ctrl+n",
    "edit": "ctrl+o",
    "simulate": "ctrl+s",
    "allow": "ctrl+y",
    "grant": "ctrl+g",
    "stop": "ctrl+t",
}
"""Free in the composer, in tmux and in a terminal's line discipline as Textual sets it; approve comes late on purpose."""

WORDS: dict[Option, str] = {
    "deny": "deny",
    "edit": "edit",
    "simulate": "simulate",
    "allow": "approve",
    "grant": "grant",
    "stop": "stop turn",
}
_ASKS: dict[Option, str] = {
    "deny": "Why not? The model reads this. up/down: other words",
    "edit": "Other arguments. The changed call is decided again.",
    "simulate": "The result the model shall see. Nothing runs.",
    "stop": "Stop the whole turn. A reason, if you like:",
}
_GRANTS: dict[Scope, str] = {
    "turn": "Approve, and this turn's later calls where every line holds. ^g: session",
    "session": "Approve, and this session's later calls where every line holds. ^g: always",
    "always": "Approve once, and propose a rule in a file for review. ^g: turn",
}
SCOPES: tuple[Scope, ...] = ("turn", "session", "always")


@dataclass(frozen=True, slots=True)
class Question:
    """An open question: the step's key, the card, its deadline, whether it follows an edit, how many wait behind it.

    `role` is who is asked by now, `passed` how many deadlines went by, `package` the lines of an escalation,
    `said` what the model itself said beside the call.
    """

    step: str
    card: Card
    deadline: datetime | None = None
    edited: bool = False
    waiting: int = 0
    role: str = "operator"
    passed: int = 0
    package: tuple[str, ...] = ()
    said: str = ""


def question_of(asked: Asked, waiting: int, *, package: tuple[str, ...] = (), said: str = "") -> Question:
    """A question of the log as the card takes it; a step such as `t3/ask:c2.1` follows an edit."""
    from greenroom.core.clock import parse_stamp

    return Question(
        asked.step,
        asked.card,
        parse_stamp(asked.deadline) if asked.deadline else None,
        edited=asked.step.rpartition(".")[2].isdigit() or asked.step.endswith(".gate"),
        waiting=waiting,
        role=asked.role,
        passed=asked.passed,
        package=package,
        said=said,
    )


def options(card: Card) -> tuple[Option, ...]:
    """What can be answered: a text cannot be simulated, and leave for later goes with calls that a rule asks
    about, not with those that are put for another reason (an edit, a step-through, an unknown outcome).
    """
    from greenroom.engine.asking.permitting import editable

    call = card.hook == "tool.call"
    dropped: set[Option] = set()
    if not call:
        dropped.add("simulate")
    if not editable(card):
        dropped.add("edit")
    if not call or card.reason or card.verdict.effect != "require_approval":
        dropped.add("grant")
    return tuple(option for option in CHORDS if option not in dropped)


def asks(option: Option, card: Card, scope: Scope) -> str:
    """What the form asks for."""
    if option == "grant":
        return _GRANTS[scope]
    if option == "edit" and card.hook != "tool.call":
        return "Other words. They are decided about again."
    return _ASKS.get(option, "")


def head(question: Question, left: str = "") -> Content:
    """The card's title; `left` stands behind it where the clock has no row of its own."""
    behind = f"  {question.waiting} more waiting" if question.waiting else ""
    title = "Edited, new verdict" if question.edited else "Approval"
    if question.card.verdict.effect == "escalate":
        title = "Escalated"
    text = f"{title}: {inert_line(question.card.call.tool, 60)}{behind}"
    clock = f"  {left}" if left else ""
    color = "$warning" if question.edited else "$accent"
    spans = [Span(0, len(title), f"bold {color}"), Span(len(text), len(text) + len(clock), "$warning")]
    return Content(text + clock, spans)


def clock_row(question: Question, now: datetime) -> Content:
    """Who is asked, for how long, and what happens then: `operator · 2:04 left · then lead, then denied`."""
    left = time_left(question.deadline, now)
    then = f" · {next_steps(question)}" if left else ""
    who = f"{inert_line(question.role, 24)} · "
    text, start = f"{who}{left or 'no deadline'}{then}", len(who)
    hurry = question.deadline is not None and (question.deadline - now).total_seconds() < 60
    spans = [Span(0, len(text), "$quiet"), Span(start, start + len(left), "bold $error" if hurry else "$warning")]
    return Content(text, spans)


def time_left(deadline: datetime | None, now: datetime) -> str:
    """`2:04 left`, `1:05:00 left`, `time is up`; '' without a deadline."""
    if deadline is None:
        return ""
    seconds = int((deadline - now).total_seconds())
    if seconds <= 0:
        return "time is up"
    hours, minutes = divmod(seconds // 60, 60)
    shown = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{shown}:{seconds % 60:02d} left"


def next_steps(question: Question) -> str:
    """`then lead, then denied`: what is left of the rule's list. It always ends in a denial."""
    ask = question.card.verdict.ask
    steps = [step for step in (ask.then if ask else ()) if step != "deny"][question.passed :]
    told = []
    for step in steps:
        action, _, role = step.partition(":")
        shown = inert_line(role, 24)
        told.append(f"then {shown} is told" if action == "notify" else f"then {shown}")
    return ", ".join([*told, "then denied"])
