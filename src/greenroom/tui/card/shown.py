"""Which of the values that a rule shows say something new.

Invariant: a value is left out only where the very same name and value stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.core.values import Json, Verdict


def shown_besides(verdict: Verdict, told: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """What `show` adds to the live values of the clauses, and to what is `told` elsewhere."""
    known: dict[str, Json] = dict(told or {})
    for fired in verdict.fired:
        for clause in fired.clauses:
            if clause.outcome != "error":
                known.update(clause.values)
    return {name: value for name, value in verdict.show.items() if name not in known or known[name] != value}


def shown_first(verdict: Verdict, arguments: Mapping[str, Json]) -> str:
    """The first argument a rule shows or looks at, '' where none does: what a person most likely wants to change."""
    looked_at = [name for fired in verdict.fired for clause in fired.clauses for name in clause.values]
    for name in (*verdict.show, *looked_at):
        if (argument := name.removeprefix("args.")) != name and argument in arguments:
            return argument
    return ""
