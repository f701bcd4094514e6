"""A suite's table as lines, as JSON and as CSV.

Invariant: the same rows give the same bytes at the same width, and nothing a spreadsheet would run stands in the CSV.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.regression.suite.matrix import Cell

if TYPE_CHECKING:
    from greenroom.regression.suite.run import Left
    from greenroom.regression.suite.table import Column, Compared, Figures

_NAME_WIDTH = 36
_GAP = "  "
_MOST_NOTED = 20
_NOT_PIPED = 120


def width() -> int:
    """How wide lines may be: the terminal, or enough where there is none."""
    return shutil.get_terminal_size((_NOT_PIPED, 24)).columns


def lines_of(found: Compared, width: int) -> list[str]:
    """The table for people: what the columns are, the cells in blocks that fit, what is best, what went wrong."""
    replayed = found.header.matrix.tier == "replay"
    lines = [*_legend(found), ""]
    for block in _blocks(found, width):
        lines += [*_block(found, block, replayed=replayed), ""]
    if not replayed:
        lines.append("each cell: passed/runs and pass^k; median time of a run, USD, tokens")
    if any(_not_made(figures) for figures in found.cells.values()):
        lines.append("-N: runs of the cell that are not made yet")
    lines += _verdict(found)
    lines += _noted(found)
    return lines


def letter(place: int) -> str:
    """A, B, ... Z, AA, AB ..."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _legend(found: Compared) -> Iterator[str]:
    matrix = found.header.matrix
    for place, (persona, model) in enumerate(found.columns):
        known = matrix.personas[persona]
        on = f" on {matrix.models[model].name}" if model else ""
        yield f"{letter(place)}  {inert_line(f'{known.label} #{known.mark}{on}')}"


def _blocks(found: Compared, width: int) -> Iterator[Sequence[Column]]:
    """Columns that fit side by side."""
    room = width - _first_width(found)
    block: list[Column] = []
    for column in found.columns:
        used = sum(_column_width(found, one) + len(_GAP) for one in [*block, column])
        if block and used > room:
            yield block
            block = []
        block.append(column)
    yield block


def _first_width(found: Compared) -> int:
    return max(len("FIXTURE"), *(len(inert_line(name, _NAME_WIDTH)) for name in found.fixtures))


def _column_width(found: Compared, column: Column) -> int:
    return max(len(text) for rows in _texts(found, column) for text in rows)


def _texts(found: Compared, column: Column) -> list[tuple[str, str]]:
    """A column's cells from its head to its total, two lines each."""
    best = " best" if found.best is not None and found.best.column == column else ""
    head = (f"{letter(found.columns.index(column))}{best}", "")
    cells = [_texts_of(found.cells.get(Cell(name, *column)), found.header.matrix.tier) for name in found.fixtures]
    return [head, *cells, _texts_of(found.totals[column], found.header.matrix.tier)]


def _texts_of(figures: Figures | None, tier: str) -> tuple[str, str]:
    if figures is None:
        return "-", ""
    counts = f"{figures.passed}/{figures.runs}"
    if figures.pass_k is not None and tier == "live":
        counts += f" ^{figures.pass_k:.2f}"
    if figures.errors:
        counts += f" {figures.errors}err"
    if missing := _not_made(figures):
        counts += f" -{missing}"
    if tier == "replay" or figures.milliseconds is None:
        return counts, ""
    return counts, f"{_time(figures.milliseconds)} {figures.micro_usd / 1_000_000:.4f} {_count(figures.tokens)}"


def _not_made(figures: Figures) -> int:
    return figures.asked - figures.runs - figures.errors


def _time(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds < 10_000 else f"{milliseconds / 1_000:.1f}s"


def _count(number: int) -> str:
    return str(number) if number < 1_000 else f"{number / 1_000:.1f}k"


def _block(found: Compared, columns: Sequence[Column], *, replayed: bool) -> Iterator[str]:
    texts = [_texts(found, column) for column in columns]
    firsts = ["FIXTURE", *(inert_line(name, _NAME_WIDTH) for name in found.fixtures), "TOTAL"]
    widths = [_first_width(found), *(_column_width(found, column) for column in columns)]
    for place, first in enumerate(firsts):
        for line in range(1 if replayed or not place else 2):
            cells = ["" if line else first, *(column[place][line] for column in texts)]
            if row := _GAP.join(text.ljust(wide) for text, wide in zip(cells, widths, strict=True)).rstrip():
                yield row


def _verdict(found: Compared) -> Iterator[str]:
    if found.best is not None:
        name = letter(found.columns.index(found.best.column))
        told = f"best: {name} passed {found.best.lead} more than the next"
        chance = f"; {found.best.against} runs of the two went against the majority of their own cell"
        yield told if found.header.matrix.tier == "replay" else told + chance
    elif found.why_none:
        yield found.why_none


def _noted(found: Compared) -> Iterator[str]:
    """What did not pass, worst fixture first, one line for each cause with the columns it came in."""
    causes: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for row, times in found.noted:
        place = found.columns.index((row.persona, row.model))
        causes.setdefault((row.fixture, row.kind, row.line), []).append((place, times))
    if causes:
        yield ""
    for (fixture, kind, line), places in list(causes.items())[:_MOST_NOTED]:
        letters = " ".join(letter(place) for place, _ in sorted(places))
        number = sum(times for _, times in places)
        told = inert_line(f"{fixture}: {kind}: {line}", 400)
        yield f"{letters}  {told}{f' ({number} times)' if number > 1 else ''}"
    if len(causes) > _MOST_NOTED:
        yield f"and {len(causes) - _MOST_NOTED} more; --json has all"


def data_of(found: Compared, left: Left) -> Json:
    """The whole comparison for programs."""
    matrix = found.header.matrix
    return {
        "suite": found.header.suite,
        "at": found.header.at,
        "tier": matrix.tier,
        "columns": [
            {
                "persona": persona,
                "label": matrix.personas[persona].label,
                "digests": matrix.personas[persona].digests,
                "model": model,
                "name": matrix.models[model].name,
                "total": _figures(found.totals[persona, model]),
            }
            for persona, model in found.columns
        ],
        "cells": [
            {**cell._asdict(), **_figures(found.cells[cell])}
            for name in found.fixtures
            for cell in (Cell(name, *column) for column in found.columns)
            if cell in found.cells
        ],
        "best": None
        if found.best is None
        else {
            "persona": found.best.column[0],
            "model": found.best.column[1],
            "lead": found.best.lead,
            "against": found.best.against,
        },
        "why_no_best": found.why_none,
        "noted": [
            {**row.run.cell._asdict(), "outcome": row.kind, "line": row.line, "times": times}
            for row, times in found.noted
        ],
        "not_made": {"unpaid": left.unpaid, "skipped": dict(left.skipped)},
    }


def _figures(one: Figures) -> dict[str, Json]:
    return {
        "asked": one.asked,
        "needed": one.needed,
        "runs": one.runs,
        "passed": one.passed,
        "errors": one.errors,
        "pass_k": one.pass_k,
        "milliseconds": one.milliseconds,
        "micro_usd": one.micro_usd,
        "tokens": one.tokens,
    }


def csv_text(found: Compared) -> str:
    """One row a cell, worst regressions first, then one a column's total."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    heads = ("asked", "needed", "runs", "passed", "errors", "pass_k", "milliseconds", "micro_usd", "tokens")
    writer.writerow(("fixture", "persona", "label", "model", *heads))
    cells = [(name, *column) for name in found.fixtures for column in found.columns]
    rows = [(cell, found.cells[Cell(*cell)]) for cell in cells if Cell(*cell) in found.cells]
    rows += [(("TOTAL", *column), found.totals[column]) for column in found.columns]
    for (fixture, persona, model), figures in rows:
        label = found.header.matrix.personas[persona].label
        texts = [no_formula(text) for text in (fixture, persona, label, found.header.matrix.models[model].name)]
        writer.writerow([*texts, *_figures(figures).values()])
    return file.getvalue()


def no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    shown = inert_line(text)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown
