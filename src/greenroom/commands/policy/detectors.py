"""The detectors listed, and measured on labelled texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.persona.chosen import chosen, split
from greenroom.core.errors import UsageError
from greenroom.core.values import Json
from greenroom.workspace.find import find

if TYPE_CHECKING:
    from greenroom.detectors.corpus import Score
    from greenroom.policy.files.finding_kinds import OwnKind


def detectors(asked: Invocation) -> Answer[tuple[Score, ...]]:
    """Every detector with what it finds; with `--corpus`, how well it does there.

    Raises:
        FileInvalid: a policy file or a corpus is broken.
        UsageError: `--write` without `--corpus`, or the file cannot be written.
    """
    own = _own(asked)
    if folder := asked.text("corpus"):
        return _measured(asked, Path(folder), own)
    if asked.text("write"):
        raise UsageError("--write needs --corpus", hint="name the folder with the labelled texts")
    return _listed(own)


def _listed(own: tuple[OwnKind, ...]) -> Answer[tuple[Score, ...]]:
    from greenroom.detectors.about import ABOUT, LIMITS
    from greenroom.detectors.find import LABELS

    rows = [(kind, "built in", f"‹{LABELS[kind]}#1›", about) for kind, about in ABOUT.items()]
    rows += [(one.spec.id, one.policy, f"‹{one.spec.label}#1›", one.spec.why) for one in own]
    lines = [*table(("kind", "from", "mask", "finds"), rows), "", "Not found:", *(f"- {limit}" for limit in LIMITS)]
    data: list[dict[str, Json]] = [
        {"kind": kind, "from": source, "mask": mask, "finds": about} for kind, source, mask, about in rows
    ]
    for row, one in zip(data[len(ABOUT) :], own, strict=True):
        reach = one.detector.reach
        row |= {"pattern": one.spec.pattern, "where": one.where, "tests": len(one.spec.test), "held_in_streams": reach}
    return answer((), lines, {"detectors": data, "not_found": list(LIMITS)})


def _measured(asked: Invocation, folder: Path, own: tuple[OwnKind, ...]) -> Answer[tuple[Score, ...]]:
    from greenroom.core.clock import SystemClock
    from greenroom.detectors import report
    from greenroom.detectors.corpus import measure, read_corpora
    from greenroom.detectors.find import KINDS
    from greenroom.detectors.own import OwnDetectors

    made = OwnDetectors(tuple(one.detector for one in own))
    samples = read_corpora(folder, (*KINDS, *made.labels))
    scores = measure(samples, SystemClock(), made)
    notes = []
    if target := asked.text("write"):
        _write(Path(target), report.document(samples, scores, made.detectors))
        notes.append(f"written: {target}")
    lines = table(report.HEADERS, report.rows(scores))
    return answer(scores, lines, {"texts": len(samples), "kinds": report.data(scores)}, notes=notes)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _own(asked: Invocation) -> tuple[OwnKind, ...]:
    """The detectors of the policies of a persona; none outside a workspace, where the built-in ones are all there is."""
    from greenroom.persona.load import load_persona
    from greenroom.policy.files.finding_kinds import own_kinds
    from greenroom.policy.load import load_file, policy_paths, read_source

    if not (asked.text("workspace") or asked.text("persona") or find(Path())):
        return ()
    workspace = asked.workspace()
    persona = load_persona(workspace, *split(chosen(workspace, asked.text("persona")))).persona
    paths = policy_paths(workspace.policies, persona.policy.files)
    return own_kinds([load_file(read_source(path, workspace.root)) for path in paths])
