"""A fixture before it is written: what would be expected, line by line, and what would be replaced.

Invariant: what a person switched, loosened or edited is kept when anything else changes, as long as it still applies.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.assembly.past.taped import goes_otherwise
from greenroom.commands.session.export import not_over
from greenroom.core.errors import FileInvalid
from greenroom.core.events import Record
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import parse
from greenroom.detectors.about import ABOUT, LIMITS
from greenroom.regression.case import Case, stated
from greenroom.regression.expect import failures
from greenroom.regression.expect.said import counted
from greenroom.regression.record.governing import governing, stretches
from greenroom.regression.record.proposal import USUAL, Item, Proposal, case_of, heading, is_heading
from greenroom.regression.record.record import Recorded, proposed, record
from greenroom.regression.tape.under_test import Stretch, under_test, written
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.text.runs import Line, Run

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract

EDITED = "case.toml"
"""What the case is called while it has no name yet."""
_HELD = "read what was replaced: kept is whether each clause held, and rules decide again by that"
_PLACEHOLDER, _NAMED = re.compile(r"‹[a-z_]+#[1-9][0-9]{0,8}›"), 3
_OF_TEXT = 5
"""So many of the detectors' limits are about private data; the others are about links and orders to a model."""
_LOOKED_FOR = (
    Entry(
        "looked",
        "row",
        head=(Run("looked for: e-mail, card, IBAN, phone, IP; tokens, keys, passwords", "quiet"),),
        body=tuple((Run(does),) for kind, does in ABOUT.items() if kind.startswith(("personal.", "secret."))),
    ),
    Entry(
        "overlooked",
        "row",
        head=(Run("not looked for: names, street addresses, dates of birth: read it", "wait"),),
        body=tuple((Run(one),) for one in LIMITS[:_OF_TEXT]),
    ),
)
"""Said where something is replaced, so that nobody takes a tape for free of what no pattern knows."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`text` is the case as somebody left it in an editor, '' while it is what is switched on; `case` what it says.
    `named` is whether somebody said which kinds are proposed, `left` the turn that is left out because it is not over.
    """

    made: Recorded
    proposals: tuple[Proposal, ...]
    text: str = ""
    case: Case | None = None
    named: bool = False
    left: int = 0

    def expected(self, expect: str) -> tuple[Proposal, ...]:
        """What is written and judged: nothing of a fixture that is only observed, unless it was asked for by its kind."""
        return () if expect == "observe" and not self.named else self.proposals

    def item(self, id: str) -> tuple[int, int, Item] | None:
        """The expectation that a row shows, and where it stands."""
        kind, _, place = id.partition(":")
        if kind != "expect" or self.case is not None:
            return None
        proposal, _, at = place.partition(".")
        return int(proposal), int(at), self.proposals[int(proposal)].items[int(at)]

    def with_item(self, proposal: int, at: int, item: Item) -> Draft:
        """With another expectation in its place."""
        changed = self.proposals[proposal].changed(at, item)
        return replace(self, proposals=(*self.proposals[:proposal], changed, *self.proposals[proposal + 1 :]))

    def as_case(self, name: str, why: str, expect: str, tags: Sequence[str]) -> str:
        """The text of the case; an edited one is as it was edited, but for the name in a first line that was left alone."""
        if not self.text:
            return case_of(name, why, expect, tags, self.expected(expect))
        first, line_end, rest = self.text.partition("\n")
        return f"{heading(name)}{line_end}{rest}" if is_heading(first) else self.text

    def line_of(self, id: str, text: str) -> int:
        """The line of the case's text at which what a row shows stands, or would; 0 where a row is of nothing in it."""
        rows = [(number, row) for number, row in enumerate(text.splitlines(), 1) if _is_shown(row)]
        kind, _, place = id.partition(":")
        if kind == "edited" and place.isdecimal():
            return next((number for number, _ in rows[int(place) :]), 0)
        if (found := self.item(id)) is None:
            return 0
        proposal, _, item = found
        blocks = [number for number, row in rows if row.strip() == "[[assert]]"]
        before = sum(bool(one.rows) for one in self.proposals[:proposal])
        start = next(iter(blocks[before:]), 0)
        own = (number for number, row in rows if number > start and row == item.row)
        return next(own, start) if start and item.on else start

    def edited(self, text: str) -> Draft:
        """With the case as it came back from an editor.

        Raises:
            FileInvalid: it is no case; says where.
        """
        return replace(self, text=text, case=parse(text, Case, EDITED))

    def unheld(self) -> str:
        """What an edited case expects that the recording itself does not hold, or ''."""
        if self.case is None or self.case.expect != "good":
            return ""
        found = failures(self.case, under_test(self.made.tape, self.made.tape.events))
        return found[0] if found else ""


def draft_of(
    records: Sequence[Record],
    contract: Contract,
    turns: Stretch | None,
    before: Draft | None = None,
    kinds: Collection[str] | None = None,
) -> Draft:
    """What an export of these turns would be, with what is proposed of these kinds; choices made in `before` are kept.

    Raises:
        GreenroomError: they cannot be exported.
    """
    made = record(records, contract.policy, turns, replays=goes_otherwise)
    chosen = {_place(one, item): item for one in (before.proposals if before else ()) for item in one.items}
    fresh = tuple(
        replace(one, items=tuple(chosen.get(_place(one, item), item) for item in one.items))
        for one in proposed(made.tape, contract, USUAL if kinds is None else kinds)
    )
    text, case = (before.text, before.case) if before else ("", None)
    return Draft(made, fresh, text, case, named=kinds is not None, left=0 if turns else not_over(records))


def first_range(records: Sequence[Record]) -> str:
    """The turns that are offered: '' for all of them, where the contract changed those under the last one."""
    found = stretches(governing(records))
    return written(found[-1]) if len(found) > 1 else ""


def entries(draft: Draft, expect: str = "good") -> list[Entry]:
    """The rows of the preview of a fixture that stands for this."""
    left = f"turn {draft.left} is not over, so it is left out: answer what is open first, to have it in here"
    open_turn = [Entry("left", "row", head=(Run(left, "wait"),))] if draft.left else []
    return [*_expected(draft, expect), *open_turn, *_replaced(draft.made), *_LOOKED_FOR]


def problem_line(error: FileInvalid) -> int:
    """The line of the case that an error is about, 0 if it names none."""
    digits = error.where.partition(" ")[0].rpartition(":")[2]
    return int(digits) if digits.isdecimal() else 0


def _is_shown(row: str) -> bool:
    """Whether a row of a case says something: it is neither empty nor a note to whoever edits it."""
    return bool(row.strip()) and not row.startswith("#")


def _expected(draft: Draft, expect: str) -> list[Entry]:
    if draft.case is not None:
        rows = [row for row in draft.text.splitlines() if _is_shown(row)]
        head = Entry("expectations", "section", f"{stated(draft.case)} expected, as you edited it")
        return [head, *(Entry(f"edited:{at}", "row", head=(Run(row),)) for at, row in enumerate(rows))]
    items = [
        (f"expect:{p}.{i}", one, item) for p, one in enumerate(draft.proposals) for i, item in enumerate(one.items)
    ]
    if items and not draft.expected(expect):
        head = Entry("expectations", "section", "nothing expected", aside="it is only replayed")
        other = f"as good or bad there {'is 1' if len(items) == 1 else f'are {len(items)}'} to choose from, read off the recording"
        return [head, Entry("observed", "row", head=(Run(other, "quiet"),))]
    on = sum(item.on for _, _, item in items)
    head = Entry("expectations", "section", f"{on} of {len(items)} expected", aside="read off the recording")
    return [head, *(_row(*item) for item in items)]


def _row(id: str, proposal: Proposal, item: Item) -> Entry:
    where = f"turn {proposal.turn}" if isinstance(proposal.turn, int) else "all"
    mark = Run("✓ ", "good") if item.on else Run("· ", "quiet")
    head: Line = (mark, Run(f"{where:<8}", "quiet"), Run(item.means, "plain" if item.on else "quiet"))
    ways = f" · way {item.at + 1} of {len(item.forms)} to say it" if len(item.forms) > 1 else ""
    body: tuple[Line, ...] = ((Run(item.row),), (Run(f"{item.kind}{ways}", "quiet"),))
    return Entry(id, "row", head=head, body=body)


def _replaced(made: Recorded) -> list[Entry]:
    """One row for each value in each turn, with all the places it stood in."""
    places: dict[tuple[int, str, str], list[str]] = {}
    for one in made.redactions:
        count = f" ({one.count} times)" if one.count > 1 else ""
        places.setdefault((one.turn, one.placeholder, one.kind), []).append(one.where + count)
    head = Entry("redactions", "section", "replaced before it leaves", aside="the values are in no file")
    rows = [
        Entry(
            f"redaction:{at}",
            "row",
            head=(
                Run(f"  turn {turn:<3}", "quiet"),
                Run(f"{placeholder or 'by a rule'}  ", "key"),
                Run(f"{kind} in {', '.join(one.partition(' (')[0] for one in where)}"),
            ),
            body=tuple((Run(one),) for one in where),
        )
        for at, ((turn, placeholder, kind), where) in enumerate(places.items())
    ]
    if made.held:
        rows.append(Entry("held", "row", head=(Run(f"  {counted(made.held, 'decision')}  ", "key"), Run(_HELD))))
    before = _masked_before(made)
    if before:
        rows.append(Entry("masked", "row", head=(Run(f"  {before}  ", "key"), Run("masked in the session already"))))
    return [head, *(rows or [Entry("redaction", "row", head=(Run("  nothing private was found", "quiet"),))])]


def _masked_before(made: Recorded) -> str:
    """The placeholders that stand in the tape because a rule put them there before anything was written."""
    here = {one.placeholder for one in made.redactions}
    found = dict.fromkeys(one for line in made.tape.events for one in _PLACEHOLDER.findall(repr(line)))
    names = [name for name in found if name not in here]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return inert_line(", ".join(names[:_NAMED]) + more, 60)


def _place(proposal: Proposal, item: Item) -> tuple[object, ...]:
    return proposal.turn, item.key, tuple(form.means for form in item.forms)
