"""The sessions of a workspace as trees: which was forked from which, at which turn, and what was changed in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from greenroom.core.events import Record, SessionForked, SessionOpened, TurnFinished, TurnStarted, VariantChosen
from greenroom.core.inert import inert_line
from greenroom.views.branches.rerun import Branch, branch


@dataclass(frozen=True, slots=True)
class Line:
    """A session in its tree. `words` are the first of its own, `outcome` how its last turn ended or that it is open.

    `began` is when its own part began, which for a fork is later than `started`, the time of its log's first record.
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
    began: str = ""

    @property
    def what(self) -> str:
        """`turn 3: prompt changed`, or `` for a root."""
        if self.origin is None:
            return ""
        if self.origin.inside:
            return f"turn {self.origin.turn - 1}: forked inside it"
        changed = ", ".join(one.removesuffix(f" of turn {self.origin.turn}") for one in self.origin.changed)
        how = f"{changed} changed" if changed else "said again" if self.origin.rerun else "forked"
        return f"turn {self.origin.turn}: {how}"

    @property
    def branch(self) -> str:
        """The same for a list of sessions: with the parent where it does not stand above, and whether it was kept."""
        if self.origin is None:
            return ""
        of = "" if self.depth else f"{inert_line(self.origin.parent, 20)} "
        return f"{of}{self.what}{', kept' if self.chosen else ''}"


def session_of(records: Sequence[Record]) -> str:
    """The session that a log is of, '' where it does not say it."""
    named = (r.event.session for r in reversed(records) if isinstance(r.event, SessionOpened | SessionForked))
    return next(named, "")


def line_of(session: str, records: Sequence[Record]) -> Line:
    """A session by its log."""
    origin = branch(records)
    started = [r.event for r in records if isinstance(r.event, TurnStarted)]
    own = [event for event in started if origin is None or event.turn >= origin.turn - origin.inside]
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
        began=_began(origin, records),
    )


def _began(origin: Branch | None, records: Sequence[Record]) -> str:
    """When its own part began; a log may say that it branched off at a record it does not have."""
    own = origin.at + 1 if origin is not None else 0
    return records[own].at if 0 <= own < len(records) else records[0].at if records else ""


def trees(lines: Iterable[Line], of: str = "") -> tuple[Line, ...]:
    """All trees that have branches, or the one that session `of` is in, each line below its parent.

    Siblings stand in the order of the turns at which they branched off, then as they came.
    """
    by_id, children, roots = _forest(lines)
    wanted = [_root(by_id, of)] if of else [one for one in roots if one.id in children or one.origin is not None]
    return tuple(line for root in wanted for line in _walk(root, children))


def families(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Every session, each below the one it was forked from; the tree in which one was begun last comes first."""
    _, children, roots = _forest(lines)
    grown = [tuple(_walk(root, children)) for root in roots]
    grown.sort(key=lambda tree: max(line.began or line.started for line in tree), reverse=True)
    return tuple(line for tree in grown for line in tree)


def _forest(lines: Iterable[Line]) -> tuple[dict[str, Line], dict[str, list[Line]], list[Line]]:
    """The lines by id, those below each, and those that stand below none."""
    by_id = {line.id: line for line in lines}
    children: dict[str, list[Line]] = {}
    roots = []
    for line in by_id.values():
        if (parent := _parent(by_id, line)) is not None:
            children.setdefault(parent.id, []).append(line)
        else:
            roots.append(line)
    return by_id, children, roots


def _parent(by_id: Mapping[str, Line], line: Line) -> Line | None:
    """The line that one branched off; None for a root, as each of those is that a forged log makes their own ancestors."""
    if line.origin is None or line.origin.parent not in by_id:
        return None
    seen: set[str] = set()
    above = by_id[line.origin.parent]
    while above.id not in seen and above.id != line.id:
        seen.add(above.id)
        if above.origin is None or above.origin.parent not in by_id:
            return by_id[line.origin.parent]
        above = by_id[above.origin.parent]
    return None if above.id == line.id else by_id[line.origin.parent]


def _root(by_id: Mapping[str, Line], of: str) -> Line:
    line = by_id[of]
    while (parent := _parent(by_id, line)) is not None:
        line = parent
    return line


def _walk(root: Line, children: Mapping[str, Sequence[Line]]) -> Iterator[Line]:
    waiting = [(root, 0, "")]
    while waiting:
        line, depth, rails = waiting.pop()
        yield _placed(line, depth, rails)
        below = sorted(children.get(line.id, ()), key=lambda one: (one.origin.turn if one.origin else 0, one.started))
        stem = rails.replace("├─ ", "│  ").replace("└─ ", "   ")
        last = len(below) - 1
        branches = [(one, depth + 1, f"{stem}{'└─ ' if at == last else '├─ '}") for at, one in enumerate(below)]
        waiting.extend(reversed(branches))


def _placed(line: Line, depth: int, rails: str) -> Line:
    return replace(line, depth=depth, rails=rails)
