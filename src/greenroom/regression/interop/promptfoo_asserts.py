"""promptfoo's assertions as a case's and back.

Looked at: the assertion types of promptfoo 0.121.20. Invariant: an assertion of a type that is not in the tables here,
or that is judged by code, by a model or after a transform, is a loss.
"""

from __future__ import annotations

import difflib
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
        losses.note(where, what, _NAMED.get(kind) or _unknown(kind.removeprefix("not-")) or _JUDGED)
        return []
    if negated and len(found) > 1:
        losses.note(where, what, "a case cannot say that not all of several hold")
        return []
    return [_negated(item) for item in found] if negated else found


def _unknown(kind: str) -> str:
    """What to say of a type that promptfoo does not have, but one of nearly that name; '' of any other."""
    if kind in KNOWN_TYPES:
        return ""
    near = difflib.get_close_matches(kind[:60], sorted(KNOWN_TYPES), 1, 0.8)
    return f"promptfoo has no such assertion; did you mean '{near[0]}'?" if near else ""


def write_asserts(item: dict[str, Json], where: str, losses: Losses) -> list[Json]:
    """The promptfoo assertions for one of a case's; what has no counterpart is a loss."""
    out: list[Json] = []
    for key, value in item.items():
        if key == "text" and isinstance(value, dict):
            out += _write_text(value, where, losses)
        elif key == "limits" and isinstance(value, dict):
            out += _write_limits(value, where, losses)
        elif key == "any_of" and (texts := _any_of(value)):
            out.append({"type": "contains-any", "value": texts})
        elif key == "never" and isinstance(value, dict):
            out += _write_never(value, where, losses)
        else:
            losses.note(where, f"the expectation on {key}{of_tools(value)}", _WORDS_ONLY)
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
    if kind in _OF_VALUES:
        return _OF_VALUES[kind](value)
    texts = [text for text in expected.listed(value) if text]
    if kind in _OF_TEXTS and texts:
        return _OF_TEXTS[kind](texts)
    if kind in _OF_ONE_TEXT and len(texts) == 1:
        return [_OF_ONE_TEXT[kind](texts[0])]
    limit = entry.get("threshold")
    if kind not in ("cost", "latency") or isinstance(limit, bool) or not isinstance(limit, int | float):
        return None
    return [{"limits": {"usd": limit} if kind == "cost" else {"milliseconds": max(1, round(limit))}}]


def _json(value: Json) -> Found | None:
    return None if isinstance(value, str) else [{"text": {"json": {"schema": value} if value else {}}}]


def _tools_used(value: Json) -> Found | None:
    names = expected.listed(value)
    if isinstance(value, dict) and value.get("min", 1) == 1 and not value.keys() - {"name", "min"}:
        names = expected.listed(value.get("name"))
    return [{"call": {"tool": name}} for name in names if "*" not in name] or None


def _tool_sequence(value: Json) -> Found | None:
    steps = expected.listed(value.get("steps") if isinstance(value, dict) else value)
    order = "strict" if isinstance(value, dict) and value.get("mode") == "exact" else "in_order"
    return [{"tools": {"calls": list[Json](steps), "order": order}}] if steps else None


def _word_count(value: Json) -> Found | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = {"min": value, "max": value}
    found = value if isinstance(value, dict) else {}
    words = {ours: found[theirs] for theirs, ours in (("min", "at_least"), ("max", "at_most")) if theirs in found}
    return [{"voice": {"words": words}}] if words else None


def _tool_args(value: Json) -> Found | None:
    if not isinstance(value, dict) or not text_in(value, "name") or not isinstance(value.get("args"), dict):
        return None
    return [{"call": expected.call(value["name"], value["args"], exact=value.get("mode") == "exact")}]


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
        elif key == "json" and isinstance(value, dict) and not value.keys() - {"schema"}:
            schema = value.get("schema")
            yield {"type": f"{prefix}contains-json"} | ({"value": schema} if isinstance(schema, dict) else {})
        elif key == "regex" and value:
            kind, plain = expected.pattern_kind(str(value))
            if kind == "regex" and ("(?" in str(value) or any(mark in str(value) for mark in (r"\A", r"\z", r"\p"))):
                losses.note(where, "a pattern", "it is written for RE2, which JavaScript reads otherwise")
            else:
                yield {"type": prefix + kind, "value": plain}
        elif value not in (None, [], {}):
            losses.note(where, f"the expectation on text.{key}", "promptfoo has no such assertion that needs no model")


def _any_of(items: Json) -> list[Json]:
    """The texts of alternatives that each want one text, else nothing."""
    texts = [
        item["text"]["contains"] for item in items if item.keys() == {"text"} and item["text"].keys() == {"contains"}
    ]
    plain = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in texts]
    return plain if len(plain) == len(items) and all(isinstance(one, str) for one in plain) else []


def _write_limits(limits: dict[str, Json], where: str, losses: Losses) -> Iterator[Json]:
    for name, most in limits.items():
        if name in _LIMITS and most is not None:
            yield {"type": _LIMITS[name], "threshold": most}
        elif most is not None:
            losses.note(where, f"the limit on {name}", "promptfoo does not count it")


def _write_never(never: dict[str, Json], where: str, losses: Losses) -> Iterator[Json]:
    text = never.get("text")
    if isinstance(text, dict):
        yield from _write_text(text, where, losses, "not-")
    for key in never.keys() - {"text"}:
        losses.note(where, f"the expectation never.{key}{of_tools(never[key])}", _WORDS_ONLY)


def of_tools(value: Json) -> str:
    """Which tools an expectation is about, so that a loss has a name."""
    named = value.get("tool", value.get("calls")) if isinstance(value, dict) else value
    names = (
        [str(one.get("tool")) if isinstance(one, dict) else one for one in named]
        if isinstance(named, list)
        else [named]
    )
    told = ", ".join(one for one in names if isinstance(one, str) and one)
    return f" ({told})" if told else ""


_WORDS_ONLY = "promptfoo looks at the words of one output, and at calls only in traces, which no chat model sends"
_LIMITS = {"usd": "cost", "milliseconds": "latency"}
_OTHERWISE = "promptfoo measures it by a model or a measure of its own, so that its threshold means something else here"
_NAMED = {
    "llm-rubric": "a model judges it: put the rubric into a file, and name it under [live] text.judge",
    "similar": _OTHERWISE,
    "levenshtein": _OTHERWISE,
    "rouge-n": _OTHERWISE,
    "bleu": _OTHERWISE,
    "human": "a person judges it",
    "select-best": "it compares outputs with each other",
    "max-score": "it compares outputs with each other",
}
_OF_VALUES: dict[str, Callable[[Json], Found | None]] = {
    "is-json": _json,
    "contains-json": _json,
    "word-count": _word_count,
    "trajectory:tool-sequence": _tool_sequence,
    "trajectory:tool-used": _tools_used,
    "trajectory:tool-args-match": _tool_args,
}
_OF_TEXTS: dict[str, Callable[[list[str]], Found]] = {
    "contains": lambda texts: [expected.contains(text) for text in texts],
    "icontains": lambda texts: [expected.contains(text, any_case=True) for text in texts],
    "contains-all": lambda texts: [{"text": {"contains": list[Json](texts)}}],
    "icontains-all": lambda texts: [expected.contains(text, any_case=True) for text in texts],
    "contains-any": lambda texts: [expected.contains_any(texts)],
    "icontains-any": lambda texts: [expected.contains_any(texts, any_case=True)],
}
_OF_ONE_TEXT: dict[str, Callable[[str], dict[str, Json]]] = {
    "equals": expected.equals,
    "starts-with": expected.begins,
    "regex": lambda text: {"text": {"regex": text}},
}

KNOWN_TYPES = frozenset(
    {
        *_NAMED,
        *_OF_VALUES,
        *_OF_TEXTS,
        *_OF_ONE_TEXT,
        *_LIMITS.values(),
        *("answer-relevance", "classifier", "contains-html", "contains-sql", "contains-xml", "context-faithfulness"),
        *("context-recall", "context-relevance", "conversation-relevance", "factuality", "finish-reason", "g-eval"),
        *(
            "gleu",
            "guardrails",
            "is-html",
            "is-refusal",
            "is-sql",
            "is-valid-function-call",
            "is-valid-openai-function-call",
        ),
        *("is-valid-openai-tools-call", "is-xml", "javascript", "meteor", "model-graded-closedqa"),
        *("model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi", "python", "ruby"),
        *("search-rubric", "tool-call-f1", "trace-error-spans", "trace-span-count", "trace-span-duration"),
        *("trajectory:goal-success", "trajectory:step-count", "webhook"),
    }
)
"""Types of promptfoo's, so that a misspelt one is told from one that it judges by itself. One that is missing here and is
not nearly one of these is taken for the latter.
"""
