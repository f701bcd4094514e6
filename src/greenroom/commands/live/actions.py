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
from greenroom.commands.live import panes
from greenroom.commands.session.sessions import timeline
from greenroom.commands.table import ACTIONS
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import StepMode
from greenroom.engine.session import Session
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
    return panes.policy(live.session.records, panes.turn_number(words))


def memory(live: Live, words: str) -> Answer[Any]:
    return panes.memory(live.session.records, panes.turn_number(words))


def retrieval(live: Live, words: str) -> Answer[Any]:
    return panes.retrieval(live.session.records, panes.turn_number(words))


def tools(live: Live, words: str) -> Answer[Any]:
    return panes.tools(live.session.records, panes.turn_number(words))


def prompt(live: Live, words: str) -> Answer[Any]:
    return panes.prompt(live.session.records, panes.turn_number(words), live.session.contract)


def trace(live: Live, words: str) -> Answer[Any]:
    number = panes.turn_number(words)
    records = [one for one in live.session.records if number is None or one.event.turn == number]
    return answer(records, timeline(records), [])


def usage(live: Live, words: str) -> Answer[Any]:
    return panes.usage(live.session.records, panes.turn_number(words))


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
