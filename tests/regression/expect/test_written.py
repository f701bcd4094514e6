"""What may be written in a case: the reader and the JSON Schema agree, and what expects nothing is refused with its line."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from greenroom.commands.fixture import show
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.toml_text import parse
from greenroom.regression import expect
from greenroom.regression.case import Case
from greenroom.regression.inline_toml import toml
from greenroom.workspace.layout import Workspace
from tests.regression.expect.runs import RUN
from tests.regression.expect.shop import checked, opened, under_pytest, write_case

SCHEMA = Draft202012Validator(Case.model_json_schema(by_alias=True))
PLACES = (
    "turn", "finish", "call", "call.tool", "call.args", "call.match", "call.status", "approval", "approval.decision",
    "approval.asked", "approval.role", "verdict", "verdict.rule", "verdict.effect", "text", "text.contains",
    "text.regex", "text.absent", "text.json", "text.json.exact", "text.json.schema", "text.similar",
    "text.similar.at_least", "text.similar.to", "passages", "passages.includes", "passages.excludes",
    "passages.at_most_rank", "memory", "memory.write", "memory.recall", "memory.never_written", "tools", "tools.order",
    "tools.calls", "tools.never", "voice", "voice.never", "voice.words", "voice.words.at_least", "voice.sentences.at_most",
    "limits", "limits.tokens", "limits.usd", "limits.milliseconds", "never", "never.tool", "never.text", "custom", "not",
    "any_of",
)  # fmt: skip
HEAD = ("why", "expect", "tags", "match", "match.order", "match.args", "live", "live.runs", "live.pass_k", "live.usd",
        "live.text", "live.text.similar", "live.text.votes", "live.text.judge")  # fmt: skip
VALUES: tuple[Any, ...] = (
    3, 3.0, 0, -1, 0.5, 2.5, True, False, "3", "0.5", "no", "", "x", "2-4", "5-2", "any", "or*ders", "orders.*", "../x", "a/b.json",
    ".*", "*", "strict", "subset", "in_order", "allow", "answered", "parametrize", [], {}, ["x"], [""], [1], ["parametrize"],
    ["skip"], {"x": "y"}, {"x": 1}, {"votes": 3}, {"at_most_rank": 3}, {"at_most_rank": "3", "includes": "a"},
    {"at_most_rank": 3, "excludes": "a"}, {"at_most_rank": 3, "cited": "a", "excludes": "b"}, {"order": "strict"},
    {"order": "subset", "calls": []}, {"order": "strict", "calls": []}, {"calls": ["orders.get"]}, {"never": []},
    {"never": False}, {"never": True}, {"never": 1}, {"words": {}}, {"at_least": 1}, {"exact": True},
    {"shape": {"a": 1}, "exact": True}, {"turn": 1}, {"turn": 1, "finish": "answered"}, [{"turn": 1}], [{"finish": "stopped"}],
    {"tool": []}, {"tool": "a"}, {"contains": []}, {"contains": ["a", "b"]}, {"write": {}}, {"write": {"a": ""}},
)  # fmt: skip
BEYOND_A_SCHEMA = (("text.regex", "*"), ("turn", "5-2"))
"""What a JSON Schema cannot say: whether a text is a regular expression, and whether a range ends after it begins."""

NAMED_ELSEWHERE = ("custom", "text.json.schema")
"""Where a table is looked at by what is installed, or by another schema: that it is not empty is all that is said here."""


_BESIDE: dict[str, dict[str, Any]] = {
    "live.text.votes": {"judge": "x"},
    "tools.order": {"never": ["x"]},
    "text.json.exact": {"shape": 1},
}


def put(place: str, value: Any) -> dict[str, Any]:
    """A case with the value at a place, and what else must be there for it to be looked at."""
    whole: dict[str, Any] = {"schema": "case/1"}
    if place in HEAD:
        at = whole
    else:
        whole["assert"] = [at := {"limits": {"tokens": 1}} if place == "turn" else {}]
    *parts, last = place.split(".")
    for part in parts:
        at = at.setdefault(part, {"tool": "x"} if part == "call" else {"includes": "x"} if part == "passages" else {})
    at.update(_BESIDE.get(place, {}))
    at[last] = value
    return whole


def read(case: dict[str, Any]) -> str:
    """Why it cannot be read, or ''."""
    text = "".join(f"{key} = {toml(value)}\n" for key, value in case.items() if key != "assert")
    blocks = [f"[[assert]]\n{key} = {toml(value)}\n" for one in case.get("assert", []) for key, value in one.items()][
        :1
    ]
    if case.get("assert") and len(case["assert"][0]) > 1:
        blocks = ["[[assert]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in case["assert"][0].items())]
    try:
        parse(text + "".join(blocks), Case, "x")
    except FileInvalid as error:
        return error.line()
    return ""


@pytest.mark.parametrize("place", [*PLACES, *HEAD])
def test_the_reader_and_the_schema_agree(place: str) -> None:
    otherwise = []
    for value in VALUES:
        if place in NAMED_ELSEWHERE and isinstance(value, dict) and value:
            continue
        case = put(place, value)
        said, valid = read(case), SCHEMA.is_valid(case)
        assert "\n" not in said
        if (said == "") != valid and (place, value) not in BEYOND_A_SCHEMA:
            otherwise.append((value, said or "read", valid))
    assert otherwise == []


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return opened(tmp_path_factory.mktemp("written") / "shop")


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ("custom = {}", "assert[0].custom: expects nothing"),
        ('tools = { order = "strict" }', "assert[0].tools: names no call: write 'calls' or 'never'"),
        ("tools = { never = [] }", "assert[0].tools.never: "),
        ('tools = { order = "subset", calls = [] }', "hold whatever is called; 'strict' says there are none"),
        (
            "voice = { never = false }",
            "assert[0].voice.never: write true, for what the persona's voice never uses, or a list",
        ),
        ("voice = { never = [] }", "assert[0].voice.never: "),
        ("text = { contains = [] }", "assert[0].text.contains: "),
        ("text = { absent = [] }", "assert[0].text.absent: "),
        ("text = { similar = 0 }", "assert[0].text.similar: must be greater than 0"),
        ("memory = { write = {} }", "assert[0].memory.write: "),
        ("memory = { never_written = [] }", "assert[0].memory.never_written: "),
        ("memory = { never_written = {} }", "assert[0].memory.never_written: "),
        ("never = { tool = [] }", "assert[0].never.tool: "),
        ("limits = { usd = inf }", "assert[0].limits.usd: must be a finite number"),
        ("limits = { usd = nan }", "assert[0].limits.usd: must be a finite number"),
        ('limits = { tokens = "3" }', "assert[0].limits.tokens: must be a whole number, not '3'"),
        ("turn = true\nfinish = 'answered'", "assert[0].turn: 'True' is not a turn"),
        (
            "call = { tool = 'x', args = { day = 2026-01-01 } }",
            "2026-01-01 is a date or time, which JSON does not have",
        ),
        ("call = { tool = 'x', args = { sum = inf } }", "inf is not a number that JSON has"),
        ("call = { tool = 'x', args = { sum = { equals = nan } } }", "nan is not a number that JSON has"),
        ("passages = { excludes = 'a', at_most_rank = 1 }", "'at_most_rank' belongs to 'includes' or 'cited'"),
    ],
)
def test_what_expects_nothing_is_one_line_with_file_line_and_key(shop: Workspace, assertion: str, said: str) -> None:
    write_case(shop, assertion)
    code, told = checked(shop)
    assert code == 3
    first = told.splitlines()[0]
    assert first.startswith("broken   refund-over-limit: refund-over-limit.case.toml:")
    assert said in first
    assert show.exit_code(["broken"]) == 3


@pytest.mark.parametrize("table", ["text = {}", "text = { votes = 3 }", "text = { similar = 0 }"])
def test_a_live_text_that_asks_for_nothing_is_refused(shop: Workspace, table: str) -> None:
    write_case(shop, head=f"[live]\n{table}")
    code, told = checked(shop)
    assert (code, "refund-over-limit.case.toml:3 live.text" in told) == (3, True)


def test_python_refuses_the_same(shop: Workspace) -> None:
    with pytest.raises(UsageError, match=r"text\.contains"):
        expect(RUN).text(contains=[])
    with pytest.raises(UsageError, match=r"limits\.tokens: must be a whole number"):
        expect(RUN).limits(tokens="3")


def test_each_of_several_failures_is_told_once(shop: Workspace) -> None:
    write_case(shop, 'text = { contains = "zzz" }', 'finish = "refused"', head='why = "Because."')
    for code, told in (checked(shop), under_pytest(shop)):
        assert code == 1
        shown = told.partition("short test summary")[0]
        assert [shown.count(f"assert[{number}]") for number in (0, 1)] == [1, 1], shown


BAD = 'expect = "bad"'


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ('text = { contains = "zzz" }', "assert[0] turn 1: none of the turn's 3 replies contains"),
        ('turn = 9\ntext = { contains = "Done" }', "assert[0] there is no turn 9: the recording has 1"),
        ('not = { finish = "answered" }', "assert[0] turn 1: this must not hold, and does"),
    ],
)
def test_a_bad_case_that_does_not_describe_its_recording_says_so(shop: Workspace, assertion: str, said: str) -> None:
    write_case(shop, assertion, head=BAD)
    code, told = checked(shop)
    assert code == 1
    assert f"failed   refund-over-limit: it does not describe what was recorded: {said}" in told


def test_pytest_says_it_too_and_one_that_does_describe_it_is_fine(shop: Workspace) -> None:
    write_case(shop, "turn = 9\nfinish = 'answered'", head=BAD)
    code, told = under_pytest(shop)
    assert code == 1
    assert "it does not describe what was recorded: assert[0] there is no turn 9" in told
    write_case(shop, "turn = 1\ntext = { contains = 'Done' }", head=BAD)
    assert checked(shop)[0] == 0
    write_case(shop, "limits = { milliseconds = 5 }", head=BAD)
    assert checked(shop)[0] == 0
