"""The tables that stand for values in a case, such as `{ approx = 90, within = 1 }`, as they are read.

Invariant: a matcher that cannot be understood is an error when the case is read, never a value that fits nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from greenroom.core.toml_text import suggest
from greenroom.core.values import Json
from greenroom.regression.expect.said import shown
from greenroom.regression.expect.written import require_json

_DEEPEST = 32
_LARGEST = 2**63
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
    "null": (type(None),),
}
"""The types of JSON by name."""

WORDS = frozenset(
    {"approx", "within", "at_least", "at_most", "regex", "one_of", "type", "any", "contains", "length", "equals"}
    | {"not", "subset", "superset", "each"}
)
"""The words of matchers; `values` says how each compares. Those of one table must all hold."""

OURS = frozenset({"approx", "within", "at_least", "at_most", "regex", "one_of"})
"""Words that hardly ever are keys of data: beside one of these an unknown key is a slip of the pen."""


_LONG = (
    "approx",
    "within",
    "at_least",
    "at_most",
    "regex",
    "one_of",
    "contains",
    "length",
    "equals",
    "subset",
    "superset",
)
"""Words so much a matcher's own that a key one letter away from one is a slip."""

_FILLING = re.compile(r"[_\s-]")


def pattern(text: str) -> str:
    """The text itself if it is a regular expression (RE2: linear in time, so that no case can stall a run).

    Raises:
        ValueError: it is not.
    """
    import re2  # type: ignore[import-untyped]  # ships no types; on use, for most cases have no pattern

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ValueError(f"not a regular expression: {why}") from None
    return text


def searched(expression: str, text: str) -> bool:
    """Whether the expression is found in the text."""
    import re2  # on use, for most cases have no pattern

    return re2.search(expression, text) is not None


def checked(value: Json, depth: int = 0) -> Json:
    """A value of a case, its matchers looked at.

    Raises:
        ValueError: one is not a matcher, a number is out of range, or tables nest too deeply.
    """
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value < _LARGEST:
        raise ValueError("a number of more than 64 bits")
    if isinstance(value, Mapping):
        _check_words(value)
        matcher = is_matcher(value)
        for key, item in value.items():
            if matcher and key in _CHECKS:
                _CHECKS[key](item)
            if matcher and key == "equals":
                require_json(item)
            else:
                checked(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            checked(item, depth + 1)
    else:
        require_json(value)
    return value


def is_matcher(value: Json) -> bool:
    """Whether a table says what would do, rather than being the value itself."""
    return isinstance(value, Mapping) and bool(value) and value.keys() <= WORDS


def literal(value: Json) -> Json:
    """The value as it is written where it must mean itself: a table that reads as a matcher goes under `equals`."""
    if isinstance(value, Mapping):
        if is_matcher(value) or value.keys() & OURS or any(_meant(str(key), item) for key, item in value.items()):
            return {"equals": value}
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, list | tuple) else value


def _check_words(table: Mapping[str, Json]) -> None:
    if is_matcher(table):
        if "within" in table and "approx" not in table:
            raise ValueError("'within' belongs to 'approx': { approx = 90, within = 1 }")
        return
    unknown = [key for key in table if key not in WORDS]
    if unknown and (table.keys() & OURS or all(_meant(key, table[key]) for key in unknown)):
        near = _meant(unknown[0], table[unknown[0]])
        hint = f"did you mean '{near}'?" if near else suggest(unknown[0], sorted(WORDS))
        raise ValueError(f"'{unknown[0]}' is no word of a matcher ({hint}); {_MEANT}")


def _meant(key: str, value: Json) -> str:
    """The word of a matcher that a key is one slip of the pen away from, or ''. Short words are left alone: `note` is not
    `not`; but `typ = "number"` is a type.
    """
    plain = _FILLING.sub("", key.lower())
    for word in (*_LONG, "type") if isinstance(value, str) and value in TYPES else _LONG:
        if _one_slip(plain, word.replace("_", "")):
            return word
    return ""


def _one_slip(one: str, other: str) -> bool:
    """Whether two words differ in one letter more, less or other, or in two that changed places; or not at all."""
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return swapped or left == right or left[1:] == right or left == right[1:] or left[1:] == right[1:]


_MEANT = "for a table that is meant as it stands write { equals = { ... } }"


def _check_number(item: Json) -> None:
    if isinstance(item, bool) or not isinstance(item, int | float) or not abs(item) < float("inf"):
        raise ValueError(f"{shown(item, 40)} is not a number; {_MEANT}")


def _check_amount(item: Json) -> None:
    _check_number(item)
    if item < 0:
        raise ValueError("'within' is a distance, so it is not below 0")


def _check_regex(item: Json) -> None:
    if not isinstance(item, str):
        raise ValueError(f"{shown(item, 40)} is not a regular expression; {_MEANT}")
    pattern(item)


def _check_list(item: Json) -> None:
    if not isinstance(item, list | tuple) or not item:
        raise ValueError(f"'one_of' needs a list of values; {_MEANT}")


def _check_type(item: Json) -> None:
    if not isinstance(item, str) or item not in TYPES:
        raise ValueError(f"{shown(item, 40)} is not a type ({suggest(str(item), list(TYPES))}); {_MEANT}")


def _check_true(item: Json) -> None:
    if item is not True:
        raise ValueError(f"'any' is written {{ any = true }}; {_MEANT}")


def _check_table(item: Json) -> None:
    if not isinstance(item, Mapping):
        raise ValueError(f"{shown(item, 40)} is not a table; {_MEANT}")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "approx": _check_number,
    "within": _check_amount,
    "at_least": _check_number,
    "at_most": _check_number,
    "regex": _check_regex,
    "one_of": _check_list,
    "type": _check_type,
    "any": _check_true,
    "subset": _check_table,
    "superset": _check_table,
}

VALUE = {"description": "A value, or a matcher of one."}
"""What a JSON Schema says of such a value by itself; `matcher_schema` says the rest."""

Expected = Annotated[Json, AfterValidator(checked), WithJsonSchema({**VALUE})]
"""A value of a case: equal to what was there, or a matcher of it."""
