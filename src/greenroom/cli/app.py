"""The command line from arguments to exit code.

Invariant: whatever happens, a person sees at most one line of error, never a traceback, and the exit code says which
kind it was.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from greenroom.cli import stderr, stdout, streams
from greenroom.core.errors import GreenroomError

if TYPE_CHECKING:
    from greenroom.cli.parse import Parsed
    from greenroom.commands.answer import Answer

INTERRUPTED = 130
INTERNAL = 70


def run(arguments: list[str]) -> int:
    """Carry one command line out; returns its exit code."""
    streams.complete()
    try:
        return _guarded(arguments)
    except BrokenPipeError:
        stdout.close_quietly()
        return 0


def _guarded(arguments: list[str]) -> int:
    workspace = ""
    try:
        from greenroom.cli.parse import parse

        parsed = parse(arguments)
        workspace = str(parsed.options.get("workspace") or ".")
        return _obey(parsed)
    except KeyboardInterrupt:
        stderr.error("interrupted; what was finished is in the log")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  the last door: no traceback reaches a terminal
        return _ended(error, workspace)


def _ended(error: Exception, workspace: str) -> int:
    """What a task group wrapped is judged by what is inside it."""
    inner = error
    while isinstance(inner, ExceptionGroup):
        inner = next((one for one in inner.exceptions if isinstance(one, GreenroomError)), inner.exceptions[0])
    if isinstance(inner, GreenroomError):
        stderr.error(inner.line())
        return inner.exit_code
    return _crashed(error, inner, workspace)


def _obey(parsed: Parsed) -> int:
    if parsed.options.get("no_color") or _no_colour():
        stderr.without_colour()
    if parsed.command is None:
        from greenroom.cli.usage import help_of

        stdout.write_lines(help_of(parsed.help_for or ""))
        return 0
    from greenroom.cli.face import Terminal
    from greenroom.commands.dispatch import call
    from greenroom.commands.invocation import Invocation

    face = Terminal(as_json=bool(parsed.options.get("json")))
    answer = call(parsed.command, Invocation(parsed.options, face))
    _show(answer, as_json=bool(parsed.options.get("json")))
    return answer.exit_code


def _show(answer: Answer[Any], *, as_json: bool) -> None:
    for line in answer.notes:
        stderr.note(line)
    if not as_json:
        stdout.write_lines(answer.lines)
    elif answer.stream:
        for item in answer.data or []:
            stdout.write_json(item)
    else:
        stdout.write_json(answer.data, pretty=sys.stdout.isatty())


def _no_colour() -> bool:
    if not sys.stderr.isatty():
        return True
    from greenroom.workspace.settings import variable

    return bool(variable("NO_COLOR"))


def _crashed(error: Exception, inner: Exception, workspace: str) -> int:
    from greenroom.workspace.crash_log import keep

    place = keep(error, workspace)
    told = f"details: {place}" if place else "details could not be written anywhere"
    what = f"internal error: {type(inner).__name__}: {inner}"
    if isinstance(inner, OSError) and inner.strerror:
        what = f"the operating system refused: {inner.strerror}{f': {inner.filename}' if inner.filename else ''}"
    stderr.error(f"{what[:1_500]} ({told})")
    return INTERNAL
