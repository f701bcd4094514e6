"""What changed between two states of a session's policy files, rule by rule.

Invariant: never raises and never shows a header of the bundle; files that cannot be read are told by their first changed line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import load_file
from greenroom.regression.stale.by_key import SHOWN, TOLD, differences, in_short

SAME_RULES = "the same rules, but other tools or bounds of the persona"
_LISTS = {"rule": "id", "detector": "id", "exception": "rule"}


def policy_change(old: str, new: str) -> str:
    """`rule refund.large: then require_approval -> deny, and 2 more` between two policy texts as logs keep them.

    `SAME_RULES` if only what they were compiled with differs.
    """
    told = policy_changes(old, new)
    if told is None:
        return _first_line(old, new)
    if not told:
        return SAME_RULES
    more = [f"and {len(told) - TOLD} more"] if len(told) > TOLD else []
    return ", ".join([*told[:TOLD], *more])


def policy_changes(old: str, new: str, *, short: bool = True) -> list[str] | None:
    """What differs, each rule by itself, and not `short` each key of it; None where one of them cannot be read."""
    try:
        before, after = _parts(old), _parts(new)
    except FileInvalid:
        return None
    names = _order(before, after)
    return [said for name in names for said in _told(name, before.get(name), after.get(name), short=short)]


def _parts(text: str) -> dict[str, Any]:
    """What the files say, by a name for people: every rule, detector and exception by itself, and the rest by file."""
    found: dict[str, Any] = {}
    for source in parted(text):
        file = load_file(source).policy
        said = file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for kind, key in _LISTS.items():
            for entry in said.pop(kind, ()):
                name = f"{kind} {entry[key]}"
                found[f"{name} of {file.id}" if name in found else name] = entry
        found[file.id] = said
    return found


def _order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Rules first: they are what a person changed on purpose, and a version number follows from that."""
    return sorted({**before, **after}, key=lambda name: not name.startswith(tuple(_LISTS)))


def _told(name: str, old: Any, new: Any, *, short: bool) -> Iterator[str]:
    shown = inert_line(name, SHOWN)
    if old is None or new is None:
        yield f"{shown} {'added' if old is None else 'removed'}"
    elif sayings := list(differences(old, new)):
        yield from [f"{shown}: {in_short(sayings)}"] if short else (f"{shown}: {saying}" for saying in sayings)


def _first_line(old: str, new: str) -> str:
    """The first line that went or came, but for headers of the bundle."""
    before, after = (
        [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#:")]
        for text in (old, new)
    )
    at = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    at = min(len(before), len(after)) if at is None else at
    went, came = (inert_line("".join(lines[at : at + 1]), SHOWN) for lines in (before, after))
    return " ".join([*([f"-{went}"] if went else []), *([f"+{came}"] if came else [])]) or "only spaces and line ends"
