"""What a rule or an exception does, in a few words: `deny mail.send when args.to == ''`.

Invariant: never raises for an entry of a policy file that could be read; what is said is harmless and short.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenroom.core.inert import inert_line
from greenroom.policy.files.rules import AUTONOMY
from greenroom.regression.stale.by_key import said

_MOST = 140


def effect_of(name: str, entry: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> str:
    """What an entry lets through or refuses; '' for what is neither a rule nor an exception.

    `about` is the rule that an exception sets aside.
    """
    if name.startswith("rule "):
        return inert_line(_rule(entry), _MOST)
    if name.startswith("exception "):
        return inert_line(_exception(entry, about), _MOST)
    return ""


def _rule(entry: Mapping[str, Any]) -> str:
    seen = f" for {said(entry['find'])}" if entry.get("find") else ""
    watched = ", only watched" if entry.get("mode") == "observe" else ""
    return f"{entry['then']} {_where(entry)}{seen}{_when(entry)}{watched}"


def _exception(entry: Mapping[str, Any], about: Mapping[str, Any] | None) -> str:
    until = f", until {entry['expires']}"
    if entry["rule"] == AUTONOMY:
        return f"lets {said(entry.get('tools', []))} through without autonomy's question{_when(entry)}{until}"
    spared = f"lets {_where(about)} through without {about['then']}" if about else "sets the rule aside"
    return f"{spared}{_when(entry) or ' always'}{until}"


def _where(entry: Mapping[str, Any]) -> str:
    return said(entry.get("tools") or entry["hook"])


def _when(entry: Mapping[str, Any]) -> str:
    """All of `when`, and one of `any`."""
    clauses = [*entry.get("when", ())]
    if alternatives := entry.get("any"):
        clauses.append(" or ".join(" and ".join(one) for one in alternatives))
    return f" when {' and '.join(clauses)}" if clauses else ""
