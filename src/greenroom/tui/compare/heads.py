"""Over the columns of a comparison: who each side is, what it ran under, and what of that is other than on the first.

Invariant: which side is chosen is seen by a sign, not by colour alone.
"""

from __future__ import annotations

from greenroom.core.inert import inert_line
from greenroom.tui.compare.lines import Look, beside, fitted
from greenroom.tui.text.runs import Line, Run, plain, safe, wrapped
from greenroom.views.comparison.comparison import Comparison
from greenroom.views.comparison.governing import Governed

_MOST_ROWS = 2
"""So many rows say what changed; `session diff` has all of it."""


def changes_of(compared: Comparison) -> tuple[str, ...]:
    """For each side, what it ran under that is other than on the first, in a few words. Reads texts: not on the loop."""
    from greenroom.regression.stale.telling import component_change

    told: list[list[str]] = [[] for _ in compared.sides]
    for part in compared.parts:
        for place, digest in enumerate(part.digests):
            if digest != part.digests[0] and part.name != "other_tools":
                texts = part.texts[0] or "", part.texts[place] or ""
                told[place].append(component_change(part.name, *texts, part.digests[0], digest))
    return tuple("; ".join(one for one in lines if one) for lines in told)


def head_lines(compared: Comparison, changes: tuple[str, ...], look: Look, here: str, turn: int) -> list[Line]:
    """The head of each column; where only one side has a column, a row of all sides over it."""
    tabs = [_tabs(compared, look)] if len(look.places) == 1 else []
    columns = [_head(compared, changes[place], look, here, place, turn) for place in look.places]
    tallest = max(map(len, columns))
    for column in columns:
        column.extend([column[0][:1]] * (tallest - len(column)))  # the sign of the chosen one goes all the way down
    return [fitted(safe(line), look.width) for line in (*tabs, *beside(columns, look))]


def _tabs(compared: Comparison, look: Look) -> Line:
    runs: list[Run] = [Run("  ")]
    for place, side in enumerate(compared.sides):
        chosen = place == look.chosen
        text = inert_line(f"{look.letters[place]} {side.label}", 24)
        runs.append(Run(f"{'▌' if chosen else ' '}{text}  ", "persona" if chosen else "quiet"))
    return tuple(runs)


def _head(compared: Comparison, change: str, look: Look, here: str, place: int, turn: int) -> list[Line]:
    side = compared.sides[place]
    governed = _governed(compared, place, turn)
    chosen = place == look.chosen
    mark = Run("▌ " if chosen else "  ", "persona")
    room = max(look.column - 6, 8)
    state = " · open here" if side.session and side.session == here else ""
    label = side.label if side.label == side.session or not side.session else f"{side.label} · {side.session}"
    lines: list[Line] = [
        (mark, Run(f"{look.letters[place]}  {inert_line(governed.label, room)}", "strong" if chosen else "plain")),
        (mark, Run(f"   {inert_line(f'{label}{state}', room)}", "quiet")),
    ]
    if change:
        rows = wrapped((Run(inert_line(change, 400), "quiet"),), room)
        shown = rows[:_MOST_ROWS]
        if len(rows) > _MOST_ROWS:
            shown[-1] = (Run(f"{plain(shown[-1])[: room - 2]} …", "quiet"),)
        lines += [(mark, Run("   "), *row) for row in shown]
    return lines


def _governed(compared: Comparison, place: int, turn: int) -> Governed:
    """What held in the turn that is shown, else what held at first."""
    now = compared.turns[turn].governed[place] if compared.turns else None
    return now or compared.governed[place]
