"""What an expectation may look at beside the run itself, as far as whoever judges has it.

Invariant: what is not known here is not judged and is never taken for held; see `NotHere`. Nor is a judgement that
failed itself taken for anything; see `CannotJudge`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.regression.tape.tape import Line


class NotHere(Exception):
    """An expectation cannot be judged with what is known here; the text says what is missing."""


class CannotJudge(Exception):
    """The judgement itself failed, or nobody could make it: code of a team that raised, a schema that is none. The text
    says why. Nothing is concluded from it, by no negation and by no alternative beside it.
    """


@dataclass(frozen=True, slots=True)
class Beside:
    """`recorded` is the tape a run is compared with, `forbidden` gives the phrases the persona's voice never uses,
    `folder` is where schemas are looked for (the workspace), `milliseconds` how long each turn took, by its number.
    """

    recorded: Sequence[Line] | None = None
    forbidden: Callable[[], Sequence[str]] | None = None
    folder: Path | None = None
    milliseconds: Mapping[int, int] | None = None


NOTHING = Beside()
"""Nothing is known but the run."""
