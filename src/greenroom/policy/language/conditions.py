"""Clauses compiled and evaluated by the CEL engine; the only importer of it.

Invariant: an outcome is True, False or an error text, never anything else; what the engine cannot evaluate is an error.
The engine returns errors as strings, which Python takes for true: outcomes are compared with `is True`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from greenroom.core.toml_text import suggest
from greenroom.policy.language.arguments import plain
from greenroom.policy.language.clauses import PRESENT, Part, names, parts, with_doubles, with_guards

Outcome = bool | str
"""True, False, or what went wrong."""

MAX_CLAUSE = 2_000
_OVERLOAD = re.compile(r"<input>:1:(\d+): found no matching overload for '(\S+)' applied to '\((\w+), (\w+)\)'")
_PLACE = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:\d+:(\d+): ")
_STRAY = re.compile(r"(?:Syntax error: )?token recognition error at: '(=>|[=&|])")
_EXPECTING = re.compile(r" (\(in container|expecting \{).*")
"""What the engine adds for those who know its grammar."""
_SHOWN = 200
_KINDS = {
    "DOUBLE": "a number",
    "INT": "a whole number",
    "STRING": "text",
    "BOOL": "true or false",
    "LIST": "a list",
    "MAP": "a map",
}


class Answers(ABC):
    """Outcomes that are known in another way than by evaluating; it takes the place of an activation."""

    @abstractmethod
    def outcome(self, condition: Condition) -> Outcome:
        """What a clause comes to. Never raises."""


class ClauseInvalid(ValueError):
    """A clause cannot be used. `column` counts from 1; 0 is unknown."""

    def __init__(self, message: str, *, column: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled clause. `reads` are the declared names it needs, each with the full path the clause writes; `parts` are
    what it looks at in their values; `values` are the declared names of which it needs more than whether they are there.
    """

    source: str
    reads: tuple[tuple[str, str], ...]
    guarded: frozenset[str]
    expression: Any
    parts: tuple[Part, ...] = ()
    partly: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()

    def outcome(self, activation: Any) -> Outcome:
        """Evaluate it. Never raises."""
        if isinstance(activation, Answers):
            return activation.outcome(self)
        try:
            result = self.expression.eval(activation)
            value = result.value()
        except Exception as error:  # noqa: BLE001  # whatever the native engine throws restricts
            return _in_words(str(error))
        if value is True or value is False:
            return value
        if isinstance(value, str) and result.type().name() == "ERROR":
            return _in_words(value)
        return "the clause is neither true nor false"

    def live(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The value of every name in the clause that has one, cut to what fits on a line; where the clause looks only at
        a size or an item of it, that under its own words: `args.body.size()`.
        """
        found: dict[str, Any] = {}
        for declared, written in self.reads:
            if declared not in values:
                continue
            value = _below(plain(values[declared]), written[len(declared) :])
            looked_at = {part.label: _part(value, part) for part in self.parts if part.name == written}
            found |= {label: shown(item) for label, item in looked_at.items() if item is not None}
            if value is not None and not (written in self.partly and None not in looked_at.values()):
                found[written] = shown(value)
        return found


class Environment:
    """Typed names, and what can be compiled against them. Environments with the same names share activations."""

    def __init__(self, types: Mapping[str, str]) -> None:
        from cel_expr_python import cel  # type: ignore[import-untyped]  # ships no py.typed; loaded on use (2.5 ms)

        self.types = dict(types)
        self.arguments = {name: kind for name, kind in types.items() if name.startswith("args.")}
        self._flat = frozenset(types) | _parents(types)
        guards = {PRESENT + name: cel.Type.BOOL for name in self._flat if name.startswith("args.")}
        self._environment = cel.NewEnv(variables={name: _type(cel, kind) for name, kind in types.items()} | guards)
        self._bool, self._dyn = cel.Type.BOOL, cel.Type.DYN
        self._read: set[str] = set()
        self._guarded: set[str] = set()

    def compile(self, source: str) -> Condition:
        """A clause ready to evaluate.

        Raises:
            ClauseInvalid: too long, a syntax error, an undeclared name, operands of types that do not go together, or
                a result that is not true or false.
        """
        if len(source) > MAX_CLAUSE:
            raise ClauseInvalid(f"a clause of more than {MAX_CLAUSE} characters")
        text = " ".join(source.splitlines())
        found = names(text)
        reads = tuple((self._declared(name, column), name) for name, column in found.used.items())
        guarded = with_guards(text, self._flat)
        values = frozenset(self._declared(name, 0) for name in names(guarded).used if not name.startswith(PRESENT))
        expression = self._compiled(guarded)
        if expression.return_type() not in (self._bool, self._dyn):
            kind = expression.return_type().name()
            raise ClauseInvalid(
                f"'{text}' is {_KINDS.get(kind, kind.lower())}, not true or false", hint="compare it with something"
            )
        self._read |= {declared for declared, _ in reads}
        self._guarded |= found.guarded & self._flat
        looked_at, partly = parts(text)
        return Condition(source, reads, found.guarded, expression, tuple(looked_at.values()), partly, values)

    @property
    def reads(self) -> AbstractSet[str]:
        """The declared names that its clauses need."""
        return self._read

    def activation(self, values: Mapping[str, Any]) -> Any:
        """The values of one question in the engine's own form, shared by all clauses of this environment."""
        known = {name: value for name, value in values.items() if name in self._read}
        for name in self._guarded:
            known[PRESENT + name] = name in values or any(other.startswith(name + ".") for other in values)
        try:
            return self._environment.Activation(known)
        except Exception:  # noqa: BLE001  # without values every clause fails, and a failing clause restricts
            return self._environment.Activation({})

    def _declared(self, name: str, column: int) -> str:
        """The declared name that `name` is or selects from."""
        if name in self._flat:
            return name
        parts = name.split(".")
        for depth in range(len(parts) - 1, 0, -1):
            start = ".".join(parts[:depth])
            if start in self.types and self.types[start] not in ("string", "int", "double", "bool"):
                return start
        raise ClauseInvalid(f"unknown name '{name}'", column=column, hint=self._suggestion(name))

    def _suggestion(self, name: str) -> str:
        head = name.split(".", maxsplit=1)[0] + "."
        family = [known for known in self.types if known.startswith(head)]
        return suggest(name, family or list(self.types))

    def _compiled(self, text: str) -> Any:
        for _ in range(16):
            try:
                return self._environment.compile(text)
            except TypeError:
                raise ClauseInvalid("the clause is not plain text") from None
            except RuntimeError as error:
                message = str(error)
            wrong = _OVERLOAD.search(message)
            fixed = with_doubles(text, int(wrong[1]) - 1, wrong[3], wrong[4]) if wrong else ""
            if not fixed:
                raise _explained(message)
            text = fixed
        raise ClauseInvalid("too many numbers of mixed kinds", hint="write whole numbers as 100.0")


def shown(value: Any) -> Any:
    """A value short enough for a line: long texts and lists are cut."""
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    if isinstance(value, list):
        return [shown(item) for item in value[:20]]
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in list(value.items())[:20]}
    return value


def _parents(types: Mapping[str, str]) -> frozenset[str]:
    """`args.address` for `args.address.city`, so that `has(args.address)` can be asked."""
    found = set()
    for name in types:
        parts = name.split(".")
        found |= {".".join(parts[:depth]) for depth in range(2, len(parts))}
    return frozenset(found)


def _part(value: Any, part: Part) -> Any:
    """The size or the item; None where there is none."""
    if part.key is None:
        return len(value) if isinstance(value, str | list | dict) else None
    if isinstance(value, dict):
        return value.get(str(part.key)) if isinstance(part.key, str) else None
    return value[part.key] if isinstance(value, list) and isinstance(part.key, int) and part.key < len(value) else None


def _below(value: Any, path: str) -> Any:
    for part in filter(None, path.split(".")):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _type(cel: Any, kind: str) -> Any:
    """The engine's type for a kind such as `double`, `list(string)` or `map(string, int)`."""
    simple = {"bool": "BOOL", "int": "INT", "double": "DOUBLE", "string": "STRING", "dyn": "DYN"}
    if kind in simple:
        return getattr(cel.Type, simple[kind])
    inner = kind[kind.index("(") + 1 : -1]
    if kind.startswith("list("):
        return cel.Type.List(_type(cel, inner))
    key, _, value = inner.partition(", ")
    return cel.Type.Map(_type(cel, key), _type(cel, value))


def _explained(message: str) -> ClauseInvalid:
    """The engine's complaint as one line."""
    place = _PLACE.match(message)
    column = int(place[1]) if place else 0
    said = _first_line(message[place.end() :] if place else message)
    wrong = re.search(r"no matching overload for '_?([^'_]+)_?' applied to '\(([^)]*)\)'", said)
    if wrong:
        kinds = " and ".join(wrong[2].split(", "))
        return ClauseInvalid(f"'{wrong[1]}' cannot be used with {kinds}", column=column)
    if odd := _STRAY.match(said):
        hint = "compare with ==" if odd[1] == "=" else "operators: == != < <= > >= && || ! in"
        return ClauseInvalid(f"'{odd[1]}' is no operator", column=column, hint=hint)
    unknown = re.match(r"undeclared reference to '([^']+)'", said)
    if unknown:
        return ClauseInvalid(f"unknown function or name '{unknown[1]}'", column=column)
    if said.startswith(("found no matching overload for '@in'", "Syntax error: mismatched input '<EOF>'")):
        ends = "EOF" in said
        return ClauseInvalid(
            "the clause is not finished" if ends else "'in' needs items of the same type", column=column
        )
    return ClauseInvalid(_EXPECTING.sub("", said).removeprefix("Syntax error: "), column=column)


def _in_words(error: str) -> str:
    """The engine's error as a person would say it."""
    said = _first_line(error)
    if absent := re.match(r'No value with name "([^"]+)" found', said):
        return f"{absent[1]} is absent"
    if wrong := re.match(r"Unexpected value type for '([^']+)'.*Expected (\w+)", said):
        return f"{wrong[1]} is not {_KINDS.get(wrong[2], wrong[2].lower())}"
    if odd := re.match(r"[Nn]on-CEL value type for '([^']+)'", said):
        return f"{odd[1]} is not what its schema says"
    return said[0].lower() + said[1:]


def _first_line(text: str) -> str:
    line = text.splitlines()[0] if text else "unknown error"
    return re.sub(r"^[A-Z_]+: ", "", line)[:300]
