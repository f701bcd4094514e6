"""What a tape holds about words: the clauses that come to something else where placeholders stand for the values.

A text with `‹email#1›` in it is shorter than the one with the address, and that may be what a rule asks for.
Invariant: what comes to the same is not held; nothing is held of words that cannot be told from both tellings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from greenroom.core.events import Record, VerdictReached
from greenroom.engine.calls.rounds import Round
from greenroom.policy.decide import RulePolicy
from greenroom.policy.language.conditions import Condition, Environment, Outcome
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.active_rule import Live
from greenroom.regression.record.words_asked import Composed, WordsAsked
from greenroom.regression.replay.placeholders.held import Place, place_of
from greenroom.regression.replay.placeholders.veil import Veil
from greenroom.regression.tape.tape import Line

Row = tuple[str | bool | None, ...]
"""Its key, whether it held, and what it is."""
Asked = Callable[[Question], Iterable[tuple[str, Environment, Condition]]]
"""Every clause that may be asked about a question."""


class WordsHeld:
    """Follows both tellings of a session. `behind` covers placeholders of which nothing is known in either."""

    def __init__(self, policy: RulePolicy, veil: Veil, behind: Veil) -> None:
        self._policy = policy
        self._veil = veil
        self._behind = behind
        self._before, self._after = WordsAsked(), WordsAsked()
        self._rows: dict[Round, dict[Row, None]] = {}

    def see(self, recorded: Record, clean: Record) -> None:
        """Take in a record as both tellings have it."""
        self._before.see(recorded)
        self._after.see(clean)

    def decided(self, event: VerdictReached, composed: Composed, facts: SessionFacts, asked: Asked) -> None:
        """Keep what is to be held about a verdict on words."""
        if not self._policy.watches(event.hook):
            return
        was, now = (self._judged(one.asked(event, composed, facts)) for one in (self._before, self._after))
        if was is None or now is None or was == now:
            return
        if rows := dict.fromkeys(self._otherwise(was, now, asked)):
            self._rows.setdefault((event.turn, event.hook), {}).update(rows)

    def lines(self) -> Iterator[tuple[Place, Line]]:
        """A line for each hook of a turn about which something is held."""
        for decided, rows in self._rows.items():
            yield place_of(decided, None), {"held": decided[1], "clauses": [list(row) for row in rows]}

    def _judged(self, question: Question | None) -> Question | None:
        """The question as it is put after what may be kept of it was found out."""
        if question is None or not (
            question.hook == "memory.write" or (question.hook, question.origin) == ("output", "user")
        ):
            return question
        masked = self._policy.decide(question).payload
        return question.model_copy(update={"payload": masked}) if isinstance(masked, dict) else question

    def _otherwise(self, was: Question, now: Question, asked: Asked) -> Iterator[Row]:
        clauses = [(environment, condition) for _, environment, condition in asked(now)]
        if not clauses:
            return
        before, after = (Live(one, self._policy.decide(one).findings) for one in (was, now))
        for environment, condition in clauses:
            if self._behind.clause(was, condition, environment.types, before.values(environment)) is not None:
                continue
            key = self._veil.clause(now, condition, environment.types, after.values(environment))
            then = _so(condition.outcome(before.activation(environment)))
            if key is not None and then is not _so(condition.outcome(after.activation(environment))):
                yield key, then, condition.source


def _so(outcome: Outcome) -> bool | None:
    """None where a clause cannot be evaluated, for whatever reason."""
    return outcome if isinstance(outcome, bool) else None
