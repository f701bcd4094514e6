"""The Retrieval pane: the query, the legs that answered, and each hit with its scores, its place, and its fate.

Invariant: every candidate is listed, kept or dropped; a dropped one says why. Before anything is chosen, what stands
there is what would be, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.text.runs import Line, Run, cell, marked, named
from greenroom.views.turns.retrieval import Hit, RetrievalTurn

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract

_WHY = 17
"""Cells for why a hit was dropped."""
_CHOOSING = ("persona", "knowledge")
"""The components of a contract that say how passages are chosen; only a rerun has the second."""
_SECTIONS = {
    "chosen": ("kept {} of {}", "dropped {}"),
    "ahead": ("would be given: {} of {}", "would be left out: {}"),
    "found": ("", "found {}, none chosen yet"),
    "left": ("", "found {}; the turn ended before any was chosen"),
}


def entries(folds: Folds, turn: int, contract: Contract | None = None) -> list[Entry]:
    """What turn `turn` (from 1) looked up. `contract` tells of a turn that waits what would be chosen, if it is its own."""
    now = folds.retrieval.number(turn)
    if now is None or not (now.query or now.hits):
        return []
    legs = " + ".join(now.legs) or "none"
    rows = [
        Entry("query", "row", head=named("query", now.query, "strong")),
        Entry("legs", "row", head=named("legs", legs)),
    ]
    if now.stage == "found" and contract is not None and _governs(contract, folds):
        return [*rows, *_hits("ahead", _ahead(now, contract))]
    return [*rows, *_hits(now.stage, now.hits)]


def _governs(contract: Contract, folds: Folds) -> bool:
    """Whether passages are chosen under `contract` as the log has it."""
    loaded = folds.contract.digests if folds.contract is not None else {}
    return bool(loaded) and all(loaded.get(name) == contract.digests.get(name) for name in _CHOOSING)


def _ahead(now: RetrievalTurn, contract: Contract) -> tuple[Hit, ...]:
    """What selection makes of the hits unless a person at the gate, or policy, says otherwise."""
    from greenroom.retrieval.select import choose

    wanted = contract.persona.knowledge
    passages = [hit.passage for hit in now.hits]
    ids, dropped = choose(passages, top_k=wanted.top_k, min_score=wanted.min_score, budget_chars=wanted.budget_chars)
    place = {key: number for number, key in enumerate(ids, 1)}
    found = (replace(one, cited=place.get(one.passage.id), reason=dropped.get(one.passage.id, "")) for one in now.hits)
    return tuple(found)


def _hits(stage: str, hits: Sequence[Hit]) -> list[Entry]:
    kept = [hit for hit in hits if hit.cited is not None]
    kept.sort(key=lambda hit: hit.cited or 0)
    dropped = [hit for hit in hits if hit.cited is None]
    above, below = _SECTIONS[stage]
    rows = []
    if above:
        title = above.format(len(kept), len(hits))
        rows += [Entry("kept", "section", title, aside="fused   vector  lexical"), *map(_row, kept)]
    if dropped and above:
        aside = f"{'fused  why':<{_WHY + 7}}"
        rows += [Entry("dropped", "section", below.format(len(dropped)), aside=aside), *map(_row, dropped)]
    elif dropped:
        rows += [Entry("dropped", "section", below.format(len(dropped)), aside="fused   vector  lexical")]
        rows += [_row(hit, undecided=True) for hit in dropped]
    return rows


def _row(hit: Hit, *, undecided: bool = False) -> Entry:
    passage = hit.passage
    fused = Run(f"{passage.score:5.2f}", "strong" if hit.cited else "quiet")
    place = cell(f"[{hit.cited}]" if hit.cited else "·", 4, "key" if hit.cited else "quiet")
    head: Line = (place, Run(passage.label, "plain" if hit.cited or undecided else "quiet"))
    if passage.edited:
        head = (*head, Run("  edited", "person"))
    if hit.cited or undecided:
        beside = (fused, Run(_score(passage.vector), "quiet"), Run(_score(passage.lexical), "quiet"))
    else:
        beside = (fused, Run("  "), cell(_short(hit) or "not chosen", _WHY, "wait"))
    return Entry(f"hit:{passage.id}", "row", head=head, beside=beside, body=tuple(_body(hit)))


def _short(hit: Hit) -> str:
    """`score: 0.14 is under 0.15` is `lexical 0.14<0.15`: the threshold is on a leg's own score, not on the fused one."""
    what, _, detail = hit.reason.partition(": ")
    score, _, least = detail.partition(" is under ")
    if what != "score" or not least:
        return detail or hit.reason
    vector, lexical = hit.passage.vector, hit.passage.lexical
    leg = "lexical" if vector is None or (lexical is not None and lexical >= vector) else "vector"
    return f"{leg} {score}<{least}"


def _score(value: float | None) -> str:
    return f"{value:9.2f}" if value is not None else f"{'·':>9}"


def _body(hit: Hit) -> list[Line]:
    passage = hit.passage
    place = f"characters {passage.start} to {passage.end}, in {passage.collection or 'no collection'}"
    lines = [
        (*named("source", f"{passage.label}  ", "person"), Run(place, "quiet")),
        named("rank", f"{hit.rank} · fused {passage.score:.3f} · {_legs(hit)}"),
    ]
    if passage.edited:
        lines.append(named("edited", f"by {passage.edited}, at the gate", "person"))
    if hit.reason:
        lines.append(named("dropped", hit.reason, "wait"))
    if passage.matched:
        lines.append(named("matched", ", ".join(passage.matched), "key"))
    return [*lines, (Run(" "),), *(_text(line, passage.matched) for line in passage.text.split("\n"))]


def _legs(hit: Hit) -> str:
    vector, lexical = hit.passage.vector, hit.passage.lexical
    parts = [f"{name} {score:.3f}" for name, score in (("vector", vector), ("lexical", lexical)) if score is not None]
    return " · ".join(parts) or "no leg found it alone"


def _text(line: str, words: tuple[str, ...]) -> Line:
    """A line of the passage with the matched words tinted."""
    if not words or not line:
        return (Run(line or " "),)
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    return marked(line, [found.span() for found in pattern.finditer(line)], "key")
