"""The one header row: who is on stage, with what, on which terms, at what cost.

Invariant: one row at every width; what matters least gives way first, the persona and a warning never do.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content, Span
from textual.widgets import Static

from greenroom.core.durations import short_time
from greenroom.core.inert import inert_line

INTERRUPTED = "turn interrupted"
"""What `busy` says of a turn that nobody works on."""
Piece = tuple[str, str, int]
"""Text, style, and rank: the pieces of the highest rank give way first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the header shows. Money in millionths of a US dollar, latency in milliseconds of the last turn.

    `warning` is what a person must not miss: read-only, an outdated version; `stopped` what the kill switch holds.
    `usual_autonomy` is the contract's, `until` when another level falls back (`14:30`, UTC).
    `disk` is what the last turn ran under against what is on disk, where that is another.
    """

    persona: str = ""
    version: str = ""
    stage: str = ""
    model: str = ""
    autonomy: int | None = None
    mode: str = "run"
    tokens: int = 0
    micro_usd: int = 0
    milliseconds: int | None = None
    busy: str = ""
    warning: str = ""
    stopped: str = ""
    usual_autonomy: int | None = None
    until: str = ""
    disk: str = ""


class Header(Static):
    """Draws a `Standing`."""

    DEFAULT_CSS = """
    Header { height: 1; background: $surface; color: $foreground; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, standing: Standing | None = None, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._standing = standing or Standing()

    @property
    def standing(self) -> Standing:
        """What is shown."""
        return self._standing

    def show(self, standing: Standing) -> None:
        """Show this from now on."""
        if standing != self._standing:
            self._standing = standing
            self.refresh()

    def render(self) -> Content:
        """The row at the present width."""
        return header_row(self._standing, self.size.width or 78)


def header_row(standing: Standing, width: int) -> Content:
    """The header at `width` cells: the persona at the left, figures at the right, the rest where there is room."""
    left, right = _left(standing), _right(standing)
    for rank in range(9, 0, -1):
        if _cells(left) + _cells(right) + 2 <= width:
            break
        left = [piece for piece in left if piece[2] < rank]
        right = [piece for piece in right if piece[2] < rank]
    space = max(width - _cells(left) - _cells(right), 1)
    return _content([*left, (" " * space, "", 0), *right])


def _left(standing: Standing) -> list[Piece]:
    version = f"@{inert_line(standing.version, 16)}" if standing.version else ""
    pieces: list[Piece] = [(inert_line(standing.persona, 24) or "greenroom", "bold $primary", 0)]
    if version:
        pieces.append((version, "$quiet", 3))
    if standing.stage:
        pieces.append((f" {inert_line(standing.stage, 12)}", "$quiet", 6))
    if standing.stopped:
        pieces += [("  ", "", 0), (f" {inert_line(standing.stopped, 28)} ", "bold reverse $error", 0)]
    if standing.warning:
        pieces.append((f"  {inert_line(standing.warning, 28)}", "bold $error", 0))
    if standing.disk:
        pieces.append((f"  {inert_line(standing.disk, 70)}", "$warning", 2))
    if standing.busy:
        rests = "" if standing.busy == INTERRUPTED else "…"
        pieces.append((f"  {inert_line(standing.busy, 24)}{rests}", "$accent", 5))
    return pieces


def _right(standing: Standing) -> list[Piece]:
    pieces: list[Piece] = []
    if standing.model:
        pieces.append((f"  {inert_line(standing.model, 26)}", "$foreground", 7))
    if standing.autonomy is not None:
        pieces.append(_autonomy(standing))
    pieces.append((f"  {inert_line(standing.mode, 8)}", "$quiet" if standing.mode == "run" else "$accent", 2))
    if standing.tokens:
        pieces.append((f"  {short_number(standing.tokens)} tok", "$quiet", 5))
    if standing.micro_usd:
        pieces.append((f"  ${standing.micro_usd / 1_000_000:.4f}", "$quiet", 3))
    if standing.milliseconds is not None:
        pieces.append((f"  {short_time(standing.milliseconds)}", "$quiet", 8))
    return pieces


def _autonomy(standing: Standing) -> Piece:
    """The level; one that is not the contract's stands out, with the time it falls back."""
    if standing.usual_autonomy in (None, standing.autonomy):
        return f"  autonomy {standing.autonomy}", "$quiet", 4
    until = f" until {standing.until}" if standing.until else ""
    way = "raised" if (standing.autonomy or 0) > (standing.usual_autonomy or 0) else "lowered"
    return f"  autonomy {standing.autonomy} {way}{until}", "bold $warning", 1


def short_number(count: int) -> str:
    """`950`, `12.4k`, `3.1M`."""
    if count < 1_000:
        return str(count)
    return f"{count / 1_000:.1f}k" if count < 999_950 else f"{count / 1_000_000:.1f}M"


def _cells(pieces: list[Piece]) -> int:
    return sum(cell_len(text) for text, _, _ in pieces)


def _content(pieces: list[Piece]) -> Content:
    text, spans = "", list[Span]()
    for piece, style, _ in pieces:
        if style:
            spans.append(Span(len(text), len(text) + len(piece), style))
        text += piece
    return Content(text, spans)
