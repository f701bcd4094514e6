"""What a session is run again under while a change of behaviour is looked for: versions of its persona, or commits.

Invariant: models are asked as each version says, tools are never entered, and nothing of the workspace is written. A
commit whose code nobody trusted does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from greenroom.approval.kill_switch import KillSwitch
from greenroom.assembly import load_contract, read_session
from greenroom.assembly.fixture.fixtures import Fixtures
from greenroom.assembly.fixture.live import live_builder
from greenroom.assembly.past.recorded import recorded_contract
from greenroom.assembly.past.taped import goes_otherwise
from greenroom.assembly.variants.commits import commits_between, files_between, unpack
from greenroom.assembly.variants.laid_out import clear_leftovers, laid_out
from greenroom.core.errors import GreenroomError, KillSwitchThrown, UsageError
from greenroom.core.events import Record, TurnFinished
from greenroom.engine.contract import Contract
from greenroom.persona.load import list_personas, list_versions, load_persona
from greenroom.persona.order import order_of
from greenroom.regression.bisect.search import Bisected, Judgement, Tried, bisect
from greenroom.regression.live import Budget, LiveOptions, run_live
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import turns_of_header
from greenroom.regression.tape.under_test import Stretch
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import describe, must_be_trusted

_JUDGED: dict[str, Judgement] = {"passed": "good", "failed": "bad", "diverged": "bad"}
"""What a live run says of a version; of what is broken, or of a model that did not answer, nothing can be said."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `good` and `bad` are both versions (`aria@1.1.0`; `aria` is the one at work) or both commits."""

    session: str
    good: str
    bad: str
    expect: str
    options: LiveOptions


@dataclass(frozen=True, slots=True)
class Points:
    """What is asked about, oldest first: persona versions, or commits with the persona's name."""

    names: tuple[str, ...]
    persona: str
    commits: bool


def points_of(workspace: Workspace, good: str, bad: str, persona: str) -> Points:
    """All from `good` to `bad`. `persona` is whom the session was with.

    Raises:
        UsageError: they are of two kinds or two personas, unknown, the same, or in the wrong order.
        FileInvalid: the persona at work is broken.
    """
    kinds = {_persona_of(workspace, one) for one in (good, bad)}
    if kinds == {""}:
        return Points(tuple(commits_between(workspace, good, bad)), persona, commits=True)
    if "" in kinds or len(kinds) > 1:
        raise UsageError(
            f"'{good}' and '{bad}' do not belong together",
            hint="two versions of one persona (aria@1.1.0, aria@1.3.0), or two commits",
            code="bisect.kinds",
        )
    return Points(_versions(workspace, kinds.pop(), good, bad), persona, commits=False)


def _persona_of(workspace: Workspace, word: str) -> str:
    name = word.partition("@")[0]
    return name if name in list_personas(workspace) else ""


def _versions(workspace: Workspace, persona: str, good: str, bad: str) -> tuple[str, ...]:
    frozen = sorted(list_versions(workspace, persona), key=order_of)
    row = [*(f"{persona}@{version}" for version in frozen), persona]
    ends = []
    for word in (good, bad):
        loaded = load_persona(workspace, persona, word.partition("@")[2] or None)  # says what versions there are
        ends.append(word if word in row else persona if loaded.persona.label == word else word)
    first, last = (row.index(word) for word in ends)
    if first >= last:
        raise UsageError(f"{good} does not come before {bad}", hint="--good is the older one", code="bisect.order")
    return tuple(row[first : last + 1])


@dataclass(frozen=True, slots=True)
class Search:
    """How it ended, what governs the last good and the first bad one, and of commits the files that differ."""

    points: Points
    found: Bisected
    before: Contract
    after: Contract
    files: tuple[str, ...] = ()


class Bisecting:
    """One search. With `trusting` the code of every commit may run; else only what is trusted in the workspace now.

    Raises on construction:
        UsageError: the workspace is not trusted, or there is no such session, fixture, version or commit.
        FileInvalid, LogDamaged: what they say.
    """

    def __init__(self, workspace: Workspace, wanted: Wanted, *, trusting: bool = False) -> None:
        must_be_trusted(workspace)
        self._workspace = workspace
        self._options = wanted.options
        self._trusting = trusting
        self._budget = Budget(wanted.options.usd, "this search")
        records = read_session(workspace, wanted.session)
        contract = recorded_contract(records)
        self.points = points_of(workspace, wanted.good, wanted.bad, contract.persona.id)
        self._fixture = _fixture(workspace, records, contract, wanted.expect)

    async def run(self, told: Callable[[Tried], None] = lambda tried: None) -> Search:
        """Look. Raises as `search.bisect`, and KillSwitchThrown where everything is stopped."""

        async def judged(point: str) -> Tried:
            tried = await self._judged(point)
            told(tried)
            return tried

        if self.points.commits:
            clear_leftovers()
        found = await bisect(self.points.names, judged)
        before, after = (self._contract(point) for point in (found.last_good, found.first_bad))
        files: list[str] = []
        if self.points.commits:
            files = files_between(self._workspace, found.last_good, found.first_bad)
        return Search(self.points, found, before, after, tuple(files))

    async def _judged(self, point: str) -> Tried:
        must_not_be_stopped(self._workspace)
        try:
            with self._ground(point) as ground:
                build = live_builder(ground.workspace, trusted=ground.trusted, brake=KillSwitch(self._workspace))
                build.history = None  # what a fixture came to here is no run of it
                options = replace(self._options, persona=ground.persona, usd=None)
                found = await run_live(self._fixture, build, options, self._budget)
        except GreenroomError as error:
            return Tried(point, "unjudged", "error", error.line())
        finally:
            must_not_be_stopped(self._workspace)  # a run that was stopped judges nothing, the last one neither
        judgement = _JUDGED.get(found.outcome.kind, "unjudged")
        return Tried(point, judgement, found.outcome.kind, found.outcome.line, found.micro_usd)

    def _contract(self, point: str) -> Contract:
        with self._ground(point) as ground:
            return load_contract(ground.workspace, ground.persona, self._options.model, trusted=ground.trusted)

    @contextmanager
    def _ground(self, point: str) -> Iterator[_Ground]:
        """Where a version is run.

        Raises:
            UsageError: it would run code that nobody trusted.
        """
        if not self.points.commits:
            yield _Ground(self._workspace, point, None)
            return
        with laid_out() as folder:
            workspace = unpack(self._workspace, point, folder)
            now = describe(workspace)
            trusted = self._trusting or now.harmless or now.digest == describe(self._workspace).digest
            if not trusted:
                raise UsageError(
                    "its tools or hosts are not those that are trusted", hint="--trust runs them all the same"
                )
            yield _Ground(workspace, self.points.persona, trusted)


@dataclass(frozen=True, slots=True)
class _Ground:
    workspace: Workspace
    persona: str
    trusted: bool | None


def must_not_be_stopped(workspace: Workspace) -> None:
    """Nothing, unless the kill switch holds everything.

    Raises:
        KillSwitchThrown: it does.
    """
    if any(stop.scope == "everything" for stop in KillSwitch(workspace).stops()):
        raise KillSwitchThrown("everything is stopped", hint="greenroom stop --lift --reason WHY")


def _fixture(workspace: Workspace, records: Sequence[Record], contract: Contract, expect: str) -> Fixture:
    """The session as a fixture that expects what the fixture `expect` does, of the turns which that one is about;
    nothing of it is written.
    """
    fixtures = Fixtures(workspace)
    paths = fixtures.paths([expect])
    if len(paths) != 1:
        raise UsageError(f"'{expect}' is {len(paths)} fixtures", hint="name one", code="bisect.expect")
    expected = fixtures.load(paths[0])
    made = _recorded(records, contract, turns_of_header(expected.tape.header))
    return Fixture(paths[0].name, made.tape, expected.case, Parts(workspace.fixtures, made.texts))


def _recorded(records: Sequence[Record], contract: Contract, turns: Stretch | None) -> Recorded:
    """The session's tape: all of it, or those turns of it where it has so many."""
    ended = {item.event.turn for item in records if isinstance(item.event, TurnFinished)}
    try:
        wanted = turns if turns is not None and turns[1] in ended else None
        return record(records, contract.policy, wanted, replays=goes_otherwise)
    except UsageError as error:
        if error.code != "export.mixed":
            raise
        hint = (
            "export the turns of one contract (session export SESSION --turns ...), and name that fixture as --expect"
        )
        raise UsageError(error.message, hint=hint, code="bisect.mixed") from error
