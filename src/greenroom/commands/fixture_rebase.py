"""Stale fixtures run live under the persona at work, into the queue that `fixture diff` and `fixture accept` read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.fixture import exit_code
from greenroom.commands.invocation import Invocation
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.live.rebase import Rebased


async def rebase(asked: Invocation) -> Answer[list[Rebased]]:
    """Run each stale fixture live once; a model is asked, and may cost money.

    Exit 0 where each has a new tape to be reviewed, else what the outcome of those that have none means.

    Raises:
        UsageError: no such fixture or persona, a ceiling that is none, or the workspace is not trusted.
    """
    from greenroom.assembly.rebasing import rebase_all
    from greenroom.regression.live import LiveOptions
    from greenroom.regression.live.options import money

    options = LiveOptions(model=asked.text("model"), persona=asked.text("persona"), usd=money(asked.text("usd")))

    def told(one: Rebased, number: int, of: int) -> None:
        if asked.face is not None:
            asked.face.note(f"{number} of {of}: {one.name}, {one.outcome.kind}")

    found = await rebase_all(asked.workspace(), asked.words("name"), options, told)
    kept = [one for one in found if one.kept]
    lines = [_line(one) for one in found]
    if found:
        spent = sum(one.micro_usd for one in found) / 1_000_000
        lines += ["", f"{counted(len(kept), 'new tape')} to be reviewed, {spent:.4f} USD"]
    code = exit_code([one.outcome.kind for one in found if not one.kept])
    notes = [] if found else ["nothing is stale, so nothing was run"]
    notes += ["look at them: greenroom fixture diff; take them over: greenroom fixture accept"] if kept else []
    return answer(found, lines, [_data(one) for one in found], notes=notes, exit_code=code)


def _line(one: Rebased) -> str:
    line = f"{one.outcome.kind:<9} {one.name}"
    return f"{line}: {one.outcome.line}" if one.outcome.line else line


def _data(one: Rebased) -> Json:
    return {
        "name": one.name,
        "kind": one.outcome.kind,
        "line": one.outcome.line,
        "micro_usd": one.micro_usd,
        "kept": one.kept,
    }
