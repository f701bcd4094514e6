"""Passages and memories that a person leaves out of a turn that is said again, as edits at its gates.

Invariant: what is left out is an edit like any that a person makes while stepping: the log has it, and it replays. Nothing
else is left out in the place of what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from greenroom.core.canonical import digest
from greenroom.core.events import GatePassed, MemoriesRecalled, PassagesRetrieved, Record
from greenroom.core.inert import inert_line
from greenroom.core.values import Gate, Json, Memory, Passage
from greenroom.retrieval.select import choose
from greenroom.views.prompt.edited import rows_without

if TYPE_CHECKING:
    from greenroom.engine.session import Session

_GATE = re.compile(r"t(\d+)/gate:(recall|retrieve)")
BY = "rerun"
_NAME = 80
Found = Passage | Memory


class LeftOut:
    """What does not go into its turns' prompts: by turn, the ids, and what each of them was when it was found before.

    A passage is the one that was meant only where document and text are the same, whatever its number is by now.
    """

    def __init__(self, by_turn: Mapping[int, Collection[str]], before: Mapping[int, Mapping[str, Found]]) -> None:
        self._by_turn = {turn: frozenset(ids) for turn, ids in by_turn.items()}
        self._before = before
        self._told: dict[tuple[int, str], str] = {}

    @property
    def told(self) -> tuple[str, ...]:
        """A line for each that was to be left out and could not be found as it was."""
        return tuple(self._told.values())

    def passed(self, step: str, session: Session, edited: GatePassed | None = None) -> GatePassed | None:
        """How a gate is passed at which something found for the turn is left out; None where nothing is.

        `edited` is what a person had done there before: it counts for what it was about, wherever that stands now, and
        what is left out is left out of that.
        """
        found = _GATE.fullmatch(step)
        turn = int(found[1]) if found else 0
        if found is None or turn not in self._by_turn:
            return None
        gate: Gate = "recall" if found[2] == "recall" else "retrieve"
        items, chosen = (_memories if gate == "recall" else _passages)(turn, session)
        without, ids = self._meant(turn, gate, items), [one.id for one in items]
        if edited is None or edited.action != "edit" or not isinstance(edited.edit, list):
            rows = rows_without(ids, chosen, without)
            return GatePassed(step=step, turn=turn, gate=gate, action="edit", edit=rows, by=BY) if without else None
        moved = self._moved(turn, gate, edited.edit, items, chosen)
        rows = [row for row in moved if _id(row, ids) not in without]
        if without:
            return GatePassed(step=step, turn=turn, gate=gate, action="edit", edit=rows, by=BY)
        return None if moved == edited.edit else edited.model_copy(update={"edit": moved})

    def _moved(
        self, turn: int, gate: Gate, edit: Sequence[Json], items: Sequence[Found], chosen: Sequence[str]
    ) -> list[Json]:
        """A person's edit, in which things are named by their places then, with their places now; what is found now and
        was not then goes in as selection has it.
        """
        kind = Memory if gate == "recall" else Passage
        before = [one for one in self._before.get(turn, {}).values() if isinstance(one, kind)]
        places = {one.id: at for at, one in enumerate(items, 1)}
        rows: list[Json] = []
        for row in edit:
            at = row.get("at") if isinstance(row, dict) else None
            if not isinstance(row, dict) or not isinstance(at, int) or not 1 <= at <= len(before):
                continue
            was = before[at - 1]
            now = _same(was.id, was, items)
            if now is not None:
                rows.append({**row, "at": places[now]})
            else:
                self._told[turn, was.id] = f"turn {turn}: {_name(was)}, which a person let in, was not found any more"
        known = {_same(one.id, one, items) for one in before}
        return [*rows, *({"at": places[key]} for key in chosen if key not in known)]

    def _meant(self, turn: int, gate: Gate, items: Sequence[Found]) -> set[str]:
        """The ids, as they are now, of what is left out at a gate."""
        kind = Memory if gate == "recall" else Passage
        meant: set[str] = set()
        for key in sorted(self._by_turn[turn]):
            before = self._before.get(turn, {}).get(key)
            if before is not None and not isinstance(before, kind):
                continue
            now = _same(key, before, items)
            if now is not None:
                meant.add(now)
            elif before is not None:
                self._told[turn, key] = _missing(turn, before, items)
        return meant


def found_for(records: Sequence[Record], turn: int) -> dict[str, Found]:
    """What was recalled and looked up for a turn, by id; the last of each counts."""
    passages: Sequence[Passage] = ()
    memories: Sequence[Memory] = ()
    for record in records:
        match record.event:
            case PassagesRetrieved(turn=at, candidates=candidates) if at == turn:
                passages = candidates
            case MemoriesRecalled(turn=at, memories=recalled) if at == turn:
                memories = recalled
            case _:
                pass
    return {**{one.id: one for one in passages}, **{one.id: one for one in memories}}


def _same(key: str, before: Found | None, items: Sequence[Found]) -> str | None:
    """The id that something has now: a memory keeps its own, a passage is told by its document and text."""
    if isinstance(before, Passage):
        alike = [one.id for one in items if isinstance(one, Passage) and _identity(one) == _identity(before)]
        return key if key in alike else next(iter(alike), None)
    return key if key in {one.id for one in items} else None


def _identity(passage: Passage) -> tuple[str, str, str]:
    return passage.collection, passage.source, digest(passage.text)


def _name(one: Found) -> str:
    return inert_line(one.label if isinstance(one, Passage) else one.text, _NAME)


def _missing(turn: int, before: Found, items: Sequence[Found]) -> str:
    name = _name(before)
    if any(one.id == before.id for one in items):
        return f"turn {turn}: {name} was not left out, because it is not the text it was"
    return f"turn {turn}: {name} was not found any more, so there was nothing to leave out"


def _id(row: Json, ids: Sequence[str]) -> str:
    at = row.get("at") if isinstance(row, dict) else None
    return ids[at - 1] if isinstance(at, int) and 1 <= at <= len(ids) else ""


def _memories(turn: int, session: Session) -> tuple[Sequence[Found], Sequence[str]]:
    """What was recalled for the turn, and the ids of what goes on."""
    event = next((r.event for r in reversed(session.records) if isinstance(r.event, MemoriesRecalled)), None)
    items = event.memories if event is not None and event.turn == turn else ()
    return items, [one.id for one in items]


def _passages(turn: int, session: Session) -> tuple[Sequence[Found], Sequence[str]]:
    """The same of passages, as selection has it."""
    event = next((r.event for r in reversed(session.records) if isinstance(r.event, PassagesRetrieved)), None)
    if event is None or event.turn != turn:
        return (), ()
    wanted = session.contract.persona.knowledge
    chosen, _ = choose(event.candidates, wanted.top_k, wanted.min_score, wanted.budget_chars)
    return event.candidates, chosen
