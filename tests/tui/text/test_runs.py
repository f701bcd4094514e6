"""Runs of text: harmless, marked, wrapped without losing a tint."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom.tui.text.runs import Run, flat, marked, named, plain, safe, wrapped

WORDS = st.lists(st.text(alphabet="abc \u00e9", max_size=12), max_size=6)


@given(WORDS, st.integers(4, 40))
def test_wrapping_keeps_every_letter_and_its_tint(words: list[str], width: int) -> None:
    line = tuple(Run(word, "key" if place % 2 else "plain") for place, word in enumerate(words))
    rows = wrapped(line, width)
    for tint in ("key", "plain"):
        kept = "".join(run.text for row in rows for run in row if run.tint == tint).replace(" ", "")
        assert kept == "".join(run.text for run in line if run.tint == tint).replace(" ", "")


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=4))
def test_marking_changes_no_text(text: str, spans: list[tuple[int, int]]) -> None:
    assert plain(marked(text, spans)) == text


def test_marking_covers_exactly_the_span() -> None:
    assert [run.text for run in marked("my card 4111 here", [(8, 12)]) if run.tint == "mark"] == ["4111"]


@given(st.text())
def test_flat_is_one_row_and_safe_holds_no_control(text: str) -> None:
    assert "\n" not in plain(flat((Run(text),)))
    assert not any(ord(c) < 32 and c not in "\n\t" for c in plain(safe((Run(text),))))


def test_a_named_value_hangs_beside_its_name() -> None:
    rows = [plain(row) for row in wrapped(named("why", "one two three four five six seven eight"), 34)]
    assert rows[0].startswith("why       one")
    assert len(rows) == 2
    assert rows[1].startswith(" " * 10)
