"""The words of a clause: which names it uses, which it guards with `has()`, and its text as the engine needs it.

Invariant: nothing is evaluated here; a rewritten clause means the same as the one a person wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<string>[rRbB]{0,2}(?:'{3}.*?'{3}|"{3}.*?"{3}|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"))"""
    r"|(?P<double>\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|(?P<int>0x[0-9a-fA-F]+|\d+)u?"
    r"|(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)"
    r"|(?P<operator>&&|\|\||[<>=!]=|\S)",
    re.DOTALL | re.ASCII,
)
_WORDS = frozenset(
    {"true", "false", "null", "in", "int", "uint", "double", "string", "bool", "bytes", "list", "map", "dyn"}
)
_MACROS = frozenset({"exists", "all", "exists_one", "map", "filter"})
PRESENT = "present."
"""What a guarded name becomes for the engine: `has(args.note)` is the declared boolean `present.args.note`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a clause: what kind, its text, and from where to where."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a clause looks at in the value of a name: `label` as written, without spaces; its size, or the item at `key`."""

    label: str
    name: str
    key: str | int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """The dotted names of a clause with their columns (from 1), and those inside `has()`."""

    used: dict[str, int]
    guarded: frozenset[str]


def tokens(source: str) -> list[Token]:
    """The words of a clause in order."""
    return [Token(m.lastgroup or "", m.group(), m.start(), m.end()) for m in _TOKEN.finditer(source)]


def names(source: str) -> Names:
    """Every name a clause takes from outside; variables of `exists(t, ...)` and functions are left out."""
    words = tokens(source)
    bound = _bound(words)
    used: dict[str, int] = {}
    guarded: set[str] = set()
    for place, word in enumerate(words):
        name = _name_at(words, place)
        if not name or name.split(".")[0] in bound:
            continue
        if _inside_has(words, place):
            guarded.add(name)
        used.setdefault(name, word.start + 1)
    return Names(used, frozenset(guarded))


def parts(source: str) -> tuple[dict[str, Part], frozenset[str]]:
    """The parts of values that a clause looks at (`args.body.size()`, `session.counts['mail.send']`), by label; and the
    names of which it looks at nothing else, so that the whole value says nothing about the outcome.
    """
    words = tokens(source)
    found: dict[str, Part] = {}
    whole: set[str] = set()
    inside = set(names(source).used)
    for place in range(len(words)):
        name = _name_at(words, place)
        if name not in inside or _inside_has(words, place):
            continue
        if (part := _part_at(words, place, name)) is not None:
            found[part.label] = part
        elif not _asked_for(words, place):
            whole.add(name)
    return found, frozenset({part.name for part in found.values()} - whole)


def _part_at(words: list[Token], place: int, name: str) -> Part | None:
    """`name.size()`, `size(name)` or `name['key']`, where nothing is selected from that again."""
    after = [word.text for word in words[place + 1 : place + 5]] + [""] * 4
    before = [word.text for word in words[max(place - 2, 0) : place]]
    called = words[place].text.rpartition(".")[2].strip()
    if after[0] == "(":
        return Part(f"{name}.size()", name) if called == "size" and after[1] == ")" else None
    if before == ["size", "("] and after[0] == ")":
        return Part(f"size({name})", name)
    if after[0] == "[" and after[2] == "]" and after[3] not in (".", "[", "("):
        key = _key(words[place + 2])
        return None if key is None else Part(f"{name}[{after[1]}]", name, key)
    return None


def _key(word: Token) -> str | int | None:
    """A plain literal between brackets."""
    if word.kind == "int" and word.text.isdigit():
        return int(word.text)
    plain = word.kind == "string" and word.text[0] in "'\"" and word.text[1:3] != word.text[0] * 2
    return word.text[1:-1] if plain and "\\" not in word.text else None


def _asked_for(words: list[Token], place: int) -> bool:
    """Whether a name stands right of `in`, where only a key is looked for."""
    return place >= 1 and words[place - 1].text == "in"


def _name_at(words: list[Token], place: int) -> str:
    """The dotted name that begins here, without the method called on it; '' if it is none."""
    word = words[place]
    if word.kind != "name" or (place and words[place - 1].text == "."):
        return ""
    parts = [part.strip() for part in word.text.split(".")]
    if place + 1 < len(words) and words[place + 1].text == "(":
        parts = parts[:-1]
    if not parts or parts[0] in _WORDS:
        return ""
    return ".".join(parts)


def _bound(words: list[Token]) -> frozenset[str]:
    """The variables that macros bind: the first word inside `.exists(`, `.all(` and so on."""
    found = set()
    for place, word in enumerate(words[:-3]):
        called = word.kind == "name" and word.text.rpartition(".")[2].strip() in _MACROS
        if called and words[place + 1].text == "(" and words[place + 3].text == ",":
            found.add(words[place + 2].text)
    return frozenset(found)


def _inside_has(words: list[Token], place: int) -> bool:
    return (
        place >= 2 and words[place - 1].text == "(" and words[place - 2].text == "has" and words[place + 1].text == ")"
    )


def with_guards(source: str, flat: frozenset[str]) -> str:
    """The clause with `has(name)` of each `flat` name replaced by a boolean of its own.

    The engine knows `args.note` as one name, on which its own `has` would return the value and not whether it is there.
    """
    out, here = "", 0
    words = tokens(source)
    for place, _word in enumerate(words):
        name = _name_at(words, place)
        if name in flat and _inside_has(words, place):
            out += source[here : words[place - 2].start] + PRESENT + name
            here = words[place + 1].end
    return out + source[here:]


def with_doubles(source: str, offset: int, left: str, right: str) -> str:
    """The clause with the whole number or name beside the operator at `offset` made a double, or '' if it has none.

    People write `args.amount > 100`; the engine compares a double only with a double.
    """
    words = tokens(source)
    place = next((at for at, word in enumerate(words) if word.start == offset), None)
    if place is None or {left, right} != {"int", "double"}:
        return ""
    other = place + 1 if right == "int" else place - 1
    if right == "int" and other < len(words) and words[other].text == "-":
        other += 1
    if not 0 <= other < len(words):
        return ""
    word = words[other]
    called = other + 1 < len(words) and words[other + 1].text == "("
    if word.kind == "int" and word.text.isdigit():
        made = word.text + ".0"
    elif word.kind == "name" and not called:
        made = f"double({word.text})"
    else:
        return ""
    return source[: word.start] + made + source[word.end :]
