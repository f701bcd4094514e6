"""How well the detectors do, as rows for a screen, as data, and as the document that is kept in the repository.

Invariant: the document holds nothing that changes from machine to machine, so it can be checked against the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from greenroom.core.values import Json
from greenroom.detectors.about import ABOUT, LIMITS
from greenroom.detectors.corpus import Sample, Score
from greenroom.detectors.find import LABELS
from greenroom.detectors.own import OwnDetector

HEADERS = ("kind", "labels", "found", "recall", "exact", "false alarms", "in texts", "microseconds a KB")
COMMAND = "greenroom policy detectors --corpus tests/detectors/corpora --write .github/DETECTORS.md"


def rows(scores: Iterable[Score]) -> list[tuple[str, ...]]:
    """One row a kind, as HEADERS name them; the time is the last column."""
    return [(*_figures(score), f"{score.microseconds_per_kilobyte:.1f}") for score in scores]


def data(scores: Iterable[Score]) -> list[dict[str, Json]]:
    """The same for programs, with the texts that were missed or flagged."""
    return [
        {
            "kind": score.kind,
            "labels": score.labels,
            "found": score.found,
            "exact": score.exact,
            "alarms": len(score.alarms),
            "texts_without": score.without,
            "microseconds_per_kilobyte": round(score.microseconds_per_kilobyte, 2),
            "missed": [sample.text for sample in score.missed],
            "flagged": [sample.text for sample in score.alarms],
        }
        for score in scores
    ]


def document(samples: Sequence[Sample], scores: Sequence[Score], own: Sequence[OwnDetector] = ()) -> str:
    """The document in Markdown."""
    return "\n".join(
        [
            "# Detectors",
            "",
            f"Made by `{COMMAND}`; a test fails when it is not what that command writes now.",
            "",
            _measured(samples),
            "",
            *_table(HEADERS[:-1], (_figures(score) for score in scores)),
            "",
            "## What each one finds",
            "",
            *_table(("kind", "mask", "finds"), _kinds(own)),
            "",
            "Full-width letters, other scripts' digits, no-break spaces and dashes are read as plain ones, and zero-width",
            "characters between them as nothing. A span always names the original characters.",
            "",
            "## What the pack does not find",
            "",
            *(f"- {sentence}" for sentence in LIMITS),
            "",
            "## Missed in the corpora",
            "",
            *_examples((score.kind, score.missed) for score in scores),
            "",
            "## Flagged without reason in the corpora",
            "",
            *_examples((score.kind, score.alarms) for score in scores),
            "",
        ]
    )


def _measured(samples: Sequence[Sample]) -> str:
    labels = sum(len(sample.labels) for sample in samples)
    clean = sum(not sample.labels for sample in samples)
    names = _listed(dict.fromkeys(sample.corpus for sample in samples))
    return (
        f"Measured on {len(samples)} texts in {names}: {labels} labels, {clean} texts with nothing to find. We wrote the "
        "texts ourselves, hard cases on purpose, and corrected the patterns against them, so these figures show what the "
        "pack is for; on your customers' words it will do worse. Every finding that nobody labelled is a false alarm."
    )


def _figures(score: Score) -> tuple[str, ...]:
    recall = f"{100 * score.found / score.labels:.0f} %" if score.labels else "-"
    exact = f"{100 * score.exact / score.found:.0f} %" if score.found else "-"
    return (
        score.kind,
        str(score.labels),
        str(score.found),
        recall,
        exact,
        str(len(score.alarms)),
        str(score.without),
    )


def _kinds(own: Sequence[OwnDetector]) -> list[tuple[str, str, str]]:
    built_in = [(kind, f"`‹{LABELS[kind]}#1›`", text) for kind, text in ABOUT.items()]
    return built_in + [(one.id, f"`‹{one.label}#1›`", f"`{one.pattern}`") for one in own]


def _table(headers: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return [
        f"| {' | '.join(headers)} |",
        f"|{'---|' * len(headers)}",
        *(f"| {' | '.join(line)} |" for line in cells),
    ]


def _examples(found: Iterable[tuple[str, Sequence[Sample]]]) -> list[str]:
    return [
        f"- {kind}: `{_plain(sample.text)}`"
        for kind, samples in found
        for sample in dict.fromkeys(samples)
    ] or ["None."]  # fmt: skip


def _plain(text: str) -> str:
    """The text on one line of Markdown code, everything that could hide written as an escape."""
    shown = "".join(c if c.isprintable() and not 0xFE00 <= ord(c) <= 0xFE0F else f"\\u{ord(c):04x}" for c in text)
    return shown.replace("`", "'")[:120]


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
