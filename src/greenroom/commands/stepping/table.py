"""The commands about breakpoints, as rows of the command table."""

from __future__ import annotations

from greenroom.commands.declare import Action, Argument, Command

_HERE = "greenroom.commands.stepping.breakpoints:"
_WHICH = Argument("which", "its number in the list, or its condition")
BREAK = Argument(
    "--break",
    "stop where this holds: 'tool.name == \"orders.refund\"', 'turn == 3' (words: help policy)",
    metavar="CONDITION",
    repeated=True,
)
AT_GATE = (
    Argument(
        "--edit",
        "at the gate: a text, the rows that go on ('3 1'), amount=90, or JSON, as the gate wants it",
        metavar="EDIT",
    ),
    Argument("--simulate", "at a call's gate: what it would have returned (JSON)", metavar="RESULT"),
    Argument("--skip", "at the gate: without what was to happen", flag=True),
    BREAK,
)
"""What can be said when a session that rests at a gate is resumed."""
BREAK_AT = Action(
    "break",
    "stop where a condition holds; toggle N, remove N, or the list",
    "greenroom.commands.stepping.live:break_at",
    "[CONDITION]",
    (),
    "Breakpoints",
    "b",
)

BREAKPOINTS: tuple[Command, ...] = (
    Command(("breakpoint", "list"), "The conditions at which the workbench and the REPL stop", _HERE + "list_all"),
    Command(
        ("breakpoint", "add"),
        "Stop where a condition holds",
        _HERE + "add",
        (Argument("when", "the condition, in the clauses of policies: 'usage.usd > 0.05'"),),
    ),
    Command(("breakpoint", "remove"), "Forget a breakpoint", _HERE + "remove", (_WHICH,)),
    Command(("breakpoint", "toggle"), "Switch a breakpoint off, or on again", _HERE + "toggle", (_WHICH,)),
)
