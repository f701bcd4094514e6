"""Values of a case against values of a run: matchers, paths, and the two ways of meaning a table."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.regression.case import Case
from greenroom.regression.expect.calls import args_problem
from greenroom.regression.expect.matcher import WORDS, literal
from greenroom.regression.expect.values import difference, fits

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.booleans() | st.integers(-100, 100) | st.floats(-100, 100) | TEXT | st.none()
KEYS = TEXT | st.sampled_from(sorted(WORDS))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
TYPES: dict[str, Any] = {
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: not isinstance(v, bool) and (isinstance(v, int) or (isinstance(v, float) and v == int(v))),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "null": lambda v: v is None,
}
MATCHERS = st.one_of(
    st.fixed_dictionaries({"approx": st.integers(-50, 50)}, optional={"within": st.floats(0, 20)}),
    st.fixed_dictionaries({"at_least": st.integers(-50, 50)}, optional={"at_most": st.integers(-50, 50)}),
    st.fixed_dictionaries({"regex": st.sampled_from(["a", "^b", "c$", r"\d", ""])}),
    st.fixed_dictionaries({"one_of": st.lists(SCALARS, min_size=1, max_size=4)}),
    st.fixed_dictionaries({"type": st.sampled_from(sorted(TYPES))}),
    st.just({"any": True}),
    st.fixed_dictionaries({"contains": TEXT}),
    st.fixed_dictionaries({"equals": VALUES}),
    st.fixed_dictionaries({"length": st.integers(0, 4)}),
)


def naive(matcher: dict[str, Any], value: Any) -> bool:
    """The words of a matcher, spelled out one by one."""
    return all(_NAIVE[word](matcher, value) for word in matcher)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON has it: 1 is 1.0 and is not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def number(value: Any) -> bool:
    return bool(TYPES["number"](value))


_NAIVE: dict[str, Any] = {
    "approx": lambda m, v: number(v) and abs(v - m["approx"]) <= m.get("within", abs(m["approx"]) * 1e-6),
    "within": lambda m, v: True,
    "at_least": lambda m, v: number(v) and v >= m["at_least"],
    "at_most": lambda m, v: number(v) and v <= m["at_most"],
    "regex": lambda m, v: isinstance(v, str) and re.search(m["regex"], v) is not None,
    "one_of": lambda m, v: any(same(one, v) for one in m["one_of"]),
    "type": lambda m, v: TYPES[m["type"]](v),
    "any": lambda m, v: True,
    "contains": lambda m, v: (
        m["contains"] in v if isinstance(v, str) else isinstance(v, list) and any(same(m["contains"], i) for i in v)
    ),
    "equals": lambda m, v: same(m["equals"], v),
    "length": lambda m, v: isinstance(v, str | list | dict) and len(v) == m["length"],
}


@given(MATCHERS, VALUES.filter(lambda value: not (isinstance(value, str) and "\n" in value)))
def test_a_matcher_does_what_its_words_say(matcher: dict[str, Any], value: Any) -> None:
    assert fits(matcher, value) == naive(matcher, value)
    assert fits({"not": matcher}, value) != fits(matcher, value)
    assert fits({"each": matcher}, [value, value]) == fits(matcher, value)
    assert fits({"a": matcher}, {"a": value}) == fits(matcher, value)


@given(VALUES, VALUES)
def test_a_literal_fits_itself_and_nothing_else(value: Any, other: Any) -> None:
    assert fits(literal(value), value)
    assert fits(literal(value), other) == same(value, other)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_subset_and_superset_are_what_they_say(written: dict[str, Any], there: dict[str, Any]) -> None:
    expected = {key: literal(value) for key, value in written.items()}
    both = all(same(written[key], there[key]) for key in written.keys() & there.keys())
    assert fits({"subset": expected}, there) == (both and written.keys() <= there.keys())
    assert fits({"superset": expected}, there) == (both and written.keys() >= there.keys())


@given(st.dictionaries(TEXT, VALUES, max_size=4), st.dictionaries(TEXT, VALUES, max_size=4))
def test_arguments_are_compared_as_match_says(written: dict[str, Any], passed: dict[str, Any]) -> None:
    expected = {key: literal(value) for key, value in written.items()}
    both = all(same(written[key], passed[key]) for key in written.keys() & passed.keys())
    assert (not args_problem(expected, passed, "exact")) == (both and written.keys() == passed.keys())
    assert (not args_problem(expected, passed, "ignore")) is True
    # A written "0.a" is a place further down unless an argument is called that.
    if not any("." in key for key in written):
        assert (not args_problem(expected, passed, "subset")) == (both and written.keys() <= passed.keys())
        assert (not args_problem(expected, passed, "superset")) == (both and written.keys() >= passed.keys())


ARGS = {"items": [{"price": 120, "size": "42"}, {"price": 80}], "a.b": 1, "note": "R-0001"}


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"items.0.price": 120}, ""),
        ({"items.-1.price": {"approx": 80}}, ""),
        ({"a.b": 1}, ""),
        ({"items.0.price": 110}, "with items.0.price = 120, expected 110"),
        ({"items.2.price": 1}, "without anything at items.2.price, expected 1"),
        ({"items": [{"price": 120, "size": "43"}, {"price": 80}]}, 'with items.0.size = "42", expected "43"'),
        (
            {"items": {"each": {"subset": {"price": {"at_least": 100}}}}},
            "with items.1.price = 80, expected at least 100",
        ),
        ({"items": [{"price": 120}, {"price": 80}]}, 'with items.0 has "size" too, which is not expected'),
        ({"note": {"regex": "^X"}}, 'with note = "R-0001", expected something that matches "^X"'),
        ({"note": {"one_of": ["a", "b"]}}, 'with note = "R-0001", expected one of "a", "b"'),
        ({"note": {"not": {"contains": "R-"}}}, 'expected anything but something that contains "R-"'),
        ({"other": {"type": "integer"}}, "without the argument other, expected an integer"),
    ],
)
def test_what_differs_is_named_by_its_place(expected: dict[str, Any], said: str) -> None:
    found = args_problem(expected, ARGS)
    assert found.endswith(said) if said else not found


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("{ n = { aprox = 90, within = 1 } }", "'aprox' is no word of a matcher (did you mean 'approx'?)"),
        ('{ n = { type = "nmber" } }', "did you mean 'number'?"),
        ('{ n = { type = "express" } }', "{ equals = { ... } }"),
        ('{ n = { approx = "90" } }', '"90" is not a number'),
        ("{ n = { approx = nan } }", "is not a number"),
        ("{ n = { within = 1 } }", "'within' belongs to 'approx'"),
        ("{ n = { approx = 1, within = -1 } }", "a distance"),
        ('{ n = { regex = "(" } }', "not a regular expression"),
        ("{ n = { one_of = [] } }", "'one_of' needs a list"),
        ("{ n = { any = false } }", "{ any = true }"),
        ("{ n = [ { subset = 1 } ] }", "is not a table"),
        ("{ n = 2026-11-12 }", "write it as text"),
        ("{ n = 99999999999999999999 }", "more than 64 bits"),
        ("{ n." + "a." * 40 + "b = 1 }", "nested too deeply"),
    ],
)
def test_a_matcher_that_cannot_be_meant_is_an_error_with_its_place(args: str, said: str) -> None:
    text = f'schema = "case/1"\n[[assert]]\ncall = {{ tool = "x", args = {args} }}\n'
    with pytest.raises(FileInvalid) as raised:
        parse(text, Case, "x.case.toml")
    assert said in raised.value.line()
    assert raised.value.line().startswith("x.case.toml:3 assert[0].call.args.n")


def test_only_data_may_look_like_data() -> None:
    text = 'schema = "case/1"\n[[assert]]\ncall = { tool = "x", args = { card = { type = "visa", number = 1 } } }\n'
    call = parse(text, Case, "x").assert_[0].call
    assert call is not None
    assert fits(call.args["card"], {"type": "visa", "number": 1})
    assert not fits({"approx": 1.0}, math.inf)
    assert difference({"equals": {"type": "number"}}, 3) == 'it = 3, expected {"type": "number"}'
