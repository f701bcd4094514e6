"""The actions by which people stop, give leave and change autonomy inside a session: rows of `table.ACTIONS`."""

from __future__ import annotations

from greenroom.commands.declare import Action

_AT = "greenroom.commands.control.live:"

CONTROL: tuple[Action, ...] = (
    Action(
        "autonomy",
        "how far the persona acts alone, 0 to 4; a raised level falls back",
        _AT + "autonomy",
        "[LEVEL [30m] REASON]",
    ),
    Action(
        "stop",
        "the kill switch: everything, this turn, a tool or a call",
        _AT + "stop",
        "[turn|tool NAME|call ID] [REASON]",
        ("everything", "turn", "tool", "call"),
        "Kill switch",
        "ctrl+x ctrl+k",
    ),
    Action("lift", "end what is stopped, for a reason", _AT + "lift", "REASON"),
    Action("grants", "approvals that cover later calls", _AT + "grants"),
    Action("revoke", "take such an approval back", _AT + "revoke", "STEP [REASON]"),
    Action("dead", "questions nobody answered in time, and calls of unknown outcome", _AT + "dead"),
    Action("again", "put a dead letter's call to policy and a person again", _AT + "again", "STEP"),
    Action("discard", "let a dead letter be", _AT + "discard", "STEP REASON"),
    Action(
        "let-go", "go on as on disk, not under what this variant was made with", "greenroom.commands.session.own:take"
    ),
    Action("reload", "read policy and persona again, and say what changed", "greenroom.commands.live.reloading:reload"),
)
