"""Sessions for live runs: a real model, the tape behind everything else, and nothing kept on disk but what was looked up.

Invariant: the model asked is the one that was named: no fallback stands in for it. A tool's code is loaded for its
schema and never entered; a person's memories are neither read nor written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from greenroom.approval.kill_switch import KillSwitch
from greenroom.assembly.casting import cast_of
from greenroom.assembly.world import model_of, retriever_of, take_in
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.ids import Ids
from greenroom.core.values import Memory
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.memory.plain_memory import PlainMemory
from greenroom.models.litellm_model import LitellmModel
from greenroom.models.port import Model
from greenroom.models.resilience import ResilientModel
from greenroom.regression.live.budget import Meter, MeteredModel
from greenroom.regression.live.history import History
from greenroom.regression.live.ports import TapeApprover, TapeTools
from greenroom.regression.live.recording import LiveRecording
from greenroom.regression.replay.plain_log import log_for
from greenroom.retrieval.port import Found, PassageQuery, Retriever
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings

JUDGE = "judge"
"""The alias in greenroom.toml of the model that judges replies."""


class LiveSessions:
    """Builds the sessions of live runs of one workspace. Models are shared by all of them.

    `trusted` is what a caller knows already (pytest runs the code of its folder anyway); None asks the trust file.
    `retries` is how often a model is asked again after a problem that may pass; `brake` another kill switch than its own.
    """

    def __init__(
        self, workspace: Workspace, *, trusted: bool | None = None, retries: int = 2, brake: KillSwitch | None = None
    ) -> None:
        self._retries = retries
        self._brake = brake or KillSwitch(workspace)
        self._workspace = workspace
        self._trusted = trusted
        self._models: dict[str, Model] = {}
        workspace.make_state()
        self.history: History | None = History(workspace.state)

    def __call__(
        self, recording: LiveRecording, *, persona: str, model: str, meter: Meter, clock: Clock, ids: Ids
    ) -> Session:
        """A session in memory, with masks of its own. Raises as `cast_of`, or FileInvalid for a broken script."""
        cast = cast_of(self._workspace, persona, model, clock, trusted=self._trusted)
        for event in recording.world.events.values():
            cast.masks.reserve(event.model_dump(mode="json"))
        for _, words in recording.world.turns:
            cast.masks.reserve(words)
        desk = recording.desk
        outside = Outside(
            model=ResilientModel([MeteredModel(self._model(cast.contract.model), meter)], retries=self._retries),
            tools=TapeTools(cast.tools, desk, recording.decided),
            retriever=LateRetriever(lambda: self._retriever(clock)),
            memory=PlainMemory(_about(cast.contract.subject, recording.memories), clock),
            approver=TapeApprover(desk),
            clock=clock,
            ids=ids,
            brake=self._brake,
        )
        return Session(log_for(recording, "live"), cast.contract, outside, recording=recording)

    def judging(self, model: str, meter: Meter) -> Model:
        """`[models.judge]` of greenroom.toml where there is one, else the very model whose replies are judged."""
        settings = load_settings(self._workspace)
        name = settings.model_name(JUDGE) if JUDGE in settings.models else model
        return ResilientModel([MeteredModel(self._model(name), meter)], retries=self._retries)

    async def warm(self) -> None:
        """Load what models need, so that no reply is timed with it."""
        for model in self._models.values():
            if isinstance(model, LitellmModel):
                await model.warm()

    async def aclose(self) -> None:
        """Let go of the models' connections; they open anew when they are asked again."""
        for model in self._models.values():
            await model.aclose()

    def _model(self, name: str) -> Model:
        if name not in self._models:
            self._models[name] = model_of(
                self._workspace, load_settings(self._workspace), name, SystemClock(), instant=True
            )
        return self._models[name]

    def _retriever(self, clock: Clock) -> Retriever:
        if load_settings(self._workspace).knowledge.collections:
            take_in(self._workspace)
        return retriever_of(self._workspace, clock)


def _about(subject: str, memories: Sequence[Memory]) -> list[Memory]:
    return [memory.model_copy(update={"subject": subject}) for memory in memories]


class LateRetriever:
    """A `Retriever` that is opened when something is looked up that the tape does not have."""

    def __init__(self, opened: Callable[[], Retriever]) -> None:
        self._opened = opened
        self._real: Retriever | None = None

    async def retrieve(self, query: PassageQuery) -> Found:
        """What the workspace's documents say today. Raises as the real one, or FileInvalid for a broken document."""
        if self._real is None:
            self._real = await asyncio.to_thread(self._opened)
            await self._real.warm()
        return await self._real.retrieve(query)

    async def warm(self) -> None:
        """Nothing starts before it is needed."""

    async def aclose(self) -> None:
        """Close what was opened."""
        if self._real is not None:
            await self._real.aclose()


def live_builder(
    workspace: Workspace, *, trusted: bool | None = None, retries: int = 2, brake: KillSwitch | None = None
) -> LiveSessions:
    """What `run_live` makes its sessions with.

    Raises:
        DiskFailed: the workspace's state folder cannot be made.
    """
    return LiveSessions(workspace, trusted=trusted, retries=retries, brake=brake)
