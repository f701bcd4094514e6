"""Labelled texts, and how well the detectors do on them: recall, false alarms, exact spans, time.

Invariant: every finding in a labelled text is one of its labels or a false alarm; nothing is left out of the count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from greenroom.core.clock import Clock
from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse, suggest
from greenroom.core.values import Frozen
from greenroom.detectors.find import KINDS, looked_at
from greenroom.detectors.own import NONE, OwnDetectors
from greenroom.detectors.patterns import PATTERNS, Pattern

_ROUNDS = 5
Label = tuple[str, str]
"""A kind and the whole text it must find."""


class CorpusFile(Frozen):
    """One file of texts (schema corpus/1). `found` rows are a kind, a text, and each part of it that is of this kind;
    a text with several kinds has several rows. In `clean` texts there is nothing to find.
    """

    schema_: Literal["corpus/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    about: Annotated[str, Field(min_length=1)]
    found: tuple[Annotated[tuple[str, ...], Field(min_length=3)], ...] = ()
    clean: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A text of a corpus with everything that must be found in it."""

    corpus: str
    text: str
    labels: tuple[Label, ...] = ()


@dataclass(slots=True)
class Score:
    """How one kind did. `partial` are labels that were found with another span, `alarms` findings nobody labelled."""

    kind: str
    labels: int = 0
    exact: int = 0
    partial: int = 0
    alarms: list[Sample] = field(default_factory=list)
    missed: list[Sample] = field(default_factory=list)
    without: int = 0
    microseconds_per_kilobyte: float = 0.0

    @property
    def found(self) -> int:
        return self.exact + self.partial


def read_corpora(folder: Path, kinds: Sequence[str] = KINDS) -> tuple[Sample, ...]:
    """All samples of `folder`, by file name.

    Raises:
        FileInvalid: no such files, a broken one, an unknown kind, or a part that its text does not have.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise FileInvalid("there are no corpora (*.toml)", where=str(folder), code="file.missing")
    return tuple(sample for path in paths for sample in _samples(path, kinds))


def _samples(path: Path, kinds: Sequence[str]) -> Iterable[Sample]:
    if not path.is_file():  # a pipe would be waited for
        raise FileInvalid("is no file", where=path.name)
    try:
        corpus = parse(path.read_text(encoding="utf-8-sig"), CorpusFile, path.name)
    except (OSError, UnicodeDecodeError):
        raise FileInvalid("cannot be read", where=path.name) from None
    labels: dict[str, list[Label]] = {}
    for index, (kind, text, *parts) in enumerate(corpus.found):
        where = f"{path.name} found[{index}]"
        if kind not in kinds:
            raise FileInvalid(f"no detector is named '{kind}'", where=where, hint=suggest(kind, list(kinds)))
        if missing := [part for part in parts if part not in text]:
            raise FileInvalid(f"the text does not hold {missing[0]!r:.60}", where=where)
        labels.setdefault(text, []).extend((kind, part) for part in parts)
    for text, found in labels.items():
        yield Sample(corpus.id, text, tuple(found))
    for text in corpus.clean:
        yield Sample(corpus.id, text)


def measure(samples: Sequence[Sample], clock: Clock, own: OwnDetectors = NONE) -> tuple[Score, ...]:
    """The score of every kind that has labels or found something, in the order of kinds."""
    scores = {kind: Score(kind) for kind in (*KINDS, *own.labels)}
    for sample in samples:
        _score(sample, own, scores)
    seen = tuple(score for score in scores.values() if score.labels or score.alarms)
    for score in seen:
        score.microseconds_per_kilobyte = _time(samples, clock, own, score.kind)
    return seen


def _score(sample: Sample, own: OwnDetectors, scores: dict[str, Score]) -> None:
    text = sample.text
    spans = {(i.detector, i.start, i.end) for i in looked_at((("", text),), own).findings}
    for kind, part in sample.labels:
        score = scores[kind]
        score.labels += 1
        places = _places(text, part)
        hits = [span for span in spans if span[0] == kind and any(span[1] < b and a < span[2] for a, b in places)]
        if any((start, end) in places for _, start, end in hits):
            score.exact += 1
        elif hits:
            score.partial += 1
        else:
            score.missed.append(sample)
        spans.difference_update(hits)
    for kind, _, _ in sorted(spans):
        scores[kind].alarms.append(sample)
    labelled = {kind for kind, _ in sample.labels}
    for kind, score in scores.items():
        score.without += kind not in labelled


def _places(text: str, part: str) -> list[tuple[int, int]]:
    found, here = [], text.find(part)
    while here >= 0:
        found.append((here, here + len(part)))
        here = text.find(part, here + len(part))
    return found


def _time(samples: Sequence[Sample], clock: Clock, own: OwnDetectors, kind: str) -> float:
    """Microseconds it adds for a kilobyte of the samples as one payload, the quickest of a few rounds."""
    strings = tuple((str(place), sample.text) for place, sample in enumerate(samples))
    mine = OwnDetectors(tuple(one for one in own.detectors if one.id == kind))
    patterns = [pattern for pattern in PATTERNS if pattern.name == kind]
    kilobytes = sum(len(sample.text.encode("utf-8", "replace")) for sample in samples) / 1024

    def quickest(own: OwnDetectors, patterns: Sequence[Pattern]) -> float:
        times = []
        for _ in range(_ROUNDS):
            before = clock.monotonic()
            looked_at(strings, own, patterns)
            times.append(clock.monotonic() - before)
        return min(times)

    return max(0.0, quickest(mine, patterns) - quickest(NONE, ())) * 1_000_000 / kilobytes
