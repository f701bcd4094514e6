"""From a row of the table to its handler's answer; a handler is imported when it is called and not before."""

from __future__ import annotations

import asyncio
import inspect
from importlib import import_module
from typing import Any

from greenroom.commands.answer import Answer
from greenroom.commands.declare import Command
from greenroom.commands.invocation import Invocation


def handler_of(place: str) -> Any:
    """The callable at `package.module:name`."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def call(command: Command, invocation: Invocation) -> Answer[Any]:
    """Run a command to its end, on an event loop of its own if it needs one.

    Raises:
        GreenroomError: whatever the command raises.
    """
    result = handler_of(command.handler)(invocation)
    if inspect.isawaitable(result):
        return asyncio.run(_awaited(result))
    assert isinstance(result, Answer)
    return result


async def _awaited(result: Any) -> Answer[Any]:
    answer = await result
    assert isinstance(answer, Answer)
    return answer
