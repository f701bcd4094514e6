"""Values compared with what a case writes: plain ones are equal, a table such as `{ approx = 90 }` says what would do.

Invariant: total and pure; a value that was read through `matcher.Expected` fits or does not, and nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from greenroom.core.values import Json
from greenroom.regression.expect.matcher import TYPES, is_matcher, searched
from greenroom.regression.expect.said import shown

_PATH = re.compile(r"[^.]+(?:\.[^.]+)+")


def fits(expected: Json, value: Json, *, loose: bool = False) -> bool:
    """Whether a value is the expected one; 90 and 90.0 are the same, true and 1 are not."""
    return not difference(expected, value, loose=loose)


def difference(expected: Json, value: Json, at: str = "", *, loose: bool = False) -> str:
    """The first place where a value is not what is expected, as `items.0.price = 110, expected 120`; '' if it is.

    `loose` lets every plain table hold more keys than are written.
    """
    if is_matcher(expected):
        for word, wanted in expected.items():
            if said := _COMPARE[word](expected, wanted, value, at, loose):
                return said
        return ""
    if isinstance(expected, Mapping):
        return _table(expected, value, at, loose, more=loose)
    if isinstance(expected, list | tuple):
        return _array(expected, value, at, loose)
    return "" if _same(expected, value) else _is(at, value, expected)


def place(value: Json, path: str) -> tuple[bool, Json]:
    """Whether there is something at `items.0.price`, and what. `-1` is the last of a list."""
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif (
            isinstance(value, list | tuple)
            and re.fullmatch(r"-?\d{1,6}", part)
            and -len(value) <= int(part) < len(value)
        ):
            value = value[int(part)]
        else:
            return False, None
    return True, value


def is_path(key: str) -> bool:
    """Whether a key names a place further down."""
    return _PATH.fullmatch(key) is not None


def expectation(expected: Json) -> str:
    """What is expected, in words."""
    if not is_matcher(expected):
        return shown(expected)
    return " and ".join(_SAID[word](expected, wanted) for word, wanted in expected.items() if word in _SAID)


def _same(expected: Json, value: Json) -> bool:
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    return bool(expected == value) and not isinstance(value, Mapping | list | tuple)


def _is(at: str, value: Json, expected: Json) -> str:
    return f"{at or 'it'} = {shown(value)}, expected {expectation(expected)}"


def _table(expected: Mapping[str, Json], value: Json, at: str, loose: bool, *, more: bool, less: bool = False) -> str:
    """`more`: keys that are not written are allowed; `less`: keys that are written may be missing."""
    if not isinstance(value, Mapping):
        return _is(at, value, expected)
    if not less and (gone := [key for key in expected if key not in value]):
        return f"{at or 'it'} has no {shown(gone[0])}"
    if not more and (extra := [key for key in value if key not in expected]):
        return f"{at or 'it'} has {shown(extra[0])} too, which is not expected"
    return next(
        (
            said
            for key, item in expected.items()
            if key in value and (said := difference(item, value[key], _under(at, key), loose=loose))
        ),
        "",
    )


def _array(expected: list[Json] | tuple[Json, ...], value: Json, at: str, loose: bool) -> str:
    if not isinstance(value, list | tuple):
        return _is(at, value, expected)
    if len(expected) != len(value):
        return f"{at or 'it'} has {len(value)} items, expected {len(expected)}: {shown(value)}"
    pairs = enumerate(zip(expected, value, strict=True))
    return next(
        (said for n, (one, other) in pairs if (said := difference(one, other, _under(at, str(n)), loose=loose))), ""
    )


def _under(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


Compare = Callable[[Mapping[str, Json], Json, Json, str, bool], str]
"""Of the whole matcher, one of its words' values, the value met, where that is, and looseness: what differs, or ''."""


def _unless(holds: Callable[[Mapping[str, Json], Json, Json], bool]) -> Compare:
    def compare(matcher: Mapping[str, Json], wanted: Json, value: Json, at: str, loose: bool) -> str:
        return "" if holds(matcher, wanted, value) else _is(at, value, matcher)

    return compare


def _near(matcher: Mapping[str, Json], wanted: Json, value: Json) -> bool:
    within = matcher.get("within", abs(wanted) * 1e-6)
    return _number(value) and bool(abs(value - wanted) <= within)


def _of_type(_: Mapping[str, Json], wanted: Json, value: Json) -> bool:
    if isinstance(value, bool):
        return bool(wanted == "boolean")
    whole = wanted == "integer" and isinstance(value, float) and value.is_integer()
    return whole or isinstance(value, TYPES[wanted])


def _contains(_: Mapping[str, Json], wanted: Json, value: Json) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, list | tuple) and any(fits(wanted, item) for item in value)


def _equals(_: Mapping[str, Json], wanted: Json, value: Json) -> bool:
    if isinstance(wanted, Mapping):
        same = isinstance(value, Mapping) and wanted.keys() == value.keys()
        return same and all(_equals({}, item, value[key]) for key, item in wanted.items())
    if isinstance(wanted, list | tuple):
        same = isinstance(value, list | tuple) and len(wanted) == len(value)
        return same and all(_equals({}, one, other) for one, other in zip(wanted, value, strict=True))
    return _same(wanted, value)


def _every(_: Mapping[str, Json], wanted: Json, value: Json, at: str, loose: bool) -> str:
    if not isinstance(value, list | tuple):
        return _is(at, value, {"type": "array"})
    items = enumerate(value)
    return next((said for n, item in items if (said := difference(wanted, item, _under(at, str(n)), loose=loose))), "")


def _size(matcher: Mapping[str, Json], wanted: Json, value: Json) -> bool:
    return isinstance(value, str | list | tuple | Mapping) and fits(wanted, len(value))


_COMPARE: dict[str, Compare] = {
    "approx": _unless(_near),
    "within": _unless(lambda matcher, wanted, value: True),
    "at_least": _unless(lambda matcher, wanted, value: _number(value) and bool(value >= wanted)),
    "at_most": _unless(lambda matcher, wanted, value: _number(value) and bool(value <= wanted)),
    "regex": _unless(lambda matcher, wanted, value: isinstance(value, str) and searched(wanted, value)),
    "one_of": _unless(lambda matcher, wanted, value: any(fits(one, value) for one in wanted)),
    "type": _unless(_of_type),
    "any": _unless(lambda matcher, wanted, value: True),
    "contains": _unless(_contains),
    "length": _unless(_size),
    "equals": _unless(_equals),
    "not": _unless(lambda matcher, wanted, value: not fits(wanted, value)),
    "subset": lambda matcher, wanted, value, at, loose: _table(wanted, value, at, loose, more=True),
    "superset": lambda matcher, wanted, value, at, loose: _table(wanted, value, at, loose, more=False, less=True),
    "each": _every,
}
"""How each word of a matcher compares."""

_SAID: dict[str, Callable[[Mapping[str, Json], Json], str]] = {
    "approx": lambda matcher, wanted: (
        f"about {shown(wanted)}" + (f" (within {shown(matcher['within'])})" if "within" in matcher else "")
    ),
    "at_least": lambda matcher, wanted: f"at least {shown(wanted)}",
    "at_most": lambda matcher, wanted: f"at most {shown(wanted)}",
    "regex": lambda matcher, wanted: f"something that matches {shown(wanted)}",
    "one_of": lambda matcher, wanted: "one of " + ", ".join(expectation(one) for one in wanted[:8]),
    "type": lambda matcher, wanted: f"{'an' if wanted[0] in 'aio' else 'a'} {wanted}",
    "any": lambda matcher, wanted: "anything",
    "contains": lambda matcher, wanted: f"something that contains {expectation(wanted)}",
    "length": lambda matcher, wanted: f"a length of {expectation(wanted)}",
    "equals": lambda matcher, wanted: shown(wanted),
    "not": lambda matcher, wanted: f"anything but {expectation(wanted)}",
    "subset": lambda matcher, wanted: f"at least {shown(wanted)}",
    "superset": lambda matcher, wanted: f"at most {shown(wanted)}",
    "each": lambda matcher, wanted: f"in each place {expectation(wanted)}",
}
