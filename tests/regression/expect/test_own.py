"""Expectations of a team's own, really installed: a package on the path with its entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.regression import expect
from greenroom.regression.case import Case
from greenroom.regression.expect import Beside, failures
from greenroom.regression.expect.own import installed
from tests.regression.expect.runs import RUN, case_of

_CODE = """\
def polite(facts, options):
    thanks = sum("please" in turn.words.lower() for turn in facts.turns)
    if thanks < options.get("at_least", 1):
        yield f"{thanks} of {len(facts.turns)} turns are polite, expected {options['at_least']} \\x1b[31m"

def broken(facts, options):
    raise KeyError("x")

def answers(facts, options):
    return {"true": True, "false": False, "none": None, "text": "no", "list": [], "number": 3, "mixed": ["a", 1]}[options["as"]]

async def later(facts, options):
    return True
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "shop_expectations.py").write_text(_CODE)
    info = tmp_path / "shop_expectations-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-expectations\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[greenroom.expectations]\nshop.polite = shop_expectations:polite\nshop.broken = shop_expectations:broken\n"
        "shop.gone = shop_expectations:gone\nshop.answers = shop_expectations:answers\n"
        "shop.later = shop_expectations:later\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    installed.cache_clear()
    yield
    installed.cache_clear()
    sys.modules.pop("shop_expectations", None)


def test_it_says_what_is_wrong_in_its_own_words_made_inert() -> None:
    assert failures(case_of({"custom": {"shop.polite": {"at_least": 1}}}), RUN) == ()
    assert failures(case_of({"turn": "1-2", "custom": {"shop.polite": {"at_least": 2}}}), RUN) == (
        "assert[0] shop.polite: 1 of 2 turns are polite, expected 2 \\u001b[31m",
    )
    expect(RUN).turn(2).custom("shop.polite", at_least=1)
    with pytest.raises(AssertionError, match=r"shop\.polite: 1 of 3 turns are polite"):
        expect(RUN).custom("shop.polite", at_least=3)


def test_one_that_fails_itself_is_no_pass() -> None:
    assert "the expectation itself failed: KeyError" in failures(case_of({"custom": {"shop.broken": {}}}), RUN)[0]
    assert "the expectation itself failed: AttributeError" in failures(case_of({"custom": {"shop.gone": {}}}), RUN)[0]


CRASH: dict[str, Any] = {"custom": {"shop.broken": {}}}
MISSING: dict[str, Any] = {"turn": 1, "text": {"json": {"schema": "schemas/none.json"}}}
HOLDS, FAILS = {"turn": 1, "finish": "answered"}, {"turn": 1, "finish": "refused"}


@pytest.mark.parametrize("crash", [CRASH, MISSING], ids=["raises", "no schema"])
@pytest.mark.parametrize(
    "around",
    [
        lambda crash: crash,
        lambda crash: {"not": crash},
        lambda crash: {"not": {"not": crash}},
        lambda crash: {"any_of": [crash, FAILS]},
        lambda crash: {"any_of": [HOLDS, crash]},
        lambda crash: {"not": {"any_of": [crash, FAILS]}},
        lambda crash: {**HOLDS, "any_of": [{"not": crash}]},
    ],
)
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_a_judgement_that_failed_is_taken_for_nothing(
    crash: dict[str, Any], around: Callable[[dict[str, Any]], dict[str, Any]], kind: str, tmp_path: Path
) -> None:
    found = failures(case_of(HOLDS, around(crash), expect=kind), RUN, Beside(folder=tmp_path))
    assert len(found) == 1
    assert found[0].startswith("assert[1] cannot be judged: ")
    assert ("shop.broken: the expectation itself failed: KeyError" in found[0]) == (crash is CRASH)
    assert ("the schema schemas/none.json cannot be read" in found[0]) == (crash is MISSING)


def test_a_schema_that_is_none_is_said_though_the_reply_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": 7}')
    case = case_of({"turn": 3, "not": {"text": {"json": {"schema": "s.json"}}}})
    assert "cannot be judged: s.json is no JSON Schema: " in failures(case, RUN, Beside(folder=tmp_path))[0]
    with pytest.raises(AssertionError, match=r"cannot be judged: s\.json is no JSON Schema"):
        expect(RUN, tmp_path).turn(3).not_(expect.text(json={"schema": "s.json"}))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("true", ""),
        ("list", ""),
        ("false", "assert[0] shop.answers: it does not hold"),
        ("text", "assert[0] shop.answers: no"),
        ("none", "assert[0] cannot be judged: shop.answers returned None: return True where it holds"),
        ("number", "assert[0] cannot be judged: shop.answers returned an int: return True"),
        ("mixed", "assert[0] cannot be judged: shop.answers told a problem as an int: return True"),
    ],
)
def test_a_predicate_is_read_the_right_way_round_and_what_is_no_answer_is_none(answer: str, said: str) -> None:
    found = failures(case_of({"custom": {"shop.answers": {"as": answer}}}), RUN)
    assert " ".join(found).startswith(said)
    assert bool(found) == bool(said)
    turned = failures(case_of({"not": {"custom": {"shop.answers": {"as": answer}}}}), RUN)
    assert bool(turned) == (not said or "cannot be judged" in said)


def test_one_that_nobody_waits_for_is_no_answer() -> None:
    assert "shop.later returned a coroutine" in failures(case_of({"not": {"custom": {"shop.later": {}}}}), RUN)[0]


def test_an_unknown_one_is_an_error_when_the_case_is_read_and_a_known_one_runs_no_code() -> None:
    text = 'schema = "case/1"\n[[assert]]\ncustom = { "shop.%s" = { at_least = 2 } }\n'
    with pytest.raises(FileInvalid) as raised:
        parse(text % "polit", Case, "x.case.toml")
    assert raised.value.line().startswith(
        "x.case.toml:3 assert[0].custom: no expectation 'shop.polit' (did you mean 'shop.polite'?)"
    )
    parse(text % "polite", Case, "x.case.toml")
    assert "shop_expectations" not in sys.modules
