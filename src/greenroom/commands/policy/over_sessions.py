"""Policies held against recorded sessions: which decisions would flip, and which rules never fired."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.policy.policy import who
from greenroom.core.clock import SystemClock
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.events import Record
from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.log.catalog import read_session, session_id, sessions
from greenroom.policy.explain import value_text

if TYPE_CHECKING:
    from greenroom.assembly.past.recorded import Candidates
    from greenroom.policy.checking.coverage import Coverage, RuleUse
    from greenroom.policy.port import Policy
    from greenroom.regression.flips import Flip, Flips
    from greenroom.workspace.layout import Workspace

RECORDED, DISK = "recorded", "disk"
_SHOWN = 60
"""Characters of a text shown beside a flip."""

_OF_THE_LOG = frozenset({"policy.bundle", "recorded.text", "recorded.contract", "persona.unknown"})
"""Codes of errors that are about one session, so that the others are still compared."""

Recorded = tuple[str, Sequence[Record]]


async def compare(asked: Invocation) -> Answer[tuple[Flips, ...]]:
    """Judge recorded decisions again under two policies and list those that come out differently.

    Exit 0, or with `--fail-on` 1 when something flips that way.

    Raises:
        UsageError: no such session, or a policy is neither a word nor a file.
        FileInvalid: a policy file is broken.
    """
    return await asyncio.to_thread(_compare, asked)


def _compare(asked: Invocation) -> Answer[tuple[Flips, ...]]:
    from greenroom.assembly.past.recorded import Candidates, flips

    workspace = asked.workspace()
    before, after = asked.text("before"), asked.text("after")
    candidates = Candidates(
        workspace, {word: _source(word) for word in (before, after) if word not in (RECORDED, DISK)}
    )
    found: list[Flips] = []
    skipped: list[tuple[str, str]] = []
    for name, records in _read(workspace, asked.words("over") or ["all"], skipped):
        try:
            old = None if before == RECORDED else _candidate(candidates, before, records)
            done = flips(records, _candidate(candidates, after, records), old)
        except GreenroomError as error:
            if error.code not in _OF_THE_LOG:
                raise
            skipped.append((name, error.line()))
            continue
        found.append(done)
        if done.problem:
            skipped.append((name, done.problem))
    flipped = [flip for one in found for flip in one.flips]
    looser = sum(flip.looser for flip in flipped)
    compared = [one for one in found if not one.problem]
    lines = [*_flip_lines(flipped, _name(before), _name(after)), _summary(compared, flipped, looser)]
    fails = {"any": bool(flipped), "looser": bool(looser)}.get(asked.text("fail_on"), False)
    data = {
        "before": before,
        "after": after,
        "decisions": sum(one.decisions for one in compared),
        "sessions": len(compared),
        "moved": sum(one.moved for one in compared),
        "stricter": len(flipped) - looser,
        "looser": looser,
        "flips": [_flip_data(flip) for flip in flipped],
        "skipped": [{"session": name, "problem": problem} for name, problem in skipped],
    }
    notes = [f"skipped {name}: {inert_line(problem, 300)}" for name, problem in skipped]
    return answer(tuple(found), lines, data, notes=notes, exit_code=1 if fails else 0)


def cover(asked: Invocation) -> Answer[Coverage]:
    """How often each rule fired in recorded sessions; those that never did, and exceptions nobody needed.

    Raises:
        UsageError: no such session or persona.
        FileInvalid: a policy file is broken.
    """
    from greenroom.policy.checking.coverage import cover as count
    from greenroom.policy.load import builtin_source, load_file, policy_paths, read_source

    workspace, persona = who(asked)
    paths = policy_paths(workspace.policies, persona.policy.files)
    files = [load_file(source) for source in (*(read_source(path, workspace.root) for path in paths), builtin_source())]
    skipped: list[tuple[str, str]] = []
    read = _read(workspace, asked.words("over") or ["all"], skipped)
    found = count(files, reversed(list(read)), SystemClock().now().date())
    notes = [f"skipped {name}: {inert_line(problem, 300)}" for name, problem in skipped]
    return answer(found, [*_use_lines(found), *_idle_lines(found)], _cover_data(found), notes=notes)


def _read(workspace: Workspace, words: Sequence[str], skipped: list[tuple[str, str]]) -> Iterator[Recorded]:
    """The sessions meant, newest first where all are; one that cannot be read is put into `skipped`."""
    names = (
        [one.id for one in sessions(workspace)] if "all" in words else [session_id(workspace, word) for word in words]
    )
    for name in dict.fromkeys(names):
        try:
            yield name, read_session(workspace, name)
        except GreenroomError as error:
            skipped.append((name, error.line()))


def _source(word: str) -> Path:
    path = Path(word)
    if not path.is_file():
        raise UsageError(f"'{word}' is not a policy", hint=f"{RECORDED}, {DISK}, or the path of a policy file")
    return path


def _candidate(candidates: Candidates, word: str, records: Sequence[Record]) -> Policy:
    if word == RECORDED:
        return candidates.recorded(records)
    return candidates.on_disk(records) if word == DISK else candidates.with_file(word, records)


def _name(word: str) -> str:
    return word if word in (RECORDED, DISK) else Path(word).name


def _summary(compared: Sequence[Flips], flipped: Sequence[Flip], looser: int) -> str:
    """`412 decisions in 9 sessions: 3 flips: 2 stricter, 1 looser`."""
    looked = f"{counted(sum(one.decisions for one in compared), 'decision')} in {counted(len(compared), 'session')}"
    moved = sum(one.moved for one in compared)
    beside = f"; {moved} {'comes' if moved == 1 else 'come'} to the same by another rule" if moved else ""
    if not flipped:
        return f"{looked}: none flips{beside}"
    kinds = [f"{number} {word}" for number, word in ((len(flipped) - looser, "stricter"), (looser, "looser")) if number]
    return f"{looked}: {counted(len(flipped), 'flip')}: {', '.join(kinds)}{beside}"


def _flip_lines(flipped: Sequence[Flip], before: str, after: str) -> list[str]:
    rows = [
        (
            f"{flip.session}:{flip.record}",
            flip.turn,
            flip.question.hook,
            flip.question.subject,
            *flip.outcomes(),
            "looser" if flip.looser else "stricter",
            _values(flip),
        )
        for flip in flipped
    ]
    return table(("where", "turn", "hook", "about", before, after, "", "values"), rows)


def _values(flip: Flip) -> str:
    """What the deciding rules looked at; without any, the arguments or the text."""
    deciding = {flip.before.rule, flip.after.rule}
    fired = [one for verdict in (flip.after, flip.before) for one in verdict.fired if one.rule in deciding]
    values = {name: value for one in fired for clause in one.clauses for name, value in clause.values.items()}
    payload = flip.question.payload
    if not values:
        args = payload.get("args")
        by_path = {f"args.{name}": value for name, value in args.items()} if isinstance(args, dict) else {}
        values = by_path or {"text": inert_line(str(payload.get("text", "")), _SHOWN)}
    return ", ".join(f"{inert_line(name)} = {value_text(value)}" for name, value in values.items())


def _flip_data(flip: Flip) -> dict[str, Json]:
    return {
        "session": flip.session,
        "record": flip.record,
        "turn": flip.turn,
        "hook": flip.question.hook,
        "subject": flip.question.subject,
        "looser": flip.looser,
        "before": flip.before.model_dump(mode="json"),
        "after": flip.after.model_dump(mode="json"),
        "payload": flip.question.payload,
    }


def _use_lines(found: Coverage) -> list[str]:
    rows = [
        (one.rule, one.policy, one.effect, one.fired, one.decided, one.observed, one.tests or "none", one.last or "-")
        for one in found.rules
    ]
    return table(("rule", "policy", "effect", "fired", "decided", "observed", "tests", "last in"), rows)


def _idle_lines(found: Coverage) -> Iterator[str]:
    over = f"{counted(found.decisions, 'decision')} in {counted(found.sessions, 'session')}"
    own = [one for one in found.rules if not one.policy.startswith("builtin@")]
    idle = [one for one in own if not one.fired]
    yield ""
    yield f"{over}: {len(own) - len(idle)} of {counted(len(own), 'rule')} fired"
    yield from _listed("never fired", idle)
    yield from _listed("without a test", [one for one in own if not one.tests])
    for exception in found.exceptions:
        state = f"expired on {exception.expires}" if exception.expired else f"until {exception.expires}"
        used = f"used {counted(exception.used, 'time')}" if exception.used else "never used"
        tests = "" if exception.tests else ", without a test"
        yield f"exception to {exception.rule} ({exception.owner}, {state}): {used}{tests}  {exception.where}"


def _listed(said: str, rules: Sequence[RuleUse]) -> Iterator[str]:
    for one in rules:
        yield f"{said}: {one.rule}  {one.where}"


def _cover_data(found: Coverage) -> dict[str, Json]:
    from dataclasses import asdict

    return {
        "sessions": found.sessions,
        "decisions": found.decisions,
        "rules": [asdict(one) for one in found.rules],
        "exceptions": [asdict(one) for one in found.exceptions],
    }
