"""Clauses simple enough to be compared with one another: a name beside a value, as in `args.amount > 100`.

Invariant: what is said here holds for every value a name can have; of any other clause nothing is said.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.policy.language.clauses import Token, tokens

Value = float | str | bool

HAS = "has"
"""The operator of `'web' in session.taint` and of `session.taint.exists(t, t == 'web')`."""

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_KINDS: dict[str, tuple[type, ...]] = {"int": (int, float), "double": (int, float), "string": (str,), "bool": (bool,)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`name operator value`; true or false wherever the name has a value of its declared type, else an error."""

    name: str
    operator: str
    value: Value


def conjuncts(source: str) -> tuple[str, ...]:
    """The parts of `a && b`, which hold together exactly where the whole does; a clause without `&&` is its own part."""
    words = tokens(source)
    parts, start, depth = [], 0, 0
    for word in words:
        depth += (word.text in "([{") - (word.text in ")]}")
        if depth == 0 and word.text in ("||", "?"):
            return (source.strip(),)
        if depth == 0 and word.text == "&&":
            parts.append(source[start : word.start].strip())
            start = word.end
    return (*parts, source[start:].strip())


def comparison(source: str, types: Mapping[str, str]) -> Comparison | None:
    """The comparison that a clause is, if it is one of a plain text, number or boolean; `types` are its names'."""
    words = tokens(source)
    if (found := _membership(words)) is not None:
        return found if types.get(found.name) == "list(string)" else None
    if len(words) == 1 and words[0].kind == "name":
        found = Comparison(_name(words[0]), "==", True)
    elif len(words) == 2 and words[0].text == "!" and words[1].kind == "name":
        found = Comparison(_name(words[1]), "==", False)
    else:
        found = _compared(words) or _turned(words)
    if found is None or not _fits(found.value, types.get(found.name, "")):
        return None
    return found


def implies(one: Comparison, other: Comparison) -> bool:
    """Whether `other` holds wherever `one` does, on values of the declared type."""
    if one == other:
        return True
    if one.name != other.name or HAS in (one.operator, other.operator):
        return False
    if one.operator == "==":
        return _HOLDS[other.operator](one.value, other.value)
    if one.operator == "!=" or other.operator == "==":
        return False
    upwards, a, b = one.operator[0] == ">", one.value, other.value
    if other.operator == "!=":
        return not _HOLDS[one.operator](b, a)
    if (other.operator[0] == ">") != upwards:
        return False
    strict_enough = len(one.operator) == 1 or len(other.operator) == 2
    beyond = _HOLDS[">=" if strict_enough else ">"]
    return beyond(a, b) if upwards else beyond(b, a)


def contradict(one: Comparison, other: Comparison) -> bool:
    """Whether no value makes both hold."""
    if one.name != other.name or HAS in (one.operator, other.operator):
        return False
    if one.operator == "==":
        return not _HOLDS[other.operator](one.value, other.value)
    if other.operator == "==":
        return contradict(other, one)
    if "!=" in (one.operator, other.operator) or one.operator[0] == other.operator[0]:
        return False
    low, high = (one, other) if one.operator[0] == ">" else (other, one)
    touching = len(low.operator) == 2 and len(high.operator) == 2
    return _HOLDS[">" if touching else ">="](low.value, high.value)


def _compared(words: Sequence[Token]) -> Comparison | None:
    """`name operator value`."""
    if len(words) not in (3, 4) or words[0].kind != "name" or words[1].text not in _HOLDS:
        return None
    value = _value(words[2:])
    return None if value is None else Comparison(_name(words[0]), words[1].text, value)


def _turned(words: Sequence[Token]) -> Comparison | None:
    """`value operator name`, said the other way round."""
    if len(words) not in (3, 4) or words[-1].kind != "name" or words[-2].text not in _TURNED:
        return None
    value = _value(words[:-2])
    return None if value is None else Comparison(_name(words[-1]), _TURNED[words[-2].text], value)


def _membership(words: Sequence[Token]) -> Comparison | None:
    texts = [word.text for word in words]
    if len(words) == 3 and texts[1] == "in" and words[2].kind == "name":
        value = _value(words[:1])
        return Comparison(_name(words[2]), HAS, value) if isinstance(value, str) else None
    if len(words) == 8 and words[0].kind == "name" and texts[1] == "(" and texts[3] == "," and texts[5] == "==":
        name, _, macro = _name(words[0]).rpartition(".")
        value = _value(words[6:7])
        if macro == "exists" and texts[2] == texts[4] and texts[7] == ")" and isinstance(value, str):
            return Comparison(name, HAS, value)
    return None


def _name(word: Token) -> str:
    return ".".join(part.strip() for part in word.text.split("."))


def _value(words: Sequence[Token]) -> Value | None:
    """A plain literal: a number with or without a sign, a text without escapes, true or false."""
    *sign, word = words
    if sign and (len(sign) > 1 or sign[0].text != "-" or word.kind not in ("int", "double")):
        return None
    if word.kind == "string":
        plain = word.text[:1] in "'\"" and word.text[:3] not in ("'''", '"""') and "\\" not in word.text
        return word.text[1:-1] if plain else None
    if word.kind == "double" or (word.kind == "int" and word.text.isdigit()):
        number = float(word.text) if word.kind == "double" else int(word.text)
        return -number if sign else number
    return {"true": True, "false": False}.get(word.text)


def _fits(value: Value, kind: str) -> bool:
    return type(value) in _KINDS.get(kind, ())
