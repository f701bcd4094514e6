"""What leaves a session for git: secrets and personal data replaced by numbered placeholders, after the export hook.

Invariant: the same value gets the same placeholder wherever it stands, a text without findings is not changed, and what is
said of a replacement never holds the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from greenroom.core.errors import CheckFailed
from greenroom.core.events import (
    ApprovalRequested,
    ContractLoaded,
    Event,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
)
from greenroom.core.values import Finding, Json
from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks, redact, with_masks
from greenroom.detectors.own import MASK, NONE, OwnDetectors
from greenroom.detectors.walk import walk
from greenroom.engine.known_masks import learn
from greenroom.log.codec import content_fields
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy, Question
from greenroom.regression.record.proposal import LEAVING

_ALWAYS = LEAVING
_PUBLISHED = {PassagesRetrieved: "candidates", ApprovalRequested: "card.call.arguments."}
"""Passages are documents the team keeps in git itself: of personal data nothing is replaced in them, of secrets all. So it
is where a person is asked about one as it was found, or the question would be another in a replay.
"""

_FIELD = re.compile(r"\w+")
_PLACES = {
    "turn_started words": "the user's words",
    "gate_passed edit": "what a person put in at a gate",
    "memories_recalled query": "what was looked for",
    "memories_recalled memories": "a memory",
    "passages_retrieved query": "what was looked for",
    "passages_retrieved candidates": "a passage",
    "reply_generated text": "the reply",
    "reply_generated reasoning": "the reasoning",
    "reply_generated calls": "a call's arguments",
    "tool_returned output": "a tool's result",
    "tool_returned error": "a tool's error",
    "approval_given reason": "a person's reason",
    "approval_given arguments": "a person's edit",
    "approval_given result": "a simulated result",
    "reply_released text": "the reply",
    "memories_proposed memories": "a memory",
    "memory_written memory": "a memory",
    "turn_abandoned reason": "the reason for giving up",
}
"""What people call the places that a tape has; of others, which never leave, nothing is said."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """One value replaced in one place, e.g. `‹email#1›` twice in the user's words of turn 3.

    `placeholder` is '' where a rule of the policy put something of its own in its place.
    """

    turn: int
    where: str
    kind: str
    placeholder: str = ""
    count: int = 1


def redacted(records: Iterable[Record], policy: Policy) -> tuple[list[Record], tuple[Redaction, ...]]:
    """The records as they may leave, and what was replaced in them.

    Raises:
        CheckFailed: a rule at the export hook forbids it, or would have a person asked.
    """
    records = list(records)
    editor = _Editor(policy)
    for record in records:
        editor.masks.reserve(_content(record.event))
    learn(records, editor.masks, policy)
    clean = [editor.by_policy(record) for record in records]
    for record in clean:
        editor.masks.reserve(_content(record.event))
    clean = _named_alike([editor.by_kind(record) for record in clean])
    return clean, tuple(one for one in editor.made.values() if not _said_already(one, editor.made))


def _named_alike(records: list[Record]) -> list[Record]:
    """Results with the names of tools that their calls have now: a model may call a tool by anything it was told."""
    names: dict[tuple[int, str], str] = {}
    out: list[Record] = []
    for record in records:
        event = record.event
        if isinstance(event, ReplyGenerated):
            names |= {(event.turn, call.id): call.tool for call in event.calls}
        if isinstance(event, ToolReturned) and names.get((event.turn, event.call), event.tool) != event.tool:
            named = event.model_copy(update={"tool": names[event.turn, event.call]})
            out.append(record.model_copy(update={"event": named}))
        else:
            out.append(record)
    return out


def _said_already(one: Redaction, made: Mapping[tuple[int, str, str, str], Redaction]) -> bool:
    """Whether it is the person's words again, that memories and passages were looked for with."""
    words = (one.turn, _PLACES["turn_started words"], one.kind, one.placeholder)
    return one.where == _PLACES["passages_retrieved query"] and words in made


class _Editor:
    """Replaces with one set of placeholders, whether a rule or Greenroom itself wants it."""

    def __init__(self, policy: Policy) -> None:
        self.masks = Masks()
        self.made: dict[tuple[int, str, str, str], Redaction] = {}
        self._policy = policy
        self._own: OwnDetectors = NONE
        self._private: frozenset[str] = frozenset()
        self._documents: set[str] = set()
        if isinstance(policy, RulePolicy):
            self._policy = policy.apart(self.masks)
            self._own, self._private = policy.detectors, policy.private_kinds

    def by_policy(self, record: Record) -> Record:
        """What the export hook makes of a record."""
        content = _content(record.event)
        if not content:
            return record
        verdict = self._policy.decide(Question(hook="export", subject=_kind(record), payload=content, origin="model"))
        if verdict.blocks:
            raise CheckFailed(
                f"turn {record.event.turn}, {_kind(record)}: the policy does not let this be exported: {verdict.why}",
                hint=f"rule {verdict.rule} in {verdict.policy or 'the policy'}",
                code="export.denied",
            )
        if not isinstance(verdict.payload, dict) or verdict.payload == content:
            return record
        self._note(record, content, [finding for finding in verdict.findings if finding.mask], verdict.rule)
        return _with(record, verdict.payload)

    def by_kind(self, record: Record) -> Record:
        """A record without secrets and personal data, whatever the policy says, nor what its own detectors keep."""
        content = _content(record.event)
        if not content:
            return record
        published = self._published(record.event)
        findings = [item for item in find(content, self._own) if not item.mask and not self._leaves(item, published)]
        if not findings:
            return record
        self._note(record, content, with_masks(content, findings, self.masks), "")
        payload = redact(content, findings, self.masks)
        assert isinstance(payload, dict)
        return _with(record, payload)

    def _published(self, event: Event) -> str:
        """Where in what an event holds words of documents stand; '' if nowhere. What a person made of one is theirs."""
        if isinstance(event, PassagesRetrieved):
            self._documents |= {passage.text for passage in event.candidates}
        elif isinstance(event, ApprovalRequested):
            as_found = event.hook == "retrieval" and event.card.call.arguments.get("text") in self._documents
            return _PUBLISHED[ApprovalRequested] if as_found else ""
        return _PUBLISHED.get(type(event), "")

    def _leaves(self, item: Finding, published: str) -> bool:
        if item.detector in self._private:
            return False
        kept = _ALWAYS[:1] if published and item.path.startswith(published) else _ALWAYS
        return not item.detector.startswith(kept)

    def _note(self, record: Record, content: Json, findings: Sequence[Finding], rule: str) -> None:
        texts = dict(walk(content).strings)
        fresh = [one for one in findings if not MASK.fullmatch(texts.get(one.path, "")[one.start : one.end])]
        if not fresh:
            self._add(record, next(iter(content)), f"rule {rule}", "")
        for one in fresh:
            self._add(record, one.path, one.detector, one.mask)

    def _add(self, record: Record, path: str, kind: str, placeholder: str) -> None:
        field = _FIELD.match(path)
        where = _PLACES.get(f"{record.event.kind} {field[0] if field else ''}")
        if where is None:
            return
        key = (record.event.turn, where, kind, placeholder)
        known = self.made.get(key)
        self.made[key] = replace(known, count=known.count + 1) if known else Redaction(*key)


def _content(event: Event) -> dict[str, Json]:
    """What of an event a person or a model wrote. The contract's own texts are files of the team."""
    if isinstance(event, ContractLoaded):
        return {}
    return event.model_dump(mode="json", include=set(content_fields(type(event))), exclude_defaults=True)


def _with(record: Record, content: dict[str, Json]) -> Record:
    event = record.event
    changed = type(event).model_validate({**event.model_dump(mode="json"), **content})
    return record.model_copy(update={"event": changed})


def _kind(record: Record) -> str:
    return record.event.kind.replace("_", " ")
