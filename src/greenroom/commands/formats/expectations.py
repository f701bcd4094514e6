"""Every kind of expectation, as a case states it and as a test in Python says it: made of the sample that `help formats` shows.

Invariant: both sides of an example build the same expectation; a kind that the sample lacks is not silently left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from greenroom.commands.formats.case_sample import every_kind
from greenroom.core.values import Json
from greenroom.regression.case import Assertion
from greenroom.regression.expect.words import Words
from greenroom.regression.inline_toml import toml

WORDS = {"call": "called", "finish": "finished", "not": "not_"}
"""The words in Python that are not called as their table in a case is."""
_LEFT = ("turn", "custom")

HEAD = (
    "What a fixture expects stands in its case, fixtures/NAME.case.toml; a test in Python says the same of a run:",
    "",
    "    from greenroom.regression import expect",
    "    def test_refund(greenroom):",
    '        session = greenroom("aria")',
    '        session.say("I want my money back for order 1001")',
    '        expect(session).turn(1).called("orders.get", order_id=1001)',
    "",
    'In a case each stands below [[assert]], with turn = 2, "2-4" or "any"; what stands in one holds together.',
)
VALUES = (
    ("{ approx = 90, within = 1 }", "expect.approx(90, within=1)"),
    ("{ at_least = 1 }", "expect.at_least(1)"),
    ("{ at_most = 120 }", "expect.at_most(120)"),
    ('{ regex = "(?i)asked" }', 'expect.regex("(?i)asked")'),
    ('{ one_of = ["visa", "sepa"] }', 'expect.one_of("visa", "sepa")'),
    ('{ type = "integer" }', 'expect.of_type("integer")'),
    ("{ any = true }", "expect.anything()"),
    ('{ contains = "asked" }', 'expect.containing("asked")'),
    ("{ length = 2 }", "expect.length(2)"),
    ('{ each = { type = "string" } }', 'expect.each(expect.of_type("string"))'),
    ("{ subset = { id = 7 } }", 'expect.subset({"id": 7})'),
    ("{ superset = { id = 7 } }", 'expect.superset({"id": 7})'),
    ("{ not = 0 }", "expect.not_(0)"),
    ("{ equals = { any = true } }", 'expect.equals({"any": True})'),
)
"""Every matcher, as a case and as a test in Python write it."""

_LIVE = (
    "",
    "Replies of live runs are compared below [live] of the case, by a model where a rubric is named:",
    "    text = { similar = 0.82 }",
    '    text = { judge = "rubrics/tone.md", votes = 3 }',
    '    expect(session).judged("Be kind.", greenroom.judge())     in a test in Python: the model of [models.judge]',
    "    greenroom fixture judge rubrics/tone.md LABELLED says how far such a judge agrees with people",
)
_OWN = (
    "",
    "custom: An expectation of your own: a function of an installed package, named in its pyproject.toml. It returns True,",
    "False, or what is wrong, a text each. `facts.turns` are the turns it is about: words, text, calls, verdicts, passages ...",
    '    [project.entry-points."greenroom.expectations"]',
    '    thanks = "shop_checks:thanks"',
    "    def thanks(facts, options):",
    """        return [f"turn {one.turn}: no thanks" for one in facts.turns if options["word"] not in one.text]""",
    '    custom = { thanks = { word = "thank" } }',
    '    expect(session).custom("thanks", word="thank")',
)


def examples() -> Iterator[tuple[str, str, str, str]]:
    """Of each kind its name, what it is about, its line in a case, and its word in Python.

    Raises:
        LookupError: the sample has none of a kind.
    """
    stated = tomllib.loads(every_kind())["assert"]
    for name, field in Assertion.model_fields.items():
        key = field.alias or name
        if key in _LEFT:
            continue
        found = next((one[key] for one in stated if key in one), None)
        if found is None:
            raise LookupError(f"the sample of a case has no '{key}'")
        yield key, _about(key), f"{key} = {toml(found)}", python(key, found)


def python(key: str, value: Any) -> str:
    """`called("orders.get", order_id=1001)` for a table of a case."""
    word = WORDS.get(key, key)
    if key == "call":
        rest = {one: each for one, each in value.items() if one not in ("tool", "args")}
        return _call(word, value["tool"], *([value["args"]] if "args" in value else []), **rest)
    if key == "finish":
        return _call(word, value)
    if key == "tools":
        return _call(word, *value.get("calls", ()), **{one: each for one, each in value.items() if one != "calls"})
    if key == "not":
        return f"not_({_spec(value)})"
    return f"any_of({', '.join(map(_spec, value))})" if key == "any_of" else _call(word, **value)


def _spec(table: Mapping[str, Any]) -> str:
    return ".".join(["expect", *(python(key, value) for key, value in table.items())])


def _call(word: str, *given: Any, **named: Any) -> str:
    return f"{word}({', '.join([*map(repr, given), *(f'{key}={value!r}' for key, value in named.items())])})"


def _about(key: str) -> str:
    return " ".join((getattr(Words, WORDS.get(key, key)).__doc__ or "").split())


def as_lines() -> list[str]:
    """The topic as text."""
    lines = [*HEAD]
    for key, about, case, word in examples():
        lines += ["", f"{key}: {about}", f"    {case}", f"    expect(session).{word}"]
    width = max(len(case) for case, _ in VALUES)
    lines += ["", "For the value of an argument, or within JSON, may stand:"]
    lines += [f"    {case:<{width}}  {word}" for case, word in VALUES]
    return [*lines, *_LIVE, *_OWN]


def as_data() -> Json:
    """The same for a program."""
    kinds = [{"kind": key, "about": about, "case": case, "python": word} for key, about, case, word in examples()]
    return [*kinds, *({"kind": "value", "about": "", "case": case, "python": word} for case, word in VALUES)]
