"""A command as it was asked for: its options, and the face that asked.

Invariant: a handler reaches the person only through the face it was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.core.signals import Signal
    from greenroom.core.values import ApprovalReply, Card, GateReply
    from greenroom.engine.gates.pending import Pending
    from greenroom.workspace.layout import Workspace


class Face(Protocol):
    """What a handler may ask of whoever shows things."""

    @property
    def interactive(self) -> bool:
        """Whether a person is here who can answer a question."""
        ...

    def note(self, text: str) -> None:
        """A line beside the result: progress, a warning."""
        ...

    def follow(self, item: Record | Signal) -> None:
        """Something happened in a running session."""
        ...

    def lines_in(self) -> list[str]:
        """What was piped in, line by line; empty when nothing is."""
        ...

    def confirm(self, question: str) -> bool:
        """A person's yes to a plain question; no where nobody is here."""
        ...

    def pick(self, question: str, letters: str) -> str:
        """One of these letters, as a person chose; '' where nobody is here or the input ended."""
        ...

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        """A person's answer to a question about a call."""
        ...

    async def at_gate(self, pending: Pending, problem: str) -> GateReply:
        """What a person does at a gate; `problem` is what was wrong with what they did there before."""
        ...


@dataclass(frozen=True, slots=True)
class Invocation:
    """Options by name as the table declares them, with `workspace` beside."""

    options: Mapping[str, Any] = field(default_factory=dict)
    face: Face | None = None

    def text(self, name: str) -> str:
        """An option's text, '' where it was not given."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return bool(self.options.get(name))

    def words(self, name: str) -> list[str]:
        """The values of an option that takes several."""
        return list(self.options.get(name) or [])

    def number(self, name: str) -> int | None:
        value = self.options.get(name)
        return value if isinstance(value, int) else None

    def person(self) -> Face:
        """The face.

        Raises:
            UsageError: this command needs one and was called without.
        """
        if self.face is None:
            raise UsageError("this command needs a terminal or a screen")
        return self.face

    def workspace(self) -> Workspace:
        """The workspace named by `--workspace`, else the nearest.

        Raises:
            UsageError: there is none.
        """
        from greenroom.workspace.find import require

        return require(Path(self.text("workspace") or "."))


def listed(text: str, known: Sequence[str], wrong: str, code: str = "") -> list[str]:
    """The words of `policy,tools`.

    Raises:
        UsageError: one is not `known`; `wrong` is what is said of it, such as "is not a kind of change".
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise UsageError(f"'{word}' {wrong}", hint=suggest(word, list(known)), code=code)
    return words
