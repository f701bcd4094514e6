"""One session as a test holds it: say something, look at what came of it.

Invariant: it is the session that every face holds, with its log; only the waiting is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Literal

from greenroom.assembly.past.taped import goes_otherwise
from greenroom.core.events import Record
from greenroom.engine.contract import Contract
from greenroom.engine.session import Session
from greenroom.pytest_plugin.reply import Reply, reply_of
from greenroom.regression.record.record import Exported, export
from greenroom.workspace.layout import Workspace

__tracebackhide__ = True
"""pytest shows the line of the test that asked, not the ones in here."""
Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Conversation:
    """`records` is the whole log so far, `contract` what governs it, `replies` what `say` returned, in order.

    `copy` is the folder that the session works in; its tools read and write there.
    """

    def __init__(self, session: Session, copy: Workspace, run: Run) -> None:
        self._session = session
        self._copy = copy
        self._run = run
        self._closed = False
        self.replies: list[Reply] = []

    @property
    def id(self) -> str:
        return self._session.id

    @property
    def records(self) -> Sequence[Record]:
        return self._session.records

    @property
    def contract(self) -> Contract:
        return self._session.contract

    @property
    def copy(self) -> Path:
        return self._copy.root

    def say(self, words: str) -> Reply:
        """Say something and wait for the reply.

        Raises:
            ServiceUnavailable, KillSwitchThrown, UsageError: as `Session.turn`.
        """
        reply = reply_of(self._session.records, self._run(self._session.turn(words)))
        self.replies.append(reply)
        return reply

    def export(
        self,
        name: str,
        *,
        into: Path | None = None,
        why: str = "",
        expect: Literal["good", "bad", "observe"] = "good",
        tags: Sequence[str] = (),
        replace: bool = False,
    ) -> Exported:
        """Write the conversation as a fixture: into the copy, which goes when the test ends, unless `into` names a folder.

        Raises: as `regression.record.record.export`.
        """
        folder = into or self._copy.fixtures
        return export(
            self.records,
            self.contract,
            folder,
            name,
            why=why,
            expect=expect,
            tags=tags,
            replace=replace,
            replays=goes_otherwise,
        )

    def close(self) -> None:
        """Let go of everything; a test need not."""
        if not self._closed:
            self._closed = True
            self._run(self._session.aclose())
