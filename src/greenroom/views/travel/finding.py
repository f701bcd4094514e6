"""Finding events by kind, tool, rule, turn, effect and words: the one language of Trace's filter and `session show`.

`kind:tool` holds for what begins so, `kind=tool_returned` for exactly that, `tool:orders.*` for a pattern, `-words` for
what is not so; anything else is looked for in the event's own content. All parts must hold.

Invariant: finding reads a record and nothing else; the names of an event's fields are never mistaken for its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel

from greenroom.core.events import AnyEvent, ApprovalRequested, Record, ReplyGenerated, ReplyReleased, VerdictReached
from greenroom.views.timeline import summary

FIELDS = ("kind", "tool", "rule", "turn", "effect")
_PART = re.compile(r'(-?)(?:(kind|tool|rule|turn|effect)([:=]))?("[^"]*"?|\S+)', re.IGNORECASE)
_NOT_CONTENT = frozenset({"kind", "turn", "step", "inputs"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a query. `field` is '' for free words; `exact` wants the whole value, not its beginning."""

    wanted: str
    field: str = ""
    exact: bool = False
    without: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for."""

    parts: tuple[Part, ...] = ()

    def holds(self, record: Record, text: Callable[[Record], str] | None = None) -> bool:
        """Whether a record is meant. `text` gives its searchable text, where it is kept from one query to the next."""
        return all(_holds(part, record, text or text_of) for part in self.parts)

    @property
    def words(self) -> tuple[str, ...]:
        """The free words that are to be there, for marking them."""
        return tuple(part.wanted for part in self.parts if not part.field and not part.without)


def query(words: str) -> Query:
    """The query that a person typed; `"two words"` belong together."""
    parts = []
    for without, name, sign, value in _PART.findall(words):
        wanted = value.strip('"').casefold()
        if wanted or sign == "=":
            parts.append(Part(wanted, name.lower(), exact=sign == "=", without=bool(without)))
    return Query(tuple(parts))


def wanting(words: Iterable[str] = (), **fields: Iterable[str]) -> Query:
    """A query from options: every one of `words`, and for each field any value given must be exactly it, or match `*`."""
    parts = [Part(word.casefold()) for word in words if word]
    parts += [Part(value.casefold(), name, exact=True) for name, given in fields.items() for value in given if value]
    return Query(tuple(parts))


def values(name: str, event: AnyEvent) -> Iterator[str]:
    """What an event has for a field: a call's tool also where a reply asks for it, a rule also where it only fired."""
    match name:
        case "kind":
            yield event.kind
        case "turn":
            yield str(event.turn)
        case "tool":
            yield from _tools(event)
        case "rule":
            yield from _rules(event)
        case "effect":
            if isinstance(event, VerdictReached | ReplyReleased):
                yield event.effect
            elif isinstance(event, ApprovalRequested):
                yield event.card.verdict.effect


def text_of(record: Record) -> str:
    """Everything an event says, in lower case: its line in the trace, and every value of its content."""
    own = (getattr(record.event, name) for name in type(record.event).model_fields if name not in _NOT_CONTENT)
    return "\n".join((record.event.kind, summary(record.event), *_said(own))).casefold()


def spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where the words stand in a text, whatever their case."""
    found = [re.finditer(re.escape(word), text, re.IGNORECASE) for word in words if word]
    return [match.span() for matches in found for match in matches]


def _holds(part: Part, record: Record, text: Callable[[Record], str]) -> bool:
    if part.field:
        found = any(_fits(part, value) for value in values(part.field, record.event))
    else:
        found = part.wanted in text(record)
    return found is not part.without


def _tools(event: AnyEvent) -> Iterator[str]:
    if isinstance(event, ReplyGenerated):
        yield from (call.tool for call in event.calls)
    elif isinstance(event, VerdictReached):
        if event.hook in ("tool.call", "tool.result"):
            yield event.subject
    elif tool := getattr(event, "tool", ""):
        yield tool


def _rules(event: AnyEvent) -> Iterator[str]:
    if isinstance(event, VerdictReached):
        yield event.rule
        yield from (fired.rule for fired in event.verdict.fired)
    elif rule := getattr(event, "rule", ""):
        yield rule


def _fits(part: Part, value: str) -> bool:
    value = value.casefold()
    if "*" in part.wanted:
        return fnmatchcase(value, part.wanted)
    if part.exact or part.field == "turn":
        return value == part.wanted
    return value.startswith(part.wanted.replace(" ", "_"))


def _said(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        yield from _said(value.__dict__.values())
    elif isinstance(value, dict):
        yield from _said(value.values())
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, Iterable):
        for one in value:
            yield from _said(one)
