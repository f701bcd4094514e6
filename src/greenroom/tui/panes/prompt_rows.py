"""Rows of the Prompt pane beside the messages: what was left out, and what a call has otherwise than another.

Invariant: what there was no room for is named one by one; what did not belong is counted, and named when unfolded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from greenroom.core.inert import inert_line
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.disk.sheet import change_line, words_line
from greenroom.tui.text.runs import Line, Run, Tint, by_line, cell
from greenroom.views.prompt.left_out import LeftOut
from greenroom.views.prompt.request_diff import MessageDiff, RequestDiff, text_of

_SIGNS: dict[str, tuple[str, Tint]] = {
    "same": ("=", "quiet"),
    "gone": ("-", "bad"),
    "came": ("+", "good"),
    "changed": ("~", "wait"),
}


def left_out_rows(found: Sequence[LeftOut]) -> Iterator[Entry]:
    """First what did not fit, each with why; then the rest by why."""
    if not found:
        return
    tight = [one for one in found if not one.fits]
    yield Entry("cut", "section", f"not sent: {len(found)}", aside=f"no room for {len(tight)}" if tight else "")
    yield from map(_tight, range(len(tight)), tight)
    for reason, group in _grouped([one for one in found if one.fits]):
        head = (cell(group[0].kind, 10, "quiet"), Run(f"{len(group)}  {reason}", "quiet"))
        body = tuple(line for one in group for line in (_named(one), *_body(one)))
        yield Entry(f"cut:{group[0].kind}:{reason}", "row", head=head, body=body)


@lru_cache(4_096)  # of a long session most turns are cut from every prompt, and each row is the same as before
def _tight(place: int, one: LeftOut) -> Entry:
    head = (cell(one.kind, 10, "wait"), Run(one.name))
    beside = (Run(inert_line(one.why.partition(":")[2].strip() or one.why, 34), "wait"),)
    return Entry(f"cut:{place}", "row", head=head, beside=beside, body=_body(one))


def changed_rows(diff: RequestDiff, label: str) -> Iterator[Entry]:
    """What the call has otherwise than the one called `label`."""
    yield Entry("against", "section", f"against {label}", aside="= goes on")
    if diff.same:
        yield Entry("same", "row", head=(Run("the very same request", "quiet"),))
    else:
        yield from message_rows(diff)


def message_rows(diff: RequestDiff) -> Iterator[Entry]:
    """What became of the messages, in order, and what else is other; several that stayed are one row."""
    stayed: list[MessageDiff] = []
    for place, one in enumerate(diff.messages):
        if one.became == "same":
            stayed.append(one)
            continue
        yield from _stayed(stayed, place)
        stayed = []
        yield _changed(place, one)
    yield from _stayed(stayed, len(diff.messages))
    for place, line in enumerate(diff.others):
        yield Entry(f"other:{place}", "row", head=(Run("~  ", "wait"), *change_line(line)))


def _changed(place: int, one: MessageDiff) -> Entry:
    sign, tint = _SIGNS[one.became]
    head = (Run(f"{sign}  ", tint), cell(one.message.source, 10, tint))
    text = text_of(one.message)
    if one.became != "changed":
        body = tuple((Run(line or " ", tint),) for line in text.split("\n"))
        return Entry(f"diff:{place}", "row", head=(*head, Run(inert_line(text, 120), tint)), body=body)
    words = tuple(by_line(words_line(one.words)))
    gone = sum(len(text.split()) for change, text in one.words if change == "gone")
    came = sum(len(text.split()) for change, text in one.words if change == "came")
    counts = (Run(f"-{gone}", "bad"), Run(" "), Run(f"+{came}", "good"), Run(" words", "quiet"))
    return Entry(f"diff:{place}", "row", head=head, beside=counts, body=words, open=True)


def _stayed(stayed: Sequence[MessageDiff], place: int) -> Iterator[Entry]:
    if stayed:
        sources = ", ".join(dict.fromkeys(one.message.source for one in stayed))
        head = (Run("=  ", "quiet"), Run(f"{len(stayed)} the same: {sources}", "quiet"))
        yield Entry(f"same:{place}", "row", head=head)


def _grouped(found: Sequence[LeftOut]) -> Iterator[tuple[str, list[LeftOut]]]:
    """By kind, and by the words before the colon of why."""
    keys = dict.fromkeys((one.kind, one.why.partition(":")[0]) for one in found)
    for kind, reason in keys:
        group = [one for one in found if (one.kind, one.why.partition(":")[0]) == (kind, reason)]
        yield (
            {"score": "score too low", "policy": "left out by policy", "person": "left out by a person"}.get(
                reason, reason
            ),
            group,
        )


def _named(one: LeftOut) -> Line:
    return (Run(f"{one.name}  "), Run(one.why, "wait"))


def _body(one: LeftOut) -> tuple[Line, ...]:
    return tuple((Run(line or " ", "quiet"),) for line in one.text.split("\n")) if one.text else ()
