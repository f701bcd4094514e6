"""How far a judge can be relied on: its verdicts on labelled replies beside those of people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Face, Invocation
from greenroom.core.errors import UsageError
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.judge.agreement import Agreement, Judged

_WIDEST = 70
_VOTES = 3


async def judge(asked: Invocation) -> Answer[Agreement]:
    """Judge labelled replies by a rubric and say where judge and people differ; exit 1 where they agree on none.

    Raises:
        UsageError: the number of votes is not one, or the workspace is not trusted.
        FileInvalid: the rubric or the labelled replies cannot be read.
        ServiceUnavailable: the judging model cannot be used now.
    """
    from greenroom.assembly.judging import judging_model
    from greenroom.regression.judge.agreement import agreement, read_labelled
    from greenroom.regression.judge.rubric import MOST_VOTES, read_rubric

    workspace, votes = asked.workspace(), asked.number("votes")
    votes = _VOTES if votes is None else votes
    if not 1 <= votes <= MOST_VOTES:
        raise UsageError(f"--votes {votes} is not a number of votes", hint=f"1 to {MOST_VOTES}")
    rubric = read_rubric(workspace.root, asked.text("rubric"))
    labelled = read_labelled(Path(asked.text("labelled")), asked.text("labelled"))
    model = judging_model(workspace, asked.text("model"))
    try:
        found = await agreement(model, rubric, labelled, votes=votes, seen=lambda one: _progress(asked.face, one))
    finally:
        await model.aclose()
    return answer(found, [*_rows(found), *_counts(found)], _data(found), exit_code=0 if found.decided else 1)


def _progress(face: Face | None, one: Judged) -> None:
    if face is not None:
        said = {True: "agrees", False: "differs", None: "says nothing"}[one.agrees]
        face.note(f"  line {one.line}  {said}")


def _rows(found: Agreement) -> list[str]:
    """Where the two differ, and where the judge said nothing."""
    rows = [
        (one.line, one.labelled.id, one.labelled.label, _said(one), one.labelled.reply, one.judgement.reason)
        for one in found.judged
        if one.agrees is not True
    ]
    lines = table(("line", "id", "person", "judge", "reply", "why the judge says so"), rows, _WIDEST)
    return [*lines, ""] if lines else []


def _counts(found: Agreement) -> list[str]:
    counts = found.table()
    lines = [f"{counted(len(found.judged), 'reply')} judged, {len(found.decided)} decided"]
    if found.undecided:
        lines[0] += f", {len(found.undecided)} left undecided: their votes could not be read"
    if found.raw is not None:
        agreed = len(found.decided) - len(found.disagreements)
        lines.append(f"raw agreement  {found.raw:.2f}  ({agreed} of {len(found.decided)})")
    if found.kappa is not None:
        lines.append(f"Cohen's kappa  {found.kappa:.2f}  (1 is perfect, 0 is what chance alone would give)")
    elif found.decided:
        lines.append("Cohen's kappa  none: people or judge say the same of every reply, so chance explains it all")
    rows = [(f"person {who}", counts[who, "pass"], counts[who, "fail"]) for who in ("pass", "fail")]
    return [*lines, "", *table(("", "judge pass", "judge fail"), rows)]


def _said(one: Judged) -> str:
    return "undecided" if one.judgement.undecided else "pass" if one.judgement.passed else "fail"


def _data(found: Agreement) -> Json:
    return {
        "raw_agreement": found.raw,
        "kappa": found.kappa,
        "judged": len(found.judged),
        "undecided": len(found.undecided),
        "table": [{"person": person, "judge": said, "count": n} for (person, said), n in found.table().items()],
        "micro_usd": found.usage.micro_usd,
        "replies": [
            {
                "line": one.line,
                "id": one.labelled.id,
                "person": one.labelled.label,
                "judge": _said(one),
                "agrees": one.agrees,
                "reason": one.judgement.reason,
                "votes": [{"passed": vote.passed, "reason": vote.reason} for vote in one.judgement.votes],
            }
            for one in found.judged
        ],
    }
