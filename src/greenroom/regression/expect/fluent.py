"""Expectations in Python: `expect(run).turn(2).called("orders.refund", order_id=1001, amount=expect.approx(90))`.

Invariant: each word builds the same `Assertion` a case file would hold, and one engine judges both. What cannot be
judged here fails: a test that asks for it must not pass unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import dotted, told
from greenroom.core.values import Frozen, Json
from greenroom.regression.expect.against_tape import CaseMatch, problems_under
from greenroom.regression.expect.assertion import Assertion
from greenroom.regression.expect.judging import judge, there_are
from greenroom.regression.expect.names import Told, slips
from greenroom.regression.expect.run import Run, run_of
from greenroom.regression.expect.said import SENTENCE, shown
from greenroom.regression.expect.words import Spec, Words
from greenroom.regression.tape.facts import TurnFacts

if TYPE_CHECKING:
    from greenroom.models.port import Model
    from greenroom.regression.judge.rubric import Judgement

M = TypeVar("M", bound=Frozen)
__tracebackhide__ = True
"""pytest shows the line of the test that asked, not the ones in here that found the answer."""


class Expect(Words["Expect"]):
    """What is expected of a run; each word is judged at once, by itself, and raises AssertionError where it fails."""

    def __init__(self, run: Run, turns: int | str = "any") -> None:
        self._run = run
        self._turns = turns

    def turn(self, number: int | str) -> Expect:
        """Only this turn: a number, a range such as '2-4', or 'any'."""
        return Expect(self._run, number)

    def holds(self, *specs: Spec) -> Expect:
        """Each of these holds. Unlike words in a row, all words of one `expect.called(...).text(...)` hold together.

        Raises:
            AssertionError: one does not; its message is what a case would say.
        """
        for spec in specs:
            self._judge(spec.table)
        return self

    def as_recorded(self, order: str = "strict", args: Mapping[str, str] | None = None) -> Expect:
        """The tool calls of the whole run are those of the recorded one; `order` and `args` as in `case/1`, `match`.

        Raises:
            AssertionError: they are not, or no recorded run is known.
        """
        recorded = self._run.beside.recorded
        if recorded is None:
            raise AssertionError("this cannot be judged here: there is no recorded run to compare with")
        found = problems_under(
            _checked(CaseMatch, {"order": order, "args": dict(args or {})}), recorded, self._run.lines
        )
        if found:
            raise AssertionError("\n".join(found))
        return self

    def judged(self, rubric: str, model: Model, *, votes: int = 1) -> Expect:
        """A model that reads the text of a rubric finds every one of these replies to meet it. See `regression.judge.rubric`.

        Raises:
            AssertionError: one does not, or what the judge says of one cannot be read.
            ServiceUnavailable: the judging model cannot be used now.
            UsageError: an event loop is running already; there `await judge(...)` itself.
        """
        for turn in self._covered():
            said = _asked(model, rubric, turn, votes)
            if not said.passed:
                what = "cannot be judged" if said.undecided else "does not meet the rubric"
                raise AssertionError(
                    inert_line(f"turn {turn.turn}: the reply {what}: {said.reason}: {shown(turn.text)}", SENTENCE)
                )
        return self

    def _covered(self) -> list[TurnFacts]:
        expected = _assertion({"turn": self._turns, "finish": "answered"})
        covered = [turn for turn in self._run.turns if expected.covers(turn.turn)]
        if not covered:
            raise AssertionError(f"there is no turn {self._turns}: {there_are(self._run.turns, self._turns)}")
        return covered

    def _with(self, **part: Json) -> Expect:
        self._judge(part)
        return self

    def _require_known(self, expected: Assertion) -> None:
        for path, said in slips(expected, Told(self._run.lines), self._run.around):
            raise UsageError(f"{dotted(path)}: {said}", code="expect.name")

    def _judge(self, table: Mapping[str, Json]) -> None:
        expected = _assertion({"turn": self._turns, **table})
        self._require_known(expected)
        found = judge(expected, self._run.turns, self._run.beside)
        if found.told:
            raise AssertionError("\n".join(found.told))
        if found.unknown:
            raise AssertionError(f"this cannot be judged here: {found.unknown}")


def _assertion(table: Mapping[str, Json]) -> Assertion:
    return _checked(Assertion, table)


def _checked(model: type[M], table: Mapping[str, Json]) -> M:
    """The table as a case would hold it.

    Raises:
        UsageError: it is not an expectation; with where and why.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise UsageError(f"not an expectation: {told(error, table, model)}", code="expect.unknown") from None


def _asked(model: Model, rubric: str, turn: TurnFacts, votes: int) -> Judgement:
    import asyncio

    from greenroom.regression.judge.rubric import judge as ask

    async def once() -> Judgement:
        try:
            return await ask(model, rubric, turn.text, turn.words, votes=votes)
        finally:
            await model.aclose()  # its connections would belong to a loop that is over

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(once())
    raise UsageError(
        "judged() waits for a model, which an async test must not",
        hint="there: await greenroom.regression.judge.rubric.judge(model, rubric, reply)",
        code="expect.loop",
    )


class Expecting(Words[Spec]):
    """What `from greenroom.regression import expect` gives: `expect(run)`, stand-alone expectations such as
    `expect.called(...)`, and matchers such as `expect.approx(90)`.
    """

    def __call__(self, run: Any, workspace: Path | None = None, recorded: Any = None) -> Expect:
        """What is expected of a run: a session, a reply of it (its turn alone), records, a tape's path or lines.
        `workspace` is where schemas lie, `recorded` a run to compare with (`similar`, `as_recorded`); a tape's path
        brings its own.

        Raises:
            FileInvalid: the tape is broken.
            UsageError: it is nothing that can be judged.
        """
        turn = getattr(run, "turn", "any")
        return Expect(run_of(run, workspace, recorded), turn if isinstance(turn, int) else "any")

    def _with(self, **part: Json) -> Spec:
        return Spec(part)

    def approx(self, number: float, within: float | None = None) -> Json:
        """A number near this one; without `within`, but for rounding."""
        return {"approx": number} | ({} if within is None else {"within": within})

    def regex(self, pattern: str) -> Json:
        """A text in which this is found (RE2)."""
        return {"regex": pattern}

    def one_of(self, *values: Json) -> Json:
        return {"one_of": list(values)}

    def of_type(self, name: str) -> Json:
        """A value of a type of JSON: string, number, integer, boolean, object, array or null."""
        return {"type": name}

    def anything(self) -> Json:
        return {"any": True}

    def equals(self, value: Json) -> Json:
        """Just this value, even where it reads as a matcher."""
        return {"equals": value}

    def at_least(self, number: float) -> Json:
        return {"at_least": number}

    def at_most(self, number: float) -> Json:
        return {"at_most": number}

    def containing(self, value: Json) -> Json:
        """A text that has this in it, or a list with such an item."""
        return {"contains": value}

    def each(self, value: Json) -> Json:
        """A list of which every item is this."""
        return {"each": value}

    def length(self, number: Json) -> Json:
        """A text, list or table of this length: a number, or a matcher of one."""
        return {"length": number}

    def subset(self, table: Mapping[str, Json]) -> Json:
        """A table that has at least these keys, with these values."""
        return {"subset": dict(table)}

    def superset(self, table: Mapping[str, Json]) -> Json:
        """A table that has no keys but these, with these values."""
        return {"superset": dict(table)}

    def not_(self, other: Spec | Json) -> Any:
        """An expectation that does not hold; or any value but this one, which may be a matcher."""
        return super().not_(other) if isinstance(other, Spec) else {"not": other}


EXPECT = Expecting()
