"""A session exported as a fixture: tape, case and parts, with what is private replaced by placeholders.

Invariant: nothing of the session reaches the folder unredacted, and no file a person may have edited is written over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greenroom.core.canonical import digest
from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded, Record, TurnFinished
from greenroom.engine.contract import Contract
from greenroom.policy.port import Policy
from greenroom.regression.case import case_path
from greenroom.regression.parts import Parts, part_name, write_whole
from greenroom.regression.proposing import case_text
from greenroom.regression.redaction import Redaction, redacted
from greenroom.regression.sealed import SESSION, session_digest
from greenroom.regression.tape import SUFFIX, Line, Tape, write
from greenroom.regression.telling import tell

COVERED = frozenset({"other_tools"})
"""Components of a log that a tape does without: the digest of the policy covers them."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A tape, the texts that go beside it by part name, and what was replaced on the way."""

    tape: Tape
    texts: Mapping[str, str]
    redactions: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote. `command` is the line that replays it; `case` is left alone where it existed."""

    tape: Path
    case: Path
    parts: tuple[Path, ...]
    redactions: tuple[Redaction, ...]
    command: str
    case_kept: bool = False


def record(records: Sequence[Record], policy: Policy) -> Recorded:
    """The tape of a session's finished turns.

    Raises:
        UsageError: no turn has ended, or the persona changed between turns.
        CheckFailed: the policy's export hook forbids it.
    """
    if not any(isinstance(r.event, TurnFinished) for r in records):
        raise UsageError("no turn of this session has ended yet", hint="finish one, then export", code="export.empty")
    loaded = _contract_of(records)
    clean, redactions = redacted(records, policy)
    lines, texts = tell(clean, loaded.model)
    governing = {name: full for name, full in loaded.digests.items() if name not in COVERED}
    digests = {name: part_name(full) for name, full in governing.items()}
    digests |= recorded_digests(lines)
    header: Line = {"persona": f"{loaded.persona}@{loaded.version}", "model": loaded.model}
    header["digests"] = dict(sorted(digests.items()))
    known = {full: text for r in records if isinstance(r.event, ContractLoaded) for full, text in r.event.texts.items()}
    components = {part_name(full): known[full] for full in governing.values() if full in known}
    return Recorded(Tape(header, tuple(lines)), {**components, **texts}, redactions)


def recorded_digests(lines: Sequence[Line]) -> dict[str, str]:
    """Digests of the recorded world: `corpus` over the candidates, `memory` over what was recalled and not written,
    `session` over everything.
    """
    passages = [str(line["candidates"]) for line in lines if "candidates" in line]
    written = {line["write"] for line in lines if "write" in line}
    memories = sorted(
        [str(line["segment"]), str(line.get("key", "")), str(line["text"])]
        for line in lines
        if "memory" in line and line["memory"] not in written
    )
    return {
        "corpus": part_name(digest(passages)),
        "memory": part_name(digest(memories)),
        SESSION: session_digest(lines),
    }


def export(
    records: Sequence[Record],
    contract: Contract,
    folder: Path,
    name: str,
    *,
    why: str = "",
    expect: Literal["good", "bad", "observe"] = "good",
    tags: Sequence[str] = (),
    replace: bool = False,
) -> Exported:
    """Write `<name>.tape.jsonl`, `<name>.case.toml` and their parts into `folder` (a workspace's `fixtures`).

    Raises:
        UsageError: the name is not usable, a tape of that name exists and `replace` is not set, or see `record`.
        CheckFailed: the policy's export hook forbids it.
        DiskFailed: a file could not be written; none is half there.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be a fixture's name", hint="small letters, digits, '-', '_' and '.'", code="export.name"
        )
    tape_path = folder / f"{name}{SUFFIX}"
    if tape_path.exists() and not replace:
        raise UsageError(f"{tape_path} exists", hint="choose another name, or --replace", code="export.exists")
    made = record(records, contract.policy)
    parts = Parts(folder).write(made.texts)
    write_whole(tape_path, write(made.tape))
    case = case_path(tape_path)
    kept = case.exists()
    if not kept:
        write_whole(case, case_text(name, why, expect, tags, made.tape.events).encode())
    return Exported(tape_path, case, parts, made.redactions, f"pytest {_quoted(tape_path)}", kept)


def _contract_of(records: Sequence[Record]) -> ContractLoaded:
    """What governed every turn of the session.

    Raises:
        UsageError: it was not the same for all of them.
    """
    governing: list[ContractLoaded] = []
    last: ContractLoaded | None = None
    for item in records:
        if isinstance(item.event, ContractLoaded):
            last = item.event
        elif isinstance(item.event, TurnFinished) and last is not None:
            governing.append(last)
    if not governing:
        raise UsageError("this session's log names no persona", code="export.contract")
    if len({(event.model, *sorted(event.digests.items())) for event in governing}) > 1:
        raise UsageError(
            "the persona, its policy or its model changed during this session",
            hint="fork it where they changed and export one life of it",
            code="export.mixed",
        )
    return governing[-1]


def _quoted(path: Path) -> str:
    text = str(path)
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text) else "'" + text.replace("'", "'\"'\"'") + "'"
