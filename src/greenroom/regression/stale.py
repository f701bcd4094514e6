"""Whether a tape was recorded under what governs today: component by component, with the rules or words that changed.

Invariant: a component counts as changed only when both sides know it.
"""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.core.canonical import short
from greenroom.core.inert import inert_line
from greenroom.regression.component_change import component_change, persona_version, told_elsewhere
from greenroom.regression.parts import Parts, part_name
from greenroom.regression.tape import Tape

RECORDED_ONLY = ("corpus", "memory", "session")
"""Digests of what is itself on the tape; `check` and replay hold the tape to them, and no workspace is compared with them."""


def changes(tape: Tape, digests: Mapping[str, str], texts: Mapping[str, str], parts: Parts) -> tuple[str, ...]:
    """One line for each changed component, e.g. `persona aria 1.3.0 -> 1.4.0: prompt changed: … be -old +new`.

    `digests` and `texts` are today's, by component. Fixtures that are stale for one cause have the same line. What
    changed in a persona's file is not said twice where another component says it.
    """
    found = {
        component: (recorded, today)
        for component, recorded in tape.digests.items()
        if component not in RECORDED_ONLY
        and (today := digests.get(component)) is not None
        and part_name(today) != recorded
    }
    if not found:
        return ()
    known = {
        component: (old, new)
        for component, (recorded, _) in found.items()
        if (old := parts.component(recorded)) and (new := texts.get(component, ""))
    }
    if "persona" in known and told_elsewhere(*known["persona"], tuple(name for name in found if name != "persona")):
        found.pop("persona")
    who = _who(tape, texts)
    return tuple(
        f"{who}: {component} changed: {component_change(component, *known[component])}"
        if component in known
        else f"{who}: {component} changed (#{short(recorded)} -> #{short(today)})"
        for component, (recorded, today) in found.items()
    )


def _who(tape: Tape, texts: Mapping[str, str]) -> str:
    """`persona aria 1.3.0 -> 1.4.0`, or with one version where it is still the same."""
    recorded = inert_line(str(tape.header.get("persona", "")).partition("@")[2], 60)
    today = persona_version(texts.get("persona", ""))
    versions = recorded if today in ("", recorded) else f"{recorded} -> {today}"
    return f"persona {inert_line(tape.persona, 80)} {versions}".rstrip()
