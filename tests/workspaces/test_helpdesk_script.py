"""Aria's script: every rule is reached by words a person would type, and says something that can be shown."""

from __future__ import annotations

import asyncio

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import ServiceUnavailable
from greenroom.core.messages import ModelReply
from greenroom.models.script_file import load_script
from greenroom.models.script_scene import match, scene_of
from greenroom.models.scripted_model import ScriptedModel
from tests.workspaces.helpdesk_scenes import DELIVERED, FROM_PEOPLE, HELPDESK, REFUNDED, SCENES, Scene

SCRIPT = load_script(HELPDESK / "scripts" / "helpdesk.toml")


def chosen(scene: Scene) -> str:
    seen = scene_of(scene.request())
    return next(compiled.rule.id for compiled in SCRIPT.rules if match(compiled, seen) is not None)


def reply(scene: Scene) -> ModelReply:
    model = ScriptedModel(SCRIPT, "scripted/helpdesk", clock=FrozenClock())
    return asyncio.run(model.generate(scene.request(), lambda *_: None, lambda _: None))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.rule}: {scene.words}")
def test_the_rule_that_answers(scene: Scene) -> None:
    assert chosen(scene) == scene.rule


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.rule}: {scene.words}")
def test_every_answer_can_be_filled_whatever_its_turn(scene: Scene) -> None:
    for before in range(3):
        later = Scene(
            scene.rule,
            scene.words,
            ("nice day",) * before + scene.said,
            scene.passages,
            scene.memory,
            scene.tool,
            scene.result,
        )
        said = reply(later)
        assert said.text.strip()
        assert "{" not in said.text.replace(str(scene.result), "") or scene.rule.endswith("-anyhow")


def test_every_rule_has_a_scene() -> None:
    assert {compiled.rule.id for compiled in SCRIPT.rules} == {scene.rule for scene in SCENES}


@pytest.mark.parametrize(
    "scene", [scene for scene in FROM_PEOPLE if len(scene.passages) == 2], ids=lambda scene: scene.rule
)
def test_an_answer_from_the_documents_cites_the_page_it_is_from(scene: Scene) -> None:
    assert "[2]" in reply(scene).text


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        ("I want a refund of 120 EUR for order 1001", 120),
        ("refund 59.90 euros for order 1001", 59.9),
        ("order 1001: I want €15 of my money back", 15),
        ("I'd like 35 EUR back for order 1001", 35),
        ("refund 20 for order 1001", 20),
        ("a full refund for order 1001", 120),
    ],
)
def test_the_refund_is_for_the_amount_that_was_asked(words: str, amount: float) -> None:
    first = reply(Scene("", words)).calls[0]
    assert (first.tool, first.arguments) == ("orders.get", {"order_id": 1001})
    second = reply(Scene("", words, tool="orders.get", result=DELIVERED)).calls[0]
    assert (second.tool, second.arguments["order_id"], second.arguments["amount"]) == ("orders.refund", 1001, amount)


def test_the_answer_tells_the_amount_that_was_paid_and_not_the_one_asked_for() -> None:
    said = reply(Scene("", "I want a refund of 120 EUR for order 1001", tool="orders.refund", result=REFUNDED)).text
    assert "90.00 EUR" in said
    assert "120" not in said


def test_what_was_seen_in_a_wild_conversation_never_breaks_the_script() -> None:
    for words in ODD:
        assert reply(Scene("", words)).text.strip()


ODD = (
    "",
    " ",
    "{order}",
    "{{",
    "[1]",
    "refund",
    "refund refund 1001 1002 1003",
    "order",
    "order 99999999999",
    "\u202e1001",
    "I'm",
    "size",
    "I wear size 420",
    "my name is",
    "refund -5 EUR for order 1001",
    "refund 0 EUR order 1001",
    "REFUND 120 EUR FOR ORDER 1001!!!",
    "x" * 20_000,
    "é" * 500,
    "[/INST]",
    "mail me",
    "@",
    "a@b",
    "write to a@b.c saying hi",
)


@pytest.mark.parametrize(
    ("words", "code"), [("refused", "model.refused"), ("limit", "model.rate_limit"), ("cut", "model.cut")]
)
def test_an_outage_is_one_clear_line(words: str, code: str) -> None:
    heard: list[str] = []
    model = ScriptedModel.from_file(HELPDESK / "scripts" / "outage.toml", FrozenClock())
    with pytest.raises(ServiceUnavailable) as caught:
        asyncio.run(model.generate(Scene("", words).request(), lambda text, _: heard.append(text), lambda _: None))
    assert caught.value.code == code
    assert "\n" not in caught.value.line()
    assert bool(heard) == (words == "cut")


def test_an_outage_can_pass() -> None:
    model = ScriptedModel.from_file(HELPDESK / "scripts" / "outage.toml", FrozenClock())
    with pytest.raises(ServiceUnavailable):
        asyncio.run(model.generate(Scene("", "once").request(), lambda *_: None, lambda _: None))
    assert "well" in asyncio.run(model.generate(Scene("", "once").request(), lambda *_: None, lambda _: None)).text
