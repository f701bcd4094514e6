"""Errors in files name the line and the key, and guess what was meant."""

import tomllib
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse, positions, tables
from greenroom.core.values import Frozen


class Rule(Frozen):
    id: str
    when: tuple[str, ...] = ()
    limits: dict[str, int] = Field(default_factory=dict)


class Rules(Frozen):
    schema_: str = Field(alias="schema")
    rule: tuple[Rule, ...] = ()


GOOD = 'schema = "x"\n\n[[rule]]\nid = "a"\n\n[[rule]]\nid = "b"\nwhen = [\n  "1 < 2",\n]\n[rule.limits]\nperday = 3\n'


def problem(text: str) -> FileInvalid:
    with pytest.raises(FileInvalid) as caught:
        parse(text, Rules, "p.toml")
    return caught.value


def test_a_good_file_is_read() -> None:
    assert parse(GOOD, Rules, "p.toml").rule[1].limits == {"perday": 3}


def test_an_unknown_key_names_its_line_and_a_suggestion() -> None:
    error = problem(GOOD.replace("when", "whne"))
    assert error.where == "p.toml:8 rule[1].whne"
    assert "did you mean 'when'?" in error.hint


def test_a_wrong_value_names_its_line() -> None:
    assert problem(GOOD.replace("perday = 3", 'perday = "x"')).where == "p.toml:12 rule[1].limits.perday"


def test_a_missing_key_names_the_table_it_is_missing_from() -> None:
    error = problem(GOOD.replace('id = "b"\n', ""))
    assert error.where.startswith("p.toml:6 rule[1]") and "missing" in error.message


def test_broken_toml_names_its_line() -> None:
    assert problem('schema = "x"\nrule = [\n').where.startswith("p.toml:")
    assert problem('a = 1\nb = "unfinished\n').where == "p.toml:2"


def test_keys_inside_multiline_strings_are_not_positions() -> None:
    lines = positions('text = """\nfake = 1\n[[nope]]\n"""\nreal = 2\n')
    assert ("fake",) not in lines and lines[("real",)] == 5


def _known() -> list[str]:
    files = Path(__file__).resolve().parents[2].glob("workspaces/helpdesk/**/*.toml")
    return [file.read_text(encoding="utf-8") for file in files]


@given(st.data())
@settings(max_examples=150)
def test_the_quick_reader_says_what_the_standard_librarys_says(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(_known()))
    start = data.draw(st.integers(0, len(text)))
    cut = text[start : start + 600]
    place, odd = data.draw(st.integers(0, len(cut))), data.draw(st.text('"[]{}=.,#\n\r\t a1-_', max_size=3))
    changed = cut[:place] + odd + cut[place:]
    try:
        expected = tomllib.loads(changed)
    except tomllib.TOMLDecodeError:
        return  # the quick one also takes what TOML 1.1 added
    assert tables(changed, "p.toml") == expected


@pytest.mark.parametrize(
    "text",
    [
        'a = """\r\none\r\ntwo\r\n"""\r\n',
        "a = 1e400",
        "a = 123456789012345678901234567890",
        "d = 2026-11-20T10:00:00Z\nt = 10:00:00",
        "a.b = 1\n[c.d]\ne = [{ f = 1 }]",
    ],
)
def test_what_one_of_the_readers_does_in_its_own_way_comes_out_the_same(text: str) -> None:
    assert tables(text, "p.toml") == tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = two", "p.toml:1: not TOML: 'schema': what stands behind the = is no value; a text stands in quotes"),
        ("schema", "p.toml:1: not TOML: a key without = and a value; a comment begins with #"),
        ('schema = "x\n', "p.toml:1: not TOML: 'schema': a text in quotes is not closed on its line"),
        ("schema = 1", "p.toml:1 schema: must be a text in quotes, not 1"),
        (
            GOOD.replace("perday = 3", 'perday = "two"'),
            "p.toml:12 rule[1].limits.perday: must be a whole number, not 'two'",
        ),
        (GOOD.replace('when = [\n  "1 < 2",\n]', "when = 1"), "p.toml:8 rule[1].when: must be a list in [ ], not 1"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_people(text: str, said: str) -> None:
    assert problem(text).line() == said


class Owned(Frozen):
    owner: str
    why: str
    mode: Literal["enforce", "observe"] = "enforce"


def owned(text: str) -> str:
    with pytest.raises(FileInvalid) as caught:
        parse(text, Owned, "p.toml")
    return caught.value.line()


def test_all_that_is_missing_is_named_and_a_word_of_a_closed_set_is_guessed() -> None:
    assert owned('mode = "observe"') == "p.toml:1 owner: 'owner' and 'why' are missing"
    assert owned('owner = "kim"\nwhy = "w"\nmode = "enforc"') == (
        "p.toml:3 mode: must be 'enforce' or 'observe', not 'enforc' (did you mean 'enforce'?)"
    )
    assert owned('owner = 1\nmode = "x"').endswith("not 1 (and 2 more)")
