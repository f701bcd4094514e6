"""Expectations in the words of a case, as far as a case can say them; literals as patterns and back.

Invariant: what goes into a case is an assertion that case/1 accepts; the rest is a loss that says what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from greenroom.core.values import Json
from greenroom.regression.case import Assertion
from greenroom.regression.expect.matcher import WORDS
from greenroom.regression.interop.conversation import Losses

_BYTES = re.compile(r"\bb'(.*)'")
_ANY_CASE = "(?i)"
_BEGIN, _END = r"\A", r"\z"
_LONGEST = 200
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPED = re.compile(r"\\([\\.+*?()|\[\]{}^$])")


def keep(found: Iterable[dict[str, Json]], turn: int, where: str, what: str, losses: Losses) -> list[dict[str, Json]]:
    """The assertions among `found` that a case can hold, about `turn`; the rest are losses named `what`."""
    kept = []
    for item in found:
        if _null_within(item):
            losses.note(where, what, "it holds a null, which a case cannot say")
            continue
        problem = _problem(item)
        if problem:
            losses.note(where, what, problem)
        else:
            kept.append({"turn": turn, **item})
    return kept


def contains(text: str, *, any_case: bool = False) -> dict[str, Json]:
    """That the reply holds a text."""
    return {"text": {"regex": _ANY_CASE + literal(text)} if any_case else {"contains": text}}


def contains_any(texts: list[str], *, any_case: bool = False) -> dict[str, Json]:
    """That the reply holds one of several texts."""
    if len(texts) == 1:
        return contains(texts[0], any_case=any_case)
    if not any_case:
        return {"any_of": [contains(text) for text in texts]}
    return {"text": {"regex": f"{_ANY_CASE}(?:{'|'.join(map(literal, texts))})"}}


def call(tool: str, args: dict[str, Json], *, exact: bool) -> dict[str, Json]:
    """A call with these very arguments, or at least these."""
    written: dict[str, Json] = {"tool": tool}
    if args or exact:
        written |= {"args": _as_written(args), "match": "exact" if exact else "subset"}
    return written


def equals(text: str) -> dict[str, Json]:
    """That the reply is a text."""
    return {"text": {"regex": _BEGIN + literal(text) + _END}}


def begins(text: str) -> dict[str, Json]:
    """That the reply begins with a text."""
    return {"text": {"regex": _BEGIN + literal(text)}}


def pattern_kind(pattern: str) -> tuple[str, Json]:
    """What a pattern says in promptfoo's words, `(kind, value)`; `regex` and the pattern where there is none simpler."""
    if (any_case := pattern.startswith(_ANY_CASE)) and (text := _literal(pattern.removeprefix(_ANY_CASE))) is not None:
        return "icontains", text
    body = pattern.removeprefix(_ANY_CASE)
    if body.startswith("(?:") and body.endswith(")"):
        texts = [_literal(one) for one in re.split(r"(?<!\\)\|", body[3:-1])]
        if all(text is not None for text in texts):
            return ("icontains-any" if any_case else "contains-any"), texts
    if pattern.startswith(_BEGIN) and pattern.endswith(_END):
        if (text := _literal(pattern[len(_BEGIN) : -len(_END)])) is not None:
            return "equals", text
    elif pattern.startswith(_BEGIN) and (text := _literal(pattern[len(_BEGIN) :])) is not None:
        return "starts-with", text
    return "regex", pattern


def from_target(target: Any, where: str, losses: Losses) -> list[dict[str, Json]]:
    """What an ideal answer comes to: that the reply holds it, or one of several; a long one is a grader's business."""
    texts = [one for one in (target if isinstance(target, list) else [target]) if isinstance(one, str) and one.strip()]
    if not texts:
        return []
    if any(len(text) > _LONGEST or "\n" in text for text in texts):
        losses.note(where, "a target", "it is longer than what a reply could hold word for word: a grader's guidance")
        return []
    losses.note(
        where, "how a target is scored", "the file does not say; it is taken as: the reply holds it in any case"
    )
    return [contains_any(texts, any_case=True)]


def literal(text: str) -> str:
    """A pattern that matches a text and nothing else; only what RE2 would read otherwise is escaped."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], text)


def listed(value: Json) -> list[str]:
    """A text or texts as a list."""
    found = value if isinstance(value, list) else [value]
    return [str(one) for one in found if isinstance(one, str | int | float) and not isinstance(one, bool)]


def _literal(pattern: str) -> str | None:
    """The text that a pattern is the escaped form of, or None."""
    text = _ESCAPED.sub(r"\1", pattern)
    return text if text and literal(text) == pattern else None


def _as_written(value: Json) -> Json:
    """A value as a case says that it is this very one: TOML has no null, and some tables stand for other values."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, dict):
        inner = {key: _as_written(item) for key, item in value.items()}
        return {"equals": value} if value.keys() & WORDS else inner
    return [_as_written(item) for item in value] if isinstance(value, list | tuple) else value


def _null_within(value: Json) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return value is None or any(map(_null_within, inner))


def _problem(item: dict[str, Json]) -> str:
    try:
        Assertion.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            return f"a case has no '{first['loc'][-1]}'"
        return _BYTES.sub(r"\1", str(first["msg"]).removeprefix("Value error, "))[:160]
    return ""
