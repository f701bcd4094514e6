"""What changed between two states of a session's policy files, rule by rule.

Invariant: never raises and never shows a header of the bundle; files that cannot be read are told by their first changed line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import Path
from greenroom.policy.files.bundle import parted
from greenroom.policy.files.rules import PolicyFile
from greenroom.policy.load import load_file
from greenroom.regression.stale.by_key import SHOWN, Change, changed_keys, in_short
from greenroom.regression.stale.rule_in_words import effect_of

SAME_RULES = "the same rules, but other tools or bounds of the persona"
_OF_RULE = 3
"""So many keys of one rule are told of by name."""
_LISTS = {"rule": "id", "detector": "id", "exception": "rule"}


def policy_change(old: str, new: str) -> str:
    """`rule refund.large: then require_approval -> deny; rule x added; rule y added and 2 more` between two policy texts as logs keep them.

    `SAME_RULES` if only what they were compiled with differs.
    """
    told = policy_changes(old, new)
    if told is None:
        return _first_line(old, new)
    return in_short(told) if told else SAME_RULES


def policy_changes(old: str, new: str, *, short: bool = True) -> list[str] | None:
    """What differs, each rule and each key of a file's own by itself, and not `short` each key of a rule; None where one of them cannot be read."""
    found = policy_keys(old, new, short=short)
    return None if found is None else [change.told for change in found]


def policy_keys(old: str, new: str, *, short: bool = True) -> list[Change] | None:
    """The same, each with a path: the name it is told by, as `stands` has it, and the first of its keys that differs."""
    try:
        before, after = _files(old), _files(new)
    except FileInvalid:
        return None
    one, other = _parts(before), _parts(after)
    told = [change for name in _order(one, other) for change in _told(name, one, other, short=short)]
    return [*told, *_reordered(before, after)]


def stands(text: str) -> dict[str, tuple[str, Path]]:
    """The file that each rule, detector and exception of a policy text stands in, and its path there.

    Raises:
        FileInvalid: a file cannot be read.
    """
    found: dict[str, tuple[str, Path]] = {}
    for source in parted(text):
        file = load_file(source).policy
        for kind, key in _LISTS.items():
            for number, entry in enumerate(getattr(file, kind)):
                found[_name(kind, getattr(entry, key), file.id, found)] = (source.file, (kind, number))
        found[file.id] = (source.file, ())
    return found


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
                found[_name(kind, entry[key], file.id, found)] = _without_empty(entry)
        found[file.id] = _without_empty(said)
    return found


def _name(kind: str, key: str, file: str, taken: Mapping[str, Any]) -> str:
    return f"{kind} {key} of {file}" if f"{kind} {key}" in taken else f"{kind} {key}"


def _without_empty(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry without the lists that nobody filled: a rule with no `when` has none."""
    return {key: value for key, value in entry.items() if value not in ([], {}, "")}


def _order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Rules first: they are what a person changed on purpose, and a version number follows from that."""
    return sorted({**before, **after}, key=lambda name: not name.startswith(tuple(_LISTS)))


def _told(name: str, before: Mapping[str, Any], after: Mapping[str, Any], *, short: bool) -> Iterator[Change]:
    shown, old, new = inert_line(name, SHOWN), before.get(name), after.get(name)
    if old is None:
        yield Change(f"{shown} added{_does(name, after)}", (name,))
    elif new is None:
        yield Change(f"{shown} removed{_does(name, before)}", (name,))
    elif keys := list(changed_keys(old, new)):
        if short and name.startswith(tuple(_LISTS)):
            yield Change(f"{shown}: {in_short([key.told for key in keys], ', ', _OF_RULE)}", (name, *keys[0].path))
        else:
            yield from (Change(f"{shown}: {key.told}", (name, *key.path)) for key in keys)


def _does(name: str, parts: Mapping[str, Any]) -> str:
    """What it lets through or refuses, in brackets."""
    does = effect_of(name, parts[name], parts.get(f"rule {parts[name].get('rule')}"))
    return f" ({does})" if does else ""


def _reordered(before: Sequence[PolicyFile], after: Sequence[PolicyFile]) -> Iterator[Change]:
    """Where what both have stands in another order. That decides nothing but which of several rules a verdict names."""
    then = {file.id: file for file in before}
    for file in after:
        for kind, key in _LISTS.items():
            one, other = (
                [getattr(entry, key) for entry in getattr(each, kind)] for each in (then.get(file.id, file), file)
            )
            if [name for name in one if name in other] != [name for name in other if name in one]:
                of = f"{kind}s of {inert_line(file.id, SHOWN)}"
                yield Change(f"{of} in another order, which decides at most what rule a verdict names", (file.id,))


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
