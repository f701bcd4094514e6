"""What a session's log proves: who approved what, on which card, under which policy, and which part is anchored.

Invariant: everything said here stands inside the hashes that were just checked. Reads only; runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.core.canonical import digest, short
from greenroom.core.errors import LogDamaged
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    ContentErased,
    ContractLoaded,
    Record,
    SessionForked,
    SessionOpened,
)
from greenroom.core.values import Card
from greenroom.log.chain import Anchors, Scan, Verified, read_log, walk
from greenroom.log.codec import decode
from greenroom.log.said import Told, plain, said
from greenroom.views.people.approvals import code_of

POLICY = "policy"
"""The component whose digest is not that of its text but that of the compiled policy."""

_ACTS = frozenset({"autonomy_changed", "grant_revoked", "dead_letter_discarded"})
"""What else people decided."""

_TOLD = frozenset(
    {
        "session_opened",
        "session_forked",
        "contract_loaded",
        "approval_requested",
        "approval_passed_on",
        "approval_given",
        "turn_finished",
        "turn_interrupted",
        "turn_abandoned",
        "content_erased",
        *_ACTS,
    }
)


_DUE = frozenset({"approval_given", "turn_finished", "turn_interrupted", "turn_abandoned"})
"""What is anchored as soon as it is written."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One answer and the question it was given to. `asked` is None where the log has no such question.

    `session` is the one the answer was given in (a fork begins with its parent's), `tools` the digest of the tools
    then, `anchored` whether the ledger covers the answer, `role` who was asked by then.
    """

    given: Record
    asked: Record | None
    session: str
    tools: str
    anchored: bool
    role: str = ""

    @property
    def answer(self) -> ApprovalGiven:
        assert isinstance(self.given.event, ApprovalGiven)
        return self.given.event

    @property
    def question(self) -> ApprovalRequested | None:
        return self.asked.event if self.asked and isinstance(self.asked.event, ApprovalRequested) else None

    @property
    def card(self) -> Card | None:
        """What was on the screen; a stand-in where it was erased."""
        return self.question.card if self.question else None

    @property
    def commitment(self) -> str:
        """The commitment of the card, '' without a question."""
        return self.asked.commitments.get("card", "") if self.asked else ""

    @property
    def code(self) -> str:
        """What `approve show` called the question, '' without one."""
        return code_of(self.asked.hash) if self.asked else ""

    @property
    def policy_digest(self) -> str:
        return self.question.policy_digest if self.question else ""


@dataclass(frozen=True, slots=True)
class Audit:
    """A session that verified.

    `acts` is what else people decided, `contracts` the records that brought a persona, policy and tools into force,
    `erased` the records whose content is gone on purpose. `due` are those after the last anchor that are anchored as
    soon as they are written (a fork's copies were, in its parent's name): a crash came between, or the ledger was cut.
    `absent` are texts (component and digest) that the log names and does not hold.
    """

    session: str
    verified: Verified
    approvals: tuple[Approval, ...] = ()
    acts: tuple[Told, ...] = ()
    contracts: tuple[Record, ...] = ()
    anchors: tuple[Told, ...] = ()
    due: tuple[Told, ...] = ()
    erased: tuple[int, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    policies: tuple[str, ...] = ()

    @property
    def loose(self) -> int:
        """How many records stand after the last anchor."""
        return max(0, self.verified.records - 1 - self.verified.anchored)


@dataclass(slots=True)
class _Seen:
    """What a walk has come past: where it is, and what governs there."""

    session: str = ""
    forked: int = -1
    tools: str = ""
    asked: dict[str, Record] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    approvals: list[Approval] = field(default_factory=list)
    contracts: list[Record] = field(default_factory=list)
    erased: set[int] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)


def audit(path: Path, anchors: Anchors) -> Audit:
    """Check a session's file and tell what it proves.

    Raises:
        LogDamaged: it is not what was written, or lacks what the ledger anchors; names the line.
        FileNotFoundError: there is none.
    """
    found = Scan(met=dict.fromkeys(anchors, ""))
    top = max(anchors, default=-1)
    seen = _Seen(path.stem)
    for line in walk(read_log(path), anchors, found):
        if line["event"].get("kind") in _TOLD:
            _see(seen, decode(line), top)
        elif line["seq"] in anchors:
            seen.told.append(plain(line["seq"], str(line["event"].get("kind"))))
    absent = _checked_texts(seen.contracts)
    return Audit(
        session=path.stem,
        verified=Verified(found.records, found.head, top, found.torn_bytes),
        approvals=tuple(seen.approvals),
        acts=tuple(told for told in seen.told if told.kind in _ACTS),
        contracts=tuple(seen.contracts),
        anchors=tuple(told for told in seen.told if told.seq in anchors),
        due=tuple(told for told in seen.told if told.kind in _DUE and told.seq > max(top, seen.forked)),
        erased=tuple(sorted(seen.erased)),
        absent=absent,
        policies=tuple(dict.fromkeys(_policies(seen.contracts))),
    )


def _see(seen: _Seen, record: Record, top: int) -> None:
    seen.told.append(said(record))
    match record.event:
        case SessionOpened(session=session):
            seen.session = session
        case SessionForked(session=session):
            seen.session, seen.forked = session, record.seq
        case ContractLoaded(digests=digests):
            seen.tools = digests.get("tools", "")
            seen.contracts.append(record)
        case ApprovalRequested(step=step, role=role):
            seen.asked[step], seen.roles[step] = record, role
        case ApprovalPassedOn(step=step, role=role, action="escalate"):
            seen.roles[step] = role
        case ApprovalGiven(step=step):
            asked, role, anchored = seen.asked.get(step), seen.roles.get(step, ""), record.seq <= top
            seen.approvals.append(Approval(record, asked, seen.session, seen.tools, anchored=anchored, role=role))
        case ContentErased(records=records):
            seen.erased.update(records)
        case _:
            pass


def _policies(contracts: Iterable[Record]) -> Iterable[str]:
    for record in contracts:
        if isinstance(record.event, ContractLoaded) and POLICY in record.event.digests:
            yield record.event.digests[POLICY]


def _checked_texts(contracts: Sequence[Record]) -> tuple[tuple[str, str], ...]:
    """The texts that are named and not there.

    Raises:
        LogDamaged: a text is not the one its digest names. Who can write every file can make hashes fit, but not this.
    """
    held: set[str] = set()
    absent: dict[tuple[str, str], None] = {}
    for record in contracts:
        if not isinstance(record.event, ContractLoaded):
            continue
        for part, named in record.event.digests.items():
            text = record.event.texts.get(named)
            if text is None and named not in held:
                absent[part, named] = None
            if text is not None and part != POLICY and digest(text) != named:
                raise other_text(record, part, named)
        held.update(record.event.texts)
    return tuple(absent)


def other_text(record: Record, part: str, named: str) -> LogDamaged:
    """A text of a contract is not the one that the digest `named` stands for."""
    said = f"line {record.seq + 1} holds another {part} text than the one its digest {short(named)} names"
    return LogDamaged(said, line_number=record.seq + 1, code="log.text")
