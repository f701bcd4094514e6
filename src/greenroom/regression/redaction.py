"""What leaves a session for git: secrets and personal data replaced by numbered placeholders, after the export hook.

Invariant: the same value gets the same placeholder wherever it stands, and a text without findings is not changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greenroom.core.errors import CheckFailed
from greenroom.core.events import ContractLoaded, Event, PassagesRetrieved, Record
from greenroom.core.values import Finding, Json
from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks, redact
from greenroom.log.codec import content_fields
from greenroom.policy.port import Policy, Question

_ALWAYS = ("secret.", "personal.")
_PUBLISHED = "candidates"
"""Passages are documents the team keeps in git itself: of personal data nothing is replaced in them, of secrets all."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """One kind of thing replaced in one place, e.g. 2 e-mail addresses in the user's words of turn 3."""

    turn: int
    event: str
    kind: str
    count: int = 1


def redacted(records: Iterable[Record], policy: Policy) -> tuple[list[Record], tuple[Redaction, ...]]:
    """The records as they may leave, and what was replaced in them.

    Raises:
        CheckFailed: a rule at the export hook forbids it, or would have a person asked.
    """
    made: list[Redaction] = []
    first = [_by_policy(record, policy, made) for record in records]
    masks = Masks()
    for record in first:
        masks.reserve(_content(record.event))
    return [_by_kind(record, masks, made) for record in first], tuple(made)


def _by_policy(record: Record, policy: Policy, made: list[Redaction]) -> Record:
    content = _content(record.event)
    if not content:
        return record
    verdict = policy.decide(Question(hook="export", subject=_kind(record), payload=content, origin="model"))
    if verdict.blocks:
        raise CheckFailed(
            f"turn {record.event.turn}, {_kind(record)}: the policy does not let this be exported: {verdict.why}",
            hint=f"rule {verdict.rule} in {verdict.policy or 'the policy'}",
            code="export.denied",
        )
    if isinstance(verdict.payload, dict) and verdict.payload != content:
        _note(made, record, [finding for finding in verdict.findings if not finding.mask])
        return _with(record, verdict.payload)
    return record


def _by_kind(record: Record, masks: Masks, made: list[Redaction]) -> Record:
    content = _content(record.event)
    if not content:
        return record
    published = isinstance(record.event, PassagesRetrieved)
    findings = [
        item
        for item in find(content)
        if item.detector.startswith(_ALWAYS[:1] if published and item.path.startswith(_PUBLISHED) else _ALWAYS)
        and not item.mask
    ]
    if not findings:
        return record
    _note(made, record, findings)
    payload = redact(content, findings, masks)
    assert isinstance(payload, dict)
    return _with(record, payload)


def _content(event: Event) -> dict[str, Json]:
    """What of an event a person or a model wrote. The contract's own texts are files of the team."""
    if isinstance(event, ContractLoaded):
        return {}
    return event.model_dump(mode="json", include=set(content_fields(type(event))), exclude_defaults=True)


def _with(record: Record, content: dict[str, Json]) -> Record:
    event = record.event
    changed = type(event).model_validate({**event.model_dump(mode="json"), **content})
    return record.model_copy(update={"event": changed})


def _note(made: list[Redaction], record: Record, findings: Sequence[Finding]) -> None:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.detector] = counts.get(finding.detector, 0) + 1
    made.extend(Redaction(record.event.turn, _kind(record), kind, count) for kind, count in counts.items())


def _kind(record: Record) -> str:
    return record.event.kind.replace("_", " ")
