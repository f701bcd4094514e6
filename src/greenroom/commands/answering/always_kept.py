"""What of a call may stand in a proposal, which is a file that people pass on and may commit.

Invariant: no long text and nothing personal or secret that a detector finds in the call is repeated; what stands in its
place is named, and never makes a clause wider than a bound on the length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.commands.answering.grants import about
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Card, Json
from greenroom.detectors.find import KINDS
from greenroom.detectors.masks import Masks, mask_all, redact
from greenroom.policy.verdict.leave import covers
from greenroom.policy.verdict.narrow_leave import narrow

LONGEST = 100
"""Characters of a text argument that is repeated as it is."""

_PRIVATE = ("personal.", "secret.")


@dataclass(frozen=True, slots=True)
class Kept:
    """The arguments and clauses as they may be written. `remarks` says, by argument, what stands there instead."""

    arguments: dict[str, Json]
    when: tuple[str, ...]
    remarks: dict[str, str]


def kept(card: Card, when: Sequence[str]) -> Kept:
    """The call of a card and the clauses chosen for it, without what must not be repeated."""
    masks, real = Masks(), card.call.arguments
    clean = _masked(card, masks)
    remarks = {name: _remark(name, real[name], clean[name]) for name in sorted(real)}
    arguments = {name: _short(clean[name]) for name in real}
    own = dict(zip(_narrow(card, real), _narrow(card, clean), strict=True))
    bounds = {
        clause: f"args.{name}.size() <= {len(value)}"
        for name, value in real.items()
        if isinstance(value, str) and _is_long(value)
        for clause in _narrow(card, {name: value})[:1]
    }
    clauses = mask_all({"when": [bounds.get(one, own.get(one, one)) for one in when]}, _is_private, masks)["when"]
    return Kept(arguments, tuple(map(str, clauses)), {name: said for name, said in remarks.items() if said})


def testable(card: Card, rule: str, found: Kept) -> bool:
    """Whether a test with the kept arguments says of a rule what one with the real ones would."""
    if not covers(card.spec, about(card, found.arguments), found.when):
        return False
    fired = next((one for one in card.verdict.fired if one.rule == rule), None)
    if fired is None or not found.remarks:
        return True
    touched = [one.source for one in fired.clauses if any(speaks_of(one.source, name) for name in found.remarks)]
    return bool(fired.clauses) and (not touched or covers(card.spec, about(card, found.arguments), touched))


def speaks_of(clause: str, name: str) -> bool:
    """Whether a clause reads an argument."""
    return re.search(rf"\bargs\.{re.escape(name)}\b", clause) is not None


def _masked(card: Card, masks: Masks) -> dict[str, Json]:
    payload: dict[str, Json] = {"args": card.call.arguments}
    own = [one for one in card.verdict.findings if one.detector not in KINDS and one.path.startswith("args.")]
    clean = mask_all(redact(payload, own, masks), _is_private, masks)
    arguments: dict[str, Json] = clean["args"]
    return arguments


def _is_private(detector: str) -> bool:
    return detector.startswith(_PRIVATE)


def _narrow(card: Card, arguments: dict[str, Json]) -> tuple[str, ...]:
    """The narrow clauses; none where a person had to say them, as an argument is nested."""
    try:
        return narrow(card.spec, arguments)
    except UsageError:
        return ()


def _remark(name: str, real: Json, clean: Json) -> str:
    shown = inert_line(name, 60)
    if _short(clean) != clean:
        what = f"its {len(real)} characters are" if isinstance(real, str) else "its long text is"
        return f"{shown}: {what} not repeated here, and a clause bounds the length at most. Say which texts are meant."
    if clean != real:
        return f"{shown}: a private value is masked, so this counts for no call until a person puts the value in."
    return ""


def _short(value: Json) -> Json:
    """The value with another text of the same length, or a shorter one that says so, in place of each long one."""
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value]
    if not isinstance(value, str) or not _is_long(value):
        return value
    said = f"(a text of {len(value)} characters)"
    return said if len(said) <= len(value) else "x" * len(value)


def _is_long(text: str) -> bool:
    return len(text) > LONGEST or "\n" in text
