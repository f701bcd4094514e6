"""The whole helpdesk put together from its real parts, in a fresh copy, with a person's answers given in advance."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from greenroom.approval.mailbox import Mailbox
from greenroom.core.clock import FrozenClock
from greenroom.core.events import (
    ApprovalRequested,
    ContextSelected,
    MemoryWritten,
    Record,
    ReplyReleased,
    ToolReturned,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.ids import CountedIds
from greenroom.core.values import ApprovalReply, Card
from greenroom.engine.contract import Contract
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from greenroom.memory.plain_memory import PlainMemory
from greenroom.models.scripted_model import ScriptedModel
from greenroom.persona.load import load_persona
from greenroom.persona.voice import lines
from greenroom.policy.load import load_policies
from greenroom.retrieval.ingest import ingest
from greenroom.retrieval.store_retriever import StoreRetriever
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
from greenroom.tools.python_tools import PythonTools
from greenroom.workspace.create import init
from greenroom.workspace.settings import load_settings

E = TypeVar("E")


@dataclass
class Talk:
    """A conversation that took place: what Aria said, turn by turn, and everything that was logged."""

    records: Sequence[Record]
    root: Path
    cards: list[Card] = field(default_factory=list)

    @property
    def said(self) -> list[str]:
        return [event.text for event in self._events(ReplyReleased)]

    @property
    def heard(self) -> list[str]:
        return [event.words for event in self._events(TurnStarted)]

    @property
    def results(self) -> list[tuple[str, str]]:
        return [(event.tool, event.status) for event in self._events(ToolReturned)]

    @property
    def kept(self) -> list[str]:
        return [event.memory.text for event in self._events(MemoryWritten)]

    @property
    def dropped(self) -> dict[str, str]:
        return {key: why for event in self._events(ContextSelected) for key, why in event.dropped.items()}

    def effects(self, hook: str) -> list[str]:
        return [event.effect for event in self._events(VerdictReached) if event.hook == hook]

    def _events(self, kind: type[E]) -> list[E]:
        return [record.event for record in self.records if isinstance(record.event, kind)]


def talk(root: Path, *words: str, answers: Sequence[ApprovalReply] = ()) -> Talk:
    """Say each of `words` to Aria; a question to a person gets the next of `answers`."""
    return asyncio.run(_talk(root, words, list(answers)))


async def _talk(root: Path, words: Sequence[str], answers: list[ApprovalReply]) -> Talk:
    workspace = init(root)
    settings = load_settings(workspace, {})
    loaded = load_persona(workspace, "aria")
    clock = FrozenClock()
    ids = CountedIds()
    tools = PythonTools(workspace.tools, workspace.root)
    policy = load_policies([workspace.policies / "support.toml"], tools.specs(), loaded.persona, clock=clock)
    store = Store.open(workspace.make_state())
    embedder = NgramsEmbedder()
    globs = [(name, glob) for name, globs in settings.knowledge.collections.items() for glob in globs]
    files = [(name, path, path.name) for name, glob in globs for path in sorted(workspace.knowledge.glob(glob))]
    ingest(store, files, embedder)
    retriever = StoreRetriever(store, embedder, None, clock)
    await retriever.warm()
    model = ScriptedModel.from_file(workspace.scripts / "helpdesk.toml", clock)
    contract = Contract(
        loaded.persona, loaded.prompt, "\n".join(lines(loaded.persona.voice)), policy, tools.specs(), model.name
    )
    outside = Outside(model, tools, retriever, PlainMemory(clock=clock), Mailbox(), clock, ids)
    session = Session(MemoryLog("s1", clock, ids), contract, outside)
    cards = _answering(session, answers)
    for one in words:
        await session.turn(one)
    assert not answers, "not every answer was asked for"
    store.close()
    return Talk(session.records, workspace.root, cards)


def _answering(session: Session, answers: list[ApprovalReply]) -> list[Card]:
    cards: list[Card] = []

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            cards.append(item.event.card)
            assert answers, f"a question nobody expected: {item.event.card.call}"
            session.answer(item.event.step, answers.pop(0))

    session.bus.subscribe(watch)
    return cards
