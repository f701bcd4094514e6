"""Plain text broken into rows of cells, fast enough to repeat twenty times a second.

Invariant: no row is wider than asked (but for one wide character in a column narrower than itself), and joining the
rows gives the text again, save white space where it was broken.
"""

from __future__ import annotations

from rich.cells import cell_len, chop_cells


def wrap(text: str, width: int) -> list[str]:
    """The rows of `text` at `width` cells; an empty line is an empty row. Tabs become four spaces."""
    width = max(width, 1)
    rows: list[str] = []
    for line in text.expandtabs(4).split("\n"):
        if len(line) <= width and (line.isascii() or cell_len(line) <= width):
            rows.append(line)
        elif line.isascii():
            rows.extend(_narrow(line, width))
        else:
            rows.extend(_wide(line, width))
    return rows


def _narrow(line: str, width: int) -> list[str]:
    """A line of one-cell characters: break at the last space that fits, keep the indent."""
    rows: list[str] = []
    start, size = 0, len(line)
    while size - start > width:
        space = line.rfind(" ", start + 1, start + width + 1)
        if space <= start or not line[start:space].strip():
            rows.append(line[start : start + width])
            start += width
        else:
            rows.append(line[start:space])
            start = space + 1
    return [*rows, line[start:]]


def _wide(line: str, width: int) -> list[str]:
    """A line with wide or joined characters, word by word."""
    rows: list[str] = []
    row, used = "", 0
    for word in line.split(" "):
        cells = cell_len(word)
        if row and used + 1 + cells <= width:
            row, used = f"{row} {word}", used + 1 + cells
            continue
        if row:
            rows.append(row)
        *full, row = chop_cells(word, width) if cells > width else [word]
        rows.extend(full)
        used = cell_len(row)
    return [*rows, row]
