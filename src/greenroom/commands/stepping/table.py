"""The commands about breakpoints, as rows of the command table."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

_HERE = "greenroom.commands.stepping.breakpoints:"
_WHICH = Argument("which", "its number in the list, or its condition")
BREAK = Argument(
    "--break",
    "stop where this holds: 'tool.name == \"orders.refund\"', 'turn == 3' (words: help policy)",
    metavar="CONDITION",
    repeated=True,
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
