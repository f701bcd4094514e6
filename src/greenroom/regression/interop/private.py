"""What a case and a name may say: nothing that is private to a person or to the workspace.

Invariant: the rules are those for whatever leaves in an export, for a case file and a file name leave with the tape.
"""

from __future__ import annotations

import re
from dataclasses import replace

from greenroom.core.values import Json
from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks, redact
from greenroom.detectors.own import NONE
from greenroom.detectors.walk import rewrite
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy, Question
from greenroom.regression.interop.conversation import Conversation, Losses

_PRIVATE = ("secret.", "personal.")
_ESCAPE = re.compile(r"\\(\W)")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._]+")


def without_private(conversation: Conversation, policy: Policy, losses: Losses) -> Conversation:
    """The conversation with nothing private in what goes into its case, by the rules that hold for what leaves."""
    kept = []
    for item in conversation.expectations:
        if why := _must_stay({"expected": [item, _unescaped(item)]}, policy):
            losses.note(conversation.where, "an expectation", f"it holds what a fixture must not ({why})")
        else:
            kept.append(item)
    why = str(_masked(conversation.why))
    if said := _must_stay({"text": why}, policy):
        losses.note(conversation.where, "why it exists", f"it holds what a fixture must not ({said})")
        why = ""
    return replace(conversation, expectations=tuple(kept), why=why)


def free_name(wanted: str, taken: dict[str, int], policy: Policy) -> str:
    """A name that is safe in a path and holds nothing private, numbered where `taken` has it.

    It is added to `taken`, which holds the last number that each name was given.
    """
    text = str(_masked(wanted))
    text = "" if _must_stay({"text": text}, policy) else text
    base = _NOT_IN_NAMES.sub("-", text.casefold()).strip("-._")[:60].rstrip("-._") or "imported"
    name, number = base, taken.get(base, 0)
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken[base] = max(number, 1)
    taken.setdefault(name, 1)
    return name


def _must_stay(content: dict[str, Json], policy: Policy) -> str:
    """What keeps a content from leaving: kinds of private data, or the rule of the export hook that would change it."""
    own = policy.detectors if isinstance(policy, RulePolicy) else NONE
    names = {one.id for one in own.detectors}
    found = {one.detector for one in find(content, own) if not one.mask}
    kinds = [kind for kind in sorted(found) if kind.startswith(_PRIVATE) or kind in names]
    verdict = policy.decide(Question(hook="export", subject="case", payload=content, origin="user"))
    changed = verdict.blocks or (isinstance(verdict.payload, dict) and verdict.payload != content)
    return ", ".join([*kinds, *([f"rule {verdict.rule}"] if changed else [])])


def _unescaped(item: Json) -> Json:
    """An expectation with its patterns as the texts they stand for, which a detector knows: `a@b\\.c` is an address."""
    return rewrite(item, lambda path, text: _ESCAPE.sub(r"\1", text))


def _masked(text: str) -> Json:
    """A text with placeholders for what is private in it."""
    content: Json = {"text": text}
    findings = [one for one in find(content) if one.detector.startswith(_PRIVATE) and not one.mask]
    masked = redact(content, findings, Masks())
    return masked["text"] if isinstance(masked, dict) else ""
