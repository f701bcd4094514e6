"""A session said again under something else: what came of it, what was kept, what was redone, and how to compare."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.control.stop import heed
from greenroom.commands.invocation import Invocation
from greenroom.commands.run import approver_of, hint_at_answers
from greenroom.core.canonical import clean_json
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import Record, ReplyReleased, TurnFinished, TurnStarted
from greenroom.core.inert import inert_line
from greenroom.core.signals import Signal

if TYPE_CHECKING:
    from greenroom.approval.port import Approver
    from greenroom.assembly.variants.rerunning import Change, Rerun
    from greenroom.core.values import Json
    from greenroom.engine.session import Session
    from greenroom.views.branches.rerun import Step


_TURN = re.compile("[0-9]{1,9}")


async def rerun(asked: Invocation) -> Answer[tuple[Rerun, ...]]:
    """Say turns of a session again in a new one; exit 1 where a turn was not answered.

    Raises:
        UsageError: no such session or turn, or an option is not of its form.
        FileInvalid: a file is broken.
        WaitingForPerson, ServiceUnavailable, KillSwitchThrown: the variant stays as far as it came.
    """
    workspace, face = asked.workspace(), asked.person()
    change, wanted = change_of(asked), asked.number("repeat")
    times = 1 if wanted is None else wanted
    if not 1 <= times <= 100:
        raise UsageError("--repeat takes 1 to 100", code="rerun.repeat")
    heed(workspace, face)
    done: list[Rerun] = []
    for _ in range(times):
        approver = approver_of(asked.text("approve") or "deny", face)
        done.append(await _one(asked, change, approver, face.note))
    lines = [line for one in done for line in lines_of(one)]
    answered = all(turn.outcome == "answered" for one in done for turn in _finished(one))
    data = [data_of(one) for one in done]
    return answer(tuple(done), lines, data, notes=_notes(done), stream=True, exit_code=0 if answered else 1)


def change_of(asked: Invocation) -> Change:
    """What the options say is other than it was.

    Raises:
        UsageError: one is not `TURN=words` or `name=value`.
    """
    from greenroom.assembly.variants.rerunning import Change

    return Change(
        persona=asked.text("persona"),
        model=asked.text("model"),
        policy=tuple(Path(one) for one in asked.words("policy")),
        prompt=Path(asked.text("prompt")) if asked.text("prompt") else None,
        parameters=dict(parameter(one) for one in asked.words("set")),
        knowledge=dict(parameter(one, "--retrieval top_k=4") for one in asked.words("retrieval")),
        without=_by_turn(numbered("--without", one) for one in asked.words("without")),
        words=dict(numbered("--say", one) for one in asked.words("say")),
        replies=dict(numbered("--reply", one) for one in asked.words("reply")),
        regenerate=asked.flag("regenerate") or (asked.number("repeat") or 1) > 1,
    )


def _by_turn(pairs: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for turn, word in pairs:
        found.setdefault(turn, []).append(word)
    return found


def parameter(text: str, example: str = "--set temperature=0") -> tuple[str, Json]:
    """`temperature=0` as a name and a JSON value; what is no JSON is text.

    Raises:
        UsageError: it has no name or no value, or one that no log can keep.
    """
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"'{inert_line(text, 60)}' is not name=value", hint=example, code="rerun.set")
    try:
        meant: Json = json.loads(value)
    except (ValueError, RecursionError):
        meant = value
    try:
        return name.strip(), clean_json(meant)
    except ValueError as error:
        raise UsageError(
            f"{inert_line(name.strip(), 40)} cannot be that: {error}", hint=example, code="rerun.set"
        ) from None


def numbered(option: str, text: str) -> tuple[int, str]:
    """`3=other words` as a turn and words.

    Raises:
        UsageError: it is not of that form.
    """
    turn, sign, words = text.partition("=")
    if not sign or not _TURN.fullmatch(turn.strip()) or not words.strip():
        raise UsageError(
            f"'{inert_line(text, 60)}' is not TURN=words", hint=f'{option} "3=other words"', code="rerun.words"
        )
    return int(turn), words


def lines_of(done: Rerun) -> list[str]:
    """The variant for people: where it comes from, its last words, and turn by turn what was kept."""
    from greenroom.views.branches.rerun import branch

    records = done.session.records
    origin = branch(records)
    said = next((r.event.words for r in reversed(records) if isinstance(r.event, TurnStarted)), "")
    reply = next((r.event.text for r in reversed(records) if isinstance(r.event, ReplyReleased)), "")
    lines = [f"{done.session.id} · {origin.line if origin else ''}", f"you: {said}", f"{_name(done)}: {reply}"]
    return [*lines, *told_steps(done.kept, done.redone)]


def told_steps(kept: Iterable[Step], redone: Iterable[Step]) -> list[str]:
    """`turn 3   kept memories, passages; redone reply`."""
    steps = sorted([*kept, *redone], key=lambda one: one.turn)
    lines = []
    for turn, group in groupby(steps, key=lambda one: one.turn):
        here = list(group)
        parts = (
            ("kept", [one for one in here if one.kept_from is not None]),
            ("redone", [one for one in here if one.kept_from is None]),
        )
        told = [f"{word} {_listed(one.what for one in found)}" for word, found in parts if found]
        lines.append(f"  turn {turn:<3} {'; '.join(told)}")
    return lines


def data_of(done: Rerun) -> dict[str, Json]:
    """The variant for programs."""
    from greenroom.views.branches.rerun import branch

    records, origin = done.session.records, branch(done.session.records)
    return {
        "session": done.session.id,
        "parent": done.parent,
        "turns": list(origin.rerun) if origin else [],
        "changed": list(origin.changed) if origin else [],
        "replies": [
            {"turn": r.event.turn, "text": r.event.text, "effect": r.event.effect}
            for r in records
            if isinstance(r.event, ReplyReleased) and origin is not None and r.event.turn >= origin.turn
        ],
        "outcomes": [one.outcome for one in _finished(done)],
        "kept": [{"step": one.step, "what": one.what, "record": one.kept_from} for one in done.kept],
        "not_repeated": list(done.told),
        "redone": [{"step": one.step, "what": one.what} for one in done.redone],
    }


async def _one(asked: Invocation, change: Change, approver: Approver, note: Callable[[str], None]) -> Rerun:
    from greenroom.assembly.variants.rerunning import rerun_session

    opened: list[Session] = []

    def watch(session: Session) -> None:
        opened.append(session)
        session.bus.subscribe(lambda item: _progress(item, note))
        if asked.text("approve") == "wait":
            hint_at_answers(session, asked.person())

    try:
        done = await rerun_session(
            asked.workspace(),
            asked.text("session"),
            change,
            since=asked.number("since"),
            until=asked.number("until"),
            approver=approver,
            on_open=watch,
        )
    except WaitingForPerson as error:
        error.hint = f"greenroom approve show {opened[0].id}, or greenroom session resume {opened[0].id}"
        raise
    except BaseException:
        if opened:
            note(f"the variant stays as far as it came: greenroom session resume {opened[0].id}")
        raise
    await done.session.aclose()
    return done


def _progress(item: Record | Signal, note: Callable[[str], None]) -> None:
    if isinstance(item, Record) and isinstance(item.event, TurnFinished):
        note(f"  turn {item.event.turn}: {item.event.outcome}")


def _finished(done: Rerun) -> list[TurnFinished]:
    from greenroom.views.branches.rerun import branch

    origin = branch(done.session.records)
    first = origin.turn if origin else 0
    return [r.event for r in done.session.records if isinstance(r.event, TurnFinished) and r.event.turn >= first]


def _name(done: Rerun) -> str:
    return done.session.contract.persona.id


def _listed(words: Iterable[str]) -> str:
    """`passages, reply x2`: each once, in the order of the first."""
    found = list(words)
    return ", ".join(f"{word} x{found.count(word)}" if found.count(word) > 1 else word for word in dict.fromkeys(found))


def _notes(done: Sequence[Rerun]) -> list[str]:
    names = " ".join(one.session.id for one in done)
    lines = [line for one in done for line in one.told]
    lines += [f"compare with: greenroom session diff {done[0].parent} {names}"]
    if len(done) == 1:
        total = counted(len(done[0].kept), "step")
        lines.insert(len(done[0].told), f"{total} kept, {len(done[0].redone)} redone")
        lines.append(f"go on with it: greenroom run --session {names} TEXT (what it remembers is stored then)")
    return lines
