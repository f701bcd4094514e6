"""What lies beside fixtures and nothing uses any more: listed first, removed when asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import DiskFailed, FileInvalid

if TYPE_CHECKING:
    from greenroom.assembly.fixtures import Fixtures


_WRITTEN = (".tape.jsonl", ".case.toml")


@dataclass(frozen=True, slots=True)
class Orphan:
    """A file and why nothing needs it. A `case` was written by a person, and goes only when that is asked for."""

    path: Path
    why: str
    case: bool = False


def prune(asked: Invocation) -> Answer[list[Orphan]]:
    """List what no fixture uses; with `--yes` remove it, with `--cases` cases without a tape too.

    Raises:
        DiskFailed: a file could not be removed.
    """
    from greenroom.assembly.fixtures import Fixtures

    workspace = asked.workspace()
    fixtures, notes = Fixtures(workspace), list[str]()
    found = list(_orphans(fixtures, notes))
    going = [one for one in found if asked.flag("yes") and (asked.flag("cases") or not one.case)]
    for one in going:
        _remove(one.path)
    if going:
        with suppress(OSError):
            (workspace.last_run / ".parts").rmdir()  # only where nothing is left in it
    lines = [f"{'removed' if one in going else 'orphan'}  {workspace.shown(one.path)}: {one.why}" for one in found]
    left = [one for one in found if one not in going]
    if not found:
        notes.append("nothing to prune")
    elif left:
        notes.append(f"{counted(len(left), 'file')} left: {_how(left)}")
    data = [{"path": str(one.path), "why": one.why, "removed": one in going} for one in found]
    return answer(found, lines, data, notes=notes)


def _orphans(fixtures: Fixtures, notes: list[str]) -> Iterator[Orphan]:
    from greenroom.regression.accept.last_run import parts_of
    from greenroom.regression.case import SUFFIX, case_path
    from greenroom.regression.find import name_of
    from greenroom.regression.tape.parts import FOLDER, Parts

    folder, tapes = fixtures.workspace.fixtures, fixtures.paths()
    used: set[str] = set()
    whole = True
    for path in tapes:
        try:
            used |= parts_of(fixtures.load(path).tape, Parts(folder))
        except FileInvalid as error:
            whole = False
            notes.append(f"{error.line()}; what parts it needs is not known, so none is pruned")
    cases = {case_path(path) for path in tapes}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path not in cases:
            yield Orphan(path, "a case without a tape", case=True)
    if (folder / FOLDER).is_symlink():
        notes.append(f"{fixtures.workspace.shown(folder / FOLDER)} is a link; what it leads to is left alone")
    for path in Parts(folder).files() if whole else ():
        if path.name.removesuffix(".txt") not in used:
            yield Orphan(path, "a part that no tape uses")
    for path in sorted(path for kind in _WRITTEN for path in folder.glob(f".*{kind}.*.new")):
        yield Orphan(path, "left half written")
    for path in fixtures.runs.leftovers(map(name_of, tapes)):
        yield Orphan(path, "of a last run that is no use any more")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DiskFailed(f"could not remove {path}: {error.strerror or error}") from None


def _how(left: list[Orphan]) -> str:
    if all(one.case for one in left):
        return "people wrote them; --yes --cases removes them"
    return "--yes removes what nobody wrote by hand" if any(one.case for one in left) else "--yes removes them"
