"""The name that an export offers: what the session was about, in words of the workspace, and free.

Invariant: what people said never gets into it: it leaves the machine, and nothing masks a file's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import PurePosixPath

from greenroom.core.events import (
    ApprovalRequested,
    ContextSelected,
    ContractLoaded,
    Record,
    ToolStarted,
    VerdictReached,
)
from greenroom.workspace.layout import Workspace

_LONGEST = 40


def free_name(workspace: Workspace, records: Sequence[Record]) -> str:
    """A name no fixture has yet."""
    from greenroom.regression.find import tapes_in

    words = (re.findall(r"[a-z0-9]+", subject.lower()) for subject in _subjects(records))
    name = next(found for one in words if (found := "-".join(one)[:_LONGEST].strip("-")))
    taken = tapes_in(workspace.fixtures)
    return next(one for one in chain([name], (f"{name}-{place}" for place in count(2))) if one not in taken)


def _subjects(records: Sequence[Record]) -> Iterator[str]:
    """The tool a person was asked about first, the one that ran last, a rule that stepped in, the document that came
    first, the persona.
    """
    events = [record.event for record in records]
    yield from [event.card.call.tool for event in events if isinstance(event, ApprovalRequested)][:1]
    yield from [event.tool for event in events if isinstance(event, ToolStarted)][-1:]
    verdicts = [event.verdict for event in events if isinstance(event, VerdictReached)]
    yield from [verdict.rule for verdict in verdicts if verdict.effect != "allow" and "." in verdict.rule][:1]
    found = [event.passages[0] for event in events if isinstance(event, ContextSelected) and event.passages]
    yield from (PurePosixPath(one.partition(":")[0]).stem for one in found[:1])
    yield from (event.persona for event in events if isinstance(event, ContractLoaded))
    yield "session"
