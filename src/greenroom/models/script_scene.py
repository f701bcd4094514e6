"""What a script can see of a prompt, and how its placeholders are filled from it.

Invariant: a scene is a pure function of the request; the same prompt always gives the same words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from greenroom.core.messages import Message, ModelRequest
from greenroom.core.values import Json
from greenroom.models.script_file import PLACEHOLDER, CompiledRule, When

_CITED = re.compile(r"(?m)^\s*\[(\d+)\][ \t]*(.*)$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w{3,}")
_FAILURES = frozenset({"failed", "timed_out", "invalid", "denied", "unknown"})


class NoValue(Exception):
    """A placeholder has no value in this scene; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The parts of a prompt that rules look at. `results` are (tool, text) of the tool messages at the very end."""

    words: str
    earlier: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    passages: str
    memory: str

    @property
    def count(self) -> int:
        """How many user messages there are."""
        return len(self.earlier) + 1

    def result_of(self, pattern: str | None) -> tuple[str, str] | None:
        """The last of the closing results whose tool fits `pattern`; any tool when there is no pattern."""
        fitting = [pair for pair in self.results if pattern is None or fnmatchcase(pair[0], pattern)]
        return fitting[-1] if fitting else None


def scene_of(request: ModelRequest) -> Scene:
    """The scene a request sets."""
    said = [message.text for message in request.messages if message.role == "user"]
    return Scene(
        words=said[-1] if said else "",
        earlier=tuple(said[:-1]),
        results=_closing_results(request.messages),
        passages=_part(request.messages, "passages"),
        memory=_part(request.messages, "memory"),
    )


def match(compiled: CompiledRule, scene: Scene) -> dict[str, str] | None:
    """The named groups of the rule's patterns if all its conditions hold, else None."""
    when = compiled.rule.when
    result = scene.result_of(when.tool)
    about_result = when.tool is not None or when.result is not None or when.error is not None
    if about_result and result is None:
        return None
    if not about_result and scene.results and when.model_copy(update={"fail": None}) != When():
        return None
    if when.error is not None and when.error != failed(result[1] if result else ""):
        return None
    return _search(compiled.patterns, scene, result[1] if result else "")


def failed(text: str) -> bool:
    """Whether a tool message tells of a failure or a denial: an object of just `error` and `status`, as prompts have it."""
    value = _json(text)
    return isinstance(value, dict) and set(value) == {"error", "status"} and value["status"] in _FAILURES


def fill(value: Json, groups: dict[str, str], scene: Scene, result: str) -> Json:
    """`value` with every placeholder filled; a string that is one placeholder may become a number or any JSON.

    Raises:
        NoValue: a placeholder has nothing to stand for.
    """
    if isinstance(value, dict):
        return {key: fill(item, groups, scene, result) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, groups, scene, result) for item in value]
    if not isinstance(value, str):
        return value
    whole = PLACEHOLDER.fullmatch(value)
    if whole and whole.group(1):
        return _converted(_value(whole.group(1), groups, scene, result), whole.group(2), whole.group(1))

    def replace(found: re.Match[str]) -> str:
        if not found.group(1):
            return found.group()[0]
        raw = _value(found.group(1), groups, scene, result)
        return _shown(_converted(raw, found.group(2), found.group(1)))

    return PLACEHOLDER.sub(replace, value)


def fill_text(text: str, groups: dict[str, str], scene: Scene, result: str) -> str:
    """Like `fill`, for words that are said. Raises NoValue."""
    return _shown(fill(text, groups, scene, result))


def best_sentence(passages: str, words: str) -> str:
    """The sentence of the first cited passage that shares most words with `words`, with its number: `... [1]`."""
    start = _CITED.search(passages)
    number = start.group(1) if start else "1"
    body = passages
    if start:
        following = _CITED.search(passages, start.end())
        rest = passages[start.end() : following.start() if following else None].strip()
        body = rest or start.group(2)
    sentences = [part.strip(" -*#\t") for part in _SENTENCE.split(body) if len(part.split()) > 2]
    if not sentences:
        raise NoValue("{passage}: the prompt has no passage")
    asked = {word.lower() for word in _WORD.findall(words)}
    best = max(sentences, key=lambda part: len(asked & {word.lower() for word in _WORD.findall(part)}))
    return f"{best} [{number}]"


def _search(patterns: dict[str, Any], scene: Scene, result: str) -> dict[str, str] | None:
    places = {
        "user": (scene.words,),
        "said": scene.earlier,
        "result": (result,),
        "passages": (scene.passages,),
        "memory": (scene.memory,),
        "absent": (scene.words, scene.memory, result),
    }
    groups: dict[str, str] = {}
    for name, pattern in patterns.items():
        found = next((hit for text in reversed(places[name]) if (hit := pattern.search(text))), None)
        if (found is None) != (name == "absent"):
            return None
        if found is not None:
            groups.update({key: text for key, text in found.groupdict().items() if text is not None})
    return groups


def _closing_results(messages: tuple[Message, ...]) -> tuple[tuple[str, str], ...]:
    tools = {call.id: call.tool for message in messages for call in message.calls}
    closing: list[tuple[str, str]] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        closing.append((tools.get(message.call_id, ""), message.text))
    return tuple(reversed(closing))


def _part(messages: tuple[Message, ...], source: str) -> str:
    return "\n".join(message.text for message in messages if message.source == source)


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _value(name: str, groups: dict[str, str], scene: Scene, result: str) -> Json:
    if name in groups:
        return groups[name]
    head, _, rest = name.partition(".")
    if name == "words":
        return scene.words
    if name == "passage":
        return best_sentence(scene.passages, scene.words)
    if name == "result":
        return result
    if head == "result":
        return _walk(_json(result), rest, name)
    if head == "memory":
        return _remembered(scene.memory, rest)
    raise NoValue(f"{{{name}}}: its group did not take part in the match")


def _walk(value: Json, path: str, name: str) -> Json:
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise NoValue(f"{{{name}}}: the last tool result has no '{key}' there")
    return value


def _remembered(memory: str, key: str) -> str:
    line = re.search(rf"(?im)^[\s\-*]*(?:\[[^\]\n]*\]\s*|\([^)\n]*\)\s*)?{re.escape(key)}\s*[:=]\s*(.+?)\s*$", memory)
    if line is None:
        raise NoValue(f"{{memory.{key}}}: the prompt has no memory with that key")
    return line.group(1)


def _converted(value: Json, kind: str | None, name: str) -> Json:
    try:
        match kind:
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "money":
                return f"{float(value):.2f}"
            case _:
                return value
    except (TypeError, ValueError):
        raise NoValue(f"{{{name}:{kind}}}: {value!r:.40} is not a number") from None


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
