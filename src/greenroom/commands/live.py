"""What a person can look at and do inside a live session, by name; the REPL's slash words and the palette call these.

Invariant: everything shown is a fold of the session's log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, get_args

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.answering.card import ESTABLISHED, approver
from greenroom.commands.declare import Action
from greenroom.commands.dispatch import handler_of
from greenroom.commands.narrate import as_json
from greenroom.commands.session.sessions import timeline
from greenroom.commands.table import ACTIONS
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import StepMode
from greenroom.engine.session import Session
from greenroom.policy.explain import explain, value_text
from greenroom.views import memory as memory_view
from greenroom.views import retrieval as retrieval_view
from greenroom.views import tools as tools_view
from greenroom.views import usage as usage_view
from greenroom.views import verdicts as verdicts_view
from greenroom.views.fold import Turns, fold_all
from greenroom.workspace.layout import Workspace


@dataclass(frozen=True, slots=True)
class Live:
    """A session under way and the workspace it belongs to. `established` says how it is known who sits here."""

    workspace: Workspace
    session: Session
    established: str = ESTABLISHED


def find_action(name: str) -> Action:
    """The action of this name, or the only one that begins so.

    Raises:
        UsageError: there is none.
    """
    begun = [action for action in ACTIONS if action.name.startswith(name)] if name else []
    exact = [action for action in begun if action.name == name]
    if found := exact or (begun if len(begun) == 1 else []):
        return found[0]
    raise UsageError(f"unknown command /{name}", hint=suggest(name, [action.name for action in ACTIONS]))


async def act(live: Live, action: Action, words: str) -> Answer[Any]:
    """Do it.

    Raises:
        GreenroomError: what the action raises.
    """
    result = handler_of(action.handler)(live, words.strip())
    if isinstance(result, Awaitable):
        result = await result
    assert isinstance(result, Answer)
    return result


def actions(live: Live, words: str) -> Answer[tuple[Action, ...]]:
    rows = [(f"/{action.name} {action.argument}".rstrip(), action.help) for action in ACTIONS]
    return answer(ACTIONS, table(("command", "what it does"), rows), [action._asdict() for action in ACTIONS])


def mode(live: Live, words: str) -> Answer[str]:
    modes: tuple[StepMode, ...] = get_args(StepMode)
    if words:
        chosen = next((one for one in modes if one == words), None)
        if chosen is None:
            raise UsageError(f"there is no mode '{words}'", hint=", ".join(modes))
        live.session.set_mode(chosen)
    return answer(live.session.mode, [f"mode {live.session.mode}"], {"mode": live.session.mode})


def policy(live: Live, words: str) -> Answer[Any]:
    turn = _turn(fold_all(verdicts_view.fold, verdicts_view.EMPTY, live.session.records), words)
    lines: list[str] = []
    for one in turn.worth_showing() if turn else ():
        lines += [f"{one.hook} {one.subject}".rstrip(), *(f"  {line}" for line in explain(one.verdict))]
    return answer(turn, lines or ["nothing but plain allows"], [])


def memory(live: Live, words: str) -> Answer[Any]:
    turn = _turn(fold_all(memory_view.fold, memory_view.EMPTY, live.session.records), words)
    items = (*turn.recalled, *turn.proposed) if turn else ()
    rows = [(one.fate, one.memory.id, one.memory.segment, one.memory.text, one.why) for one in items]
    return answer(turn, table(("fate", "memory", "segment", "text", "why"), rows) or ["no memories in this turn"], [])


def retrieval(live: Live, words: str) -> Answer[Any]:
    turn = _turn(fold_all(retrieval_view.fold, retrieval_view.EMPTY, live.session.records), words)
    rows = [
        (
            hit.cited or "-",
            f"{hit.passage.score:.2f}",
            "-" if hit.passage.vector is None else f"{hit.passage.vector:.2f}",
            "-" if hit.passage.lexical is None else f"{hit.passage.lexical:.2f}",
            hit.passage.label,
            hit.reason or "kept",
        )
        for hit in (turn.hits if turn else ())
    ]
    heads = ("cited", "score", "vector", "lexical", "source", "fate")
    legs = [f"legs: {' + '.join(turn.legs) or 'none'}"] if turn else []
    return answer(turn, [*legs, *table(heads, rows)] or ["nothing was looked up"], [])


def tools(live: Live, words: str) -> Answer[Any]:
    turn = _turn(fold_all(tools_view.fold, tools_view.EMPTY, live.session.records), words)
    lines: list[str] = []
    for view in turn.calls if turn else ():
        ran = view.ran_with if view.ran_with is not None else view.call.arguments
        lines.append(f"{view.call.id} {view.call.tool} {as_json(ran)}")
        lines.append(f"  {view.verdict or '-'} by {view.rule or '-'} · {view.answer or 'not asked'} · {view.status}")
        lines.append(f"  {view.error or value_text(view.output)}")
    return answer(turn, lines or ["no tool was called"], [])


def prompt(live: Live, words: str) -> Answer[Any]:
    request = live.session.request_now()
    lines: list[str] = []
    for message in request.messages:
        lines += [f"[{message.role} · {message.source}]", *message.text.splitlines(), ""]
    names = ", ".join(spec.name for spec in request.tools)
    return answer(
        request, [*lines, f"model {request.model} · tools {names or 'none'}"], request.model_dump(mode="json")
    )


def trace(live: Live, words: str) -> Answer[Any]:
    number = _number(words)
    records = [one for one in live.session.records if number is None or one.event.turn == number]
    return answer(records, timeline(records), [])


def usage(live: Live, words: str) -> Answer[Any]:
    state = fold_all(usage_view.fold, usage_view.EMPTY, live.session.records)
    rows = [
        (
            turn.turn,
            turn.model,
            turn.usage.input_tokens,
            turn.usage.output_tokens,
            f"{turn.usage.usd:.4f}",
            turn.model_milliseconds,
            turn.tool_milliseconds,
        )
        for turn in state.all()
    ]
    total = usage_view.total(state)
    lines = table(("turn", "model", "tokens in", "out", "usd", "model ms", "tool ms"), rows)
    return answer(total, [*lines, f"in all {total.tokens} tokens, {total.usd:.4f} USD"], total.model_dump(mode="json"))


async def forget(live: Live, words: str) -> Answer[str]:
    if not words:
        raise UsageError("forget which memory?", hint="/memory shows their ids")
    if not await live.session.forget(words, by=approver()):
        raise UsageError(f"there is no memory {words}", hint="/memory shows their ids")
    return answer(words, [f"{words}: forgotten"], {"memory": words})


async def resume(live: Live, words: str) -> Answer[Any]:
    finished = await live.session.resume()
    return answer(finished, [] if finished else ["no turn is unfinished"], {})


def abandon(live: Live, words: str) -> Answer[str]:
    if live.session.open_turn() is None:
        raise UsageError("no turn is unfinished")
    live.session.abandon(words or "given up by the person")
    return answer(live.session.id, ["the turn is given up"], {})


async def export(live: Live, words: str) -> Answer[Any]:
    from greenroom.commands.session.export import in_words, written

    name, wanted = in_words(words)
    session = live.session
    return await asyncio.to_thread(written, live.workspace, list(session.records), session.contract, name, wanted)


def verify(live: Live, words: str) -> Answer[Any]:
    from greenroom.commands.session.verify import verified

    return verified(live.workspace, live.session.id)


def _turn(state: Turns[Any], words: str) -> Any:
    number = _number(words)
    found = state.last() if number is None else state.number(number)
    if number is not None and found is None:
        raise UsageError(f"there is no turn {number}", hint=f"there are {len(state.all())}")
    return found


def _number(words: str) -> int | None:
    if not words:
        return None
    if not words.isdigit():
        raise UsageError(f"'{words}' is not the number of a turn")
    return int(words)
