"""What the last replay of a fixture came to where it differed: the new tape, kept beside the workspace's state for `accept`.

Invariant: a fixture that passed has none; one that is kept names the very tape it was made from, so that it is never
taken over in the place of another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.core.errors import DiskFailed, FileInvalid, GreenroomError
from greenroom.core.inert import inert_line
from greenroom.regression.find import tapes_in
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import Build, Fixture
from greenroom.regression.stale.stale import RECORDED_ONLY
from greenroom.regression.tape.forms import require_form
from greenroom.regression.tape.parts import FOLDER, Parts, write_whole
from greenroom.regression.tape.sealed import broken_seal
from greenroom.regression.tape.tape import MAX_BYTES, SUFFIX, Tape, read, write
from greenroom.workspace.own_file import read_regular

if TYPE_CHECKING:
    from greenroom.regression.accept.retold import Retold

ABOUT = ".run.json"
_SCHEMA = "run/1"
_MARK_LENGTH = 32
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class LastRun:
    """A replay that differed. `tape` is what would be recorded now; `missing` says what the recording could not answer,
    and then the tape ends there. `kind`, `line` and `causes` are those of its outcome. `live` says that a model was asked.
    """

    name: str
    tape: Tape
    parts: Parts
    kind: str
    line: str
    causes: tuple[str, ...]
    missing: tuple[str, ...]
    made_from: str
    live: bool = False

    def is_of(self, recorded: Tape) -> bool:
        """Whether it was made from this tape as it is now."""
        return self.made_from == _mark(recorded)


class LastRuns:
    """The last runs of one workspace's fixtures, in `folder`; `prepare` makes the state that folder lies in."""

    def __init__(self, folder: Path, prepare: Callable[[], object] = lambda: None) -> None:
        self.folder = folder
        self._prepare = prepare
        self._parts = Parts(folder)
        self._kept: set[str] | None = None
        self.refused = False

    def names(self) -> tuple[str, ...]:
        """The fixtures that have one, sorted."""
        if self._leads_elsewhere():
            return ()
        return tuple(tapes_in(self.folder))

    def find(self, name: str) -> LastRun | None:
        """The last run of a fixture, None if it passed, was never replayed, or was only half written.

        Neither is one whose lines are not of the form that a tape has: somebody else wrote that.
        """
        tape_path, about = self._paths(name)
        try:
            if self._leads_elsewhere():
                return None
            tape = read(read_regular(tape_path, MAX_BYTES), tape_path.name)
            for event in tape.events:
                require_form(next(iter(event)), event)
            told = json.loads(read_regular(about, _MOST_BYTES))
            if told["schema"] != _SCHEMA or told["tape"] != _mark(tape) or broken_seal(tape):
                return None
            causes, missing = (tuple(inert_line(str(one), 400) for one in told[key]) for key in ("causes", "missing"))
            kind, line = (inert_line(str(told[key]), 400) for key in ("kind", "line"))
            live = told.get("live") is True
            return LastRun(name, tape, self._parts, kind, line, causes, missing, str(told["of"]), live)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, FileInvalid):
            return None

    async def after(self, fixture: Fixture, outcome: Outcome, build: Build) -> Retold | None:
        """Keep what a replay that differed would have written, and return it; let go of what was kept if there is nothing
        to take over. Where a run that was made live waits to be taken over, that is returned: it is what would be written.

        A fixture that passed costs no more than one look into a set. A disk that refuses changes no outcome, and is
        `refused` from there on.
        """
        name = fixture.name
        if outcome.kind in ("stale", "diverged") or (outcome.good and outcome.reasons):
            from greenroom.regression.accept.retold import retell

            try:
                retold = await retell(fixture, build)
            except GreenroomError:
                return None
            return self._kept_unless_live(name, fixture, retold, outcome)
        if outcome.kind != "broken" and not outcome.changed and name in self._names_kept():
            self.clear(name)
        return None

    def _kept_unless_live(self, name: str, fixture: Fixture, retold: Retold, outcome: Outcome) -> Retold:
        if (live := self._told_live(name, fixture, retold)) is not None:
            return replace(retold, tape=live.tape, missing=live.missing, stopped="", live=True)
        try:
            self.keep(name, fixture, retold, outcome)
        except GreenroomError:
            self.refused = True
        return retold

    def keep(self, name: str, fixture: Fixture, retold: Retold, outcome: Outcome, *, live: bool = False) -> None:
        """Write it: the texts that the fixture does not have yet, the tape, and what it is about.

        What was made `live` under what governs still is not written over by a replay: it was paid for.

        Raises:
            DiskFailed: it could not be written, or its folder is a link.
        """
        fresh = {part: text for part, text in retold.texts.items() if not fixture.parts.has(part)}
        if self._leads_elsewhere():
            raise DiskFailed(f"{self.folder} leads elsewhere by a symbolic link, which Greenroom does not follow")
        self._prepare()
        self._parts.write(fresh, durable=False)
        tape_path, about = self._paths(name)
        told = {
            "schema": _SCHEMA,
            "of": _mark(fixture.tape),
            "tape": _mark(retold.tape),
            "kind": outcome.kind,
            "line": outcome.line,
            "causes": list(outcome.reasons),
            "missing": list(retold.missing),
            "live": live,
        }
        write_whole(tape_path, write(retold.tape), durable=False)
        write_whole(about, json.dumps(told, ensure_ascii=False, indent=1).encode(), durable=False)
        self._names_kept().add(name)

    def now_of(self, name: str, recorded: Tape) -> None:
        """Some of a last run was taken over: what is left of it belongs to the tape as it is now.

        Raises:
            DiskFailed: it could not be written.
        """
        about = self._paths(name)[1]
        with suppress(OSError, ValueError):
            told = {**json.loads(read_regular(about, _MOST_BYTES)), "of": _mark(recorded)}
            write_whole(about, json.dumps(told, ensure_ascii=False, indent=1).encode(), durable=False)

    def clear(self, name: str) -> None:
        """Let go of what was kept; nothing happens if there is none."""
        for path in () if self._leads_elsewhere() else self._paths(name):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        self._names_kept().discard(name)

    def leftovers(self, fixtures: Iterable[str]) -> tuple[Path, ...]:
        """Files of fixtures that are not there, halves, and parts that no kept tape uses."""
        if self._leads_elsewhere():
            return ()
        known, used = set(fixtures), set()
        keep: set[Path] = set()
        for name in self.names():
            run = self.find(name) if name in known else None
            if run is not None:
                keep |= set(self._paths(name))
                used |= parts_of(run.tape, run.parts)
        found = [path for path in sorted(self.folder.glob("*")) if path.is_file() and path not in keep]
        parts = sorted((self.folder / FOLDER).glob("*"))
        return (*found, *(path for path in parts if path.is_file() and path.name.removesuffix(".txt") not in used))

    def _told_live(self, name: str, fixture: Fixture, retold: Retold) -> LastRun | None:
        """What is kept, if it was made live from this very tape, under what would govern it now."""
        kept = self.find(name) if name in self._names_kept() else None
        if kept is None or not kept.live or not kept.is_of(fixture.tape):
            return None
        then, now = kept.tape.digests, retold.tape.digests
        same = all(then.get(part) == now.get(part) for part in {**then, **now} if part not in RECORDED_ONLY)
        return kept if same else None

    def _leads_elsewhere(self) -> bool:
        """Whether a link stands in the folder's place: a workspace can bring one, and what it leads to is not ours."""
        return any(folder.is_symlink() for folder in (self.folder.parent, self.folder, self.folder / FOLDER))

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self.folder / f"{name}{SUFFIX}", self.folder / f"{name}{ABOUT}"

    def _names_kept(self) -> set[str]:
        """What there was when this began, and came and went since: read once, for most fixtures pass."""
        if self._kept is None:
            self._kept = set(self.names())
        return self._kept


def parts_of(tape: Tape, parts: Parts) -> set[str]:
    """The names of all parts a tape needs: its components, listings of candidates, and the passages in those."""
    named = set(tape.digests.values())
    for line in tape.events:
        listing = str(line.get("candidates", ""))
        if listing:
            named.add(listing)
            named |= parts.named_in(listing)
    return named


def _mark(tape: Tape) -> str:
    return hashlib.sha256(write(tape)).hexdigest()[:_MARK_LENGTH]
