"""The sheet of what changed on disk since the last turn: contract, prompt, tools, rules, parameters, and what is broken.

Invariant: what it shows was read already; one key reruns the last turn under it, and nothing else on it changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.sheet import Sheet
from greenroom.tui.text.runs import Line, Run, Tint, by_line, plain, wrapped

if TYPE_CHECKING:
    from greenroom.regression.stale.contract_difference import Section, Words

RERUN = "rerun"
_TINTS: dict[str, Tint] = {"gone": "bad", "came": "good", "same": "quiet"}
_ENDINGS: dict[str, Tint] = {" added": "good", " removed": "bad"}
_WIDTH = 72
_AROUND = 60
"""Characters that stay readable on either side of a change; what lies between is left out."""


class DiskSheet(Sheet):
    """Lists what differs. Its result is `RERUN` where the last turn is to be run again under it, else ''."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "rerun", "Rerun", show=False, id="disk.rerun"),
        Binding("f7", "leave", "Back", show=False),
    ]

    def __init__(
        self, title: str, found: Sequence[Section], problems: Sequence[str] = (), beside: Sequence[str] = ()
    ) -> None:
        hints = [Hint("ctrl+r", "rerun under it")] if found or beside else []
        super().__init__(title, [*_rows(found, problems, beside)], [*hints, Hint("up down", "read on")])

    def action_rerun(self) -> None:
        """Run the last turn again under what is on disk."""
        self.dismiss(RERUN)


def _rows(found: Sequence[Section], problems: Sequence[str], beside: Sequence[str]) -> Iterator[Entry]:
    if problems:
        yield Entry("broken", "section", "broken; what was read before still holds", tone="bad")
        for place, one in enumerate(problems):
            yield from flowing(f"broken:{place}", (Run(one, "bad"),))
    for section in found:
        yield Entry(f"part:{section.part}", "section", section.name)
        for place, change in enumerate(section.changes):
            yield from flowing(f"{section.part}:{place}", change_line(change))
        for place, words in enumerate(section.words):
            yield from flowing(f"{section.part}:words:{place}", words_line(words))
    if beside:
        yield Entry("beside", "section", "beside the contract")
        for place, one in enumerate(beside):
            yield from flowing(f"beside:{place}", (Run(one),))
    if not (found or problems or beside):
        yield Entry("same", "note", text="What is on disk is what the last turn ran under.")


def flowing(id: str, line: Line, width: int = _WIDTH) -> Iterator[Entry]:
    """A line as rows of a list, so that nothing of it is cut but empty lines; what follows its first row is set in."""
    rows = [row for part in by_line(line) if plain(part).strip() for row in wrapped(part, width)]
    for place, row in enumerate(rows):
        yield Entry(f"{id}:{place}", "row", head=(Run("  "), *row) if place else row)


def change_line(change: str) -> Line:
    """`limits.usd 0.25 → 0.1`, with what is now standing out; what came and went in its colour."""
    was, arrow, now = change.partition(" -> ")
    if arrow:
        return (Run(was), Run(" → ", "quiet"), Run(now, "good"))
    for ending, tint in _ENDINGS.items():
        if change.endswith(ending):
            return (Run(change.removesuffix(ending)), Run(ending, tint))
    return (Run(change),)


def words_line(words: Words) -> Line:
    """A sentence with its words marked; of a long stretch that stayed, its ends."""
    return tuple(Run(_marked(change, _shortened(text, change)), _TINTS[change]) for change, text in words)


def _marked(change: str, text: str) -> str:
    """With signs, for those who see no colours; the spaces around words stay outside."""
    core = text.strip()
    if change == "same" or not core:
        return text
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{lead}[-{core}-]{trail}" if change == "gone" else f"{lead}{{+{core}+}}{trail}"


def _shortened(text: str, change: str) -> str:
    if change != "same" or len(text) <= 2 * _AROUND + 20:
        return text
    return f"{text[:_AROUND]} … {text[-_AROUND:]}"
