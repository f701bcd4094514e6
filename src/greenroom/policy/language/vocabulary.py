"""The one typed vocabulary of conditions: every name a clause may use, at which hooks, and what it means.

Invariant: a name a clause can use is declared here or in the schema of a tool; its value comes from `values` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from greenroom.core.values import Finding, Hook, Json
from greenroom.policy.port import Question

Kind = str
"""A CEL type as this vocabulary writes it: bool, int, double, string, list(string), map(string, int), dyn ..."""

_ALL: tuple[Hook, ...] = get_args(Hook)
_CALLS: tuple[Hook, ...] = ("tool.call", "tool.result")
_MEMORY: tuple[Hook, ...] = ("memory.read", "memory.write")
_RETRIEVAL: tuple[Hook, ...] = ("retrieval",)


@dataclass(frozen=True, slots=True)
class Name:
    """One declared name. `read` gets its value; None means that the question has none."""

    name: str
    kind: Kind
    meaning: str
    read: Callable[[Question, tuple[Finding, ...]], Json]
    hooks: tuple[Hook, ...] = _ALL


def _payload(key: str) -> Callable[[Question, tuple[Finding, ...]], Json]:
    return lambda question, _: question.payload.get(key)


def _number(key: str) -> Callable[[Question, tuple[Finding, ...]], Json]:
    def read(question: Question, _: tuple[Finding, ...]) -> Json:
        value = question.payload.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    return read


def _tool(key: str) -> Callable[[Question, tuple[Finding, ...]], Json]:
    return lambda question, _: getattr(question.tool, key, None)


def _session(key: str) -> Callable[[Question, tuple[Finding, ...]], Json]:
    def read(question: Question, _: tuple[Finding, ...]) -> Json:
        value = getattr(question.session, key)
        return list(value) if isinstance(value, tuple) else value

    return read


def _text_length(question: Question, _: tuple[Finding, ...]) -> Json:
    text, messages = question.payload.get("text"), question.payload.get("messages")
    if isinstance(messages, list):
        return sum(len(str(message.get("text", ""))) for message in messages)
    return len(text) if isinstance(text, str) else None


NAMES: tuple[Name, ...] = (
    Name("hook", "string", "the hook this is decided at", lambda q, _: q.hook),
    Name("subject", "string", "what it is about: a tool, a passage, a memory segment", lambda q, _: q.subject),
    Name(
        "origin", "string", "where the text came from: user, memory, passage, tool, web, model", lambda q, _: q.origin
    ),
    Name("text.length", "int", "code points of the text; at the hook prompt, of all its messages", _text_length),
    Name(
        "findings.kinds", "list(string)", "detectors that found something", lambda _, f: sorted({i.detector for i in f})
    ),
    Name("findings.count", "int", "how many findings there are", lambda _, f: len(f)),
    Name("session.turn", "int", "the number of this turn", _session("turn")),
    Name("session.taint", "list(string)", "origins of the text the session holds", _session("taint")),
    Name("session.autonomy", "int", "the autonomy level, 0 to 4, before taint lowers it", _session("autonomy")),
    Name("session.calls_this_turn", "int", "calls already permitted in this turn", _session("calls_this_turn")),
    Name("session.counts", "map(string, int)", "calls of the session by tool", _session("counts")),
    Name("session.sums", "map(string, double)", "cumulative sums, as 'tool:args.path:session'", _session("sums")),
    Name("tool.name", "string", "the tool", _tool("name"), _CALLS),
    Name("tool.effects", "string", "none, repeatable or once", _tool("effects"), _CALLS),
    Name("tool.reversible", "bool", "whether its effect can be undone", _tool("reversible"), _CALLS),
    Name("tool.outbound", "bool", "whether it sends something out", _tool("outbound"), _CALLS),
    Name("tool.sensitivity", "string", "public, internal, personal or secret", _tool("sensitivity"), _CALLS),
    Name(
        "args_from",
        "map(string, list(string))",
        "whose words each argument repeats: user, memory, passage, tool, web, persona; none if the model wrote it",
        lambda q, _: {name: list(origins) for name, origins in q.args_from.items()},
        ("tool.call",),
    ),
    Name("passage.source", "string", "the document", _payload("source"), _RETRIEVAL),
    Name("passage.collection", "string", "its collection", _payload("collection"), _RETRIEVAL),
    Name("passage.heading", "string", "its heading path", _payload("heading"), _RETRIEVAL),
    Name("passage.score", "double", "its fused score", _number("score"), _RETRIEVAL),
    Name("memory.segment", "string", "the memory segment", lambda q, _: q.segment or None, _MEMORY),
    Name("memory.key", "string", "the memory's key", _payload("key"), _MEMORY),
)
"""`args.*` comes on top, from the schemas of the tools a rule names."""


def names_at(hooks: Sequence[Hook]) -> dict[str, Kind]:
    """The names that every one of these hooks has, with their types."""
    return {entry.name: entry.kind for entry in NAMES if set(hooks) <= set(entry.hooks)}


_AT: dict[Hook, tuple[Name, ...]] = {hook: tuple(entry for entry in NAMES if hook in entry.hooks) for hook in _ALL}


def values(question: Question, findings: tuple[Finding, ...], wanted: Container[str] | None = None) -> dict[str, Any]:
    """The live value of every name of the vocabulary that has one; of the `wanted` names, if they are given."""
    found: dict[str, Any] = {}
    for entry in _AT[question.hook]:
        if (wanted is None or entry.name in wanted) and (value := entry.read(question, findings)) is not None:
            found[entry.name] = value
    return found


def lines() -> list[str]:
    """The vocabulary as plain lines, for `greenroom help policy`."""
    wide = max(len(entry.name) for entry in NAMES)
    kinds = max(len(entry.kind) for entry in NAMES)
    out = [f"{'args.*':<{wide}}  {'by schema':<{kinds}}  arguments of the tools the rule names  (tool.call)"]
    for entry in NAMES:
        where = "" if entry.hooks == _ALL else f"  ({', '.join(entry.hooks)})"
        out.append(f"{entry.name:<{wide}}  {entry.kind:<{kinds}}  {entry.meaning}{where}")
    return out
