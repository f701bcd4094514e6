"""A comparison for programs: JSON with everything, and CSV with a row for each run.

Invariant: nothing a spreadsheet would run stands in the CSV; a file is written whole or not at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import orjson

from greenroom.commands.suite.lines import no_formula
from greenroom.core.values import Json
from greenroom.regression.compare.inputs import Spoken
from greenroom.regression.compare.journal import Row, Run
from greenroom.regression.compare.table import Differs, Figures, Table, Went

_HEADS = (
    *("input", "text", "persona", "model", "policy", "repeat", "outcome", "session", "turns", "reply"),
    *("tools", "denied", "questions", "input_tokens", "output_tokens", "usd", "milliseconds", "line"),
)


def write_outputs(found: Table, inputs: Sequence[Spoken], file: str, folder: str) -> None:
    """Write what was asked for beside the table.

    Raises:
        DiskFailed: it could not be written.
    """
    from greenroom.commands.compare.lines import lines_of
    from greenroom.regression.tape.parts import write_whole

    if file:
        write_whole(Path(file), csv_text(found, inputs).encode())
    if folder:
        write_whole(Path(folder) / "runs.csv", csv_text(found, inputs).encode())
        write_whole(Path(folder) / "comparison.json", orjson.dumps(data_of(found, inputs), option=orjson.OPT_INDENT_2))
        write_whole(Path(folder) / "table.txt", ("\n".join(lines_of(found, inputs, 100)) + "\n").encode())


def data_of(found: Table, inputs: Sequence[Spoken]) -> dict[str, Json]:
    """The whole comparison."""
    header = found.header
    return {
        "comparison": header.name,
        "at": header.at,
        "approve": header.approve,
        "repeat": header.repeat,
        "combinations": [
            {**one.model_dump(mode="json"), **_figures(figures)}
            for one, figures in zip(header.combinations, found.figures, strict=True)
        ],
        "inputs": [{"input": one.number, "turns": list(one.turns)} for one in inputs],
        "differing": [_differs(one) for one in found.differing],
        "runs": [_run(run, row, found.went.get(run)) for run, row in sorted(found.settled.items())],
        "not_made": sum(1 for run in header.runs() if run not in found.settled),
    }


def csv_text(found: Table, inputs: Sequence[Spoken]) -> str:
    """One row a run, in the order of inputs, combinations and repeats."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEADS)
    said = {one.number: " / ".join(one.turns) for one in inputs}
    for run, row in sorted(found.settled.items()):
        asked = found.header.combinations[run.combination]
        data = _run(run, row, found.went.get(run))
        cells = {
            **data,
            "text": said.get(run.input, ""),
            "persona": asked.label,
            "model": asked.name,
            "policy": Path(asked.policy).name if asked.policy else "",
            "turns": len(data["replies"]),
            "reply": " / ".join(data["replies"]),
            "tools": " ".join(data["tools"]),
            "outcome": " ".join(data["outcomes"]) or row.outcome,
        }
        writer.writerow([no_formula(cells[head]) if isinstance(cells[head], str) else cells[head] for head in _HEADS])
    return file.getvalue()


def _figures(one: Figures) -> dict[str, Json]:
    return {
        "asked": one.asked,
        "runs": one.runs,
        "errors": one.errors,
        "outcomes": dict(one.outcomes),
        "denied": one.denied,
        "questions": one.questions,
        "tools": dict(one.tools),
        "input_tokens": one.usage.input_tokens,
        "output_tokens": one.usage.output_tokens,
        "usd": one.usage.usd,
        "median_milliseconds": one.median,
        "p95_milliseconds": one.p95,
        "agreement": one.agreement,
        "same_words": one.same_words,
    }


def _differs(one: Differs) -> dict[str, Json]:
    return {"input": one.input, "what": list(one.what), "sessions": [name or None for name in one.sessions]}


def _run(run: Run, row: Row, went: Went | None) -> dict[str, Json]:
    turns = went.turns if went else ()
    calls = [call for turn in turns for call in turn.calls]
    return {
        "input": run.input,
        "combination": run.combination,
        "repeat": run.repeat,
        "outcome": row.outcome,
        "session": row.session,
        "line": row.line,
        "outcomes": [turn.outcome for turn in turns],
        "replies": [turn.reply for turn in turns],
        "tools": [call.tool for call in calls],
        "denied": sum(call.status == "denied" for call in calls),
        "questions": sum(len(call.asked) for call in calls) + sum(len(turn.asked) for turn in turns),
        "input_tokens": went.usage.input_tokens if went else 0,
        "output_tokens": went.usage.output_tokens if went else 0,
        "usd": row.micro_usd / 1_000_000,
        "milliseconds": went.milliseconds if went else 0,
    }
