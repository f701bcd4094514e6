"""A session exported as a fixture: tape, case and parts, with what is private replaced by placeholders.

Invariant: nothing of the session reaches the folder unredacted, and no file a person may have edited is written over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.events import ContractLoaded, Record, TurnAbandoned, TurnFinished, TurnStarted
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import parse
from greenroom.engine.contract import Contract
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy
from greenroom.regression.case import Case, case_path
from greenroom.regression.record.changed import changed_in, require_own
from greenroom.regression.record.governing import changed_within, given_up_otherwise, governing, one_contract, same
from greenroom.regression.record.holding import with_facts
from greenroom.regression.record.levels import with_levels
from greenroom.regression.record.proposal import USUAL, Proposal, case_of
from greenroom.regression.record.proposing import proposals
from greenroom.regression.record.redaction import Redaction, redacted
from greenroom.regression.record.telling import tell
from greenroom.regression.replay.placeholders.deciding import unheld
from greenroom.regression.replay.placeholders.held import with_verdicts
from greenroom.regression.tape.own import kept_of
from greenroom.regression.tape.own import told as own_told
from greenroom.regression.tape.parts import FOLDER as PARTS
from greenroom.regression.tape.parts import Parts, part_name, write_whole
from greenroom.regression.tape.replaced import REPLACED, in_order, put_in
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import OWN, SUFFIX, Line, Tape, sealed, write
from greenroom.regression.tape.under_test import TAKEN_OVER, Stretch, named, under_test, written

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A tape, the texts that go beside it by part name, and what was replaced on the way."""

    tape: Tape
    texts: Mapping[str, str]
    redactions: tuple[Redaction, ...]

    @property
    def held(self) -> int:
        """How many decisions it holds something about, because a value they read became a placeholder."""
        return sum("held" in line for line in self.tape.events)


Replays = Callable[[Recorded, Sequence[Record], ContractLoaded], str | None]
"""How a tape that was made of these records goes otherwise when it is replayed under what governed it, in one line; '' if
it goes as recorded, None if that cannot be said.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote. `command` is the line that replays it; `case` is left alone where it existed. `own` says what
    the tape brings along of a variant's own settings.
    """

    tape: Path
    case: Path
    parts: tuple[Path, ...]
    redactions: tuple[Redaction, ...]
    command: str
    case_kept: bool = False
    own: str = ""
    held: int = 0


def record(
    records: Sequence[Record],
    policy: Policy,
    turns: Stretch | None = None,
    behind: Collection[str] = (),
    replays: Replays | None = None,
) -> Recorded:
    """The tape of a session's finished turns, or of a range of them with the turns before it as their context. `behind`
    are placeholders that stood for a value before the session began.

    A context may have run under another contract than the range; what comes after the range is cut. Where the policy
    changed in the middle of a turn, `replays` says whether the tape goes as recorded all the same.

    Raises:
        UsageError: no turn has ended, there are no such turns, the persona changed between those of the range, or the
            policy did in the middle of one and it goes otherwise under the later one, or might.
        CheckFailed: the policy's export hook forbids it.
    """
    by_turn = governing(records)
    first, last = turns or _all_turns(records, by_turn)
    _require_turns(records, by_turn, first, last)
    loaded = one_contract(by_turn, (first, last))
    records = until(records, last)
    made = _recorded(records, policy, by_turn, loaded, (first, last), behind)
    if changed := changed_in(records, by_turn, (first, last)):
        require_own(records, by_turn, changed, loaded, replays(made, records, loaded) if replays is not None else None)
    return made


def _recorded(
    records: Sequence[Record],
    policy: Policy,
    by_turn: Mapping[int, ContractLoaded],
    loaded: ContractLoaded,
    turns: Stretch,
    behind: Collection[str],
) -> Recorded:
    first, last = turns
    policy = unheld(policy)
    clean, redactions = redacted(records, policy)
    placeholders = put_in(records, clean) if redactions else []
    taken_over = first > 1 and _other_contract_before(records, by_turn, loaded, first)
    lines, texts = tell(with_levels(clean, loaded.autonomy, first - 1 if taken_over else 0), loaded.model)
    if isinstance(policy, RulePolicy):
        lines = with_facts(lines, records, clean, policy, placeholders, behind)
    else:
        lines = with_verdicts(lines, records, clean)
    digests = {name: part_name(full) for name, full in loaded.digests.items()}
    digests |= recorded_digests(lines)
    header: Line = {"persona": f"{loaded.persona}@{loaded.version}", "model": loaded.model}
    if loaded.table:
        header["table"] = loaded.table
    if own := kept_of(loaded.own):
        header[OWN] = own
    if first > 1:
        header["turns"] = written((first, last))
    if taken_over:
        header["context"] = TAKEN_OVER
    if placeholders or behind:
        header[REPLACED] = in_order({*placeholders, *behind})
    header["digests"] = dict(sorted(digests.items()))
    known = {full: text for r in records if isinstance(r.event, ContractLoaded) for full, text in r.event.texts.items()}
    components = {part_name(full): known[full] for full in loaded.digests.values() if full in known}
    return Recorded(sealed(header, lines), {**components, **texts}, redactions)


def _other_contract_before(
    records: Sequence[Record], by_turn: Mapping[int, ContractLoaded], loaded: ContractLoaded, first: int
) -> bool:
    """Whether another contract than was `loaded` governed anything of the turns before the `first` of a range."""
    other = changed_within(records) & by_turn.keys() | given_up_otherwise(records, loaded)
    other |= {turn for turn, event in by_turn.items() if not same(event, loaded)}
    return any(turn < first for turn in other)


def until(records: Sequence[Record], last: int) -> Sequence[Record]:
    """The records up to the end of turn `last`."""
    for at, item in enumerate(records):
        if isinstance(item.event, TurnFinished | TurnAbandoned) and item.event.turn == last:
            return records[: at + 1]
    return records


def _all_turns(records: Sequence[Record], by_turn: Mapping[int, ContractLoaded]) -> Stretch:
    """All turns that ended. One that was given up under another contract is none of them at their beginning, where it is
    context, nor at their end.
    """
    first, last = 1, _last_turn(records)
    if by_turn:
        begins, ends = min(by_turn), max(by_turn)
        first = begins if any(turn < begins for turn in given_up_otherwise(records, by_turn[begins])) else first
        last = ends if any(turn > ends for turn in given_up_otherwise(records, by_turn[ends])) else last
    return first, last


def _last_turn(records: Sequence[Record]) -> int:
    return max((r.event.turn for r in records if isinstance(r.event, TurnFinished | TurnAbandoned)), default=1)


def _require_turns(records: Sequence[Record], by_turn: Mapping[int, ContractLoaded], first: int, last: int) -> None:
    ended = [r.event.turn for r in records if isinstance(r.event, TurnFinished | TurnAbandoned)]
    if not any(isinstance(r.event, TurnFinished) for r in records):
        raise UsageError("no turn of this session has ended yet", hint="finish one, then export", code="export.empty")
    if not by_turn:
        raise UsageError("this session's log names no persona", code="export.contract")
    if last > max(ended) and any(isinstance(r.event, TurnStarted) and r.event.turn == last for r in records):
        raise UsageError(
            f"turn {last} is not over", hint=f"finish it, or export {named((1, max(ended)))}", code="export.turns"
        )
    if last > max(ended):
        raise UsageError(
            f"there is no ended turn {last}", hint=f"this session has {named((1, max(ended)))}", code="export.turns"
        )


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
    turns: Stretch | None = None,
    kinds: Collection[str] = USUAL,
    case: str = "",
    replays: Replays | None = None,
) -> Exported:
    """Write `<name>.tape.jsonl`, `<name>.case.toml` and their parts into `folder` (a workspace's `fixtures`).

    `turns` are those under test, all of them when None; `kinds` which expectations are proposed; `case` is the text of the
    case where somebody has written it already.

    Raises:
        UsageError: the name is not usable, a tape of that name exists and `replace` is not set, or see `record`.
        FileInvalid: the case is not one.
        CheckFailed: the policy's export hook forbids it.
        DiskFailed: a file could not be written; none is half there, and what was written before it is gone again.
    """
    tape_path = require_free(folder, name, replace=replace)
    made = record(records, contract.policy, turns, replays=replays)
    file = case_path(tape_path)
    text = case or case_of(name, why, expect, tags, proposed(made.tape, contract, kinds))
    parse(text, Case, file.name)
    kept = file.exists()
    fresh: list[Path] = []
    try:
        parts = Parts(folder).write(made.texts, fresh)
        if not kept:
            write_whole(file, text.encode())
            fresh.append(file)
        write_whole(tape_path, write(made.tape))
    except DiskFailed:
        _take_back(fresh, folder)
        raise
    command, own = f"pytest {shlex.quote(str(tape_path))}", own_told(made.tape)
    return Exported(tape_path, file, parts, made.redactions, command, kept, own, made.held)


def proposed(tape: Tape, contract: Contract, kinds: Collection[str] = USUAL) -> tuple[Proposal, ...]:
    """What can be expected of the turns under test; what is not of `kinds` is switched off."""
    return proposals(under_test(tape, tape.events), kinds, contract.persona.voice.never)


def require_free(folder: Path, name: str, *, replace: bool = False) -> Path:
    """The path of the tape that a fixture of this name would have.

    Raises:
        UsageError: the name is not usable, or a tape of that name exists and `replace` is not set.
        DiskFailed: the folder cannot be looked into.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{inert_line(name, 40)}' cannot be a fixture's name",
            hint="up to 80 small letters, digits, '-', '_' and '.'",
            code="export.name",
        )
    path = folder / f"{name}{SUFFIX}"
    try:
        taken = path.exists()
    except OSError as error:
        raise DiskFailed(f"could not look into {folder}: {error.strerror or error}") from None
    if taken and not replace:
        raise UsageError(f"{path} exists", hint="choose another name, or --replace", code="export.exists")
    return path


def _take_back(paths: Iterable[Path], folder: Path) -> None:
    """Remove what was written for a fixture that could not be finished."""
    for path in paths:
        with suppress(OSError):
            path.unlink()
    for empty in (folder / PARTS, folder):
        with suppress(OSError):
            empty.rmdir()  # only where nothing else is in it
