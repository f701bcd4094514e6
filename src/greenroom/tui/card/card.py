"""The approval card: docked, read first, answered by explicit chords only.

Invariant: the card never takes the focus by itself, and answers nothing until half a second after it appeared and
half a second after the last key typed elsewhere. Approving is never what enter or a plain key does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content, Span
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static, TextArea
from textual.widgets.text_area import Selection

from greenroom.core.clock import Clock, SystemClock
from greenroom.tui.card.form import (
    REASONS,
    VALID,
    Check,
    Option,
    Scope,
    leave,
    problems,
    reply,
    shape_problems,
    starting,
)
from greenroom.tui.card.text import card_text
from greenroom.tui.card.words import CHORDS, SCOPES, WORDS, Question, asks, clock_row, head, options, time_left
from greenroom.tui.frame.hints import Hint, hint_row, hint_rows
from greenroom.tui.text.guard import GuardedApp

if TYPE_CHECKING:
    from greenroom.core.values import ApprovalReply

R = TypeVar("R")

ARM_SECONDS = 0.5
_OTHERS = 12
"""Rows kept from the card: header, hints, composer, and six of the conversation."""
_ONE_ROW = 74
"""Cells from which the options stand on one row."""
_TALL = 16
"""Rows of the screen from which the clock has a row of its own."""


class CardForm(TextArea, inherit_bindings=True):
    """The few lines a person writes on a card. Enter sends a reason; JSON needs the chord."""

    DEFAULT_CSS = """
    CardForm { height: auto; max-height: 7; min-height: 1; border: none; padding: 0 1; background: $background; }
    CardForm:focus { border: none; }
    CardForm .text-area--cursor-line { background: transparent; }
    CardForm .text-area--placeholder { color: $quiet; }
    """

    async def _on_key(self, event: events.Key) -> None:
        """The card decides about enter, escape and the arrows first."""
        card = next((one for one in self.ancestors if isinstance(one, ApprovalCard)), None)
        if card is not None and card.form_key(event.key):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)


class ApprovalCard(Vertical):
    """Shows one question at a time; hidden while there is none."""

    DEFAULT_CSS = """
    ApprovalCard { display: none; height: auto; background: $panel; border-left: thick $warning;
                   padding: 0 1; }
    ApprovalCard.-asked { display: block; }
    ApprovalCard.-armed { border-left: thick $accent; }
    ApprovalCard #card-head { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ApprovalCard #card-body { height: auto; scrollbar-size-vertical: 1; background: $panel;
                              scrollbar-background: $panel; scrollbar-background-hover: $panel; }
    ApprovalCard #card-form { display: none; height: auto; margin: 0; }
    ApprovalCard.-writing #card-form { display: block; }
    ApprovalCard #card-asks, ApprovalCard #card-problems { height: auto; }
    ApprovalCard #card-foot { height: auto; max-height: 3; }
    ApprovalCard #card-clock { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ApprovalCard.-low #card-clock { display: none; }
    """

    @dataclass
    class Answered(Message):
        """The person answered the question of a step; the card is hidden again.

        `proposed` are the clauses and the duration of a rule to be proposed for review, with leave for always.
        """

        step: str
        reply: ApprovalReply
        proposed: tuple[tuple[str, ...], str] | None = None

    def __init__(self, *, clock: Clock | None = None, check: Check = shape_problems, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock or SystemClock()
        self._check = check
        self._question: Question | None = None
        self._writing: Option | None = None
        self._quiet_since = 0.0
        self._before: Widget | None = None
        self._reason = -1
        self._early = False
        self._scope: Scope = "turn"
        self._told: dict[str, Content] = {}

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="card-head")
        with VerticalScroll(id="card-body", can_focus=False):
            yield Static(markup=False, id="card-text")
        with Vertical(id="card-form"):
            yield Static(markup=False, id="card-asks")
            yield CardForm(id="card-editor", highlight_cursor_line=False)
            yield Static(markup=False, id="card-problems")
        yield Static(markup=False, id="card-foot")
        yield Static(markup=False, id="card-clock")

    def on_mount(self) -> None:
        self.set_interval(0.25, self._tick)
        self._draw()

    @property
    def question(self) -> Question | None:
        """What is asked now."""
        return self._question

    @property
    def armed(self) -> bool:
        """Whether a chord would be taken now."""
        return self._question is not None and self._clock.monotonic() - self._quiet_since >= ARM_SECONDS

    @property
    def writing(self) -> Option | None:
        """The form that is open, if any."""
        return self._writing

    @property
    def options(self) -> tuple[Option, ...]:
        """The answers that the question takes."""
        return options(self._question.card) if self._question else ()

    def ask(self, question: Question) -> None:
        """Show a question, at once or when mounted. Asking the same again changes nothing but how many wait."""
        before = self._question
        fresh = before is None or (question.step, question.card) != (before.step, before.card)
        if question == before:
            return
        self._question = question
        if fresh:
            self._close_form()
            self._quiet_since = self._clock.monotonic()
        self.add_class("-asked")
        self._draw()
        if fresh:
            self.call_after_refresh(self._draw)  # hidden until now, it did not know its width

    def withdraw(self) -> None:
        """The question is no longer open: answered elsewhere, expired, or the turn is over."""
        self._close_form()
        self._question = None
        self.remove_class("-asked", "-armed")

    def typing(self) -> None:
        """The person is typing elsewhere: wait until they pause."""
        if self._question is not None and self._writing is None:
            self._quiet_since = self._clock.monotonic()
            self._tick()

    def choose(self, option: Option) -> bool:
        """Take a chord; says whether it did something."""
        if self._question is None:
            return False
        if self._writing == option == "grant":
            self._next_scope()
            return True
        if self._writing is not None:
            return self._send() if option in ("allow", self._writing) else False
        if option not in self.options:
            self.app.bell()
            return False
        if not self.armed or not self.is_mounted:
            self._early = True
            self._tick()
            return False
        if option == "allow":
            self._answer(reply("allow", "", self._question.card))
        else:
            self._open_form(option)
        return True

    def grant(self, scope: Scope) -> bool:
        """Open the form of leave for later calls at this scope; says whether it did."""
        if self._writing not in (None, "grant"):
            return False
        if self._writing == "grant":
            self._take_scope(scope)
            return True
        self._scope = scope
        return self.choose("grant")

    def _next_scope(self) -> None:
        self._take_scope(SCOPES[(SCOPES.index(self._scope) + 1) % len(SCOPES)])

    def _take_scope(self, scope: Scope) -> None:
        """Another scope; a length of time that nobody changed becomes that scope's own."""
        editor, before = self.query_one(CardForm), f"for {VALID[self._scope]}"
        self._scope = scope
        if editor.text.endswith(before):
            editor.load_text(editor.text.removesuffix(before) + f"for {VALID[scope]}")
        self._show_asks()

    def _show_asks(self) -> None:
        assert self._question is not None
        assert self._writing is not None
        text = asks(self._writing, self._question.card, self._scope)
        self.query_one("#card-asks", Static).update(Content(text, [Span(0, len(text), "$accent")]))

    def scroll_text(self, rows: int) -> None:
        """Scroll the card's text."""
        self.query_one("#card-body", VerticalScroll).scroll_relative(y=rows, animate=False)

    def _open_form(self, option: Option) -> None:
        assert self._question is not None
        self._writing, self._before, self._reason = option, self.screen.focused, -1
        editor = self.query_one(CardForm)
        start = starting(option, self._question.card, self._scope)
        editor.load_text(start.text)
        editor.selection = Selection(start.begin, start.end)
        editor.placeholder = Content(REASONS[0] if option == "deny" else "")
        self._show_asks()
        self.add_class("-writing")
        self._check_form()
        self._draw()
        editor.focus()

    def _close_form(self) -> None:
        if self._writing is None:
            return
        self._writing, self._scope = None, "turn"
        self.remove_class("-writing")
        if self._before is not None and self._before.is_attached:
            self._before.focus()
        self._before = None

    def _send(self) -> bool:
        assert self._question is not None
        assert self._writing is not None
        text = self.query_one(CardForm).text
        if problems(self._writing, text, self._question.card, self._check):
            self.app.bell()
            return False
        proposed = leave(text) if self._writing == "grant" and self._scope == "always" else None
        self._answer(reply(self._writing, text, self._question.card, self._scope), proposed)
        return True

    def _answer(self, answer: ApprovalReply, proposed: tuple[tuple[str, ...], str] | None = None) -> None:
        assert self._question is not None
        step = self._question.step
        self.withdraw()
        self.post_message(self.Answered(step, answer, proposed))

    @on(TextArea.Changed, "#card-editor")
    def _check_form(self) -> None:
        if self._writing is None or self._question is None:
            return
        found = problems(self._writing, self.query_one(CardForm).text, self._question.card, self._check)
        text = " · ".join(found[:3])
        self.query_one("#card-problems", Static).update(Content(text, [Span(0, len(text), "$error")] if text else []))
        self._draw()

    def form_key(self, key: str) -> bool:
        """Enter, escape, up and down in the form; says whether the key was taken."""
        if key == "escape":
            self._close_form()
            self._draw()
        elif key == "enter" and self._writing in ("deny", "stop"):
            self._send()
        elif key in ("up", "down") and self._writing == "deny":
            self._reason = (self._reason + (1 if key == "down" else -1)) % len(REASONS)
            self.query_one(CardForm).load_text(REASONS[self._reason])
        else:
            return False
        return True

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        question = self._question
        if question is None or not self.query("#card-foot"):
            return
        width = max(self.size.width - 4, 20)
        low = self.screen.size.height < _TALL
        self.set_class(low, "-low")
        budget, form = self._budget(), self._form_rows()
        under = (1 if form or self.size.width > _ONE_ROW else 2) + (0 if low else 1)
        room = max(0 if form else 1, budget - 1 - under - form)
        text = card_text(question.card, width, package=question.package, said=question.said)
        if text.plain.count("\n") >= room:
            text = card_text(question.card, width, tight=True, package=question.package, said=question.said)
        self.query_one("#card-text", Static).update(text)
        self.query_one("#card-body", VerticalScroll).styles.height = min(text.plain.count("\n") + 1, room)
        self._tick()

    def _budget(self) -> int:
        """Rows of the whole card: head, form and options have theirs always, some of the conversation stays in view."""
        screen = self.screen.size.height
        beside = screen - 4 if self._writing else max(screen - _OTHERS, 8)
        return max(min(screen * 3 // 5, screen - 4, beside), 4)

    def _form_rows(self) -> int:
        if self._writing is None:
            return 0
        editor = self.query_one(CardForm)
        editor.styles.max_height = max(1, min(7, self._budget() - 5))
        return min(editor.wrapped_document.height, 7) + 2

    def _tick(self) -> None:
        """Keep arming and the clock up to date; what says the same as before is not painted again."""
        if self._question is None or not self.query("#card-foot"):
            return
        armed = self.armed
        self._early = self._early and not armed
        self.set_class(armed, "-armed")
        now = self._clock.now()
        low = self.has_class("-low")
        self._tell("#card-head", head(self._question, time_left(self._question.deadline, now) if low else ""))
        self._tell("#card-foot", self._foot(armed=armed))
        if not low:
            self._tell("#card-clock", clock_row(self._question, now))

    def _tell(self, where: str, content: Content) -> None:
        before = self._told.get(where)
        if before is None or not before.is_same(content):
            self._told[where] = content
            self.query_one(where, Static).update(content)

    def _foot(self, *, armed: bool) -> Content:
        width = max(self.size.width - 4, 20)
        if self._writing is not None:
            send = "enter" if self._writing in ("deny", "stop") else CHORDS["allow"]
            scope = [Hint(CHORDS["grant"], "other scope")] if self._writing == "grant" else []
            return hint_row([Hint(send, "send"), *scope, Hint("escape", "back")], width)
        if not armed:
            told = "Not yet: this card was just shown." if self._early else "Read first; the keys work in a moment."
            return Content(told, [Span(0, len(told), "$quiet")])
        hints = [Hint(CHORDS[option], WORDS[option]) for option in self.options]
        if self.size.width <= _ONE_ROW:
            return hint_rows(hints, width)
        more = [Hint("alt+down", "more")] if self.query_one("#card-body", VerticalScroll).max_scroll_y else []
        return hint_row([*hints, *more], width)


class CardApp(GuardedApp[R], Generic[R]):
    """A guarded app in which the chords answer the card that is shown, whatever has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("alt+up,ctrl+up", "scroll_card(-3)", "Card up", show=False, priority=True, id="card.up"),
        Binding("alt+down,ctrl+down", "scroll_card(3)", "Card down", show=False, priority=True, id="card.down"),
    ]
    BINDINGS += [  # one chord for each option
        Binding(key, f"answer_card('{option}')", WORDS[option], show=False, priority=True, id=f"card.{option}")
        for option, key in CHORDS.items()
    ]

    def action_answer_card(self, option: Option) -> None:
        """Take a chord."""
        for card in self.screen.query(ApprovalCard):
            card.choose(option)

    def action_scroll_card(self, rows: int) -> None:
        """Read on without leaving the composer."""
        for card in self.screen.query(ApprovalCard):
            card.scroll_text(rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a question, the chords are ordinary keys."""
        if action in ("answer_card", "scroll_card") and not any(
            card.question for card in self.screen.query(ApprovalCard)
        ):
            return False
        return super().check_action(action, parameters)
