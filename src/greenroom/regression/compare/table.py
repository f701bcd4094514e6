"""What each combination made of the inputs: outcomes, tools, costs and times, how far repeats agree, and where they differ.

Invariant: every figure comes from the sessions' logs; the order in which runs ended changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import ceil
from statistics import median

from greenroom.core.events import Record, TurnStarted
from greenroom.core.values import Usage
from greenroom.regression.compare.inputs import Spoken
from greenroom.regression.compare.journal import Header, Row, Run
from greenroom.views.comparison.comparison import Comparison, Side, compare, turns_of
from greenroom.views.comparison.facts import TurnFacts

NOT_SAID = "‹not said›"
"""In the place of words that stand in no session: nobody looked at what is in them."""


@dataclass(frozen=True, slots=True)
class Went:
    """One run as it went: its row, and the turns of its session."""

    row: Row
    turns: tuple[TurnFacts, ...]

    @property
    def usage(self) -> Usage:
        total = Usage()
        for turn in self.turns:
            total = total.plus(turn.cost.usage)
        return total

    @property
    def milliseconds(self) -> int:
        return sum(turn.cost.total_milliseconds for turn in self.turns)

    @property
    def deeds(self) -> tuple[object, ...]:
        """What was done, without the words: what repeats are expected to agree in."""
        return tuple((turn.outcome, tuple((call.key, call.status) for call in turn.calls)) for turn in self.turns)

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(turn.reply for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a combination came to over all its runs. Times are of turns; None where there were none.

    `agreement` is the share of pairs of repeats that did the same, `same_words` of those that said the same too.
    """

    asked: int
    runs: int
    errors: int
    outcomes: Mapping[str, int] = field(default_factory=dict)
    denied: int = 0
    questions: int = 0
    tools: Mapping[str, int] = field(default_factory=dict)
    usage: Usage = Usage()
    median: int | None = None
    p95: int | None = None
    agreement: float | None = None
    same_words: float | None = None

    @property
    def refused(self) -> int:
        return self.outcomes.get("refused", 0)


@dataclass(frozen=True, slots=True)
class Differs:
    """An input that did not go alike: in what, the sessions by combination, and how they compare."""

    input: int
    what: tuple[str, ...]
    sessions: tuple[str, ...]
    compared: Comparison


@dataclass(frozen=True, slots=True)
class Table:
    """All of it. `went` has every run that was carried to its end; `missing` are those without a session any more."""

    header: Header
    figures: tuple[Figures, ...]
    differing: tuple[Differs, ...]
    went: Mapping[Run, Went]
    settled: Mapping[Run, Row]
    missing: int


def table(header: Header, settled: Mapping[Run, Row], logs: Mapping[str, Sequence[Record]]) -> Table:
    """The table of a comparison, whole or broken off; `logs` are the sessions that are there, by id."""
    went: dict[Run, Went] = {}
    for run, row in settled.items():
        if row.outcome == "done" and row.session in logs:
            went[run] = Went(row, turns_of(Side(row.session, logs[row.session])))
    places = range(len(header.combinations))
    figures = tuple(_figures(header, place, settled, went) for place in places)
    differing = tuple(
        found for number in range(1, len(header.inputs) + 1) if (found := _differs(header, number, went, logs))
    )
    missing = sum(row.outcome == "done" and run not in went for run, row in settled.items())
    return Table(header, figures, differing, went, settled, missing)


def as_kept(inputs: Sequence[Spoken], settled: Mapping[Run, Row], logs: Mapping[str, Sequence[Record]]) -> list[Spoken]:
    """The inputs in the words that the sessions' logs have of them: what policy masked there, or a person erased, is told
    nowhere else either. What was said in no session is not told.
    """
    heard: dict[int, tuple[str, ...]] = {}
    for run, row in sorted(settled.items()):
        said = tuple(r.event.words for r in logs.get(row.session, ()) if isinstance(r.event, TurnStarted))
        heard[run.input] = max(heard.get(run.input, ()), said, key=len)
    return [_as_heard(one, heard.get(one.number, ())) for one in inputs]


def _as_heard(one: Spoken, heard: tuple[str, ...]) -> Spoken:
    turns = len(one.turns)
    return Spoken(one.number, (*heard, *[NOT_SAID] * turns)[:turns])


def _figures(header: Header, place: int, settled: Mapping[Run, Row], went: Mapping[Run, Went]) -> Figures:
    mine = [went[run] for run in sorted(went) if run.combination == place]
    turns = [turn for one in mine for turn in one.turns]
    times = sorted(turn.cost.total_milliseconds for turn in turns)
    total = Usage()
    for one in mine:
        total = total.plus(one.usage)
    deeds, words = _agreement(header, place, went)
    return Figures(
        asked=len(header.inputs) * header.repeat,
        runs=len(mine),
        errors=sum(row.outcome != "done" for run, row in settled.items() if run.combination == place),
        outcomes=dict(Counter(turn.outcome for turn in turns)),
        denied=sum(call.status == "denied" for turn in turns for call in turn.calls),
        questions=sum(len(call.asked) for turn in turns for call in turn.calls)
        + sum(len(turn.asked) for turn in turns),
        tools=dict(sorted(Counter(call.tool for turn in turns for call in turn.calls).items())),
        usage=total,
        median=round(median(times)) if times else None,
        p95=times[ceil(0.95 * len(times)) - 1] if times else None,
        agreement=deeds,
        same_words=words,
    )


def _agreement(header: Header, place: int, went: Mapping[Run, Went]) -> tuple[float | None, float | None]:
    """Over all inputs, which share of pairs of repeats did the same, and which said the same."""
    pairs = deeds = words = 0
    for number in range(1, len(header.inputs) + 1):
        repeats = [Run(number, place, repeat) for repeat in range(1, header.repeat + 1)]
        for one, other in combinations([went[run] for run in repeats if run in went], 2):
            pairs += 1
            deeds += one.deeds == other.deeds
            words += one.deeds == other.deeds and one.words == other.words
    return (deeds / pairs, words / pairs) if pairs else (None, None)


def _differs(
    header: Header, number: int, went: Mapping[Run, Went], logs: Mapping[str, Sequence[Record]]
) -> Differs | None:
    """How the first repeats of an input differ between combinations; None where they do not."""
    firsts = [
        next((went[run] for run in (Run(number, place, at) for at in range(1, header.repeat + 1)) if run in went), None)
        for place in range(len(header.combinations))
    ]
    there = [one.row.session for one in firsts if one is not None]
    if len(there) < 2:
        return None
    compared = compare([Side(name, logs[name]) for name in there])
    if compared.same:
        return None
    sessions = tuple("" if one is None else one.row.session for one in firsts)
    return Differs(number, _what(compared), sessions, compared)


def _what(compared: Comparison) -> tuple[str, ...]:
    """In what they differ, most telling first."""
    turns = compared.turns
    found = {
        "outcome": any(len({facts.outcome for facts in turn.here}) > 1 or turn.missing for turn in turns),
        "tools": any(row.differs for turn in turns for row in turn.calls),
        "verdicts": any(row.differs for turn in turns for row in turn.decisions),
        "questions": any(row.differs for turn in turns for row in turn.asked),
        "passages": any(row.differs for turn in turns for row in turn.hits),
        "memories": any(row.differs for turn in turns for row in turn.memories),
        "words": any(turn.reply.differs or turn.asides.differs for turn in turns),
    }
    return tuple(name for name, differs in found.items() if differs)
