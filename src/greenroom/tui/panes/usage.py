"""The Usage pane: tokens, money and time by turn and in all.

Invariant: the sums are those of `views/turns/usage`; a price nobody knows is shown as nothing, never as free.
"""

from __future__ import annotations

from greenroom.core.durations import short_time
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.frame.header import short_number
from greenroom.tui.text.runs import Line, Run, Tint, named
from greenroom.views.people.fatigue import FAST_SECONDS, Fatigue
from greenroom.views.turns.usage import UsageTurn, total

_HEADS = ("in", "out", "USD", "model", "tools", "in all")
_WIDTHS = (7, 6, 8, 8, 8, 8)


class Used:
    """Makes the rows of turns, each once: a turn that is over uses no more."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[UsageTurn, Entry]] = {}

    def entries(self, folds: Folds, turn: int) -> list[Entry]:
        """Every turn; the selected one stands out."""
        turns = folds.usage.all()
        if not turns:
            return []
        heads = "".join(f"{head:>{width}}" for head, width in zip(_HEADS, _WIDTHS, strict=True))
        rows = [self._kept(one) if one.turn != turn else _row(one, chosen=True) for one in turns]
        return [Entry("head", "section", "turn", aside=heads), *rows, Entry("sum", "section", "in all"), *_sums(folds)]

    def _kept(self, one: UsageTurn) -> Entry:
        made = self._rows.get(one.turn)
        if made is None or made[0] is not one:
            made = self._rows[one.turn] = (one, _row(one, chosen=False))
        return made[1]


def _sums(folds: Folds) -> list[Entry]:
    turns = folds.usage.all()
    whole = total(folds.usage)
    failed = sum(one.failed_attempts for one in turns)
    models = list(dict.fromkeys(one.model for one in turns if one.model))
    lines = {
        "tokens": f"{whole.input_tokens} in, {whole.output_tokens} out",
        "money": f"{whole.usd:.4f} USD" if whole.micro_usd else "no price known",
        "models": ", ".join(models) or "none yet",
        "calls": f"{sum(t.model_calls for t in turns)} to models, {sum(t.tool_calls for t in turns)} to tools",
        "failed": f"{failed} attempts" if failed else "none",
        "waited": short_time(sum(t.total_milliseconds for t in turns)),
    }
    rows = [Entry(f"sum:{name}", "row", head=named(name, text)) for name, text in lines.items()]
    return [*rows, *_answers(folds.fatigue)]


def _answers(meter: Fatigue) -> list[Entry]:
    """How a person's approvals come: many and fast ones were hardly read."""
    if not meter.answers:
        return []
    text = f"{meter.answers}, at most {meter.per_hour} an hour, median {meter.median_seconds:.0f} s"
    body = (
        named("yes", f"{meter.allowed_share:.0%}, in under {FAST_SECONDS:.0f} s {meter.fast_share:.0%}"),
        named("in a row", f"{meter.longest_streak} times yes"),
    )
    rows = [Entry("sum:answers", "row", head=named("answers", text, "wait" if meter.warning else "plain"), body=body)]
    if meter.warning:
        said = f"{meter.warning}: a narrower rule, or a grant with clauses, asks less often"
        rows.append(Entry("sum:warning", "row", head=named("careful", said, "wait")))
    return rows


def _row(one: UsageTurn, *, chosen: bool) -> Entry:
    money = f"{one.usage.usd:.4f}" if one.usage.micro_usd else "·"
    figures = (
        short_number(one.usage.input_tokens),
        short_number(one.usage.output_tokens),
        money,
        short_time(one.model_milliseconds),
        short_time(one.tool_milliseconds) if one.tool_calls else "·",
        short_time(one.total_milliseconds) if one.total_milliseconds else "·",
    )
    tint: Tint = "strong" if chosen else "quiet"
    beside = tuple(Run(f"{text:>{width}}", tint) for text, width in zip(figures, _WIDTHS, strict=True))
    return Entry(f"turn:{one.turn}", "row", head=(Run(str(one.turn), tint),), beside=beside, body=tuple(_body(one)))


def _body(one: UsageTurn) -> list[Line]:
    first = one.first_token_milliseconds
    return [
        named("model", one.model or "none"),
        named(
            "calls", f"{one.model_calls} to models, {one.tool_calls} to tools, {one.failed_attempts} failed attempts"
        ),
        named("first", f"{first} ms to the first words" if first is not None else "nothing was streamed"),
    ]
