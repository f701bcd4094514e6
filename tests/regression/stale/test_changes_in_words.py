"""What a stale fixture says of a persona and its tools: keys, sentences and arguments, one line a cause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.canonical import digest
from greenroom.core.inert import hidden_count
from greenroom.regression.stale.persona_change import contract_change, parameters_change
from greenroom.regression.stale.prompt_change import prompt_change
from greenroom.regression.stale.stale import changes
from greenroom.regression.stale.tools_change import tools_change
from greenroom.regression.tape.parts import Parts, part_name
from greenroom.regression.tape.tape import Tape

ARIA = (Path(__file__).parents[3] / "workspaces/helpdesk/personas/aria/persona.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("usd        = 0.25", "usd        = 0.10", "limits.usd 0.25 -> 0.1"),
        ("top_k       = 6", "top_k = 2", "knowledge.top_k 6 -> 2"),
        ('use      = "scripted/helpdesk"', 'use = "openai/gpt"', "model scripted/helpdesk -> openai/gpt"),
        (', "mail.send"]', "]", "tools.allow -mail.send"),
        ('"brief", "plain"]', '"short", "plain"]', "voice.tone +short -brief"),
        ('then    = "no reply', 'then    = "never a reply', "acceptance.card-number-hidden.then: -no +never a"),
        ('write = ["customer"]', "write = []", "memory.write customer -> empty"),
        ("# nothing", "# nothing", ""),
        ("temperature = 0.2", "temperature = 0.7", ""),
        ('"1.3.0"', '"1.4.0"', ""),
    ],
)
def test_a_contract_is_told_apart_by_its_keys(old: str, new: str, said: str) -> None:
    text = ARIA + "# nothing\n"
    assert old in text
    assert contract_change(text, text.replace(old, new, 1) + "# a comment\n") == said


def test_prompts_are_told_apart_by_sentences_and_parameters_by_name() -> None:
    old = "Be brief. Be kind. Never guess."
    assert prompt_change(old, "Be short. Be kind. Never guess.") == "one sentence: … Be -brief +short"
    assert prompt_change(old, "Be kind. Never guess, ask.") == "2 edits: -Be brief.; … Never guess +, ask"
    assert prompt_change(old, "Be brief.\nBe kind.  Never guess.") == "only spaces and line ends"
    assert parameters_change('{"temperature": 0.2}', '{"temperature": 0.7}') == "temperature 0.2 -> 0.7"


def test_two_edits_of_a_prompt_are_two_and_no_sign_of_a_list_or_a_template_is_taken_apart() -> None:
    old = (
        "You work for {{ shop }}. Never guess a price.\n\n- Cite the page.\n- If a tool says no, do not press for it.\n"
    )
    assert prompt_change(old, old.replace("Never guess", "Do not guess").replace("- Cite the page.\n", "")) == (
        "2 edits: -Never +Do not …; -Cite the page."
    )
    assert prompt_change(old, old.replace("{{ shop }}", "{{ house }}")) == ("one sentence: … work for {{ -shop +house")
    long = " ".join(f"word{number}" for number in range(80))
    said = prompt_change("Be brief.", f"Be brief. {long}")
    assert said.endswith(" …") and all(word in (*long.split(), "…") for word in said.partition("+")[2].split())


def tools(**changes: Any) -> str:
    """One tool; values of None leave a key out."""
    parameters = {
        "type": "object",
        "properties": {"order_id": {"type": "integer"}, "amount": {"type": "number", "description": "In EUR."}},
        "required": ["order_id"],
    }
    spec = {"name": "orders.refund", "description": "Pay money back.", "parameters": parameters, "effects": "once"}
    return json.dumps([{**spec, **changes}])


def parameters(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


INTEGER, NUMBER = {"type": "integer"}, {"type": "number", "description": "In EUR."}


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (
            {"parameters": parameters(["order_id", "why"], order_id=INTEGER, amount=NUMBER, why={"type": "string"})},
            "orders.refund gained the required argument 'why'",
        ),
        ({"parameters": parameters(["order_id"], order_id=INTEGER)}, "orders.refund lost the argument 'amount'"),
        (
            {"parameters": parameters(["order_id", "amount"], order_id=INTEGER, amount=NUMBER)},
            "orders.refund needs the argument 'amount'",
        ),
        (
            {"parameters": parameters(["order_id"], order_id={"type": "string"}, amount=NUMBER)},
            "orders.refund argument 'order_id': type integer -> string",
        ),
        (
            {"parameters": parameters(["order_id"], order_id=INTEGER, amount={"type": "number", "description": "USD"})},
            "orders.refund argument 'amount': description changed",
        ),
        ({"description": "Pay it back."}, "orders.refund: description … Pay -money +it"),
        ({"effects": "none"}, "orders.refund: effects once -> none"),
        ({"name": "orders.pay"}, "orders.refund removed; orders.pay added"),
    ],
)
def test_tools_are_told_apart_by_their_arguments(new: dict[str, Any], said: str) -> None:
    assert tools_change(tools(), tools(**new)) == said


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_are_told_apart_harmlessly(old: str, new: str) -> None:
    for said in (
        contract_change(old, new),
        prompt_change(old, new),
        parameters_change(old, new),
        tools_change(old, new),
    ):
        assert hidden_count(said) == 0 and "\n" not in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_something_is_said_of_any_two_tools_that_differ(old: Any, new: Any) -> None:
    said = tools_change(tools(parameters=old), tools(parameters=new))
    assert bool(said) == (old != new)


def test_a_persona_with_a_new_version_is_one_cause_and_a_tool_is_not_told_twice(tmp_path: Path) -> None:
    old = {"persona": ARIA, "prompt": "Be brief.", "tools": tools(), "policy": "x"}
    new = {
        "persona": ARIA.replace("1.3.0", "1.4.0")
        .replace("usd        = 0.25", "usd = 1.0")
        .replace(', "mail.send"', ""),
        "prompt": "Be short.",
        "tools": tools(effects="none"),
        "policy": "x",
    }
    Parts(tmp_path).write({part_name(digest(text)): text for text in old.values()})
    tape = Tape({"persona": "aria@1.3.0", "digests": {key: part_name(digest(text)) for key, text in old.items()}}, ())
    assert changes(tape, {key: digest(text) for key, text in new.items()}, new, Parts(tmp_path)) == (
        (
            "persona aria 1.3.0 -> 1.4.0: tools.allow -mail.send; limits.usd 0.25 -> 1; "
            "prompt: one sentence: … Be -brief +short"
        ),
        "tools: orders.refund: effects once -> none",
    )
    assert changes(tape, {"persona": digest(ARIA + "#\n")}, {"persona": ARIA + "#\n"}, Parts(tmp_path)) == ()
