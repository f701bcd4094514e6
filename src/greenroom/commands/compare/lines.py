"""A comparison's table as lines for people: combinations as columns, what they came to as rows, then where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from greenroom.commands.suite.lines import letter
from greenroom.core.inert import inert_line
from greenroom.regression.compare.inputs import Spoken
from greenroom.regression.compare.journal import Row
from greenroom.regression.compare.table import Differs, Figures, Table

_GAP = "  "
_NAME_WIDTH = 24
_MOST = 20
_OUTCOMES = ("answered", "refused", "limited", "stopped")


def lines_of(found: Table, inputs: Sequence[Spoken], width: int) -> list[str]:
    """The table, what differs input by input with the sessions to look at, and what went wrong."""
    lines = [
        f"{letter(place)}  {inert_line(one.shown, max(width - 4, 20))}"
        for place, one in enumerate(found.header.combinations)
    ]
    rows = _rows(found.figures)
    for block in _blocks(rows, len(found.figures), width):
        lines += ["", *_block(rows, block)]
    return [*lines, *_differing(found, inputs, width), *_errors(found, width)]


def _rows(figures: Sequence[Figures]) -> dict[str, list[str]]:
    """Each figure by name, one cell for each combination; what is nothing everywhere is left out."""
    rows = {"runs": [f"{one.runs}/{one.asked}" for one in figures]}
    names = dict.fromkeys([*_OUTCOMES, *(name for one in figures for name in one.outcomes)])
    counted: dict[str, list[int]] = {f"turns {name}": [one.outcomes.get(name, 0) for one in figures] for name in names}
    counted |= {
        "calls denied": [one.denied for one in figures],
        "questions": [one.questions for one in figures],
        "runs failed": [one.errors for one in figures],
    }
    counted |= {
        f"calls {tool}": [one.tools.get(tool, 0) for one in figures]
        for tool in dict.fromkeys(tool for one in figures for tool in one.tools)
    }
    rows |= {name: [str(number) for number in numbers] for name, numbers in counted.items() if any(numbers)}
    rows["tokens in"] = [_count(one.usage.input_tokens) for one in figures]
    rows["tokens out"] = [_count(one.usage.output_tokens) for one in figures]
    if any(one.usage.micro_usd for one in figures):
        rows["USD"] = [f"{one.usage.usd:.4f}" for one in figures]
    rows["turn, median"] = [_time(one.median) for one in figures]
    rows["turn, p95"] = [_time(one.p95) for one in figures]
    if any(one.agreement is not None for one in figures):
        rows["repeats do the same"] = [_share(one.agreement) for one in figures]
        rows["and say the same"] = [_share(one.same_words) for one in figures]
    return rows


def _blocks(rows: Mapping[str, Sequence[str]], columns: int, width: int) -> Iterator[list[int]]:
    """Columns that fit side by side."""
    room = width - _first(rows)
    block: list[int] = []
    for place in range(columns):
        if block and sum(_wide(rows, one) + len(_GAP) for one in [*block, place]) > room:
            yield block
            block = []
        block.append(place)
    yield block


def _block(rows: Mapping[str, Sequence[str]], block: Sequence[int]) -> Iterator[str]:
    yield _GAP.join(["".ljust(_first(rows)), *(letter(place).rjust(_wide(rows, place)) for place in block)])
    for name, cells in rows.items():
        shown = inert_line(name, _NAME_WIDTH).ljust(_first(rows))
        yield _GAP.join([shown, *(cells[place].rjust(_wide(rows, place)) for place in block)])


def _first(rows: Mapping[str, Sequence[str]]) -> int:
    return max(len(inert_line(name, _NAME_WIDTH)) for name in rows)


def _wide(rows: Mapping[str, Sequence[str]], place: int) -> int:
    return max(4, *(len(cells[place]) for cells in rows.values()))


def _differing(found: Table, inputs: Sequence[Spoken], width: int) -> Iterator[str]:
    """Each input that did not go alike, and the sessions to set beside one another."""
    if len(found.header.combinations) < 2 or not found.went:
        return
    total = len(found.header.inputs)
    yield ""
    if not found.differing:
        yield f"no input differs: {total} of {total} went alike in every combination"
        return
    yield f"{len(found.differing)} of {total} inputs differ:"
    said = {one.number: " / ".join(one.turns) for one in inputs}
    for one in found.differing[:_MOST]:
        what = ", ".join(one.what)
        head = f"{one.input:>4}  "
        room = max(width - len(head) - len(what) - 2, 12)
        yield f"{head}{inert_line(said[one.input], room)}  {what}"
        yield f"      greenroom session diff {' '.join(_named(one))}"
    if len(found.differing) > _MOST:
        yield f"and {len(found.differing) - _MOST} more; --json and --csv have all"


def _named(one: Differs) -> list[str]:
    return [name for name in one.sessions if name]


def _errors(found: Table, width: int) -> Iterator[str]:
    """What kept runs from their end, each cause once."""
    causes: dict[str, list[Row]] = {}
    for row in found.settled.values():
        if row.outcome != "done":
            causes.setdefault(row.line, []).append(row)
    for line, rows in list(causes.items())[:_MOST]:
        letters = " ".join(dict.fromkeys(letter(row.combination) for row in rows))
        yield ""
        yield inert_line(f"{letters}  {rows[0].outcome}: {line}{f' ({len(rows)} runs)' if len(rows) > 1 else ''}", 400)


def _time(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    return f"{milliseconds}ms" if milliseconds < 10_000 else f"{milliseconds / 1_000:.1f}s"


def _count(number: int) -> str:
    return str(number) if number < 10_000 else f"{number / 1_000:.1f}k"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
