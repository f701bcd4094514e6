"""What may stand under a key of a tape line: looked at before anything reads the line, so that no reader can trip over it.

Invariant: a line that passes has every key its readers ask for, each with a value of the kind they expect.
"""

from __future__ import annotations

from functools import lru_cache
from types import NoneType
from typing import Any

from greenroom.regression.tape.schema import EVENTS
from greenroom.regression.tape.tape import Line

_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("user", "text", "model", "reasoning", "query", "error", "problem", "reason", "release"), (str,)),
    **dict.fromkeys(("gate", "action", "memory", "segment", "key", "write", "superseded", "candidates"), (str,)),
    **dict.fromkeys(("verdict", "of", "effect", "rule", "ask", "answer", "role", "decision", "scope"), (str,)),
    **dict.fromkeys(("tool", "status", "finish", "after", "held", "why"), (str,)),
    **dict.fromkeys(
        ("turn", "reply", "risk", "milliseconds", "micro_usd", "autonomy", "life", "lives", "on", "in"), (int,)
    ),
    **dict.fromkeys(("recall", "retrieve", "legs", "select", "memories", "calls", "tokens", "added"), (list,)),
    **dict.fromkeys(("found", "when", "propose", "clauses"), (list,)),
    **dict.fromkeys(("args", "dropped", "day", "own"), (dict,)),
    **dict.fromkeys(("ran", "simulated", "later", "at_once"), (bool,)),
    "begun": (list, dict),
    "confidence": (int, float),
}
"""By key, whatever line it is in; a key that is not here may hold anything."""
_NEEDED: dict[str, tuple[str, ...]] = {
    "turn": ("user",),
    "verdict": ("effect", "rule"),
    "ask": ("rule", "role"),
    "answer": ("decision",),
    "result": ("tool", "status"),
    "day": ("of",),
}
_KEYS = {kind: frozenset(key.removesuffix("?") for key in keys) for kind, keys in EVENTS.items()}
"""What a line of a kind can say; whatever else stood there, nobody would read, and a comparison might pass over."""


def require_form(kind: str, line: Line) -> None:
    """Nothing, if a line whose first key is `kind` is of the form that its readers expect.

    Raises:
        KeyError, TypeError: it is not.
    """
    _require_shape((*line, *map(type, line.values())))
    if kind in _NAMING and not {str}.issuperset(map(type, _names(kind, line))):
        raise TypeError(kind)


@lru_cache(1_024)  # most lines of a kind have the same keys, and only shapes that are fine are remembered
def _require_shape(shape: tuple[Any, ...]) -> None:
    """The same as far as it depends on the keys and what is under each alone: the keys of a line, then their types."""
    keys, types = shape[: len(shape) // 2], shape[len(shape) // 2 :]
    kind = keys[0]
    if not _KEYS[kind].issuperset(keys):
        raise KeyError(kind)
    for key, value in zip(keys, types, strict=True):
        expected = _KINDS.get(key)
        if expected is not None and value not in expected and not (key == "args" and value is NoneType):
            raise TypeError(key)
    if not set(_NEEDED.get(kind, ())).issubset(keys):
        raise KeyError(kind)


_NAMING = frozenset({"result", "select"})


def _names(kind: str, line: Line) -> list[object]:
    return [line[kind]] if kind == "result" else [*line[kind], *line.get("memories", ())]
