"""What of a question is hidden behind placeholders, and under which key a tape holds what was found out about it.

A key is a digest of what is asked and of everything that is read for it as the tape has it. So it is the same only where
the very same was asked about the very same values, and says nothing about a value that is not on the tape.
Invariant: of a question without placeholders nothing is hidden.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from greenroom.core.canonical import digest
from greenroom.core.values import Json
from greenroom.detectors.find import LABELS
from greenroom.detectors.own import MASK
from greenroom.detectors.walk import walk
from greenroom.policy.files.finding_kinds import OwnKind
from greenroom.policy.files.own_detectors import DetectorSpec
from greenroom.policy.language.arguments import plain
from greenroom.policy.language.conditions import Condition
from greenroom.policy.port import Question
from greenroom.regression.tape.replaced import masks_in

LENGTH = 16
"""Hex digits of a key: enough against accidents."""

_OF_FINDINGS = frozenset({"findings.kinds", "findings.count"})
_OF_ALL_TEXTS = _OF_FINDINGS | {"text.length"}
"""Names whose values follow from every text of the question."""
_PROVENANCE = "args_from"
_LONGEST = {"email": 320, "card": 60, "iban": 80, "phone": 40, "ip": 45}
_LONG = 10_000
"""More than any value has that a placeholder stands for, in characters."""
_HOSTLESS = frozenset(LABELS[kind] for kind in ("personal.email", "personal.card", "personal.iban", "personal.phone"))
"""Placeholders of kinds that have no slash in them, and so name no host by themselves."""


@dataclass(frozen=True)
class Veil:
    """The placeholders that stand for something, and the detectors of the workspace by what they are."""

    placeholders: frozenset[str]
    own: Mapping[str, str]

    @classmethod
    def of(cls, placeholders: Collection[str], own: Iterable[OwnKind]) -> Veil:
        """The veil of a tape, under a policy with these detectors."""
        return cls(frozenset(placeholders), {kind.spec.id: meaning(kind.spec) for kind in own})

    def hides(self, value: Json) -> bool:
        """Whether some of it is not there."""
        return not self.placeholders.isdisjoint(masks_in(value))

    def over(self, question: Question) -> bool:
        """Whether something of a question is not there."""
        return self.hides([question.subject, question.payload])

    def lifted(self, question: Question) -> bool:
        """Whether nothing is hidden that any clause, detector or bound may read of a question, so that it needs no sight."""
        if question.hook == "tool.call":  # of whose arguments a clause may read where they are from
            return False
        tool, session = question.tool.name if question.tool is not None else "", question.session
        return not self.hides(
            [question.subject, question.payload, question.segment, tool, session.counts, session.sums]
        )

    def clause(
        self, question: Question, condition: Condition, types: Mapping[str, str], values: Mapping[str, Any]
    ) -> str | None:
        """The key of a clause; None where it can be evaluated as things stand."""
        if not any(self._hidden(name, values.get(name), question) for name in condition.values):
            return None
        read = sorted({name for name, _ in condition.reads})
        rows = [[name, types.get(name, ""), self._as_read(name, values.get(name), question)] for name in read]
        return _key("clause", condition.source, rows)

    def lengths(self, question: Question, now: int | None) -> tuple[int, ...]:
        """How long the text of a question is, and how short and how long it may have been."""
        if now is None:
            return (0,)
        texts = [text for _, text in walk([question.payload]).strings]
        masks = [one for text in texts for one in MASK.findall(text) if one in self.placeholders]
        most = sum(_LONGEST.get(one[1:].partition("#")[0], _LONG) for one in masks)
        hidden = sum(map(len, masks))
        return now, now - hidden + len(masks), now - hidden + most

    def kinds(self, question: Question) -> str:
        """The key of what detectors found in a question."""
        return _key("found", question.subject, question.payload)

    def bound(self, question: Question, check: Sequence[Json]) -> str | None:
        """The key of a bound on arguments; None where it can be held to them as they stand."""
        args = question.payload.get("args")
        if not isinstance(args, dict) or not self.over(question):
            return None
        if check[0] == "sum":
            hidden = self.hides(args.get(str(check[1]).split(".")[1].removesuffix("[]")))
        else:
            hidden = any(self._may_hide_host(text) for _, text in walk(args).strings)
        return _key("bound", list(check), args) if hidden else None

    def _may_hide_host(self, text: str) -> bool:
        """Whether an address of the net may stand in what is not there, or around it."""
        here = self.placeholders & masks_in(text)
        if not here:
            return False
        return "/" in text or "\\" in text or not all(one[1:].partition("#")[0] in _HOSTLESS for one in here)

    def _hidden(self, name: str, value: Any, question: Question) -> bool:
        if name in _OF_ALL_TEXTS:
            return self.over(question)
        if name == _PROVENANCE:  # of an argument that is all there, too: the words it repeats may not be
            return bool(self.placeholders)
        return self.hides(plain(value))

    def _as_read(self, name: str, value: Any, question: Question) -> Json:
        if name in _OF_ALL_TEXTS:
            return [question.payload, dict(self.own) if name in _OF_FINDINGS else {}]
        if name == _PROVENANCE:  # it was read off the arguments, and what had been read up to this turn
            return [plain(value), question.payload, question.session.turn]
        return plain(value)


def _key(*parts: Json) -> str:
    return digest(list(parts))[:LENGTH]


@lru_cache(256)
def meaning(spec: DetectorSpec) -> str:
    """What a detector is, without its words for people and its tests."""
    told = spec.model_dump(mode="json", exclude={"why", "test"})
    return _key("detector", {**told, "mask": spec.label})
