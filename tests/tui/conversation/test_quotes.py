"""What a reply quotes is not drawn as if a person had said it."""

from __future__ import annotations

import pytest

from greenroom.tui.conversation.entries import Entry, parts_of
from greenroom.tui.conversation.painter import Painter
from greenroom.tui.conversation.palette import Palette

REPLY = "It was refused:\n\n> Too much for one day,\n> says the lead, and it stays so until somebody else has looked at it.\n\nSorry."


def drawn(entry: Entry, width: int) -> list[str]:
    painter = Painter(Palette())
    return [strip.text for part in parts_of(entry, None) for strip in painter.draw(part, width)]


@pytest.mark.parametrize("width", [24, 76])
def test_a_quote_begins_each_row_as_it_is_written(width: int) -> None:
    rows = drawn(Entry("r", "persona", title="Aria", text=REPLY), width)
    quoted = [row for row in rows if row.startswith("> ")]
    assert len(quoted) >= (2 if width < 60 else 1)
    assert " ".join(" ".join(quoted).replace("> ", "").split()).startswith("Too much for one day, says the lead")
    assert not any("▌" in row for row in rows)
    assert max(map(len, rows)) <= width


def test_a_persons_words_have_their_bar() -> None:
    assert any("▌" in row for row in drawn(Entry("p", "person", text="> Too much"), 60))
