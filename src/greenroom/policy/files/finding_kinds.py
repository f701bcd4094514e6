"""Which kinds of findings there are in a session: the built-in ones and those of its policy files.

Invariant: a kind stands for one detector and its masks for one kind; a rule that looks for a kind there is not is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import suggest
from greenroom.detectors.find import KINDS
from greenroom.detectors.own import OwnDetector
from greenroom.policy.files.own_detectors import DetectorSpec
from greenroom.policy.files.rules import Rule, matching

if TYPE_CHECKING:
    from greenroom.policy.load import LoadedPolicy


@dataclass(frozen=True, slots=True)
class OwnKind:
    """A detector of a policy file: what the file says, ready to search, and where it says so."""

    spec: DetectorSpec
    detector: OwnDetector
    policy: str
    where: str


def own_kinds(loaded: Sequence[LoadedPolicy]) -> tuple[OwnKind, ...]:
    """All detectors of these files. The same detector in two files is one.

    Raises:
        FileInvalid: two different ones have one id, or masks of one name.
    """
    known: dict[str, OwnKind] = {}
    labels: dict[str, str] = {}
    for file in loaded:
        here: set[str] = set()
        for index, spec in enumerate(file.policy.detector):
            where = file.where(("detector", index, "id"))
            same = known.get(spec.id)
            if spec.id in here or (same and _meaning(same.spec) != _meaning(spec)):
                other = f", and not as {same.policy} has it" if same and spec.id not in here else ""
                raise FileInvalid(f"detector '{spec.id}' is there twice{other}", where=where, hint="give it another id")
            if labels.setdefault(spec.label, spec.id) != spec.id:
                hint = f"give '{spec.id}' its own: mask = \"...\""
                raise FileInvalid(
                    f"masks of '{labels[spec.label]}' are already called '{spec.label}'", where=where, hint=hint
                )
            here.add(spec.id)
            known.setdefault(spec.id, OwnKind(spec, spec.made(), file.policy.label, where))
    return tuple(known.values())


def kinds_of(rule: Rule, own: Iterable[OwnKind], where: str) -> frozenset[str]:
    """The kinds a rule looks for, with what its `*` stand for.

    Raises:
        FileInvalid: there is none of such a name; the nearest one is suggested.
    """
    known = (*KINDS, *(one.spec.id for one in own))
    for name in rule.find:
        if not matching(name, known):
            hint = suggest(name, list(known))
            raise FileInvalid(f"no detector is named '{name}'", where=where, hint=hint, code="policy.unknown_kind")
    return frozenset(kind for name in rule.find for kind in matching(name, known))


def _meaning(spec: DetectorSpec) -> DetectorSpec:
    """The detector without its words for people and its tests."""
    return spec.model_copy(update={"why": "", "test": (), "mask": spec.label})
