"""The Prompt pane: the exact messages of a turn's model calls, by source and size, and what was left out of them.

Invariant: the messages are those the engine composed, of the call that is chosen, as the log had them at the moment
looked at; nothing is shortened when unfolded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from greenroom.assembly.past.sent import Parts, RecordedParts, Sent, sent
from greenroom.core.errors import GreenroomError
from greenroom.core.events import ContractLoaded
from greenroom.core.inert import inert_line
from greenroom.core.messages import Message, ModelRequest
from greenroom.engine.contract import Contract
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.panes.prompt_rows import changed_rows, left_out_rows
from greenroom.tui.text.runs import Line, Run, Tint, cell, named
from greenroom.views.prompt.left_out import left_out
from greenroom.views.prompt.request_diff import request_diff, request_size, sizes_of, spec_text, text_of

Against = Literal["", "previous", "disk"]
AGAINST: tuple[Against, ...] = ("", "previous", "disk")
TINTS: Mapping[str, Tint] = {
    "system": "persona",
    "voice": "persona",
    "memory": "key",
    "passages": "key",
    "input": "person",
    "tool": "wait",
    "history": "quiet",
}
_BAR = 8


class Prompt:
    """Makes the pane. `call` is the call that is looked at (None: the last), `against` what it is set against."""

    def __init__(self) -> None:
        self.call: int | None = None
        self.against: Against = ""
        self.on_disk: Callable[[], Contract | None] = lambda: None
        self._turn = 0
        self._known: tuple[object, tuple[Sent, ...]] = (None, ())

    def entries(self, folds: Folds, turn: int, contract: Contract | None) -> list[Entry]:
        """The chosen call of turn `turn` (from 1), or what it has otherwise than another; nothing where none was made."""
        if turn != self._turn:
            self._turn, self.call = turn, None
        calls = self.calls(folds, turn, contract)
        chosen = self.chosen(calls)
        if chosen is None:
            return []
        rows = [*_calls(calls, chosen)] if len(calls) > 1 else []
        if self.against:
            other, label = self.other(folds, turn, contract, chosen)
            if other is None:
                return [*rows, Entry("against", "section", f"against {label}", aside="= goes on")]
            sides = (chosen.request, other) if self.against == "disk" else (other, chosen.request)
            return [*rows, *changed_rows(request_diff(*sides), label)]
        return [*rows, *_request(chosen, len(calls)), *_not_sent(folds, turn)]

    def calls(self, folds: Folds, turn: int, contract: Contract | None) -> tuple[Sent, ...]:
        """The model calls of a turn, the one that is due included."""
        records = folds.turn_records.get(turn, []) if turn else []
        loaded = [(place, one) for place, one in folds.whole.turning if isinstance(one, ContractLoaded)]
        key = (turn, len(records), records[-1].seq if records else -1, len(loaded), len(folds.whole.records))
        if self._known[0] != key:
            first = folds.whole.records[0].seq if folds.whole.records else 0
            governing: RecordedParts = RecordedParts((place + first, one) for place, one in loaded)
            earlier = folds.transcript.until(turn).finished
            try:
                found = sent(turn, earlier, records, governing)
            except GreenroomError:  # the log holds the texts no more: what governs now is the nearest there is
                found = sent(turn, earlier, records, _Now(contract)) if contract is not None else ()
            self._known = (key, found)
        return self._known[1]

    def chosen(self, calls: Sequence[Sent]) -> Sent | None:
        """The call that is looked at."""
        if not calls:
            return None
        return next((one for one in calls if one.number == self.call), calls[-1])

    def other(
        self, folds: Folds, turn: int, contract: Contract | None, chosen: Sent
    ) -> tuple[ModelRequest | None, str]:
        """What the chosen call is set against, and its name; None where there is no such thing."""
        if self.against == "disk":
            disk = self.on_disk()
            return (
                (None, "the disk: it cannot be read")
                if disk is None
                else (chosen.under(Parts.of(disk)), "the disk, which would send")
            )
        before = [one for one in self.calls(folds, turn, contract) if one.number < chosen.number]
        for earlier in range(turn - 1, 0, -1):
            if before:
                break
            before = list(self.calls(folds, earlier, contract))
        if not before:
            return None, "the call before: this is the first"
        last = before[-1]
        return last.request, f"call {last.number}" if last.turn == turn else f"turn {last.turn}"


class _Now(RecordedParts):
    """What governs now, in the place of what a log no longer holds."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(())
        self._now = Parts.of(contract)

    def at(self, seq: int) -> Parts:
        return self._now


def counted(one: Sent) -> str:
    """`905 counted`, as the provider reported it; '' where nothing came back or it counts nothing."""
    tokens = one.reply.usage.input_tokens if one.reply is not None and not one.put else 0
    return f"{tokens} counted" if tokens else ""


def _calls(calls: Sequence[Sent], chosen: Sent) -> Iterator[Entry]:
    yield Entry("calls", "section", "model calls of this turn", aside="< > goes through them")
    for one in calls:
        mark = Run("● " if one is chosen else "  ", "key")
        beside = (
            Run(f"{len(one.request.messages)} messages", "quiet"),
            Run(f"{request_size(one.request):>7}"),
        )
        yield Entry(
            f"call:{one.number}", "row", head=(mark, cell(str(one.number), 3), Run(_brought(one))), beside=beside
        )


def _brought(one: Sent) -> str:
    """What a call brought."""
    if one.put:
        return "an earlier call, put once more by a person"
    if one.reply is None:
        return "not answered yet"
    if one.reply.calls:
        return f"→ {', '.join(call.tool for call in one.reply.calls)}"
    return inert_line(one.reply.text, 80) or "an empty reply"


def _request(one: Sent, calls: int) -> Iterator[Entry]:
    request = one.request
    of_messages, of_tools = sizes_of(request)
    total = sum(of_messages) + sum(of_tools)
    call = f"call {one.number} of {calls}: " if calls > 1 else ""
    how = "due" if one.reply is None else "as sent" if one.exact else ""
    title = f"{call}{len(of_messages)} messages{f', {how}' if how else ''}"
    yield Entry("head", "section", title, aside=" · ".join(filter(None, (f"about {total} tokens", counted(one)))))
    if one.exact is False:
        said = "the log commits to other words: these were changed on their way, or its texts are other ones now"
        yield Entry("inexact", "row", head=(Run("not exact", "bad"),), body=((Run(said),),))
    for place, message in enumerate(request.messages):
        yield _row(place, message, of_messages[place], total)
    if request.tools:
        body = tuple((Run(line),) for spec in request.tools for line in spec_text(spec).split("\n"))
        names = ", ".join(spec.name for spec in request.tools)
        head = (cell("tools", 10, "quiet"), Run(names))
        yield Entry("tools", "row", head=head, beside=_beside(sum(of_tools), total), body=body)
    params = " ".join(f"{name}={value}" for name, value in request.params.items())
    yield Entry("model", "row", head=named("model", f"{request.model} {params}", "quiet", room=9))


def _not_sent(folds: Folds, turn: int) -> Iterator[Entry]:
    earlier = folds.transcript.until(turn).finished
    yield from left_out_rows(left_out(earlier, folds.retrieval.number(turn), folds.memory.number(turn)))


def _row(place: int, message: Message, tokens: int, total: int) -> Entry:
    text = text_of(message)
    head = (cell(message.source, 10, TINTS.get(message.source, "plain")), Run(inert_line(text, 120), "quiet"))
    who = "" if message.role in message.source else f"as {message.role}"
    body: list[Line] = [named("role", message.role, "quiet")] if who else []
    body += [(Run(line or " "),) for line in text.split("\n")]
    return Entry(f"message:{place}", "row", head=head, beside=_beside(tokens, total), body=tuple(body))


def _beside(tokens: int, total: int) -> Line:
    filled = round(_BAR * tokens / total) if total else 0
    return (Run("▪" * filled, "persona"), Run("·" * (_BAR - filled), "quiet"), Run(f"{tokens:>6}", "quiet"))
