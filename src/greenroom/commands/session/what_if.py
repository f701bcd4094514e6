"""What would have been otherwise in a recorded turn, without asking a model: `session what-if`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.live.reloading import flip_line
from greenroom.commands.session.request_lines import lines_of
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.values import Json
from greenroom.views.prompt.request_diff import request_diff, request_size

if TYPE_CHECKING:
    from greenroom.assembly.past.what_if import WhatIf
    from greenroom.core.events import Record
    from greenroom.regression.flips import Flips
    from greenroom.regression.what_if import Given, Otherwise
    from greenroom.workspace.layout import Workspace

_MOST = 60
"""Lines of a prompt's difference that are shown; the JSON has all."""


async def what_if(asked: Invocation) -> Answer[WhatIf]:
    """Say which passages, which prompt and which verdicts a turn would have had otherwise. Nothing is run or written.

    Exit 0 where nothing would be otherwise, 1 where something would.

    Raises:
        UsageError: no such session, turn, call, passage or setting.
        FileInvalid: a policy file is broken.
        LogDamaged: the session does not verify.
    """
    from greenroom.assembly import read_session
    from greenroom.assembly.past.what_if import what_if as ask
    from greenroom.views.fold import fold_all
    from greenroom.views.prompt.transcript import EMPTY, fold

    workspace = asked.workspace()
    records = read_session(workspace, asked.text("session"))
    turn = asked.number("turn") or len(fold_all(fold, EMPTY, records).all())
    otherwise = _otherwise(asked, records, turn)
    found = await ask(workspace, records, turn, asked.number("call") or 1, otherwise)
    flips = await asyncio.to_thread(flips_under, workspace, records, asked.text("policy"))
    changes = found.before.request != found.after.request or bool(flips.flips)
    return answer(found, _lines(found, flips), _data(found, flips), notes=_notes(found), exit_code=int(changes))


def _otherwise(asked: Invocation, records: Sequence[Record], turn: int) -> Otherwise:
    from greenroom.regression.what_if import Otherwise, named_in

    return Otherwise(
        without=frozenset(named_in(records, turn, word) for word in asked.words("without")),
        top_k=asked.number("top_k"),
        min_score=_share(asked.text("min_score")),
        budget_chars=asked.number("budget_chars"),
        collections=tuple(asked.words("collection")) or None,
    )


def _share(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"'{text}' is no score", hint="from 0 to 1, such as 0.2", code="what_if.setting") from None


def flips_under(workspace: Workspace, records: Sequence[Record], file: str = "") -> Flips:
    """The past verdicts under `file`, or under the policies as they are on disk now. Blocks, with a loop of its own.

    Raises:
        FileInvalid: `file` is broken; of what is on disk that is said in `problem`.
    """
    from pathlib import Path

    from greenroom.assembly.past.recorded import Candidates, flips
    from greenroom.regression.flips import Flips

    candidates = Candidates(workspace, {file: Path(file)} if file else {})
    try:
        return flips(records, candidates.with_file(file, records) if file else candidates.on_disk(records))
    except (UsageError, FileInvalid) as error:
        if file:
            raise
        return Flips("", problem=error.line())


def _lines(found: WhatIf, flips: Flips) -> Iterator[str]:
    old, new = request_size(found.before.request), request_size(found.after.request)
    yield f"turn {found.turn}, call {found.call}: about {old} tokens, would be {new} ({new - old:+d})"
    yield from _passages(found)
    yield from _prompt(found)
    yield ""
    if flips.problem:
        yield f"verdicts: could not be compared ({flips.problem})"
        return
    yield f"verdicts: {len(flips.flips)} of {flips.decisions} would differ"
    yield from (f"  {flip_line(flip)}" for flip in flips.flips)


def _passages(found: WhatIf) -> Iterator[str]:
    yield ""
    yield from table(["", "was", "would be", "id", "passage or memory", "why not"], _rows(found))


def _rows(found: WhatIf) -> Iterator[tuple[str, ...]]:
    """Every passage and memory that is in one of the prompts, or was left out of both last."""
    sides = [(side, places(side)) for side in (found.before, found.after)]
    labels = {one.id: one.label for side, _ in sides for one in side.candidates}
    labels |= {one.id: one.text for side, _ in sides for one in side.memories}
    for key in dict.fromkeys([*sides[0][1], *sides[1][1]]):
        was, would = (places.get(key, "-") for _, places in sides)
        sign = "-" if would == "-" else "+" if was == "-" else " "
        why = found.after.chosen.dropped.get(key, "left out") if would == "-" else ""
        yield sign, was, would, key, labels.get(key, ""), why


def places(side: Given) -> dict[str, str]:
    """The place of each passage in the prompt, as it is cited, and `memory` of each memory."""
    places = {key: f"[{place}]" for place, key in enumerate(side.chosen.passages, 1)}
    return {**places, **dict.fromkeys(side.chosen.memories, "memory")}


def _prompt(found: WhatIf) -> Iterator[str]:
    diff = request_diff(found.before.request, found.after.request)
    lines = list(lines_of(diff)) if not diff.same else ["the prompt would be the same"]
    yield from ["", *lines[:_MOST]]
    if len(lines) > _MOST:
        yield f"({counted(len(lines) - _MOST, 'more line')}; --json has all)"


def _notes(found: WhatIf) -> list[str]:
    return [*found.after.told, *([] if found.before.request == found.after.request else ["no model was asked"])]


def _data(found: WhatIf, flips: Flips) -> Json:
    def side(given: Given) -> Json:
        return {
            "tokens": request_size(given.request),
            "passages": list(given.chosen.passages),
            "memories": list(given.chosen.memories),
            "dropped": dict(given.chosen.dropped),
            "messages": [message.model_dump(mode="json") for message in given.request.messages],
        }

    return {
        "turn": found.turn,
        "call": found.call,
        "was": side(found.before),
        "would_be": side(found.after),
        "verdicts": {
            "decisions": flips.decisions,
            "problem": flips.problem,
            "flips": [
                {
                    "turn": flip.turn,
                    "step": flip.step,
                    "hook": flip.question.hook,
                    "subject": flip.question.subject,
                    "was": flip.outcomes()[0],
                    "would_be": flip.outcomes()[1],
                    "looser": flip.looser,
                }
                for flip in flips.flips
            ],
        },
    }
