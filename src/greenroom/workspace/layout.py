"""Where everything of a workspace lies. Paths only; nothing is read, and only `make_state` writes.

Invariant: what a team keeps in git and what a run leaves behind never share a folder: the latter is all in `state`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom.core.errors import DiskFailed
from greenroom.workspace.own_file import require_own_folder

SETTINGS_FILE = "greenroom.toml"
STATE_FOLDER = ".greenroom"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project folder. `root` is absolute and resolved when it comes from `find` or `create`."""

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / SETTINGS_FILE

    @property
    def personas(self) -> Path:
        return self.root / "personas"

    @property
    def policies(self) -> Path:
        return self.root / "policies"

    @property
    def knowledge(self) -> Path:
        return self.root / "knowledge"

    @property
    def tools(self) -> Path:
        return self.root / "tools"

    @property
    def scripts(self) -> Path:
        return self.root / "scripts"

    @property
    def users(self) -> Path:
        return self.root / "users"

    @property
    def fixtures(self) -> Path:
        return self.root / "fixtures"

    @property
    def state(self) -> Path:
        """What runs leave behind: ignored by git, readable by its owner alone."""
        return self.root / STATE_FOLDER

    @property
    def sessions(self) -> Path:
        return self.state / "sessions"

    @property
    def store(self) -> Path:
        """The SQLite file of passages and memories."""
        return self.state / "store.db"

    @property
    def chroma(self) -> Path:
        return self.state / "chroma"

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.jsonl"

    @property
    def answers(self) -> Path:
        """Answers to open questions, left by another terminal for the process that asked."""
        return self.state / "answers"

    @property
    def last_run(self) -> Path:
        """Tapes that a replay would have written, for `fixture accept`."""
        return self.state / "last_run"

    def shown(self, path: Path) -> str:
        """A path as people read it: from the root where it is inside, with forward slashes."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def make_state(self) -> Path:
        """Make the state folder (0700) with its own .gitignore, and the sessions folder in it.

        Raises:
            DiskFailed: the operating system refused.
        """
        try:
            require_own_folder(self.state)
            for folder in (self.state, self.sessions):
                folder.mkdir(mode=0o700, exist_ok=True)
                # Also where it was made by hand or by `git clone`: sessions hold people's words.
                folder.chmod(0o700)
            ignore = self.state / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise DiskFailed(
                f"cannot write in {self.state}: {error.strerror}", hint="is the disk full or read-only?"
            ) from error
        return self.state
