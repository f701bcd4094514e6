"""Sessions beside one another as lines for people, at any width from 60 columns on.

Invariant: what differs is marked by signs and not by colour alone: `[-gone-]`, `{+came+}`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from greenroom.commands.answer import counted
from greenroom.commands.suite.lines import letter
from greenroom.core.inert import inert, inert_line
from greenroom.views.comparison.comparison import ComparedTurn, Comparison, Words
from greenroom.views.comparison.shown import Shown, rows, totals
from greenroom.views.comparison.words import Piece, alike, word_diff

_NAME = 12
_STAYED = 16
"""So many words that stayed are shown around a change."""
_LONG = 60


def lines_of(compared: Comparison, width: int, *, everything: bool = False) -> list[str]:
    """Who is compared, under what they ran, and turn by turn what differs; with `everything` also what does not."""
    lines = [*_sides(compared), *_governed(compared, width)]
    same = 0
    for turn in compared.turns:
        if not turn.differs and not everything:
            same += 1
            continue
        lines += ["", *_turn(turn, width, everything=everything)]
    lines += ["", *_end(compared, same, width)]
    return lines


def _sides(compared: Comparison) -> Iterator[str]:
    for place, side in enumerate(compared.sides):
        yield f"{letter(place)}  {inert_line(side.label)}  {inert_line(compared.governed[place].label)}"


def _governed(compared: Comparison, width: int) -> Iterator[str]:
    from greenroom.regression.stale.telling import component_change

    for part in compared.parts:
        for place, digest in enumerate(part.digests[1:], 1):
            if digest != part.digests[0]:
                texts = part.texts[0] or "", part.texts[place] or ""
                said = component_change(part.name, *texts, part.digests[0], digest)
                yield from _wrapped(said, width, f"   {letter(place)}  " if len(part.digests) > 2 else "   ")


def _turn(turn: ComparedTurn, width: int, *, everything: bool) -> Iterator[str]:
    numbers = " ".join(f"{letter(place)}:{one.turn}" for place, one in enumerate(turn.turns) if one)
    alike = len({one.turn for one in turn.here}) == 1 and not turn.missing
    head = f"turn {turn.here[0].turn}" if alike else f"turn {numbers}"
    if turn.missing:
        here = " and ".join(letter(place) for place, one in enumerate(turn.turns) if one)
        head += f"  only in {here}"
    yield f"-- {head} ".ljust(width, "-")
    yield from _words("said", turn.said, width)
    if turn.asides.differs or (everything and any(turn.asides.texts)):
        yield from _words("first", turn.asides, width)
    yield from _words("reply", turn.reply, width)
    for group, found in _grouped(rows(turn, everything=everything)):
        for place, row in enumerate(found):
            yield from _row(group if place == 0 and group != "turn" else "", row, width)


def _words(name: str, words: Words, width: int) -> Iterator[str]:
    """The words once where they are the same; else those of the first side, and what others have in their place."""
    texts = [text for text in words.texts if text is not None]
    if not words.differs:
        yield from _wrapped(texts[0] or "(nothing)", width, _named(name))
    elif len(words.texts) == 2 and alike(words.between(1)):
        yield from _wrapped(marked(words.between(1)), width, _named(name))
    else:
        for place, line in enumerate(_beside(words.texts, width)):
            yield f"{_named(name if place == 0 else '')}{line}".rstrip()


def _beside(texts: Sequence[str | None], width: int) -> Iterator[str]:
    """Each different text with the sides that have it; one that is like the first as what changed in it."""
    told: dict[str, list[str]] = {}
    for place, text in enumerate(texts):
        if text is not None:
            told.setdefault(text, []).append(letter(place))
    base = next(iter(told))
    for text, sides in told.items():
        pieces = word_diff(base, text)
        said = marked(pieces) if text != base and min(len(base), len(text)) > _LONG and alike(pieces) else text
        yield from _wrapped(said or "(nothing)", width - _NAME, f"{' '.join(sides)}  ")


def marked(pieces: Iterable[Piece]) -> str:
    """`I can [-not-]{+gladly+} help`; of long stretches that stayed, their ends."""
    out = []
    for change, text in pieces:
        if change == "same":
            out.append(_shortened(text))
        else:
            out.append(f"[-{text}-]" if change == "gone" else f"{{+{text}+}}")
    return "".join(out)


def _shortened(text: str) -> str:
    words = text.split(" ")
    return " ".join([*words[:_STAYED], "…", *words[-_STAYED:]]) if len(words) > 2 * _STAYED + 8 else text


def _grouped(shown: Sequence[Shown]) -> Iterator[tuple[str, list[Shown]]]:
    for group in dict.fromkeys(row.group for row in shown):
        yield group, [row for row in shown if row.group == group]


def _row(group: str, row: Shown, width: int) -> Iterator[str]:
    """One line where it is the same; what each side has, where it differs."""
    head = _named(group)
    sign = "≠" if row.differs else "="
    if not row.cells:
        yield f"{head}{row.name}"
        return
    there = [cell for cell in row.cells if cell]
    if row.group == "figures" or len(set(row.cells)) == 1 or not row.differs:
        parts = (
            there[:1]
            if len(set(row.cells)) == 1
            else [f"{letter(at)} {cell}" for at, cell in enumerate(row.cells) if cell]
        )
        yield from _wrapped(f"{sign} {row.name}  {' · '.join(parts)}", width, head, deeper=2)
        return
    yield from _wrapped(f"{sign} {row.name}{f'  ({row.said})' if row.said else ''}", width, head, deeper=2)
    for line in _beside([cell or "none" for cell in row.cells], width - 2):
        yield f"{_named('')}  {line}"


def _end(compared: Comparison, same: int, width: int) -> Iterator[str]:
    if same:
        yield f"{counted(same, 'turn')} the same{' otherwise' if same < len(compared.turns) else ''}"
    if not compared.turns:
        yield "there is nothing after what they share"
    elif compared.same:
        yield "the same was said, done and decided on all sides"
    if len(compared.turns) > 1:
        for row in totals(compared):
            yield from _row("in all" if row.name == "tokens" else "", row, width)


def _named(name: str) -> str:
    return f"  {name}".ljust(_NAME)


def _wrapped(text: str, width: int, head: str, deeper: int = 0) -> Iterator[str]:
    """Lines that hang under `head`."""
    indent = " " * len(head)
    first = True
    for line in inert(text).splitlines() or [""]:
        for part in textwrap.wrap(line, max(width - len(head), 20), subsequent_indent=" " * deeper) or [""]:
            yield f"{head if first else indent}{part}".rstrip()
            first = False
