"""The Policy pane: spans in the text of every hook, whose words they are, who answered."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import Finding
from greenroom.tui.card.quoted import WHOLE, quotes
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.panes.side import Side
from greenroom.tui.text.runs import plain
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

WATCH = """
[[rule]]
id   = "watch.numbers"
why  = "Order dates and customers' addresses are looked at."
hook = ["tool.result", "retrieval", "memory.read", "memory.write", "prompt"]
find = ["personal.email", "personal.card"]
then = "redact"
  [[rule.test]]
  name = "an address"
  with = { hook = "retrieval", text = "write to a@b.example" }
  expect = "redact"
  [[rule.test]]
  name = "none"
  with = { hook = "retrieval", text = "write to us" }
  expect = "no_match"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


def entries(hands: Rehearsing) -> list[Entry]:
    slot = next(slot for slot in hands.bench.query_one(Side).slots if slot.shown == "Policy")
    return list(slot.pane.entries)


def marks(entry: Entry) -> list[str]:
    """What is highlighted in the body of a row."""
    return [run.text for line in entry.body for run in line if run.tint == "mark"]


def test_findings_are_marked_in_the_words_of_every_hook_they_were_found_in(workspace: Workspace) -> None:
    file = workspace.policies / "support.toml"
    file.write_text(file.read_text(encoding="utf-8") + WATCH, encoding="utf-8")

    async def scene(hands: Rehearsing) -> None:
        await hands.say("please repeat my card number 4111 1111 1111 1111 and mail me")
        await hands.pane("Policy")
        found = {entry.head[1].text.strip(): entry for entry in entries(hands) if entry.id.startswith("verdict:")}
        assert marks(found["input"]) == ["‹card#1›"]
        assert "text of   user" in found["input"].plain
        assert "‹card#1›" in marks(found["prompt"]), "the prompt is put together as it was sent"
        await hands.say("where is my order 1001?")
        await hands.pane("Policy")
        rows = [entry for entry in entries(hands) if "watch.numbers" in entry.plain]
        assert rows
        assert all(marks(entry) for entry in rows), "every finding is shown in the text it was found in"
        hooks = {entry.head[1].text.strip() for entry in rows}
        assert "tool.result" in hooks
        origin = next(entry for entry in rows if entry.head[1].text.strip() == "tool.result")
        assert "text of   tool" in origin.plain

    rehearse(workspace, scene)


def test_whose_words_an_argument_repeats_and_who_answered(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("I want a refund of 120 EUR for order 1001")
        assert "open; operator is asked" in await hands.pane("Policy")
        await hands.answer("ctrl+n", "not this one")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        await hands.pane("Policy")
        row = next(entry for entry in entries(hands) if "refund.large" in entry.plain)
        assert "args.order_id: words from user" in row.plain
        assert "(local terminal): not this one" in row.plain
        assert "deny by " in row.plain

    rehearse(workspace, scene)


def finding(path: str, start: int, end: int, mask: str = "") -> Finding:
    return Finding(detector="personal.card", path=path, start=start, end=end, mask=mask)


def test_quotes_are_cut_around_what_was_found() -> None:
    text = "x" * 1_000 + "FOUND" + "y" * 1_000
    (quote,) = quotes({"args": {"note": text}}, [finding("args.note", 1_000, 1_005)])
    assert [quote.text[start:end] for start, end in quote.spans] == ["FOUND"]
    assert quote.text.startswith("… ")
    assert "»FOUND«" in quote.plain
    assert len(quote.text) < WHOLE
    far = [finding("text", 0, 2), finding("text", 1_500, 1_502)]
    assert len(quotes({"text": text}, far)) == 2
    assert quotes({"text": "short"}, [finding("text", 3, 99), finding("elsewhere", 0, 1)]) == []


def test_a_mask_is_marked_where_the_value_was() -> None:
    (quote,) = quotes({"text": "my card ‹card#1›, thanks"}, [finding("text", 8, 27, "‹card#1›")])
    assert [quote.text[start:end] for start, end in quote.spans] == ["‹card#1›"]


@given(st.text(max_size=900), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), max_size=6))
def test_a_mark_covers_exactly_its_span(text: str, spans: list[tuple[int, int]]) -> None:
    wanted = [finding("text", start, end) for start, end in spans]
    real = {text[one.start : one.end] for one in wanted if 0 <= one.start < one.end <= len(text)}
    found = quotes({"text": text}, wanted)
    shown = {quote.text[start:end] for quote in found for start, end in quote.spans}
    assert shown == real
    assert all(plain(quote.line) == quote.text for quote in found)
