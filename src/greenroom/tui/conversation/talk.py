"""The conversation as entries: what was said, each tool call as a card where it was asked for, notes that say what to do.

Invariant: drawn from the views alone; an entry's id is its turn's number and its place, so it stays the same as it grows.
"""

from __future__ import annotations

from greenroom.core.durations import short_time
from greenroom.policy.explain import value_text
from greenroom.tui.conversation.entries import Entry, Tone
from greenroom.tui.folds import Folds
from greenroom.tui.panes.tools import arguments, lines_of, status, tone
from greenroom.tui.person import ESTABLISHED
from greenroom.views.people.dead_letters import DEADLINE
from greenroom.views.turns.conversation import ConversationTurn, Line
from greenroom.views.turns.tools import CallView, ToolTurn
from greenroom.views.turns.usage import UsageTurn

WHAT_TO_DO = "The turn is unfinished: /resume goes on with it, /abandon gives it up."
_DECISIONS: dict[str, Tone] = {"allow": "good", "edit": "wait", "simulate": "wait", "deny": "bad", "stop": "bad"}
_SAID = {"allow": "approved", "edit": "edited", "simulate": "simulated", "deny": "denied", "stop": "stopped the turn"}


_GRANT = "grant "


def reply_id(turn: int, place: int) -> str:
    """The id of a turn's reply number `place` (from 1), also while it still arrives."""
    return f"{turn}:reply:{place}"


def replies(turn: ConversationTurn | None) -> int:
    """How many replies a turn shows so far."""
    return sum(line.kind == "persona" for line in turn.lines) if turn else 0


def turn_of(id: str) -> int:
    """The turn an entry belongs to, 0 if to none: `3:reply` and `turn:3` both name the third."""
    number = id.removeprefix("turn:").partition(":")[0]
    return int(number) if number.isdigit() else 0


def seq_of_entry(folds: Folds, id: str) -> int | None:
    """The number of the event that brought an entry: what a person said, a line of the reply, a call, a verdict."""
    turn, kind = folds.conversation.number(turn_of(id)), id.partition(":")[2]
    if turn is None:
        return None
    if kind.isdigit():
        return int(kind)
    if kind.startswith("call:"):
        calls = folds.tools.number(turn_of(id))
        return next((view.seq for view in (calls.calls if calls else ()) if kind == f"call:{view.call.id}"), None)
    spoken = [line.seq for line in turn.lines if line.kind == ("person" if kind == "person" else "persona")]
    place = int(kind.removeprefix("reply:")) if kind.removeprefix("reply:").isdigit() else 1
    return spoken[min(place, len(spoken)) - 1] if spoken else None


def earlier(folds: Folds, persona: str, since: int = 1, until: int | None = None) -> list[list[Entry]]:
    """The entries of every turn from number `since` on and before `until`, but the last, turn by turn."""
    views = (folds.conversation.finished, folds.tools.finished, folds.usage.finished)
    stop = None if until is None else until - 1
    turns = zip(*(view[since - 1 : stop] for view in views), strict=True)
    return [_of(turn, calls, used, persona) for turn, calls, used in turns]


def latest(folds: Folds, persona: str) -> list[Entry]:
    """The entries of the last turn."""
    turn = folds.conversation.last()
    return _of(turn, folds.tools.last(), folds.usage.last(), persona) if turn else []


def _of(turn: ConversationTurn, calls: ToolTurn | None, used: UsageTurn | None, persona: str) -> list[Entry]:
    """The entries of one turn."""
    number = turn.turn
    # Cards stand where they were asked for, after the words that asked.
    placed: list[tuple[int, int, Entry]] = [
        (view.seq, 1 + place, _card(number, view)) for place, view in enumerate(calls.calls if calls else ())
    ]
    place = 0
    for line in turn.lines:
        place += line.kind == "persona"
        entry = _entry(number, line, place, persona, used)
        if entry is not None:
            placed.append((line.seq, 0, entry))
    entries = [entry for _, _, entry in sorted(placed, key=lambda item: item[:2])]
    if turn.status == "interrupted":
        entries.append(Entry(f"{number}:do", "note", text=WHAT_TO_DO, tone="wait"))
    return entries


def _entry(turn: int, line: Line, place: int, persona: str, used: UsageTurn | None) -> Entry | None:
    match line.kind:
        case "person":
            return Entry(f"{turn}:person", "person", text=line.text)
        case "persona":
            aside = _aside(used) if line.final else ""
            return Entry(reply_id(turn, place), "persona", persona, line.text, aside=aside)
        case "tool":
            return None
        case "approval":
            title = answered_by(line.by, line.established, line.status)
            return Entry(
                f"{turn}:{line.seq}", "approval", title, aside=_reason(line), tone=_DECISIONS.get(line.status, "plain")
            )
        case "verdict":
            return _verdict(turn, line)
        case _:
            bad: Tone = "bad" if not line.text.startswith("abandoned") else "quiet"
            return Entry(f"{turn}:{line.seq}", "note", text=line.text, tone=bad)


def answered_by(by: str, established: str, decision: str) -> str:
    """`you approved`, `mara denied (approve no)`, `denied: nobody answered in time`."""
    said = _SAID.get(decision, decision)
    if established == ESTABLISHED:
        return f"you {said}"
    if by == DEADLINE:
        return f"{said}: nobody answered in time"
    if established.startswith(_GRANT):
        return f"{covered(established)}, given by {by or 'somebody'}"
    return f"{by or 'somebody'} {said}{f' ({established})' if established else ''}"


def covered(established: str) -> str:
    """`covered by the grant of turn 2` for `grant t2/ask:c3`."""
    turn = established.removeprefix(_GRANT).partition("/")[0].removeprefix("t")
    return f"covered by the grant of turn {turn}"


def _aside(used: UsageTurn | None) -> str:
    return short_time(used.total_milliseconds) if used and used.total_milliseconds else ""


def _reason(line: Line) -> str:
    return line.text.partition(": ")[2]


def _verdict(turn: int, line: Line) -> Entry:
    """`output: redact by card.out. A card number must not ...`: the rule in the head, the reason folded away."""
    head, _, why = line.text.partition(". ")
    hook, _, rest = head.partition(": ")
    effect, _, rule = rest.partition(" by ")
    tone: Tone = "bad" if effect in ("deny", "escalate") else "wait"
    return Entry(f"{turn}:{line.seq}", "verdict", f"{effect} {hook}", why, aside=rule, tone=tone)


def _card(turn: int, view: CallView) -> Entry:
    detail = [f"asked     {_pairs(view.call.arguments)}"]
    if view.ran_with is not None and view.ran_with != view.call.arguments:
        detail.append(f"ran with  {_pairs(view.ran_with)}")
    if view.verdict:
        detail.append(f"verdict   {view.verdict} by {view.rule}")
    if view.error:
        detail.append(f"error     {view.error}")
    elif view.output is not None:
        first, *rest = lines_of(view.output)
        detail += [f"result    {first}", *(f"          {line}" for line in rest)]
    took = (
        " · kept" if view.kept else f" · {view.milliseconds} ms" if view.status == "done" and not view.simulated else ""
    )
    return Entry(
        f"{turn}:call:{view.call.id}",
        "tool",
        f"{view.call.tool} {arguments(view)}",
        detail=tuple(detail),
        aside=f"{status(view)}{took}",
        tone=tone(view),
    )


def _pairs(given: dict[str, object]) -> str:
    return "  ".join(f"{name}={value_text(value)}" for name, value in given.items()) or "nothing"
