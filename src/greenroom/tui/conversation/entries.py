"""What the conversation shows, as data: entries, and the parts an entry is drawn from.

Invariant: the text of a part has passed `core.inert`; a part says everything its rows depend on, but the width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from greenroom.core.inert import hidden_count, inert, inert_line
from greenroom.tui.conversation.markdown_blocks import Block, split_blocks
from greenroom.tui.text.runs import Line, Run, flat, plain, safe

Kind = Literal["person", "persona", "tool", "note", "verdict", "approval", "section", "row"]
Tone = Literal["plain", "good", "wait", "bad", "quiet"]
Shape = Literal["speech", "speaker", "prose", "card", "body", "fold", "note", "tail", "row", "runs", "section"]

PIECE = 4_000
_LOUD = ("person", "persona")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the conversation, in the words of its author: nothing in it needs to be safe.

    `text` is Markdown for a persona and plain elsewhere; `detail` are the folded lines (arguments, results, reasoning).
    `aside` is shown right-aligned beside the title; `tone` colours the mark of a card. A `row` of a pane is drawn from
    `head` and `beside`, and from `body` while it is open; its title and text are what searching and copying see.
    """

    id: str
    kind: Kind
    title: str = ""
    text: str = ""
    detail: tuple[str, ...] = ()
    open: bool = False
    aside: str = ""
    tone: Tone = "plain"
    head: Line = ()
    beside: Line = ()
    body: Sequence[Line] = ()

    @property
    def foldable(self) -> bool:
        """Whether there is something that can be folded away."""
        return bool(self.detail or self.body) or (self.kind in ("tool", "verdict", "approval") and bool(self.text))

    @property
    def plain(self) -> str:
        """Everything there is to copy or search, made harmless."""
        lines = (plain(self.head), plain(self.beside), *map(plain, self.body))
        return inert("\n".join(part for part in (self.title, self.text, *self.detail, *lines) if part))


class Part(NamedTuple):
    """A run of rows of one look. `gap` asks for a blank row before it."""

    shape: Shape
    text: str
    gap: bool = False
    aside: str = ""
    tone: Tone = "plain"
    kind: Kind = "note"
    runs: Line = ()
    beside: Line = ()


def parts_of(entry: Entry, previous: Kind | None) -> list[Part]:
    """The parts of an entry that follows one of kind `previous` (None for the first)."""
    gap = previous is not None and (entry.kind in _LOUD or previous in _LOUD)
    match entry.kind:
        case "person":
            parts = _speech(entry)
        case "persona":
            parts = [_speaker(entry), *_folded(entry), *prose(split_blocks(inert(entry.text)), first_gap=False)]
        case "note":
            parts = [Part("note", inert(entry.text or entry.title), tone=entry.tone)]
        case "section":
            parts = [Part("section", inert_line(entry.title, 80), aside=inert(entry.aside).replace("\n", " "))]
            gap = previous is not None
        case "row":
            parts = _row(entry)
        case _:
            parts = _card(entry)
    return [parts[0]._replace(gap=gap), *parts[1:]]


def prose(blocks: list[Block], *, first_gap: bool = True) -> list[Part]:
    """Markdown blocks as parts; the first one of a reply stands directly under its speaker."""
    parts = [Part("prose", block.source, gap=block.gap) for block in blocks]
    if parts and not first_gap:
        parts[0] = parts[0]._replace(gap=False)
    return parts


def tail(text: str, *, gap: bool) -> Part:
    """The end of a reply that is still arriving; `text` is inert already."""
    return Part("tail", text, gap=gap)


def guess(entry: Entry, width: int) -> int:
    """Rows the entry will take, roughly, without looking closely at it."""
    closed = entry.kind in ("tool", "verdict", "approval", "row", "section") and not entry.open
    if closed:
        return 1
    text = entry.text
    rows = text.count("\n") + len(text) // max(width - 2, 1) + 2
    if entry.kind == "row":
        rows = 1 + sum(len(plain(line)) // max(width - 6, 1) + 1 for line in entry.body)
    if entry.open:
        rows += sum(line.count("\n") + 1 + len(line) // max(width - 4, 1) for line in entry.detail)
    return rows


def _speech(entry: Entry) -> list[Part]:
    parts = [Part("speech", piece) for piece in _pieces(inert(entry.text))] or [Part("speech", "")]
    return [parts[0]._replace(aside=inert_line(entry.aside, 40)), *parts[1:]]


def _speaker(entry: Entry) -> Part:
    hidden = hidden_count(entry.text)
    badge = f"{hidden} hidden character{'s' if hidden > 1 else ''} shown" if hidden else ""
    aside = " · ".join(part for part in (badge, inert_line(entry.aside, 60)) if part)
    return Part("speaker", inert_line(entry.title, 60), aside=aside, tone="bad" if hidden else entry.tone)


def _folded(entry: Entry) -> list[Part]:
    """The reasoning of a reply: one line while folded."""
    if not entry.detail:
        return []
    rows = sum(line.count("\n") + 1 for line in entry.detail)
    head = Part("fold", f"{'▾' if entry.open else '▸'} reasoning · {rows} line{'s' if rows > 1 else ''}")
    return [head, *(_body(entry, tone="quiet") if entry.open else [])]


def _card(entry: Entry) -> list[Part]:
    mark = ("▾" if entry.open else "▸") if entry.foldable else "·"
    head = Part(
        "card",
        f"{mark} {inert_line(entry.title, 200)}",
        aside=inert_line(entry.aside, 40),
        tone=entry.tone,
        kind=entry.kind,
    )
    if not entry.open:
        return [head]
    text = [Part("body", piece) for piece in _pieces(inert(entry.text))]
    return [head, *text, *_body(entry, tone="plain")]


def _row(entry: Entry) -> list[Part]:
    """A row of a pane: one line, and under it what is folded away."""
    mark = Run(("▾ " if entry.open else "▸ ") if entry.foldable else "  ", "quiet")
    head = Part("row", "", tone=entry.tone, runs=(mark, *flat(entry.head)), beside=flat(entry.beside))
    if not entry.open:
        return [head]
    return [head, *(Part("runs", plain(line), runs=safe(line)) for line in entry.body)]


def _body(entry: Entry, *, tone: Tone) -> list[Part]:
    return [Part("body", piece, tone=tone) for line in entry.detail for piece in _pieces(inert(line))]


def _pieces(text: str) -> list[str]:
    """Text cut at line ends into pieces of bounded size, so that no part is expensive to draw."""
    if len(text) <= PIECE:
        return [text] if text else []
    pieces: list[str] = []
    held: list[str] = []
    size = 0
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), PIECE):
            chunk = line[start : start + PIECE]
            if held and size + len(chunk) > PIECE:
                pieces.append("\n".join(held))
                held, size = [], 0
            held.append(chunk)
            size += len(chunk) + 1
    return [*pieces, "\n".join(held)]
