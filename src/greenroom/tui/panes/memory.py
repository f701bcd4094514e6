"""The Memory pane: what was recalled for a turn with its scores, what it proposed, and what became of that.

Invariant: an entry's id is the memory's, so that the selected one can be forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.text.runs import Line, Run, Tint, cell, named
from greenroom.views.turns.memory import Remembered

_FATES: dict[str, Tint] = {"kept": "good", "refused": "bad", "forgotten": "quiet", "left out": "quiet"}


def entries(folds: Folds, turn: int) -> list[Entry]:
    """What turn `turn` (from 1) remembered."""
    now = folds.memory.number(turn)
    if now is None:
        return []
    return [
        Entry("recalled", "section", "recalled", aside="score" if now.recalled else "nothing"),
        *(_row(item, f"r:{item.memory.id}") for item in now.recalled),
        Entry("proposed", "section", "proposed", aside="" if now.proposed else "nothing"),
        *(_row(item, f"p:{item.memory.id}") for item in now.proposed),
    ]


def memory_id(entry: Entry | None) -> str:
    """The memory an entry stands for, or ''."""
    return entry.id[2:] if entry is not None and entry.id[:2] in ("r:", "p:") else ""


def _row(item: Remembered, id: str) -> Entry:
    memory = item.memory
    tint = _FATES.get(item.fate, "wait" if item.fate == "proposed" else "plain")
    score = f"{memory.score:.2f}" if memory.score is not None else ""
    beside = (Run(item.fate, tint),) if item.fate != "recalled" else (Run(score, "quiet"),)
    text: Tint = "quiet" if item.fate in ("forgotten", "left out") else "plain"
    head = (cell(memory.segment, 10, "person"), Run(" "), Run(memory.text, text))
    return Entry(id, "row", head=head, beside=beside, body=tuple(_body(item)))


def _body(item: Remembered) -> Sequence[Line]:
    memory = item.memory
    lines = [named("why", item.why, "wait")] if item.why else []
    if memory.edited:
        lines.append(named("edited", f"by {memory.edited}, at the gate", "person"))
    lines += [
        named("about", f"{memory.subject} · {memory.key or 'no key'} · confidence {memory.confidence:.2f}"),
        named("said in", memory.record),
        named("kept", f"{memory.created[:10] or 'now'} until {(memory.expires or 'it is forgotten')[:19]}"),
        named("id", memory.id, "quiet"),
    ]
    return lines
