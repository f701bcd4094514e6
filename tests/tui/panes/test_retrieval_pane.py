"""The Retrieval pane before, at and after the choice: nothing is called chosen or dropped that nobody decided on."""

from __future__ import annotations

from pathlib import Path

from greenroom.assembly import load_contract
from greenroom.core.events import (
    AnyEvent,
    ContextSelected,
    ContractLoaded,
    PassagesRetrieved,
    Record,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.values import Passage
from greenroom.engine.contract import Contract
from greenroom.tui.folds import Folds
from greenroom.tui.panes import retrieval
from tests.tui.rehearsing import helpdesk

FOUND = tuple(
    Passage(id=f"p{n}", source=f"doc{n}.md", text=f"text number {n}", start=0, end=9, score=1 - n / 10, lexical=0.9 - n)
    for n in range(3)
)
ASKED: tuple[AnyEvent, ...] = (
    TurnStarted(turn=1, words="hello"),
    PassagesRetrieved(turn=1, step="t1/retrieve", query="hello", legs=("lexical",), candidates=FOUND),
)


def folds(*events: AnyEvent) -> Folds:
    at = "2026-11-20T10:00:00.000000Z"
    return Folds(Record(seq=seq, at=at, event=one, prev="", hash="") for seq, one in enumerate(events))


def sections(folds: Folds, contract: Contract | None = None) -> list[str]:
    return [entry.title for entry in retrieval.entries(folds, 1, contract) if entry.kind == "section"]


def test_what_waits_is_what_the_contract_would_give_and_no_more_is_said_without_the_turns_own(tmp_path: Path) -> None:
    contract = load_contract(helpdesk(tmp_path), trusted=True)
    loaded = ContractLoaded(persona="aria", version="1", model=contract.model, digests=dict(contract.digests))
    other = loaded.model_copy(update={"digests": {**loaded.digests, "knowledge": "other"}})
    assert sections(folds(loaded, *ASKED), contract) == ["would be given: 1 of 3", "would be left out: 2"]
    assert sections(folds(other, *ASKED), contract) == sections(folds(*ASKED)) == ["found 3, none chosen yet"]
    chosen = ContextSelected(turn=1, step="t1/select", memories=(), passages=("p2",), dropped={"p0": "score"})
    assert sections(folds(loaded, *ASKED, chosen), contract) == ["kept 1 of 3", "dropped 2"]


def test_a_turn_that_ended_before_anything_was_chosen_says_so() -> None:
    over = TurnFinished(turn=1, outcome="stopped")
    assert sections(folds(*ASKED, over)) == ["found 3; the turn ended before any was chosen"]
