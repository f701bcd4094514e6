from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from greenroom.store.documents import ChunkRow, replace_document
from greenroom.store.lexical import LexicalIndex, Term
from greenroom.store.spelling import Speller, _slips
from greenroom.store.stems import Stemmer
from greenroom.store.store import Store
from greenroom.store.words import content_words


def corpus(tmp_path: Path, *texts: str) -> Store:
    store = Store.open(tmp_path)
    for number, text in enumerate(texts):
        chunk = ChunkRow(0, "", "", text, 0, len(text))
        replace_document(store, f"c{number % 2}", f"{number}.md", "d", [chunk], "", None)
    return store


def look(index: LexicalIndex, text: str, collections: tuple[str, ...] = ()) -> list[tuple[int, float]]:
    terms = [Term(word, index.chunks_with(word)) for word in content_words(text)]
    hits = index.search(terms, sum(map(index.information, terms)), collections, 10)
    return [(hit.number, hit.score) for hit in hits]


FILLER = tuple(f"note {word} about gardens and trains number{word}" for word in "abcdefghijklmnopqrstuvwxyz" * 3)


def test_scores_are_comparable_between_queries(tmp_path: Path) -> None:
    index = LexicalIndex(corpus(tmp_path, *FILLER, "refunds go back to the card"))
    exact = look(index, "refund card")[0][1]
    half = look(index, "refund zeppelin")[0][1]
    assert 0.4 < exact <= 1.0
    assert half < 0.7 * exact
    assert look(index, "zeppelin hovercraft") == []


def test_an_order_number_takes_nothing_from_the_words_beside_it(tmp_path: Path) -> None:
    index = LexicalIndex(corpus(tmp_path, *FILLER, "refunds go back to the card"))
    assert look(index, "refund card 1001") == look(index, "refund card")


def test_in_a_tiny_corpus_a_word_in_most_chunks_still_counts(tmp_path: Path) -> None:
    index = LexicalIndex(corpus(tmp_path, "return of shoes", "return of hats", "shipping"))
    hits = look(index, "return shoes")
    assert hits[0] == (1, 1.0)
    assert 0.2 < hits[1][1] < 0.6


def test_a_filter_applies_before_the_limit(tmp_path: Path) -> None:
    index = LexicalIndex(corpus(tmp_path, *("refund" for _ in range(40))))
    assert {number % 2 for number, _ in look(index, "refund", ("c0",))} == {1}
    assert look(index, "refund", ("unknown",)) == []


def test_counts_follow_the_documents(tmp_path: Path) -> None:
    store = corpus(tmp_path, "apples")
    index = LexicalIndex(store)
    assert index.chunks_with("apple") == 1
    replace_document(store, "c0", "0.md", "e", [], "", None)
    assert index.chunks_with("apple") == 0
    assert index.total() == 0


@given(st.text(max_size=60))
def test_no_query_text_is_a_syntax_error(tmp_path_factory: object, text: str) -> None:
    index = _shared_index(tmp_path_factory)
    for _, score in look(index, text):
        assert 0.0 <= score <= 1.0


_KEPT: dict[str, LexicalIndex] = {}


def _shared_index(factory: object) -> LexicalIndex:
    if "index" not in _KEPT:
        folder = factory.mktemp("lexical")  # type: ignore[attr-defined]  # pytest's factory, not exported as a type here
        _KEPT["index"] = LexicalIndex(corpus(folder, *FILLER, 'or and not near "quoted" a* (b) c:d -e ^f'))
    return _KEPT["index"]


def test_misspelt_words_find_their_word(tmp_path: Path) -> None:
    speller = Speller(corpus(tmp_path, "refund policy for leather shoes and exchanges within delivery"))
    for typed, meant in {
        "refnud": "refund",
        "polcy": "policy",
        "erfund": "refund",
        "shoess": "shoes",
        "delivary": "delivery",
        "exchnagse": "exchanges",
    }.items():
        assert speller.suggest(typed) == meant


def test_a_word_written_only_in_the_plural_is_found(tmp_path: Path) -> None:
    assert Speller(corpus(tmp_path, "refunds take five days")).suggest("refnud") == "refunds"


def test_nonsense_and_other_words_are_left_alone(tmp_path: Path) -> None:
    speller = Speller(corpus(tmp_path, "refund policy for leather shoes order 1001"))
    for word in ("weather", "qwxz", "blorf", "fir", "1002", "", "x", "wait", "thank"):
        assert not speller.suggest(word)


@given(st.text("abcd", max_size=7), st.text("abcd", max_size=7))
def test_slips_agree_with_the_textbook_up_to_the_limit(one: str, other: str) -> None:
    expected = _textbook(one, other)
    assert min(_slips(one, other, 2), 3) == min(expected, 3)


def _textbook(one: str, other: str) -> int:
    table = {(i, j): max(i, j) for i in range(len(one) + 1) for j in range(len(other) + 1) if not i or not j}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            best = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                best = min(best, table[i - 2, j - 2] + 1)
            table[i, j] = best
    return table[len(one), len(other)]


def test_stems_are_those_of_the_index(tmp_path: Path) -> None:
    stemmer = Stemmer()
    assert stemmer.matched("Refunds, a refund; Refunding! café refuse", stemmer_set(stemmer, "refund", "cafe")) == (
        "refunds",
        "refund",
        "refunding",
        "café",
    )


def stemmer_set(stemmer: Stemmer, *words: str) -> frozenset[str]:
    return frozenset(stemmer.stems(words).values())
