"""The words the person got to read.

Invariant: pure but for a schema file and an embedder, each read only where a case asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from greenroom.regression.expect.beside import Beside
from greenroom.regression.expect.matcher import pattern, searched
from greenroom.regression.expect.said import Lines, each, shown
from greenroom.regression.expect.shape import JsonExpected, json_problem
from greenroom.regression.expect.similar import Similar, similar_problem
from greenroom.regression.expect.stated import Stated
from greenroom.regression.tape.facts import TurnFacts, turns_of

_MOST = 3
"""The last replies of a turn are told; what came before them is long ago."""

Pattern = Annotated[str, Field(min_length=1), AfterValidator(pattern)]


class TextExpected(Stated):
    """The words the person got to read. `contains` (all of them), `regex` (RE2; case counts) and `absent` are about
    everything that was shown in a turn: each of its replies, those beside calls too. `json` of a shape or schema and
    `similar` to the recorded reply (0 to 1) or to a text are about the final answer alone. None of `absent` is in any of
    the turns.
    """

    contains: Lines = ()
    regex: Pattern | None = None
    absent: Lines = ()
    json_: JsonExpected | None = Field(default=None, alias="json")
    similar: Similar | None = None


def text_problems(expected: TextExpected, turn: TurnFacts, beside: Beside) -> Iterator[str]:
    """What is wrong with a turn's replies, but for what should be absent.

    Raises:
        NotHere: it is to be compared with something that is not known here.
    """
    text = turn.text
    for part in each(expected.contains):
        if not any(part in one for one in turn.shown):
            yield f"{_none(turn, 'contain', 'contains')} {shown(part)}: {_all(turn)}"
    if expected.regex is not None and not any(searched(expected.regex, one) for one in turn.shown):
        yield f"{_none(turn, 'match', 'matches')} {shown(expected.regex)}: {_all(turn)}"
    if expected.json_ is not None and (said := json_problem(expected.json_, text, beside.folder)):
        yield said
    if expected.similar is not None and (said := similar_problem(expected.similar, text, _recorded(turn, beside))):
        yield said


def absent_problems(expected: TextExpected, turn: TurnFacts) -> Iterator[str]:
    """What a turn's replies say that they should not."""
    for part in each(expected.absent):
        if (said := next((one for one in turn.shown if part in one), None)) is not None:
            yield f"the reply contains {shown(part)}: {shown(said)}"


def telling(expected: TextExpected, turn: TurnFacts) -> str:
    """Of the turn's replies the one that has what is written, else the final answer."""
    parts = each(expected.contains)
    held = (one for one in turn.shown if any(part in one for part in parts))
    if (found := next(held, None)) is None and expected.regex is not None:
        found = next((one for one in turn.shown if searched(expected.regex, one)), None)
    return turn.text if found is None else found


def _none(turn: TurnFacts, verb: str, verbs: str) -> str:
    number = len(turn.shown)
    return f"the reply does not {verb}" if number == 1 else f"none of the turn's {number} replies {verbs}"


def _all(turn: TurnFacts) -> str:
    return " and ".join(shown(one) for one in turn.shown[-_MOST:])


def _recorded(turn: TurnFacts, beside: Beside) -> str | None:
    """What the tape has as the reply of the same turn."""
    if beside.recorded is None:
        return None
    return next((one.text for one in turns_of(beside.recorded) if one.turn == turn.turn), None)
