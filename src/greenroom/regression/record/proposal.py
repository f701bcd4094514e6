"""An expectation that is proposed: the ways it can be said, from strict to loose, and the TOML it becomes.

Invariant: every way of saying it holds for the recording it was read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from greenroom.core.canonical import clean_text
from greenroom.core.values import Json
from greenroom.detectors.masks import Masks, mask_all
from greenroom.regression.inline_toml import toml

KINDS: Mapping[str, str] = {
    "trajectory": "tools called, with which arguments, and who was asked",
    "verdicts": "rules that fired",
    "passages": "documents that were cited",
    "memory": "what was kept for later",
    "contains": "what a tool returned and the reply repeats",
    "never": "words the voice rules out",
    "limits": "calls that were used",
}
"""What can be proposed, by the words `--expect` takes."""

USUAL = ("trajectory", "verdicts", "passages", "memory", "contains")
"""What is proposed unless somebody chooses."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way of saying it: the value under its key, and what that means in words."""

    value: Json
    means: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an assertion. `forms` go from strict to loose, `at` is the one chosen, `on` whether it is expected."""

    kind: str
    key: str
    forms: tuple[Form, ...]
    at: int = 0
    on: bool = True

    @property
    def means(self) -> str:
        return self.forms[self.at].means

    @property
    def row(self) -> str:
        """Its line of TOML."""
        return f"{self.key} = {toml(self.forms[self.at].value)}"

    def toggled(self) -> Item:
        return replace(self, on=not self.on)

    def loosened(self) -> Item:
        """The next looser way of saying it; after the loosest comes the strictest again. Who loosens it wants it."""
        return replace(self, at=(self.at + 1) % len(self.forms), on=True)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One assertion: what is expected together of a turn (a number, or "any")."""

    turn: int | str
    items: tuple[Item, ...]

    @property
    def rows(self) -> list[str]:
        """Its lines of TOML, without what is switched off; empty if all of it is."""
        rows = [item.row for item in self.items if item.on]
        return [f"turn = {toml(self.turn)}", *rows] if rows else []

    def values(self) -> dict[str, Json]:
        """The assertion as a case has it."""
        return {"turn": self.turn} | {item.key: item.forms[item.at].value for item in self.items if item.on}

    def changed(self, place: int, item: Item) -> Proposal:
        """With another item at a place."""
        return replace(self, items=(*self.items[:place], item, *self.items[place + 1 :]))


LEAVING = ("secret.", "personal.")
"""What of a person's own words is replaced before it leaves, by the beginning of its kind."""


def case_of(name: str, why: str, expect: str, tags: Sequence[str], proposals: Iterable[Proposal]) -> str:
    """The text of `<name>.case.toml`. A person's `why` goes to git with it, so it is kept without secrets and personal data."""
    why = str(mask_all(clean_text(why), lambda kind: kind.startswith(LEAVING), Masks()))
    head = [
        heading(name),
        'schema = "case/1"',
        f"why    = {toml(why)}   # shown when it fails"
        if why
        else 'why    = ""   # say why this must hold; it is shown when it fails',
        f"expect = {toml(expect)}   # good | bad (this must not come back) | observe (replay only)",
        f"tags   = {toml(list(tags))}   # pytest -m TAG",
    ]
    blocks = [block for proposal in proposals if (block := proposal.rows)]
    if blocks:
        head += ["", "# Read off the recording. Delete what does not matter; loosen with { approx = 90, within = 1 }."]
    return "\n".join([*head, *(row for block in blocks for row in ("", "[[assert]]", *block))]) + "\n"


_HEADING = ("# What is expected of ", ".tape.jsonl. This file is yours: Greenroom never writes over it.")


def heading(name: str) -> str:
    """The first line of a case."""
    return name.join(_HEADING)


def is_heading(line: str) -> bool:
    """Whether a line is the first one of a case, for whatever name."""
    return line.startswith(_HEADING[0]) and line.endswith(_HEADING[1])
