"""What a variant does not remember: whatever any other session of its tree came to keep after their ways part."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from greenroom.assembly import fork_session, open_session, read_session
from greenroom.assembly.variants.kin import tree
from greenroom.assembly.variants.rerunning import AS_ON_DISK, Change, rerun_session
from greenroom.core.events import MemoriesRecalled, Record, TurnStarted
from greenroom.log.forks import Fork
from greenroom.memory.port import MemoryQuery
from greenroom.workspace.layout import Workspace

QUERY = MemoryQuery(text="what is my name?", segments=("customer", "session"), subject="visitor", limit=10)


def recalled(records: Sequence[Record]) -> list[str]:
    return [one.text for one in [r.event for r in records if isinstance(r.event, MemoriesRecalled)][-1].memories]


async def said(shop: Workspace, words: str, session: str = "") -> str:
    opened = await open_session(shop, session=session, instant=True, trusted=True)
    await opened.turn(words)
    await opened.aclose()
    return opened.id


async def again(shop: Workspace, session: str, change: Change = AS_ON_DISK, since: int | None = None) -> list[str]:
    done = await rerun_session(shop, session, change, since=since, instant=True, trusted=True)
    await done.session.aclose()
    return [done.session.id, *recalled(done.session.records)]


def last_of_turn(shop: Workspace, name: str, turn: int) -> int:
    records = read_session(shop, name)
    begun = [r.seq for r in records if isinstance(r.event, TurnStarted)]
    return (*begun, len(records))[turn] - 1


def test_a_rerun_of_a_rerun_of_a_fork_has_no_memory_of_what_any_of_them_kept_later(own_shop: Workspace) -> None:
    shop = own_shop

    async def scene() -> None:
        name = await said(shop, "hi, my name is Tom")
        await said(shop, "where is my order 1001?", name)
        fork = await fork_session(shop, name, last_of_turn(shop, name, 1), trusted=True)
        await fork.turn("where is my order 1002?")
        await fork.aclose()
        await said(shop, "actually, my name is Bob", name)  # the fork's parent, after the fork
        first, *known = await again(shop, fork.id)
        assert known == ["Name: Tom"], "a rerun of the fork"
        await said(shop, "my name is Eve", first)  # a sibling that somebody went on with
        second, *known = await again(shop, fork.id)
        assert known == ["Name: Tom"], "a rerun beside it"
        third, *known = await again(shop, second, Change(words={2: "where is my order 1003?"}))
        assert known == ["Name: Tom"], "a rerun of the rerun"
        opened = await open_session(shop, session=third, instant=True, trusted=True)
        memory = opened.outside.memory
        assert [one.text for one in await memory.recall(QUERY)] == ["Name: Tom"], "opened again"
        await opened.aclose()

    asyncio.run(scene())


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12), st.integers(0, 9))
def test_a_tree_is_all_that_hangs_together(pairs: list[tuple[int, int]], start: int) -> None:
    known = [Fork(f"s{one}", f"s{other}", 0, "") for one, other in pairs]
    found = tree([f"s{start}"], known)
    assert f"s{start}" in found
    for one in known:
        assert (one.session in found) == (one.parent in found)
