"""How expectations are worded: values on one line, lists of names, numbers with their nouns.

Invariant: whatever a tape or case holds, a sentence made here is one line, shortened and inert.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from greenroom.core.cut import at_word
from greenroom.core.inert import inert_line
from greenroom.core.values import Json

SENTENCE = 700
"""The most code points of one sentence."""

Line = Annotated[str, Field(min_length=1)]
_Several = Annotated[tuple[Line, ...], Field(min_length=1, max_length=1_000)]
Lines = Annotated[
    Annotated[Line, Tag("text")] | Annotated[_Several, Tag("texts")],
    Discriminator(lambda value: "texts" if isinstance(value, list | tuple) else "text"),
]
"""One text, or several; an empty list would say nothing."""


def each(lines: str | Iterable[str]) -> tuple[str, ...]:
    """The texts that are given as one or as several."""
    return (lines,) if isinstance(lines, str) else tuple(lines)


def shown(value: Json, limit: int = 160) -> str:
    """A value as JSON on one line of at most `limit` characters, cut at a word."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__} that cannot be shown"
    return at_word(inert_line(text), limit)


def bare(value: Json, limit: int = 160) -> str:
    """A text as JSON has it, without its quotes; what is cut ends with `…` all the same."""
    text = shown(value, limit + 2)
    return text.removeprefix('"').removesuffix('"') if isinstance(value, str) else text


def listed(names: Iterable[str], nothing: str = "none", limit: int = 200) -> str:
    """`a, b, c`, or the word for nothing."""
    return inert_line(", ".join(names), limit) or nothing


def named(values: dict[str, Any]) -> str:
    """`rule refund.large, effect deny` for a table."""
    return inert_line(", ".join(f"{key} {value}" for key, value in values.items()), 200)


def counted(number: int, noun: str) -> str:
    """`1 word`, `2 words`, `3 replies`."""
    return f"{number} {noun if number == 1 else noun.removesuffix('y') + 'ies' if noun.endswith('y') else noun + 's'}"
