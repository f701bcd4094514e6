"""The breakpoints that are kept with a workspace: listed, added, removed, switched off and on.

Invariant: none is kept that cannot be used; one is named by its number in the list or by its condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Breakpoint
from greenroom.workspace.breakpoint_file import save, saved


def list_all(asked: Invocation) -> Answer[tuple[Breakpoint, ...]]:
    """Those that are kept.

    Raises:
        FileInvalid: their file is broken.
    """
    return told(saved(asked.workspace()))


def add(asked: Invocation) -> Answer[tuple[Breakpoint, ...]]:
    """Keep one more, switched on.

    Raises:
        UsageError: its condition cannot be used.
        FileInvalid: the file is broken; it stays as it is.
    """
    return _changed(asked, "add", asked.text("when"))


def remove(asked: Invocation) -> Answer[tuple[Breakpoint, ...]]:
    """Keep one less.

    Raises:
        UsageError: there is none of that number or condition.
        FileInvalid: the file is broken; it stays as it is.
    """
    return _changed(asked, "remove", asked.text("which"))


def toggle(asked: Invocation) -> Answer[tuple[Breakpoint, ...]]:
    """Switch one off, or on again. Raises as `remove`."""
    return _changed(asked, "toggle", asked.text("which"))


def _changed(asked: Invocation, wish: str, when: str) -> Answer[tuple[Breakpoint, ...]]:
    return told(save(asked.workspace(), lambda kept: changed(kept, wish, when)))


def checked(when: str) -> str:
    """The condition without blanks around it.

    Raises:
        UsageError: it cannot be used.
    """
    from greenroom.engine.gates.breakpoints import compiled

    compiled(when)
    return when.strip()


def changed(kept: Sequence[Breakpoint], wish: str, when: str) -> list[Breakpoint]:
    """These after one was added, or the one that is meant switched over or removed.

    Raises:
        UsageError: its condition cannot be used, or there is none such.
    """
    if wish == "add":
        return with_one(kept, checked(when))
    which = meant(kept, when)
    return toggled(kept, which) if wish == "toggle" else [one for one in kept if one != which]


def with_one(kept: Sequence[Breakpoint], when: str) -> list[Breakpoint]:
    """These and one more; one that is there already is switched on."""
    if any(one.when == when for one in kept):
        return [Breakpoint(when=one.when, on=one.on or one.when == when) for one in kept]
    return [*kept, Breakpoint(when=when)]


def toggled(kept: Sequence[Breakpoint], which: Breakpoint) -> list[Breakpoint]:
    """These, with one switched over."""
    return [Breakpoint(when=one.when, on=not one.on) if one == which else one for one in kept]


def meant(kept: Sequence[Breakpoint], which: str) -> Breakpoint:
    """The one of this number, or with this condition.

    Raises:
        UsageError: there is none.
    """
    text = which.strip()
    place = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    found = kept[place - 1] if 1 <= place <= len(kept) else next((one for one in kept if one.when == text), None)
    if found is None:
        hint = f"there are 1 to {len(kept)}" if kept else "there are none"
        raise UsageError(f"no breakpoint '{inert_line(text, 60)}'", hint=hint, code="breakpoint.unknown")
    return found


def told(kept: Sequence[Breakpoint]) -> Answer[Any]:
    """The list as every face shows it."""
    rows = [(number, "on" if one.on else "off", inert_line(one.when)) for number, one in enumerate(kept, 1)]
    lines = table(("nr", "is", "condition"), rows) or ["no breakpoints: greenroom breakpoint add 'turn == 3'"]
    return answer(tuple(kept), lines, [{"number": n, "on": one.on, "when": one.when} for n, one in enumerate(kept, 1)])
