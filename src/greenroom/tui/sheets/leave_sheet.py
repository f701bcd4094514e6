"""Leave for later calls and dead letters on a sheet: what holds, what nobody answered, and what a person does about it.

Invariant: taking leave back needs the same key twice, letting a letter go needs a reason, and neither runs anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from greenroom.tui.card.text import card_text
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet
from greenroom.tui.text.runs import Line, Run, Tint, cell, named

if TYPE_CHECKING:
    from greenroom.views.people.dead_letters import DeadLetter
    from greenroom.views.people.grants import Grant

Wish = Literal["revoke", "again", "discard"]
_HINTS = (
    Hint("enter", "the whole of it"),
    Hint("d", "take back, or let go"),
    Hint("a", "ask again"),
    Hint("tab", "reason"),
    Hint("escape", "back"),
)
_CARD_WIDTH = 72
_KINDS: dict[str, str] = {"expired": "nobody answered", "orphaned": "its turn ended", "unknown": "outcome unknown"}


class LeaveSheet(Sheet):
    """The sheet stays until it is left; whoever opened it does what is wished and shows how things stand then."""

    DEFAULT_CSS = """
    LeaveSheet Input { border: none; height: 1; padding: 0 1; background: $panel; margin: 0 0 1 0; }
    LeaveSheet Input:focus { border: none; }
    LeaveSheet.-slim Input { margin: 0; }
    LeaveSheet #leave-problem { height: 1; padding: 0 1; color: $warning; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    ABOVE = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", "Other", show=False, priority=True, id="leave.other"),
        Binding("d", "end", "Take back or let go", show=False, id="leave.end"),
        Binding("a", "again", "Ask again", show=False, id="leave.again"),
    ]

    @dataclass
    class Wished(Message):
        """Take this leave back, ask this letter again, or let it go; `step` names it."""

        wish: Wish
        step: str
        reason: str = ""

    def __init__(self, grants: Sequence[Grant], now: str, letters: Sequence[DeadLetter], *, first: str = "") -> None:
        super().__init__("Grants and dead letters", rows(grants, now, letters), _HINTS, first=first)
        self._sure = ""

    def above(self) -> ComposeResult:
        """The reason, and what is wrong."""
        yield Input(placeholder="why; needed to let a letter go", id="leave-reason")
        yield Static(markup=False, id="leave-problem")

    def show(self, grants: Sequence[Grant], now: str, letters: Sequence[DeadLetter]) -> None:
        """Show how things stand by now."""
        self.replace(rows(grants, now, letters))

    def tell(self, problem: str) -> None:
        """Say what is wrong, or what the next key does."""
        self.query_one("#leave-problem", Static).update(Content(" ".join(problem.split())))

    def action_end(self) -> None:
        """Take leave back with the same key twice; let a letter go with a reason."""
        kind, _, step = (self.list.selected.id if self.list.selected else "").partition(":")
        line = self.query_one("#leave-reason", Input)
        if kind == "grant" and self._sure != step:
            self._sure = step
            self.tell("the same key again takes this grant back")
        elif kind == "grant":
            self._wish("revoke", step, line)
        elif kind == "letter" and line.value.strip():
            self._wish("discard", step, line)
        elif kind == "letter":
            self.tell("say why it is let go; enter does it then")
            self.set_focus(line)

    def action_again(self) -> None:
        """Put a letter's call to policy and to a person again."""
        kind, _, step = (self.list.selected.id if self.list.selected else "").partition(":")
        if kind == "letter":
            self.post_message(self.Wished("again", step))
            self.dismiss("")

    def _wish(self, wish: Wish, step: str, line: Input) -> None:
        self.post_message(self.Wished(wish, step, line.value.strip()))
        self._sure, line.value = "", ""
        self.tell("")
        self.set_focus(self.list)

    @on(Input.Submitted)
    def _reasoned(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_end()

    def action_other(self) -> None:
        """Between the list and the reason."""
        reason = self.query_one("#leave-reason", Input)
        self.set_focus(self.list if self.focused is reason else reason)  # at once: the next key is meant for it


def rows(grants: Sequence[Grant], now: str, letters: Sequence[DeadLetter]) -> list[Entry]:
    """What holds first, then what ended, then the letters."""
    held = [one for one in grants if not one.ended and (one.expires is None or now < one.expires)]
    over = [one for one in grants if one not in held]
    found = [Entry("held", "section", "grants in force", aside="" if held else "none")]
    found += [_grant(one, now) for one in held]
    if over:
        found += [Entry("over", "section", "grants that ended"), *(_grant(one, now) for one in over)]
    found.append(Entry("letters", "section", "dead letters", aside="" if letters else "none"))
    return [*found, *map(_letter, letters)]


def _grant(one: Grant, now: str) -> Entry:
    expired = one.expires is not None and now >= one.expires
    state = one.ended or ("expired" if expired else _until(one))
    tint: Tint = "quiet" if one.ended or expired else "good"
    head = (cell(one.scope, 9, tint), Run(f"{one.tool}  ", "strong"), Run(" and ".join(one.when), "quiet"))
    body: list[Line] = [named("while", clause) for clause in one.when]
    body += [
        named("rules", ", ".join(sorted(one.rules))),
        named("risk", f"up to {one.risk}"),
        named("given", f"by {one.by or 'somebody'} ({one.established}) at {one.at[11:16]} UTC, {one.step}"),
        named("policy", one.policy_digest[:16], "quiet"),
    ]
    return Entry(f"grant:{one.step}", "row", head=head, beside=(Run(state, tint),), body=tuple(body))


def _until(one: Grant) -> str:
    return f"until {one.expires[11:16]} UTC" if one.expires else f"until the {one.scope} ends"


def _letter(one: DeadLetter) -> Entry:
    head = (
        cell(_KINDS.get(one.kind, one.kind), 17, "wait"),
        Run(f"{one.card.call.tool}  ", "strong"),
        Run(one.why, "quiet"),
    )
    body = [named("step", one.step, "quiet"), named("why", one.why, "wait")]
    lines = card_text(one.card, _CARD_WIDTH).plain.split("\n")
    beside = (Run(one.at[5:16].replace("T", " "), "quiet"),)
    return Entry(
        f"letter:{one.step}", "row", head=head, beside=beside, body=(*body, *((Run(line or " "),) for line in lines))
    )
