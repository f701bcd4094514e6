"""Expectations judged against what happened; every failure is one sentence a newcomer understands.

Invariant: pure; the same lines and the same case give the same sentences. What cannot be judged here is neither held
nor broken: it breaks nothing, and nothing is concluded from it (see `Judged`). A judgement that failed itself is always
told, whatever stands beside or around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.core.cut import at_word
from greenroom.core.inert import inert_line
from greenroom.core.values import Frozen
from greenroom.regression.expect.assertion import Assertion, Never
from greenroom.regression.expect.beside import NOTHING, Beside, CannotJudge, NotHere
from greenroom.regression.expect.bounds import limits_problems, voice_problems
from greenroom.regression.expect.calls import call_problem, is_tool, no_call, worded
from greenroom.regression.expect.context import excluded_problems, memory_problems, passages_problems, written_problems
from greenroom.regression.expect.decisions import approval_problems, asked_problems, is_verdict, verdict_problem
from greenroom.regression.expect.decisions import worded as verdict_worded
from greenroom.regression.expect.own import custom_problems
from greenroom.regression.expect.replies import TextExpected, absent_problems, telling, text_problems
from greenroom.regression.expect.said import SENTENCE, counted, each, shown
from greenroom.regression.expect.trajectory import tools_problems, where
from greenroom.regression.inline_toml import toml
from greenroom.regression.tape.facts import TurnFacts, turns_over
from greenroom.regression.tape.tape import Line

if TYPE_CHECKING:
    from greenroom.regression.case import Case

NOT_DESCRIBED = "it does not describe what was recorded"
"""What is said of a case about something bad that never happened."""

Turns = Sequence[TurnFacts]
_WHOLE = 600
"""The most code points of an expectation in a sentence, which leaves room for the words around it."""
_WHICH = 120
"""What is told of a text that must never come, before the reply that has it."""
_SHORT = 90
"""What is told of each alternative, so that several stand in one line."""


class NoSuchTurn(Exception):
    """An expectation is about a turn that there was not; no negation makes that right."""


@dataclass(slots=True)
class Judged:
    """How an expectation went: `problems` if it does not hold, `unknown` what could not be judged here, `failed` why it
    cannot be judged at all, `turn` the one in which it holds or comes nearest, 0 if it is about several.
    """

    problems: list[str]
    unknown: str = ""
    turn: int = 0
    failed: str = ""

    @property
    def told(self) -> list[str]:
        """What does not hold, or why nobody can say."""
        return [f"cannot be judged: {self.failed}"] if self.failed else self.problems

    def take(self, part: Callable[[], Iterable[str]]) -> None:
        """Add the problems of a part; one that cannot be judged here leaves the rest to be judged."""
        try:
            self.problems += part()
        except NotHere as reason:
            self.unknown = self.unknown or str(reason)
        except CannotJudge as reason:
            self.failed = self.failed or str(reason)


def failures(case: Case, lines: Sequence[Line], beside: Beside = NOTHING) -> tuple[str, ...]:
    """What does not hold, each with the assertion's number; () when the case is content.

    `beside` is what may be looked at beside the run; an expectation that needs more than that is left out.
    """
    if case.expect == "observe" or not case.assert_:
        return ()
    turns = turns_over(lines)
    judged = [judge(assertion, turns, beside) for assertion in case.assert_]
    if case.expect == "bad" and not any(one.failed for one in judged):
        decided = any(not one.unknown for one in judged)
        return _again(case.assert_) if decided and not any(one.problems for one in judged) else ()
    if case.expect == "bad":
        judged = [one if one.failed else Judged([]) for one in judged]
    return tuple(_numbered(judged))


def _numbered(judged: Sequence[Judged]) -> Iterator[str]:
    return (f"assert[{number}] {problem}" for number, one in enumerate(judged) for problem in one.told)


def not_described(case: Case, lines: Sequence[Line], beside: Beside = NOTHING) -> str:
    """Why a case that says what was bad does not describe its own recording, whose `lines` these are; '' where it does.

    Such a case would pass for ever: what it describes did not happen, so it cannot happen again.
    """
    if case.expect != "bad":
        return ""
    turns = turns_over(lines)
    if not case.assert_:
        return (
            "" if any(turn.text for turn in turns) else f"{NOT_DESCRIBED}: no answer was recorded that could come back"
        )
    judged = [judge(assertion, turns, beside) for assertion in case.assert_]
    failed = [Judged([], failed=one.failed) if one.failed else Judged([]) for one in judged]
    return next(_numbered(failed), "") or next((f"{NOT_DESCRIBED}: {said}" for said in _numbered(judged)), "")


def _again(expected: Sequence[Assertion]) -> tuple[str, ...]:
    """What holds, though it should not, each by itself."""
    first, *others = (f"turn {one.turn}: {in_toml(one)}" for one in expected)
    return (f"what was recorded as bad happened again: {first}", *others)


def judge(expected: Assertion, turns: Turns, beside: Beside = NOTHING) -> Judged:
    """How one expectation goes over a run; a turn it names that there was not is a problem. Problems are inert."""
    try:
        found = _judge(expected, turns, turns, beside)
    except NoSuchTurn as missing:
        return Judged([str(missing)])
    found.problems = [inert_line(problem, SENTENCE) for problem in found.problems]
    if found.failed:
        found.failed = inert_line(found.failed, SENTENCE)
    return found


def _judge(expected: Assertion, covered: Turns, run: Turns, beside: Beside) -> Judged:
    turns = _turns_of(expected, covered)
    if not turns:
        among = there_are(run, expected.turn) if len(covered) == len(run) else f"it is looked for in {where(covered)}"
        raise NoSuchTurn(f"there is no turn {expected.turn}: {among}")
    found = _in_one_turn(expected, turns, beside) if expected.of_one_turn else Judged([], turn=_only(turns))
    for part in _over_all(expected, turns, run, beside):
        found.take(part)
    if expected.not_ is not None:
        _negated(found, expected.not_, turns, run, beside)
    if expected.any_of is not None:
        _either(found, expected.any_of, turns, run, beside)
    return found


def there_are(run: Turns, looked_for: object) -> str:
    """Which turns a recording has, of which one that is looked for is none: `it has turns 2-4; turn 1 is only context`."""
    first = run[0].turn if run else 1
    if first == 1:
        return f"the recording has {len(run)}"
    number = int(str(looked_for)) if str(looked_for).isdecimal() else first
    before = f"turn {number} is" if number < first else "what was said before is"
    return f"it has {where(run)}; {before} only context"


def _turns_of(expected: Assertion, covered: Turns) -> Turns:
    """Those it is about; most name one, and that is told without asking each."""
    named = expected.turn
    if isinstance(named, int):
        return [turn for turn in covered if turn.turn == named]
    return covered if named == "any" else [turn for turn in covered if expected.covers(turn.turn)]


def _in_one_turn(expected: Assertion, turns: Turns, beside: Beside) -> Judged:
    """The turn that comes nearest to what is expected."""
    nearest: Judged | None = None
    least = (0, 0, 0, False)
    for turn in turns:
        found = Judged([], turn=turn.turn)
        _judge_turn(found, expected, turn, beside)
        if found.failed or not (found.problems or found.unknown):
            return found
        away = (_from_call(expected, turn), _from_verdict(expected, turn), len(found.problems), bool(found.unknown))
        if nearest is None or away < least:
            nearest, least = found, away
    assert nearest is not None
    among = f"in none of {where(turns)}, nearest turn" if len(turns) > 1 else "turn"
    nearest.problems = [f"{among} {nearest.turn}: {problem}" for problem in nearest.problems]
    return nearest


def _from_call(expected: Assertion, turn: TurnFacts) -> int:
    """How far a turn is from the call that is expected: 0 if it has it, 1 if it called the tool otherwise, else 2."""
    if (call := expected.call) is None or any(not call_problem(call, one) for one in turn.calls.values()):
        return 0
    return 1 if any(is_tool(call.tool, one.tool) for one in turn.calls.values()) else 2


def _from_verdict(expected: Assertion, turn: TurnFacts) -> int:
    """How far a turn is from the verdict that is expected: 0 if its rule spoke, 1 if another did, else 2."""
    if (verdict := expected.verdict) is None or any(rule == verdict.rule for _, _, rule in turn.verdicts):
        return 0
    return 1 if turn.verdicts else 2


def _judge_turn(found: Judged, expected: Assertion, turn: TurnFacts, beside: Beside) -> None:
    """Add what of an expectation does not hold in a turn. Of its parts only texts may be such as cannot be judged here."""
    calls = list(turn.calls.values())
    if (call := expected.call) is not None:
        calls = [one for one in calls if not call_problem(call, one)]
        if not calls:
            found.problems.append(no_call(call, turn))
            return
    if (approval := expected.approval) is not None:
        about = calls if call is not None else [*calls, *turn.questions.values()]
        found.problems += approval_problems(approval, about)
        if call is not None and approval.asked is False:
            found.problems += asked_problems(about)
    if (verdict := expected.verdict) is not None and (said := verdict_problem(verdict, turn)):
        found.problems.append(said)
    if (text := expected.text) is not None:
        found.take(lambda: text_problems(text, turn, beside))
    if (passages := expected.passages) is not None:
        found.problems += passages_problems(passages, turn)
    if (memory := expected.memory) is not None:
        found.problems += memory_problems(memory, turn)
    if expected.finish is not None and turn.finish != expected.finish:
        found.problems.append(f"the turn ended as {turn.finish}, expected {expected.finish}")


def _nowhere(expected: Assertion, turn: TurnFacts) -> Iterator[str]:
    """What is in a turn and should be in none of them."""
    if expected.text is not None:
        yield from absent_problems(expected.text, turn)
    if expected.passages is not None:
        yield from excluded_problems(expected.passages, turn)
    if expected.approval is not None and expected.approval.asked is False and expected.call is None:
        yield from asked_problems([*turn.calls.values(), *turn.questions.values()])


def _over_all(expected: Assertion, turns: Turns, run: Turns, beside: Beside) -> Iterator[Callable[[], Iterable[str]]]:
    if expected.text is not None or expected.passages is not None or expected.approval is not None:
        yield lambda: (f"turn {turn.turn}: {problem}" for turn in turns for problem in _nowhere(expected, turn))
    if (never := expected.never) is not None:
        yield from (_never(never, turn, beside) for turn in turns)
    if (memory := expected.memory) is not None:
        yield lambda: written_problems(memory, turns)
    if (tools := expected.tools) is not None:
        yield lambda: tools_problems(tools, turns)
    if (voice := expected.voice) is not None:
        yield lambda: voice_problems(voice, turns, beside)
    if (limits := expected.limits) is not None:
        yield lambda: (f"{where(turns)}: {said}" for said in limits_problems(limits, turns, beside))
    if (custom := expected.custom) is not None:
        yield lambda: custom_problems(custom, turns, run)


def _never(expected: Never, turn: TurnFacts, beside: Beside) -> Callable[[], Iterable[str]]:
    return lambda: (f"turn {turn.turn}: {problem}" for problem in _happened(expected, turn, beside))


def _happened(expected: Never, turn: TurnFacts, beside: Beside) -> Iterator[str]:
    for tool in each(expected.tool or ()):
        if called := next((one.tool for one in turn.calls.values() if is_tool(tool, one.tool)), ""):
            yield f"{called} was called, and never should be"
    if (call := expected.call) is not None and any(
        not call_problem(call, one, attempts=True) for one in turn.calls.values()
    ):
        yield f"{worded(call)} was called, and never should be"
    if expected.verdict is not None and any(is_verdict(expected.verdict, v) for v in turn.verdicts):
        yield f"a verdict {verdict_worded(expected.verdict)} was reached, and never should be"
    if expected.text is not None and not list(_of_text(expected.text, turn, beside)):
        which = at_word(inert_line(_keys_in_toml(expected.text)), _WHICH)
        yield f"the reply is one that must never come ({which}): {shown(telling(expected.text, turn))}"


def _of_text(expected: TextExpected, turn: TurnFacts, beside: Beside) -> Iterator[str]:
    yield from absent_problems(expected, turn)
    yield from text_problems(expected, turn, beside)


def _negated(found: Judged, expected: Assertion, turns: Turns, run: Turns, beside: Beside) -> None:
    inner = _judge(expected, turns, run, beside)
    found.failed = found.failed or inner.failed
    if inner.problems or inner.failed:
        return
    if inner.unknown:
        found.unknown = found.unknown or inner.unknown
        return
    place = f"turn {inner.turn}" if inner.turn else where(turns)
    found.problems.append(f"{place}: this must not hold, and does: {in_toml(expected)}")


def _either(found: Judged, expected: Sequence[Assertion], turns: Turns, run: Turns, beside: Beside) -> None:
    inner = [_judge(one, turns, run, beside) for one in expected]
    found.failed = found.failed or next((one.failed for one in inner if one.failed), "")
    if found.failed or any(not one.problems and not one.unknown for one in inner):
        return
    if unknown := next((one.unknown for one in inner if not one.problems), ""):
        found.unknown = found.unknown or unknown
        return
    told = "; ".join(f"({number}) {inert_line(one.problems[0], _SHORT)}" for number, one in enumerate(inner, 1))
    found.problems.append(f"{where(turns)}: none of {counted(len(inner), 'alternative')} holds: {told}")


def in_toml(expected: Assertion) -> str:
    """An expectation as a case says it, on one line; a very long one is cut at a word."""
    return at_word(inert_line(_keys_in_toml(expected)), _WHOLE)


def _keys_in_toml(expected: Frozen) -> str:
    table = expected.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return ", ".join(f"{key} = {toml(value)}" for key, value in table.items() if key != "turn")


def _only(turns: Turns) -> int:
    return turns[0].turn if len(turns) == 1 else 0
