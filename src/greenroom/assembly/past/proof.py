"""A session's audit beside what only the workspace knows: signatures, the names of policies, and the files on disk now.

Invariant: nothing of the workspace's code runs, so a session can be proved in a workspace nobody trusts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from greenroom.approval.binding import bind
from greenroom.assembly.casting import policy_text
from greenroom.assembly.past.recorded import recorded_contracts
from greenroom.core.clock import SystemClock
from greenroom.core.errors import GreenroomError
from greenroom.core.events import ContractLoaded, Record
from greenroom.ledger.entries import ANCHORED, Line
from greenroom.ledger.ledger import Ledger, anchors_in
from greenroom.ledger.signing import check_signature, signed_at_once, signed_up_to
from greenroom.log.audit import POLICY, Approval, Audit, other_text
from greenroom.log.catalog import audit_session
from greenroom.persona.load import load_persona
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings


@dataclass(frozen=True, slots=True)
class Proof:
    """What can be shown of a session.

    `signed` are the approvals whose anchor was signed as it was written, and the newest such record; `covered` the last
    record that any signature covers (-1: none), which says less; `keyed` is whether greenroom.toml names a key. `labels` name policies by digest. `changed` are the
    components (`persona`, `prompt`, `policy`) whose text on disk is another one than what governed last; `unread` says
    why that could not be looked at, '' if it could. `unchecked` says why a policy could not be compiled again from its
    recorded text to see whether its digest is right, '' if each could.
    """

    audit: Audit
    signed: frozenset[int] = frozenset()
    covered: int = -1
    keyed: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    unread: str = ""
    unchecked: str = ""

    def fits(self, approval: Approval) -> bool:
        """Whether an answer is bound to its own card, policy and tools, as the log holds them."""
        bound = bind(approval.session, approval.commitment, approval.policy_digest, approval.tools)
        return approval.asked is not None and approval.answer.binds == bound


def prove_session(workspace: Workspace, session: str) -> Proof:
    """Check a session against itself, the ledger and the ledger's signatures, and compare it with the files on disk.

    Raises:
        UsageError: there is no such session.
        LogDamaged: the log or the ledger is not what was written; names the line.
        FileInvalid: greenroom.toml is broken, so nobody can say whose signatures count.
    """
    public = load_settings(workspace).audit.public
    lines = Ledger(workspace.ledger, SystemClock()).lines()
    audited = audit_session(workspace, session, anchors_in(lines))
    signed = _signed_anchors(lines, public, audited)
    covered = _last_anchor(lines[: signed_up_to(lines, public) + 1], audited.session)
    changed, unread = _beside_disk(workspace, audited.contracts)
    unchecked = _compiled_again(audited.contracts)
    return Proof(audited, signed, covered, bool(public), _labels(lines), changed, unread, unchecked)


def _compiled_again(contracts: Sequence[Record]) -> str:
    """Why the policies could not be compiled from their recorded texts, '' if each is the one its digest names.

    Raises:
        LogDamaged: a policy text is not the one that governed.
    """
    try:
        found = recorded_contracts(contracts)
    except GreenroomError as error:
        return error.message
    except ValueError:
        return "a recorded text is malformed"
    for record in contracts:
        named = record.event.digests.get(POLICY, "") if isinstance(record.event, ContractLoaded) else ""
        if found[record.seq].policy.digest != named:
            raise other_text(record, POLICY, named)
    return ""


def _signed_anchors(lines: Sequence[Line], public: Sequence[str], audited: Audit) -> frozenset[int]:
    """The anchored records whose anchor was signed as it was written: those of the approvals, and the newest.

    Raises:
        LogDamaged: such a signature is false, or by another key.
    """
    own = [line for line in signed_at_once(lines) if _anchors(line, audited.session)]
    approvals = {one.given.seq for one in audited.approvals}
    told = [line for line in own if line is own[0] or line["entry"]["seq"] in approvals]
    for line in told:
        check_signature(lines[line["seq"] + 1], public)
    return frozenset(line["entry"]["seq"] for line in told)


def _last_anchor(lines: Sequence[Line], session: str) -> int:
    return next((int(line["entry"]["seq"]) for line in reversed(lines) if _anchors(line, session)), -1)


def _anchors(line: Line, session: str) -> bool:
    return bool(line["entry"]["kind"] == ANCHORED and line["entry"]["session"] == session)


def _labels(lines: Sequence[Line]) -> dict[str, str]:
    entries = (line["entry"] for line in lines)
    return {one["digest"]: one["label"] for one in entries if one["kind"] == "policy_loaded"}


def _beside_disk(workspace: Workspace, contracts: Sequence[Record]) -> tuple[tuple[str, ...], str]:
    """Which texts are others on disk now, and why that cannot be said."""
    events = [record.event for record in contracts if isinstance(record.event, ContractLoaded)]
    if not events:
        return (), ""
    texts = {digest: text for event in events for digest, text in event.texts.items()}
    last = events[-1].digests
    try:
        loaded = load_persona(workspace, events[-1].persona)
        policy = policy_text(workspace, loaded.persona.policy.files)
    except GreenroomError as error:
        return (), error.message
    changed = [part for part, digest in loaded.digests.items() if last.get(part, digest) != digest]
    if POLICY in last and texts.get(last[POLICY], policy) != policy:
        changed.append(POLICY)
    return tuple(changed), ""
