"""The forks of a session, or of all of them, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.inert import inert_line

if TYPE_CHECKING:
    from greenroom.core.values import Json
    from greenroom.views.branches.lineage import Line


def tree(asked: Invocation) -> Answer[tuple[Line, ...]]:
    """Each line of a session below the one it was forked from; without SESSION every tree that has branches.

    Raises:
        UsageError: there is no such session.
    """
    from greenroom.assembly import session_id
    from greenroom.assembly.variants.lineage import session_lines
    from greenroom.views.branches.lineage import trees

    workspace, word = asked.workspace(), asked.text("session")
    of = session_id(workspace, word) if word else ""
    found = trees(session_lines(workspace), of)
    notes = () if found else ("no session was forked yet; greenroom session fork or rerun makes a branch",)
    return answer(found, _lines(found), [data_of(line) for line in found], notes=notes)


def data_of(line: Line) -> dict[str, Json]:
    """One line for programs."""
    origin = line.origin
    return {
        "id": line.id,
        "parent": origin.parent if origin else None,
        "at": origin.at if origin else None,
        "turn": origin.turn if origin else None,
        "rerun": list(origin.rerun) if origin else [],
        "changed": list(origin.changed) if origin else [],
        "turns": line.turns,
        "words": line.words,
        "outcome": line.outcome,
        "chosen": line.chosen,
        "depth": line.depth,
    }


def _lines(found: tuple[Line, ...]) -> list[str]:
    heads = [f"{line.rails}{line.id}" for line in found]
    wide = max(map(len, heads), default=0)
    what = [inert_line(line.what, 40) for line in found]
    broad = max(map(len, what), default=0)
    return [
        f"{head:<{wide}}  {about:<{broad}}  {line.outcome:<8}  {line.words}".rstrip()
        for head, about, line in zip(heads, what, found, strict=True)
    ]
