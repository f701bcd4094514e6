"""Expectations of a team's own, really installed: a package on the path with its entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.regression import expect
from greenroom.regression.case import Case
from greenroom.regression.expect import failures
from greenroom.regression.expect.own import installed
from tests.regression.expect.runs import RUN, case_of

_CODE = """\
def polite(facts, options):
    thanks = sum("please" in turn.words.lower() for turn in facts.turns)
    if thanks < options.get("at_least", 1):
        yield f"{thanks} of {len(facts.turns)} turns are polite, expected {options['at_least']} \\x1b[31m"

def broken(facts, options):
    raise KeyError("x")
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "shop_expectations.py").write_text(_CODE)
    info = tmp_path / "shop_expectations-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-expectations\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[greenroom.expectations]\nshop.polite = shop_expectations:polite\nshop.broken = shop_expectations:broken\n"
        "shop.gone = shop_expectations:gone\n"
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


def test_an_unknown_one_is_an_error_when_the_case_is_read_and_a_known_one_runs_no_code() -> None:
    text = 'schema = "case/1"\n[[assert]]\ncustom = { "shop.%s" = { at_least = 2 } }\n'
    with pytest.raises(FileInvalid) as raised:
        parse(text % "polit", Case, "x.case.toml")
    assert raised.value.line().startswith(
        "x.case.toml:3 assert[0].custom: no expectation 'shop.polit' (did you mean 'shop.polite'?)"
    )
    parse(text % "polite", Case, "x.case.toml")
    assert "shop_expectations" not in sys.modules
