"""What is shown while it happens and never kept. No view of a log can depend on a signal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextArrived:
    """A piece of a reply, as the model streams it."""

    turn: int
    step: str
    text: str
    reasoning: bool = False


@dataclass(frozen=True, slots=True)
class StageEntered:
    """The turn is now busy with something; `detail` is for a progress line."""

    turn: int
    stage: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """A line for the person, such as a warning from an adapter. `level` is info, warning or error."""

    text: str
    level: str = "info"


Signal = TextArrived | StageEntered | Noted
