"""How a command and an action are declared: plain rows that every face reads."""

from __future__ import annotations

from typing import Any, NamedTuple


class Argument(NamedTuple):
    """One argument. `nargs` is as argparse has it; a name with dashes is an option, `flag` one without a value,
    `repeated` one that may be given several times, `needed` one that cannot be left out.
    """

    name: str
    help: str
    nargs: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None
    flag: bool = False
    number: bool = False
    metavar: str = ""
    repeated: bool = False
    needed: bool = False


class Command(NamedTuple):
    """One command. `slash` is its name in the REPL, `palette` its line in the palette, `key` its default key."""

    words: tuple[str, ...]
    help: str
    handler: str
    arguments: tuple[Argument, ...] = ()
    slash: str = ""
    palette: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        return " ".join(self.words)


class Action(NamedTuple):
    """Something a person does inside a live session. `handler` takes the session and the words behind the name."""

    name: str
    help: str
    handler: str = ""
    argument: str = ""
    choices: tuple[str, ...] = ()
    palette: str = ""
    key: str = ""
