"""What autonomy says about a call that is inside its bounds (DESIGN section 8).

Invariant: it only ever asks or denies; text from outside lowers it, and nothing here raises it.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.values import Effect, Origin, ToolSpec

UNTRUSTED: frozenset[Origin] = frozenset({"web"})
"""Origins whose text nobody on the team wrote or vetted."""

_PRIVATE: frozenset[Origin] = frozenset({"memory", "tool"})
_REVERSIBLE_RISK = 40
_ENVELOPE_RISK = 70


def lowered(level: int, taint: Sequence[Origin]) -> int:
    """The level that counts: one less while the session holds untrusted text, but asking stays possible at 1."""
    return level - 1 if level > 1 and not UNTRUSTED.isdisjoint(taint) else level


def decide(level: int, tool: ToolSpec, risk: int) -> tuple[Effect, str]:
    """The effect at this level, and why. Levels: 0 suggest only, 1 ask always, 2 reads run, 3 reversible writes under
    risk 40 run too, 4 everything under risk 70 runs.
    """
    name = tool.name
    if level <= 0:
        return "deny", f"At autonomy 0 nothing runs; {name} can only be suggested."
    if level == 1:
        return "require_approval", "At autonomy 1 every call is asked about."
    if level >= 4:
        if risk < _ENVELOPE_RISK:
            return "allow", f"At autonomy 4 calls inside the envelope under risk {_ENVELOPE_RISK} run."
        return "require_approval", f"Risk {risk} is {_ENVELOPE_RISK} or more."
    if tool.effects == "none":
        return "allow", f"At autonomy {level} reads run."
    if level == 3 and tool.reversible:
        if risk < _REVERSIBLE_RISK:
            return "allow", f"At autonomy 3 reversible writes under risk {_REVERSIBLE_RISK} run."
        return "require_approval", f"Risk {risk} is {_REVERSIBLE_RISK} or more."
    lasting = "changes something" if tool.reversible else "changes something for good"
    return "require_approval", f"At autonomy {level} {name} is asked about, because it {lasting}."


def unattended(tool: ToolSpec, taint: Sequence[Origin]) -> str:
    """Why an outbound call may not go out unattended: untrusted text and private data are in the same session."""
    if tool.outbound and UNTRUSTED & set(taint) and _PRIVATE & set(taint):
        return f"{tool.name} sends something out while the session holds untrusted text and private data."
    return ""
