"""The `greenroom` fixture: conversations with personas in ordinary Python tests, without `await` and without a trace.

Invariant: a test talks to a real session in a copy of the workspace; it reaches no network unless it asks to, and
everything it opened is closed when it ends, however it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pytest

from greenroom.assembly import load_contract, open_session
from greenroom.assembly.fixture.judging import JUDGE, judging_model
from greenroom.core.errors import UsageError
from greenroom.models.port import Model
from greenroom.pytest_plugin.approver import Approve, approver_of
from greenroom.pytest_plugin.bench import offline
from greenroom.pytest_plugin.conversation import Conversation
from greenroom.pytest_plugin.own_lines import leave_ours_out
from greenroom.pytest_plugin.sealed import prepared, sealed_copy
from greenroom.workspace.find import find
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")
__tracebackhide__ = True
"""pytest shows the line of the test that asked, not the ones in here."""
_SCRIPTED = "scripted/"
_SAID = "a test tried to use the network; where that is meant: greenroom(..., network=True)"


class Sessions:
    """Opens sessions: `greenroom("aria")`. All sessions of one test share one copy of the workspace, with its memories.

    `workspace` is the original, `copy` what the test may change; both are folders. The test is the file `test`.
    """

    def __init__(self, config: pytest.Config, test: Path) -> None:
        self._config = config
        self._original = _workspace_of(config, test)
        self._copies: dict[Path, Workspace] = {}
        self._stack = ExitStack()
        self._runner = asyncio.Runner()
        self._runner.get_loop()  # its own sockets are made before any are refused

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stack.close()
        finally:
            self._runner.close()

    def __call__(
        self,
        persona: str = "",
        *,
        model: str = "",
        approve: Approve = "deny",
        network: bool = False,
        workspace: Path | str | None = None,
    ) -> Conversation:
        """A new session with `persona` (the workspace's own when empty).

        Args:
            persona: its id, also with a version (`aria@1.3.0`).
            model: in place of the persona's; one that is not scripted reaches the network.
            approve: who answers questions: 'deny', 'allow', or a function that is given each card.
            network: whether tools may reach the network.
            workspace: another than the test's own.

        Raises:
            UsageError, FileInvalid, ServiceUnavailable, DiskFailed: what they say.
        """
        root = self._original if workspace is None else _named(Path(workspace))
        copy = self._copy_of(root)
        reached = load_contract(copy, persona, model, trusted=True).model
        if not model and not reached.startswith(_SCRIPTED):
            model = reached = _only_script(copy, persona, reached)
        reaches = network or not reached.startswith(_SCRIPTED)
        session = self._run(
            open_session(copy, persona=persona, model=model, approver=approver_of(approve), instant=True, trusted=True),
            reaches=reaches,
        )
        talk = Conversation(session, copy, lambda work: self._run(work, reaches=reaches))
        self._stack.callback(talk.close)
        return talk

    def judge(self, model: str = "") -> Model:
        """The model that reads a rubric: `expect(session).judged("Be kind.", greenroom.judge())`.

        Args:
            model: its name or alias; that of `[models.judge]` in greenroom.toml when empty. One that is not scripted
                reaches the network when it is asked.

        Raises:
            UsageError: none is named there.
            FileInvalid: its script or the settings are broken.
        """
        copy = self._copy_of(self._original)
        if not model and JUDGE not in load_settings(copy).models:
            raise UsageError(
                "greenroom.toml has no [models.judge]",
                hint='add it, or name one: judge("ollama/llama3")',
                code="test.judge",
            )
        return judging_model(copy, model or JUDGE, trusted=True)

    @property
    def workspace(self) -> Path:
        return self._original.root

    @property
    def copy(self) -> Path:
        return self._copy_of(self._original).root

    def roots(self) -> list[tuple[Path, Path]]:
        """Each copy that a message may name, with the folder it is a copy of."""
        copies = [(copy.root, original) for original, copy in self._copies.items()]
        return [*copies, *((copy.root, original) for original, copy in prepared(self._config).items())]

    def _copy_of(self, workspace: Workspace) -> Workspace:
        if workspace.root not in self._copies:
            made = self._stack.enter_context(sealed_copy(workspace, self._config))
            self._copies[workspace.root] = made
        return self._copies[workspace.root]

    def _run(self, work: Coroutine[Any, Any, T], *, reaches: bool) -> T:
        if _in_a_loop():
            work.close()
            raise UsageError(
                "the greenroom fixture is for tests without async",
                hint="write `def test_...`, not `async def`",
                code="test.async",
            )
        with nullcontext() if reaches else offline(_SAID):
            try:
                return self._runner.run(work)
            except Exception as error:
                leave_ours_out(error)
                raise


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _workspace_of(config: pytest.Config, test: Path) -> Workspace:
    """The first workspace of the ini file, else the nearest at or above the test or the root."""
    named = config.getini("greenroom_workspace")
    found = Workspace(Path(named[0]).resolve()) if named else find(test.parent) or find(config.rootpath)
    if found is None:
        pytest.fail(
            'the greenroom fixture found no workspace: set greenroom_workspace = "path" under [tool.pytest.ini_options]',
            pytrace=False,
        )
    return found


def _named(path: Path) -> Workspace:
    if (found := find(path)) is None:
        raise UsageError(f"there is no workspace at {path}", code="workspace.none")
    return found


def _only_script(workspace: Workspace, persona: str, own: str) -> str:
    """The one script of the workspace, in place of the persona's `own` model.

    Raises:
        UsageError: there is not just one, so the test has to say what it means.
    """
    scripts = sorted(path.stem for path in workspace.scripts.glob("*.toml"))
    if len(scripts) == 1:
        return f"{_SCRIPTED}{scripts[0]}"
    known = f"one of {', '.join(_SCRIPTED + name for name in scripts)}, or " if scripts else ""
    raise UsageError(
        f"the persona's model is {own}, and a test uses a scripted one unless it names another",
        hint=f"greenroom({persona!r}, model=...): {known}{own} to reach it",
        code="test.model",
    )
