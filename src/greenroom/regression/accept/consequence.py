"""What a change since a recording comes to: what still goes as recorded, what goes otherwise, which expectations break.

Invariant: a broken expectation is never hidden behind what changed, nor behind what the tape cannot answer; and none is
called broken for what is missing. What is judged is what accepting would write.
"""

from __future__ import annotations

from dataclasses import replace

from greenroom.regression.accept.noteworthy import noteworthy
from greenroom.regression.accept.rest import with_rest
from greenroom.regression.accept.retold import Retold
from greenroom.regression.replay.check import failing
from greenroom.regression.replay.difference import first_difference
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.tape import sealed

_MORE = 3
LIVE = "judged by what greenroom fixture rebase ran live, which accepting would take over"


def weighed(found: Outcome, fixture: Fixture, retold: Retold, *, expected: bool = False) -> Outcome:
    """The outcome with what it comes to, by what would be recorded today. A fixture whose expectations fail under what
    changed is `failed`, unless it is `expected` to be stale.
    """
    effect = _effect(fixture, retold)
    broken = _surely_broken(fixture, retold)
    if broken and found.changed and not expected:
        return _failed(fixture, retold, broken, found)
    said = [*(f"an expectation fails too: {one}" for one in broken), *retold.missing]
    if not said and found.kind == "stale":
        found_now = noteworthy(fixture.tape.events, retold.tape.events)
        said = [one.told for one in found_now.changes[:_MORE]] or [found_now.aside]
    said += [LIVE] if retold.live else []
    detail = "\n".join(row for row in (found.detail, *said) if row)
    again = outcome(found.kind, found.line, detail, found.reasons, found.tape_line)
    return replace(again, changed=found.changed, places=found.places, effect="fails" if broken else effect)


def _effect(fixture: Fixture, retold: Retold) -> str:
    if retold.missing:
        return "stops"
    return "otherwise" if noteworthy(fixture.tape.events, retold.tape.events).changes else "same"


def _surely_broken(fixture: Fixture, retold: Retold) -> tuple[str, ...]:
    """The expectations that fail; where the tape had no answer, those that would however it went on."""
    if not retold.missing:
        return failing(fixture, retold.tape, retold.governing)
    lines = with_rest(retold.tape.events, fixture.tape.events, retold.stopped)
    return failing(fixture, sealed(retold.tape.header, lines), retold.governing) if lines is not None else ()


def _failed(fixture: Fixture, retold: Retold, broken: tuple[str, ...], found: Outcome) -> Outcome:
    rows = [*(f"and: {one}" for one in broken[1:]), f"why: {fixture.case.why}" if fixture.case.why else ""]
    rows += [f"since: {one}" for one in found.changed]
    first = first_difference(fixture.tape.events, retold.tape.events)
    rows += [first.line, first.detail, *retold.missing, LIVE if retold.live else ""]
    failed = outcome("failed", broken[0], "\n".join(filter(None, rows)), broken)
    return replace(failed, changed=found.changed, places=found.places, effect="fails")
