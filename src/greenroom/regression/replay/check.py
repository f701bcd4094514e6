"""The check tier: what can be said of a fixture without running anything.

Invariant: no engine, no workspace code, no network; a tape that passes is whole and says what its case expects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from greenroom.core.errors import FileInvalid
from greenroom.regression.expect import Beside, failures
from greenroom.regression.expect.bounds import phrases_in
from greenroom.regression.expect.judging import not_described
from greenroom.regression.replay.context import context_of
from greenroom.regression.replay.outcome import Outcome, broken, outcome
from greenroom.regression.replay.replay import Fixture, load_fixture
from greenroom.regression.replay.slip import slip
from greenroom.regression.replay.world import World
from greenroom.regression.stale.kept_texts import require_kept
from greenroom.regression.stale.stale import causes
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Tape
from greenroom.regression.tape.under_test import under_test


def check_file(
    path: Path,
    digests: Mapping[str, str] | None = None,
    texts: Mapping[str, str] | None = None,
    parts: Parts | None = None,
) -> Outcome:
    """Check the fixture whose tape is `path`; with today's `digests` and `texts` by component, its staleness too."""
    try:
        fixture = load_fixture(path, parts)
    except FileInvalid as error:
        return broken(error, path.name)
    return check(fixture, digests or {}, texts or {})


def check(fixture: Fixture, digests: Mapping[str, str], texts: Mapping[str, str]) -> Outcome:
    """Check a fixture that was read: every line's form, the recorded world's digests, expectations, staleness."""
    try:
        world = World(fixture.tape, fixture.parts, fixture.file)
        if fixture.tape.takes_over:
            context_of(fixture.tape, world, fixture.file)
        recorded = recorded_digests(fixture.tape.events)
        require_kept(fixture.tape, fixture.parts, digests, texts)
    except FileInvalid as error:
        return broken(error, fixture.file)
    stated = fixture.tape.digests
    for component, digest in recorded.items():
        if stated.get(component, digest) != digest:
            return outcome("broken", f"{fixture.file}:1: the recorded {component} is not what the header says")
    if wrong := slip(fixture.case, fixture.tape, fixture.parts, texts, fixture.file):
        return wrong
    since = causes(fixture.tape, digests, texts, fixture.parts)
    if since and fixture.case.expect != "bad":
        changed = tuple(cause.told for cause in since)
        stale = outcome("stale", changed[0], "\n".join(changed), changed)
        return replace(stale, changed=stale.reasons, places=tuple(cause.place for cause in since))
    if fixture.case.expect == "bad":
        # What was recorded is the bad run itself; whether it comes back is replay's question.
        said = not_described(
            fixture.case, under_test(fixture.tape, fixture.tape.events), _beside(fixture, fixture.tape, texts)
        )
        return outcome("failed", said, said, (said,)) if said else outcome("passed")
    if found := failing(fixture, fixture.tape, texts):
        return outcome("failed", found[0], "\n".join(found), found)
    return outcome("passed")


def failing(fixture: Fixture, tape: Tape, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The expectations of its case that do not hold on `tape`: the recorded one, or one that is to take its place.

    What is expected to be as recorded is held against `tape` itself. Of today's `texts` by component the persona counts;
    where it is not among them, the one that was kept with the recording does. A case about something bad needs a tape
    that has it.
    """
    lines, beside = under_test(tape, tape.events), _beside(fixture, tape, texts)
    found = failures(fixture.case, lines, beside)
    said = "" if found else not_described(fixture.case, lines, beside)
    return (said,) if said else found


def _beside(fixture: Fixture, tape: Tape, texts: Mapping[str, str]) -> Beside:
    def forbidden() -> Sequence[str]:
        persona = texts.get("persona") or fixture.parts.component(fixture.tape.digests.get("persona", ""))
        return phrases_in(persona)

    return Beside(under_test(tape, tape.events), forbidden, fixture.parts.workspace)
