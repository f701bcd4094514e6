"""The table is the one list of what a user can do: every row can be found, parsed and run."""

import importlib
import inspect
import subprocess
import sys

import pytest

from greenroom.cli.parse import parser_of
from greenroom.cli.usage import help_of
from greenroom.commands.declare import Command
from greenroom.commands.dispatch import handler_of
from greenroom.commands.live.actions import find_action
from greenroom.commands.table import ACTIONS, COMMANDS, find, groups
from greenroom.core.errors import UsageError


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_handler_is_there_and_takes_an_invocation(command: Command) -> None:
    handler = handler_of(command.handler)
    assert list(inspect.signature(handler).parameters) == ["asked"]
    assert handler.__doc__ or command.help


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_parser_and_help(command: Command) -> None:
    text = "\n".join(help_of(command.name))
    assert command.help.split()[0] in text
    assert "--json" in text
    for argument in command.arguments:
        assert (argument.name if argument.name.startswith("-") else argument.name.upper()) in text
    assert parser_of(command).prog == f"greenroom {command.name}"


def test_the_help_of_everything_names_every_command() -> None:
    text = "\n".join(help_of(""))
    assert all(f"  {command.name}" in text for command in COMMANDS)


def test_names_are_unique() -> None:
    assert len({command.words for command in COMMANDS}) == len(COMMANDS)
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
    keys = [action.key for action in ACTIONS if action.key]
    assert len(set(keys)) == len(keys)


def test_every_action_but_leaving_has_a_handler_that_takes_a_session_and_words() -> None:
    for action in ACTIONS:
        if action.name == "quit":
            assert not action.handler
        else:
            assert list(inspect.signature(handler_of(action.handler)).parameters) == ["live", "words"]


def test_the_longest_name_wins() -> None:
    command, size = find(["session", "show", "last"])
    assert command is not None
    assert (command.words, size) == (("session", "show"), 2)
    assert find(["nonsense"]) == (None, 0)
    assert "session" in groups()


def test_an_action_is_found_by_its_beginning_and_a_wrong_one_is_suggested() -> None:
    assert find_action("ver").name == "verify"
    with pytest.raises(UsageError) as caught:
        find_action("verfy")
    assert "verify" in caught.value.hint


def test_the_table_and_the_parser_import_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['greenroom']; from greenroom.cli import app; app.run(['--help']);"
        "heavy = {'pydantic', 'asyncio', 'litellm', 'chromadb', 'mcp', 'textual', 'prompt_toolkit', 'numpy'};"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: greenroom" in done.stdout


def test_importing_the_table_imports_no_handler() -> None:
    table = importlib.import_module("greenroom.commands.table")
    assert all(isinstance(command.handler, str) for command in table.COMMANDS)
