"""A what-if as rows: the passages and memories of a turn with their places, and what the prompt and verdicts would be.

Invariant: a pure function of what was asked and what came of it; the ids of rows that can be left out are `item:ID`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.commands.live.reloading import flip_line
from greenroom.commands.session.what_if import places
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.panes.prompt_rows import message_rows
from greenroom.tui.text.runs import Line, Run, Tint, cell
from greenroom.views.prompt.request_diff import request_diff, request_size

if TYPE_CHECKING:
    from greenroom.assembly.past.what_if import WhatIf
    from greenroom.core.values import Memory, Passage
    from greenroom.regression.flips import Flips
    from greenroom.regression.what_if import Otherwise

ITEM = "item:"
_SIGNS: dict[str, Tint] = {"+": "good", "-": "bad"}
_FEW = 8
"""Candidates that are in neither prompt and shown all the same: the best of them."""


def rows(found: WhatIf, flips: Flips | None, otherwise: Otherwise, unfolded: Collection[str]) -> list[Entry]:
    """Passages, memories, the prompt's difference, flipped verdicts. Rows of `unfolded` ids are open."""
    return [*_passages(found, otherwise, unfolded), *_memories(found), *_prompt(found, unfolded), *_verdicts(flips)]


def _passages(found: WhatIf, otherwise: Otherwise, unfolded: Collection[str]) -> Iterator[Entry]:
    was, would = places(found.before), places(found.after)
    both = {one.id: one for one in (*found.before.candidates, *found.after.candidates)}
    inside = [key for key in dict.fromkeys([*was, *would]) if key in both]
    outside = [key for key in both if key not in was and key not in would and key not in otherwise.without]
    yield Entry("passages", "section", "Passages: their place as it was, as it would be", aside="score")
    for key in [*inside, *outside[:_FEW]]:
        why = found.after.chosen.dropped.get(key, "")
        entry = _passage(
            both[key], was.get(key, ""), would.get(key, ""), "left out" if key in otherwise.without else why
        )
        yield replace(entry, open=entry.id in unfolded)
    if not inside and not outside:
        yield Entry("none", "row", head=(Run("nothing was found for this turn", "quiet"),))


def _passage(passage: Passage, was: str, would: str, why: str) -> Entry:
    head = (
        *_change(was, would),
        Run(passage.label, "plain" if would else "quiet"),
        Run(f"  {why}" if why and not would else "", "quiet"),
    )
    beside = (Run(f"{passage.score:.2f}", "quiet"),)
    body = tuple((Run(line or " "),) for line in passage.text.split("\n"))
    return Entry(f"{ITEM}{passage.id}", "row", head=head, beside=beside, body=body)


def _change(was: str, would: str) -> Line:
    sign = " " if was and would else "+" if would else "-" if was else "·"
    tint = _SIGNS.get(sign, "quiet")
    return (Run(f"{sign} ", tint), cell(was or "-", 5, "quiet"), cell(would or "-", 5, tint if would else "quiet"))


def _memories(found: WhatIf) -> Iterator[Entry]:
    was, would = places(found.before), places(found.after)
    memories = {one.id: one for one in (*found.before.memories, *found.after.memories)}
    if memories:
        yield Entry("memories", "section", "Memories")
    for key, memory in memories.items():
        yield _memory(memory, was.get(key, ""), would.get(key, ""))


def _memory(memory: Memory, was: str, would: str) -> Entry:
    head = (*_change("in" if was else "", "in" if would else ""), Run(memory.text, "plain" if would else "quiet"))
    return Entry(f"{ITEM}{memory.id}", "row", head=head)


def _prompt(found: WhatIf, unfolded: Collection[str]) -> Iterator[Entry]:
    diff = request_diff(found.before.request, found.after.request)
    yield Entry("prompt", "section", "Prompt", aside="the same" if diff.same else "")
    if not diff.same:
        yield from (replace(entry, open=entry.id in unfolded) for entry in message_rows(diff))


def _verdicts(flips: Flips | None) -> Iterator[Entry]:
    aside = "" if flips is None else flips.problem or f"{len(flips.flips)} of {flips.decisions} would differ"
    yield Entry("verdicts", "section", "Verdicts under the policies on disk", aside=aside or "looking …")
    for place, flip in enumerate(flips.flips if flips else ()):
        yield Entry(f"flip:{place}", "row", head=(Run(flip_line(flip), "bad" if flip.looser else "wait"),))


def state_line(found: WhatIf, otherwise: Otherwise) -> str:
    """`about 908 tokens, would be 814 (-94) · without 1 · top_k 4`."""
    old, new = (request_size(side.request) for side in (found.before, found.after))
    told = [f"about {old} tokens, would be {new} ({new - old:+d})"]
    told += [f"without {len(otherwise.without)}"] if otherwise.without else []
    told += [f"{name} {value}" for name, value in otherwise.settings.items()]
    return " · ".join(told)
