from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.retrieval.chunk import LARGEST, chunk, slug

LINES = st.sampled_from(
    ["# Top", "## Returns & refunds ##", "### C#", "text here.", "More text! And more? Yes.", "", "  ", "```", "# not a heading in a fence",
     "a" * 30, "word " * 40, "é漢字 ümläut", "\t- item", "#hashtag", "x\u2028y", "\x0c"]
)  # fmt: skip
DOCUMENTS = st.one_of(
    st.text(max_size=400),
    st.lists(LINES, max_size=40).map("\n".join),
    st.lists(LINES, max_size=40).map("\r\n".join),
)


@given(DOCUMENTS, st.booleans(), st.integers(1, 120))
def test_spans_are_exact_in_order_and_within_bounds(text: str, markdown: bool, largest: int) -> None:
    pieces = chunk(text, markdown=markdown, largest=largest)
    past = 0
    for number, piece in enumerate(pieces):
        assert text[piece.start : piece.end] == piece.text
        assert past <= piece.start < piece.end
        assert 0 < len(piece.text) <= largest
        assert piece.text == piece.text.strip()
        assert piece.ordinal == number
        past = piece.end


@given(DOCUMENTS, st.integers(1, 120))
def test_plain_text_loses_nothing_but_blank_space(text: str, largest: int) -> None:
    pieces = chunk(text, markdown=False, largest=largest)
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())


@given(DOCUMENTS)
def test_markdown_loses_nothing_but_headings_without_text(text: str) -> None:
    pieces = chunk(text, markdown=True)
    covered = {at for piece in pieces for at in range(piece.start, piece.end)}
    at = 0
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            assert all(at + i in covered for i, letter in enumerate(line) if not letter.isspace())
        at += len(line)


def test_headings_make_path_and_anchor() -> None:
    text = "# Shop\n\n## Returns & refunds ##\nThirty days.\n\n### Shoes\nUnworn.\n\n## Cards\nNever expire.\n"
    found = [(piece.heading, piece.anchor, piece.text) for piece in chunk(text, markdown=True)]
    assert found == [
        ("Shop > Returns & refunds", "returns--refunds", "## Returns & refunds ##\nThirty days."),
        ("Shop > Returns & refunds > Shoes", "shoes", "### Shoes\nUnworn."),
        ("Shop > Cards", "cards", "## Cards\nNever expire."),
    ]


def test_a_hash_in_a_fence_is_no_heading() -> None:
    text = "# Setup\n```sh\n# comment\nrun\n```\nDone.\n"
    assert [piece.heading for piece in chunk(text, markdown=True)] == ["Setup"]


def test_a_heading_may_end_in_a_sharp() -> None:
    assert chunk("# C#\nText.", markdown=True)[0].heading == "C#"


def test_long_sections_break_at_paragraphs() -> None:
    paragraph = "One sentence of some length stands here. " * 8
    text = "\n\n".join([paragraph] * 6)
    pieces = chunk(text, markdown=True)
    assert len(pieces) > 2
    assert all(len(piece.text) <= LARGEST for piece in pieces)
    assert all(piece.text.endswith("here.") for piece in pieces)


def test_only_a_heading_is_still_a_document() -> None:
    assert [piece.text for piece in chunk("# Title\n", markdown=True)] == ["# Title"]
    assert chunk(" \n\n ", markdown=True) == []


def test_slugs_are_those_of_links() -> None:
    assert slug(" Gift cards & vouchers? ") == "gift-cards--vouchers"
