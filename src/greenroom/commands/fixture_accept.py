"""The last runs of fixtures taken over as what is expected from now on, and what nothing uses any more cleared away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.fixture_status import diff_of, nothing_differed
from greenroom.commands.invocation import Face, Invocation, listed
from greenroom.core.errors import CheckFailed, GreenroomError, UsageError
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.regression.accept.accept import Accepted
    from greenroom.regression.accept.last_run import LastRun
    from greenroom.regression.accept.tape_diff import Aspect
    from greenroom.regression.replay.replay import Fixture

_PLAIN_NO = ("", "0", "false", "no")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one fixture: what was written, or why nothing was and what that means to a script."""

    name: str
    done: Accepted | None = None
    refused: str = ""
    exit_code: int = 0


def accept(asked: Invocation) -> Answer[list[Taken]]:
    """Write what the last runs came to in the place of the recorded tapes; nothing is run again.

    Raises:
        UsageError: there is no such fixture or kind of change, or `-i` without a terminal.
        CheckFailed: on a build server, where nobody reads what is accepted.
    """
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.regression.find import name_of

    must_be_read()
    only = _only(asked.text("only"))
    fixtures = Fixtures(asked.workspace())
    runs = [run for path in fixtures.paths(asked.words("name")) if (run := fixtures.runs.find(name_of(path)))]
    face = asked.person() if asked.flag("i") else None
    if face is not None and not face.interactive:
        raise UsageError("-i asks at a terminal, and there is none", hint="name the fixtures instead")
    found = list(_all(fixtures, runs, only, asked.flag("force"), face))
    lines = [*(line for one in found for line in told(one)), *_left(found)]
    notes = [] if runs else [nothing_differed(fixtures)]
    data = [_data(one) for one in found]
    return answer(found, lines, data, notes=notes, exit_code=max((one.exit_code for one in found), default=0))


def must_be_read() -> None:
    """Refuse on a build server, forced or not: accepting is for whoever reads the diff.

    Raises:
        CheckFailed: `CI` is set.
    """
    from greenroom.workspace.settings import variable

    if variable("CI").strip().lower() not in _PLAIN_NO:
        raise CheckFailed(
            "recordings are not accepted on a build server (CI is set)",
            hint="accept them where somebody reads the diff, and commit the tapes",
            code="accept.ci",
        )


def take(fixtures: Fixtures, run: LastRun, only: Collection[Aspect], *, force: bool) -> Taken:
    """Take one last run over, or say why not."""
    from greenroom.regression.accept.accept import accept as write
    from greenroom.regression.accept.accept import proposed, refusal

    try:
        fixture = fixtures.whole(fixtures.tape(run.name))
        new = proposed(fixture, run, only)
        contract = fixtures.contract(fixture.tape)
        no = refusal(fixture, run, contract, new, force=force)
        if no is not None:
            return Taken(run.name, refused=no.line(), exit_code=no.exit_code)
        policy = contract.texts.get("policy", "")
        return Taken(run.name, write(fixture, run, fixtures.runs, fixtures.workspace.fixtures, new, policy))
    except GreenroomError as error:
        return Taken(run.name, refused=error.line(), exit_code=error.exit_code)


def told(one: Taken) -> Iterator[str]:
    """One line a fixture."""
    if one.done is None:
        yield f"refused   {one.refused if one.refused.startswith(one.name) else f'{one.name}: {one.refused}'}"
    elif not (one.done.causes or one.done.taken):
        yield f"unchanged {one.name}: nothing of that kind differs"
    else:
        events = counted(len(one.done.taken), "event") if one.done.taken else "every event as before"
        yield f"accepted  {one.name}: {'; '.join([*one.done.causes, events])}"


def _left(found: Sequence[Taken]) -> Iterator[str]:
    """What was left as recorded where only some kinds of change were taken over: a line a cause, then the events."""
    causes = Counter(cause for one in found if one.done for cause in one.done.left_causes)
    for cause, number in causes.items():
        yield f"left as recorded: {cause}; {counted(number, 'fixture')}"
    for one in found:
        if one.done and one.done.left:
            yield f"left as recorded: {counted(len(one.done.left), 'event')} of {one.name}"


def _all(
    fixtures: Fixtures, runs: Sequence[LastRun], only: Collection[Aspect], force: bool, face: Face | None
) -> Iterator[Taken]:
    for run in runs:
        if face is not None:
            said = _asked(face, fixtures, run)
            if said == "q":
                return
            if said != "y":
                continue
        yield take(fixtures, run, only, force=force)


def _asked(face: Face, fixtures: Fixtures, run: LastRun) -> str:
    """A person's word on one fixture: `y`, `n` or `q`; `d` shows the diff and asks again."""
    fixture: Fixture = fixtures.whole(fixtures.tape(run.name))
    short = diff_of(fixture, run, 6)
    face.note("\n".join(short))
    while (said := face.pick(f"accept {run.name}? [y]es, [n]o, [d]iff, [q]uit", "yndq")) == "d":
        face.note("\n".join(diff_of(fixture, run)))
    return said or "q"


def _only(text: str) -> tuple[Aspect, ...]:
    from greenroom.regression.accept.tape_diff import ASPECTS

    words = listed(text, ASPECTS, "is not a kind of change")
    return tuple(one for one in ASPECTS if one in words) or ASPECTS


def _data(one: Taken) -> dict[str, Json]:
    if one.done is None:
        return {"name": one.name, "accepted": False, "problem": one.refused}
    return {
        "name": one.name,
        "accepted": bool(one.done.causes or one.done.taken),
        "causes": list(one.done.causes),
        "events": len(one.done.taken),
        "left_causes": list(one.done.left_causes),
        "left_events": len(one.done.left),
    }
