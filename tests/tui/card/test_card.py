"""The approval card: read first, answered by chords only."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static, TextArea

from greenroom.core.clock import FrozenClock
from greenroom.core.values import ApprovalReply, Ask, Card, Clause, Finding, Fired, Json, ToolCall, ToolSpec, Verdict
from greenroom.policy.port import Question as Asking
from greenroom.policy.verdict.leave import clause_problem, covers
from greenroom.tui.card.card import ApprovalCard, CardApp, CardForm
from greenroom.tui.card.form import REASONS, leave, problems, reply, starting
from greenroom.tui.card.shown import shown_besides
from greenroom.tui.card.text import card_text
from greenroom.tui.card.words import CHORDS, Question, clock_row, options
from greenroom.tui.conversation.composer import Composer

HOSTILE = "\x1b]52;c;x\x07[/][@click=app.quit]\u202e"
SPEC = ToolSpec(
    name="orders.refund",
    description="Gives money back.",
    parameters={
        "type": "object",
        "properties": {"order_id": {"type": "integer"}, "amount": {"type": "number"}},
        "required": ["order_id", "amount"],
        "additionalProperties": False,
    },
    effects="once",
)
CARD = Card(
    call=ToolCall(id="c1", tool="orders.refund", arguments={"order_id": 1001, "amount": 120}),
    spec=SPEC,
    verdict=Verdict(
        effect="require_approval",
        rule="refund.large",
        why="Refunds above 100 EUR need a person.",
        policy="support@2.3.0",
        risk=65,
        addends=(("base", 40), ("web text", 25)),
        autonomy=2,
        fired=(
            Fired(
                rule="refund.large",
                effect="require_approval",
                why="",
                clauses=(Clause(source="args.amount > 100", outcome="true", values={"args.amount": 120}),),
            ),
        ),
        findings=(Finding(detector="personal.email", path="args.note", start=3, end=9),),
        unchecked=("hosts",),
    ),
    origin=("user", "passage"),
)
Scene = Callable[["Desk", Pilot[None]], Awaitable[None]]


class Desk(CardApp[None]):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.answers: list[tuple[str, ApprovalReply]] = []

    def compose(self) -> ComposeResult:
        yield ApprovalCard(clock=self.clock)
        yield Composer()

    @property
    def card(self) -> ApprovalCard:
        return self.query_one(ApprovalCard)

    def on_approval_card_answered(self, message: ApprovalCard.Answered) -> None:
        self.answers.append((message.step, message.reply))

    def ready(self, card: Card = CARD) -> None:
        self.card.ask(Question("t1/tool:c1", card))
        self.clock.advance(1)


def play(scene: Scene, size: tuple[int, int] = (80, 24)) -> Desk:
    desk = Desk()

    async def run() -> None:
        async with desk.run_test(size=size) as pilot:
            desk.query_one(Composer).focus()
            await pilot.pause()
            await scene(desk, pilot)
            await pilot.pause()

    asyncio.run(run())
    return desk


def test_the_card_is_read_in_order() -> None:
    text = card_text(CARD, 90, said="The customer is right.").plain
    wanted = [
        "orders.refund", "must not run twice", "cannot be undone", "amount    120", "order_id  1001", "refund.large",
        "Refunds above 100", "✓ args.amount > 100    args.amount = 120", "personal.email in args.note 3 to 9", "user, passage",
        "65 of 100 = 40 base + 25 web text", "hosts", "untrusted", "The customer is right.",
    ]  # fmt: skip
    places = [text.index(piece) for piece in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [20, 40, 55, 80, 160])
def test_nothing_on_the_card_is_live_or_cut(width: int) -> None:
    hostile = CARD.model_copy(
        update={
            "call": ToolCall(id="c1", tool=HOSTILE, arguments={HOSTILE: HOSTILE, "long": "lorem " * 200}),
            "reason": HOSTILE,
            "origin": (HOSTILE,),
        }
    )
    text = card_text(hostile, width, said=HOSTILE, package=(HOSTILE,)).plain
    assert not any(char in text for char in "\x1b\x07\u202e")
    assert text.count("lorem") == 200
    assert all(len(line) <= width for line in text.split("\n"))


def test_it_appears_without_taking_the_focus_or_the_draft() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        await pilot.press("h", "i")
        desk.ready()
        await pilot.press("enter", "y", "escape")
        assert desk.card.question is not None
        assert isinstance(desk.focused, Composer)
        assert desk.query_one(Composer).text == "y"

    assert play(scene).answers == []


def test_it_arms_after_half_a_second_and_again_after_typing() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.card.ask(Question("s", CARD))
        await pilot.press(CHORDS["allow"])
        desk.clock.advance(0.49)
        await pilot.press(CHORDS["allow"])
        assert not desk.answers
        desk.clock.advance(0.02)
        assert desk.card.armed
        desk.card.typing()
        await pilot.press(CHORDS["allow"])
        assert not desk.answers
        desk.card.ask(Question("s", CARD, waiting=2))
        desk.clock.advance(0.51)
        await pilot.press(CHORDS["allow"])
        await pilot.pause()
        assert desk.card.question is None

    assert play(scene).answers == [("s", ApprovalReply(decision="allow"))]


def test_a_card_may_be_asked_before_it_is_mounted() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        await desk.card.remove()
        late = ApprovalCard(clock=desk.clock)
        late.ask(Question("s", CARD))
        await desk.mount(late, before=desk.query_one(Composer))
        assert "orders.refund" in str(desk.query_one("#card-head", Static).render())
        desk.clock.advance(1)
        await pilot.press(CHORDS["allow"])

    assert play(scene).answers == [("s", ApprovalReply(decision="allow"))]


def test_a_tight_card_says_all_of_it_on_fewer_rows() -> None:
    text = card_text(CARD, 76, tight=True, said="The customer is right.").plain
    wanted = [
        "amount=120  order_id=1001", "must not run twice", "cannot be undone", "refund.large: Refunds above 100",
        "✓ args.amount > 100    args.amount = 120", "personal.email in args.note 3 to 9", "user, passage",
        "65 of 100 = 40 base + 25 web text", "hosts", "support@2.3.0", "untrusted  The customer is right.",
    ]  # fmt: skip
    places = [text.index(piece) for piece in wanted]
    assert places == sorted(places)
    assert text.count("\n") < card_text(CARD, 76, said="The customer is right.").plain.count("\n") - 2
    assert card_text(CARD, 36, tight=True).plain.startswith("amount=120  order_id=1001\nmust not run twice")


def test_a_text_argument_cannot_pass_for_another_on_a_tight_card() -> None:
    sly = CARD.model_copy(
        update={"call": ToolCall(id="c1", tool="t", arguments={"note": "x  amount=5", 'a="1"  b': 9})}
    )
    assert r'''"a=\"1\"  b"=9  note="x  amount=5"''' in card_text(sly, 76, tight=True).plain


def test_a_shown_value_is_listed_once() -> None:
    shown = CARD.verdict.model_copy(update={"show": {"args.amount": 120, "args.order_id": 1001, "order.total": 240}})
    text = card_text(CARD.model_copy(update={"verdict": shown}), 90).plain
    assert text.count("args.amount = 120") == 1
    assert "args.order_id" not in text
    assert "order.total = 240" in text
    assert list(shown_besides(shown)) == ["args.order_id", "order.total"]
    other = shown.model_copy(update={"show": {"args.amount": 119}})
    assert shown_besides(other) == {"args.amount": 119}


def test_the_edit_form_opens_on_the_value_the_rule_looks_at() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.ready()
        await pilot.press(CHORDS["edit"], "9", "0", CHORDS["allow"])

    wanted = ApprovalReply(decision="edit", arguments={"order_id": 1001, "amount": 90})
    assert play(scene).answers == [("t1/tool:c1", wanted)]


@pytest.mark.parametrize(
    ("arguments", "marked"),
    [
        ({"amount": 120.0, "a": 1}, "120"),
        ({"amount": 'tw"o', "z": [1]}, 'tw\\"o'),
        ({"amount": {"x": [1, 2]}, "z": 1}, '{\n    "x": [\n      1,\n      2\n    ]\n  }'),
        ({"amount": None}, "null"),
        ({"other": 1}, "1"),  # no rule looks at it: the first one
    ],
)
def test_what_is_marked_is_the_whole_value(arguments: dict[str, Json], marked: str) -> None:
    card = CARD.model_copy(update={"call": ToolCall(id="c1", tool="t", arguments=arguments)})
    start = starting("edit", card)
    assert json.loads(start.text) == arguments
    area = TextArea(start.text)
    assert area.get_text_range(start.begin, start.end) == marked


def test_another_card_arms_anew() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.ready()
        desk.card.ask(Question("other", CARD))
        await pilot.press(CHORDS["allow"])

    assert play(scene).answers == []


def test_without_a_card_the_chords_are_ordinary_keys() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        await pilot.press("a", *CHORDS.values())
        assert desk.query_one(Composer).text == "a"

    assert play(scene).answers == []


def test_deny_needs_a_second_step_and_takes_a_reason() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.ready()
        await pilot.press(CHORDS["deny"], "n", "o", "enter")
        desk.ready()
        await pilot.press(CHORDS["deny"], "down", "down", "enter")
        desk.ready()
        await pilot.press(CHORDS["deny"], "enter")
        await pilot.pause()
        assert isinstance(desk.focused, Composer)

    reasons = [reply.reason for _, reply in play(scene).answers]
    assert reasons == ["no", REASONS[1], REASONS[0]]


def test_escape_goes_back_to_the_card_and_to_the_draft() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.ready()
        await pilot.press(CHORDS["stop"], "escape")
        assert desk.card.writing is None
        assert desk.card.question is not None
        assert isinstance(desk.focused, Composer)

    assert play(scene).answers == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"order_id": 1001, "amount": 120}', "nothing is changed"),
        ('{"order_id": 1001}', "amount is missing"),
        ('{"order_id": 1001, "amount": "x"}', "amount must be number"),
        ('{"order_id": 1001, "amount": 1, "extra": 1}', "extra is not an argument"),
        ('{"order_id": 1, "amount": 1, "amount": 2}', "'amount' is given twice"),
        ('{"amount": NaN}', "NaN"),
        ("[1]", "JSON object"),
        ("{", "not JSON"),
        ("[" * 5000 + "]" * 5000, "nested"),
    ],
)
def test_arguments_with_a_problem_are_not_sent(text: str, told: str) -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.ready()
        await pilot.press(CHORDS["edit"])
        desk.query_one(CardForm).load_text(text)
        await pilot.pause()
        assert told in str(desk.query_one("#card-problems", Static).render())
        await pilot.press(CHORDS["allow"])

    assert play(scene).answers == []


def test_edited_arguments_and_simulated_results_are_answers() -> None:
    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.ready()
        await pilot.press(CHORDS["edit"])
        desk.query_one(CardForm).load_text('{"order_id": 1001, "amount": 90}')
        await pilot.press("enter", CHORDS["allow"])
        desk.ready()
        await pilot.press(CHORDS["simulate"])
        desk.query_one(CardForm).load_text('{"status": "pretend"}')
        await pilot.press(CHORDS["allow"])
        desk.ready()
        await pilot.press(CHORDS["stop"], "enter")

    replies = [reply for _, reply in play(scene).answers]
    assert replies[0] == ApprovalReply(decision="edit", arguments={"order_id": 1001, "amount": 90})
    assert replies[1] == ApprovalReply(decision="simulate", result={"status": "pretend"})
    assert replies[2] == ApprovalReply(decision="stop")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (140, 40)])
def test_the_options_are_in_view_at_every_size(size: tuple[int, int]) -> None:
    long = CARD.model_copy(update={"call": ToolCall(id="c", tool="t", arguments={"text": "word " * 400})})

    async def scene(desk: Desk, pilot: Pilot[None]) -> None:
        desk.card.ask(Question("s", long, deadline=desk.clock.now() + timedelta(seconds=125), edited=True, waiting=1))
        desk.clock.advance(1)
        desk.card._draw()
        await pilot.pause()
        for name in ("#card-head", "#card-foot"):
            region = desk.query_one(name).region
            assert region.height >= 1
            assert desk.card.region.contains_region(region)
        assert desk.screen.region.contains_region(desk.card.region)
        assert desk.query_one(Composer).region.bottom <= size[1]
        foot = str(desk.query_one("#card-foot", Static).render())
        assert all(word in foot for word in ("deny", "edit", "simulate", "approve", "stop turn"))
        head = str(desk.query_one("#card-head", Static).render())
        clock = desk.query_one("#card-clock", Static)
        if size[1] < 16:  # no row to spare: the clock stands in the title
            assert not clock.display
            assert head == "Edited, new verdict: t  1 more waiting  2:04 left"
        else:
            assert head == "Edited, new verdict: t  1 more waiting"
            assert str(clock.render()) == "operator · 2:04 left · then denied"
            assert desk.card.region.contains_region(clock.region)
        await pilot.press(CHORDS["edit"])
        await pilot.pause()
        assert desk.query_one("#card-foot").region.height >= 1
        assert desk.card.region.contains_region(desk.query_one("#card-foot").region)

    play(scene, size)


def test_the_clauses_of_leave_show_no_hidden_character_and_still_cover_the_call() -> None:
    parameters = {"type": "object", "properties": {"note": {"type": "string"}}}
    spec = ToolSpec(name="t", description="", parameters=parameters)
    hidden = "a\u202eb\x1b]52;c\U000e0041"
    card = CARD.model_copy(update={"spec": spec, "call": ToolCall(id="c1", tool="t", arguments={"note": hidden})})
    text = starting("grant", card).text
    assert not any(char in text for char in hidden if not char.isprintable())
    when, valid = leave(text)
    assert valid == "30m"
    assert clause_problem(spec, when) == ""
    question = Asking(hook="tool.call", subject="t", payload={"args": {"note": hidden}}, tool=spec)
    assert covers(spec, question, when)


def test_the_time_left_and_what_comes_then() -> None:
    now = FrozenClock().now()
    ask = Ask(role="operator", deadline_seconds=60, then=("notify:boss", "escalate:lead", "deny"))
    card = CARD.model_copy(update={"verdict": CARD.verdict.model_copy(update={"ask": ask})})
    question = Question("s", card, now + timedelta(seconds=3_725))
    assert clock_row(question, now).plain == "operator · 1:02:05 left · then boss is told, then lead, then denied"
    passed = replace(question, passed=2, role="lead", deadline=now)
    assert clock_row(passed, now).plain == "lead · time is up · then denied"
    assert clock_row(replace(question, deadline=None), now).plain == "operator · no deadline"


def test_what_can_be_answered_depends_on_what_is_asked() -> None:
    assert options(CARD) == ("deny", "edit", "simulate", "allow", "grant", "stop")
    assert "grant" not in options(CARD.model_copy(update={"reason": "edited"}))
    text = CARD.model_copy(
        update={"hook": "output", "call": ToolCall(id="output", tool="reply.show", arguments={"text": "hi"})}
    )
    assert options(text) == ("deny", "edit", "allow", "stop")
    assert options(text.model_copy(update={"hook": "retrieval"})) == ("deny", "allow", "stop")
    assert reply("edit", "hello", text).arguments == {"text": "hello"}
    assert problems("edit", "hi", text, lambda spec, value: []) == ["nothing is changed yet"]
    assert problems("edit", " ", text, lambda spec, value: []) == ["there is nothing left of it: deny it instead"]


@pytest.mark.parametrize(
    "text", ["args.amount <= 5", "args.amount <= 5\nfor ever", "for 30m", "args.amont <= 5\nfor 30m"]
)
def test_leave_without_a_time_or_a_sound_clause_is_not_given(text: str) -> None:
    assert problems("grant", text, CARD, lambda spec, value: [])
