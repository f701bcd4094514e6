"""What a session proves: who approved what, on which card, under which policy, and which part of it is anchored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.answering.card import card_lines
from greenroom.commands.answering.escalated import package_lines
from greenroom.commands.invocation import Invocation
from greenroom.core.canonical import short
from greenroom.core.errors import LogDamaged
from greenroom.core.events import ApprovalGiven, Record
from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.log.audit import Approval, Audit
from greenroom.log.said import who
from greenroom.views.people import approvals
from greenroom.views.people.approvals import Asked
from greenroom.views.people.escalation import package
from greenroom.views.people.fatigue import NOT_BY_LOOKING

if TYPE_CHECKING:
    from greenroom.assembly.past.proof import Proof
    from greenroom.workspace.layout import Workspace

CUT = (
    "Either a crash came between, or the ledger was cut or deleted; an exported head tells which (greenroom help audit)"
)
NOT_ANCHORED = LogDamaged.exit_code
"""How `verify` ends where something that is anchored as soon as it is written is not."""


def verify(asked: Invocation) -> Answer[Proof]:
    """Check the chain, and say what it proves; exit 5 names the line, or what should be anchored and is not.

    Raises:
        UsageError: there is no such session.
        LogDamaged: the log is not what was written.
    """
    return verified(asked.workspace(), asked.text("session"), full=asked.flag("full"))


def verified(workspace: Workspace, session: str, *, full: bool = False) -> Answer[Proof]:
    """What `verify` says of one session; `full` adds what was on each card. Raises as it does."""
    from greenroom.assembly.past.proof import prove_session

    proof = prove_session(workspace, session)
    shown = _shown(workspace, session) if full else {}
    lines = [_sound(proof), _governed(proof), *_approvals(proof, shown), *_acts(proof.audit)]
    code = NOT_ANCHORED if proof.audit.due else 0
    return answer(proof, [line for line in lines if line], _data(proof, full=full), notes=_notes(proof), exit_code=code)


def _sound(proof: Proof) -> str:
    found = proof.audit
    sound = "its chain is sound, but NOT ALL IS ANCHORED" if found.due else "sound"
    parts = [f"{sound}: {counted(found.verified.records, 'record')}, head {found.verified.head[:16]}"]
    if found.verified.anchored < 0:
        parts.append("not anchored: the ledger knows nothing of this session")
    else:
        parts.append(f"anchored up to {found.verified.anchored} ({_anchors(found)})")
    if found.loose and found.verified.anchored >= 0:
        parts.append(f"{counted(found.loose, 'record')} after the last anchor, not anchored")
    if proof.covered >= 0:
        parts.append(f"signed up to {proof.covered}")
    elif proof.keyed:
        parts.append("not signed, though there is a key")
    return " · ".join(parts)


def _anchors(found: Audit) -> str:
    """The last anchored approval and the last anchor of all."""
    approvals = [told.said for told in found.anchors if told.kind == "approval_given"]
    return "; ".join(dict.fromkeys([*approvals[-1:], *(told.said for told in found.anchors[-1:])]))


def _governed(proof: Proof) -> str:
    if not proof.audit.policies:
        return ""
    said = f"policy {', then '.join(_policy(proof, digest) for digest in proof.audit.policies)}"
    if proof.unread:
        return f"{said} · the files on disk cannot be compared: {proof.unread}"
    if not proof.changed:
        return f"{said} · the files on disk are the same"
    return f"{said} · on disk now: another {' and another '.join(proof.changed)}"


def _approvals(proof: Proof, shown: Mapping[int, list[str]]) -> Iterator[str]:
    for one in proof.audit.approvals:
        yield "  " + inert_line(" · ".join(_told(proof, one)), 600)
        yield from (f"        {line}".rstrip() for line in shown.get(one.given.seq, ()))


def _shown(workspace: Workspace, session: str) -> dict[int, list[str]]:
    """What each approver was shown, by the record of the answer: the card, and the package where it was escalated."""
    from greenroom.assembly import read_session

    records = read_session(workspace, session)
    state, found = approvals.EMPTY, dict[int, list[str]]()
    for record in records:
        if isinstance(record.event, ApprovalGiven):
            step = record.event.step
            asked = next((one for one in state.open if one.step == step), None)
            found[record.seq] = _on_screen(workspace, records[: record.seq], asked) if asked else []
        state = approvals.fold(state, record)
    return found


def _on_screen(workspace: Workspace, before: Sequence[Record], asked: Asked) -> list[str]:
    _, *lines = card_lines(asked.card, asked.deadline, role=asked.role, passed=asked.passed)
    head = f"-- {asked.card.call.tool} ({asked.card.call.id}), asked of {asked.role} --"
    case = package(before, asked)
    if case is None:
        return [inert_line(head), *lines]
    today = ["(the text of the runbook is that of today)"] if case.runbook else []
    return [inert_line(head), *lines, "", *package_lines(workspace, case), *today]


def _told(proof: Proof, one: Approval) -> Iterator[str]:
    """An answer in parts: what, by whom, on which card, under which policy."""
    given, asked = one.answer, one.asked
    until = f" until {given.expires}" if given.expires else ""
    leave = f" for the {given.scope}{until}" if given.scope != "once" else ""
    yield f"{one.given.seq}  {given.decision}{leave} {_tool(one)} ({given.call}) {_by(one)}"
    yield f"card {one.code} (record {asked.seq})" if asked else "no card: the question is not in this log"
    yield f"policy {_policy(proof, one.policy_digest)}"
    signed = ", signed" if one.given.seq in proof.signed else ", not signed as it was given" if proof.keyed else ""
    yield f"anchored{signed}" if one.anchored else "not anchored"
    if not proof.fits(one):
        yield "NOT BOUND to that card, policy and tools"


def _by(one: Approval) -> str:
    """Who answered, and whom it was asked of: that they are the same, nothing here can establish."""
    who_answered = who(one.answer)
    if not one.role or one.answer.established.startswith(NOT_BY_LOOKING):
        return f"by {who_answered}"
    return f"asked of {one.role}, answered by {who_answered} (role not checked)"


def _acts(found: Audit) -> Iterator[str]:
    for told in found.acts:
        anchored = "anchored" if told.seq <= found.verified.anchored else "not anchored"
        yield "  " + inert_line(f"{told.seq}  {told.said} · {anchored}", 600)


def _notes(proof: Proof) -> Iterator[str]:
    found = proof.audit
    if proof.unchecked and found.contracts:
        yield f"the digest of the policy could not be checked against its text: {proof.unchecked}"
    if found.due:
        yield f"anchored as a rule, but not here: {'; '.join(told.said for told in found.due[:3])}. {CUT}"
    if found.erased:
        yield f"content was erased on purpose from {counted(len(found.erased), 'record')}: {_numbers(found.erased)}"
    for part, digest in found.absent:
        yield f"the log does not hold the {part} text it names {short(digest)}"
    if found.verified.torn_bytes:
        yield (
            f"the last line is torn ({found.verified.torn_bytes} bytes), as a crash leaves it;"
            " opening the session cuts it off"
        )


def _data(proof: Proof, *, full: bool) -> dict[str, Json]:
    found = proof.audit
    return {
        "session": found.session,
        "records": found.verified.records,
        "head": found.verified.head,
        "anchored": found.verified.anchored,
        "unanchored": found.loose,
        "signed": proof.covered,
        "keyed": proof.keyed,
        "torn_bytes": found.verified.torn_bytes,
        "anchors": [{"record": told.seq, "what": told.said} for told in found.anchors],
        "due": [{"record": told.seq, "what": told.said} for told in found.due],
        "erased": list(found.erased),
        "absent": [{"component": part, "digest": digest} for part, digest in found.absent],
        "policies": [{"digest": digest, "label": proof.labels.get(digest, "")} for digest in found.policies],
        "policy_unchecked": proof.unchecked,
        "on_disk": {"changed": list(proof.changed), "unread": proof.unread},
        "acts": [
            {"record": told.seq, "what": told.said, "anchored": told.seq <= found.verified.anchored}
            for told in found.acts
        ],
        "approvals": [_approval(proof, one, full=full) for one in found.approvals],
    }


def _approval(proof: Proof, one: Approval, *, full: bool) -> dict[str, Json]:
    given = one.answer
    data: dict[str, Json] = {
        "record": one.given.seq,
        "at": one.given.at,
        "session": one.session,
        "turn": given.turn,
        "call": given.call,
        "tool": _tool(one),
        "decision": given.decision,
        "approver": given.approver,
        "established": given.established,
        "scope": given.scope,
        "expires": given.expires,
        "asked": one.asked.seq if one.asked else None,
        "code": one.code,
        "card": one.commitment,
        "role": one.role,
        "policy": one.policy_digest,
        "policy_label": proof.labels.get(one.policy_digest, ""),
        "rule": one.question.rule if one.question else "",
        "bound": proof.fits(one),
        "anchored": one.anchored,
        "signed": one.given.seq in proof.signed,
    }
    if full and one.card is not None:
        data["shown"] = one.card.model_dump(mode="json")
    return data


def _tool(one: Approval) -> str:
    return one.question.tool if one.question else "?"


def _policy(proof: Proof, digest: str) -> str:
    return f"{proof.labels.get(digest, '')}#{short(digest)}" if digest else "unknown"


def _numbers(records: tuple[int, ...]) -> str:
    shown = ", ".join(str(seq) for seq in records[:20])
    return f"{shown} and {len(records) - 20} more" if len(records) > 20 else shown
