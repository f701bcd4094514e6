"""A compared turn laid out in columns, one for each side that is shown, as lines of runs.

Invariant: no line is wider than asked and nothing in it could be obeyed; what differs has a sign at the edge and marks in
the text, so that it is seen without colour too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from rich.cells import cell_len, set_cell_size

from greenroom.core.inert import inert_line
from greenroom.tui.text.runs import Line, Run, Tint, plain, safe, wrapped
from greenroom.views.comparison.comparison import ComparedTurn, Words
from greenroom.views.comparison.shown import Shown, rows
from greenroom.views.comparison.words import Piece

NARROWEST = 44
"""So many cells a column has at the least, where more than one is shown."""
EDGE = 2
_BETWEEN = Run(" │ ", "quiet")
_SHORT = 9
_LONG = 40
_TINTS: dict[str, Tint] = {"same": "plain", "gone": "gone", "came": "came"}


@dataclass(frozen=True, slots=True)
class Look:
    """How to lay out: `width` in cells, which sides (`places`) have a column, which is `chosen`, whether words are marked."""

    width: int
    letters: tuple[str, ...]
    places: tuple[int, ...]
    chosen: int
    marked: bool = True

    @property
    def column(self) -> int:
        """The cells of one column."""
        between = cell_len(_BETWEEN.text) * (len(self.places) - 1)
        return max((self.width - EDGE - between) // len(self.places), 8)

    @property
    def stacked(self) -> bool:
        """Whether not every side has a column, so that rows say of each side what it has."""
        return len(self.places) < len(self.letters)


def places_for(width: int, sides: int, chosen: int) -> tuple[int, ...]:
    """Which sides have a column at a width: as many as fit, the first among them, and the chosen one always."""
    fitting = max(min(sides, (width - EDGE) // NARROWEST), 1)
    if fitting == 1:
        return (chosen,)
    if chosen < fitting:
        return tuple(range(fitting))
    return (0, *range(chosen - fitting + 2, chosen + 1))


def turn_lines(turn: ComparedTurn, look: Look) -> list[Line]:
    """Everything of a turn: what was said and answered, then what was done, decided, found and used."""
    lines = [*_words("said", turn.said, look)]
    if turn.asides.differs:
        lines += [(), *_words("said on the way", turn.asides, look)]
    lines += [(), *_words("reply", turn.reply, look)]
    for group, found in groupby(rows(turn), key=lambda row: row.group):
        lines += [(), *_group(group, list(found), look)]
    return [fitted(safe(line), look.width) for line in lines]


def fitted(line: Line, width: int) -> Line:
    """The line, cut where it is wider than there is room."""
    kept: list[Run] = []
    for text, tint in line:
        room = width - sum(cell_len(run.text) for run in kept)
        kept.append(Run(text if cell_len(text) <= room else set_cell_size(text, max(room, 0)), tint))
    return tuple(run for run in kept if run.text)


def _group(group: str, found: Sequence[Shown], look: Look) -> Iterator[Line]:
    """A heading and its rows; where nothing differs, both on one line."""
    heading = _heading({"turn": "the turn"}.get(group, group))
    counted = found[-1].name if not found[-1].cells else ""
    if counted:
        heading = (*heading, Run(f"  {counted}", "quiet"))
    yield heading
    for row in found:
        if row.cells:
            yield from _row(row, look)


def beside(columns: Sequence[Sequence[Line]], look: Look, edge: str = "  ", tint: Tint = "wait") -> Iterator[Line]:
    """Columns of lines as rows of the whole width; `edge` stands before the first."""
    for number, cells in enumerate(zip_longest(*columns, fillvalue=())):
        line: list[Run] = [Run(edge if number == 0 else "  ", tint)]
        for place, cell in enumerate(cells):
            last = place == len(cells) - 1
            line += cell
            if not last:
                line += [Run(" " * max(look.column - cell_len(plain(cell)), 0)), _BETWEEN]
        yield tuple(line)


def _heading(text: str, *, differs: bool = False) -> Line:
    return (Run("≠ " if differs else "  ", "wait"), Run(text, "key"))


def _words(name: str, words: Words, look: Look) -> Iterator[Line]:
    """A text once where it is the same on all sides; else in columns, with what differs marked."""
    marks = look.marked and _marks(words)
    heading = _heading(name, differs=words.differs)
    yield heading if marks or not look.marked or not words.differs else (*heading, Run("  wholly other words", "quiet"))
    texts = [text for text in words.texts if text is not None]
    if not words.differs and len(texts) == len(words.texts):
        whole = Look(look.width, look.letters[:1], (0,), 0)
        yield from beside([_text([Piece("same", texts[0])], whole)], whole)
        return
    yield from beside([_text(_pieces(words, place, marks=marks), look) for place in look.places], look)


def _marks(words: Words) -> bool:
    """Whether marking what differs helps: not where next to nothing is the same."""
    first = _first(words)
    return words.differs and any(
        words.alike(place, first) for place, text in enumerate(words.texts) if text not in (None, words.texts[first])
    )


def _first(words: Words) -> int:
    return next(place for place, text in enumerate(words.texts) if text is not None)


def _pieces(words: Words, place: int, *, marks: bool) -> Sequence[Piece] | None:
    """A side's words; None where it has no such turn."""
    text, first = words.texts[place], _first(words)
    if text is None:
        return None
    if not marks or not (place == first or words.alike(place, first)):
        return [Piece("same", text)]
    return words.marked(place, first)


def _text(pieces: Sequence[Piece] | None, look: Look) -> list[Line]:
    """Marked text in the rows of a column."""
    if pieces is None:
        return [(Run("no such turn", "quiet"),)]
    if not pieces or not any(piece.text for piece in pieces):
        return [(Run("(nothing)", "quiet"),)]
    return [row for line in _split(pieces) for row in wrapped(line, look.column)]


def _split(pieces: Sequence[Piece]) -> Iterator[Line]:
    """The text line by line, so that wrapping one does not look at the others."""
    line: list[Run] = []
    for change, text in pieces:
        first, *others = safe((Run(text),))[0].text.split("\n") if text else [""]
        line.append(Run(first, _TINTS[change]))
        for other in others:
            yield tuple(run for run in line if run.text)
            line = [Run(other, _TINTS[change])]
    yield tuple(run for run in line if run.text)


def _row(row: Shown, look: Look) -> Iterator[Line]:
    edge = "≠ " if row.differs else "  "
    tint: Tint = "strong" if row.differs else "quiet"
    short = len(row.name) <= _SHORT
    if not short:
        said = Run(f"  {row.said}", "wait" if row.said == "flipped" else "quiet")
        yield (
            Run(edge, "wait"),
            Run(inert_line(row.name, max(look.width - 14, 8)), tint),
            *([said] if row.said else []),
        )
    if look.stacked or (not row.differs and len(set(row.cells)) == 1):
        yield from _stacked(row, look, edge if short else "  ")
        return
    columns = [_cell(row, place, look, short=short) for place in look.places]
    yield from beside(columns, look, edge if short else "  ")


def _stacked(row: Shown, look: Look, edge: str) -> Iterator[Line]:
    """What each side has, one under another; what all have, once."""
    whole = Look(look.width, look.letters[:1], (0,), 0)
    name = f"{row.name:<{_SHORT}} " if len(row.name) <= _SHORT else ""
    told: dict[str, list[int]] = {}
    for place, cell in enumerate(row.cells):
        told.setdefault(cell, []).append(place)
    for number, places in enumerate(told.values()):
        letters = " ".join(look.letters[place] for place in places) if len(told) > 1 else ""
        head = Run(f"{letters} ", "key" if look.chosen in places else "quiet") if letters else Run("")
        label = Run(name if number == 0 else " " * len(name), "quiet")
        room = whole.column - len(label.text) - len(head.text)
        body = wrapped(_marked(row, places[0], look), max(room, 8))
        hang = Run(" " * (len(label.text) + len(head.text)))
        lines = [(label, head, *body[0]), *((hang, *line) for line in body[1:])]
        yield from beside([lines], whole, edge if number == 0 else "  ")


def _cell(row: Shown, place: int, look: Look, *, short: bool) -> list[Line]:
    name = Run(f"{row.name:<{_SHORT}} ", "quiet") if short else Run("")
    return wrapped(tuple(run for run in (name, *_marked(row, place, look)) if run.text), look.column)


def _marked(row: Shown, place: int, look: Look) -> Line:
    """A cell: quiet where it is the same or nothing; the long ones of calls with the words marked that differ."""
    text = row.cells[place]
    if not row.differs or not text:
        return (Run(text or "none", "quiet"),)
    words = Words(tuple(cell or None for cell in row.cells))
    marks = look.marked and row.group == "calls" and len(text) > _LONG and _marks(words)
    return tuple(Run(piece.text, _TINTS[piece.change]) for piece in _pieces(words, place, marks=marks) or ())
