"""An app that shows hostile text in every widget we use, for the proof on a real terminal. Ends by itself."""

import sys
from typing import Any

from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Button, DataTable, Input, Label, Markdown, OptionList, Static, TextArea, Tree
from textual.widgets.option_list import Option

from greenroom.core.values import Card, ToolCall, ToolSpec, Verdict
from greenroom.engine.gates.pending import Pending
from greenroom.tui.card.card import ApprovalCard, CardApp
from greenroom.tui.card.words import Question
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.folds import Folds
from greenroom.tui.frame.header import Header, Standing
from greenroom.tui.frame.hints import Hints
from greenroom.tui.frame.theme import VARIABLE_DEFAULTS
from greenroom.tui.gates.bar import GateBar
from greenroom.tui.panes.side import Pane, Slot, Tabs
from greenroom.tui.sheets.sheet import SheetList
from greenroom.tui.text.runs import Run, cell, marked

EVIL = "A\x1b]52;c;SGVsbG8=\x07B\x1b]0;title\x07C\x1b[2J\x9b31mD\x00\x08E\u202eF\U000e0041G\x1b_HX\x1b\\[/] [@click=app.quit]"


def sink(name: str) -> str:
    return f"sink-{name} {EVIL}"


def row(name: str, evil: str) -> Entry:
    text = sink(name)
    body = (marked(evil, [(2, 9), (5, 400)]), (Run(evil, "mark"),))
    return Entry(text, "row", head=(Run(text, "key"), cell(evil, 12)), beside=(Run(evil),), body=body, open=True)


def hostile_card() -> Card:
    return Card(
        call=ToolCall(id="c1", tool=sink("card"), arguments={EVIL: EVIL}),
        spec=ToolSpec(name=EVIL, description=EVIL, parameters={"type": "object"}),
        verdict=Verdict(effect="require_approval", rule=EVIL, why=EVIL, unchecked=(EVIL,)),
        reason=EVIL,
    )


class Sinks:
    """The widgets; mixed into a guarded and a bare app."""

    CSS = "Screen { overflow: hidden; } Static, Label, Input, TextArea, OptionList, DataTable, Tree { height: auto; max-height: 3; } Toast { max-height: 12; }"

    def compose(self) -> ComposeResult:
        yield Header(Standing(persona=sink("header"), model=EVIL, warning=EVIL))
        yield Static(sink("static"), markup=False)
        yield Label(Content(sink("label")))
        yield Static(Text(sink("link"), Style(link=f"http://x/{EVIL}")))
        yield Input(sink("input"), compact=True)
        yield TextArea(sink("area"), compact=True)
        yield OptionList(Option(Content(sink("options"))), compact=True)
        bordered = Static("x", markup=False)
        bordered.styles.border = ("solid", "red")
        bordered.border_title = Content(sink("border"))
        yield bordered
        table = DataTable[Text]()
        table.add_column(Text(sink("table")))
        table.add_row(Text(EVIL))
        yield table
        yield Markdown(sink("markdown"), open_links=False)
        yield Tree(Text(sink("tree")))
        yield Button(Content(sink("button")), compact=True)
        yield Transcript()
        yield Tabs()
        yield Slot("Trace", id="upper")
        yield Pane(id="pane")
        yield SheetList(id="sheet")
        yield GateBar()
        yield ApprovalCard()
        yield Composer(placeholder=EVIL)
        yield Hints()

    def on_mount(self) -> None:
        assert isinstance(self, App)
        self.notify(Content(sink("toast")).plain, title=EVIL, markup=False)
        transcript = self.query_one(Transcript)
        transcript.set_entries(
            [
                Entry("1", "persona", EVIL, EVIL, (EVIL,), open=True),
                Entry("2", "tool", sink("transcript"), EVIL, aside=EVIL),
            ]
        )
        self.query_one("#pane", Pane).put([row("pane", EVIL)], fresh=True)
        self.query_one("#sheet", SheetList).set_entries(
            [row("sheet", EVIL), Entry("s", "section", sink("section"), aside=EVIL)]
        )
        self.query_one(GateBar).show(pending())
        self.query_one(Slot).draw(Folds(), 1, lambda name, turn: [row("slot", EVIL)])
        self.query_one(Composer).put(sink("composer"))
        self.query_one(Hints).tell(sink("hints"), seconds=60)
        self.query_one(ApprovalCard).ask(Question("s", hostile_card()))
        self.set_timer(0.2, self.raise_or_not)
        self.set_timer(1.5, self.exit)

    def raise_or_not(self) -> None:
        if sys.argv[1] == "crash":
            raise RuntimeError(sink("crash"))


def pending() -> Pending:
    """A gate about hostile words, at a breakpoint that is hostile too."""
    policy: Any = None
    step = f"t1/gate:input:{EVIL}"
    return Pending(step, "input", 1, EVIL, sink("gate"), policy, {}, dict, cause="breakpoint", condition=EVIL)


class Guarded(Sinks, CardApp[None]):
    pass


class Bare(Sinks, App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLE_DEFAULTS)


if __name__ == "__main__":
    (Bare if sys.argv[1] == "bare" else Guarded)().run()
