"""What one request has otherwise than another, as lines for people and as data for programs.

Invariant: what changed is marked by signs and not by colour alone; messages that are the same are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.commands.answer import counted
from greenroom.commands.session.diff_lines import marked
from greenroom.core.values import Json
from greenroom.views.prompt.request_diff import RequestDiff, text_of

_SIGNS = {"gone": "-", "came": "+", "changed": "~"}


def lines_of(diff: RequestDiff) -> Iterator[str]:
    """Each message that is another one, then model, parameters and tools that are."""
    changed = [one for one in diff.messages if one.became != "same"]
    for one in changed:
        yield f"{_SIGNS[one.became]} {one.message.source} · {one.message.role}"
        text = marked(one.words) if one.words else text_of(one.message)
        yield from (f"    {line}" for line in text.splitlines())
    yield from (f"~ {one.replace(' -> ', ' → ')}" for one in diff.others)
    if same := len(diff.messages) - len(changed):
        yield f"= {counted(same, 'message')} the same"


def data_of(diff: RequestDiff) -> dict[str, Json]:
    """`same`, the messages with what became of each, and the other differences."""
    messages: list[Json] = [
        {
            "became": one.became,
            "source": one.message.source,
            "role": one.message.role,
            "text": one.message.text,
            "words": [{"change": piece.change, "text": piece.text} for piece in one.words],
        }
        for one in diff.messages
    ]
    return {"same": diff.same, "messages": messages, "others": list(diff.others)}
