"""The sessions of a workspace as trees: which was forked from which, at which turn, and what was changed in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from greenroom.core.events import Record, TurnFinished, TurnStarted, VariantChosen
from greenroom.core.inert import inert_line
from greenroom.views.rerun import Branch, branch


@dataclass(frozen=True, slots=True)
class Line:
    """A session in its tree. `words` are the first of its own, `outcome` how its last turn ended or that it is open.

    `depth` is 0 for one that nobody forked, or whose parent is gone; `last` says that no sibling follows.
    """

    id: str
    started: str
    turns: int
    words: str
    outcome: str
    origin: Branch | None = None
    chosen: bool = False
    depth: int = 0
    rails: str = ""

    @property
    def what(self) -> str:
        """`turn 3: prompt changed`, or `` for a root."""
        if self.origin is None:
            return ""
        changed = ", ".join(self.origin.changed)
        how = f"{changed} changed" if changed else "said again" if self.origin.rerun else "forked"
        return f"turn {self.origin.turn}: {how}"


def line_of(session: str, records: Sequence[Record]) -> Line:
    """A session by its log."""
    origin = branch(records)
    started = [r.event for r in records if isinstance(r.event, TurnStarted)]
    own = [event for event in started if origin is None or event.turn >= origin.turn]
    finished = [r.event for r in records if isinstance(r.event, TurnFinished)]
    over = bool(finished) and bool(started) and finished[-1].turn == started[-1].turn
    return Line(
        id=session,
        started=records[0].at if records else "",
        turns=len(started),
        words=inert_line(own[0].words, 60) if own else "",
        outcome=finished[-1].outcome if over else "open" if started else "empty",
        origin=origin,
        chosen=any(isinstance(record.event, VariantChosen) for record in records),
    )


def trees(lines: Iterable[Line], of: str = "") -> tuple[Line, ...]:
    """All trees that have branches, or the one that session `of` is in, each line below its parent.

    Siblings stand in the order of the turns at which they branched off, then as they came.
    """
    by_id = {line.id: line for line in lines}
    children: dict[str, list[Line]] = {}
    roots = []
    for line in by_id.values():
        if line.origin is not None and line.origin.parent in by_id:
            children.setdefault(line.origin.parent, []).append(line)
        else:
            roots.append(line)
    wanted = [_root(by_id, of)] if of else [one for one in roots if one.id in children or one.origin is not None]
    return tuple(line for root in wanted for line in _walk(root, children, 0, ""))


def _root(by_id: dict[str, Line], of: str) -> Line:
    line = by_id[of]
    seen = {of}
    while line.origin is not None and line.origin.parent in by_id and line.origin.parent not in seen:
        line = by_id[line.origin.parent]
        seen.add(line.id)
    return line


def _walk(line: Line, children: dict[str, list[Line]], depth: int, rails: str) -> Iterator[Line]:
    yield _placed(line, depth, rails)
    below = sorted(children.get(line.id, ()), key=lambda one: (one.origin.turn if one.origin else 0, one.started))
    stem = rails.replace("├─ ", "│  ").replace("└─ ", "   ")
    for place, child in enumerate(below, 1):
        yield from _walk(child, children, depth + 1, f"{stem}{'└─ ' if place == len(below) else '├─ '}")


def _placed(line: Line, depth: int, rails: str) -> Line:
    return Line(
        line.id, line.started, line.turns, line.words, line.outcome, line.origin, line.chosen, depth=depth, rails=rails
    )
