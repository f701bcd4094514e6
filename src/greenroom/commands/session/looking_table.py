"""The commands that show what a session ran under and was given, against what is on disk: rows of `table.COMMANDS`."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

_HANDLERS = "greenroom.commands."
_SESSION = Argument("session", "a session's id, the beginning of one, or 'last'")
_PERSONA = Argument("persona", "the persona, as aria or aria@1.3.0", "?")

LOOKING: tuple[Command, ...] = (
    Command(
        ("session", "prompt"),
        "The exact messages a model call was given, what was left out, and what differs from another",
        _HANDLERS + "session.prompt:prompt",
        (
            _SESSION,
            Argument("--turn", "which turn; the last where none is named", number=True, metavar="N"),
            Argument("--call", "which model call of it; the last where none is named", number=True, metavar="K"),
            Argument(
                "--format",
                "text, json: the body as it goes over the wire, or curl: a command that sends it",
                choices=("text", "json", "curl"),
                default="text",
            ),
            Argument("--diff", "against the call before, or as the disk would have it", choices=("previous", "disk")),
            Argument("--model", "with json and curl: as it would go to this one", metavar="MODEL"),
        ),
    ),
    Command(
        ("session", "disk"),
        "What differs between what a session ran under and the disk; exit 1 where anything does",
        _HANDLERS + "session.disk:disk",
        (
            _SESSION,
            Argument("--take", "from here on it goes on as on disk, not under what it was made with", flag=True),
        ),
    ),
    Command(
        ("persona", "diff"),
        "What differs between two versions of a persona; of one alone, since it was frozen last",
        _HANDLERS + "persona.diff:diff",
        (_PERSONA, Argument("other", "the other one, as aria or aria@1.3.0", "?")),
    ),
)
