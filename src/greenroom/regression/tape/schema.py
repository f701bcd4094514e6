"""The lines of a tape as a JSON Schema, for people and programs that read tapes without Greenroom.

Invariant: every line that a telling writes fits it, and a line with a key it does not have does not.
"""

from __future__ import annotations

from typing import get_args

from greenroom.core.values import Effect, Hook, Json
from greenroom.regression.tape.long_text import MARK

_COUNT: Json = {"type": "integer", "minimum": 0}
_TEXT: Json = {
    "description": f'a string, or {{"{MARK}": n}}: the n JSON strings in the rows below, joined',
    "anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {MARK: _COUNT}, "required": [MARK], "additionalProperties": False},
    ],
}
_WORD: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_FIRST: Json = {"type": "integer", "minimum": 1}
_LIFE: Json = {"description": "in which life of its turn, if not the first", "type": "integer", "minimum": 2}
_DAY: Json = {"description": "which day the tape spans this is, if not the first", "type": "integer", "minimum": 2}
_HELD: Json = {"type": ["boolean", "null"]}
_YES: Json = {"const": True}
_ANY: Json = {}
_OBJECT: Json = {"type": "object"}
_WORDS: Json = {"type": "array", "items": _WORD}
_EFFECT: Json = {"enum": list(get_args(Effect))}
_CALL: Json = {
    "type": "object",
    "properties": {"id": _WORD, "tool": _WORD, "args": _OBJECT, "problem": _TEXT},
    "required": ["id", "tool", "args"],
    "additionalProperties": False,
}


def _row(*kinds: Json) -> Json:
    return {"type": "array", "prefixItems": list(kinds), "minItems": len(kinds), "maxItems": len(kinds)}


_STARTS: Json = {"type": "array", "items": {"anyOf": [_FIRST, _row(_FIRST, _OBJECT)]}}

_HEADER: dict[str, Json] = {
    "tape": {"type": "integer", "minimum": 1},
    "persona": _WORD,
    "model": _WORD,
    "table?": {"description": "the [models.NAME] of greenroom.toml that said how it was reached", "type": "string"},
    "own?": {"type": "array", "items": {"enum": ["persona", "prompt", "parameters", "knowledge", "policy"]}},
    "turns?": {"type": "string", "pattern": r"^[1-9]\d*(-[1-9]\d*)?$"},
    "context?": {"const": "taken over"},
    "replaced?": {"description": "the placeholders that stand for a value", **_WORDS},
    "digests": {"type": "object", "additionalProperties": _WORD},
    "seal": {"type": "string", "pattern": "^[0-9a-f]{16,}$"},
}
_LAST: dict[str, Json] = {"events": _COUNT, "lines": _WORD, "digest": _WORD}

EVENTS: dict[str, dict[str, Json]] = {
    "turn": {"turn": {"type": "integer", "minimum": 1}, "user": _TEXT},
    "gate": {
        "gate": _WORD,
        "action": {"enum": ["continue", "waited", "edit", "simulate", "skip", "abandon"]},
        "edit?": _ANY,
        "life?": _LIFE,
    },
    "memory": {"memory": _WORD, "segment": _WORD, "key?": _WORD, "text": _TEXT, "confidence?": _NUMBER},
    "recall": {
        "recall": {"type": "array", "items": {"anyOf": [_WORD, _row(_WORD, _NUMBER)]}},
        "query?": _TEXT,
    },
    "retrieve": {
        "retrieve": {"type": "array", "items": _row(_WORD, _TEXT, _NUMBER)},
        "candidates?": _WORD,
        "legs?": _WORDS,
        "query?": _TEXT,
    },
    "select": {"select": _WORDS, "memories?": _WORDS, "dropped?": _OBJECT},
    "verdict": {
        "verdict": {"enum": list(get_args(Hook))},
        "of?": _WORD,
        "effect": _EFFECT,
        "rule": _WORD,
        "risk?": _NUMBER,
        "found?": _WORDS,
    },
    "reply": {
        "reply": _COUNT,
        "model?": _WORD,
        "text?": _TEXT,
        "reasoning?": _TEXT,
        "calls?": {"type": "array", "items": _CALL},
        "finish?": _WORD,
        "tokens": _row(_COUNT, _COUNT),
        "micro_usd?": _COUNT,
        "milliseconds?": _COUNT,
        "added?": _WORDS,
        "life?": _LIFE,
    },
    "held": {
        "held": _WORD,
        "effect?": _EFFECT,
        "rule?": _WORD,
        "why?": _TEXT,
        "risk?": _NUMBER,
        "clauses?": {
            "description": "what clauses and bounds came to: key, whether it held (null: not evaluated), what it is; of a "
            "bound that was broken, what was said of it",
            "type": "array",
            "items": {"anyOf": [_row(_WORD, _HELD, _TEXT), _row(_WORD, _HELD, _TEXT, _TEXT)]},
        },
        "found?": _WORDS,
        "own?": {"type": "object", "additionalProperties": _WORD},
        "role?": _WORD,
    },
    "ask": {"ask": _WORD, "rule": _WORD, "role": _WORD, "reason?": _TEXT, "args?": _OBJECT, "life?": _LIFE},
    "answer": {
        "answer": _WORD,
        "decision": {"enum": ["allow", "deny", "edit", "simulate", "stop"]},
        "reason?": _TEXT,
        "scope?": {"enum": ["turn", "session"]},
        "when?": {"type": "array", "items": _TEXT},
        "args?": _OBJECT,
        "result?": _ANY,
        "at_once?": _YES,
        "life?": _LIFE,
    },
    "autonomy": {"autonomy": _COUNT, "of?": _WORD, "life?": _LIFE},
    "day": {
        "day": {"type": "object", "additionalProperties": _WORD},
        "of": _WORD,
        "on?": _DAY,
        "later?": _YES,
        "life?": _LIFE,
    },
    "result": {
        "result": _WORD,
        "tool": _WORD,
        "status": {"enum": ["done", "failed", "timed_out", "invalid", "denied", "unknown"]},
        "simulated?": _YES,
        "ran?": _YES,
        "args?": _OBJECT,
        "output?": _ANY,
        "error?": _TEXT,
        "milliseconds?": _COUNT,
        "begun?": _STARTS,
        "life?": _LIFE,
    },
    "release": {"release": _TEXT, "effect": _EFFECT},
    "propose": {"propose": _WORDS},
    "write": {
        "write": _WORD,
        "text?": _TEXT,
        "superseded?": _WORD,
        "in?": {
            "description": "the life in which it was kept, where that is a later one than it was proposed in",
            "type": "integer",
            "minimum": 2,
        },
    },
    "finish": {
        "finish": {"enum": ["answered", "refused", "limited", "stopped", "abandoned"]},
        "reason?": _TEXT,
        "after?": _WORD,
        "begun?": {"type": "object", "additionalProperties": _STARTS},
        "lives?": {
            "description": "how many a turn had that was given up, or of whose last one no line is",
            "type": "integer",
            "minimum": 2,
        },
    },
}
"""The keys of each kind of event, which its first key names; those with a `?` need not be there."""


def tape_schema() -> Json:
    """The schema of one row of a tape that is an object; rows that are strings belong to the object above them."""
    return {
        "type": "object",
        "description": "one row of a tape: the header, an event, or the last row. Events: " + ", ".join(EVENTS),
        "oneOf": [
            _object("header", _HEADER),
            *(_object(kind, keys) for kind, keys in EVENTS.items()),
            _object("last", _LAST),
        ],
    }


def _object(title: str, keys: dict[str, Json]) -> Json:
    return {
        "title": title,
        "properties": {key.removesuffix("?"): kind for key, kind in keys.items()},
        "required": [key for key in keys if not key.endswith("?")],
        "additionalProperties": False,
    }
