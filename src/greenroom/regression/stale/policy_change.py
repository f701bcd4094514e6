"""What changed between two states of a session's policy files, rule by rule.

Invariant: never raises and never shows a header of the bundle; files that cannot be read are told by their first changed line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.policy.files.bundle import parted
from greenroom.policy.files.rules import PolicyFile
from greenroom.policy.load import load_file
from greenroom.regression.stale.by_key import SHOWN, TOLD, differences, in_short
from greenroom.regression.stale.rule_in_words import effect_of

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
        before, after = _files(old), _files(new)
    except FileInvalid:
        return None
    one, other = _parts(before), _parts(after)
    told = [said for name in _order(one, other) for said in _told(name, one, other, short=short)]
    return [*told, *_reordered(before, after)]


def _files(text: str) -> list[PolicyFile]:
    return [load_file(source).policy for source in parted(text)]


def _parts(files: Sequence[PolicyFile]) -> dict[str, Any]:
    """What the files say, by a name for people: every rule, detector and exception by itself, and the rest by file.

    What holds where nothing is said is said, so that a key which is left out again is told by what holds then.
    """
    found: dict[str, Any] = {}
    for file in files:
        said = file.model_dump(mode="json", by_alias=True, exclude_none=True)
        for kind, key in _LISTS.items():
            for entry in said.pop(kind, ()):
                name = f"{kind} {entry[key]}"
                found[f"{name} of {file.id}" if name in found else name] = _without_empty(entry)
        found[file.id] = _without_empty(said)
    return found


def _without_empty(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry without the lists that nobody filled: a rule with no `when` has none."""
    return {key: value for key, value in entry.items() if value not in ([], {}, "")}


def _order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Rules first: they are what a person changed on purpose, and a version number follows from that."""
    return sorted({**before, **after}, key=lambda name: not name.startswith(tuple(_LISTS)))


def _told(name: str, before: Mapping[str, Any], after: Mapping[str, Any], *, short: bool) -> Iterator[str]:
    shown, old, new = inert_line(name, SHOWN), before.get(name), after.get(name)
    if old is None:
        yield f"{shown} added{_does(name, after)}"
    elif new is None:
        yield f"{shown} removed{_does(name, before)}"
    elif sayings := list(differences(old, new)):
        yield from [f"{shown}: {in_short(sayings)}"] if short else (f"{shown}: {saying}" for saying in sayings)


def _does(name: str, parts: Mapping[str, Any]) -> str:
    """What it lets through or refuses, in brackets."""
    does = effect_of(name, parts[name], parts.get(f"rule {parts[name].get('rule')}"))
    return f" ({does})" if does else ""


def _reordered(before: Sequence[PolicyFile], after: Sequence[PolicyFile]) -> Iterator[str]:
    """Where what both have stands in another order. That decides nothing but which of several rules a verdict names."""
    then = {file.id: file for file in before}
    for file in after:
        for kind, key in _LISTS.items():
            one, other = (
                [getattr(entry, key) for entry in getattr(each, kind)] for each in (then.get(file.id, file), file)
            )
            if [name for name in one if name in other] != [name for name in other if name in one]:
                yield f"{kind}s of {inert_line(file.id, SHOWN)} in another order, which decides at most what rule a verdict names"


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
