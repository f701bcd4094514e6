from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.retrieval.rank import Candidate, rank

SCORES = st.one_of(st.none(), st.floats(0, 1))
CANDIDATES = st.lists(st.tuples(st.integers(0, 3), SCORES, SCORES), max_size=20).map(
    lambda rows: [Candidate(i, document, i, lexical, vector) for i, (document, lexical, vector) in enumerate(rows)]
)


@given(CANDIDATES, st.floats(0, 1))
def test_every_candidate_once_in_order_within_bounds(candidates: list[Candidate], weight: float) -> None:
    ranked = rank(candidates, weight)
    assert sorted(one.candidate.number for one in ranked) == list(range(len(candidates)))
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in scores)


def order(*candidates: Candidate, weight: float = 0.2) -> list[int]:
    return [one.candidate.number for one in rank(candidates, weight)]


def test_a_missing_leg_gives_nothing_and_is_no_perfect_score() -> None:
    only_words = Candidate(1, 1, 0, lexical=0.8, vector=None)
    both = Candidate(2, 2, 0, lexical=0.8, vector=0.5)
    only_vector = Candidate(3, 3, 0, lexical=None, vector=0.9)
    assert order(only_words, both, only_vector) == [2, 1, 3]


def test_one_leg_alone_keeps_its_own_order() -> None:
    assert order(Candidate(1, 1, 0, None, 0.3), Candidate(2, 2, 0, None, 0.9), weight=0.0) == [2, 1]
    assert order(Candidate(1, 1, 0, 0.3), Candidate(2, 2, 0, 0.9), weight=1.0) == [2, 1]


def test_good_neighbours_and_a_good_document_lift() -> None:
    alone = Candidate(1, 1, 0, lexical=0.5)
    beside = Candidate(2, 2, 7, lexical=0.5)
    good = Candidate(3, 2, 8, lexical=0.9)
    far = Candidate(4, 2, 20, lexical=0.5)
    assert order(alone, beside, good, far) == [3, 2, 4, 1]
