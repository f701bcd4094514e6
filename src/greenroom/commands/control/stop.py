"""The kill switch on the command line: pressed at once, listed, lifted with a reason, and drilled.

Invariant: pressing needs nothing but the workspace: no trust, no tools, no session's lock, no reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from greenroom.approval.kill_switch import KillSwitch, lifted_line, spoken
from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.answering.card import approver
from greenroom.commands.invocation import Face, Invocation
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import KillSwitchThrown, UsageError
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import suggest
from greenroom.core.values import Stop, StopScope

if TYPE_CHECKING:
    from greenroom.workspace.layout import Workspace

SCOPES: tuple[StopScope, ...] = get_args(StopScope)
_HINT = "greenroom stop [everything | tool NAME | turn SESSION | call SESSION CALL]"
_LIFT = "greenroom stop --lift --reason WHY"


async def stop(asked: Invocation) -> Answer[Any]:
    """Press the switch, or with an option list, lift or drill it.

    Raises:
        UsageError: nothing of the kind can be stopped or lifted, or no reason to lift.
        DiskFailed: it could not be written.
    """
    if asked.flag("drill"):
        from greenroom.commands.control.drill import drill

        return await drill()
    workspace, words = asked.workspace(), asked.words("what")
    if asked.flag("list"):
        return _listed(KillSwitch(workspace).stops())
    if asked.flag("lift"):
        return _lifted(workspace, words, asked.text("reason"))
    return _pressed(workspace, words, asked.text("reason"))


def heed(workspace: Workspace, face: Face) -> None:
    """Say what is stopped before a turn begins.

    Raises:
        KillSwitchThrown: everything is.
    """
    for one in KillSwitch(workspace).stops():
        if one.scope == "everything":
            raise KillSwitchThrown(sentence(one), hint=_LIFT)
        face.note(f"  stop     {sentence(one)}")


def sentence(stop: Stop) -> str:
    """`tool orders.refund is stopped by kim since 2026-11-21T10:00:00Z: wrong amounts`."""
    by = f" by {stop.by}" if stop.by else ""
    since = f" since {stop.at[:19]}Z" if stop.at else ""
    why = f": {stop.reason}" if stop.reason else ""
    return inert_line(f"{spoken(stop.scope, stop.target)} is stopped{by}{since}{why}", 300)


def _listed(stops: tuple[Stop, ...]) -> Answer[tuple[Stop, ...]]:
    rows = [(one.scope, one.target or "-", one.by or "-", one.at[:19], one.reason) for one in stops]
    notes = [f"lift one with: {_LIFT}"] if stops else ["nothing is stopped"]
    return answer(stops, table(("scope", "what", "by", "since", "reason"), rows), _data(stops), notes=notes)


def _pressed(workspace: Workspace, words: Sequence[str], reason: str) -> Answer[tuple[Stop, ...]]:
    scope, target = _meant(workspace, words)
    one = Stop(scope=scope, target=target, reason=reason, by=approver(), at=stamp(SystemClock().now()))
    stops = KillSwitch(workspace).press(one)
    notes = [f"it stays so until somebody lifts it: {_LIFT}"]
    if (scope, target) not in [(each.scope, each.target) for each in stops]:
        notes.insert(0, "the stop could not be written as it is, so everything is stopped")
    one = next((each for each in stops if (each.scope, each.target) == (scope, target)), stops[0])
    if scope == "tool" and (doubt := _doubt(workspace, target)):
        notes.insert(0, doubt)
    return answer(stops, [sentence(one)], _data(stops), notes=notes)


def _lifted(workspace: Workspace, words: Sequence[str], reason: str) -> Answer[tuple[Stop, ...]]:
    switch = KillSwitch(workspace)
    one = _in_force(workspace, switch.stops(), words)
    by = approver()
    lifted = switch.lift("all" if one is None else one.scope, "" if one is None else one.target, by=by, reason=reason)
    left = switch.stops()
    notes = [f"still in force: {sentence(other)}" for other in left]
    return answer(left, [lifted_line(each, by, reason) for each in lifted], _data(left), notes=notes)


def _in_force(workspace: Workspace, stops: tuple[Stop, ...], words: Sequence[str]) -> Stop | None:
    """The stop meant; None for all of them. Without words there must be just one, so that none is lifted by accident.

    Raises:
        UsageError: none or several fit.
    """
    if list(words) == ["all"]:
        return None
    found = [one for one in stops if not words or _is_named(one, _full(workspace, words))]
    exact = [one for one in found if words and one.target == words[-1]]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise UsageError("no such stop is in force", hint="greenroom stop --list", code="stop.none")
    which = ", ".join(spoken(one.scope, one.target) for one in found)
    raise UsageError(f"which one? {inert_line(which, 300)}", hint="name it, or `greenroom stop all --lift`")


def _is_named(stop: Stop, words: Sequence[str]) -> bool:
    """Whether `turn s1`, `call s1 c2` or `tool orders.*` mean this stop. The turn may have ended since."""
    scope, *rest = words
    if stop.scope != scope:
        return False
    if scope in ("everything", "tool"):
        return stop.target == " ".join(rest)
    session, _, step = stop.target.partition("/")
    return rest[:1] in ([session], [stop.target]) and (len(rest) < 2 or step.endswith(f"tool:{_call(rest[1])}"))


def _full(workspace: Workspace, words: Sequence[str]) -> Sequence[str]:
    """The words with a session's whole id for `last` or the beginning of one; as they are where there is no such session."""
    from greenroom.assembly import session_id

    if len(words) < 2 or words[0] not in ("turn", "call"):
        return words
    try:
        return [words[0], session_id(workspace, words[1]), *words[2:]]
    except UsageError:
        return words


def _call(word: str) -> str:
    """`c2` of `c2`, `t1/tool:c2` or `t1/ask:c2.1`."""
    step = word.rpartition("/")[2]
    return step.partition(":")[2].partition(".")[0] or step


def _meant(workspace: Workspace, words: Sequence[str]) -> tuple[StopScope, str]:
    match list(words):
        case [] | ["everything"]:
            return "everything", ""
        case ["tool", name]:
            return "tool", name
        case ["turn", session]:
            return "turn", _turn(workspace, session)
        case ["call", session, call]:
            return "call", f"{_turn(workspace, session)}/tool:{_call(call)}"
        case [word, *_] if word not in SCOPES:
            raise UsageError(f"'{word}' cannot be stopped", hint=suggest(word, list(SCOPES)))
        case _:
            raise UsageError(f"stop {words[0]} takes other words", hint=_HINT)


def _turn(workspace: Workspace, session: str) -> str:
    """`s1/t3` for the open turn of a session."""
    from greenroom.assembly import read_session, session_id
    from greenroom.core.events import TurnAbandoned, TurnFinished, TurnStarted

    name = session_id(workspace, session)
    for record in reversed(read_session(workspace, name)):
        if isinstance(record.event, TurnFinished | TurnAbandoned):
            break
        if isinstance(record.event, TurnStarted):
            return f"{name}/t{record.event.turn}"
    raise UsageError(f"session {name} has no turn under way", hint="greenroom session list", code="stop.no_turn")


def _doubt(workspace: Workspace, pattern: str) -> str:
    """Whether the pattern is likely a slip of the finger; asked after the stop is in force, as tools take time to read."""
    from greenroom.commands.tool.toolbox import specs_if_trusted
    from greenroom.core.errors import GreenroomError
    from greenroom.policy.files.rules import matching

    try:
        specs, _ = specs_if_trusted(workspace)
    except GreenroomError:
        return ""
    names = tuple(spec.name for spec in specs or ())
    if not names or matching(pattern, names):
        return ""
    return f"no tool of this workspace is named {pattern}: {suggest(pattern, list(names))} The stop is in force all the same."


def _data(stops: tuple[Stop, ...]) -> list[dict[str, str]]:
    return [one.model_dump(mode="json") for one in stops]
