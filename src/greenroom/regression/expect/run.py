"""What can be judged in Python: a tape file, tape lines, a session, its records, or anything that has one of those.

Invariant: reading changes nothing; a session is told as its tape would be, so both are judged by the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, TurnFinished
from greenroom.regression.expect.beside import Beside
from greenroom.regression.expect.bounds import phrases_in
from greenroom.regression.expect.names import NOBODY, Around
from greenroom.regression.tape.facts import TurnFacts, turns_begun
from greenroom.regression.tape.tape import MAX_BYTES, Line, read
from greenroom.workspace.own_file import read_regular

__tracebackhide__ = True
"""pytest shows the line of the test that asked, not the ones in here."""
_MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Run:
    """The turns of a run, what may be looked at beside them, its lines, and which names are known beside those."""

    turns: tuple[TurnFacts, ...]
    beside: Beside
    lines: tuple[Line, ...]
    around: Around = NOBODY


def run_of(what: Any, workspace: Path | None = None, recorded: Any = None) -> Run:
    """What happened in a tape file (a path), a list of tape lines, a session, a list of records, or in an object that
    has `records` (and perhaps `contract`) or `lines`. `workspace` is where schemas are looked for; `recorded` is
    another of these to compare with, which a tape file is to itself.

    Raises:
        FileInvalid: the tape is broken.
        UsageError: it is none of these.
    """
    run = _read(what, workspace)
    if recorded is None:
        return run
    return replace(run, beside=replace(run.beside, recorded=_read(recorded, workspace).lines))


def _read(what: Any, workspace: Path | None) -> Run:
    if isinstance(what, str | Path):
        return _of_tape(Path(what), workspace)
    if hasattr(what, "records"):
        return _of_records(tuple(what.records), getattr(what, "contract", None), workspace)
    lines = getattr(what, "lines", what)
    if isinstance(lines, Sequence) and lines and hasattr(lines[0], "event"):
        return _of_records(tuple(lines), None, workspace)
    if isinstance(lines, Sequence):
        return _of_lines(tuple(lines), Beside(folder=workspace), "the lines")
    raise UsageError(
        f"{type(what).__name__} is nothing that can be judged: expect(...) takes a session, a reply of it, records, "
        "a tape's path or a tape's lines",
        code="expect.run",
    )


def _of_tape(path: Path, workspace: Path | None) -> Run:
    from greenroom.regression.tape.parts import Parts

    try:
        data = read_regular(path, MAX_BYTES, links=True)
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=str(path)) from None
    tape = read(data, path.name)
    parts = Parts(path.parent)
    persona = tape.digests.get("persona", "")
    beside = Beside(tape.events, lambda: phrases_in(parts.component(persona)), workspace or parts.workspace)
    texts = {part: text for part, name in tape.digests.items() if (text := parts.component(name))}
    listings = [parts.component(str(line["candidates"])) for line in tape.events if "candidates" in line]
    around = Around((texts,), (workspace or parts.workspace) / "knowledge", lambda: listings)
    return replace(_of_lines(tape.events, beside, path.name), around=around)


def _of_records(records: tuple[Any, ...], contract: Any, workspace: Path | None) -> Run:
    from greenroom.regression.record.telling import tell

    loaded = [record.event for record in records if isinstance(record.event, ContractLoaded)]
    lines, _ = tell(records, loaded[-1].model if loaded else "")
    took = {r.event.turn: r.event.milliseconds for r in records if isinstance(r.event, TurnFinished)}
    beside = Beside(None, lambda: _forbidden(contract, loaded), workspace, took)
    run = _of_lines(tuple(lines), beside, "the session")
    return replace(run, around=Around(_texts(contract, loaded), workspace and workspace / "knowledge"))


def _texts(contract: Any, loaded: Sequence[ContractLoaded]) -> list[Mapping[str, str]]:
    """The texts of every contract that governed the session, the last one first."""
    by_digest = {digest: text for event in loaded for digest, text in event.texts.items()}
    found = [{part: by_digest.get(digest, "") for part, digest in event.digests.items()} for event in reversed(loaded)]
    return [contract.texts, *found] if contract is not None else list(found)


def _forbidden(contract: Any, loaded: Sequence[ContractLoaded]) -> Sequence[str]:
    """What the voice never uses, by the session's contract, or else by the text its log has of it."""
    if contract is not None:
        return tuple(contract.persona.voice.never)
    texts = {digest: text for event in loaded for digest, text in event.texts.items()}
    return phrases_in(texts.get(loaded[-1].digests.get("persona", ""), "") if loaded else "")


def _of_lines(lines: tuple[Line, ...], beside: Beside, name: str) -> Run:
    try:
        return Run(tuple(turns_begun(lines)), beside, lines)
    except _MALFORMED:
        raise FileInvalid("not lines of a tape", where=name, code="tape.malformed") from None
