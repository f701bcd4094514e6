"""A tape on disk as a pytest item, and what pytest says of one that did not pass.

Invariant: a fixture's own trouble is told in words; a traceback is only for what is Greenroom's own fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert, inert_line
from greenroom.pytest_plugin.bench import Played, bench_of, stale_mode
from greenroom.pytest_plugin.failure import FailureText
from greenroom.pytest_plugin.place import CASE, TAPE, place_of, shown_place
from greenroom.pytest_plugin.told import Told
from greenroom.regression.case import Case, case_path, load_case
from greenroom.regression.find import name_of
from greenroom.regression.replay.outcome import outcome

_TAGS: pytest.StashKey[set[str]] = pytest.StashKey()


class TapeFailed(Exception):
    """A fixture did not pass; what is told says how."""

    def __init__(self, told: Told) -> None:
        super().__init__(told["line"])
        self.told = told


class TapeFile(pytest.File):
    """A tape on disk. It holds one item, so that the case's tags can be its markers.

    `problem` is why it is not looked at: then its path is one that can be shown, and there is no such file. `tape` is where
    the tape is if this is its case, which somebody named.
    """

    problem = ""
    tape: Path | None = None

    def collect(self) -> Iterator[TapeItem]:
        """The fixture, named as its file, marked with its case's tags."""
        tape = self.tape or self.path
        item = TapeItem.from_parent(self, name=name_of(tape), path=tape)
        item.add_marker("greenroom")
        case = _case(tape)  # let go of at once: a thousand of them would be kept until their turn comes
        for tag in case.tags if case else ():
            known = self.config.stash.setdefault(_TAGS, set())
            if tag not in known:
                known.add(tag)
                self.config.addinivalue_line("markers", f"{tag}: tag of a replayed session")
            item.add_marker(_mark(tag, case.why) if case else tag)
        yield item


class TapeItem(pytest.Item):
    """One fixture as a test. `told` is how it went once it ran."""

    told: Told | None = None

    def runtest(self) -> None:
        """Replay it, or run it against a model.

        Raises:
            TapeFailed: it failed, diverged, is stale or broken, or a model could not be reached.
            pytest.xfail.Exception: it is stale, and that is expected.
        """
        problem = self.parent.problem if isinstance(self.parent, TapeFile) else ""
        played = Played(outcome("broken", problem)) if problem else bench_of(self.config).play(self.path)
        self.told = told = self._told(played)
        self.user_properties.extend((*_properties(told), *played.properties))
        if told["kind"] == "stale" and told["mode"] == "xfail":
            pytest.xfail(told["line"])
        if told["kind"] != "passed":
            raise TapeFailed(told)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The outcome in words; a traceback only for what is Greenroom's own fault."""
        if isinstance(excinfo.value, TapeFailed):
            return FailureText(excinfo.value.told)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the fixture is; its first line, for where it fails is not known before it ran."""
        return self.path, 0, f"fixture {self.name}"

    def _shown(self) -> str:
        """The tape as a person would name it from where they are."""
        here = self.config.invocation_params.dir
        return str(self.path.relative_to(here)) if self.path.is_relative_to(here) else str(self.path)

    def _told(self, played: Played) -> Told:
        outcome, fixture = played.outcome, played.fixture
        case = fixture.case if fixture else _case(self.path)
        header = fixture.tape.header if fixture else {}
        # Lines of a broken tape may have any form: nobody looked at all of them.
        wanted = outcome.kind != "broken" and self.config.getoption("--greenroom-html")
        return Told(
            kind=outcome.kind,
            line=outcome.line,
            detail=outcome.detail,
            reasons=list(outcome.reasons),
            tape_line=outcome.tape_line,
            changed=list(outcome.changed),
            places=list(outcome.places),
            effect=outcome.effect,
            unkept=bench_of(self.config).refused(self.path),
            name=inert_line(self.name, 200),
            path=str(self.path),
            shown=inert_line(self._shown()),
            nodeid=self.nodeid,
            persona=inert_line(played.persona or str(header.get("persona", "")), 120),
            model=inert_line(played.model or str(header.get("model", "")), 120),
            why=inert(case.why) if case else "",
            expect=case.expect if case else "good",
            tags=list(case.tags) if case else [],
            mode=stale_mode(self.config),
            lines=orjson.dumps(fixture.tape.events).decode() if wanted and fixture else "",
            event=_event(played),
            runs=played.runs,
        )


def _mark(tag: str, why: str) -> str | pytest.MarkDecorator:
    """A tag as a marker. `skip` and `xfail` mean what they mean to pytest, and say where they come from."""
    why = f": {inert_line(why, 120)}" if why else ""
    if tag == "skip":
        return pytest.mark.skip(reason=f"its case is tagged skip{why}")
    return pytest.mark.xfail(reason=f"its case is tagged xfail{why}") if tag == "xfail" else tag


def _case(tape: Path) -> Case | None:
    """The case of a tape; None where it is broken, which running the fixture says."""
    try:
        return load_case(case_path(tape))
    except FileInvalid:
        return None


def _event(played: Played) -> int:
    """The place of the event that the outcome's line of the tape is about."""
    numbers = played.fixture.tape.line_numbers if played.fixture else ()
    line = played.outcome.tape_line
    return numbers.index(line) if line in numbers else -1


def _properties(told: Told) -> Iterator[tuple[str, object]]:
    """What JUnit files and other reports say of a fixture beside its result."""
    yield "greenroom_outcome", told["kind"]
    if told["persona"]:
        yield "greenroom_persona", told["persona"]
        yield "greenroom_model", told["model"]
    yield from (("greenroom_stale", cause) for cause in told["changed"])
    yield from (("greenroom_stale_at", shown_place(told, place)) for place in told["places"] if place)
    if told["expect"] != "good":
        yield "greenroom_expect", told["expect"]
    yield from (("greenroom_tag", tag) for tag in told["tags"])
    path, line = place_of(told)
    tape = told["nodeid"].partition("::")[0]
    yield "greenroom_file", f"{tape.removesuffix(TAPE)}{CASE}" if path.endswith(CASE) else tape
    yield "greenroom_line", line if path.endswith(CASE) else told["tape_line"]
