"""What F1 shows: keys and what they do, as rows; over a sheet those of the sheet, all of them, however narrow it is.

Invariant: the keys are read from the sheet itself, from its row of hints and its bindings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.binding import Binding

from greenroom.tui.conversation.entries import Entry
from greenroom.tui.deeds.table import MORE
from greenroom.tui.frame.hints import Hints, key_name
from greenroom.tui.sheets.sheet import Sheet, SheetList
from greenroom.tui.text.runs import Run, cell

if TYPE_CHECKING:
    from textual.screen import Screen

_KEYS = 20
_DOES = 48
"""Cells beside the keys on a terminal of 80 columns."""
_LIST_KEYS = ("j k", "g G", "c C", "slash n N")


class KeysSheet(Sheet):
    """Keys; F1 again leaves it."""


def keys_of(screen: Screen[object]) -> KeysSheet | None:
    """The keys of a sheet; None where it is none, so that there is nothing of its own to show."""
    if len(screen.app.screen_stack) < 2 or not screen.query(Hints):
        return None
    hints = {hint.key: hint.does for hint in screen.query_one(Hints).hints}
    entries = [Entry("group:here", "section", "here")]
    entries += [row for key, does in hints.items() for row in key_rows(f"hint:{key}", key, does)]
    entries += [row for key, does in _bound(screen, hints) for row in key_rows(f"bound:{key}", key, does)]
    if screen.query(SheetList):
        entries.append(Entry("group:list", "section", "in the list"))
        rows = [(keys, does) for group, keys, does in MORE if group == "conversation" and keys in _LIST_KEYS]
        entries += [row for keys, does in rows for row in key_rows(f"list:{keys}", keys, does)]
    return KeysSheet("Keys of this sheet; those of the workbench are shown outside of it", entries)


def _bound(screen: Screen[object], hints: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What the sheet itself binds and its hints do not say at the moment, each deed once."""
    known = {one for key in hints for one in key.split(" ")}
    for owner in type(screen).__mro__:
        for binding in owner.__dict__.get("BINDINGS", ()):
            own = owner.__module__.startswith("greenroom.")
            if own and isinstance(binding, Binding) and known.isdisjoint(binding.key.split(",")):
                known.update(binding.key.split(","))
                if binding.key != "f1":
                    yield binding.key.replace(",", " "), binding.description.lower()


def key_rows(id: str, keys: str, does: str) -> list[Entry]:
    """A key and what it does; what is longer than a narrow terminal goes on below."""
    from textwrap import wrap

    shown = _plain("  ".join(key_name(key) for key in keys.split("  ")))
    return [
        Entry(f"{id}:{place}" if place else id, "row", head=(cell("" if place else shown, _KEYS, "key"), Run(line)))
        for place, line in enumerate(wrap(does, _DOES))
    ]


def _plain(keys: str) -> str:
    signs = {
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "equals_sign": "=",
        "less_than_sign": "<",
        "greater_than_sign": ">",
        "left": "←",
        "right": "→",
        "alt+": "alt ",
    }
    for name, sign in signs.items():
        keys = keys.replace(name, sign)
    return keys
