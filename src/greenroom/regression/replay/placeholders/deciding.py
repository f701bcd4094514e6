"""Decisions about calls with placeholders in them: made anew by today's rules, with what the tape knows of the values.

Invariant: a decision that depends on something the tape does not know is not made; the replay stops there and says which
rule needs what. What it does not depend on is no matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom.core.errors import Divergence
from greenroom.core.inert import inert_line
from greenroom.core.values import Finding, Json, Verdict
from greenroom.policy.decide import RulePolicy
from greenroom.policy.language.conditions import Condition, Environment, Outcome
from greenroom.policy.port import Policy, Question
from greenroom.policy.verdict.sight import clauses_about
from greenroom.regression.replay.placeholders.before import Before
from greenroom.regression.replay.placeholders.held import as_recorded, key_of, says
from greenroom.regression.replay.placeholders.known import FoundThen, Known
from greenroom.regression.replay.placeholders.veil import Veil
from greenroom.regression.replay.world import World
from greenroom.regression.tape.replaced import masks_in

_CALL = "tool.call"
_LENGTH = "text.length"
_VALUES = frozenset(
    {"subject", "passage.source", "passage.collection", "passage.heading", "memory.segment", "memory.key"}
)
"""Names of words whose values may have placeholders in them, beside the text itself."""
_MOST = 64
"""Ways of how it may be that are tried: of six things that are not known, all."""
AGAIN = "export the session once more, or record the conversation anew"


class Undecided(Divergence):
    """A decision needs a value that the tape keeps only a placeholder of."""

    default_code = "replay.undecided"


class HeldPolicy:
    """A policy that decides with what a tape knows of the values behind its placeholders. `level` is the autonomy of the
    contract it belongs to.
    """

    def __init__(self, policy: Policy, world: World, level: int) -> None:
        self.policy = policy
        self.digest = policy.digest
        self._held = world.held
        self._known = world.known
        self._veil = Veil.of(world.known.placeholders, policy.own if isinstance(policy, RulePolicy) else ())
        self._before = Before(policy, world.parts, world.known.digests, level)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.policy, name)

    def decide(self, question: Question) -> Verdict:
        """The policy's verdict.

        Raises:
            Undecided: it depends on what is not on the tape.
        """
        if question.hook == _CALL:
            line = self._held.get(key_of(question.session.turn, question.subject, question.payload["args"]))
            if line is not None and "effect" in line:
                return self._as_recorded(question, line)
        if not isinstance(self.policy, RulePolicy) or self._veil.lifted(question):
            return self.policy.decide(question)
        # Words are on the tape as they may be kept; a rule that was asked about them then can be asked again.
        asked_then = self._before if question.hook != _CALL else None
        return _decided(self.policy, question, self._veil, self._known, asked_then)

    def _as_recorded(self, question: Question, line: Mapping[str, Json]) -> Verdict:
        """The verdict that a tape of before holds, as long as what governed that decision is what governs it now."""
        if not self._before.governed(question.tool):
            masks = _and(sorted(masks_in(question.payload)))
            raise Undecided(
                f"{_about(question)}: rules about it changed, and the tape keeps only {masks} and what was decided then",
                difference=AGAIN,
            )
        verdict = self.policy.decide(question)
        return verdict if says(verdict) == dict(line) else as_recorded(verdict, dict(line))


def unheld(policy: Policy) -> Policy:
    """The policy itself, where it decides with what a tape knows."""
    return policy.policy if isinstance(policy, HeldPolicy) else policy


def _decided(policy: RulePolicy, question: Question, veil: Veil, known: Known, before: Before | None) -> Verdict:
    """The one verdict there can be, however it is with what nobody knows."""
    first: Verdict | None = None
    unknown: dict[str, str] = {}
    for tried, (verdict, sight) in enumerate(_every_way(policy, veil, known, before, question)):
        unknown |= sight.unknown
        first = first or verdict
        if tried >= _MOST or _all_said(verdict) != _all_said(first):
            raise _undecided(question, veil, list(unknown.values()))
    assert first is not None
    return first


def _all_said(verdict: Verdict) -> Json:
    """What of a verdict anything depends on: its effect, whom it asks, and how the call goes on."""
    ask = verdict.ask.model_dump(mode="json") if verdict.ask is not None else None
    return [says(verdict), ask, verdict.payload]


def _every_way(
    policy: RulePolicy, veil: Veil, known: Known, before: Before | None, question: Question
) -> Iterator[tuple[Verdict, _TapeSight]]:
    """The verdicts for each way it may be with what is asked for and not known; just one where nothing is."""
    guesses: list[bool] = []
    while True:
        sight = _TapeSight(policy, veil, known, before, guesses)
        yield policy.seeing(sight).decide(question), sight
        guesses = list(sight.guessed.values())
        while guesses and not guesses[-1]:
            guesses.pop()
        if not guesses:
            return
        guesses[-1] = False


@dataclass
class _TapeSight:
    """What a tape knows. What was asked `before`, where that is given, is judged as it stands. What is not known is taken
    to be as `guesses` say in the order it is asked for, then as so.
    """

    policy: RulePolicy
    veil: Veil
    known: Known
    before: Before | None
    guesses: Sequence[bool]
    guessed: dict[str, bool] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def outcome(
        self, question: Question, condition: Condition, environment: Environment, values: Mapping[str, Any]
    ) -> Outcome | None:
        key = self.veil.clause(question, condition, environment.types, values)
        if key is None:
            return None
        if (outcome := self.known.outcome(key)) is not None:
            return outcome
        if self.before is not None and self._all_the_same(question, condition, environment, values):
            return None
        return self._guess(key, lambda: self._reading(question, condition))

    def _all_the_same(
        self, question: Question, condition: Condition, environment: Environment, values: Mapping[str, Any]
    ) -> bool:
        """Whether words with placeholders will do for a clause: it was asked about them before, or comes to the same
        however long the values were. Kinds of findings are those of the placeholders.
        """
        assert self.before is not None
        if self.before.asked(condition.source):
            return True
        if not condition.values <= {*environment.types} - _VALUES:
            return False
        lengths = self.veil.lengths(question, values.get(_LENGTH))
        came = {condition.outcome(environment.activation({**values, _LENGTH: one})) for one in lengths}
        return len(came) == 1

    def found(
        self, question: Question, findings: tuple[Finding, ...], kinds: Collection[str]
    ) -> tuple[Finding, ...] | None:
        if not self.veil.over(question):
            return None
        seen = {finding.detector for finding in findings}
        then = self.known.found(self.veil.kinds(question))
        for kind in sorted({*kinds, *seen}):
            if not self._is_there(question, kind, seen, kinds, then):
                findings = tuple(one for one in findings if one.detector != kind)
            elif kind not in seen:
                findings += (Finding(detector=kind, path="", start=0, end=0),)
        return findings

    def _is_there(
        self, question: Question, kind: str, seen: Collection[str], kinds: Collection[str], then: FoundThen | None
    ) -> bool:
        """Whether something of this kind was found; of the workspace's own kinds only by the detector of today."""
        there, own = then or (None, {})
        if there is not None and self.veil.own.get(kind) == own.get(kind):
            return kind in there
        if kind not in self.veil.own or kind not in kinds:
            return kind in seen
        if self.before is not None and (kind not in seen or self.before.looked(kind, self.veil.own[kind])):
            return kind in seen  # of words only what stands for this very kind
        return self._guess(f"found {kind}", lambda: self._looking(question, kind))

    def outside(self, question: Question, check: Sequence[Json]) -> bool | str | None:
        key = self.veil.bound(question, check)
        if key is None:
            return None
        outcome = self.known.outcome(key)
        if outcome is None:
            what = "hosts" if check[0] == "hosts" else f"sum of {check[1]}"
            return self._guess(key, lambda: f"the envelope's {what}, which changed since")
        return self.known.why(key) or outcome is not False

    def _guess(self, key: str, what: Any) -> bool:
        if key not in self.guessed:
            place = len(self.guessed)
            self.guessed[key] = self.guesses[place] if place < len(self.guesses) else True
            self.unknown[key] = what()
        return self.guessed[key]

    def _reading(self, question: Question, condition: Condition) -> str:
        about = clauses_about(question, self.policy.rules, self.policy.asides)
        owner = next((owner for owner, _, one in about if one is condition), "a rule")
        return f'{owner} asks "{condition.source}", which was not asked then'

    def _looking(self, question: Question, kind: str) -> str:
        owner = next(
            (one.rule.id for one in self.policy.rules if kind in one.kinds and question.hook in one.rule.hook), ""
        )
        return f"rule {owner} looks for {kind}, whose detector is not the one of then"


def _undecided(question: Question, veil: Veil, unknown: Sequence[str]) -> Undecided:
    masks = _and(sorted(veil.placeholders & masks_in([question.subject, question.payload])) or ["placeholders"])
    more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
    what = f"{_about(question)}: the tape keeps only {masks}, and {unknown[0]}{more}"
    return Undecided(inert_line(what, 380), difference=AGAIN)


def _about(question: Question) -> str:
    # Words are looked at before the turn that they begin.
    turn = question.session.turn + (question.hook == "input")
    return f"turn {turn}, {question.subject if question.hook == _CALL else question.hook}"


def _and(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
