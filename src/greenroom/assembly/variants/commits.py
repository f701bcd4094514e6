"""The commits of a workspace that is kept in git, and its files as one of them has them.

Invariant: git is only read. Files of a commit go into a folder of their own, and nothing of the workspace changes.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.workspace.layout import Workspace

_SECONDS = 60
_SHORT = 10


def commits_between(workspace: Workspace, good: str, bad: str) -> list[str]:
    """The commits after `good` up to `bad` that touched the workspace, oldest first, with `good` before them.

    Raises:
        UsageError: it is not in git, or one of them is no commit, or `good` does not come before `bad`.
    """
    first, last = (commit_of(workspace, one) for one in (good, bad))
    if subprocess.run(_git(workspace, "merge-base", "--is-ancestor", first, last), check=False).returncode:
        raise UsageError(
            f"{inert_line(good, 40)} does not come before {inert_line(bad, 40)}",
            hint="--good is the older one",
            code="bisect.order",
        )
    span = f"{first}..{last}"
    found = _read(workspace, "rev-list", "--first-parent", "--reverse", span, "--", ".").split()
    return [first, *found]


def commit_of(workspace: Workspace, revision: str) -> str:
    """The full name of a commit, from what a person calls it. Raises as `commits_between`."""
    return _read(workspace, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()


def described(workspace: Workspace, commit: str) -> str:
    """`a1b2c3d4e5 2026-11-20 The prompt is shorter`: a commit as people read it, made harmless."""
    line = _read(workspace, "log", "-1", "--format=%h %cs %s", f"--abbrev={_SHORT}", commit)
    return inert_line(line.strip(), 100)


def files_between(workspace: Workspace, first: str, last: str) -> list[str]:
    """The files of the workspace that differ between two commits, from its root. Raises as `commit_of`."""
    return [
        name
        for name in _read(workspace, "diff", "--name-only", "--relative", "-z", first, last, "--", ".").split("\0")
        if name
    ]


def unpack(workspace: Workspace, commit: str, folder: Path) -> Workspace:
    """The workspace as it was in a commit, in `folder`.

    Raises:
        UsageError: that commit has no such folder, or holds what no folder of its own could, as a link that leads out.
    """
    prefix = _read(workspace, "rev-parse", "--show-prefix").strip()
    tree = f"{commit}:{prefix}" if prefix else commit
    top = _read(workspace, "rev-parse", "--show-toplevel").strip()
    packed = _run(["git", "-C", top, "archive", "--format=tar", tree])
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:  # a link that leads out of it, or a disk that is full
        raise UsageError(f"its files cannot be laid out: {inert_line(str(error), 200)}", code="bisect.files") from None
    return Workspace(folder)


def _git(workspace: Workspace, *words: str) -> list[str]:
    return ["git", "-C", str(workspace.root), *words]


def _read(workspace: Workspace, *words: str) -> str:
    return _run(_git(workspace, *words)).decode(errors="replace")


def _run(words: list[str]) -> bytes:
    """What git prints. Raises UsageError with its last line."""
    try:
        done = subprocess.run(words, capture_output=True, check=False, timeout=_SECONDS)
    except FileNotFoundError:
        raise UsageError("git is not installed", hint="compare versions instead: --good aria@1.1.0") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer in {_SECONDS} s", code="bisect.git") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(
            inert_line(said[-1], 200) if said else f"git knows no commit {inert_line(words[-1].partition('^')[0], 60)}",
            hint="--good and --bad are versions (aria@1.2.0) or commits of the workspace",
            code="bisect.git",
        )
    return done.stdout
