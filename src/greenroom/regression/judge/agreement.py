"""How far a judge agrees with people: a file of labelled replies judged again, and the two compared.

Invariant: every labelled reply is in the count: agreed, disagreed, or left undecided by the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, ValidationError

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Frozen, Json, Usage
from greenroom.models.port import Model
from greenroom.regression.judge.rubric import Judgement, judge

_MOST_BYTES = 16_000_000


class Labelled(Frozen):
    """One line of the file: what a person said (`words`), the `reply`, and how a person labelled it."""

    reply: str
    label: Literal["pass", "fail"]
    words: str = ""
    id: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled reply and what the judge said of it. `line` is its place in the file, from 1."""

    line: int
    labelled: Labelled
    judgement: Judgement

    @property
    def agrees(self) -> bool | None:
        """Whether judge and person say the same; None where the judge said nothing."""
        return None if self.judgement.undecided else self.judgement.passed == (self.labelled.label == "pass")


@dataclass(frozen=True, slots=True)
class Agreement:
    """All of it. `raw` is the share on which both agree, `kappa` Cohen's: 1 is perfect, 0 what chance alone would give,
    None where one of the two always says the same, so that chance alone explains everything. Both are over `decided`.
    """

    judged: tuple[Judged, ...]

    @property
    def decided(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.agrees is not None)

    @property
    def disagreements(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.agrees is False)

    @property
    def undecided(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.agrees is None)

    @property
    def raw(self) -> float | None:
        """None where the judge decided nothing."""
        return sum(one.agrees is True for one in self.decided) / len(self.decided) if self.decided else None

    @property
    def kappa(self) -> float | None:
        table = self.table()
        total = sum(table.values())
        if self.raw is None:
            return None
        person = (table["pass", "pass"] + table["pass", "fail"]) / total
        judges = (table["pass", "pass"] + table["fail", "pass"]) / total
        chance = person * judges + (1 - person) * (1 - judges)
        return None if chance == 1 else (self.raw - chance) / (1 - chance)

    @property
    def usage(self) -> Usage:
        total = Usage()
        for one in self.judged:
            total = total.plus(one.judgement.usage)
        return total

    def table(self) -> dict[tuple[str, str], int]:
        """How many of each pair: what the person said, then what the judge said."""
        counts = {(person, said): 0 for person in ("pass", "fail") for said in ("pass", "fail")}
        for one in self.decided:
            counts[one.labelled.label, "pass" if one.judgement.passed else "fail"] += 1
        return counts


def read_labelled(path: Path, shown: str) -> tuple[tuple[int, Labelled], ...]:
    """The labelled replies of a JSON Lines file with their line numbers; empty lines are skipped.

    Raises:
        FileInvalid: it cannot be read, is larger than 16 MB, has no replies, or a line is not one; with its line.
    """
    try:
        with path.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=shown) from None
    if len(data) > _MOST_BYTES:
        raise FileInvalid("larger than 16 MB", where=shown)
    rows = [(number, row) for number, row in enumerate(data.split(b"\n"), 1) if row.strip()]
    if not rows:
        raise FileInvalid("no labelled replies", where=shown, hint=_FORM)
    return tuple((number, _labelled(row, f"{shown}:{number}")) for number, row in rows)


async def agreement(
    model: Model,
    rubric: str,
    labelled: Sequence[tuple[int, Labelled]],
    *,
    votes: int = 1,
    seen: Callable[[Judged], None] = lambda one: None,
) -> Agreement:
    """Judge every labelled reply, one after another; `seen` is told of each.

    Raises:
        ServiceUnavailable: the judging model cannot be used now.
    """
    done: list[Judged] = []
    for line, one in labelled:
        done.append(Judged(line, one, await judge(model, rubric, one.reply, one.words, votes=votes)))
        seen(done[-1])
    return Agreement(tuple(done))


_FORM = '{"words": "...", "reply": "...", "label": "pass" or "fail"} on each line'


def _labelled(row: bytes, where: str) -> Labelled:
    try:
        value: Json = orjson.loads(row)
    except ValueError:
        raise FileInvalid("not a line of JSON", where=where, hint=_FORM) from None
    try:
        return Labelled.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise FileInvalid(
            f"not a labelled reply: {key}: {first['msg'].replace('Input should be', 'must be')}",
            where=where,
            hint=_FORM,
        ) from None
