"""What of a case can be told to be a slip before anything is judged: names nobody knows, turns there are none of.

Invariant: it is told as a broken file, with the case's line; nothing is run for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from greenroom.core.toml_text import Path as KeyPath
from greenroom.core.toml_text import dotted, line_of, positions
from greenroom.regression.case import SUFFIX as CASE
from greenroom.regression.case import Case
from greenroom.regression.expect.assertion import Assertion
from greenroom.regression.expect.names import Around, Texts, Told, slips
from greenroom.regression.find import name_of
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.tape.facts import turns_over
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, Tape
from greenroom.regression.tape.under_test import under_test

_COMPONENTS = ("persona", "policy", "tools")


def slip(case: Case, tape: Tape, parts: Parts, texts: Texts, file: str) -> Outcome | None:
    """The first slip of a case, as a broken file; None where there is none. `texts` are today's, by component."""
    around = Around((texts, _Kept(tape, parts)), parts.workspace / "knowledge", lambda: _listings(tape, parts))
    lines, told = under_test(tape, tape.events), Told(tape.events)
    for number, one in enumerate(case.assert_):
        for path, said in (*_beyond(one, lines), *slips(one, told, around)):
            whole: KeyPath = ("assert", number, *path)
            return outcome("broken", f"{_place(parts, file, whole)} {dotted(whole)}: {said}")
    return None


class _Kept(dict[str, str]):
    """The texts that were kept with the recording, each read when it is asked for."""

    def __init__(self, tape: Tape, parts: Parts) -> None:
        super().__init__()
        self._tape, self._parts = tape, parts

    def get(self, component: str, default: str = "") -> str:  # type: ignore[override]  # texts alone are asked for
        return self._parts.component(self._tape.digests.get(component, "")) or default


def _beyond(one: Assertion, lines: Sequence[Line]) -> Iterable[tuple[KeyPath, str]]:
    """That a range goes on after the last turn; a single turn that is not there is judged with the rest."""
    if not isinstance(one.turn, str) or "-" not in one.turn:
        return
    last = int(one.turn.partition("-")[2])
    there = [turn.turn for turn in turns_over(lines)]
    if there and last > there[-1]:
        yield ("turn",), f"turns {one.turn}: there is no turn {last}, the last of the recording is {there[-1]}"


def _listings(tape: Tape, parts: Parts) -> Iterable[str]:
    return [parts.component(str(line["candidates"])) for line in tape.events if "candidates" in line]


def _place(parts: Parts, file: str, path: KeyPath) -> str:
    """`refund.case.toml:8`; without the line where the file is not there to be looked at."""
    name = f"{name_of(file)}{CASE}"
    try:
        text = (parts.folder.parent / name).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return name
    return f"{name}:{line_of(positions(text), path)}"
