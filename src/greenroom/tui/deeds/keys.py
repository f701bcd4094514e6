"""The table of deeds as Textual's bindings and as the hint row of each place.

Invariant: a letter is bound so that a text field takes it first; a function key or a ctrl key acts whatever has the focus.
"""

from __future__ import annotations

from collections.abc import Collection

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from greenroom.tui.conversation.finder import Finder
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.deeds.table import DEEDS, Deed
from greenroom.tui.frame.hints import Hint
from greenroom.tui.panes.side import Pane, Slot
from greenroom.tui.travel.moment_row import MomentRow
from greenroom.tui.travel.sieve import Sieve


def bindings() -> list[BindingType]:
    """All of them."""
    found: list[BindingType] = [
        Binding("ctrl+x", "chord", "Chord", show=False, priority=True, id="chord"),
        Binding("ctrl+c", "copy_or_tell", "Copy", show=False, id="copy"),
    ]
    for deed in DEEDS:
        if deed.action == "command_palette":
            continue
        action = f"deed('{deed.name}')"
        if deed.key:
            loud = deed.key.startswith(("f", "ctrl"))
            found.append(Binding(deed.key, action, deed.name, show=False, priority=loud, id=f"key.{deed.name}"))
        if deed.letter:
            found.append(Binding(deed.letter, action, deed.name, show=False, id=f"letter.{deed.name}"))
    return found


_FIRST = "sRTFfEWVBxn"
"""The chords that are needed most, in this order; on a narrow terminal the row has room for no others."""


def chords() -> tuple[Hint, ...]:
    """What may follow ctrl+x."""
    letters = [deed for deed in DEEDS if len(deed.chord) == 1 and not deed.chord.isdigit() and deed.action != "help"]
    first = sorted((deed for deed in letters if deed.chord in _FIRST), key=lambda deed: _FIRST.index(deed.chord))
    return (
        Hint("ctrl+k", "STOP"),
        *(Hint(deed.chord, _brief(deed)) for deed in first),
        Hint("1-7", "panes"),
        *(Hint(deed.chord, _brief(deed)) for deed in letters if deed not in first),
        *(Hint(deed.chord, "all keys") for deed in DEEDS if deed.action == "help"),
    )


def _brief(deed: Deed) -> str:
    """`Abandon the turn` is `abandon`, `Rerun with …` as its slash word is."""
    word = deed.name.lower().removeprefix("show or hide the ").removesuffix(" session")
    return deed.slash if "-" in deed.slash else word if word == "step mode" else word.split(" ")[0]


WRITE = (
    Hint("enter", "send"),
    Hint("tab", "look around"),
    Hint("f2", "panes"),
    Hint("ctrl+p", "everything"),
    Hint("f1", "keys"),
    Hint("f4", "step mode"),
    Hint("ctrl+x", "more"),
    Hint("ctrl+q", "quit"),
)
BUSY = (Hint("escape", "interrupt"), *WRITE[1:])
FORM = (
    Hint("ctrl+y", "send"),
    Hint("escape", "back to the card"),
    Hint("alt+down", "read on"),
    Hint("f1", "keys"),
    Hint("ctrl+q", "quit, it stays open"),
)


def asked(options: Collection[str]) -> tuple[Hint, ...]:
    """While a card is open: the answers it takes, the likeliest first, and the way on."""
    answers = (
        ("allow", "ctrl+y", "approve"),
        ("deny", "ctrl+n", "deny"),
        ("edit", "ctrl+o", "edit"),
        ("grant", "ctrl+g", "grant"),
    )
    return (
        *(Hint(key, word) for option, key, word in answers if option in options),
        Hint("alt+down", "read on"),
        Hint("f2", "panes"),
        Hint("f1", "keys"),
        Hint("ctrl+q", "quit, it stays open"),
    )


TRANSCRIPT = (
    Hint("enter", "fold"),
    Hint("up down", "select"),
    Hint("slash", "search"),
    Hint("c", "copy"),
    Hint("x", "export"),
    Hint("f", "fork"),
    Hint("a", "go back to it"),
    Hint("1-7", "panes"),
    Hint("i", "write"),
    Hint("f1", "keys"),
)
PANE = (
    Hint("enter", "unfold"),
    Hint("1-7", "panes"),
    Hint("z", "maximise"),
    Hint("←→", "turn"),
    Hint("[ ]", "event"),
    Hint("c", "copy"),
    Hint("i", "write"),
    Hint("f1", "keys"),
)
PROMPT = (
    Hint("enter", "unfold"),
    Hint("=", "against …"),
    Hint("< >", "call"),
    Hint("y", "copy JSON"),
    Hint("u", "curl"),
    Hint("←→", "turn"),
    Hint("1-7", "panes"),
    Hint("f1", "keys"),
)
TRACE = (
    Hint("[ ]", "back and on"),
    Hint("slash", "filter"),
    Hint("a", "as of the selected"),
    Hint("enter", "unfold"),
    Hint("end", "now"),
    Hint("1-7", "panes"),
    Hint("c", "copy"),
    Hint("i", "write"),
    Hint("f1", "keys"),
)
PAST = (
    Hint("escape", "back to now"),
    Hint("ctrl+r", "say it again"),
    Hint("ctrl+x F", "fork here"),
    Hint("ctrl+x [", "an event back"),
    Hint("ctrl+x G", "go to"),
    Hint("f2", "panes"),
    Hint("ctrl+p", "everything"),
    Hint("f1", "keys"),
)
_ROWS: dict[type[Input], tuple[Hint, ...]] = {
    Finder: (Hint("enter", "to what was found"), Hint("escape", "search for nothing"), Hint("f1", "keys")),
    Sieve: (
        Hint("enter", "to what was found"),
        Hint("tab", "the others too"),
        Hint("escape", "clear"),
        Hint("f1", "keys"),
    ),
    MomentRow: (Hint("enter", "go there"), Hint("escape", "stay"), Hint("f1", "keys")),
}
"""The keys of a row that is written in."""


def row(focused: Widget | None, asks: tuple[Hint, ...], *, running: bool, past: bool) -> tuple[Hint, ...]:
    """The keys of where the person is; `asks` are those of an open question."""
    if isinstance(focused, Pane):
        slot = focused.parent
        prompt = isinstance(slot, Slot) and slot.shown == "Prompt"
        return TRACE if focused.travels else PROMPT if prompt else PANE
    if isinstance(focused, Transcript):
        return TRANSCRIPT
    if found := next((hints for kind, hints in _ROWS.items() if isinstance(focused, kind)), None):
        return found
    if past:
        return PAST
    return asks or (BUSY if running else WRITE)
