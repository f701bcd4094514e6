"""What differs between two contracts, whole: keys, prompt, tools, rules and parameters, each change by itself.

Invariant: a part is told of exactly where its digest differs; what says the same in other words is said to do so. What is
told is harmless and needs no file that was read since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from greenroom.core.canonical import short
from greenroom.regression.stale.persona_change import contract_changes, parameters_changes, version_of
from greenroom.regression.stale.policy_change import SAME_RULES, policy_changes
from greenroom.regression.stale.tools_change import tools_changes
from greenroom.regression.tape.long_text import pieces
from greenroom.views.comparison.words import Piece, opcodes, word_diff

Words = tuple[Piece, ...]
_NAMES = {
    "persona": "contract",
    "prompt": "prompt",
    "parameters": "parameters",
    "ceilings": "limits of the workspace",
    "models": "names of models",
    "tools": "tools",
    "other_tools": "tools it may not use",
    "policy": "rules",
}
"""By component, in the order in which they are told."""
_ONLY_WORDS = "only comments, spaces or the order of keys"


@dataclass(frozen=True, slots=True)
class Reading:
    """A contract as it was read: the digest of each component, the texts there still are, the model that answers."""

    digests: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    model: str = ""

    def text(self, part: str) -> str:
        """The text of a component, '' where there is none."""
        return self.texts.get(part, "")


@dataclass(frozen=True, slots=True)
class Section:
    """What differs in one part: `changes` a line each, `words` the changed stretches of a prompt."""

    part: str
    name: str
    changes: tuple[str, ...] = ()
    words: tuple[Words, ...] = ()


def difference(before: Reading, after: Reading) -> tuple[Section, ...]:
    """The parts that differ; none where both are the same."""
    found = []
    if before.model != after.model:
        found.append(Section("model", "model", (f"{before.model} -> {after.model}",)))
    for part, name in {
        **_NAMES,
        **{part: part for part in {**before.digests, **after.digests} if part not in _NAMES},
    }.items():
        if before.digests.get(part, "") != after.digests.get(part, ""):
            found.append(_section(part, name, before, after))
    return _without_echo(tuple(found))


def _section(part: str, name: str, before: Reading, after: Reading) -> Section:
    old, new = before.text(part), after.text(part)
    if any(part in one.digests and part not in one.texts for one in (before, after)):
        marks = (f"#{short(one.digests.get(part, '')) or 'none'}" for one in (before, after))
        return Section(part, name, (f"{' -> '.join(marks)} (the log does not hold the text)",))
    if part == "prompt":
        return Section(part, name, (), tuple(stretches(old, new)))
    told = _TELLERS[part](old, new) if part in _TELLERS else None
    if told is None:
        return Section(part, name, (), tuple(stretches(old, new)))
    if part == "persona" and (versions := (version_of(old), version_of(new)))[0] != versions[1]:
        told = [f"version {versions[0]} -> {versions[1]}", *told]
    return Section(part, name, tuple(told) or ((SAME_RULES if part == "policy" else _ONLY_WORDS),))


def stretches(old: str, new: str) -> list[Words]:
    """The sentences that changed, each with its words marked; what stayed is left out."""
    before, after = pieces(old), pieces(new)
    found = []
    for equal, a, b, c, d in opcodes(before, after):
        if not equal:
            found.append(word_diff("".join(before[a:b]).strip(), "".join(after[c:d]).strip()))
    return [words for words in found if words] or [(Piece("same", _ONLY_WORDS),)]


def _without_echo(found: tuple[Section, ...]) -> tuple[Section, ...]:
    """Rules that were only compiled with other tools or bounds say nothing where those are told of."""
    echo = [one for one in found if one.part == "policy" and one.changes == (SAME_RULES,)]
    return tuple(one for one in found if one not in echo) if len(found) > 1 else found


def _contract(old: str, new: str) -> list[str] | None:
    return contract_changes(old, new)


_TELLERS: Mapping[str, Callable[[str, str], list[str] | None]] = {
    "persona": _contract,
    "parameters": parameters_changes,
    "ceilings": parameters_changes,
    "models": parameters_changes,
    "tools": tools_changes,
    "other_tools": tools_changes,
    "policy": lambda old, new: policy_changes(old, new, short=False),
}
