"""The names a case may speak of: tools, rules, sources of passages and what memories are kept under.

Known are those of today's texts (the persona's tools, the policies' rules, the knowledge folder) together with those
that the tape and its parts name, so that what went away since can still be named.
Invariant: a name nobody knows is told with what was probably meant, wherever it stands: in what must never happen it
would hold for ever. Where today's texts are not known, nothing is concluded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import Path as KeyPath
from greenroom.core.toml_text import suggest
from greenroom.regression.expect.assertion import Assertion, Never
from greenroom.regression.expect.calls import CallExpected, is_tool
from greenroom.regression.expect.context import EVERY_KEY
from greenroom.regression.expect.said import each
from greenroom.regression.tape.tape import Line

Texts = Mapping[str, str]
"""The texts of a contract by component: `persona`, `policy`, `tools`."""

_BUILT_IN = frozenset(
    {
        "autonomy",
        "default",
        "envelope",
        "memory.segments",
        "policy.fault",
        "taint",
        "tools.allow",
        "tools.unknown",
        "unchecked",
    }
)
"""Rules that no file has."""

_ID = re.compile(r"""(?m)^[ \t]*(?:id|rule)[ \t]*=[ \t]*["']([^"'\n]{1,200})["']""")
_DOTTED = re.compile(r"""["']([\w-]{1,80}(?:\.[\w-]{1,80}){1,8})["']""")
_NEAR = 12
Slip = tuple[KeyPath, str]
"""Where a name stands in an expectation, and what is said of it."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the lines: `texts` of each state of the contract, today's first, the `knowledge` folder, and
    the `listings` of candidates that the tape names.
    """

    texts: Sequence[Texts]
    knowledge: Path | None = None
    listings: Callable[[], Iterable[str]] = tuple

    @property
    def today(self) -> bool:
        return bool(self.texts and {"persona", "policy", "tools"} <= self.texts[0].keys())


NOBODY = Around(())
"""Nothing is known, so no name is called wrong."""


class Told:
    """The names that the lines of a recording tell, by kind: looked for once, however many expectations ask."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._names: dict[str, set[str]] = {}

    def of(self, kind: str) -> set[str]:
        """Those of a kind."""
        if kind not in self._names:
            self._names[kind] = _ON_TAPE[kind](self._lines)
        return self._names[kind]


def slips(assertion: Assertion, told: Told, around: Around) -> Iterator[Slip]:
    """The names of an expectation that nobody knows, with what was probably meant."""
    if not around.today:
        return
    for path, kind, name in _named(assertion):
        if _is_known(kind, name, told.of(kind)):
            continue
        known = told.of(kind) | _BESIDE[kind](around)
        if not _is_known(kind, name, known):
            yield path, f"there is no {kind} '{inert_line(name, 80)}' ({_hint(name, known)})"


def _hint(name: str, known: Collection[str]) -> str:
    hint = suggest(name, sorted(known))
    return hint if hint.startswith("did you") or len(known) <= _NEAR else f"{len(known)} are known"


def _is_known(kind: str, name: str, known: Collection[str]) -> bool:
    if name in known or (kind != "rule" and name == EVERY_KEY):
        return True
    if kind == "tool":
        return any(is_tool(name, one) for one in known)
    return kind == "source" and "#" not in name and any(one.partition("#")[0] == name for one in known)


def _named(one: Assertion, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str, str]]:
    """Every name of an expectation: where it stands, of which kind it is."""
    if one.call is not None:
        yield (*path, "call"), "tool", one.call.tool
    if one.verdict is not None and one.verdict.rule is not None:
        yield (*path, "verdict"), "rule", one.verdict.rule
    if (tools := one.tools) is not None:
        for written in (*(tools.calls or ()), *(tools.never or ())):
            yield (*path, "tools"), "tool", written.tool if isinstance(written, CallExpected) else written
    if (passages := one.passages) is not None:
        for part in ("includes", "cited", "excludes"):
            yield from (((*path, "passages"), "source", name) for name in each(getattr(passages, part)))
    if (memory := one.memory) is not None:
        unwritten = memory.never_written
        keys = (
            *(memory.write or ()),
            *(memory.recall or ()),
            *(each(unwritten) if isinstance(unwritten, str | tuple) else unwritten or ()),
        )
        yield from (((*path, "memory"), "memory", key) for key in keys)
    if one.never is not None:
        yield from _never_named(one.never, (*path, "never"))
    if one.not_ is not None:
        yield from _named(one.not_, (*path, "not"))
    for number, other in enumerate(one.any_of or ()):
        yield from _named(other, (*path, "any_of", number))


def _never_named(never: Never, path: KeyPath) -> Iterator[tuple[KeyPath, str, str]]:
    yield from ((path, "tool", tool) for tool in each(never.tool or ()))
    if never.call is not None:
        yield path, "tool", never.call.tool
    if never.verdict is not None and never.verdict.rule is not None:
        yield path, "rule", never.verdict.rule


def _tools_told(lines: Sequence[Line]) -> set[str]:
    return {str(call["tool"]) for line in lines for call in line.get("calls") or ()}


def _rules_told(lines: Sequence[Line]) -> set[str]:
    return {str(line["rule"]) for line in lines if "rule" in line}


def _sources_told(lines: Sequence[Line]) -> set[str]:
    return {str(label) for line in lines for _, label, *_ in line.get("retrieve") or ()}


def _memories_told(lines: Sequence[Line]) -> set[str]:
    told = [line for line in lines if "memory" in line and "segment" in line]
    return {str(line.get(part)) for line in told for part in ("key", "segment") if line.get(part)}


def _tools(around: Around) -> set[str]:
    """The persona's tools, and those that a policy speaks of."""
    found = {name for texts in around.texts for name in _tool_names(texts.get("tools", ""))}
    return found | {name for texts in around.texts for name in _tools_spoken_of(texts.get("policy", ""))}


@lru_cache(maxsize=64)
def _tools_spoken_of(policy: str) -> frozenset[str]:
    return frozenset(_DOTTED.findall(policy))


@lru_cache(maxsize=64)
def _rule_ids(policy: str) -> frozenset[str]:
    return frozenset(_ID.findall(policy))


def _rules(around: Around) -> set[str]:
    return {*_BUILT_IN, *(name for texts in around.texts for name in _rule_ids(texts.get("policy", "")))}


def _memories(around: Around) -> set[str]:
    from greenroom.memory.propose import KEYS

    return {*KEYS, *(name for texts in around.texts for name in _segments(texts.get("persona", "")))}


def _sources(around: Around) -> set[str]:
    """The labels of the candidates that the tape names, kept and dropped, and those of every document of today."""
    found = {label for listing in around.listings() for label in _labels(listing)}
    if around.knowledge is not None and around.knowledge.is_dir():
        for path in sorted(around.knowledge.rglob("*")):
            name = path.relative_to(around.knowledge).as_posix()
            if path.is_file() and not any(part.startswith(".") for part in name.split("/")):
                found |= {name, *_labels_in(path, name)}
    return found


@lru_cache(maxsize=64)
def _tool_names(text: str) -> frozenset[str]:
    try:
        return frozenset(str(spec["name"]) for spec in orjson.loads(text))
    except (ValueError, TypeError, KeyError):
        return frozenset()


@lru_cache(maxsize=64)
def _segments(text: str) -> frozenset[str]:
    from greenroom.core.toml_text import parse
    from greenroom.persona.contract import Persona

    try:
        memory = parse(text, Persona, "the persona").memory
    except FileInvalid:
        return frozenset()
    return frozenset((*memory.read, *memory.write))


def _labels(listing: str) -> Iterator[str]:
    for row in listing.splitlines():
        try:
            _, source, heading, *_ = orjson.loads(row)
        except (ValueError, TypeError):
            return
        yield f"{source}#{heading}" if heading else str(source)


def _labels_in(path: Path, name: str) -> tuple[str, ...]:
    from greenroom.core.errors import GreenroomError
    from greenroom.retrieval.ingest import labels_of

    try:
        return labels_of(path, name)
    except (GreenroomError, OSError, ValueError):
        return ()  # a document that cannot be read; `doctor` says so


_ON_TAPE: Mapping[str, Callable[[Sequence[Line]], set[str]]] = {
    "tool": _tools_told,
    "rule": _rules_told,
    "source": _sources_told,
    "memory": _memories_told,
}
_BESIDE: Mapping[str, Callable[[Around], set[str]]] = {
    "tool": _tools,
    "rule": _rules,
    "source": _sources,
    "memory": _memories,
}
