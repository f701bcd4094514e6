"""The page of a run: complete, escaped, small, and readable without network or script."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed
from greenroom.pytest_plugin.page import Ran, page, write_page
from greenroom.pytest_plugin.page_expectations import failing_events
from greenroom.regression.tape.tape import read
from tests.pytest_plugin.running import HELPDESK, TAPE
from tests.pytest_plugin.telling import HOSTILE, told

EVENTS = read((HELPDESK / TAPE).read_bytes(), TAPE).events
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Seen(HTMLParser):
    """The elements of a page, its attributes and its text; every element must be closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_shows_the_conversation_with_everything_decided_in_it() -> None:
    one = told(
        kind="diverged",
        line="turn 1: verdict tool.call of c2: rule -refund.large +refund.huge",
        detail="why: no refund without a person\n- rule: refund.large\n+ rule: refund.huge",
        why="no refund without a person",
        tags=["refunds"],
        tape_line=12,
        lines=json.dumps(EVENTS),
        event=9,
    )
    text = page([one, told("other")])
    seen = Seen(text)
    for said in (
        "I want a refund of 120 EUR for order 1001",
        "refunds.md#refund-limits",
        "orders.refund",
        "refund.large",
        '{"amount": 90, "order_id": 1001',
        "R-0001",
        "no refund without a person",
        "- rule: refund.large",
        "+ rule: refund.huge",
        "fixtures/refund.tape.jsonl:12",
        "Your reference is R-0001",
        "1passed",
        "1diverged",
    ):
        assert said in seen.text, said
    assert seen.attributes["class"].count("row small here") == 1
    assert "prefers-color-scheme: dark" in text


def test_nothing_on_a_page_runs_or_is_fetched_whatever_a_tape_says() -> None:
    lines = [{**event, **{key: HOSTILE for key in event if isinstance(event[key], str)}} for event in EVENTS]
    calls = [{**line, "calls": [{"id": HOSTILE, "tool": HOSTILE, "args": {HOSTILE: HOSTILE}}]} for line in lines]
    one = told(
        HOSTILE,
        **dict.fromkeys(("line", "detail", "why", "persona", "model", "nodeid"), HOSTILE),
        kind="failed",
        reasons=[HOSTILE],
        tags=[HOSTILE],
        lines=json.dumps([*calls, {"dance": HOSTILE, HOSTILE: 1}]),
        runs=[{"kind": HOSTILE, "line": HOSTILE, "milliseconds": 1, "micro_usd": 2}],
    )
    text = page([one, {**one, "kind": "stale"}, {**one, "kind": "broken"}])
    seen = Seen(text)
    assert not {"script", "img", "link", "iframe", "a", "object", "svg"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "http" not in text.replace('http-equiv="', "")
    assert seen.text.count("alert(1)") >= 20


def test_a_cause_stands_once_with_its_number_and_what_is_stale_or_passed_is_folded_and_small() -> None:
    cause = "persona aria 1.3.0 -> 1.4.0: prompt: -brief +warm"
    stale = [told(f"s{n}", kind="stale", line=cause, reasons=[cause], lines=json.dumps(EVENTS)) for n in range(300)]
    good = [told(f"g{n:04}", lines=json.dumps(EVENTS)) for n in range(1_000)]
    text = page([*stale, *good])
    seen = Seen(text)
    assert f"300 {cause}" in seen.text
    assert seen.text.count(cause) == 1
    assert "g0999" in seen.text
    assert "900 more that passed" in seen.text
    assert "open" not in seen.attributes
    assert seen.text.count("Your reference is R-0001") == 200
    assert len(text) < 1_500_000


def test_what_to_do_about_stale_fixtures_stands_over_them_and_each_is_shown_once() -> None:
    policy, prompt = "policy: rule refund.large: when 100 -> 90", "persona aria 1.3.0: prompt: -brief +warm"
    both = [
        told(name, kind="stale", reasons=[policy, prompt], effect="same", lines=json.dumps(EVENTS)) for name in "ab"
    ]
    failed = told("c", kind="failed", line="assert[0] turn 1: no", changed=[policy], effect="fails", reasons=["no"])
    late = told("d", reasons=[policy], effect="same", mode="warn", lines=json.dumps(EVENTS))
    seen = Seen(page([*both, failed, late]))
    assert "greenroom fixture diff shows what would be recorded otherwise today" in seen.text
    assert f"4 {policy}1 fails an expectation (c), 3 go as recorded" in seen.text
    assert f"2 {prompt}" in seen.text
    assert f"a is stale for this too: see above, under {policy}" in seen.text
    assert "c failed see below, among those that did not pass" in seen.text
    assert "d passed see below, among those that passed" in seen.text
    assert seen.text.count("Your reference is R-0001") == 3


def test_the_head_says_when_of_which_commit_and_how_long_and_counts_what_passed_though_stale() -> None:
    late = told("late", reasons=["policy: rule refund.large removed"], mode="warn")
    text = page([late, told("other")], Ran("2026-11-28T19:03:08.500Z", 3.04, "a1b2c3 <b>Shop</b>"))
    seen = Seen(text)
    assert "2026-11-28 19:03 UTC · commit a1b2c3 <b>Shop</b> · took 3.0 s" in seen.text
    assert "2passed" in seen.text
    assert "1stale, of those that passed" in seen.text
    assert "2 passed (1 of them stale)" in seen.text
    assert "commit" not in Seen(page([late], Ran("2026-11-28T19:03:08.500Z", 3.04))).text


@pytest.mark.parametrize(
    ("expectation", "event"),
    [
        ('turn = 1\ntext = { contains = "<b>" }', {"reply": 3}),
        ('turn = 1\ncall = { tool = "orders.refund" }', {"result": "c2"}),
        ('verdict = { rule = "refund.large", effect = "deny" }', {"verdict": "tool.call"}),
        ('turn = 1\napproval = { decision = "deny" }', {"answer": "c2.1"}),
        ('turn = 1\nmemory = { never_written = ["size"] }', {"turn": 1}),
        ('turn = 1\nfinish = "refused"', {"reply": 3}),
        ('turn = 7\nnot = { finish = "answered" }', None),
    ],
)
def test_a_failed_card_lists_what_is_expected_and_marks_what_fails_and_the_event(
    tmp_path: Path, expectation: str, event: dict[str, str] | None
) -> None:
    fixture = tmp_path / "refund.case.toml"
    head = 'schema = "case/1"\nwhy = "w"\n\n[[assert]]\nturn = 1\nfinish = "answered"\n\n# mine\n[[assert]]\n'
    fixture.write_text(head + expectation + "\n", encoding="utf-8")
    one = told(
        kind="failed",
        line="assert[1] turn 1: it is not so",
        reasons=["assert[1] turn 1: it is not so", "and something else"],
        detail="assert[1] turn 1: it is not so\nand something else",
        path=str(tmp_path / "refund.tape.jsonl"),
        lines=json.dumps(EVENTS),
    )
    text = page([one])
    seen = Seen(text)
    assert "holds fixtures/refund.case.toml:4" in seen.text
    assert f"fails fixtures/refund.case.toml:9{expectation}turn 1: it is not so" in seen.text
    assert "fails and something else" in seen.text
    assert "# mine" not in seen.text
    assert "casefixtures/refund.case.toml:9" in seen.text
    marked = [EVENTS[place] for place in failing_events(one, EVENTS)]
    assert text.count(" here") == len(marked)
    assert [{key: line[key] for key in event or {}} for line in marked] == ([event] if event else [])


def test_a_case_that_cannot_be_read_leaves_the_reasons(tmp_path: Path) -> None:
    one = told(kind="failed", line="no", reasons=["no such reply"], path=str(tmp_path / "gone.tape.jsonl"))
    assert "fails no such reply" in Seen(page([one])).text


def test_what_is_proposed_to_be_kept_is_told_once_and_in_words() -> None:
    lines = [
        {"turn": 1, "user": "hi"},
        {"memory": "m1", "key": "size", "text": "42"},
        {"propose": ["m1"]},
        {"dance": 1},
    ]
    text = Seen(page([told(lines=json.dumps(lines))])).text
    assert "proposesto keep size: 42" in text
    assert text.count("propose") == 1


def test_what_is_held_about_a_placeholder_is_told_by_clause() -> None:
    held = [
        {
            "held": "c1",
            "clauses": [["k1", True, "!args.to.endsWith('@shop')"], ["k2", None, "args.to > 1", "no number"]],
        },
        {"held": "c2", "effect": "deny", "rule": "mail.outside"},
    ]
    seen = Seen(page([told(lines=json.dumps([*EVENTS, *held]))]))
    assert "heldc1 so: !args.to.endsWith('@shop')" in seen.text
    assert "heldc1 failed: args.to > 1" in seen.text
    assert "heldc2 as decided then: deny by mail.outside" in seen.text


def test_a_run_without_fixtures_is_a_page_too() -> None:
    assert "no fixture was collected" in Seen(page([])).text


def test_a_page_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(DiskFailed):
        write_page(tmp_path / "there", [told()])


def test_what_causes_come_to_together_is_said_once_and_each_change_has_a_row() -> None:
    policy = "policy: rule a added; rule b: then deny -> allow"
    prompt = "persona aria 1.3.0: prompt: -brief +warm"
    places = ["policies/a.toml:3; policies/a.toml:9", "personas/aria/prompt.md:2"]
    found = [told(name, kind="stale", reasons=[policy, prompt], places=places, effect="otherwise") for name in "ab"]
    seen = Seen(page(found))
    assert seen.text.count("with all that changed: 2 go otherwise (a, b)") == 1
    assert seen.text.count("with all that changed: as above") == 1
    assert f"2 {prompt} (personas/aria/prompt.md:2)" in seen.text
    assert (
        "2 policy: 2 changesrule a added (policies/a.toml:3)rule b: then deny -> allow (policies/a.toml:9)" in seen.text
    )
