"""The commands by which people answer, grant, stop and take back: rows of `table`, kept apart because they are many."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

_SESSION = Argument("session", "a session's id, the beginning of one, or 'last'")
_ASKING = Argument("session", "a session's id, the beginning of one, or 'last': the newest with an open question")
_CARD = Argument("--card", "only if this is the question that is open (as `approve show` names it)", metavar="CODE")
_WHICH = Argument("session", "a session, or 'all'", "?", default="all")
_STEP = Argument("step", "the step, as the list names it")
_REASON = Argument("--reason", "why; the log keeps it", metavar="TEXT")
_WHEN = Argument(
    "--when", "a clause that must hold, in place of the narrow ones; may be repeated", metavar="CLAUSE", repeated=True
)


def _at(place: str) -> str:
    return f"greenroom.commands.{place}"


ANSWERING: tuple[Command, ...] = (
    Command(
        ("approve", "list"),
        "Questions that wait for a person, and how tired the answers look",
        _at("answering.approve:list_open"),
    ),
    Command(
        ("approve", "show"),
        "The whole card of a session's open question, or with --dead of a dead letter",
        _at("answering.approve:show"),
        (_ASKING, Argument("--dead", "the dead letter of this step", metavar="STEP")),
    ),
    Command(
        ("approve", "yes"),
        "Allow it, once or for a while, and finish the turn",
        _at("answering.approve:yes"),
        (
            _ASKING,
            _CARD,
            Argument("--scope", "what else it covers", choices=("once", "turn", "session"), default="once"),
            Argument("--for", "until when a wider scope holds (90s, 30m, 2h)", default="30m", metavar="TIME"),
            _WHEN,
        ),
    ),
    Command(
        ("approve", "no"),
        "Deny it with a reason the model reads, and finish the turn",
        _at("answering.approve:no"),
        (_ASKING, Argument("reason", "why", "*"), _CARD),
    ),
    Command(
        ("approve", "edit"),
        "Change its arguments; the call is decided again",
        _at("answering.approve:edit"),
        (_ASKING, Argument("given", "amount=90", "+"), _CARD),
    ),
    Command(
        ("approve", "always"),
        "Propose a narrow, expiring exception for review; it answers nothing, the question stays open",
        _at("answering.always:always"),
        (_ASKING, Argument("--expires", "how long it should hold (7d, 30d)", default="30d", metavar="TIME"), _WHEN),
    ),
    Command(("approve", "grants"), "Approvals that cover later calls", _at("answering.grants:list_grants"), (_WHICH,)),
    Command(
        ("approve", "revoke"), "Take such an approval back", _at("answering.grants:revoke"), (_SESSION, _STEP, _REASON)
    ),
    Command(
        ("approve", "dead"),
        "Questions nobody answered, and calls of unknown outcome",
        _at("answering.letters:dead"),
        (_WHICH,),
    ),
    Command(
        ("approve", "again"),
        "Put a dead letter's call to policy and people again",
        _at("answering.letters:again"),
        (_SESSION, _STEP),
    ),
    Command(
        ("approve", "discard"), "Let a dead letter be", _at("answering.letters:discard"), (_SESSION, _STEP, _REASON)
    ),
    Command(
        ("approve", "fatigue"),
        "How tired the answers look: of the last 24 hours, or of a session",
        _at("answering.fatigue:meter"),
        (_WHICH,),
    ),
    Command(
        ("autonomy",),
        "How far a persona acts alone in a session: show it, or set it for a while",
        _at("control.autonomy:autonomy"),
        (
            _SESSION,
            Argument("level", "0 suggests only, 1 asks always, 2 reads alone ... 4", "?", number=True),
            Argument("--for", "how long a raise holds (90s, 30m, 2h)", default="30m", metavar="TIME"),
            _REASON,
        ),
    ),
    Command(
        ("stop",),
        "The kill switch: stop everything, a tool, a turn or a call, in every process",
        _at("control.stop:stop"),
        (
            Argument("what", "everything, tool NAME, turn SESSION, call SESSION CALL (default: everything)", "*"),
            Argument("--reason", "why (needed to lift)", metavar="TEXT"),
            Argument("--list", "only show what is stopped", flag=True),
            Argument("--lift", "end the stop named, or the only one; `all` ends every one", flag=True),
            Argument("--drill", "check on a scratch session that the switch is obeyed", flag=True),
        ),
    ),
)
