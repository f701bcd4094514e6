"""Whether a tape was recorded under what governs today: component by component, with the rules or words that changed.

Invariant: a component counts as changed only when both sides know it.
"""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.core.canonical import short
from greenroom.regression.difference import word_diff
from greenroom.regression.parts import Parts, part_name
from greenroom.regression.policy_change import policy_change
from greenroom.regression.tape import Tape

RECORDED_ONLY = ("corpus", "memory", "session")
"""Digests of what is itself on the tape; `check` and replay hold the tape to them, and no workspace is compared with them."""


def changes(tape: Tape, digests: Mapping[str, str], texts: Mapping[str, str], parts: Parts) -> tuple[str, ...]:
    """One line for each changed component, e.g. `persona aria: prompt changed (#a1b2 -> #c3d4): … be -old +new`.

    `digests` and `texts` are today's, by component.
    """
    out = []
    for component, recorded in tape.digests.items():
        today = digests.get(component)
        if today is None or component in RECORDED_ONLY or part_name(today) == recorded:
            continue
        line = f"persona {tape.persona}: {component} changed (#{short(recorded)} -> #{short(today)})"
        old, new = parts.component(recorded), texts.get(component, "")
        told = policy_change if component == "policy" else _words
        out.append(f"{line}: {told(old, new)}" if old and new else line)
    return tuple(out)


def _words(old: str, new: str) -> str:
    return word_diff(old, new, context=3)
