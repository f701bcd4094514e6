"""An escalation package in plain lines and as data, with the text of its runbook.

Invariant: only documents inside the workspace are read, and none of its state, whatever a rule names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from greenroom.commands.answer import counted
from greenroom.commands.live.narrate import as_json
from greenroom.core.errors import GreenroomError
from greenroom.core.inert import inert, inert_line
from greenroom.core.values import Json
from greenroom.views.people.escalation import Package
from greenroom.views.turns.tools import CallView
from greenroom.workspace.layout import STATE_FOLDER, Workspace
from greenroom.workspace.own_file import read_own

_LONGEST_RUNBOOK = 8_000
_WIDE = 300
_MOST_EARLIER = 20


def package_lines(workspace: Workspace, found: Package) -> list[str]:
    """Who wants what, on what evidence, what was tried now and before, what is open, and what to do about it; goes below the card."""
    return [
        f"== escalated to {inert_line(found.role)}, because {inert_line(found.because)} ==",
        f"session {inert_line(found.session)}, turn {found.turn}, {inert_line(found.persona)}@{inert_line(found.version)}",
        f"the user said: {inert_line(found.words, _WIDE)}",
        *_evidence(found),
        *_tried(found),
        *_earlier(found),
        f"open: {inert_line(found.question, _WIDE)}",
        *_runbook(workspace, found.runbook),
    ]


def package_data(workspace: Workspace, found: Package) -> dict[str, Json]:
    """The same for programs."""
    return {
        "session": found.session,
        "persona": f"{found.persona}@{found.version}",
        "turn": found.turn,
        "words": found.words,
        "role": found.role,
        "because": found.because,
        "evidence": {
            "verdict": found.card.verdict.model_dump(mode="json"),
            "origin": list(found.card.origin),
            "passages": [one.model_dump(mode="json") for one in found.passages],
            "memories": [one.model_dump(mode="json") for one in found.memories],
        },
        "tried": [_call_data(one) for one in found.tried],
        "earlier": [{"turn": turn, **_call_data(one)} for turn, one in found.earlier],
        "question": found.question,
        "runbook": {"named": found.runbook, "text": runbook_text(workspace, found.runbook)},
    }


def runbook_text(workspace: Workspace, named: str) -> str:
    """The text of a document of the workspace, or of its `knowledge/`, that a rule names; '' where it names none."""
    if not named or len(named) > 200 or "\n" in named:
        return ""
    return next(filter(None, (_document(folder, named) for folder in (workspace.root, workspace.knowledge))), "")


def _document(folder: Path, named: str) -> str:
    path = folder / named
    try:
        real = path.resolve()
        if not real.is_relative_to(folder.resolve()) or STATE_FOLDER in real.parts:
            return ""
        return read_own(path)[:_LONGEST_RUNBOOK].decode("utf-8", "replace")
    except (OSError, ValueError, GreenroomError):  # no such document: the words themselves are the runbook
        return ""


def _evidence(found: Package) -> Iterator[str]:
    """What the model had read; the verdict with its clauses and findings is on the card."""
    yield "evidence:" if found.passages or found.memories else "evidence: no passage and no memory"
    for number, passage in enumerate(found.passages, 1):
        yield f"  passage [{number}] {inert_line(passage.label)}: {inert_line(passage.text, _WIDE)}"
    for memory in found.memories:
        yield f"  memory {inert_line(memory.id)} in {inert_line(memory.segment)}: {inert_line(memory.text, _WIDE)}"


def _tried(found: Package) -> Iterator[str]:
    yield "tried in this turn:" if found.tried else "tried in this turn: nothing else"
    for one in found.tried:
        yield from _call(one, "  ")


def _earlier(found: Package) -> Iterator[str]:
    """The same tool's calls in the turns before; of very many, the last."""
    if not found.earlier:
        return
    left_out = len(found.earlier) - _MOST_EARLIER
    yield f"{inert_line(found.card.call.tool)} in earlier turns of this session:"
    if left_out > 0:
        yield f"  {counted(left_out, 'call')} before these"
    for turn, one in found.earlier[-_MOST_EARLIER:]:
        yield from _call(one, f"  turn {turn}: ")


def _call(one: CallView, head: str) -> Iterator[str]:
    """A call as it ran, and what came of it."""
    given = one.ran_with if one.ran_with is not None else one.call.arguments
    denied = f", {one.verdict} by {one.rule}" if one.verdict not in ("", "allow") else ""
    answered = f", answered {one.answer}" if one.answer else ""
    came = one.error or as_json(one.output)
    yield f"{head}{inert_line(f'{one.call.tool} {as_json(given)}', _WIDE)}"
    yield f"    {one.status}{inert_line(denied)}{answered}: {inert_line(came, _WIDE)}"


def _runbook(workspace: Workspace, named: str) -> Iterator[str]:
    if not named:
        return
    text = runbook_text(workspace, named)
    yield f"runbook: {inert_line(named, _WIDE)}"
    yield from (f"  {line}" for line in inert(text).splitlines())


def _call_data(one: CallView) -> dict[str, Json]:
    return {
        "tool": one.call.tool,
        "arguments": one.ran_with if one.ran_with is not None else one.call.arguments,
        "verdict": one.verdict,
        "rule": one.rule,
        "answer": one.answer,
        "status": one.status,
        "output": one.output,
        "error": one.error,
    }
