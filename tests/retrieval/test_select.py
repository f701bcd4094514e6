from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import Passage
from greenroom.retrieval.select import choose

SCORES = st.one_of(st.none(), st.floats(0, 1))
PASSAGES = st.lists(st.tuples(st.text("abc d", max_size=30), SCORES, SCORES), max_size=12).map(
    lambda rows: [Passage(id=f"p{i}", source="a.md", text=t, lexical=le, vector=v) for i, (t, le, v) in enumerate(rows)]
)


def passage(name: str, text: str = "", lexical: float | None = 0.9, vector: float | None = None) -> Passage:
    return Passage(id=name, source="a.md", text=text or name, lexical=lexical, vector=vector)


@given(PASSAGES, st.integers(1, 6), st.floats(0, 1), st.integers(1, 80))
def test_each_is_kept_or_has_a_reason_and_limits_hold(
    passages: list[Passage], top_k: int, min_score: float, budget: int
) -> None:
    kept, dropped = choose(passages, top_k, min_score, budget)
    assert {*kept, *dropped} == {p.id for p in passages}
    assert not set(kept) & set(dropped)
    assert all(dropped.values())
    assert len(kept) <= top_k
    by_id = {p.id: p for p in passages}
    assert sum(len(by_id[name].text) for name in kept) <= budget
    assert list(kept) == [p.id for p in passages if p.id in kept]


def test_reasons_name_what_was_missing() -> None:
    passages = [
        passage("a", "one two three"),
        passage("weak", "four five", lexical=0.1),
        passage("twin", "one two three"),
        passage("long", "x" * 50),
        passage("b", "six seven"),
        passage("c", "eight nine"),
    ]
    kept, dropped = choose(passages, 2, 0.15, 40)
    assert kept == ("a", "b")
    assert dropped == {
        "weak": "score: 0.10 is under 0.15",
        "twin": "duplicate: says the same as a",
        "long": "budget: 50 characters, 27 left of 40",
        "c": "count: 2 better ones",
    }


def test_the_threshold_looks_at_the_better_own_score_never_the_fused_one() -> None:
    fused = Passage(id="f", source="a.md", text="x", score=0.99, lexical=0.05, vector=0.1)
    fuzzy = Passage(id="v", source="a.md", text="y", score=0.01, lexical=None, vector=0.4)
    unjudged = Passage(id="u", source="a.md", text="z")
    kept, dropped = choose([fused, fuzzy, unjudged], 5, 0.2, 100)
    assert kept == ("v", "u")
    assert "0.10" in dropped["f"]
