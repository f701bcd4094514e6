"""Words of the command line into a command and its options. Only the parser of the command asked for is built.

Invariant: a wrong word is a `UsageError` with a hint, never argparse's own exit.
"""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from greenroom.commands.declare import Argument, Command
from greenroom.commands.table import COMMANDS, TOPICS, find, groups, of_group
from greenroom.core.errors import UsageError


class Parsed(NamedTuple):
    """What was asked for. `command` None with `help_for` shows help (of a group, or all with '')."""

    command: Command | None
    options: dict[str, Any]
    help_for: str | None = None


def parse(arguments: list[str]) -> Parsed:
    """Read the command line.

    Raises:
        UsageError: it makes no sense.
    """
    options, rest = _leading(arguments)
    if options.pop("help", False):
        return Parsed(None, options, "")
    if not rest:
        return Parsed(_named("open"), _defaults("open") | options)
    command, size = find(rest)
    if command is None:
        return _no_command(rest, options)
    if any(word in ("-h", "--help") for word in rest[size:]):
        return Parsed(None, options, command.name)
    if command.name == "help" and (asked := _asked_about(rest[size:])):
        return Parsed(None, options, asked)
    return Parsed(command, options | _parsed(command, rest[size:]))


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command, built from its row in the table."""
    parser = _Parser(
        prog=f"greenroom {command.name}", description=command.help + ".", add_help=False, allow_abbrev=False
    )
    for argument in command.arguments:
        parser.add_argument(argument.name, **_how(argument))
    parser.add_argument(
        "--workspace", metavar="PATH", default=argparse.SUPPRESS, help="a folder in the workspace (default: here)"
    )
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="JSON on stdout and nothing else there"
    )
    parser.add_argument(
        "--no-color", action="store_true", default=argparse.SUPPRESS, help="no colour (NO_COLOR does the same)"
    )
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _in_plain_words(message, list(self._option_string_actions), self.prog)


_CHOICE = re.compile(r"argument (?P<what>[^:]+): invalid choice: (?P<given>'.*'|\".*\") \(choose from (?P<known>.*)\)")
_NUMBER = re.compile(r"argument (?P<what>[^:]+): invalid int value: (?P<given>'.*'|\".*\")")
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<given>-\S+)")


def _in_plain_words(message: str, options: list[str], program: str) -> UsageError:
    """argparse's refusal with what was probably meant."""
    helped = f"{program} --help"
    if found := _CHOICE.fullmatch(message):
        known = [one.strip(" '") for one in found["known"].split(",")]
        near = difflib.get_close_matches(found["given"][1:-1], known, 1, 0.6)
        hint = f"did you mean '{near[0]}'? see {helped}" if near else f"one of: {', '.join(known)}; see {helped}"
        return UsageError(f"{found['what']} knows no {found['given']}", hint=hint)
    if found := _NUMBER.fullmatch(message):
        return UsageError(f"{found['what']} must be a whole number, not {found['given']}", hint=helped)
    if found := _UNKNOWN.match(message):
        near = difflib.get_close_matches(found["given"].partition("=")[0], options, 1, 0.6)
        hint = f"did you mean {near[0]}? see {helped}" if near else helped
        return UsageError(f"{program} has no option {found['given']}", hint=hint)
    return UsageError(message, hint=helped)


def _how(argument: Argument) -> dict[str, Any]:
    how: dict[str, Any] = {"help": argument.help}
    if argument.flag:
        return {**how, "action": "store_true"}
    if argument.repeated:
        how["action"] = "append"
    if argument.nargs:
        how["nargs"] = argument.nargs
    if argument.choices:
        how["choices"] = argument.choices
    if argument.needed:
        how["required"] = True
    if argument.number:
        how["type"] = int
    if argument.metavar:
        how["metavar"] = argument.metavar
    elif not argument.name.startswith("-"):
        how["metavar"] = argument.name.upper()
    return {**how, "default": argument.default}


def _parsed(command: Command, words: list[str]) -> dict[str, Any]:
    return vars(parser_of(command).parse_intermixed_args(words))


def _named(name: str) -> Command:
    return next(command for command in COMMANDS if command.name == name)


def _defaults(name: str) -> dict[str, Any]:
    return _parsed(_named(name), [])


def _leading(arguments: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Options that stand before the command."""
    options: dict[str, Any] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in ("-h", "--help"):
            options["help"] = True
        elif word == "--json":
            options["json"] = True
        elif word == "--no-color":
            options["no_color"] = True
        elif name == "--workspace" and (equals or rest):
            options["workspace"] = value if equals else rest.pop(0)
        else:
            return options, [*_opening(word), *rest]
    return options, rest


def _opening(word: str) -> list[str]:
    """`greenroom --persona aria` opens the workbench with it, as `greenroom open --persona aria` does."""
    known = {argument.name for argument in _named("open").arguments if argument.name.startswith("--")}
    if word.partition("=")[0] in known:
        return ["open", word]
    raise UsageError(f"unknown option {word}", hint="greenroom --help")


def _asked_about(words: list[str]) -> str:
    """The command, or the group of commands, that `greenroom help WORDS` is about; '' where it is a topic or nothing."""
    name = " ".join(word for word in words if not word.startswith("-"))
    if name in TOPICS:
        return ""
    return name if name in groups() or any(command.name == name for command in COMMANDS) else ""


def _no_command(rest: list[str], options: dict[str, Any]) -> Parsed:
    first = rest[0]
    if first in groups():
        verbs = [command.words[1] for command in of_group(first)]
        if len(rest) == 1:
            raise UsageError(f"{first} what?", hint=f"one of: {', '.join(verbs)}; see greenroom {first} --help")
        if rest[1] in ("-h", "--help"):
            return Parsed(None, options, first)
        raise UsageError(f"{first} has no command '{rest[1]}'", hint=_nearest(rest[1], verbs))
    if _is_path(first):
        return Parsed(_named("open"), {**options, **_parsed(_named("open"), rest)})
    words = list(dict.fromkeys(command.words[0] for command in COMMANDS))
    raise UsageError(f"unknown command '{first}'", hint=_nearest(first, words))


def _is_path(word: str) -> bool:
    return "/" in word or "\\" in word or word.startswith((".", "~")) or _exists(word)


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # far too long for a name
        return False


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
