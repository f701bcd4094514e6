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

Pattern = Annotated[str, Field(min_length=1), AfterValidator(pattern)]


class TextExpected(Stated):
    """The words the person got to read, in one of the turns: all of `contains`, the `regex` (RE2; case counts), `json` of
    a shape or schema, `similar` to the recorded reply (0 to 1) or to a text. None of `absent` is in any of the turns.
    """

    contains: Lines = ()
    regex: Pattern | None = None
    absent: Lines = ()
    json_: JsonExpected | None = Field(default=None, alias="json")
    similar: Similar | None = None


def text_problems(expected: TextExpected, turn: TurnFacts, beside: Beside) -> Iterator[str]:
    """What is wrong with a turn's reply, but for what should be absent.

    Raises:
        NotHere: it is to be compared with something that is not known here.
    """
    text = turn.text
    for part in each(expected.contains):
        if part not in text:
            yield f"the reply does not contain {shown(part)}: {shown(text)}"
    if expected.regex is not None and not searched(expected.regex, text):
        yield f"the reply does not match {shown(expected.regex)}: {shown(text)}"
    if expected.json_ is not None and (said := json_problem(expected.json_, text, beside.folder)):
        yield said
    if expected.similar is not None and (said := similar_problem(expected.similar, text, _recorded(turn, beside))):
        yield said


def absent_problems(expected: TextExpected, turn: TurnFacts) -> Iterator[str]:
    """What a turn's reply says that it should not."""
    for part in each(expected.absent):
        if part in turn.text:
            yield f"the reply contains {shown(part)}: {shown(turn.text)}"


def _recorded(turn: TurnFacts, beside: Beside) -> str | None:
    """What the tape has as the reply of the same turn."""
    if beside.recorded is None:
        return None
    return next((one.text for one in turns_of(beside.recorded) if one.turn == turn.turn), None)
