"""Cutting Markdown into blocks while it arrives."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from greenroom.tui.conversation.markdown_blocks import ENDLESS, LONG, BlockSplitter, code_blocks, split_blocks

LINES = st.sampled_from(
    [
        "",
        "words here",
        "- item",
        "  under it",
        "1. first",
        "```python",
        "```",
        "~~~",
        "# Head",
        "| a | b |",
        "> quote",
        "    code",
    ]
)
TEXTS = st.lists(LINES, max_size=30).map("\n".join)


@given(TEXTS, st.lists(st.integers(0, 300), max_size=12))
def test_blocks_do_not_depend_on_how_the_text_arrived(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    splitter = BlockSplitter()
    blocks = [block for start, end in pairwise(places) for block in splitter.feed(text[start:end])] + splitter.finish()
    assert blocks == split_blocks(text)


@given(TEXTS)
def test_no_word_is_lost(text: str) -> None:
    joined = "\n".join(block.source for block in split_blocks(text))
    assert [word for word in joined.split() if word[0] not in "`~"] == [w for w in text.split() if w[0] not in "`~"]


def test_endless_line_is_cut_the_same_however_it_arrives() -> None:
    text = "word " * (ENDLESS // 2)
    splitter = BlockSplitter()
    blocks = [block for place in range(0, len(text), 7) for block in splitter.feed(text[place : place + 7])]
    blocks += splitter.finish()
    assert blocks == split_blocks(text)
    assert len(blocks) > 2
    assert all(len(block.source) <= ENDLESS for block in blocks)


def test_long_code_is_continued_in_a_fence_of_its_own() -> None:
    blocks = split_blocks("```python\n" + "x = 1\n" * LONG + "```\nafter")
    code = blocks[:-1]
    assert len(code) > 3
    assert all(block.source.startswith("```python\n") and block.source.endswith("\n```") for block in code)
    assert [block.gap for block in code] == [True] + [False] * (len(code) - 1)
    assert blocks[-1].source == "after"


def test_blank_lines_inside_code_and_lists_do_not_cut() -> None:
    assert len(split_blocks("```\na\n\nb\n```")) == 1
    assert len(split_blocks("- a\n\n- b\n\n  more of b")) == 1
    assert len(split_blocks("- a\n\nafter the list")) == 2


def test_code_blocks_are_found_without_their_fences() -> None:
    assert code_blocks("a\n```python\nx = 1\n\ny\n```\nb\n~~~\nz\n~~~") == ["x = 1\n\ny", "z"]
    assert code_blocks("```\nunfinished") == ["unfinished"]
    assert code_blocks("none") == []
