"""How much there may be: what the turns used, and how long and in which words the replies are.

Invariant: a bound is met or not by counting alone; milliseconds, which no tape has, are judged only where they are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Frozen
from greenroom.regression.expect.beside import Beside, NotHere
from greenroom.regression.expect.said import Line, counted, shown
from greenroom.regression.expect.stated import Stated
from greenroom.regression.expect.written import Count, Number, Whole, one_of
from greenroom.regression.tape.facts import TurnFacts
from greenroom.regression.tape.given_up import ABANDONED

_NO_PERSONA = "the persona is not known, so neither is what its voice never says"
_WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")
_CITATION = re.compile(r"\[\d{1,2}\]")
"""The number of a passage behind what is said from it: no word, and no sentence of its own."""
_SENTENCE = re.compile(r"[.!?…]+(?=[\s\"'”’)\]]|$)|\n\s*\n|$")


class LimitsExpected(Stated):
    """The most that may be used, over the turns looked at together.

    `milliseconds` are judged only in a live run and in Python tests of live sessions: a replay takes no time.
    """

    model_calls: Whole | None = None
    tool_calls: Whole | None = None
    tokens: Whole | None = None
    usd: Number | None = Field(default=None, ge=0)
    milliseconds: Count | None = None


class Bounds(Frozen):
    """A number between two others; at least none would be no bound."""

    model_config = ConfigDict(json_schema_extra=one_of("at_least", "at_most"))

    at_least: Count | None = None
    at_most: Whole | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Bounds:
        if self.at_least is None and self.at_most is None:
            raise ValueError("bounds nothing: write 'at_least' or 'at_most'")
        return self


def _only_true(value: Any) -> Any:
    if value is not True:
        raise ValueError("write true, for what the persona's voice never uses, or a list of phrases")
    return value


Phrases = Annotated[
    Annotated[Literal[True], BeforeValidator(_only_true), Tag("persona")]
    | Annotated[tuple[Line, ...], Field(min_length=1), Tag("phrases")],
    Discriminator(lambda value: "phrases" if isinstance(value, list | tuple) else "persona"),
]


class VoiceExpected(Stated):
    """How the replies speak, those beside calls too. `never = true`: none of the phrases that the persona's voice never
    uses, or a list of phrases (whole words; a last `*` stands for any ending). `words`, `sentences` and `characters`, as
    `{ at_most = 60 }`: no reply has more of them, and no turn's final answer fewer. A citation such as `[1]` is neither
    a word nor a sentence.
    """

    never: Phrases | None = None
    words: Bounds | None = None
    sentences: Bounds | None = None
    characters: Bounds | None = None


def limits_problems(expected: LimitsExpected, turns: Sequence[TurnFacts], beside: Beside) -> Iterator[str]:
    """What was used beyond the limits.

    Raises:
        NotHere: milliseconds are limited, and how long the turns took is not known here.
    """
    used = {
        "model_calls": (sum(turn.model_calls for turn in turns), expected.model_calls),
        "tool_calls": (sum(len(turn.calls) for turn in turns), expected.tool_calls),
        "tokens": (sum(turn.tokens for turn in turns), expected.tokens),
        "usd": (sum(turn.micro_usd for turn in turns) / 1_000_000, expected.usd),
    }
    for name, (value, most) in used.items():
        if most is not None and value > most:
            yield f"{value:g} {name.replace('_', ' ')} were used, at most {most:g} expected"
    if expected.milliseconds is not None:
        if beside.milliseconds is None:
            raise NotHere("a tape holds no times; milliseconds are judged in live runs")
        took = sum(beside.milliseconds.get(turn.turn, 0) for turn in turns)
        if took > expected.milliseconds:
            yield f"{took} milliseconds passed, at most {expected.milliseconds} expected"


def voice_problems(expected: VoiceExpected, turns: Sequence[TurnFacts], beside: Beside) -> Iterator[str]:
    """What is wrong with how the replies of these turns speak.

    Raises:
        NotHere: the persona's own phrases are meant, and the persona is not known here.
    """
    never = _phrases(expected, beside)
    for turn in turns:
        for place, text in enumerate(turn.shown):
            final = place == len(turn.remarks) and turn.finish != ABANDONED
            yield from (
                f"turn {turn.turn}: the reply {said}: {shown(text)}" for said in _speaks(expected, never, text, final)
            )


def _speaks(expected: VoiceExpected, never: Sequence[str], text: str, final: bool) -> Iterator[str]:
    yield from (f"says {shown(phrase)}, which this voice never does" for phrase in _spoken(never, text))
    for bounds, noun, number in (
        (expected.words, "word", len(_words(text))),
        (expected.sentences, "sentence", sentences(text)),
        (expected.characters, "character", len(text)),
    ):
        if bounds is not None and (said := _outside(bounds, number, final)):
            yield f"has {counted(number, noun)}, expected {said}"


def sentences(text: str) -> int:
    """How many sentences a text has, as far as its full stops and empty lines tell."""
    return sum(1 for part in _SENTENCE.split(text) if _words(part))


def _words(text: str) -> list[str]:
    return _WORD.findall(_CITATION.sub("", text))


def phrases_in(persona: str) -> Sequence[str]:
    """What the voice of a persona's text never uses.

    Raises:
        NotHere: there is no text, or it is none of a persona.
    """
    from greenroom.core.toml_text import parse
    from greenroom.persona.contract import Persona

    try:
        return parse(persona, Persona, "the persona").voice.never
    except FileInvalid:
        raise NotHere(_NO_PERSONA) from None


def _phrases(expected: VoiceExpected, beside: Beside) -> Sequence[str]:
    if expected.never is True:
        if beside.forbidden is None:
            raise NotHere(_NO_PERSONA)
        return beside.forbidden()
    return expected.never or ()


def _spoken(never: Sequence[str], text: str) -> Iterator[str]:
    from greenroom.persona.voice import broken

    yield from dict.fromkeys(text[found.start : found.end] for found in broken(text, never))


def _outside(bounds: Bounds, number: int, final: bool) -> str:
    if bounds.at_most is not None and number > bounds.at_most:
        return f"at most {bounds.at_most}"
    if final and bounds.at_least is not None and number < bounds.at_least:
        return f"at least {bounds.at_least}"
    return ""
