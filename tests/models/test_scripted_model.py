"""Scripts: which rule speaks, how placeholders are filled, how a broken script is told, and simulated outages."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import FileInvalid, ServiceUnavailable
from greenroom.core.messages import Message, ModelReply, ModelRequest
from greenroom.core.values import ToolCall
from greenroom.models.script_file import read_script
from greenroom.models.scripted_model import ScriptedModel

HEAD = 'schema = "script/1"\nid = "t"\n'
SHOP = (
    HEAD
    + r"""
[[rule]]
id = "denied"
when = { tool = "orders.*", error = true }
text = "I could not: {result.error}"

[[rule]]
id = "paid"
when = { tool = "orders.refund", result = '"refunded"' }
text = "Paid {result.refunded:money} EUR, first item {result.items.0.name}. {{not a placeholder}}"

[[rule]]
id = "look"
when = { user = '(?i)refund.*?order (?P<order>\d+)(?P<rest>.*)' }
reasoning = "An order is named."
text = "Let me check order {order}."
calls = [ { tool = "orders.get", args = { order_id = "{order:int}", note = "for {order}", deep = { all = ["{order}", 7] } } } ]

[[rule]]
id = "size"
when = { user = "size", memory = "size" }
text = "You wear {memory.size}."

[[rule]]
id = "no-size"
when = { user = "size", absent = "size: " }
text = "Which size do you wear?"

[[rule]]
id = "returns"
when = { user = "(?i)return", passages = "(?i)days" }
text = "{passage}"

[[rule]]
id = "said"
when = { user = "again", said = "parcel" }
text = "You asked about a parcel before."

[[rule]]
id = "last"
text = ["First time.", "Second time."]
"""
)


def user(text: str) -> Message:
    return Message(role="user", text=text, source="input")


def system(text: str, source: str) -> Message:
    return Message.model_validate({"role": "system", "text": text, "source": source})


def result(tool: str, text: str) -> tuple[Message, Message]:
    said = Message(role="assistant", text="", calls=(ToolCall(id="c1", tool=tool),))
    return said, Message(role="tool", text=text, source="tool", call_id="c1")


def model_of(text: str) -> ScriptedModel:
    return ScriptedModel(read_script(text, "t.toml"), "scripted/t", instant=True)


def say(model: ScriptedModel, *messages: Message) -> tuple[ModelReply, list[tuple[str, bool]]]:
    pieces: list[tuple[str, bool]] = []
    request = ModelRequest(model="scripted/t", messages=messages)
    reply = asyncio.run(
        model.generate(request, lambda text, reasoning: pieces.append((text, reasoning)), lambda _: None)
    )
    return reply, pieces


def test_the_first_fitting_rule_speaks_and_calls_with_typed_arguments() -> None:
    reply, pieces = say(model_of(SHOP), user("Refund my order 1001 please"))
    assert reply.text == "Let me check order 1001."
    assert reply.reasoning == "An order is named."
    assert reply.finish == "calls"
    assert [(call.id, call.tool, call.arguments) for call in reply.calls] == [
        ("", "orders.get", {"order_id": 1001, "note": "for 1001", "deep": {"all": ["1001", 7]}})
    ]
    assert "".join(text for text, reasoning in pieces if not reasoning) == reply.text
    assert "".join(text for text, reasoning in pieces if reasoning) == reply.reasoning
    assert [text for text, reasoning in pieces if not reasoning] == ["Let ", "me ", "check ", "order ", "1001."]


def test_after_a_result_only_rules_about_results_and_the_fallback_speak() -> None:
    asked = user("Refund order 7")
    paid = result("orders.refund", json.dumps({"refunded": 90, "items": [{"name": "Varde"}]}))
    assert say(model_of(SHOP), asked, *paid)[0].text == "Paid 90.00 EUR, first item Varde. {not a placeholder}"
    assert say(model_of(SHOP), asked, *result("mail.send", "sent"))[0].text == "First time."


def test_a_denial_is_told_apart_from_a_result() -> None:
    denied = result("orders.refund", json.dumps({"error": "Above 100 EUR.", "status": "denied"}))
    assert say(model_of(SHOP), user("x"), *denied)[0].text == "I could not: Above 100 EUR."
    fine = result(
        "orders.refund", json.dumps({"error": "", "status": "denied", "refunded": 1, "items": [{"name": "A"}]})
    )
    assert say(model_of(SHOP), user("x"), *fine)[0].text.startswith("Paid 1.00")


def test_memory_decides_and_is_quoted() -> None:
    memory = system("What you remember of this person:\n- name: Sam\n- size: 42", "memory")
    assert say(model_of(SHOP), memory, user("my size?"))[0].text == "You wear 42."
    assert say(model_of(SHOP), user("my size?"))[0].text == "Which size do you wear?"


def test_the_best_sentence_of_the_first_passage_is_cited() -> None:
    passages = system(
        "Cite them as [1], [2].\n\n[1] returns.md#time\nShoes come in boxes. You may return unworn shoes within 30 days. Keep it.\n\n"
        "[2] other.md\nReturn shoes shoes shoes return within days.",
        "passages",
    )
    assert (
        say(model_of(SHOP), passages, user("Can I return my shoes?"))[0].text
        == "You may return unworn shoes within 30 days. [1]"
    )


def test_earlier_words_and_variants() -> None:
    model = model_of(SHOP)
    answered = Message(role="assistant", text="ok")
    assert say(model, user("where is my parcel"), answered, user("again"))[0].text == "You asked about a parcel before."
    assert say(model, user("a"))[0].text == "First time."
    assert say(model, user("a"), answered, user("b"))[0].text == "Second time."
    assert say(model, user("a"), answered, user("b"), answered, user("c"))[0].text == "First time."


def test_usage_is_estimated_and_free() -> None:
    usage = say(model_of(SHOP), user("x" * 40))[0].usage
    assert (usage.input_tokens, usage.output_tokens, usage.micro_usd) == (10, 3, 0)


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("[[rule]]\nid = 'a'\nwhen = { user = '(?P<x' }\ntext = 'x'", 5, "bad pattern"),
        ("[[rule]]\nid = 'a'\nwhen = { user = '(?=x)' }\ntext = 'x'", 5, "RE2"),
        ("[[rule]]\nid = 'a'\ntext = 'Order {order}'", 5, "{order}"),
        ("[[rule]]\nid = 'a'\nwhen = { absent = '(?P<order>.)' }\ntext = 'Order {order}'", 6, "{order}"),
        ("[[rule]]\nid = 'a'\ncalls = [ { tool = 'x', args = { a = ['{oops}'] } } ]", 5, "{oops}"),
        ("[[rule]]\nid = 'a'\ntxt = 'x'", 5, "did you mean 'text'?"),
        ("[[rule]]\nid = 'a'\nfail = 'explode'", 5, "'refused', 'rate_limit' or 'cut'"),
        ("[[rule]]\nid = 'a'\n[[rule]]\nid = 'a'", 6, "two rules"),
        ("rule = []", 1, "no [[rule]]"),
        ("[[rule]\n", 3, "not TOML"),
    ],
)
def test_a_broken_script_names_its_line(body: str, line: int, says: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        read_script(HEAD + body, "t.toml")
    assert caught.value.where.startswith(f"t.toml:{line}")
    assert says in caught.value.line()


def test_a_script_that_cannot_be_read_is_invalid(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match="No such file"):
        ScriptedModel.from_file(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileInvalid, match="UTF-8"):
        ScriptedModel.from_file(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("rule", "messages", "says"),
    [
        ("when = { user = '(a)|(?P<x>b)' }\ntext = '{x}'", (user("a"),), "{x}"),
        ("when = { tool = 't' }\ntext = '{result.a.b}'", (user("a"), *result("t", '{"a": {"c": 1}}')), "no 'b' there"),
        ("when = { tool = 't' }\ntext = '{result.a}'", (user("a"), *result("t", "not json")), "no 'a' there"),
        ("when = { user = '(?P<x>.*)' }\ntext = '{x:int}'", (user("many"),), "is not a number"),
        (
            "when = { user = '(?P<x>.*)' }\ncalls = [ { tool = 't', args = { a = '{x:float}' } } ]",
            (user("1e999"),),
            "NaN and infinity",
        ),
        ("text = '{passage}'", (user("a"),), "no passage"),
        ("text = '{memory.size}'", (user("a"),), "no memory"),
        ("when = { user = 'never' }\ntext = 'x'", (user("a"),), "no rule of the script fits"),
    ],
)
def test_a_placeholder_without_a_value_names_the_rule(rule: str, messages: tuple[Message, ...], says: str) -> None:
    with pytest.raises(ServiceUnavailable) as caught:
        say(model_of(f"{HEAD}[[rule]]\nid = 'the-rule'\n{rule}"), *messages)
    assert caught.value.code == "model.script"
    assert says in caught.value.line()
    assert not caught.value.retryable
    assert "the-rule" in caught.value.line() or "no rule" in says


@pytest.mark.parametrize("place", ["fail = '{}'", "when = {{ user = 'x', fail = '{}' }}"])
@pytest.mark.parametrize(("failure", "shown"), [("refused", ""), ("rate_limit", ""), ("cut", "One two ")])
def test_outages_are_simulated_and_can_pass(place: str, failure: str, shown: str) -> None:
    model = model_of(
        f"{HEAD}[[rule]]\nid = 'bad'\ntimes = 1\ntext = 'One two three four'\n{place.format(failure)}\n[[rule]]\nid = 'well'\ntext = 'Well.'"
    )
    pieces: list[str] = []
    request = ModelRequest(model="scripted/t", messages=(user("x"),))
    with pytest.raises(ServiceUnavailable) as caught:
        asyncio.run(model.generate(request, lambda text, _: pieces.append(text), lambda _: None))
    assert caught.value.code == f"model.{failure}"
    assert caught.value.retryable
    assert "simulated" in caught.value.line()
    assert "".join(pieces) == "One two three four"[: len("".join(pieces))]
    assert bool(pieces) is bool(shown)
    assert say(model, user("x"))[0].text == "Well."


SLOW = f"{HEAD}pace = {{ first_ms = 30, per_chunk_ms = 5, chunk_words = 2 }}\n[[rule]]\nid = 'a'\ntext = 'a b c d e'"


def test_a_frozen_clock_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slow.toml"
    path.write_text(SLOW, encoding="utf-8")
    monkeypatch.delattr(asyncio, "sleep")
    frozen = ScriptedModel.from_file(path, FrozenClock())
    assert frozen.name == "scripted/slow"
    assert [text for text, _ in say(frozen, user("x"))[1]] == ["a b ", "c d ", "e"]


class Ticking:
    """A clock that only the patched sleep moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_the_pace_is_kept_and_a_slow_receiver_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Ticking()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock.seconds += seconds

    def receive(text: str, reasoning: bool) -> None:
        clock.seconds += 0.002 if text == "a b " else 0.0

    monkeypatch.setattr(asyncio, "sleep", sleep)
    model = ScriptedModel(read_script(SLOW, "t.toml"), "scripted/t", clock=clock)
    asyncio.run(model.generate(ModelRequest(model="m", messages=(user("x"),)), receive, lambda _: None))
    assert slept == [0.03, 0.003, 0.005]


@given(st.text(max_size=200))
def test_hostile_words_never_break_a_script(words: str) -> None:
    model = model_of(f"{HEAD}[[rule]]\nid = 'echo'\nwhen = {{ user = '(?s)(?P<all>.*)' }}\ntext = '{{all}} {{words}}'")
    reply, pieces = say(model, user(words))
    assert reply.text == f"{words} {words}".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert "".join(text for text, _ in pieces) == reply.text
