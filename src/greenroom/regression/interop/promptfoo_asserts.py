"""promptfoo's assertions as a case's and back.

Looked at: the assertion types of promptfoo 0.121.20. Invariant: an assertion of a type that is not in the tables here,
or that is judged by code, by a model or after a transform, is a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from greenroom.core.values import Json
from greenroom.regression.interop import expected
from greenroom.regression.interop.conversation import Losses
from greenroom.regression.interop.source import text_in

_JUDGED = "it is judged by code or a model of promptfoo's"
_SET_ASIDE = {"transform": "it looks at the output after a transform", "contextTransform": "it looks at a context"}
Found = list[dict[str, Json]]


def read_assert(entry: Any, where: str, losses: Losses, render: Callable[[Json], Json]) -> Found:
    """The case assertions that one promptfoo assertion comes to, without their turn."""
    kind = text_in(entry, "type")
    if not kind:
        losses.note(where, "an assertion", "it has no type")
        return []
    if kind == "assert-set":
        return _read_set(entry, where, losses, render)
    what = f"the assertion {kind[:60]}"
    for key, why in _SET_ASIDE.items():
        if key in entry:
            losses.note(where, what, why)
            return []
    if entry.get("weight") == 0:
        losses.note(where, what, "its weight is 0: it is measured and not required")
        return []
    negated = kind.startswith("not-")
    found = _positive(kind.removeprefix("not-"), render(entry.get("value")), entry)
    if found is None:
        losses.note(where, what, _NAMED.get(kind, _JUDGED))
        return []
    if negated and len(found) > 1:
        losses.note(where, what, "a case cannot say that not all of several hold")
        return []
    return [_negated(item) for item in found] if negated else found


def write_asserts(item: dict[str, Json], where: str, losses: Losses) -> list[Json]:
    """The promptfoo assertions for one of a case's; what has no counterpart is a loss."""
    out: list[Json] = []
    for key, value in item.items():
        if key == "text" and isinstance(value, dict):
            out += _write_text(value, where, losses)
        elif key == "limits" and isinstance(value, dict):
            out += [{"type": "cost", "threshold": value["usd"]}] if value.get("usd") is not None else []
            for name in (name for name, most in value.items() if name != "usd" and most is not None):
                losses.note(where, f"the limit on {name}", "promptfoo does not count it")
        elif key == "never" and isinstance(value, dict):
            out += _write_never(value, where, losses)
        else:
            losses.note(where, f"the expectation on {key}", "promptfoo looks at the words of one output")
    return out


def _read_set(entry: Any, where: str, losses: Losses, render: Callable[[Json], Json]) -> Found:
    if entry.get("threshold") not in (None, 1):
        losses.note(where, "an assert-set", "only a part of it must hold")
        return []
    inner = entry.get("assert")
    return [
        one for item in (inner if isinstance(inner, list) else []) for one in read_assert(item, where, losses, render)
    ]


def _positive(kind: str, value: Json, entry: dict[str, Json]) -> Found | None:
    """What a type without its `not-` comes to, or None if a case cannot say it."""
    texts = [text for text in expected.listed(value) if text]
    match kind:
        case "contains-all":
            return [{"text": {"contains": list[Json](texts)}}] if texts else None
        case "contains" | "icontains" | "icontains-all":
            return [expected.contains(text, any_case=kind.startswith("i")) for text in texts] or None
        case "contains-any" | "icontains-any":
            return [expected.contains_any(texts, any_case=kind.startswith("i"))] if texts else None
        case "equals":
            return [expected.equals(texts[0])] if len(texts) == 1 else None
        case "starts-with":
            return [expected.begins(texts[0])] if len(texts) == 1 else None
        case "regex":
            return [{"text": {"regex": texts[0]}}] if len(texts) == 1 else None
        case "cost" | "latency":
            limit = entry.get("threshold")
            if isinstance(limit, bool) or not isinstance(limit, int | float):
                return None
            return (
                [{"limits": {"usd": limit}}] if kind == "cost" else [{"live": {"milliseconds": max(1, round(limit))}}]
            )
        case "trajectory:tool-used":
            return _tools_used(value)
        case "trajectory:tool-args-match":
            return _tool_args(value)
        case _:
            return None


def _tools_used(value: Json) -> Found | None:
    names = expected.listed(value)
    if isinstance(value, dict) and value.get("min", 1) == 1 and not value.keys() - {"name", "min"}:
        names = expected.listed(value.get("name"))
    return [{"call": {"tool": name}} for name in names if "*" not in name] or None


def _tool_args(value: Json) -> Found | None:
    if not isinstance(value, dict) or not text_in(value, "name") or not isinstance(value.get("args"), dict):
        return None
    match = "exact" if value.get("mode") == "exact" else "subset"
    return [{"call": {"tool": value["name"], "args": value["args"], "match": match}}]


def _negated(item: dict[str, Json]) -> dict[str, Json]:
    text = item.get("text")
    if isinstance(text, dict) and isinstance(text.get("contains"), str):
        return {"text": {"absent": text["contains"]}}
    if text is not None:
        return {"never": {"text": text}}
    call = item.get("call")
    if isinstance(call, dict) and call.keys() == {"tool"}:
        return {"never": {"tool": call["tool"]}}
    return {"not": item}


def _write_text(text: dict[str, Json], where: str, losses: Losses, prefix: str = "") -> Iterator[Json]:
    for key, value in text.items():
        if key == "contains":
            yield from ({"type": f"{prefix}contains", "value": one} for one in expected.listed(value))
        elif key == "absent" and not prefix:
            yield from ({"type": "not-contains", "value": one} for one in expected.listed(value))
        elif key == "regex" and value:
            kind, plain = expected.pattern_kind(str(value))
            if kind == "regex" and ("(?" in str(value) or any(mark in str(value) for mark in (r"\A", r"\z", r"\p"))):
                losses.note(where, "a pattern", "it is written for RE2, which JavaScript reads otherwise")
            else:
                yield {"type": prefix + kind, "value": plain}
        elif value not in (None, [], {}):
            losses.note(where, f"the expectation on text.{key}", "promptfoo has no such assertion that needs no model")


def _write_never(never: dict[str, Json], where: str, losses: Losses) -> Iterator[Json]:
    text = never.get("text")
    if isinstance(text, dict):
        yield from _write_text(text, where, losses, "not-")
    for key in never.keys() - {"text"}:
        losses.note(where, f"the expectation never.{key}", "promptfoo looks at the words of one output")


_NAMED = {
    "human": "a person judges it",
    "select-best": "it compares outputs with each other",
    "max-score": "it compares outputs with each other",
}
