"""Taking over what the last replay of a fixture wrote: the new tape in the place of the recorded one.

Invariant: nothing is run and no case file is touched; parts are written before the tape, so that a crash leaves the old
fixture or the new one; what the recording could not answer, or what an expectation forbids, is not taken over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from greenroom.core.errors import CheckFailed, FileInvalid
from greenroom.engine.contract import Contract
from greenroom.regression.accept.last_run import LastRun, LastRuns, parts_of
from greenroom.regression.accept.noteworthy import Noteworthy, noteworthy
from greenroom.regression.accept.tape_diff import ASPECTS, Aspect, Change, changes_between, taken_over
from greenroom.regression.replay.check import failing
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.replay.world import World
from greenroom.regression.stale.cause import Cause
from greenroom.regression.stale.documents import DOCUMENTS
from greenroom.regression.stale.stale import RECORDED_ONLY
from greenroom.regression.stale.stale import causes as stale_causes
from greenroom.regression.tape.parts import Parts, part_name, text_name, write_whole
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import SUFFIX, Tape, sealed, write

_OF_COMPONENT: Mapping[str, Aspect] = {
    "persona": "persona",
    "prompt": "persona",
    "parameters": "persona",
    "ceilings": "persona",
    "models": "persona",
    "tools": "tools",
    "policy": "policy",
    "other_tools": "policy",
    DOCUMENTS: "retrieval",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What taking a fixture over did: the components and events taken, those left as they were recorded, the `parts`
    that were written, which no repository has yet, and what of the events is worth telling.
    """

    name: str
    tape: Path
    causes: tuple[Cause, ...]
    taken: tuple[Change, ...]
    left_causes: tuple[Cause, ...]
    left: tuple[Change, ...]
    noted: Noteworthy
    parts: tuple[Path, ...] = ()


def refusal(fixture: Fixture, run: LastRun, contract: Contract, new: Tape, *, force: bool) -> CheckFailed | None:
    """Why `new` may not take the place of the recorded tape, None if it may. `contract` is today's."""
    name = run.name
    if not run.is_of(fixture.tape):
        return _no(f"{name}: its tape is another than the one that was replayed", "replay it again", "accept.outdated")
    if run.missing:
        hint = (
            f"greenroom fixture rebase {name} asks a model; or have the session again, then "
            f"greenroom session export last --name {name} --replace"
        )
        return _no(f"{name}: {run.missing[0]}", hint, "accept.missing")
    now = {part: part_name(full) for part, full in contract.digests.items()}
    ran = run.tape.digests
    governing = [part for part in {**ran, **now} if part not in RECORDED_ONLY]
    if other := [part for part in governing if now.get(part, ran.get(part)) != ran.get(part)]:
        what = f"{name}: {' and '.join(one.replace('_', ' ') for one in other)} changed since it was replayed"
        return _no(what, "replay it again: greenroom fixture status", "accept.outdated")
    found = () if force else failing(fixture, new, contract.texts)
    if found:
        hint = f"correct {name}.case.toml if this is right now, or --force"
        return _no(f"{name}: an expectation fails on the new tape: {found[0]}", hint, "accept.expectation")
    return None


def proposed(fixture: Fixture, run: LastRun, only: Collection[Aspect] = ASPECTS) -> Tape:
    """The tape that would be written: the new one, or the recorded one with what is about `only` taken over."""
    if set(only) >= set(ASPECTS):
        return run.tape
    lines = taken_over(fixture.tape.events, run.tape.events, only)
    old, new = fixture.tape.digests, run.tape.digests
    digests = {part: (new if _OF_COMPONENT.get(part) in only else old).get(part, "") for part in {**old, **new}}
    digests = {part: value for part, value in digests.items() if value} | recorded_digests(lines)
    persona = run.tape.header if "persona" in only else fixture.tape.header
    header = {**run.tape.header, "persona": persona.get("persona", ""), "digests": dict(sorted(digests.items()))}
    return sealed(header, lines)


def accept(fixture: Fixture, run: LastRun, runs: LastRuns, folder: Path, new: Tape, policy: str = "") -> Accepted:
    """Write `new` into `folder` in the place of the recorded tape. Ask `refusal` first. `policy` is today's text, which no
    digest of a part proves.

    Raises:
        CheckFailed: what was chosen of the changes does not go together, or texts of the last run are not what they were.
        DiskFailed: a file could not be written; the old fixture is untouched.
    """
    parts = Parts(folder)
    fresh = parts.write(_texts(run, new, parts, policy))
    try:
        World(new, parts, fixture.file)
    except FileInvalid as error:
        raise _no(
            f"{run.name}: these changes alone make no whole tape: {error.message}", _TOGETHER, "accept.parts"
        ) from None
    path = folder / f"{run.name}{SUFFIX}"
    before, after = causes(fixture.tape, new, parts, run.parts), causes(new, run.tape, parts, run.parts)
    left = changes_between(new.events, run.tape.events)
    write_whole(path, write(new))
    if left or after:
        runs.now_of(run.name, new)
    else:
        runs.clear(run.name)
    taken, noted = changes_between(fixture.tape.events, new.events), noteworthy(fixture.tape.events, new.events)
    return Accepted(run.name, path, before, taken, after, left, noted, fresh)


def _texts(run: LastRun, new: Tape, parts: Parts, policy: str) -> dict[str, str]:
    """The texts of `new` that `parts` has not, each held to the digest that it is named by."""
    found: dict[str, str] = {}
    for name in sorted(parts_of(new, run.parts)):
        if parts.has(name):
            continue
        proved = name != new.digests.get("policy")
        text = run.parts.component(name) if proved else policy or run.parts.component(name)
        if text and proved and text_name(text) != name:
            what = f"{run.name}: a text of its last run is not what was written ({name})"
            raise _no(what, "replay it again: greenroom fixture status", "accept.parts")
        if text:
            found[name] = text
    return found


_TOGETHER = "take over more kinds of change with --only, or all of them"


def causes(tape: Tape, new: Tape, parts: Parts, fresh: Parts) -> tuple[Cause, ...]:
    """Which components differ between two tapes, each with where that stands today. Texts that `parts` lacks are in `fresh`."""
    texts = {part: parts.component(name) or fresh.component(name) for part, name in new.digests.items()}
    return stale_causes(tape, new.digests, texts, parts)


def _no(what: str, hint: str, code: str) -> CheckFailed:
    return CheckFailed(what, hint=hint, code=code)
