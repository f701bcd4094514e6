"""A mutant: one small, named change to what governs a session, or to what one was recorded with.

Invariant: a mutant is made in memory and is what the loaders would have read; what they would refuse is no mutant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from greenroom.core.inert import inert_line
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.tape.tape import Tape

Kind = Literal["persona", "prompt", "policy", "tools", "world"]
KINDS: tuple[Kind, ...] = ("persona", "prompt", "policy", "tools", "world")

_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Retold:
    """A tape with one thing changed, and the texts beside it that are other ones now, by part name."""

    tape: Tape
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `where` is what was changed (`support`, `aria`, `orders.refund`, a fixture), `change` what about it.

    `made` puts it together and raises `FileInvalid` where the loaders would refuse it. `calls` are the tools one of which
    a fixture must call to be touched at all (None: any fixture may be). `silent` says why no recording can notice it,
    where that is so: `reaches only the model ...`. `hint` is what would notice it.
    """

    kind: Kind
    operator: str
    where: str
    change: str
    made: Callable[[], Ground | Retold]
    calls: frozenset[str] | None = None
    silent: str = ""
    hint: str = ""

    @property
    def name(self) -> str:
        """`policy support: refund.large: when args.amount > 100 -> args.amount >= 100`."""
        return inert_line(f"{self.kind} {self.where}: {self.change}", 400)


def said(value: object) -> str:
    """A value as a change shows it, in one line."""
    if isinstance(value, str):
        return inert_line(value, _SHOWN)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return inert_line(", ".join(map(str, value)), _SHOWN) or "none"
    import json

    return inert_line(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)
