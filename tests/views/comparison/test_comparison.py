"""Sides of a situation: alike where they went alike, and what differs is found whichever side comes first."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.events import Record, SessionForked
from greenroom.core.ids import CountedIds
from greenroom.core.messages import ModelReply
from greenroom.core.values import ApprovalReply, Passage
from greenroom.log.memory_log import MemoryLog
from greenroom.views.comparison.comparison import Comparison, Side, compare
from greenroom.views.comparison.shown import rows, totals
from tests.engine.stage import AmountPolicy, ListedApprover, OnePassage, says, stage

Turn = tuple[str, list[ModelReply]]
REFUND = ("orders.refund", {"order_id": 1, "amount": 120})


def played(*turns: Turn, beside: int = 0, parent: Sequence[Record] = (), **parts: object) -> Sequence[Record]:
    """A session of these turns. With `beside` its ids are others; with `parent` it goes on from there."""
    ids = CountedIds()
    for _ in range(beside):
        ids.name("x")
    approver = ListedApprover([ApprovalReply(decision="allow", approver="kim")] * 9)
    play = stage(*(reply for _, replies in turns for reply in replies), ids=ids, **{"approver": approver, **parts})
    log = MemoryLog(f"s{beside}", FrozenClock(), ids, parent)
    if parent:
        log.append(
            SessionForked(session=f"s{beside}", parent="s0", parent_seq=len(parent) - 1, parent_hash=parent[-1].hash)
        )

    async def scene() -> None:
        session = play.session(log)
        for words, _ in turns:
            await session.turn(words)

    asyncio.run(asyncio.wait_for(scene(), 10))
    return log.records


def both(one: Sequence[Record], other: Sequence[Record]) -> Comparison:
    return compare([Side("A", one), Side("B", other)])


PLAIN = [says("Hello.")]
ASKING = [says("Looking.", ("orders.get", {"order_id": 1})), says("Paying.", REFUND), says("Done.")]
SPOKEN = st.lists(
    st.tuples(
        st.sampled_from(["hello", "a refund please", "where is it", "My name is Mara"]),
        st.sampled_from([PLAIN, [says("Good day to you.")], ASKING]),
    ),
    max_size=4,
)


@settings(max_examples=25)
@given(SPOKEN)
def test_a_session_differs_nowhere_from_itself_nor_from_one_that_went_alike(turns: list[Turn]) -> None:
    records = played(*turns)
    assert both(records, records).same
    again = both(records, played(*turns, beside=3))
    assert again.same
    assert len(again.turns) == len(turns)
    assert not any(row.differs for turn in again.turns for row in rows(turn))
    assert not again.parts


@settings(max_examples=25)
@given(SPOKEN, SPOKEN)
def test_what_differs_does_not_depend_on_which_side_comes_first(one: list[Turn], other: list[Turn]) -> None:
    first, second = played(*one), played(*other, beside=1)
    there, back = both(first, second), both(second, first)
    assert there.same == back.same
    met = {tuple(facts.turn if facts else 0 for facts in turn.turns): turn.differs for turn in there.turns}
    turned = {tuple(facts.turn if facts else 0 for facts in turn.turns)[::-1]: turn.differs for turn in back.turns}
    assert met == turned
    assert there.same == (one == other)


def test_only_what_follows_the_fork_is_compared() -> None:
    parent = played(("hello", PLAIN), ("and now?", [says("Nothing.")]))
    at = next(record.seq for record in parent if record.event.turn == 2) - 1
    child = played(("and now?", [says("Everything.")]), beside=1, parent=parent[: at + 1])
    compared = both(parent, child)
    assert compared.shared == 1
    assert compared.shared_records == at + 1
    (turn,) = compared.turns
    assert [facts.turn for facts in turn.here] == [2, 2]
    assert turn.reply.marked(0)[0] == ("gone", "Nothing")
    assert turn.reply.marked(1)[0] == ("came", "Everything")
    assert len(compare([Side("A", parent), Side("B", child)], whole=True).turns) == 2
    assert len(compare([Side("A", parent), Side("B", child)], only=1).turns) == 1


def test_the_turn_that_was_said_otherwise_belongs_to_the_one_in_its_place() -> None:
    parent = played(("hello", PLAIN), ("refund it", PLAIN))
    at = next(record.seq for record in parent if record.event.turn == 2) - 1
    child = played(("??", PLAIN), ("refund it", PLAIN), beside=1, parent=parent[: at + 1])
    by_words = both(parent, child)
    assert [[one.turn if one else None for one in turn.turns] for turn in by_words.turns] == [[None, 2], [2, 3]]
    by_turn = compare([Side("A", parent, 2), Side("B", child, 2)])
    assert [[one.turn if one else None for one in turn.turns] for turn in by_turn.turns] == [[2, 2], [None, 3]]
    assert by_turn.turns[0].said.differs


def test_an_extra_turn_is_shown_as_such() -> None:
    other = played(("hello", PLAIN), ("hm", PLAIN), ("bye", PLAIN), beside=1)
    compared = both(played(("hello", PLAIN), ("bye", PLAIN)), other)
    assert [turn.missing for turn in compared.turns] == [False, True, False]
    assert [turn.differs for turn in compared.turns] == [False, True, False]
    assert not compared.same


def test_a_flipped_verdict_and_what_came_of_it_are_told() -> None:
    denied = ListedApprover([ApprovalReply(decision="deny", reason="too much")])
    one = played(("pay", ASKING), policy=AmountPolicy(limit=500))
    other = played(("pay", ASKING), beside=1, approver=denied)
    (turn,) = both(one, other).turns
    (flipped,) = turn.flipped
    assert [cell.effect for cell in flipped.cells if cell] == ["allow", "require_approval"]
    told = {row.name: row for row in rows(turn)}
    assert told["tool.call orders.refund"].said == "flipped"
    assert told["orders.refund asked"].cells == ("", "operator: deny, too much")
    assert told["orders.refund came to"].cells[1].startswith("denied: ")
    assert not told["orders.refund"].differs
    assert "1 the same" in told
    assert [part.name for part in both(one, other).parts] == ["policy"]


def test_passages_count_by_what_the_model_saw() -> None:
    seen = OnePassage().passages
    at_other_score = OnePassage((seen[0].model_copy(update={"score": 0.8}), seen[1]))
    assert both(played(("hi", PLAIN)), played(("hi", PLAIN), retriever=at_other_score)).same
    more = OnePassage((*seen, Passage(id="p3", source="late.md", text="dropped for its count", score=0.1)))
    assert both(played(("hi", PLAIN)), played(("hi", PLAIN), retriever=more)).same
    other_text = OnePassage((seen[0].model_copy(update={"text": "Refunds take ten days."}), seen[1]))
    (turn,) = both(played(("hi", PLAIN)), played(("hi", PLAIN), retriever=other_text)).turns
    assert [row.said for row in rows(turn) if row.differs] == ["its text is another"]


def test_three_sides_and_hostile_words() -> None:
    sides = [played(("hi", [says(text)])) for text in ("a b c", "a x c", "a b \x1b[31mc")]
    compared = compare([Side(name, records) for name, records in zip("ABC", sides, strict=True)])
    (turn,) = compared.turns
    assert "".join(piece.text for piece in turn.reply.marked(0) if piece.change == "gone") == "bc"
    assert [len(row.cells) for row in totals(compared)] == [3, 3]
    assert not any("\x1b" in cell for row in rows(turn, everything=True) for cell in row.cells)


def test_one_side_alone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="one side alone"):
        compare([Side("A", ())])
    assert both((), ()).same
