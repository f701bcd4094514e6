"""What every event has, and how a field says that it can hold a person's words."""

from __future__ import annotations

from typing import Annotated, TypeVar

from greenroom.core.values import Frozen

CONTENT = "content"
"""Annotation marker: the field is kept as detachable content."""

T = TypeVar("T")
Content = Annotated[T, CONTENT]
Words = Annotated[str, CONTENT]


class Event(Frozen):
    """Base of all events. `step` is the key of the step that made it, `inputs` commits to what the step was given."""

    step: str = ""
    turn: int = 0
    inputs: str = ""
