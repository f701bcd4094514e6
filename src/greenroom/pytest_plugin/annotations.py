"""Workflow commands for GitHub: each failure at its tape's line, and one annotation for a cause that many share, at the file
of the workspace that changed.

Invariant: one annotation is one row, and nothing in a fixture's text can end it or begin another command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from greenroom.pytest_plugin.place import changed_at, place_of, placed_rows_of
from greenroom.pytest_plugin.summary import by_cause, came_of, concerning, counted, is_stale, place_in, worst
from greenroom.pytest_plugin.together import change_rows
from greenroom.pytest_plugin.told import FOLDED, Told

_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def commands(told: Sequence[Told], root: Path) -> Iterator[str]:
    """The rows, worst first: GitHub shows only the first ten of each level. Paths go from the repository's root, which
    is `root` where there is none.
    """
    for one in told:
        if one["kind"] not in (*FOLDED, "passed"):
            rows = [one["line"], *one["detail"].splitlines()]
            said = "\n".join(placed for row in rows if row for placed in placed_rows_of(one, row))
            yield _row("error", place_of(one), f"{one['kind']}: {one['name']}", said, root)
    for kind in ("broken", "error"):
        for cause, them in by_cause([one for one in told if one["kind"] == kind]).items():
            yield _row("error", place_of(them[0]), f"{kind}: {_titled(them)}", concerning(cause, them), root)
    for cause, them in by_cause([one for one in told if is_stale(one)]).items():
        level = "error" if any(one["kind"] == "stale" and one["mode"] == "fail" for one in them) else "warning"
        at = changed_at(worst(them)["path"], place_in(cause, them)) or place_of(worst(them))
        first, *rest = change_rows(cause, them)
        said = "\n".join([f"{first}; {counted(len(them))}{came_of(them)}", *rest])
        yield _row(level, at, f"stale: {_titled(them)}", said, root)


def _titled(told: Sequence[Told]) -> str:
    return told[0]["name"] if len(told) == 1 else f"{len(told)} fixtures"


def _row(level: str, at: tuple[str, int], title: str, text: str, root: Path) -> str:
    path, line = at
    place = _from_root(Path(path), root)
    return (
        f"::{level} file={_escaped(place, _PROPERTY)},line={line},"
        f"title={_escaped(title, _PROPERTY)}::{_escaped(text, _DATA)}"
    )


def _escaped(text: str, signs: Sequence[tuple[str, str]]) -> str:
    """Text as the format wants it. What else ends a row for some reader, or begins an older command, is broken up."""
    text = "\n".join(text.replace("##[", "# #[").splitlines())
    for sign, stands in signs:
        text = text.replace(sign, stands)
    return text


def _from_root(path: Path, root: Path) -> str:
    top = _repository(path.parent) or root
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.as_posix()


@lru_cache(maxsize=64)
def _repository(folder: Path) -> Path | None:
    """The nearest folder upward that git keeps, with `.git` as a folder or, in a worktree, as a file."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
