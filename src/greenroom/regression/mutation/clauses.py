"""Clauses of rules and exceptions changed by a word: another comparison, a moved threshold, the opposite, one left out.

Invariant: only the words of a clause are read; whether the changed one still is a clause is the compiler's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from greenroom.core.values import ToolSpec
from greenroom.policy.language.clauses import Token, tokens
from greenroom.regression.mutation.mutant import said

_COMPARISONS = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_ORDERED = frozenset(_TURNED)

Data = dict[str, Any]


def changed(entry: Data, keys: Sequence[str], specs: Sequence[ToolSpec]) -> Iterator[tuple[str, str, str, Data, str]]:
    """Key, operator, change, the entry as it is then, and the hint, for every change of a clause under one of the keys."""
    for key in keys:
        groups = entry.get(key) or []
        groups = [groups] if isinstance(groups, str) else list(groups)
        for at, item in enumerate(groups):
            rest = [*groups[:at], *groups[at + 1 :]]
            left = {name: value for name, value in entry.items() if name != key} | ({key: rest} if rest else {})
            operator = "drop a clause" if key == "when" else "drop an alternative"
            yield key, operator, f"{said(item)} dropped", left, ""
            for operator, change, fresh, hint in _item(item, specs):
                yield key, operator, change, {**entry, key: [*groups[:at], fresh, *groups[at + 1 :]]}, hint


def _item(item: str | list[str], specs: Sequence[ToolSpec]) -> Iterator[tuple[str, str, str | list[str], str]]:
    if isinstance(item, str):
        for operator, source, hint in _clause(item, specs):
            yield operator, f"{said(item)} -> {said(source)}", source, hint
        return
    for at, clause in enumerate(item):
        if len(item) > 1:
            yield "drop a clause", f"{said(clause)} dropped", [*item[:at], *item[at + 1 :]], ""
        for operator, source, hint in _clause(clause, specs):
            yield operator, f"{said(clause)} -> {said(source)}", [*item[:at], source, *item[at + 1 :]], hint


def _clause(source: str, specs: Sequence[ToolSpec]) -> Iterator[tuple[str, str, str]]:
    """Operator, the changed clause, and what would notice it."""
    words = tokens(source)
    for place, word in enumerate(words):
        if word.text in _COMPARISONS:
            yield "compare otherwise", _put(source, word, _COMPARISONS[word.text]), _edge(words, place)
        elif word.kind in ("int", "double") and _compared(words, place):
            for value in _moved(words, place, specs):
                yield "move a threshold", _put(source, word, value), _edge(words, place, value)
        elif word.kind == "string" and len(word.text) > 2 and word.text[0] in "'\"":
            yield "another text", _put(source, word, f"{word.text[:-1]}~{word.text[-1]}"), ""
        elif word.text in ("true", "false"):
            yield "the opposite", _put(source, word, "false" if word.text == "true" else "true"), ""
    yield "negate", f"!({source})", ""


def _put(source: str, word: Token, text: str) -> str:
    return source[: word.start] + text + source[word.end :]


def _compared(words: Sequence[Token], place: int) -> bool:
    beside = [words[at].text for at in (place - 1, place + 1) if 0 <= at < len(words)]
    if "-" in beside and place >= 2:
        beside.append(words[place - 2].text)
    return any(text in _COMPARISONS for text in beside)


def _moved(words: Sequence[Token], place: int, specs: Sequence[ToolSpec]) -> Iterator[str]:
    """A whole number moves by one; an amount by a cent."""
    word = words[place]
    step = 0.01 if word.kind == "double" or _amount(words, specs) else 1
    for value in (float(word.text) - step, float(word.text) + step):
        if value >= 0:
            yield f"{value:.10g}" if step == 1 else f"{value:.2f}"


def _amount(words: Sequence[Token], specs: Sequence[ToolSpec]) -> bool:
    named = {word.text.removeprefix("args.") for word in words if word.kind == "name" and word.text.startswith("args.")}
    types = {
        name: declared.get("type")
        for spec in specs
        for name, declared in (spec.parameters.get("properties") or {}).items()
    }
    return any(types.get(name) == "number" for name in named)


def _edge(words: Sequence[Token], place: int, moved: str = "") -> str:
    """`a fixture in which args.amount is exactly 100`: where a comparison and its changed one come to different things."""
    around = words[max(place - 2, 0) : place + 3]
    names = [word for word in around if word.kind == "name"]
    numbers = [word for word in around if word.kind in ("int", "double")]
    signs = [word.text for word in around if word.text in _ORDERED]
    if (len(names), len(numbers), len(signs)) != (1, 1, 1):
        return ""
    value = numbers[0].text
    if moved:
        turned = numbers[0].start < names[0].start
        upper = (_TURNED[signs[0]] if turned else signs[0]) in (">", "<=")
        value = (max if upper else min)(value, moved, key=float)
    return f"a fixture in which {names[0].text} is exactly {value}"
