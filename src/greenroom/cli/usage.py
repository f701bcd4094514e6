"""Help of the command line, made from the table of commands."""

from __future__ import annotations

from greenroom.cli.parse import parser_of
from greenroom.commands.declare import Command
from greenroom.commands.table import COMMANDS, TOPICS, groups, of_group

_HEAD = """usage: greenroom [WORKSPACE]              open the workbench (the nearest workspace)
       greenroom COMMAND [ARGUMENTS]

A terminal workbench for production-grade AI personas: rehearse, see why, go back, prove it.
"""
_TAIL = """
everywhere: --workspace PATH, --json (JSON on stdout, nothing else there), --no-color (or NO_COLOR)
exit codes: 0 done · 1 a check failed or the run was denied · 2 usage · 3 bad file · 4 model or service unavailable
            5 log damaged · 6 waiting for a person · 7 stopped · 70 internal or disk error · 130 interrupted
more:       greenroom help COMMAND · greenroom help {topics}
"""


def help_of(name: str) -> list[str]:
    """The help of everything (''), of a group of commands, or of one command."""
    if not name:
        return [*_HEAD.splitlines(), "", *_rows(COMMANDS), *_TAIL.format(topics="|".join(TOPICS)).splitlines()]
    if name in groups() and not any(command.name == name for command in COMMANDS):
        return [f"usage: greenroom {name} COMMAND", "", *_rows(of_group(name)), *_guide(name)]
    command = next(command for command in COMMANDS if command.name == name)
    return parser_of(command).format_help().splitlines()


def _guide(group: str) -> list[str]:
    """How the commands of a group go together, where that needs saying."""
    if group != "policy":
        return []
    from greenroom.commands.policy.guide import STEPS

    return ["", *STEPS.splitlines(), "", "more: greenroom help policy (a whole file, every name a clause may use)"]


def _rows(commands: tuple[Command, ...]) -> list[str]:
    shown = [(f"{command.name} {_arguments(command)}".rstrip(), command.help) for command in commands]
    wide = min(max(len(left) for left, _ in shown), 34)
    return [f"  {left.ljust(wide)}  {right}" for left, right in shown]


def _arguments(command: Command) -> str:
    words = []
    for argument in command.arguments:
        if argument.name.startswith("-"):
            continue
        name = argument.name.upper()
        words.append({"?": f"[{name}]", "*": f"[{name}...]", "+": f"{name}..."}.get(argument.nargs, name))
    return " ".join(words)
