"""The file format of scripted models (`script/1`): read, typed and fully checked before a word is said.

Invariant: in a loaded script every pattern compiles in linear time and every placeholder can have a value.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

import re2  # type: ignore[import-untyped]  # the wheel has no type information
from pydantic import Field

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import line_of, parse, positions, suggest
from greenroom.core.values import Frozen, Json
from greenroom.workspace.own_file import read_written

Failure = Literal["refused", "rate_limit", "cut"]
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.\-]*)(?::(int|float|money))?\}")
_PATTERNS = ("user", "said", "result", "passages", "memory", "absent")


class Pace(Frozen):
    """How fast it speaks: milliseconds to the first piece and between pieces, and words in a piece."""

    first_ms: int = Field(default=200, ge=0, le=60_000)
    per_chunk_ms: int = Field(default=18, ge=0, le=10_000)
    chunk_words: int = Field(default=1, ge=1)


class When(Frozen):
    """Conditions, all of which must hold.

    `user` is searched in the last user message, `said` in every earlier one, `result` in the text of the last tool
    result, `passages` and `memory` in those parts of the prompt. `absent` must be found neither in the last user
    message nor in the memory part nor in the last tool result. `tool` (may hold `*`) names the tool whose result came
    last; `error` says whether that result was a failure or a denial. A rule with conditions but none of `tool`,
    `result`, `error` speaks only when the person spoke last.
    """

    user: str | None = None
    said: str | None = None
    tool: str | None = None
    result: str | None = None
    passages: str | None = None
    memory: str | None = None
    absent: str | None = None
    error: bool | None = None
    fail: Failure | None = None


class CallPattern(Frozen):
    """A call to make; strings in `args` may hold placeholders."""

    tool: str
    args: dict[str, Json] = Field(default_factory=dict)


class Rule(Frozen):
    """What is said when the conditions hold. Several texts are taken in turn, by the number of user messages.

    `fail` breaks instead of answering (`cut`: after half the text). `times` lets the rule match only so often in one
    process, so that an outage can pass.
    """

    id: str
    when: When = When()
    text: str | tuple[str, ...] = ""
    reasoning: str = ""
    calls: tuple[CallPattern, ...] = ()
    fail: Failure | None = None
    times: int | None = Field(default=None, ge=1)

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text,) if isinstance(self.text, str) else self.text or ("",)

    @property
    def failure(self) -> Failure | None:
        return self.fail or self.when.fail


class ScriptFile(Frozen):
    """A whole script."""

    schema_: Literal["script/1"] = Field(alias="schema")
    id: str
    title: str = ""
    pace: Pace = Pace()
    rule: tuple[Rule, ...]


class CompiledRule(NamedTuple):
    """A rule with its compiled patterns by condition name."""

    rule: Rule
    patterns: dict[str, Any]


class Script(NamedTuple):
    """A script ready to speak."""

    file: ScriptFile
    rules: tuple[CompiledRule, ...]


def load_script(path: Path) -> Script:
    """Read and check a script.

    Raises:
        FileInvalid: it cannot be read, is not `script/1`, has a bad pattern or a placeholder without a source.
    """
    try:
        text = read_written(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise FileInvalid(f"cannot read the script: {reason}", where=str(path), code="script.read") from None
    return read_script(text, str(path))


def read_script(text: str, file: str) -> Script:
    """The script in a TOML `text`; `file` is the name shown in errors. Raises as `load_script` does."""
    script = parse(text, ScriptFile, file)
    if not script.rule:  # said here: as a constraint of the field it would also be reported beside any broken rule
        raise FileInvalid("the script has no [[rule]]", where=f"{file}:1 rule", code="script.empty")
    lines = positions(text)
    seen: set[str] = set()
    rules = []
    for index, rule in enumerate(script.rule):

        def place(*keys: str, at: int = index) -> str:
            return f"{file}:{line_of(lines, ('rule', at, *keys))} rule[{at}].{'.'.join(keys)}"

        if rule.id in seen:
            raise FileInvalid(f"two rules have the id '{rule.id}'", where=place("id"), code="script.duplicate")
        seen.add(rule.id)
        patterns = {
            name: _compiled(value, place("when", name)) for name in _PATTERNS if (value := getattr(rule.when, name))
        }
        _check_placeholders(rule, patterns, place)
        rules.append(CompiledRule(rule, patterns))
    return Script(script, tuple(rules))


def _compiled(pattern: str, where: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise FileInvalid(
            f"bad pattern: {said}",
            where=where,
            hint="patterns are RE2: no look-around, no back references",
            code="script.pattern",
        ) from None


def _check_placeholders(rule: Rule, patterns: dict[str, Any], place: Any) -> None:
    """Every placeholder must name a group of this rule's patterns or something a prompt has."""
    groups = sorted({name for key, pattern in patterns.items() if key != "absent" for name in pattern.groupindex})
    known = [*groups, "words", "passage", "result", "memory"]
    for key, value in (
        ("text", list(rule.texts)),
        ("reasoning", rule.reasoning),
        ("calls", [call.args for call in rule.calls]),
    ):
        for name in _placeholders(value):
            head, dot, _ = name.partition(".")
            if name in groups or name in ("words", "passage", "result") or (head in ("result", "memory") and dot):
                continue
            raise FileInvalid(
                f"rule '{rule.id}': nothing gives {{{name}}} a value",
                where=place(key),
                hint=suggest(name, known),
                code="script.placeholder",
            )


def _placeholders(value: Json) -> list[str]:
    if isinstance(value, str):
        return [match.group(1) for match in PLACEHOLDER.finditer(value) if match.group(1)]
    if isinstance(value, dict):
        return [name for item in value.values() for name in _placeholders(item)]
    if isinstance(value, list | tuple):
        return [name for item in value for name in _placeholders(item)]
    return []
