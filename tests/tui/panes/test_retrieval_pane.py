"""The Retrieval pane before, at and after the choice: nothing is called chosen or dropped that nobody decided on."""

from __future__ import annotations

from pathlib import Path

from greenroom.assembly import load_contract
from greenroom.core.events import AnyEvent, ContextSelected, PassagesRetrieved, Record, TurnFinished, TurnStarted
from greenroom.core.values import Passage
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


def folds(*more: AnyEvent) -> Folds:
    at = "2026-11-20T10:00:00.000000Z"
    return Folds(Record(seq=seq, at=at, event=one, prev="", hash="") for seq, one in enumerate((*ASKED, *more)))


def sections(folds: Folds, of: Path | None = None) -> list[str]:
    contract = load_contract(helpdesk(of), trusted=True) if of is not None else None
    return [entry.title for entry in retrieval.entries(folds, 1, contract) if entry.kind == "section"]


def test_what_waits_is_what_would_be_given_by_the_contract_and_no_more_is_said_without_one(tmp_path: Path) -> None:
    assert sections(folds(), tmp_path) == ["would be given: 1 of 3", "would be left out: 2"]
    assert sections(folds()) == ["found 3, none chosen yet"]


def test_what_was_chosen_is_told_as_kept_and_a_turn_that_ended_before_says_so(tmp_path: Path) -> None:
    chosen = ContextSelected(
        turn=1, step="t1/select", memories=(), passages=("p2",), dropped={"p0": "score", "p1": "score"}
    )
    assert sections(folds(chosen), tmp_path) == ["kept 1 of 3", "dropped 2"]
    over = TurnFinished(turn=1, outcome="stopped")
    assert sections(folds(over)) == ["found 3; the turn ended before any was chosen"]
