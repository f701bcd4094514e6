"""The page of a run: complete, escaped, small, and readable without network or script."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed
from greenroom.pytest_plugin.page import page, write_page
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


def test_a_cause_stands_once_with_its_number_and_what_passed_is_folded_and_small() -> None:
    cause = "persona aria 1.3.0 -> 1.4.0: prompt: -brief +warm"
    stale = [told(f"s{n}", kind="stale", line=cause, reasons=[cause], lines=json.dumps(EVENTS)) for n in range(300)]
    good = [told(f"g{n:04}", lines=json.dumps(EVENTS)) for n in range(1_000)]
    text = page([*stale, *good])
    seen = Seen(text)
    assert f"300 {cause}" in seen.text
    assert "g0999" in seen.text
    assert "900 more that passed" in seen.text
    assert len(seen.attributes["open"]) == 10
    assert seen.text.count("Your reference is R-0001") == 200
    assert len(text) < 1_500_000


def test_a_run_without_fixtures_is_a_page_too() -> None:
    assert "no fixture was collected" in Seen(page([])).text


def test_a_page_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(DiskFailed):
        write_page(tmp_path / "there", [told()])
